# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page in a real browser: what a person clicks, and what an enemy writes."""

from __future__ import annotations

import csv
import json
import resource
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.longlived.tcp.plugins.plugin_utils._report.line import line
from ansible_collections.longlived.tcp.plugins.plugin_utils._report.report import Report
from selenium import webdriver

from .browser import Page
from .fleet import results

NOW, LATER = "2026-11-25T10:00:00+00:00", "2026-11-26T10:00:00+00:00"
VERIFY = "longlived.tcp.keepalive_verify"
EVIL = [
    "<img src=x onerror=document.title='bad'>",
    "</script><script>document.title='bad'</script>",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1",
    "@SUM(1)",
    "a\nb",
    "\u202egnp.exe",
    "{{ data }}",
    '"><svg onload=alert(1)>',
]


Result = tuple[str, list[str], str, dict[str, Any]]


def made(path: Path, hosts: Iterable[Result], run: str = "one", at: str = NOW) -> tuple[Path, str]:
    """The page of these results, and the line that the console gets."""
    report = Report(str(path), ["html", "jsonl", "csv"])
    for host, groups, status, result in hosts:
        report.add(line(host, groups, run, at, VERIFY, result, status))
    said = report.ended()
    return path.with_name(f"{path.name}.html"), said


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, chromium: webdriver.Chrome) -> Page:
    path, _said = made(tmp_path_factory.mktemp("fleet") / "report", results(1000))
    return Page(chromium, path)


@pytest.fixture(autouse=True)
def _as_opened(request: pytest.FixtureRequest) -> None:
    if "fleet" in request.fixturenames:
        page: Page = request.getfixturevalue("fleet")
        page.driver.refresh()
        page.driver.get(page.driver.current_url.partition("#")[0] + "#")
        page.driver.refresh()
        page.until(lambda: page.driver.execute_script("return document.body.dataset.ready"))


COUNTS = {"right": 964, "drifted": 20, "next_boot": 15, "failed": 0, "unreachable": 1}


def test_tiles_count_and_filter(fleet: Page) -> None:
    tiles = fleet.tiles()
    assert {name: tiles[name] for name in COUNTS} == COUNTS
    for name, number in tiles.items():
        fleet.click(f"[data-tile={name}]")
        assert fleet.find("#count").text == f"{number} of 1000 hosts"
        assert len(fleet.rows()) == min(number, 200)
        fleet.click(f"[data-tile={name}]")
    assert fleet.find("#count").text == "1000 of 1000 hosts"


def test_text_filters_and_the_address_keeps_it(fleet: Page) -> None:
    fleet.click("[data-tile=drifted]")
    fleet.type("app_7")
    assert fleet.hosts() and all("app_7" in row[1] and row[2] == "drifted now" for row in fleet.rows())
    shown, address = fleet.rows(), fleet.driver.current_url
    fleet.driver.get("about:blank")
    fleet.driver.get(address)
    fleet.until(lambda: fleet.rows() == shown)
    assert fleet.find("#query").get_attribute("value") == "app_7"


def test_columns_sort(fleet: Page) -> None:
    first = fleet.hosts()[0]
    fleet.click("thead th:nth-child(1) button")
    assert fleet.find("thead th:nth-child(1)").get_attribute("aria-sort") == "descending"
    assert fleet.hosts()[0] != first
    fleet.click("thead th:nth-child(3) button")
    assert fleet.rows()[0][2] == "right"
    fleet.click("thead th:nth-child(3) button")
    assert fleet.rows()[0][2] == "unreachable"


def test_a_row_opens_to_all_that_is_known(fleet: Page) -> None:
    fleet.click("[data-tile=drifted]")
    fleet.click("tbody button")
    opened = fleet.find("tr.opened").text
    for title in ("Problems", "Lines that set a key", "Programs", "Services with stale connections", "AWS users"):
        assert title in opened
    assert "is " in opened and "in the running kernel" in opened
    fleet.click("tbody button")
    assert not fleet.all("tr.opened")


def test_more_is_shown_on_request(fleet: Page) -> None:
    assert len(fleet.rows()) == 200
    fleet.click("#more")
    assert len(fleet.rows()) == 400


def test_tabs(fleet: Page) -> None:
    fleet.click("[data-tab=programs]")
    programs = {row[0]: row for row in fleet.rows()}
    assert "java" in programs and "keepalive_new_sockets=connect" in programs["java"][4]
    assert int(programs["java"][1]) <= 1000 and int(programs["java"][2]) > 0
    fleet.click("[data-tab=files]")
    files = {row[0]: row[1:] for row in fleet.rows()}
    assert files["/etc/sysctl.d/99-tcp-keepalive.conf"][0] == "999"
    assert sum(int(row[0]) for name, row in files.items() if "zz-team" in name) == COUNTS["next_boot"]
    fleet.click("[data-tab=messages]")
    assert ["net.ipv4.tcp_keepalive_time will be 600 after the next boot.", str(COUNTS["next_boot"])] in fleet.rows()


def test_the_limit_has_the_filtered_hosts(fleet: Page) -> None:
    fleet.click("[data-tile=next_boot]")
    fleet.click("#limit")
    text = str(fleet.find("#copied textarea").get_attribute("value"))
    assert text.splitlines() == fleet.hosts() and len(text.splitlines()) == COUNTS["next_boot"]
    fleet.click("#copied button")


def test_the_csv_is_what_is_shown(fleet: Page, downloads: Path) -> None:
    fleet.click("[data-tile=drifted]")
    file = downloads / "downloads" / "keepalive-report.csv"
    fleet.click("#csv")
    fleet.until(lambda: file.exists() and file.stat().st_size > 0)
    with file.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    file.unlink()
    assert [row[0] for row in rows[1:]] == fleet.hosts()


