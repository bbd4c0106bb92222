# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a host, from what the modules return, as tables."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._host_options import KEEPALIVE
from ansible_collections.longlived.tcp.plugins.plugin_utils._variables import Asked
from ansible_collections.longlived.tcp.plugins.plugin_utils._verification import (
    aws_problems,
    boot_problems,
    live_problems,
    new_sockets_problems,
    problems,
    runtime_problems,
    summary,
)

DROP_IN = "/etc/sysctl.d/99-tcp-keepalive.conf"
WANTED = {"time": 45, "intvl": 45, "probes": 9}
UNTOUCHED = {"time": 7200, "intvl": 75, "probes": 9}


def asked(**options: Any) -> dict[str, Any]:
    return Asked(KEEPALIVE, ["keepalive_"]).options(options, {})


def boot(value: int, file: str | None = DROP_IN, line: int = 3, read_as: str | None = None) -> dict[str, Any]:
    return {"value": value, "file": file, "line": line, "read_as": read_as or file}


def info(runtime: dict[str, int] | None = None, **boots: dict[str, Any]) -> dict[str, Any]:
    return {"runtime": {**WANTED, **(runtime or {})}, "boot": {**{name: boot(WANTED[name]) for name in WANTED}, **boots}}


IN_THE_KERNEL = "in the running kernel (/proc/sys/net/ipv4/tcp_keepalive_"
RUN = "run longlived.tcp.keepalive"
TIME_WILL_BE = "net.ipv4.tcp_keepalive_time will be {} after the next boot, expected 45: "

OTHER = [
    "net.ipv4.tcp_keepalive_probes will be 3 after the next boot, expected 9: /opt/x line 7 (read as /etc/sysctl.d/99-z.conf) sets it;"
    " remove or change that line."
]

# The host, what was asked for, and the sentences for who looks only, and for who has acted in this run.
KERNEL = [
    (info(), {}, [], []),
    (
        info({"time": 7200}),
        {},
        [f"net.ipv4.tcp_keepalive_time is 7200 {IN_THE_KERNEL}time), expected 45: {RUN}."],
        [f"net.ipv4.tcp_keepalive_time is 7200 {IN_THE_KERNEL}time), expected 45: another program has set it since."],
    ),
    (
        info(time=boot(7200, None)),
        {},
        [f"{TIME_WILL_BE.format(7200)}no file that a boot reads sets it; {RUN}."],
        [f"{TIME_WILL_BE.format(7200)}no file that a boot reads sets it."],
    ),
    # Another file wins: to run the role, which refuses just that, is no remedy.
    (info(probes=boot(3, "/opt/x", 7, "/etc/sysctl.d/99-z.conf")), {}, OTHER, OTHER),
    # The very file that the role writes.
    (
        info(time=boot(60)),
        {},
        [f"{TIME_WILL_BE.format(60)}{DROP_IN} line 3 sets it; {RUN}, which corrects that line."],
        [f"{TIME_WILL_BE.format(60)}{DROP_IN} line 3 sets it; remove or change that line."],
    ),
    (info(time=boot(100, "/etc/sysctl.d/99-z.conf")), {"overridden": "warn"}, [], []),
    # A rollback wants what runs to be what the next boot gives.
    (info(UNTOUCHED, time=boot(7200, None), intvl=boot(75, None)), {"state": "absent"}, [], []),
    (
        info({"time": 7200}, time=boot(600)),
        {"state": "absent"},
        [f"net.ipv4.tcp_keepalive_time is 7200 {IN_THE_KERNEL}time), expected 600: {RUN}."],
        [f"net.ipv4.tcp_keepalive_time is 7200 {IN_THE_KERNEL}time), expected 600: another program has set it since."],
    ),
    # Where nothing that runs counts, nothing that runs is wrong.
    (info({"time": None}), {"runtime": False}, [], []),
]


@pytest.mark.parametrize(("found", "options", "looked", "acted"), KERNEL)
def test_the_kernel(found: dict[str, Any], options: dict[str, Any], looked: list[str], acted: list[str]) -> None:
    for expected, has_acted in ((looked, False), (acted, True)):
        said = [*runtime_problems(found, asked(**options), has_acted), *boot_problems(found, asked(**options), has_acted)]
        assert said == expected


