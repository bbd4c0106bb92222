# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Applying the values for real: the whole module, killed, hindered or beside another run. Runs inside a release."""

from __future__ import annotations

import contextlib
import errno
import io
import itertools
import json
import os
import pickle
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .guest import fresh_network
from .layout import Layout, lay_out
from .namespaces import MS_RDONLY, MS_REMOUNT, bind, mount, unmount

# isort: split
from ansible.module_utils import basic
from ansible_collections.longlived.tcp.plugins.module_utils import _safe_file
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import boot as _boot
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import change as _change
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import runtime as _runtime
from ansible_collections.longlived.tcp.plugins.modules import keepalive_sysctl

DROP_IN = "/etc/sysctl.d/99-tcp-keepalive.conf"

Result = dict[str, Any]
Values = dict[str, int]
Hook = Callable[[], None]


@dataclass(frozen=True)
class Host:
    """What can be wrong after a run."""

    file: bytes | None
    runtime: Values | None
    boot: Values
    names: list[str] = field(default_factory=list)
    """What lies beside the file."""


def start(content: bytes | None = None, path: str = DROP_IN) -> Host:
    """A host that nobody has touched, but for one file."""
    lay_out(Layout())
    if content is not None:
        Path(path).write_bytes(content)
    fresh_network()
    return look(path)


def look(path: str = DROP_IN) -> Host:
    runtime = _runtime.read() if os.path.exists("/proc/sys/net/ipv4/tcp_keepalive_time") else None
    boot = _boot.values_of(_boot.Boot.of_this_host().settings())
    file = Path(path)
    return Host(file.read_bytes() if file.is_file() else None, runtime, boot, sorted(os.listdir(file.parent)))


@dataclass(frozen=True)
class Everything:
    """A host down to the inode: the state that a failure has to leave behind."""

    files: dict[str, tuple[int, int, int, bytes]]
    """By name: the inode, the time of its last change in nanoseconds, its mode and its bytes."""
    runtime: Values
    directory: bool = True

    @property
    def contents(self) -> dict[str, bytes]:
        return {name: file[-1] for name, file in self.files.items()}


def start_with(files: dict[str, bytes] | None) -> Everything:
    """A host with these files; None: it has no /etc/sysctl.d."""
    lay_out(Layout())
    directory = Path(DROP_IN).parent
    for name, content in (files or {}).items():
        (directory / name).write_bytes(content)
        os.utime(directory / name, ns=(10**18, 10**18 + 123456789))
    if files is None:
        directory.rmdir()
    fresh_network()
    return everything()


def everything() -> Everything:
    directory = Path(DROP_IN).parent
    found = {}
    for path in directory.iterdir() if directory.is_dir() else ():
        status = path.stat()
        found[path.name] = (status.st_ino, status.st_mtime_ns, status.st_mode, path.read_bytes())
    return Everything(found, _runtime.read(), directory.is_dir())


def content_of(path: str) -> bytes:
    return Path(path).read_bytes()


# --- the module ----------------------------------------------------------------------------------


def run(options: Result) -> Result:
    """The module's result, from a process of its own."""
    return _from_a_process(lambda: _module(options))


def _from_a_process(act: Callable[[], Result]) -> Result:
    read, write = os.pipe()
    child = _fork(lambda: _answer(write, act))
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        said = answer.read()
    os.waitpid(child, 0)
    result: Result = pickle.loads(said)
    return result


def _fork(act: Hook) -> int:
    child = os.fork()
    if child:
        return child
    try:
        act()
    finally:
        os._exit(0)


def _answer(descriptor: int, act: Callable[[], Result]) -> None:
    with os.fdopen(descriptor, "wb") as answer:
        pickle.dump(act(), answer)


def _module(options: Result) -> Result:
    """Run the module in this process, as AnsiballZ does on the target."""
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            keepalive_sysctl.main()
    except SystemExit:
        result: Result = json.loads(said.getvalue())
        return result
    except BaseException as error:  # what a user would see as a traceback
        return {"traceback": repr(error)}
    return {"traceback": "it returned"}


def _warm_up() -> None:
    """Have ansible-core load what it loads only when a module runs: inside a release it would not be found."""
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": {}}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        basic.AnsibleModule(argument_spec={}).exit_json()


_warm_up()


def run_hindered(options: Result, hook: Hook) -> Result:
    """The same where something happens after the new file is loaded, just before it is put in place."""

    def commit(staged: _safe_file.Staged) -> None:
        hook()
        original(staged)

    original, _safe_file.Staged.commit = _safe_file.Staged.commit, commit
    try:
        return run(options)
    finally:
        _safe_file.Staged.commit = original


