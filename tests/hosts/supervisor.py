# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process that holds a testbed together.

It is pid 1 of a pid namespace and lives in mount and network namespaces of its own: the bridge,
the hosts' mounts and all their processes are inside. So when it ends, however it ends, the kernel
unmakes everything.

Run by path as `python -ISE supervisor.py STATE_DIR`, with the pipe of the `up` that wants it as stdin:
until a byte has come from it, the end of that pipe is the end of the testbed.
"""

from __future__ import annotations

import array
import ctypes
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

BRIDGE = "lan"
REBOOT = 133
"""systemd-nspawn's exit status when the host wants to boot again."""

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_PRIVATE_EVERYWHERE = 0x4000 | 0x40000

CGROUPS = Path("/sys/fs/cgroup")
"""Where the supervisor mounts its cgroup2, whatever the machine has there."""


class HostPlan(TypedDict):
    name: str
    tree: str
    files: dict[str, str]
    """Written over files that the tree has: owner and mode are the tree's."""
    links: dict[str, str]
    binds: list[tuple[str, str]]


class Plan(TypedDict):
    owner: int | None
    cgroup: str
    address: str
    """The bridge's own."""
    address6: str
    hosts: list[HostPlan]


class HostStatus(TypedDict):
    state: str
    """booting, running or down."""
    boots: int
    """How many boots have been finished."""
    exit_status: int | None


_libc = ctypes.CDLL(None, use_errno=True)


def _unshare(flags: int) -> None:
    if _libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def _mount(source: str, target: Path, kind: str, options: str = "", flags: int = 0) -> None:
    target.mkdir(parents=True, exist_ok=True)
    arguments = (
        source.encode(),
        os.fsencode(target),
        kind.encode(),
        flags,
        options.encode(),
    )
    if _libc.mount(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"mount {kind} {options}", str(target))


def _ip(*lines: str) -> None:
    subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)


def remove_cgroup(path: Path) -> None:
    """Remove a cgroup whose processes have ended, with all below it."""
    deadline = time.monotonic() + 10
    while path.exists():
        try:
            for directory, _directories, _files in os.walk(path, topdown=False):
                os.rmdir(directory)
        except FileNotFoundError:
            continue
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


