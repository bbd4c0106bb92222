# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever goes wrong, the old file stands, the runtime is as before, nothing else is left, and the message helps."""

from __future__ import annotations

import re

import pytest

from . import apply
from .releases import Guest

OWN = b"net.ipv4.tcp_keepalive_time = 100\nnet.ipv4.tcp_keepalive_intvl = 100\nnet.ipv4.tcp_keepalive_probes = 5\n"
SHARED = b"# theirs\nnet.ipv4.tcp_sack = 1\n" + OWN
OPTIONS = {"time": 45, "intvl": 44, "probes": 9}

# What the message must say, beside the file's name: the cause, and what to do about it.
FAULTS = {
    "disk full": "No space left on device; free space",
    "no inode left": "No space left on device; free space or inodes",
    "read-only file system": "mounted read-only",
    "immutable directory": r"immutable \(chattr -i -a /etc/sysctl.d\)",
    "read-only /proc/sys": "read-only here.* runtime: false",
    "no such keys": "This kernel has no net.ipv4.tcp_keepalive_time",
}
FAULTS_OF_A_FILE = {
    "immutable file": r"immutable \(chattr -i -a ",
    "append-only file": r"immutable \(chattr -i -a ",
    "a mount on the file": "something is mounted on it",
}
FAULTS_IN_ITS_PLACE = {
    "a directory in its place": "is a directory, where a file is needed",
    "a dangling link": "is a link to /srv/nowhere/at-all, which does not exist: create that file or remove the link",
    "a link to itself": "leads back to itself: remove it",
}
FAULTS_OF_SYSCTL = {
    "a sysctl that fails": "did not take the values: net.ipv4.tcp_keepalive_time is 7200 instead of 45",
    "a sysctl that cannot start": r"did not take the values.* \(\S+/sysctl does not start: No such file or directory\)",
}
CASES = [
    *((fault, message, content) for fault, message in FAULTS.items() for content in (None, OWN, SHARED)),
    *((fault, message, content) for fault, message in FAULTS_OF_A_FILE.items() for content in (OWN, SHARED)),
    *((fault, message, None) for fault, message in FAULTS_IN_ITS_PLACE.items()),
    *((fault, message, content) for fault, message in FAULTS_OF_SYSCTL.items() for content in (None, OWN)),
]


def id_of(value: object) -> str:
    return {OWN: "own", SHARED: "shared", None: "none"}.get(value, str(value)) if value is None or isinstance(value, bytes) else str(value)


def assert_one_sentence(result: apply.Result, message: str) -> None:
    assert "traceback" not in result, result
    assert result.get("failed"), result
    said = result["msg"]
    assert re.search(message, said), said
    assert said.endswith(".") and "\n" not in said and "Errno" not in said, said


def assert_all_well(result: apply.Result, host: apply.Host) -> None:
    assert "msg" not in result and "traceback" not in result, result
    assert host.runtime == host.boot == OPTIONS
    assert host.names == ["99-tcp-keepalive.conf"]


def need_chattr(process: Guest, fault: str) -> None:
    if re.search("immutable|append-only", fault) and not process.call(apply.can_chattr):
        pytest.skip("tmpfs has immutable files from Linux 6.6 on")


@pytest.mark.parametrize("check_mode", [False, True], ids=["run", "check"])
@pytest.mark.parametrize(("fault", "message", "content"), CASES, ids=id_of)
def test_a_fault_leaves_the_host_as_it_was(one: Guest, fault: str, message: str, content: bytes | None, check_mode: bool) -> None:
    need_chattr(one, fault)
    tried = one.call(apply.try_with, fault, content, {**OPTIONS, "_ansible_check_mode": check_mode})
    assert tried.during == tried.before
    if not check_mode:
        assert_one_sentence(tried.result, message)
        assert_all_well(tried.again, tried.after)
    else:
        assert "traceback" not in tried.result, tried.result


@pytest.mark.parametrize("content", [None, OWN, SHARED], ids=id_of)
def test_no_sysctl_is_no_fault(one: Guest, content: bytes | None) -> None:
    tried = one.call(apply.try_with, "no sysctl", content, OPTIONS)
    assert_all_well(tried.result, tried.during)


@pytest.mark.parametrize("content", [OWN, SHARED], ids=id_of)
@pytest.mark.parametrize(
    ("happens", "message"),
    [
        ("the file becomes immutable", "was changed by another program.* run again"),
        ("something is mounted on the file", "something is mounted on it"),
    ],
)
def test_lost_permission_between_write_and_rename(one: Guest, happens: str, message: str, content: bytes) -> None:
    need_chattr(one, happens)
    tried = one.call(apply.try_between, happens, content, OPTIONS)
    assert_one_sentence(tried.result, message)
    assert tried.during == tried.before
    assert_all_well(tried.again, tried.after)


def test_what_cannot_be_removed_is_removed_by_the_next_run(one: Guest) -> None:
    need_chattr(one, "immutable")
    tried = one.call(apply.try_between, "the directory becomes immutable", OWN, OPTIONS)
    assert_one_sentence(tried.result, "Cannot write in .*: Operation not permitted; its directory may be immutable")
    assert (tried.during.file, tried.during.runtime, tried.during.boot) == (tried.before.file, tried.before.runtime, tried.before.boot)
    assert_all_well(tried.again, tried.after)


def test_what_somebody_else_wrote_stands(one: Guest) -> None:
    tried = one.call(apply.try_between, "somebody else changes the file", OWN, OPTIONS)
    assert_one_sentence(tried.result, "was changed by another program in the meantime; nothing was written, run again")
    assert tried.during.file == b"# theirs\n"
    assert tried.during.runtime == tried.before.runtime
    assert tried.during.names == ["99-tcp-keepalive.conf"]
    assert_all_well(tried.again, tried.after)
    assert tried.after.file is not None and tried.after.file.startswith(b"# theirs\n")


@pytest.mark.parametrize("content", [OWN, SHARED], ids=id_of)
def test_the_backup_is_the_way_back(one: Guest, content: bytes) -> None:
    one.call(apply.start, content)
    result = one.call(apply.run, {**OPTIONS, "backup": True})
    assert one.call(apply.look).file != content
    assert one.call(apply.content_of, result["backup_file"]) == content


def test_no_room_for_a_backup(one: Guest) -> None:
    tried = one.call(apply.try_with, "disk full", OWN, {**OPTIONS, "backup": True})
    assert "traceback" not in tried.result and tried.result["failed"], tried.result
    assert tried.during == tried.before
