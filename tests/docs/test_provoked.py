# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages word for word that no other test provokes, or none tells from others like them: those about a kernel, a right or a
moment that is hard to come by."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.longlived.tcp.plugins.filter import keepalive_plan
from ansible_collections.longlived.tcp.plugins.module_utils import _file_lock, _regular_file, _safe_file
from ansible_collections.longlived.tcp.plugins.module_utils._aws import change as aws_change
from ansible_collections.longlived.tcp.plugins.module_utils._aws import config, edit, files
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import boot as _boot
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import change as _change
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import precedence, runtime, sysctl_d
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import descriptors, namespaces, netlink, rearm, report, watchdog
from ansible_collections.longlived.tcp.plugins.modules import keepalive_info, socket_keepalive
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks import merge

DROP_IN = "/etc/sysctl.d/99-tcp-keepalive.conf"


def said(call: Callable[[], Any]) -> str:
    with pytest.raises(Exception) as caught:
        call()
    return str(caught.value)


def failing(number: int) -> Callable[..., Any]:
    """What fails as the system does."""

    def call(*_arguments: Any, **_named: Any) -> None:
        raise OSError(number, os.strerror(number))

    return call


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: _change._check_path("/etc/sysctl.d/a\nb.conf"),
            "The name '/etc/sysctl.d/a\\nb.conf' holds a control character: choose a name without.",
        ),
        (
            lambda: descriptors.get(-1, descriptors.KEEPALIVE),
            "Cannot read the options of the socket: Bad file descriptor.",
        ),
        (
            lambda: descriptors.put(-1, descriptors.KEEPALIVE, 1),
            "Cannot set the options of the socket: Bad file descriptor.",
        ),
        (
            lambda: keepalive_plan.keepalive_plan([350], lost=3),
            "keepalive_plan: knows lost_probes, margin, intvl and probes, and nothing else.",
        ),
        (
            lambda: merge._inner({"spec": []}, "node.yml", "spec"),
            "node.yml: spec is no mapping: correct it.",
        ),
        (
            lambda: merge._allow({"allowedUnsafeSysctls": "net.*"}, "allowedUnsafeSysctls", "node.yml"),
            "node.yml: allowedUnsafeSysctls is no list: correct it.",
        ),
    ],
)
def test_what_was_asked_for_cannot_be(call: Callable[[], Any], message: str) -> None:
    # ansible-core 2.19 adds what the error came from.
    assert said(call).startswith(message.rstrip("."))


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENOSPC, "No space left on device; free space or inodes on its file system and run again."),
        (errno.EDQUOT, "Disk quota exceeded; free space or inodes within the quota and run again."),
        (
            errno.EBUSY,
            "Device or resource busy; something is mounted on it, as in a container: change what is mounted there, or unmount it.",
        ),
        (errno.EROFS, "Read-only file system; look at the kernel's log, then remount it."),
        (errno.EACCES, "Permission denied; correct the owner or mode of the file and of the directories above it."),
        (
            errno.EPERM,
            "Operation not permitted; its directory may be immutable (lsattr -d) or a security module may forbid it.",
        ),
    ],
)
def test_a_file_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, message: str) -> None:
    (tmp_path / "x.conf").write_text("old\n")
    found = _regular_file.read(str(tmp_path / "x.conf"))
    monkeypatch.setattr(_safe_file.os, "rename", failing(number))
    with _safe_file.stage(found, b"new\n") as staged:
        assert said(staged.commit) == f"Cannot replace {tmp_path}/x.conf: {message}"
    assert (tmp_path / "x.conf").read_text() == "old\n"


def found(path: str, content: bytes | None = b"old\n") -> _regular_file.Found:
    return _regular_file.Found(path, content, None)


