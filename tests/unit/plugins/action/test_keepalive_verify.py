# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the task keepalive_verify makes of a look; what all tasks share is in plugin_utils/test_host_task.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.longlived.tcp.plugins.action.keepalive_verify import ActionModule
from ansible_collections.longlived.tcp.plugins.module_utils._host_options import KEEPALIVE, VERIFY
from ansible_collections.longlived.tcp.plugins.plugin_utils._variables import Asked

VALUES = {"time": 45, "intvl": 45, "probes": 9}
BOOT = {name: {"value": value, "file": "/etc/x.conf", "line": 1, "read_as": "/etc/x.conf"} for name, value in VALUES.items()}
RIGHT = {"runtime": VALUES, "boot": BOOT, "boot_id": "a"}
UNTOUCHED = {**RIGHT, "runtime": {**VALUES, "time": 7200}}
ALICE = {"user": "alice", "path": "/home/alice/.aws/config", "exists": True, "effective": {"default": {"tcp_keepalive": "true"}}}
WITHOUT = {**ALICE, "effective": {"default": {"tcp_keepalive": None}}}


def judged(after: dict[str, Any], earlier: dict[str, Any] | None = None, *, check_mode: bool = False, **given: Any) -> dict[str, Any]:
    made = ActionModule.__new__(ActionModule)
    made._task = SimpleNamespace(check_mode=check_mode)
    asked = Asked(VERIFY, ["keepalive_verify_", "keepalive_"]).options(given, {})
    found: dict[str, Any] = made.judged({"changed": False, "after": after}, asked, earlier or {})
    return found


def foreseen(after: dict[str, Any], *, checked: bool = True, **given: Any) -> dict[str, Any]:
    """What keepalive has returned of this host, which it would change."""
    return {"changed": True, "checked": checked, "after": after, "asked": Asked(KEEPALIVE, ["keepalive_"]).options(given, {})}


def test_a_host_as_asked_for_and_one_that_is_not() -> None:
    assert judged(RIGHT)["ok"]
    result = judged(UNTOUCHED)
    assert not result["ok"] and [row["part"] for row in result["problems"]] == ["sysctl"]
    assert result["summary"] == "time/intvl/probes 7200/45/9; next boot 45/45/9: /etc/x.conf"


def test_a_check_run_verifies_what_would_be() -> None:
    result = judged(UNTOUCHED, foreseen(RIGHT), check_mode=True)
    assert result["ok"] and result["summary"].startswith("would be: ")


def test_a_real_run_verifies_what_is() -> None:
    assert not judged(UNTOUCHED, foreseen(RIGHT))["ok"]


def test_only_a_check_run_of_keepalive_foresees() -> None:
    """`check_mode: true` on the verifying task alone."""
    assert not judged(UNTOUCHED, foreseen(RIGHT, checked=False), check_mode=True)["ok"]


@pytest.mark.parametrize(
    ("users", "settings", "foreseen_row", "found_row", "ok"),
    [
        ("alice", "tcp_keepalive=true", ALICE, WITHOUT, True),
        # What keepalive was not asked about is as it is.
        ("bob", "tcp_keepalive=true", ALICE, {**WITHOUT, "user": "bob"}, False),
        ("alice", "max_attempts=1", ALICE, {**ALICE, "effective": {"default": {"max_attempts": None}}}, False),
    ],
)
def test_a_foreseen_file_counts_for_what_was_asked_of_it(
    users: str, settings: str, foreseen_row: dict[str, Any], found_row: dict[str, Any], ok: bool
) -> None:
    earlier = foreseen({**RIGHT, "aws": [foreseen_row]}, aws_users="alice")
    result = judged({**UNTOUCHED, "aws": [found_row]}, earlier, check_mode=True, aws_users=users, aws_settings=settings)
    assert result["ok"] is ok


NEW = {"attached": [{"hook": "connect4"}], "pending": [], "unproved": [], "sets_times": True}


@pytest.mark.parametrize(
    ("given", "ok"),
    [
        ({"new_sockets": "connect"}, True),
        # What keepalive was not asked for is as it is.
        ({"new_sockets": "connect_and_accept"}, False),
        ({"new_sockets": "connect", "new_sockets_loopback": True}, False),
        ({"new_sockets": "connect", "path": "240"}, False),
    ],
)
def test_programs_that_would_be_attached_count_for_what_was_asked_of_them(given: dict[str, Any], ok: bool) -> None:
    earlier = foreseen({**RIGHT, "new_connections": NEW}, new_sockets="connect")
    found = {**NEW, "attached": [], "pending": ["attach connect4"]}
    result = judged({**UNTOUCHED, "new_connections": found}, earlier, check_mode=True, **given)
    assert ("new_sockets" not in [row["part"] for row in result["problems"]]) is ok


def test_a_reboot_in_between_is_said() -> None:
    result = judged({**RIGHT, "boot_id": "b"}, foreseen(RIGHT, checked=False))
    assert result["ok"] and result["summary"].startswith("rebooted; time/intvl/probes 45/45/9")
