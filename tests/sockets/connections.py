# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A network namespace of its own for each test, which its process is in, and real connections in it."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.sysctl_d.namespaces import CLONE_NEWNET, _libc, unshare

KEEPALIVE = Path("/proc/sys/net/ipv4")
TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT = socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT

Pair = tuple[socket.socket, socket.socket]


@contextmanager
def network() -> Iterator[None]:
    """Be in a new network namespace with a loopback interface for a while."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    unshare(CLONE_NEWNET)
    try:
        run("ip link set lo up")
        yield
    finally:
        assert _libc.setns(home, CLONE_NEWNET) == 0
        os.close(home)


def join(pid: int) -> None:
    """Be in another process's network namespace from now on."""
    with open(f"/proc/{pid}/ns/net") as there:
        assert _libc.setns(there.fileno(), CLONE_NEWNET) == 0


def run(command: str) -> str:
    return subprocess.run(command.split(), check=True, capture_output=True, text=True).stdout


def kernel(time: int, intvl: int = 45, probes: int = 9) -> None:
    """The namespace's values from now on."""
    for name, value in (("time", time), ("intvl", intvl), ("probes", probes)):
        (KEEPALIVE / f"tcp_keepalive_{name}").write_text(str(value))


def lose_everything() -> None:
    """From now on no packet arrives."""
    run("nft add table inet lost")
    run("nft add chain inet lost incoming {type filter hook input priority 0; policy drop; }")


def lose_nothing() -> None:
    run("nft delete table inet lost")


class Connections:
    """Opens connections, and closes what is left of them at the end."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def listener(self, address: str = "127.0.0.1", *, keepalive: bool = False, backlog: int = 1024) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = self._stack.enter_context(socket.socket(family))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, keepalive)
        listener.bind((address, 0))
        listener.listen(backlog)
        return listener

    def connect(self, to: str, port: int, *, keepalive: bool = True, family: int | None = None) -> socket.socket:
        client = self._stack.enter_context(socket.socket(family or (socket.AF_INET6 if ":" in to else socket.AF_INET)))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, keepalive)
        client.connect((to, port))
        return client

    def pair(self, address: str = "127.0.0.1", *, keepalive: bool = True) -> Pair:
        """A client and what its server accepted; `keepalive` is the client's."""
        with self.listener(address) as listener:
            client = self.connect(address, listener.getsockname()[1], keepalive=keepalive)
            return client, self._stack.enter_context(listener.accept()[0])


def is_on(one: socket.socket) -> bool:
    return bool(one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))


def settings(one: socket.socket) -> tuple[int, ...]:
    """All that a rescue may change on a socket."""
    own = [one.getsockopt(socket.IPPROTO_TCP, option) for option in (TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT)]
    return (one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), *own)


def shown(address: tuple[str, int]) -> str:
    """As ss writes it."""
    return f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"