def test_only_the_chosen_parts_are_judged() -> None:
    wrong = {**info({"time": 7200}), **aws({"tcp_keepalive": None})}
    assert [row["part"] for row in problems(wrong, asked(), acted=False)] == ["sysctl", "aws"]
    assert [row["when"] for row in problems(info(time=boot(60)), asked(), acted=False)] == ["next_boot"]
    assert [row["part"] for row in problems(wrong, asked(parts="aws", aws_users="alice"), acted=False)] == ["aws"]


def aws(effective: dict[str, Any], exists: bool = True) -> dict[str, Any]:
    return {"aws": [{"path": "/home/alice/.aws/config", "user": "alice", "exists": exists, "effective": {"default": effective}}]}


ON = {"tcp_keepalive": True}
S3 = {"s3": {"max_concurrent_requests": 5}}
AWS = [
    (aws({"tcp_keepalive": "true"}), ON, "present", []),
    (aws({"tcp_keepalive": "TRUE"}), ON, "present", []),
    (aws({"tcp_keepalive": None}), ON, "absent", []),
    (aws({"s3": {"max_concurrent_requests": "5", "other": "x"}}), S3, "present", []),
    ({}, ON, "present", []),
    (
        aws({"tcp_keepalive": None}),
        ON,
        "present",
        [
            "botocore resolves tcp_keepalive of profile default to nothing for alice (/home/alice/.aws/config), expected true:"
            " run longlived.tcp.keepalive, which sets it or says why it cannot."
        ],
    ),
    (aws({"tcp_keepalive": "yes"}), ON, "present", ["to yes for alice"]),
    (aws({"tcp_keepalive": "true"}), ON, "absent", ["to true for alice (/home/alice/.aws/config), expected nothing"]),
    (aws({"s3": None}), S3, "present", ["resolves s3 of profile default to nothing"]),
    (aws({"s3": "foo"}), S3, "present", ["resolves s3 of profile default to foo"]),
    ({"aws": [], "aws_error": "No such user."}, ON, "present", ["No such user."]),
]


@pytest.mark.parametrize(("found", "settings", "state", "sentences"), AWS)
def test_what_botocore_has_to_resolve(found: dict[str, Any], settings: dict[str, Any], state: str, sentences: list[str]) -> None:
    said = list(aws_problems(found, asked(aws_settings=settings, state=state)))
    assert len(said) == len(sentences)
    assert all(sentence in line for sentence, line in zip(sentences, said, strict=True))


def test_who_has_written_the_file_is_not_told_to_write_it() -> None:
    (said,) = aws_problems(aws({"tcp_keepalive": "false"}), asked(), acted=True)
    assert said.endswith("expected true: the file is right, and the warnings name what hides the setting.")


def test_a_user_without_the_file_may_be_accepted() -> None:
    lacking = aws({"tcp_keepalive": None}, exists=False)
    assert list(aws_problems(lacking, asked(aws_create=False))) == []
    assert len(list(aws_problems(lacking, asked()))) == 1


WITH = "/home/alice/.aws/config"
LINES = [
    (aws({"tcp_keepalive": "true"}), {}, f"; {WITH}: tcp_keepalive = true"),
    (aws({"tcp_keepalive": "no"}), {}, f"; {WITH}: settings differ"),
    # Must not read as good news.
    (aws({"tcp_keepalive": None}, exists=False), {}, f"; no keepalive in boto3 and the AWS CLI for alice: {WITH} is not present"),
    (aws({"tcp_keepalive": "true"}, exists=False), {}, f"; {WITH}: tcp_keepalive = true"),  # from the credentials file
    (aws({"tcp_keepalive": None}), {"state": "absent"}, f"; {WITH} without tcp_keepalive"),
    (aws({"tcp_keepalive": None}, exists=False), {"state": "absent"}, f"; {WITH} not present"),
    (aws({"region": "x"}, exists=True), {"aws_settings": {"region": "x"}}, f"; {WITH}: region = x"),
    (aws({"region": None}, exists=False), {"aws_settings": {"region": "x"}}, f"; {WITH} is not present"),
]


@pytest.mark.parametrize(("found", "options", "said"), LINES)
def test_summary_of_aws(found: dict[str, Any], options: dict[str, Any], said: str) -> None:
    assert summary({**info(), **found}, asked(**options)) == f"time/intvl/probes 45/45/9; next boot: {DROP_IN}{said}"


