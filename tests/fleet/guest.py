# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The process that is a host: process 1 of its own namespaces, at whose end the kernel unmakes them all.

It says its number on stdout, and then answers calls as tests.sysctl_d.guest does, for as long as its stdin is open.
"""

from __future__ import annotations

import codecs
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ansible_collections.longlived.tcp.plugins.module_utils._bpf import keepalive_default

from tests.new_sockets.other_owner import attach_alone
from tests.sysctl_d.guest import enter, serve
from tests.sysctl_d.namespaces import mount

# Not an address of the host's, and still its own to answer at: a connection to it is not one to the host itself.
OWN_ADDRESS, OTHER_ADDRESS = "198.51.100.2", "198.51.100.1"
PORT = 5432

KEEPALIVE = Path("/proc/sys/net/ipv4")
NAMES = ("time", "intvl", "probes")
USERS = {"root": 0, "admin": 1000, "alice": 1001}

# Made anew for each host, and what is compared afterwards; enter() has made /run.
OWN = ("etc", "home")
COMPARED = (*OWN, "run", "usr/local/lib/longlived-tcp")

SYSTEMD = Path("/usr/lib/systemd/systemd")

# Where this machine's libraries are, for those that are not where the linker looks by itself.
LINKER_CACHE = Path("/etc/ld.so.cache")


@dataclass(frozen=True)
class State:
    """What a host is like before a run, and what is asked of it."""

    name: str
    values: tuple[int, int, int] = (7200, 75, 9)
    files: dict[str, str] = field(default_factory=dict)
    connection: bool = False
    """Whether a connection is open that was armed under 7200 seconds."""
    taken: str = ""
    """The hook for new connections that another owner's program has for itself."""
    prepare: str = ""
    """What else was done to it, by sh."""
    variables: dict[str, object] = field(default_factory=dict)
    python: str = os.path.realpath(sys.executable)
    """The host's own."""
    reachable: bool = True


def main(name: str, *show: str) -> None:
    print(os.readlink("/proc/self"), flush=True)  # as this machine counts, while /proc is still its own
    codecs.lookup("idna")  # sockets need it, and it is not found inside
    cache = LINKER_CACHE.read_bytes() if LINKER_CACHE.exists() else b""
    enter("/", show)
    socket.sethostname(name)
    os.umask(0o022)
    mount("tmpfs", "/tmp", "tmpfs", "mode=1777")
    for directory in OWN:
        mount("tmpfs", f"/{directory}", "tmpfs", "mode=755")
    subprocess.run(["ip", "-batch", "-"], input=f"link set lo up\naddress add {OWN_ADDRESS}/24 dev lo\n", text=True, check=True)
    LINKER_CACHE.write_bytes(cache)
    os.makedirs("/etc/sysctl.d")
    os.makedirs("/etc/systemd/system")
    if not SYSTEMD.exists():  # installed, and not what runs
        SYSTEMD.parent.mkdir(parents=True, exist_ok=True)
        SYSTEMD.touch()
    Path("/etc/passwd").write_text("".join(f"{user}:x:{uid}:{uid}::/home/{user}:/bin/sh\n" for user, uid in USERS.items()))
    Path("/etc/group").write_text("".join(f"{user}:x:{uid}:\n" for user, uid in USERS.items()))
    # A user of the host may pass to where its Python is, as on every host.
    for parent in Path(sys.base_prefix).parents:
        parent.chmod(parent.stat().st_mode | 0o111)
    serve()


# --- what the test calls ---------------------------------------------------------------------------

_open: list[socket.socket] = []


def be(state: State) -> None:
    """Put this host, which is new, into a state."""
    for user in USERS:
        os.makedirs(f"/home/{user}/.aws")
    if state.connection:
        with socket.create_server((OTHER_ADDRESS, PORT)) as listener:
            client = socket.create_connection(listener.getsockname(), source_address=(OWN_ADDRESS, PORT))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            _open.extend([client, listener.accept()[0]])
    for name, value in zip(NAMES, state.values, strict=True):
        (KEEPALIVE / f"tcp_keepalive_{name}").write_text(str(value))
    for path, text in state.files.items():
        Path(path).write_text(text)
    for user, uid in USERS.items():
        for entry in (Path("/home", user), *Path("/home", user).rglob("*")):
            os.chown(entry, uid, uid)
            entry.chmod(0o700 if entry.is_dir() else 0o600)
    if state.taken:
        attach_alone(keepalive_default.open_root(), state.taken)
    if state.prepare:
        subprocess.run(["sh", "-euc", state.prepare], check=True)


class File(NamedTuple):
    mode: int
    owner: int
    group: int
    text: str | None
    """What a link leads to, and None where it is neither a link nor a regular file."""
    changed: int
    number: int

    @property
    def lasting(self) -> tuple[object, ...]:
        """Without what another file that is the same has differently."""
        return self[:4]


class Look(NamedTuple):
    """What a run may change."""

    runtime: tuple[int, ...]
    files: dict[str, File]
    programs: tuple[str, ...]
    """The hooks that have programs for new connections."""
    armed: list[float]
    """The seconds to the next probe of each connection whose timer is that of keepalive."""

    @property
    def lasting(self) -> tuple[object, ...]:
        return self.runtime, {path: file.lasting for path, file in self.files.items()}, self.programs


def look() -> Look:
    return Look(
        tuple(int((KEEPALIVE / f"tcp_keepalive_{name}").read_text()) for name in NAMES),
        {str(path): _file(path) for path in _compared()},
        _programs(),
        _armed(),
    )


def _compared() -> Iterator[Path]:
    for name in COMPARED:
        if (top := Path("/", name)).exists():
            yield top
            yield from (path for path in top.rglob("*") if path != LINKER_CACHE)


def _programs() -> tuple[str, ...]:
    cgroup = keepalive_default.open_root()
    try:
        return tuple(hook for hook in keepalive_default.HOOKS if keepalive_default.query(cgroup, hook)[1])
    finally:
        os.close(cgroup)


def _file(path: Path) -> File:
    status = path.lstat()
    text = None
    if stat.S_ISREG(status.st_mode):
        text = path.read_text("latin-1")
    elif stat.S_ISLNK(status.st_mode):
        text = os.readlink(path)
    return File(status.st_mode, status.st_uid, status.st_gid, text, status.st_mtime_ns, status.st_ino)


def _armed() -> list[float]:
    timers = [line.split()[5].split(":") for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [int(ticks, 16) / os.sysconf("SC_CLK_TCK") for kind, ticks in timers if kind == "02"]
