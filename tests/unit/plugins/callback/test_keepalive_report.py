# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which results are taken, and that a report that cannot be written does not end a run."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.longlived.tcp.plugins.callback.keepalive_report import CallbackModule

VALUES = {"time": 45, "intvl": 45, "probes": 9}
BOOT = {name: {"value": value, "file": "/etc/x.conf", "line": 1} for name, value in VALUES.items()}
RIGHT = {"after": {"runtime": VALUES, "boot": BOOT}, "problems": []}


class Console:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []

    def display(self, line: str) -> None:
        self.lines.append(line)

    def warning(self, line: str) -> None:
        self.warnings.append(line)


@pytest.fixture
def callback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = CallbackModule()
    made._display = Console()
    options = {"path": str(tmp_path / "report"), "formats": ["html", "jsonl"]}
    monkeypatch.setattr(made, "get_option", options.get)
    return made


def result(found: dict[str, Any], action: str = "longlived.tcp.keepalive_verify", *, no_log: bool = False) -> Any:
    groups = [SimpleNamespace(name=name) for name in ("all", "web")]
    host = SimpleNamespace(get_name=lambda: "web1", get_groups=lambda: groups)
    return SimpleNamespace(_task=SimpleNamespace(action=action, resolved_action=action, no_log=no_log), _host=host, _result=found)


def lines(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tmp_path / "report.jsonl").read_text().splitlines()]


def test_results_of_the_collection_are_taken(callback: Any, tmp_path: Path) -> None:
    callback.v2_runner_on_ok(result(RIGHT))
    callback.v2_runner_on_ok(result({"ping": "pong"}, "ansible.builtin.ping"))
    callback.v2_runner_on_failed(result({"msg": "No such user."}, "longlived.tcp.keepalive"))
    callback.v2_runner_on_failed(result({"msg": "No."}, "ansible.builtin.command"))
    callback.v2_runner_on_unreachable(result({"msg": "timed out"}, "ansible.builtin.ping"))
    assert [(row["task"], row["verdict"], row["groups"]) for row in lines(tmp_path)] == [
        ("keepalive_verify", "right", ["web"]),
        ("keepalive", "failed", ["web"]),
        ("ping", "unreachable", ["web"]),
    ]
    callback.v2_playbook_on_stats(None)
    assert callback._display.lines == [f"0 right, 1 unreachable: {tmp_path}/report.html"]


def test_what_is_under_no_log_is_counted_only(callback: Any, tmp_path: Path) -> None:
    callback.v2_runner_on_ok(result({**RIGHT, "summary": "secret"}, no_log=True))
    (row,) = lines(tmp_path)
    assert row["verdict"] == "hidden" and "secret" not in str(row)


def test_a_run_without_a_task_of_the_collection_makes_no_file(callback: Any, tmp_path: Path) -> None:
    callback.v2_runner_on_ok(result({}, "ansible.builtin.ping"))
    callback.v2_playbook_on_stats(None)
    assert list(tmp_path.iterdir()) == [] and callback._display.lines == []


def test_where_it_cannot_be_written_the_run_goes_on_with_one_warning(callback: Any, tmp_path: Path) -> None:
    (tmp_path / "report.jsonl").mkdir()
    for _host in range(2):
        callback.v2_runner_on_ok(result(RIGHT))
    callback.v2_playbook_on_stats(None)
    (warning,) = callback._display.warnings
    assert warning.startswith("There is no report of this run: Cannot write ")
    assert callback._display.lines == []
