# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cgroup that a test makes, and processes in it with a network of their own: no program of a test reaches another process."""

from __future__ import annotations

import fcntl
import os
import pickle
import socket
import struct
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible_collections.longlived.tcp.plugins.module_utils._bpf import keepalive_default as kd

from tests.sysctl_d.namespaces import CLONE_NEWNET, unshare

OWN, FAR4, FAR6 = "198.51.100.2", "192.0.2.1", "2001:db8::1"
PORT = 9
TIMES = (45, 45, 9)
MOST = 311  # under an idle timeout of 350 s
SIOCSIFADDR, SIOCSIFFLAGS, IFF_UP = 0x8916, 0x8914, 1


class Cgroup:
    def __init__(self, path: str) -> None:
        self.path = path
        self.descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)

    def want(self, codes: Mapping[str, bytes | None]) -> list[tuple[str, str]]:
        """Have the hooks so; what was done."""
        with kd.Hooks(self.descriptor, codes) as hooks:
            hooks.apply()
            return [(step[0].__name__, step[1]) for step in hooks.steps]

    def attach(
        self, hooks: tuple[str, ...] = kd.HOOKS, times: tuple[int, int, int] = TIMES, most: int = MOST, loopback: bool = False
    ) -> list[tuple[str, str]]:
        return self.want(kd.codes(hooks, times, most, loopback))

    def detach(self) -> list[tuple[str, str]]:
        return self.want(dict.fromkeys(kd.HOOKS))

    def inside(self, function: Callable[[], Any], times: tuple[int, int, int] | None = None) -> Any:
        """What a function returns in a process of this cgroup, in a network namespace with these values."""
        receive, send = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(receive)
                with open(f"{self.path}/cgroup.procs", "w") as stream:
                    stream.write(str(os.getpid()))
                unshare(CLONE_NEWNET)
                give_address()
                for name, value in zip(("time", "intvl", "probes"), times or (), strict=False):
                    with open(f"/proc/sys/net/ipv4/tcp_keepalive_{name}", "w") as stream:
                        stream.write(str(value))
                answer = True, function()
            except BaseException:
                answer = False, traceback.format_exc()
            os.write(send, pickle.dumps(answer))
            os._exit(0)
        os.close(send)
        with os.fdopen(receive, "rb") as stream:
            done, value = pickle.loads(stream.read())
        os.waitpid(child, 0)
        assert done, value
        return value


@contextmanager
def made() -> Iterator[Cgroup]:
    root = kd.open_root()
    try:
        path = f"/proc/self/fd/{root}/longlived-test-{os.getpid()}"
        os.mkdir(path)
        try:
            cgroup = Cgroup(os.path.realpath(path))
            try:
                yield cgroup
            finally:
                cgroup.detach()
                os.close(cgroup.descriptor)
        finally:
            os.rmdir(path)
    finally:
        os.close(root)


def give_address() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        fcntl.ioctl(one, SIOCSIFADDR, struct.pack("=16sH2s4s8s", b"lo", socket.AF_INET, b"", socket.inet_aton(OWN), b""))
        fcntl.ioctl(one, SIOCSIFFLAGS, struct.pack("=16sH14s", b"lo", IFF_UP, b""))


def settings(one: socket.socket) -> tuple[int, ...]:
    """Whether keepalive is on, and its time, interval and probes."""
    return (
        one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
        *(one.getsockopt(socket.IPPROTO_TCP, option) for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)),
    )


def connected(address: str = FAR4, prepare: Callable[[socket.socket], object] = lambda one: None) -> tuple[int, ...]:
    """What a socket has after connect(2), which has no route and sends nothing."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as one:
        prepare(one)
        one.connect_ex((address, PORT))
        return settings(one)