def test_summary_of_the_kernel() -> None:
    rest = f"; next boot: {DROP_IN}"
    assert summary(info(), asked()) == f"time/intvl/probes 45/45/9{rest}"
    assert summary(info(), asked(), info()) == f"time/intvl/probes 45/45/9, unchanged{rest}"
    assert summary(info(), asked(), info(UNTOUCHED)) == f"time/intvl/probes 7200/75/9 -> 45/45/9{rest}"
    # What the next boot gives is never hidden.
    other = info(time=boot(100, "/etc/sysctl.d/99-z.conf"))
    assert summary(other, asked(overridden="warn")) == f"time/intvl/probes 45/45/9; next boot 100/45/9: {DROP_IN}, /etc/sysctl.d/99-z.conf"
    nothing = dict.fromkeys(WANTED)
    assert summary(info(nothing), asked(runtime=False)) == f"running values not checked; next boot 45/45/9: {DROP_IN}"


def process(name: str, stale: int, disabled: int, unit: str | None = None, runtime: int = 0, pinned: int = 0) -> dict[str, Any]:
    unprotected = disabled + runtime + pinned
    counts = {"established": 5, "protected": 5 - stale - unprotected, "stale": stale, "unprotected": unprotected, "unknown": 0}
    reasons = {"disabled": disabled, "runtime": runtime, "pinned": pinned}
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
            " keepalive_live_processes=worker, or restart it (helps only if it asks for keepalive).",
        ),
        (
            process("worker", 0, 3),
            "worker (pid 7) has 3 unprotected of 5 connections: set keepalive_live_sockets=enable and"
            " keepalive_live_processes=worker, or restart it (helps only if it asks for keepalive).",
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
    assert list(live_problems({"processes": [process("fine", 0, 0), row]}, asked())) == ([sentence] if sentence else [])
    assert list(live_problems({}, asked())) == list(live_problems({"processes": [row]}, asked(state="absent"))) == []


GIVEN, OFF = {"keepalive": True, **WANTED}, {"keepalive": False, **UNTOUCHED}


def new(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """New connections as they are asked for."""
    rows = [{"hook": "connect4", "program_id": 7, "others": []}]
    return {"attached": rows, "pending": [], "unproved": [], "sets_times": True, "host": GIVEN, "container": GIVEN, **(changes or {})}


NOT_SET_UP = "New connections are not set up as asked for (still to do: attach connect4, write /x): "
NEW_SOCKETS = [
    ({}, "leave", []),
    ({"new_connections": new({"pending": ["attach connect4"]})}, "leave", []),
    ({"new_connections": new()}, "connect", []),
    ({"new_connections": new({"pending": ["attach connect4", "write /x"]})}, "connect", [f"{NOT_SET_UP}{RUN}."]),
    ({"new_connections": {"error": "No hook.", "attached": None}}, "connect", ["No hook."]),
    (
        {"new_connections": new({"unproved": ["host", "container"]})},
        "connect_and_accept",
        [
            "The programs for new connections are attached, and a new connection (host, container) does not get what is asked for:"
            " another owner's program undoes it, see bpftool cgroup tree."
        ],
    ),
    (
        {"new_connections": new({"pending": ["detach connect4"]})},
        "absent",
        [f"New connections are not set up as asked for (still to do: detach connect4): {RUN}."],
    ),
]


@pytest.mark.parametrize(("found", "what", "sentences"), NEW_SOCKETS)
def test_new_connections(found: dict[str, Any], what: str, sentences: list[str]) -> None:
    assert list(new_sockets_problems(found, asked(new_sockets=what))) == sentences
    # Running it again is no remedy for who has just run.
    acted = [sentence.replace(RUN, "another program has changed it since") for sentence in sentences]
    assert list(new_sockets_problems(found, asked(new_sockets=what), acted=True)) == acted
    if what != "absent":
        assert list(new_sockets_problems(found, asked(new_sockets=what, parts="sysctl"))) == []


@pytest.mark.parametrize(
    ("changes", "options", "said"),
    [
        ({}, {}, "; new connections: keepalive"),
        ({"sets_times": False}, {}, "; new connections: keepalive, with the times of their container (Linux before 6.1)"),
        ({"error": "No."}, {}, ""),
        ({"pending": ["attach connect4"]}, {}, "; new connections: not as asked for"),
        ({"unproved": ["container"]}, {}, "; new connections: not as asked for"),
    ],
)
def test_summary_of_new_connections(changes: dict[str, Any], options: dict[str, Any], said: str) -> None:
    found = {**info(), "new_connections": new(changes)}
    assert summary(found, asked(new_sockets="connect", **options)) == f"time/intvl/probes 45/45/9; next boot: {DROP_IN}{said}"


def test_summary_of_an_image() -> None:
    found = {**info(dict.fromkeys(WANTED)), "new_connections": new({"attached": None})}
    assert summary(found, asked(new_sockets="connect", runtime=False)).endswith("; new connections: keepalive from the next boot on")


NOT_SET = new({"attached": [], "container": OFF})
BOX = {"runtime": UNTOUCHED, "lost_probes_survived": None, "pid": 7, "name": "x", "unit": None}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, ""),
        ({"sockets": None}, ""),
        ({"sockets": process("", 2, 1)}, "; 5 connections: 2 stale, 1 unprotected"),
        ({"sockets": {**process("", 0, 1), "unknown": 3}}, "; 5 connections: 1 unprotected, 3 unknown"),
        ({"sockets": {**process("", 0, 0), "established": 1}, "processes": [{}]}, "; 1 connection: all protected"),
        ({"sockets": {**process("", 0, 0), "established": 0}}, "; no connections"),
        ({"processes": []}, "; no connections of the named processes"),
        ({"restart": ["a.service"]}, "; stale until they restart: a.service"),
        ({"restart": list("abcde")}, "; stale until they restart: a, b, c and 2 more"),
        ({"namespaces": [BOX]}, "; not kept alive in 1 container: x (pid 7) with 7200/75/9"),
        ({"namespaces": [{**BOX, "lost_probes_survived": 3}]}, ""),
        # BPF programs cover the connections made there.
        (
            {"namespaces": [BOX], "new_connections": new({"container": GIVEN})},
            "; new connections: keepalive, by BPF programs of an earlier run",
        ),
        (
            {"namespaces": [BOX], "new_connections": new({"attached": [], "container": OFF})},
            "; not kept alive in 1 container: x (pid 7) with 7200/75/9",
        ),
        ({"without_keepalive": []}, ""),
        ({"without_keepalive": ["java"]}, "; 1 program without keepalive (java): set keepalive_new_sockets=connect"),
        ({"without_keepalive": list("abcd")}, "; 4 programs without keepalive (a, b, c and 1 more): set keepalive_new_sockets=connect"),
        (
            {"without_keepalive": ["java"], "new_connections": new()},
            "; new connections: keepalive, by BPF programs of an earlier run; 1 program without keepalive (java): until they reconnect"
            " (those that they accept: keepalive_new_sockets=connect_and_accept)",
        ),
        (
            {"without_keepalive": ["java"], "new_connections": new({"attached": [{"hook": "connect4"}, {"hook": "accept"}]})},
            "; new connections: keepalive, by BPF programs of an earlier run; 1 program without keepalive (java): until they reconnect",
        ),
        # One that was killed half way, or taken out by hand.
        ({"new_connections": new({"host": OFF})}, "; new connections: keepalive for some, by BPF programs of an earlier run"),
    ],
)
def test_summary_of_what_is_beside_the_values(found: dict[str, Any], said: str) -> None:
    assert summary({**info(), **found}, asked()) == f"time/intvl/probes 45/45/9; next boot: {DROP_IN}{said}"