def run_twice_at_once(one: Result, other: Result) -> list[Result]:
    """The results of two runs that start at the same moment."""
    ready, go = os.pipe()
    pipes = []
    for options in (one, other):
        read, write = os.pipe()

        def act(options: Result = options, write: int = write) -> None:
            os.close(go)
            os.read(ready, 1)
            _answer(write, lambda: _module(options))

        pipes.append((_fork(act), read))
        os.close(write)
    os.close(ready)
    os.close(go)
    results = []
    for child, read in pipes:
        with os.fdopen(read, "rb") as answer:
            results.append(pickle.loads(answer.read()))
        os.waitpid(child, 0)
    return results


# --- one step at a time --------------------------------------------------------------------------

STEPS = ("open", "write", "fchmod", "fchown", "chmod", "fsync", "utime", "mkdir", "link", "rename", "unlink", "rmdir")


def _before(number: int, act: Hook) -> None:
    """Do this before one of the steps of this process by which files and kernels change."""
    steps = itertools.count(1)

    def wrapped(step: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if next(steps) == number:
                act()
            return step(*arguments, **named)

        return call

    for name in STEPS:
        setattr(os, name, wrapped(getattr(os, name)))


def run_with_a_step_that_fails(options: Result, number: int) -> Result | None:
    """The result of a run in which the system refuses a step once; None where there are fewer steps."""
    refused = []

    def refuse() -> None:
        refused.append(number)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    def act() -> Result:
        _before(number, refuse)
        return {**_module(options), "refused": refused}

    result = _from_a_process(act)
    return result if result.pop("refused") else None


def run_killed_before_a_step(options: Result, number: int) -> bool:
    """Whether it was killed: there may be fewer steps."""

    def act() -> None:
        _before(number, lambda: os.kill(os.getpid(), signal.SIGKILL))
        _module(options)

    _child, status = os.waitpid(_fork(act), 0)
    return os.WIFSIGNALED(status)


class Boom(Exception):
    """What a block raises."""


def run_with_a_block_that_raises(request: dict[str, Any], backup: bool) -> Everything:
    """What the block sees; the host is then as `everything` tells."""
    run_command = basic.AnsibleModule(argument_spec={}).run_command
    seen = []
    with contextlib.suppress(Boom), _change.applied(_change.Request(run_command=run_command, **request), backup):
        seen.append(everything())
        raise Boom
    return seen[0]


# --- killed --------------------------------------------------------------------------------------


def seconds_of_a_run(options: Result) -> float:
    begin = time.monotonic()
    os.waitpid(_fork(lambda: void(_module(options))), 0)
    return time.monotonic() - begin


def void(_result: object) -> None:
    pass


def kill(options: Result, after: float) -> tuple[bool, Host]:
    """Run the module and kill it after so many seconds: whether it was killed, and what it left."""
    child = _fork(lambda: void(_module(options)))
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    _child, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status), look(options.get("sysctl_file", DROP_IN))


# --- faults --------------------------------------------------------------------------------------


@contextlib.contextmanager
def _mounted(directory: str, options: str) -> Iterator[None]:
    mount("tmpfs", directory, "tmpfs", options)
    try:
        yield
    finally:
        unmount(directory)


@contextlib.contextmanager
def _chattr(path: str, flag: str) -> Iterator[None]:
    chattr(f"+{flag}", path)
    try:
        yield
    finally:
        chattr(f"-{flag}", path)


def chattr(change: str, path: str) -> None:
    subprocess.run(["chattr", change, path], check=True, capture_output=True)


def can_chattr() -> bool:
    """Whether the file system here has immutable files: tmpfs has, from Linux 6.6 on."""
    start()
    try:
        with _chattr("/etc/sysctl.d", "i"):
            return True
    except subprocess.CalledProcessError:
        return False


@contextlib.contextmanager
def _bound(source: str, target: str, *, read_only: bool = False) -> Iterator[None]:
    bind(source, target, read_only=read_only)
    try:
        yield
    finally:
        unmount(target)


@contextlib.contextmanager
def _away(path: str) -> Iterator[None]:
    os.rename(path, path + ".away")
    try:
        yield
    finally:
        os.rename(path + ".away", path)


def set_immutable(path: str) -> None:
    chattr("+i", path)


def set_mutable(path: str) -> None:
    chattr("-i", path)


def cover(path: str) -> None:
    bind(path, path)


def uncover(path: str) -> None:
    unmount(path)


def link(target: str, path: str) -> None:
    os.symlink(target, path)


def link_elsewhere(path: str, content: bytes) -> None:
    Path("/srv/elsewhere/linked").write_bytes(content)
    link("/srv/elsewhere/linked", path)