def test_keys_are_enough(fleet: Page) -> None:
    fleet.driver.execute_script("document.querySelector('[data-tab=hosts]').focus()")
    fleet.driver.switch_to.active_element.send_keys("\ue014", "\ue007")  # right, enter
    assert fleet.find("[data-tab=programs]").get_attribute("aria-selected") == "true"


def test_slices_of_one_run_are_merged_and_two_runs_compared(tmp_path: Path, chromium: webdriver.Chrome) -> None:
    hosts = list(results(100))
    first, _said = made(tmp_path / "first", hosts[:60])
    made(tmp_path / "second", hosts[60:])
    page = Page(chromium, first)
    assert page.add(tmp_path / "second.jsonl") == "second.jsonl is a slice of the same run: 40 hosts were added."
    assert page.find("#count").text == "100 of 100 hosts"

    # A day later two drifted hosts are right, one right host is drifted, one is new.
    better = [
        (host, groups, "ok", {**result, "problems": []}) if result.get("problems") else (host, groups, status, result)
        for host, groups, status, result in hosts
    ]
    worse = {"part": "sysctl", "when": "now", "message": "It is 60."}
    host, groups, _status, result = better[0]
    better[0] = (host, groups, "failed", {**result, "problems": [worse]})
    made(tmp_path / "later", [*better, ("new-host", [], "ok", result)], run="two", at=LATER)
    changed = sum(bool(result.get("problems")) for _host, _groups, _status, result in hosts)
    assert page.add(tmp_path / "later.jsonl") == f"later.jsonl is another run: {changed} hosts are better now, 1 worse, 1 new, 0 gone."
    page.click("[data-tab=compared]")
    how = [row[3] for row in page.rows()]
    assert (how.count("better"), how.count("worse"), how.count("new")) == (changed, 1, 1)


def test_a_foreign_file_is_named_and_changes_nothing(tmp_path: Path, chromium: webdriver.Chrome) -> None:
    path, _said = made(tmp_path / "report", results(10))
    page = Page(chromium, path)
    foreign = tmp_path / "foreign.jsonl"
    foreign.write_text('{"schema": 1, "host": {"toString": 1}}\n')
    assert page.add(foreign).startswith("foreign.jsonl is no report of keepalive_report")
    assert page.find("#count").text == "10 of 10 hosts"


def test_what_an_enemy_writes_is_text(tmp_path: Path, chromium: webdriver.Chrome, downloads: Path) -> None:
    (_host, _groups, _status, good), *_rest = results(1)
    evil = []
    for number, text in enumerate(EVIL):
        after = json.loads(json.dumps(good["after"]))
        after["processes"][0].update(name=text, unit=text)
        after["aws"][0]["user"] = after["namespaces"][0]["unit"] = text
        after["boot"]["time"]["file"] = text
        problem = {"part": "sysctl", "when": "now", "message": text}
        evil.append((f"{text}{number}", [text], "failed", {"after": after, "problems": [problem], "summary": text}))
    evil.append(("</script>", ["x"], "unreachable", {"msg": EVIL[1]}))
    path, _said = made(tmp_path / "report", evil)
    page = Page(chromium, path)
    for button in page.all("tbody button"):
        button.click()
    for tab in ("programs", "files", "messages"):
        page.click(f"[data-tab={tab}]")
    assert page.driver.title == "TCP keepalive on the fleet"
    assert not page.all("#view img, #view svg[onload]") and page.complaints() == []
    page.click("[data-tab=hosts]")
    page.click("#limit")
    assert "a" not in str(page.find("#copied textarea").get_attribute("value")).split("\n"), "a name with a line end would be two hosts"
    page.click("#copied button")
    page.click("#csv")
    file = downloads / "downloads" / "keepalive-report.csv"
    page.until(lambda: file.exists() and file.stat().st_size > 0)
    for name in (file, tmp_path / "report.csv"):
        with name.open(newline="", encoding="utf-8") as stream:
            cells = [cell for row in csv.reader(stream) for cell in row]
        assert not [cell for cell in cells if cell[:1] in ("=", "+", "@") or (cell[:1] == "-" and not cell[1:].isdigit())]
    file.unlink()


def test_nothing_but_the_page_itself_is_allowed(fleet: Page) -> None:
    policy = str(fleet.find("meta[http-equiv]").get_attribute("content"))
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    added = "const one = document.createElement('script'); one.textContent = 'document.title = 1'; document.body.append(one)"
    fleet.driver.execute_script(added)
    assert fleet.driver.title == "TCP keepalive on the fleet"


def test_ten_thousand_hosts(tmp_path: Path, chromium: webdriver.Chrome) -> None:
    hosts, path = list(results(10_000)), tmp_path / "report"
    report, used, begun = Report(str(path), ["html", "jsonl"]), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    for host, groups, status, result in hosts:
        report.add(line(host, groups, "one", NOW, VERIFY, result, status))
    streamed = (time.process_time() - begun) / len(hosts)
    said = report.ended()
    assert said == f"9,646 right, 200 drifted, 143 wrong at the next boot, 11 unreachable: {path}.html"
    assert path.with_name("report.html").stat().st_size <= 8_000_000
    assert streamed <= 0.002, "seconds a host"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used <= 20_000, "KB"
    page = Page(chromium, path.with_name("report.html"))
    assert page.measures("first-paint")[0] < 1000
    for text in ("app_7", "zz-team", "10-0-3"):
        page.type(text)
    for tile in COUNTS:
        page.click(f"[data-tile={tile}]")
    assert sorted(page.measures("filter")[1:])[-3] < 100
