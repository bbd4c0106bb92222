# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a host, from what the modules return."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.longlived.tcp.plugins.filter.keepalive_problems import keepalive_problems
from ansible_collections.longlived.tcp.plugins.plugin_utils._verification import (
    aws_problems,
    file_problems,
    kernel_problems,
    live_problems,
    summary,
)

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
    assert kernel_problems(info(), WANTED) == []


@pytest.mark.parametrize(("found", "sentences"), WRONG)
def test_a_sentence_for_each_wrong_thing(found: dict[str, Any], sentences: list[str]) -> None:
    said = kernel_problems(found, WANTED)
    assert len(said) == len(sentences)
    assert all(sentence in line for sentence, line in zip(sentences, said, strict=True))


def test_without_wanted_values_runtime_and_boot_have_to_agree() -> None:
    assert kernel_problems(info({"time": 7200}, time=boot(7200, None)), None) == []
    assert kernel_problems(info({"time": 7200}, time=boot(600)), None) == [
        "net.ipv4.tcp_keepalive_time is 7200 in the running kernel (/proc/sys/net/ipv4/tcp_keepalive_time), expected 600:"
        " run longlived.tcp.keepalive, which sets it."
    ]


def test_which_file_gives_the_values() -> None:
    assert file_problems(info(), DROP_IN) == []
    assert file_problems(info(time=boot(45, "/opt/x", 7, DROP_IN)), DROP_IN) == []
    assert file_problems(info(time=boot(45, "/etc/sysctl.d/98-z.conf", 7), probes=boot(9, None)), DROP_IN) == [
        "net.ipv4.tcp_keepalive_time will come from /etc/sysctl.d/98-z.conf line 7 at the next boot, expected"
        f" {DROP_IN}: run longlived.tcp.keepalive, which sets it there.",
        f"net.ipv4.tcp_keepalive_probes will come from no file at the next boot, expected {DROP_IN}: run longlived.tcp.keepalive,"
        " which sets it there.",
    ]


def change(before: dict[str, int], after: dict[str, int]) -> dict[str, Any]:
    return {**info(), "runtime": {"before": before, "after": after}}


def test_summary() -> None:
    defaults = {"time": 7200, "intvl": 75, "probes": 9}
    assert summary(change(defaults, WANTED), None) == f"time/intvl/probes 7200/75/9 -> 45/45/9; next boot: {DROP_IN}"
    assert summary(change(WANTED, WANTED), info()) == f"time/intvl/probes 45/45/9, unchanged; next boot: {DROP_IN}"
    rebooted = summary(change(defaults, WANTED), {**info(), "boot_id": "b"})
    assert rebooted.endswith("; rebooted (boot id a -> b), and now runs 45/45/9")


def aws(effective: dict[str, Any], exists: bool = True) -> dict[str, Any]:
    return {"aws": [{"path": "/home/alice/.aws/config", "user": "alice", "exists": exists, "effective": {"default": effective}}]}


ON = {"tcp_keepalive": True}
AWS = [
    (aws({"tcp_keepalive": "true"}), ON, "present", []),
    (aws({"tcp_keepalive": "TRUE"}), ON, "present", []),
    (aws({"tcp_keepalive": None}), ON, "absent", []),
    (aws({"s3": {"max_concurrent_requests": "5", "other": "x"}}), {"s3": {"max_concurrent_requests": 5}}, "present", []),
    ({}, ON, "present", []),
    (
        aws({"tcp_keepalive": None}),
        ON,
        "present",
        ["resolves tcp_keepalive of profile default to nothing for alice (/home/alice/.aws/config), expected true"],
    ),
    (aws({"tcp_keepalive": "yes"}), ON, "present", ["to yes for alice"]),
    (aws({"tcp_keepalive": "true"}), ON, "absent", ["to true for alice (/home/alice/.aws/config), expected nothing"]),
    (aws({"s3": None}), {"s3": {"max_concurrent_requests": 5}}, "present", ["resolves s3 of profile default to nothing"]),
    (aws({"s3": "foo"}), {"s3": {"max_concurrent_requests": 5}}, "present", ["resolves s3 of profile default to foo"]),
]


@pytest.mark.parametrize(("found", "settings", "state", "sentences"), AWS)
def test_what_botocore_has_to_resolve(found: dict[str, Any], settings: dict[str, Any], state: str, sentences: list[str]) -> None:
    said = aws_problems(found, settings, state, may_lack=False)
    assert len(said) == len(sentences)
    assert all(sentence in line for sentence, line in zip(sentences, said, strict=True))


def test_what_cannot_be_asked_for_is_a_problem_and_no_exception() -> None:
    found = {**info(), **aws({"tcp_keepalive": "true"})}
    assert keepalive_problems(found) == []
    (said,) = keepalive_problems(found, aws_settings={"tcp_keepalive": " true "})
    assert "tcp_keepalive" in said
    assert len(keepalive_problems(found, sysctl_file="")) == 3


