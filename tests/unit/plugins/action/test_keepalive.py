# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the task keepalive makes of what its module returns; what all tasks share is in plugin_utils/test_host_task.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.longlived.tcp.plugins.action.keepalive import ActionModule
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._host_options import KEEPALIVE
from ansible_collections.longlived.tcp.plugins.plugin_utils._variables import Asked

VALUES = {"time": 45, "intvl": 45, "probes": 9}
BOOT = {name: {"value": value, "file": "/etc/x.conf", "line": 1, "read_as": "/etc/x.conf"} for name, value in VALUES.items()}
RIGHT = {"runtime": VALUES, "boot": BOOT, "boot_id": "a"}
UNTOUCHED = {**RIGHT, "runtime": {**VALUES, "time": 7200}}


def options(**given: Any) -> dict[str, Any]:
    return Asked(KEEPALIVE, ["keepalive_"]).options(given, {})


def task(check_mode: bool = False, transport: str = "ssh") -> Any:
    made = ActionModule.__new__(ActionModule)
    made._task = SimpleNamespace(check_mode=check_mode)
    made._connection = SimpleNamespace(transport=transport)
    return made


def judged(before: dict[str, Any], after: dict[str, Any], *, check_mode: bool = False, **given: Any) -> dict[str, Any]:
    problems = given.pop("problems", [])
    result = {"changed": before != after, "before": before, "after": after, "parts": [], "problems": problems}
    found: dict[str, Any] = task(check_mode).judged(result, options(**given), {})
    return found


def test_a_run_says_what_it_was_and_is() -> None:
    result = judged(UNTOUCHED, RIGHT)
    assert (result["ok"], result["problems"], result["checked"]) == (True, [], False)
    assert result["summary"] == "time/intvl/probes 7200/45/9 -> 45/45/9; next boot: /etc/x.conf"


def test_a_check_run_says_what_would_be() -> None:
    result = judged(UNTOUCHED, RIGHT, check_mode=True)
    assert result["checked"] and result["summary"].startswith("would be: time/intvl/probes 7200/45/9 -> 45/45/9")


def test_of_a_user_who_is_hindered_the_hindrance_is_the_problem() -> None:
    aws = [
        {"user": name, "path": f"/home/{name}/.aws/config", "exists": False, "effective": {"default": {"tcp_keepalive": None}}}
        for name in ("alice", "bob")
    ]
    hindered = {"part": "aws", "message": "/home/alice does not exist.", "user": "alice"}
    first, second = judged(RIGHT, {**RIGHT, "aws": aws}, problems=[hindered])["problems"]
    assert first == hindered
    assert second["message"].startswith("botocore resolves tcp_keepalive of profile default to nothing for bob")


@pytest.mark.parametrize(
    ("asked", "before", "reboots"),
    [("never", UNTOUCHED, False), ("if_changed", UNTOUCHED, True), ("if_changed", RIGHT, False), ("always", RIGHT, True)],
)
def test_a_reboot_that_was_asked_for(asked: str, before: dict[str, Any], reboots: bool) -> None:
    assert judged(before, RIGHT, reboot=asked)["reboot"] is reboots


def test_a_local_connection_is_not_rebooted_through() -> None:
    with pytest.raises(UserError) as refused:
        task(transport="local").checked(options(reboot="always"))
    assert str(refused.value) == "A local connection cannot be rebooted through: set keepalive_reboot to never, and reboot by hand."
    assert task(transport="local").checked(options())["reboot"] == "never"


def test_the_units_to_restart_are_handed_on() -> None:
    assert judged(RIGHT, {**RIGHT, "restart": ["worker.service"]})["restart"] == ["worker.service"]