@dataclass
class Host:
    plan: HostPlan
    directory: Path
    notify: socket.socket
    pid: int = 0
    state: str = "down"
    boots: int = 0
    exit_status: int | None = None

    @property
    def root(self) -> Path:
        return self.directory / "root"

    def furnish(self) -> None:
        """Make the host's disk: an empty layer over the base tree, and what is its own."""
        upper, work = self.directory / "upper", self.directory / "work"
        for directory in (upper, work, self.root):
            directory.mkdir(parents=True)
        upper.chmod(0o755)
        layers = f"lowerdir={self.plan['tree']},upperdir={upper},workdir={work}"
        _mount("overlay", self.root, "overlay", layers)
        for path, text in self.plan["files"].items():
            self._inside(path).write_text(text)
        for path, target in self.plan["links"].items():
            self._inside(path).symlink_to(target)
        for _source, destination in self.plan["binds"]:
            # Let every user pass to what is bound, even if it is below /root.
            for parent in list(Path(destination).parents)[:-1]:
                directory = self._inside(str(parent))
                directory.mkdir(parents=True, exist_ok=True)
                directory.chmod(directory.stat().st_mode | 0o111)

    def _inside(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def boot(self, log: Path) -> None:
        name = self.plan["name"]
        cgroup = CGROUPS / f"host-{name}"
        remove_cgroup(cgroup)
        cgroup.mkdir()
        binds = [f"--bind-ro={source}:{target}" for source, target in self.plan["binds"]]
        command = [
            "systemd-nspawn",
            "--quiet",
            "--boot",
            f"--directory={self.root}",
            f"--machine={name}",
            f"--network-bridge={BRIDGE}",
            "--register=no",
            "--keep-unit",
            "--notify-ready=yes",
            "--console=read-only",
            "--system-call-filter=pidfd_getfd bpf",
            *binds,
        ]
        enter = f'echo 0 >{cgroup}/cgroup.procs && exec "$@"'
        self.pid = os.posix_spawnp(
            "sh",
            ["sh", "-c", enter, "sh", *command],
            {**os.environ, "NOTIFY_SOCKET": f"@{name}"},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (
                    os.POSIX_SPAWN_OPEN,
                    1,
                    log,
                    os.O_WRONLY | os.O_CREAT | os.O_APPEND,
                    0o600,
                ),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsigmask=[],
            setsigdef=[signal.SIGPIPE],
        )
        self.state = "booting"

    def notified(self) -> None:
        if b"READY=1" in self.notify.recv(4096).split(b"\n"):
            self.state = "running"
            self.boots += 1

    def status(self) -> HostStatus:
        return {
            "state": self.state,
            "boots": self.boots,
            "exit_status": self.exit_status,
        }


class Supervisor:
    def __init__(self, state: Path, plan: Plan, server: socket.socket, owner: int | None) -> None:
        self._state = state
        self._server = server
        self._owner = owner
        self._selector = selectors.DefaultSelector()
        self._hosts: dict[str, Host] = {}
        for host in plan["hosts"]:
            notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            notify.bind(f"\0{host['name']}")
            self._hosts[host["name"]] = Host(host, state / "hosts" / host["name"], notify)

    def run(self) -> None:
        children, wakeup = socket.socketpair()
        children.setblocking(False)
        wakeup.setblocking(False)
        signal.set_wakeup_fd(wakeup.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)

        def reap() -> None:
            children.recv(4096)
            self._reap()

        self._watch(children, reap)
        self._watch(self._server, self._serve)
        self._watch(0, self._adopted)
        if self._owner is not None:
            self._watch(self._owner, lambda: sys.exit("the owner has ended"))
        for host in self._hosts.values():
            self._watch(host.notify, host.notified)
            host.furnish()
            host.boot(self._log(host))
        while True:
            for key, _events in self._selector.select():
                key.data()

    def _watch(self, source: socket.socket | int, act: Callable[[], None]) -> None:
        self._selector.register(source, selectors.EVENT_READ, act)

    def _log(self, host: Host) -> Path:
        return self._state / f"{host.plan['name']}.log"

    def _adopted(self) -> None:
        if not os.read(0, 1):
            sys.exit("nobody waited for this testbed to be up")
        self._selector.unregister(0)

    def _reap(self) -> None:
        by_pid = {host.pid: host for host in self._hosts.values()}
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if host := by_pid.get(pid):
                host.state = "down"
                host.exit_status = os.waitstatus_to_exitcode(status)
                if host.exit_status == REBOOT:
                    host.boot(self._log(host))

    def _serve(self) -> None:
        """One request a connection: a socket on the testbed's network, how the hosts are, power on."""
        client, _address = self._server.accept()
        with client:
            client.settimeout(1)
            try:
                request = client.recv(4096).decode().split()
                if request[:1] == ["socket"]:
                    family = socket.AF_INET6 if request[1:] == ["6"] else socket.AF_INET
                    with socket.socket(family, socket.SOCK_STREAM) as made:
                        rights = array.array("i", [made.fileno()])
                        client.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
                elif request[:1] == ["hosts"]:
                    statuses = {name: host.status() for name, host in self._hosts.items()}
                    client.send(json.dumps(statuses).encode())
                elif request[:1] == ["start"]:
                    host = self._hosts[request[1]]
                    if host.state == "down":
                        host.boot(self._log(host))
                    client.send(b".")
            except (OSError, LookupError, ValueError) as error:
                print(f"a request was not answered: {error!r}", file=sys.stderr)


def main(state: Path) -> None:
    plan: Plan = json.loads((state / "plan.json").read_text())
    owner = None if plan["owner"] is None else os.pidfd_open(plan["owner"])
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
    server.bind(str(state / "supervisor.sock"))
    server.listen(64)

    # All that the testbed runs is below this cgroup, so `down` finds it whatever has happened.
    cgroup = Path(plan["cgroup"])
    cgroup.mkdir(parents=True, exist_ok=True)
    (cgroup / "cgroup.procs").write_text("0")
    _unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWCGROUP)
    if os.fork():
        os._exit(0)

    os.setsid()
    os.umask(0o022)
    os.chdir("/")
    _mount("none", Path("/"), "none", flags=MS_PRIVATE_EVERYWHERE)
    _mount("proc", Path("/proc"), "proc")
    _mount("sysfs", Path("/sys"), "sysfs")
    _mount("cgroup2", CGROUPS, "cgroup2")
    _mount("tmpfs", Path("/run/systemd"), "tmpfs", "mode=0755")
    _mount("tmpfs", state / "hosts", "tmpfs", "mode=0755,size=75%")
    (CGROUPS / "supervisor").mkdir()
    (CGROUPS / "supervisor" / "cgroup.procs").write_text("0")
    _ip(
        "link set lo up",
        f"link add {BRIDGE} type bridge forward_delay 0",
        f"address add {plan['address']} dev {BRIDGE}",
        # Until duplicate address detection has ended, an address is no source address.
        f"address add {plan['address6']} dev {BRIDGE} nodad",
        f"link set {BRIDGE} up",
    )
    for family in ("ipv4", "ipv6"):
        # A host that was asked for before it was there is asked for again at once, not in 1 s.
        Path(f"/proc/sys/net/{family}/neigh/{BRIDGE}/retrans_time_ms").write_text("50")
    Supervisor(state, plan, server, owner).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
