# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a result gets into a line, and what a host's verdict is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.longlived.tcp.plugins.plugin_utils._report.line import MOST, SCHEMA, line

VERIFY = "longlived.tcp.keepalive_verify"
VALUES = {"time": 45, "intvl": 45, "probes": 9}
BOOT = {name: {"value": value, "file": "/etc/x.conf", "line": 1, "by": None} for name, value in VALUES.items()}
STATE: dict[str, Any] = {"runtime": VALUES, "boot": BOOT, "assignments": [], "consistent": True, "lost_probes_survived": 5}
NOW = {"part": "sysctl", "when": "now", "message": "It is 60."}
NEXT = {**NOW, "when": "next_boot"}


def of(result: dict[str, Any], status: str = "ok", task: str = VERIFY) -> dict[str, Any]:
    return line("web1", ["web"], "run", "2026-11-25T10:00:00+00:00", task, result, status)


@pytest.mark.parametrize(
    ("result", "status", "verdict"),
    [
        ({"after": STATE, "problems": []}, "ok", "right"),
        ({"after": STATE, "problems": [NEXT]}, "failed", "next_boot"),
        ({"after": STATE, "problems": [NEXT, NOW]}, "failed", "drifted"),
        # Where a failure keeps what no console prints.
        ({"invocation": {"after": STATE}, "problems": [NOW]}, "failed", "drifted"),
        ({"msg": "There is no user named x."}, "failed", "failed"),
        ({"msg": "timed out"}, "unreachable", "unreachable"),
        ({"censored": "hidden", "after": STATE, "problems": []}, "ok", "hidden"),
        # keepalive_info compares with nothing.
        (STATE, "ok", "right"),
        ({**STATE, "consistent": False}, "ok", "next_boot"),
        ({**STATE, "lost_probes_survived": None}, "ok", "drifted"),
    ],
)
def test_a_verdict(result: dict[str, Any], status: str, verdict: str) -> None:
    found = of(result, status)
    assert (found["verdict"], found["schema"], found["host"], found["groups"]) == (verdict, SCHEMA, "web1", ["web"])


def test_what_is_hidden_is_nowhere() -> None:
    assert "secret" not in json.dumps(of({"censored": True, "after": STATE, "msg": "secret"}))


def test_only_named_fields_are_taken() -> None:
    process = {"name": "java", "unit": None, "pid": 7, "cmdline": "java -Dpassword=secret", "protected": 1}
    aws = {
        "user": "alice",
        "path": "/x",
        "exists": True,
        "effective": {"default": {"tcp_keepalive": "true", "aws_session_token": "secret"}},
    }
    found = of({"after": {**STATE, "processes": [process], "aws": [aws], "secret": "secret"}, "problems": [], "asked": {"x": "secret"}})
    assert "secret" not in json.dumps(found)
    assert found["processes"] == [["java", None, 7, [1, 0, 0, 0], {}]]
    assert found["aws"] == [["alice", "/x", True, True]]


def test_what_is_cut_is_counted() -> None:
    rows = [{"key": "net.ipv4.tcp_keepalive_time", "value": one, "file": "/x", "line": one} for one in range(MOST + 3)]
    found = of({"after": {**STATE, "assignments": rows}, "problems": []})
    assert (len(found["assignments"]), found["cut"]) == (MOST, {"assignments": 3})
    assert found["assignments"][0] == ["time", 0, "/x", 0, None]
