# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a new connection gets, for real sockets of every kind."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

import pytest

from .cgroups import FAR4, FAR6, OWN, PORT, Cgroup, connected, settings

GIVEN = (1, 45, 45, 9)
KERNELS = (0, 7200, 75, 9)
MAPPED = f"::ffff:{FAR4}"
MSG_FASTOPEN, TCP_FASTOPEN_CONNECT = 0x20000000, 30


def option(level: int, name: int, value: int) -> Callable[[socket.socket], None]:
    return lambda one: one.setsockopt(level, name, value)


def times(*values: int) -> Callable[[socket.socket], None]:
    def prepare(one: socket.socket) -> None:
        for name, value in zip((socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT), values, strict=False):
            one.setsockopt(socket.IPPROTO_TCP, name, value)

    return prepare


def test_without_programs_nothing_is_set(cgroup: Cgroup) -> None:
    assert cgroup.inside(connected) == KERNELS


@pytest.mark.parametrize("address", [FAR4, FAR6, MAPPED])
def test_every_address(cgroup: Cgroup, address: str) -> None:
    cgroup.attach()
    assert cgroup.inside(lambda: connected(address)) == GIVEN


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        (lambda one: one.setblocking(False), GIVEN),
        (option(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0), GIVEN),
        (option(socket.IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1), GIVEN),
        # Times of its own that are short enough stay.
        (times(20, 10, 3), (1, 20, 10, 3)),
        (times(311, 311, 2), (1, 311, 311, 2)),
        # One that is too long, and all three are replaced.
        (times(312, 10, 3), GIVEN),
        (times(20, 312, 3), GIVEN),
    ],
    ids=["non-blocking", "off before", "fast open", "short", "just short enough", "long time", "long interval"],
)
def test_what_a_program_set_before(cgroup: Cgroup, prepare: Callable[[socket.socket], None], expected: tuple[int, ...]) -> None:
    cgroup.attach()
    assert cgroup.inside(lambda: connected(FAR4, prepare)) == expected


def test_what_a_program_sets_after_connect_wins(cgroup: Cgroup) -> None:
    def turned_off() -> tuple[int, ...]:
        with socket.socket() as one:
            one.connect_ex((FAR4, PORT))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0)
            return settings(one)

    cgroup.attach()
    assert cgroup.inside(turned_off) == (0, 45, 45, 9)


def test_fast_open_by_sending(cgroup: Cgroup) -> None:
    def sent() -> tuple[int, ...]:
        with socket.socket() as one:
            with pytest.raises(OSError):
                one.sendto(b"x", MSG_FASTOPEN, (FAR4, PORT))
            return settings(one)

    cgroup.attach()
    assert cgroup.inside(sent) == GIVEN


def test_a_second_connect(cgroup: Cgroup) -> None:
    def again() -> tuple[int, ...]:
        with socket.socket() as one:
            one.connect_ex((FAR4, PORT))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0)
            one.connect_ex((FAR4, PORT))
            return settings(one)

    cgroup.attach()
    assert cgroup.inside(again) == GIVEN


@pytest.mark.parametrize(("values", "expected"), [((300, 30, 9), (1, 300, 30, 9)), ((7200, 75, 9), GIVEN), ((60, 400, 9), GIVEN)])
def test_the_values_of_a_network_namespace(cgroup: Cgroup, values: tuple[int, int, int], expected: tuple[int, ...]) -> None:
    cgroup.attach()
    assert cgroup.inside(connected, values) == expected


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("loopback", [False, True])
def test_loopback(cgroup: Cgroup, address: str, loopback: bool) -> None:
    cgroup.attach(loopback=loopback)
    assert cgroup.inside(lambda: connected(address)) == (GIVEN if loopback else KERNELS)


@pytest.mark.parametrize("address", ["126.255.255.255", "128.0.0.1", "::2", "::1:0:1", "::ffff:126.0.0.1", "1::1"])
def test_addresses_that_look_like_loopback(cgroup: Cgroup, address: str) -> None:
    cgroup.attach()
    assert cgroup.inside(lambda: connected(address)) == GIVEN


def accepted() -> tuple[int, ...]:
    with socket.create_server((OWN, 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        one, _peer = listener.accept()
        with one:
            assert settings(client)[0] == 0
            return settings(one)


def test_an_accepted_connection_of_an_older_listener(cgroup: Cgroup) -> None:
    def late() -> tuple[int, ...]:
        with socket.create_server((OWN, 0)) as listener:
            cgroup.attach(("accept",))
            with socket.create_connection(listener.getsockname()):
                one, _peer = listener.accept()
                with one:
                    return settings(one)

    assert cgroup.inside(late) == GIVEN


def test_accepted_connections_alone(cgroup: Cgroup) -> None:
    cgroup.attach(("accept",))
    assert cgroup.inside(accepted) == GIVEN
    cgroup.detach()
    assert cgroup.inside(accepted) == KERNELS


def test_a_process_older_than_the_programs(cgroup: Cgroup) -> None:
    def older() -> tuple[int, ...]:
        cgroup.attach()
        return connected()

    assert cgroup.inside(older) == GIVEN


def test_what_is_not_tcp_is_left_alone(cgroup: Cgroup) -> None:
    def others() -> list[int]:
        found = []
        for family, kind, address in (
            (socket.AF_INET, socket.SOCK_DGRAM, (OWN, PORT)),
            (socket.AF_INET, socket.SOCK_RAW, (OWN, 0)),
            (socket.AF_UNIX, socket.SOCK_STREAM, f"\0nowhere-{os.getpid()}"),
        ):
            with socket.socket(family, kind, socket.IPPROTO_ICMP if kind == socket.SOCK_RAW else 0) as one:
                one.connect_ex(address)
                found.append(one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
        return found

    cgroup.attach()
    assert cgroup.inside(others) == [0, 0, 0]


def test_a_connection_keeps_what_it_got(cgroup: Cgroup) -> None:
    def kept() -> tuple[tuple[int, ...], tuple[int, ...]]:
        with socket.create_server((OWN, 0)) as listener:
            cgroup.attach()
            with socket.create_connection(listener.getsockname()) as client:
                cgroup.attach(times=(20, 20, 5))
                cgroup.detach()
                return settings(client), connected()

    assert cgroup.inside(kept) == (GIVEN, KERNELS)