def test_a_file_could_not_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Said before anything is written."""
    path, directory = str(tmp_path / "x.conf"), str(tmp_path)
    assert said(lambda: _safe_file.check_replaceable(found(f"{directory}/a/x.conf", None))) == (
        f"Cannot write {directory}/a/x.conf: the directory {directory}/a does not exist; create it first."
    )
    monkeypatch.setattr(_safe_file, "_may_write_in", lambda directory: False)
    monkeypatch.setattr(_safe_file, "_flags", lambda path: 0)
    assert said(lambda: _safe_file.check_replaceable(found(path))) == (
        f"Cannot write {path}: no permission to write in {directory}; correct its owner or mode, or run as root (become: true)."
    )
    monkeypatch.setattr(_safe_file, "_flags", lambda flagged: _safe_file.FS_IMMUTABLE_FL if flagged == path else 0)
    assert said(lambda: _safe_file.check_replaceable(found(path))) == f"Cannot write {path}: it is immutable (chattr -i -a {path})."
    monkeypatch.setattr(_safe_file, "_flags", lambda flagged: _safe_file.FS_APPEND_FL if flagged == directory else 0)
    assert said(lambda: _safe_file.check_replaceable(found(path))) == (
        f"Cannot write {path}: the directory {directory} is immutable (chattr -i -a {directory})."
    )


@pytest.mark.parametrize(
    ("path", "masked", "hidden_by", "message"),
    [
        (
            DROP_IN,
            "/etc/systemd/system/systemd-sysctl.service",
            None,
            f"No boot reads {DROP_IN}, since /etc/systemd/system/systemd-sysctl.service masks systemd-sysctl.service: systemctl unmask it.",
        ),
        (
            "/usr/lib/sysctl.d/50-x.conf",
            None,
            "/etc/sysctl.d/50-x.conf",
            "No boot reads /usr/lib/sysctl.d/50-x.conf, since /etc/sysctl.d/50-x.conf of the same name hides it: choose another name.",
        ),
        (
            "/etc/sysctl.d/x.txt",
            None,
            None,
            "No boot reads /etc/sysctl.d/x.txt: choose a name that ends in .conf, without a dot in front, in /etc/sysctl.d.",
        ),
    ],
)
def test_no_boot_reads_the_file(path: str, masked: str | None, hidden_by: str | None, message: str) -> None:
    boot = SimpleNamespace(masked=masked, tree=SimpleNamespace(reads=lambda path: False, masked_by=lambda path: hidden_by))
    assert said(lambda: _change._check_is_read(boot, path, path)) == message


def test_another_process_holds_the_lock(tmp_path: Path) -> None:
    path = str(tmp_path / "x.conf")
    directory = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(directory, fcntl.LOCK_EX)
    with contextlib.closing(SimpleNamespace(close=lambda: os.close(directory))):
        message = said(lambda: _file_lock.lock(path, seconds=0).__enter__())
    assert message == f"Cannot change {path}: another process has held a lock on {tmp_path} for 0 s; run again when it has ended."


def test_a_line_takes_the_key_back() -> None:
    request = _change.Request(True, {"time": 45}, DROP_IN, True, False, None)
    assert _change._overridden(request, "time", precedence.Setting(7200, None, None, None)) == (
        "net.ipv4.tcp_keepalive_time = 45 in /etc/sysctl.d/99-tcp-keepalive.conf has no effect at the next boot,"
        " which gives it the kernel's default, 7200: look for a line that excludes it."
    )


@pytest.mark.parametrize(
    ("headed", "why"), [(True, ""), (False, ", and that file does not bear this collection's header")], ids=["ours", "another's"]
)
def test_a_value_stays(headed: bool, why: str) -> None:
    setting = precedence.Setting(100, "/etc/sysctl.d/99-zzz.conf", 1, "/etc/sysctl.d/99-zzz.conf")
    assert _change._stays("time", setting, headed) == (
        f"net.ipv4.tcp_keepalive_time stays at 100 at the next boot: /etc/sysctl.d/99-zzz.conf line 1 sets it{why};"
        " remove the line if the value is not meant."
    )


def test_the_kernel_and_its_directories_refuse(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(runtime, "PROC_SYS", str(tmp_path))
    assert said(lambda: runtime.write({"time": 45, "intvl": 45, "probes": 9})) == (
        "The kernel refused net.ipv4.tcp_keepalive_time = 45: No such file or directory."
    )
    monkeypatch.setattr(_safe_file.os, "mkdir", failing(errno.EROFS))
    assert said(lambda: _safe_file.made("/etc/sysctl.d", 0o755).__enter__()) == (
        "Cannot create the directory /etc/sysctl.d: Read-only file system; look at the kernel's log, then remount it."
    )


def test_only_root_may_set_the_running_values(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "net/ipv4/tcp_keepalive_time"
    path.parent.mkdir(parents=True)
    path.touch()
    monkeypatch.setattr(runtime, "PROC_SYS", str(tmp_path))
    monkeypatch.setattr(runtime.os, "access", lambda path, mode: False)
    assert said(runtime.check_writable) == (
        f"Cannot change net.ipv4.tcp_keepalive_time: no permission to write {path}; run as root (become: true)."
    )


def test_the_home_changes_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files._users, "acting_as", lambda user: contextlib.nullcontext())
    place = SimpleNamespace(path="/home/alice/.aws/config", user=None)

    def gone() -> None:
        with files.rights_of(place):
            raise OSError(errno.ENOTDIR, "Not a directory")

    assert said(gone) == "Cannot use /home/alice/.aws/config: Not a directory: something changes there at this moment; run again."


def test_the_group_of_the_file_cannot_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(files.os, "getegid", lambda: 1000)
    monkeypatch.setattr(files.os, "getgroups", lambda: [1000])
    found = SimpleNamespace(path="/home/alice/.aws/config", stat=SimpleNamespace(st_uid=1000, st_gid=20))
    assert said(lambda: aws_change._check_owner(found)) == (
        "/home/alice/.aws/config belongs to group id 20, of which its owner is no member: correct its group (chgrp)."
    )


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.EPERM, "The sockets of process 7 may not be reached: run as root (become: true)."),
        (errno.EINVAL, "A thread of process 7 has descriptors of its own, which Linux reaches from 6.9 on: restart the program."),
        (errno.EMFILE, "The sockets of process 7 cannot be reached: Too many open files."),
    ],
)
def test_another_process_cannot_be_reached(number: int, message: str) -> None:
    assert str(descriptors._why(number, 7)) == message


def test_what_the_machine_forbids(monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = SimpleNamespace(syscall=lambda *_arguments: -1)
    monkeypatch.setattr(descriptors, "_libc", refusing)
    monkeypatch.setattr(descriptors.ctypes, "get_errno", lambda: errno.EPERM)
    assert said(descriptors.check_possible) == (
        "pidfd_getfd is forbidden here (Operation not permitted), as in some containers: run this on the host itself."
    )
    monkeypatch.setattr(netlink.socket, "socket", failing(errno.EPERM))
    assert said(lambda: netlink.opened(4).__enter__()) == "Cannot ask the kernel over netlink (protocol 4): Operation not permitted."


@pytest.mark.parametrize(("call", "number"), [("fork", errno.EAGAIN), ("setsid", errno.ESRCH)])
def test_nobody_watches(monkeypatch: pytest.MonkeyPatch, call: str, number: int) -> None:
    monkeypatch.setattr(watchdog.os, call, failing(number))
    with watchdog.Watchdog() as watcher:
        assert said(watcher.start) == f"Cannot start the process that watches while timers are re-armed: {os.strerror(number)}."


def test_nobody_has_the_connection() -> None:
    rearming = rearm._Rearming(None, None, None)
    assert rearming.outcome(SimpleNamespace(socket=None), []).reason == "No process that can be seen has a descriptor of it."


def test_others_processes_are_closed_to_this_user() -> None:
    assert list(report.unseen({"unreadable": {"processes": 3, "namespaces": 1}})) == [
        "Not everything could be seen: the descriptors of at least 3 processes and 1 network namespaces are closed to this user;"
        " use become."
    ]


def test_the_kernel_lists_nothing() -> None:
    refusing = SimpleNamespace(send=failing(errno.EPERM))
    assert said(lambda: list(netlink.answers(refusing, 20, b""))) == (
        "The kernel refuses to list its TCP sockets and addresses: Operation not permitted."
    )


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ([-1], "Cannot enter the network namespace of process {}: Operation not permitted."),
        ([0, -1], "Cannot come back from the network namespace of process {}: run again."),
    ],
)
def test_network_namespaces_are_closed(monkeypatch: pytest.MonkeyPatch, answers: list[int], message: str) -> None:
    setns = SimpleNamespace(setns=lambda *_arguments: answers.pop(0))
    monkeypatch.setattr(namespaces.ctypes, "CDLL", lambda *_arguments, **_named: setns)
    monkeypatch.setattr(namespaces.ctypes, "get_errno", lambda: errno.EPERM)

    def inside() -> None:
        with namespaces.inside(namespaces.inode("self"), [os.getpid()]):
            pass

    assert said(inside) == message.format(os.getpid())


def test_what_may_decide_otherwise_at_boot() -> None:
    rules = sysctl_d.rules_for(None)
    file = precedence.File("/run/sysctl.d/50-x.conf", "/run/sysctl.d/50-x.conf", b"net.ipv4.tcp_keepalive_time = 30\n")

    class Tree:
        def unreadable(self) -> list[str]:
            return ["/etc/sysctl.d/98-secret.conf"]

        def boot(self, _rules: Any, defaults: dict[str, int]) -> dict[str, Any]:
            return {name: precedence.Setting(4000000 if name == "time" else value, DROP_IN, 3, DROP_IN) for name, value in defaults.items()}

        def procps(self, _rules: Any, defaults: dict[str, int]) -> dict[str, Any]:
            changed = {**defaults, "time": 100}
            return {name: precedence.Setting(value, "/etc/sysctl.conf", 9, "/etc/sysctl.conf") for name, value in changed.items()}

    warnings = _boot.Boot(Tree(), rules, None, None, [file]).warnings()
    assert warnings == [
        "/etc/sysctl.d/98-secret.conf cannot be read, and what it sets at boot is not known: run as root (become: true).",
        "/run/sysctl.d/50-x.conf sets net.ipv4.tcp_keepalive_time now, but is gone at the next boot, unless something makes it anew"
        " before: put the setting below /etc.",
        "This host has no systemd; the boot values are those that sysctl.d(5) gives its files.",
        "/etc/sysctl.d/99-tcp-keepalive.conf line 3 sets net.ipv4.tcp_keepalive_time to 4000000, which this kernel may refuse"
        " (it depends on its HZ) and then keep its default.",
        "A boot sets net.ipv4.tcp_keepalive_time to 4000000 (/etc/sysctl.d/99-tcp-keepalive.conf line 3), but 'sysctl --system'"
        " would set it to 100 (/etc/sysctl.conf line 9).",
    ]


class Ended(Exception):
    """A module has failed."""


class FakeModule:
    """What a module needs of AnsibleModule until it fails."""

    check_mode = False

    def __init__(self, given: dict[str, Any], argument_spec: dict[str, Any]) -> None:
        self.params = {**{name: option.get("default") for name, option in argument_spec.items()}, **given}

    def fail_json(self, msg: str) -> None:
        raise Ended(msg)

    warn = fail_json


@pytest.mark.parametrize(
    ("module", "given", "message"),
    [
        (
            socket_keepalive,
            {},
            "Nothing is chosen: give at least one of processes, pids, peers and ports (processes: ['*'] for all).",
        ),
        (socket_keepalive, {"processes": ["*"], "idle_timeout": 0}, "idle_timeout is 0, and must be at least 1."),
        (keepalive_info, {"idle_timeout": 0}, "idle_timeout is 0, and must be at least 1 second."),
    ],
)
def test_options_of_modules(monkeypatch: pytest.MonkeyPatch, module: Any, given: dict[str, Any], message: str) -> None:
    def made(argument_spec: dict[str, Any], supports_check_mode: bool) -> FakeModule:
        return FakeModule(given, argument_spec)

    monkeypatch.setattr(module, "AnsibleModule", made)
    assert said(module.main) == message


def test_some_connections_could_not_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    tally = SimpleNamespace(failed=2, failures=[{"reason": "The sockets of process 7 may not be reached."}])
    monkeypatch.setattr(socket_keepalive, "Tally", lambda limit: tally)
    monkeypatch.setattr(socket_keepalive, "protect", lambda *_arguments, **_named: ())
    given = {"processes": ["*"], "idle_timeout": 350, "limit": 100, "select": ["stale"]}
    monkeypatch.setattr(socket_keepalive, "AnsibleModule", lambda argument_spec, **_named: FakeModule(given, argument_spec))
    assert said(socket_keepalive.main) == (
        "2 connections could not be changed, the first because: The sockets of process 7 may not be reached."
    )


def test_a_section_that_no_change_makes_right() -> None:
    document = config.parse(b"[default]\nregion = a\n", "/home/alice/.aws/config")
    section = document.sections[0]
    change = SimpleNamespace(document=document, touched=[(section, {"region": "b"}, "present")], removed=[])
    message = said(lambda: edit.Edit._check(change, document.lines))
    assert message == "/home/alice/.aws/config, line 1: this section cannot be changed safely; change it by hand."


def test_another_file_decides_at_the_next_boot() -> None:
    setting = precedence.Setting(100, "/etc/sysctl.d/99-zzz.conf", 1, "/etc/sysctl.d/99-zzz.conf")
    assert _change._decides("time", setting) == (
        "At the next boot net.ipv4.tcp_keepalive_time will be 100, not what this task sets: /etc/sysctl.d/99-zzz.conf line 1 decides."
    )