def test_a_user_without_the_file_may_be_accepted() -> None:
    lacking = aws({"tcp_keepalive": None}, exists=False)
    assert aws_problems(lacking, ON, "present", may_lack=True) == []
    assert aws_problems({"aws": []}, {}, "present", may_lack=True) == []  # nobody's file, nothing to say about it
    assert len(aws_problems(lacking, ON, "present", may_lack=False)) == 1


def test_other_boot_values_may_be_tolerated() -> None:
    assert kernel_problems(info(time=boot(100, "/etc/sysctl.d/99-z.conf")), WANTED, tolerate_boot=True) == []


def test_summary_of_a_host_that_was_only_looked_at() -> None:
    row = {"runtime": {"time": 7200, "intvl": 75, "probes": 9}, "lost_probes_survived": None, "pid": 7, "name": "x", "unit": None}
    looked = {**info(), "consistent": True, "namespaces": [row]}
    rest = f"; next boot: {DROP_IN}; not kept alive in 1 container: x (pid 7) with 7200/75/9"
    assert summary(looked) == summary(looked, looked) == f"time/intvl/probes 45/45/9{rest}"
    assert summary(looked, looked, unchanged=True) == f"time/intvl/probes 45/45/9, unchanged{rest}"


def process(name: str, stale: int, off: int, unit: str | None = None, runtime: int = 0, pinned: int = 0) -> dict[str, Any]:
    unprotected = off + runtime + pinned
    counts = {"established": 5, "protected": 5 - stale - unprotected, "stale": stale, "unprotected": unprotected, "unknown": 0}
    reasons = {"off": off, "runtime": runtime, "pinned": pinned}
    return {"pid": 7, "name": name, "user": "app", "unit": unit, "reasons": reasons, **counts}


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            process("worker", 2, 0, "worker.service"),
            "worker (pid 7, worker.service) has 2 stale of 5 connections: set keepalive_live_sockets=rearm and"
            " keepalive_live_processes=worker, or restart it.",
        ),
        (
            process("worker", 2, 1),
            "worker (pid 7) has 2 stale and 1 unprotected of 5 connections: set keepalive_live_sockets=enable and"
            " keepalive_live_processes=worker, or restart it, if it asks for keepalive then.",
        ),
        (
            process("worker", 0, 3),
            "worker (pid 7) has 3 unprotected of 5 connections: set keepalive_live_sockets=enable and"
            " keepalive_live_processes=worker, or restart it, if it asks for keepalive then.",
        ),
        # To enable or to restart would change nothing.
        (
            process("worker", 0, 0, runtime=3),
            "worker (pid 7) has 3 unprotected of 5 connections: set shorter values in its network namespace, where the kernel's are"
            " too long for 3 of them (docs/containers.md).",
        ),
        (
            process("worker", 0, 0, pinned=1),
            "worker (pid 7) has 1 unprotected of 5 connections: configure the program, which has set times of its own that are too"
            " long for 1 of them, or replace these with keepalive_live_sockets=enable and keepalive_live_processes=worker.",
        ),
        (
            process("worker", 1, 0, runtime=2, pinned=1),
            "worker (pid 7) has 1 stale and 3 unprotected of 5 connections: set keepalive_live_sockets=rearm and"
            " keepalive_live_processes=worker, or restart it; set shorter values in its network namespace, where the kernel's are"
            " too long for 2 of them (docs/containers.md); configure the program, which has set times of its own that are too"
            " long for 1 of them, or replace these with keepalive_live_sockets=enable and keepalive_live_processes=worker.",
        ),
        # As it can be typed, and never as a glob for others than those of its shape.
        *(
            (
                process(name, 1, 0),
                f"{name} (pid 7) has 1 stale of 5 connections: set keepalive_live_sockets=rearm and"
                f" keepalive_live_processes={typed}, or restart it.",
            )
            for name, typed in (("tmux: server", "tmux:?server"), ("*", "?"), ("[a]", "?a?"), ("a,b'", "a?b?"), ("x-1.2_y+z", "x-1.2_y+z"))
        ),
        (process("worker", 0, 0), None),
        ({**process("worker", 0, 0), "unknown": 5, "protected": 0}, None),
    ],
)
def test_a_sentence_for_each_process_with_connections_in_danger(row: dict[str, Any], sentence: str | None) -> None:
    assert live_problems({"processes": [process("fine", 0, 0), row]}) == ([sentence] if sentence else [])
    assert live_problems({}) == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, ""),
        ({"sockets": None}, ""),
        ({"sockets": process("", 2, 1)}, "; of 5 connections 2 stale and 1 unprotected"),
        ({"sockets": {**process("", 0, 1), "unknown": 3}}, "; of 5 connections 1 unprotected and 3 unknown"),
        ({"sockets": {**process("", 0, 0), "established": 1}, "processes": [{}]}, "; of 1 connection none in danger"),
        ({"processes": []}, "; the named processes have no connection"),
    ],
)
def test_summary_of_live_connections(found: dict[str, Any], said: str) -> None:
    assert summary({**info(), "consistent": True, **found}) == f"time/intvl/probes 45/45/9; next boot: {DROP_IN}{said}"
    assert summary(change(WANTED, WANTED), {**info(), **found}).endswith(f"; next boot: {DROP_IN}{said}")