def writer(**changed: Any) -> dict[str, Any]:
    row = {
        "key": "net.ipv4.tcp_keepalive_time",
        "value": 60,
        "file": "/etc/rc.local",
        "line": 3,
        "by": "rc.local",
        "when": "",
        "certain": False,
    }
    return {**row, **changed}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], None),
        ([writer()], "may be changed at boot by /etc/rc.local line 3 (rc.local)"),
        ([writer(), writer(key="net.ipv4.tcp_keepalive_intvl")], "may be changed at boot by /etc/rc.local line 3 (rc.local)"),
        ([writer(value=45)], None),
        ([writer(certain=True)], None),
        ([writer(key=None, value=None, line=None)], "may be changed at boot by /etc/rc.local (rc.local)"),
    ],
)
def test_who_may_write_later_is_in_the_last_line(rows: list[dict[str, Any]], said: str | None) -> None:
    line = summary({**info(), "other_writers": rows}, asked())
    assert (said in line.split("; ")) if said else "may be changed" not in line


def test_who_applies_a_line_after_systemd_sysctl_is_named() -> None:
    host = info(intvl={**boot(1800, "/etc/ufw/sysctl.conf", 33), "by": "ufw"})
    assert list(boot_problems(host, asked())) == [
        "net.ipv4.tcp_keepalive_intvl will be 1800 after the next boot, expected 45: /etc/ufw/sysctl.conf line 33"
        " (ufw applies it after systemd-sysctl) sets it; remove or change that line."
    ]
