# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a report: as lines come, at the end, and where they cannot be written."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.longlived.tcp.plugins.plugin_utils._report import page
from ansible_collections.longlived.tcp.plugins.plugin_utils._report.report import Report, ReportError


def row(host: str, verdict: str = "right") -> dict[str, Any]:
    return {"schema": 1, "host": host, "groups": [], "verdict": verdict, "time": "2026-11-25T10:00:00+00:00"}


def test_a_line_is_there_as_soon_as_it_is_added(tmp_path: Path) -> None:
    report = Report(str(tmp_path / "deep" / "report"), ["html", "jsonl", "csv"])
    report.add(row("web1"))
    assert json.loads((tmp_path / "deep/report.jsonl").read_text())["host"] == "web1"
    assert not (tmp_path / "deep/report.html").exists()
    assert report.ended() == f"1 right: {tmp_path}/deep/report.html"
    # A second playbook of the same run.
    report.add(row("web2", "unreachable"))
    assert report.ended() == f"1 right, 1 unreachable: {tmp_path}/deep/report.html"
    assert {oct(path.stat().st_mode & 0o777) for path in (tmp_path / "deep").iterdir()} == {"0o600"}
    assert len((tmp_path / "deep/report.csv").read_text().splitlines()) == 3


def test_the_last_verdict_of_a_host_counts(tmp_path: Path) -> None:
    report = Report(str(tmp_path / "report"), ["html"])
    for verdict in ("drifted", "right", "next_boot"):
        report.add(row("web1", verdict))
    assert report.ended() == f"0 right, 1 wrong at the next boot: {tmp_path}/report.html"
    del report
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_thousands_can_be_read(tmp_path: Path) -> None:
    report = Report(str(tmp_path / "report"), ["csv"])
    for number in range(1234):
        report.add(row(f"web{number}"))
    assert report.ended() == f"1,234 right: {tmp_path}/report.csv"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("mine")
    for name in ("report.jsonl", "report.html", "report.html.new"):
        (tmp_path / name).symlink_to(tmp_path / "other")
    report = Report(str(tmp_path / "report"), ["html", "jsonl"])
    report.add(row("web1"))
    report.ended()
    assert (tmp_path / "other").read_text() == "mine"


def test_where_it_cannot_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match=r"Cannot write .*report.jsonl: (Not a directory|File exists); choose another path"):
        Report(str(tmp_path / "file" / "report"), ["html", "jsonl"])


def test_a_disk_that_fills_up_leaves_no_half_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = Report(str(tmp_path / "report"), ["html", "jsonl"])
    report.add(row("web1"))

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(page, "write", full)
    with pytest.raises(ReportError, match="report.html: No space left on device"):
        report.ended()
    assert os.listdir(tmp_path) == ["report.jsonl"]