@contextlib.contextmanager
def fault(name: str, content: bytes | None) -> Iterator[None]:
    """The host has this fault, and the file has this content (None: there is none)."""
    directory = os.path.dirname(DROP_IN)
    with contextlib.ExitStack() as stack:
        if name == "disk full":
            stack.enter_context(_mounted(directory, "size=64k"))
        elif name == "no inode left":
            stack.enter_context(_mounted(directory, f"nr_inodes={3 if content is not None else 2}"))
        elif name == "read-only file system":
            stack.enter_context(_mounted(directory, ""))
        if content is not None:
            Path(DROP_IN).write_bytes(content)
        if name == "disk full":
            with contextlib.suppress(OSError), open(f"{directory}/ballast", "wb", buffering=0) as ballast:
                while True:
                    ballast.write(b"x" * 4096)
        elif name == "no inode left":
            Path(f"{directory}/ballast").touch()
        elif name == "read-only file system":
            mount("none", directory, flags=MS_REMOUNT | MS_RDONLY)
        elif name == "immutable file":
            stack.enter_context(_chattr(DROP_IN, "i"))
        elif name == "append-only file":
            stack.enter_context(_chattr(DROP_IN, "a"))
        elif name == "immutable directory":
            stack.enter_context(_chattr(directory, "i"))
        elif name == "read-only /proc/sys":
            stack.enter_context(_bound("/proc/sys/net", "/proc/sys/net", read_only=True))
        elif name == "no such keys":
            stack.enter_context(_bound("/srv", "/proc/sys/net/ipv4"))
        elif name == "a mount on the file":
            stack.enter_context(_bound(DROP_IN, DROP_IN))
        elif name == "a directory in its place":
            Path(DROP_IN).mkdir()
        elif name == "a dangling link":
            Path(DROP_IN).symlink_to("/srv/nowhere/at-all")
        elif name == "a link to itself":
            Path(DROP_IN).symlink_to(DROP_IN)
        elif name == "no sysctl":
            stack.enter_context(_away(os.path.realpath("/sbin/sysctl")))
        elif name == "a sysctl that fails":
            Path("/srv/sysctl").write_text("#!/bin/sh\nexit 3\n")
            Path("/srv/sysctl").chmod(0o755)
            stack.enter_context(_bound("/srv/sysctl", os.path.realpath("/sbin/sysctl")))
        elif name == "a sysctl that cannot start":
            Path("/srv/sysctl").write_text("#!/nowhere\n")
            Path("/srv/sysctl").chmod(0o755)
            stack.enter_context(_bound("/srv/sysctl", os.path.realpath("/sbin/sysctl")))
        yield


def run_with_room_for(free: int, of: str, files: dict[str, bytes], options: Result) -> tuple[Everything, Result, Everything]:
    """Before, the result, and after, on a file system that takes so many more inodes, or pages."""
    lay_out(Layout())
    directory = os.path.dirname(DROP_IN)
    full = len(files) + 1 if of == "inodes" else len(files)
    with _mounted(directory, f"nr_inodes={full + free}" if of == "inodes" else f"nr_blocks={full + free}"):
        for name, content in files.items():
            Path(directory, name).write_bytes(content)
        fresh_network()
        return everything(), run(options), everything()


@dataclass(frozen=True)
class Tried:
    before: Host
    result: Result
    during: Host
    again: Result
    after: Host


def try_with(name: str, content: bytes | None, options: Result) -> Tried:
    """A run while the host has the fault, and another one once it has not."""
    start()
    with fault(name, content):
        before = look()
        result = run(options)
        during = look()
    if os.path.islink(DROP_IN):
        os.unlink(DROP_IN)
    elif os.path.isdir(DROP_IN):
        os.rmdir(DROP_IN)
    again = run(options)
    return Tried(before, result, during, again, look())


BETWEEN: dict[str, tuple[Hook, Hook]] = {
    "the file becomes immutable": (lambda: chattr("+i", DROP_IN), lambda: chattr("-i", DROP_IN)),
    "the directory becomes immutable": (lambda: chattr("+i", os.path.dirname(DROP_IN)), lambda: chattr("-i", os.path.dirname(DROP_IN))),
    "something is mounted on the file": (lambda: bind(DROP_IN, DROP_IN), lambda: unmount(DROP_IN)),
    "somebody else changes the file": (lambda: void(Path(DROP_IN).write_bytes(b"# theirs\n")), lambda: None),
}


def try_between(name: str, content: bytes, options: Result) -> Tried:
    """The same where it happens between the writing of the new file and the rename."""
    before = start(content)
    happens, ends = BETWEEN[name]
    try:
        result = run_hindered(options, happens)
        during = look()
    finally:
        ends()
    again = run(options)
    return Tried(before, result, during, again, look())
