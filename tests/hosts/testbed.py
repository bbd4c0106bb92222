# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A testbed: hosts on one network of their own, brought up together and taken down together."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import final

from . import base_tree, files, machine, proxy_command, supervisor
from .kinds import KINDS, NAME, HostSpec, Kind, SpecError, parse_specs
from .supervisor import HostPlan, HostStatus, Plan, remove_cgroup

STATE = Path("/run/longlived-tcp-hosts")
THIS_PROCESS = -1
_INOTIFY_BEFORE = STATE / "inotify-before"
BOOT_TIMEOUT = 60.0
"""Seconds for one host to boot; more hosts get more."""

_NETWORK4 = "10.45.0"
_NETWORK6 = "fd45"
_MOST_HOSTS = 200


class TestbedError(Exception):
    """The text is one sentence for the user."""


@dataclass(frozen=True)
class Host:
    testbed: Testbed
    name: str
    kind: Kind
    address: str
    address6: str

    @property
    def login(self) -> str:
        return self.kind.login

    @property
    def python(self) -> str:
        return self.kind.python

    @property
    def log(self) -> Path:
        """What the host wrote to its console."""
        return self.testbed.state / f"{self.name}.log"

    @property
    def status(self) -> HostStatus:
        return self.testbed.statuses()[self.name]

    @property
    def pid(self) -> int:
        """The host's pid 1, as this machine numbers it."""
        scope = self.testbed.cgroup / f"host-{self.name}" / "payload" / "init.scope"
        with contextlib.suppress(FileNotFoundError):
            for pid in (scope / "cgroup.procs").read_text().split():
                if _pid_inside(int(pid)) == 1:
                    return int(pid)
        raise TestbedError(f"{self.name} is not running")

    @property
    def root(self) -> Path:
        """The host's root directory, as this machine sees it; new with every boot."""
        return Path(f"/proc/{self.pid}/root")

    def run(
        self,
        command: str,
        *,
        sudo: bool = False,
        input: str | None = None,
        check: bool = True,
        timeout: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command over ssh, as the login user or as root through sudo."""
        if sudo:
            command = f"sudo -n -- sh -c {shlex.quote(command)}"
        return self._captured(self.ssh_command(command), input, check, timeout)

    def enter(
        self,
        command: Sequence[str],
        *,
        input: str | None = None,
        check: bool = True,
        timeout: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as root inside the host, without ssh: a few milliseconds.

        It has the host's namespaces, but not the limits that systemd-nspawn sets (system calls,
        capabilities): to look and to arrange, while what is tested runs over ssh.
        """
        namespaces = [
            "--mount",
            "--uts",
            "--ipc",
            "--net",
            "--pid",
            "--cgroup",
            "--root",
            "--wd",
        ]
        clean = [
            "env",
            "-i",
            f"PATH={machine.SYSTEM_PATH}",
            "HOME=/root",
            "LANG=C.UTF-8",
        ]
        nsenter = ["nsenter", f"--target={self.pid}", *namespaces, "--", *clean]
        return self._captured([*nsenter, *command], input, check, timeout)

    def _captured(self, command: list[str], input: str | None, check: bool, timeout: float) -> subprocess.CompletedProcess[str]:
        # No descriptor of ours as stdin: nothing there may be read by accident.
        done = subprocess.run(
            command,
            input="" if input is None else input,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode != 0:
            said = (done.stderr or done.stdout).strip()
            raise TestbedError(f"{self.name}: {shlex.join(command)}: {done.returncode}: {said}")
        return done

    def ssh_command(self, *command: str) -> list[str]:
        return ["ssh", "-F", str(self.testbed.ssh_config), self.name, *command]

    def boot_id(self) -> str:
        return self.enter(["cat", "/proc/sys/kernel/random/boot_id"]).stdout.strip()

    def reboot(self, timeout: float = BOOT_TIMEOUT) -> None:
        """Boot again as `reboot` does, and wait until that boot has finished."""
        boots = self.status["boots"]
        self.enter(["systemctl", "--no-block", "reboot"])
        self.testbed.wait([self], timeout, boots=boots + 1)

    def power_off(self, timeout: float = BOOT_TIMEOUT) -> None:
        self.enter(["systemctl", "--no-block", "poweroff"])
        _until(
            lambda: self.status["state"] == "down",
            timeout,
            f"{self.name} does not power off",
        )

    def power_on(self, timeout: float = BOOT_TIMEOUT) -> None:
        boots = self.status["boots"]
        self.testbed.ask(f"start {self.name}")
        self.testbed.wait([self], timeout, boots=boots + 1)


@final
class Testbed(Mapping[str, Host]):
    """The hosts by name. A context manager: the testbed is down at the end of it."""

    __test__ = False  # for pytest, which takes the name for a test's

    def __init__(self, name: str) -> None:
        if not NAME.fullmatch(name):
            raise SpecError(f"{name!r} is not a name: lower-case letters, digits and -, up to 32")
        self.name = name
        self.state = STATE / name
        self.inventory = self.state / "inventory.yml"
        self.ssh_config = self.state / "ssh_config"
        self.supervisor_socket = self.state / "supervisor.sock"
        self._hosts: dict[str, Host] | None = None

    @classmethod
    def up(
        cls,
        hosts: Iterable[str | HostSpec],
        name: str | None = None,
        owner: int | None = THIS_PROCESS,
        binds: Iterable[tuple[Path, Path]] = (),
    ) -> Testbed:
        """Bring a testbed up, and wait until every host has booted and answers ssh.

        It ends with its owner: this process, unless told otherwise; None is nobody.
        """
        testbed = cls(name or f"testbed-{secrets.token_hex(4)}")
        specs = _specs(hosts, tuple(binds))
        for kind in {spec.kind for spec in specs}:
            if reason := machine.unavailable(kind):
                raise machine.Unavailable(f"{kind} hosts cannot run here: {reason}")
        machine.install_tools()
        with ThreadPoolExecutor(max_workers=2) as pool:
            trees = {KINDS[spec.kind].tree for spec in specs}
            list(pool.map(base_tree.ensure, trees))
        with testbed._claimed():
            machine.make_room(len(specs) + len(list(_cgroups().glob("*/host-*"))), _INOTIFY_BEFORE)
            try:
                testbed._bring_up(specs, os.getpid() if owner == THIS_PROCESS else owner)
            except BaseException:
                testbed._unmake()
                raise
        return testbed

    @classmethod
    def all(cls) -> list[Testbed]:
        """Every testbed of this machine: up, or crashed and not cleaned up."""
        names = {path.name for path in STATE.glob("*") if path.is_dir()}
        names |= {path.name for path in _cgroups().glob("*") if path.is_dir()}
        return [cls(name) for name in sorted(names)]

    def __enter__(self) -> Testbed:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.down()

    def __getitem__(self, name: str) -> Host:
        return self._known()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known())

    def __len__(self) -> int:
        return len(self._known())

    def _known(self) -> dict[str, Host]:
        if self._hosts is None:
            try:
                specs = json.loads((self.state / "hosts.json").read_text())
            except FileNotFoundError:
                raise TestbedError(f"there is no testbed {self.name}") from None
            self._hosts = {spec["name"]: self._host(number, spec["kind"], spec["name"]) for number, spec in enumerate(specs)}
        return self._hosts

    def _host(self, number: int, kind: str, name: str) -> Host:
        last = number + 10
        return Host(self, name, KINDS[kind], f"{_NETWORK4}.{last}", f"{_NETWORK6}::{last}")

    @property
    def cgroup(self) -> Path:
        return _cgroups() / self.name

    @property
    def supervisor_pid(self) -> int:
        """The supervisor, as this machine numbers it; its death is the end of the testbed."""
        with contextlib.suppress(FileNotFoundError):
            for pid in (self.cgroup / "supervisor" / "cgroup.procs").read_text().split():
                return int(pid)
        raise TestbedError(f"the testbed {self.name} is not up")

    def is_up(self) -> bool:
        with contextlib.suppress(FileNotFoundError):
            return "populated 1" in (self.cgroup / "cgroup.events").read_text()
        return False

    def connect(self, address: str, port: int, timeout: float = 10) -> socket.socket:
        """A TCP connection on the testbed's network; our end of it is the bridge."""
        made = proxy_command.connect(str(self.supervisor_socket), address, port, timeout)
        return socket.socket(fileno=made.detach())

    def ask(self, request: str) -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            try:
                connection.connect(str(self.supervisor_socket))
                connection.send(request.encode())
                return connection.recv(1 << 20).decode()
            except OSError as error:
                raise TestbedError(f"the testbed {self.name} is not up: {error.strerror}") from None

    def statuses(self) -> dict[str, HostStatus]:
        statuses: dict[str, HostStatus] = json.loads(self.ask("hosts"))
        return statuses

    def wait(self, hosts: Iterable[Host], timeout: float, boots: int = 1) -> None:
        """Wait until the hosts have finished that many boots and answer ssh."""
        deadline = time.monotonic() + timeout
        waiting = list(hosts)

        def booted() -> bool:
            statuses = self.statuses()
            for host in waiting:
                status = statuses[host.name]
                if status["state"] == "down":
                    ended = f"{host.name} ended with {status['exit_status']}"
                    raise TestbedError(f"{ended}: {_last_line(host.log)}")
            return all(statuses[host.name]["boots"] >= boots and statuses[host.name]["state"] == "running" for host in waiting)

        _until(booted, deadline - time.monotonic(), f"not all of {self.name} have booted")
        for host in waiting:
            _until(
                lambda host=host: _answers_ssh(host),  # type: ignore[misc]
                deadline - time.monotonic(),
                f"{host.name} does not answer ssh: {_last_line(host.log)}",
            )

    def down(self) -> None:
        """Take the testbed down, or what a crash has left of it. No error if there is none."""
        self._unmake()
        if not STATE.exists():
            return
        with _lock(STATE, wait=True):
            if not any(path.is_dir() for path in STATE.iterdir()):
                machine.give_back(_INOTIFY_BEFORE)
                STATE.rmdir()
        with contextlib.suppress(OSError):
            _cgroups().rmdir()

    def _unmake(self) -> None:
        for master in (self.state / "cp").glob("*"):
            subprocess.run(
                ["ssh", "-O", "exit", "-o", f"ControlPath={master}", "testbed"],
                check=False,
                timeout=10,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        if self.cgroup.exists():
            with contextlib.suppress(FileNotFoundError):
                (self.cgroup / "cgroup.kill").write_text("1")
            _until(lambda: not self.is_up(), 30, f"the testbed {self.name} does not end")
            remove_cgroup(self.cgroup)
        if self.state.exists():
            shutil.rmtree(self.state)

    @contextlib.contextmanager
    def _claimed(self) -> Iterator[None]:
        """Make the state directory, and hold a lock on it that ends with this process."""
        STATE.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _lock(STATE, wait=True):
            if self.state.exists() or self.is_up():
                with _lock(self.state, wait=False) as free:
                    if not free or self.is_up():
                        raise TestbedError(f"the testbed {self.name} is up already: take it down first")
                self._unmake()
            self.state.mkdir(mode=0o700, parents=True)
            descriptor = os.open(self.state, os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(descriptor)

    def _bring_up(self, specs: list[HostSpec], owner: int | None) -> None:
        known = [self._host(number, spec.kind, spec.name) for number, spec in enumerate(specs)]
        self._hosts = {host.name: host for host in known}
        host_keys = files.write(self)
        plan: Plan = {
            "owner": owner,
            "cgroup": str(self.cgroup),
            "address": f"{_NETWORK4}.1/24",
            "address6": f"{_NETWORK6}::1/64",
            "hosts": [_host_plan(self[spec.name], spec, host_keys[spec.name]) for spec in specs],
        }
        files.write_private(self.state / "plan.json", json.dumps(plan, indent=1))
        with self._supervisor() as adopt:
            self.wait(known, BOOT_TIMEOUT + 3 * len(known))
            adopt()

    @contextlib.contextmanager
    def _supervisor(self) -> Iterator[Callable[[], None]]:
        """Start the supervisor; it ends with this process, until it is adopted."""
        log = self.state / "supervisor.log"
        with log.open("w") as output:
            starter = subprocess.Popen(
                [sys.executable, "-ISE", supervisor.__file__, str(self.state)],
                env={"PATH": machine.SYSTEM_PATH, "LC_ALL": "C.UTF-8"},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        assert starter.stdin is not None
        with starter.stdin as pipe:

            def adopt() -> None:
                pipe.write(b".")
                pipe.flush()

            if starter.wait(timeout=30) != 0:
                raise TestbedError(f"the testbed {self.name} did not start: {_last_line(log)}")
            yield adopt


def _specs(hosts: Iterable[str | HostSpec], binds: tuple[tuple[Path, Path], ...]) -> list[HostSpec]:
    """The hosts asked for, those asked for by text first."""
    asked = list(hosts)
    specs = parse_specs([text for text in asked if isinstance(text, str)])
    specs += [spec for spec in asked if isinstance(spec, HostSpec)]
    names = [spec.name for spec in specs]
    if not specs:
        raise SpecError("a testbed needs at least one host")
    if len(specs) > _MOST_HOSTS:
        raise SpecError(f"a testbed has at most {_MOST_HOSTS} hosts")
    for name in names:
        if not NAME.fullmatch(name):
            raise SpecError(f"{name!r} is not a name: lower-case letters, digits and -, up to 32")
        if names.count(name) > 1:
            raise SpecError(f"two hosts are named {name}")
    return [replace(spec, binds=(*spec.binds, *binds)) for spec in specs]


def _host_plan(host: Host, spec: HostSpec, own_files: dict[str, str]) -> HostPlan:
    binds = [(str(source), str(destination)) for source, destination in spec.binds]
    links: dict[str, str] = {}
    if host.kind.python37:
        version = machine.python37()
        assert version is not None
        binds.append((str(version), str(version)))
        links = dict.fromkeys(
            ("/usr/bin/python3.7", "/usr/bin/python3"),
            str(version / "bin" / "python3.7"),
        )
    return {
        "name": host.name,
        "tree": str(base_tree.path_of(host.kind.tree)),
        "files": own_files,
        "links": links,
        "binds": binds,
    }


def _cgroups() -> Path:
    hierarchy = machine.cgroup2()
    if hierarchy is None:
        raise machine.Unavailable("no cgroup2 file system is mounted")
    return hierarchy / "longlived-tcp-hosts"


@contextlib.contextmanager
def _lock(directory: Path, *, wait: bool) -> Iterator[bool]:
    if not directory.exists():
        yield True
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)


def _until(condition: Callable[[], bool], timeout: float, complaint: str) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TestbedError(complaint)
        time.sleep(0.05)


def _answers_ssh(host: Host) -> bool:
    try:
        for address in (host.address, host.address6):
            with host.testbed.connect(address, 22, timeout=0.5) as connection:
                connection.settimeout(2)
                if not connection.recv(8).startswith(b"SSH-2.0-"):
                    return False
    except OSError:
        return False
    return True


def _pid_inside(pid: int) -> int | None:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return int(line.split()[-1])
    return None


def _last_line(log: Path) -> str:
    return next(iter(log.read_text().strip().splitlines()[-1:]), "it said nothing")
