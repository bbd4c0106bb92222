# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a host, from what the modules return."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.longlived.tcp.plugins.plugin_utils._verification import problems, summary

DROP_IN = "/etc/sysctl.d/99-tcp-keepalive.conf"
WANTED = {"time": 45, "intvl": 45, "probes": 9}


def boot(value: int, file: str | None = DROP_IN, line: int = 3, read_as: str | None = None) -> dict[str, Any]:
    return {"value": value, "file": file, "line": line, "read_as": read_as or file}


def info(runtime: dict[str, int] | None = None, **boots: dict[str, Any]) -> dict[str, Any]:
    return {"runtime": {**WANTED, **(runtime or {})}, "boot": {**{name: boot(WANTED[name]) for name in WANTED}, **boots}, "boot_id": "a"}


WRONG = [
    (
        info({"time": 7200}),
        ["net.ipv4.tcp_keepalive_time is 7200 in the running kernel (/proc/sys/net/ipv4/tcp_keepalive_time), expected 45"],
    ),
    (
        info(time=boot(7200, None)),
        ["net.ipv4.tcp_keepalive_time will be 7200 after the next boot, expected 45: no file that a boot reads sets it"],
    ),
    (
        info(probes=boot(3, "/opt/x", 7, "/etc/sysctl.d/99-z.conf")),
        ["tcp_keepalive_probes will be 3 after the next boot, expected 9: /opt/x line 7 (read as /etc/sysctl.d/99-z.conf) sets it"],
    ),
    (
        info({"intvl": 75, "probes": 8}, intvl=boot(75, "/etc/sysctl.conf", 1)),
        ["intvl is 75 in the running kernel", "intvl will be 75 after the next boot", "probes is 8 in the running kernel"],
    ),
]


def test_nothing_is_wrong() -> None:
    assert problems(info(), WANTED) == []


@pytest.mark.parametrize(("found", "sentences"), WRONG)
def test_a_sentence_for_each_wrong_thing(found: dict[str, Any], sentences: list[str]) -> None:
    said = problems(found, WANTED)
    assert len(said) == len(sentences)
    assert all(sentence in line for sentence, line in zip(sentences, said, strict=True))


def test_without_wanted_values_runtime_and_boot_have_to_agree() -> None:
    assert problems(info({"time": 7200}, time=boot(7200, None)), None) == []
    assert problems(info({"time": 7200}, time=boot(600)), None) == [
        "net.ipv4.tcp_keepalive_time is 7200 in the running kernel (/proc/sys/net/ipv4/tcp_keepalive_time), expected 600:"
        " run longlived.tcp.keepalive, which sets it."
    ]


def change(before: dict[str, int], after: dict[str, int]) -> dict[str, Any]:
    return {**info(), "runtime": {"before": before, "after": after}}


def test_summary() -> None:
    defaults = {"time": 7200, "intvl": 75, "probes": 9}
    assert summary(change(defaults, WANTED), None) == f"time/intvl/probes 7200/75/9 -> 45/45/9; next boot: {DROP_IN}"
    assert summary(change(WANTED, WANTED), info()) == f"time/intvl/probes 45/45/9, unchanged; next boot: {DROP_IN}"
    rebooted = summary(change(defaults, WANTED), {**info(), "boot_id": "b"})
    assert rebooted.endswith("; rebooted (boot id a -> b), and now runs 45/45/9")
