# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""MPTCP sockets, with which Go listens by default: their subflows are seen, re-armed where the kernel allows it, or failures."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import descriptors, rearm

from .calls import judged, look, rescue, row_of
from .connections import TCP_KEEPIDLE, Connections, Pair, is_on, kernel

PROTECTED, STALE = ("protected", None), ("stale", None)
BOTH = ("stale", "unprotected")
IPPROTO_MPTCP = 262


@pytest.fixture
def mptcp(connections: Connections) -> Pair:
    """A client that asked for keepalive under 7200 s and what its server accepted, both of MPTCP; the kernel's time is 45 s."""
    try:
        Path("/proc/sys/net/mptcp/enabled").write_text("1")
        with ExitStack() as stack:
            listener = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP))
    except OSError as error:
        pytest.skip(f"this kernel has no MPTCP: {error}")
    kernel(7200)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client = connections._stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        client.connect(listener.getsockname())
        server = connections._stack.enter_context(listener.accept()[0])
    server.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    kernel(45)
    return client, server


def numbers(done: dict[str, object]) -> tuple[object, ...]:
    assert done["failures"] == []
    return done["rearmed"], done["enabled"], done["pinned"]


def test_both_ends_are_seen_and_re_armed(mptcp: Pair) -> None:
    for end in mptcp:
        assert judged(end) == judged(end, socket_options=True) == STALE
    foreseen = rescue(check_mode=True)
    assert judged(mptcp[0]) == STALE
    assert numbers(foreseen) == numbers(rescue()) == (2, 0, 0)
    for end in mptcp:
        assert judged(end) == judged(end, socket_options=True) == PROTECTED
        assert row_of(end)["next_probe"] <= 45
    assert numbers(rescue()) == (0, 0, 0)


def test_it_goes_on_following_the_kernel(mptcp: Pair) -> None:
    rescue()
    kernel(30)
    assert mptcp[0].getsockopt(socket.IPPROTO_TCP, TCP_KEEPIDLE) == 30


def test_what_never_asked_is_enabled(mptcp: Pair) -> None:
    client, server = mptcp
    for end in mptcp:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0)
    assert judged(client) == ("unprotected", "disabled")
    assert numbers(rescue(select=BOTH)) == (0, 2, 0)
    assert is_on(client) and judged(server) == PROTECTED


def test_values_that_are_asked_for_are_pinned(mptcp: Pair) -> None:
    done = rescue(values={"time": 30, "intvl": 10})
    assert done["failures_total"] or (numbers(done) == (2, 0, 2) and row_of(mptcp[0])["next_probe"] <= 30)


def test_in_check_mode_nothing_is_done(mptcp: Pair) -> None:
    rescue(check_mode=True)
    assert [judged(end) for end in mptcp] == [STALE, STALE]


def test_the_stream_goes_on(mptcp: Pair) -> None:
    client, server = mptcp
    rescue()
    client.sendall(b"ping")
    assert server.recv(4) == b"ping"
    client.close()
    assert server.recv(4) == b""


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Kernels as they were: SO_KEEPALIVE reaches the subflows or does not, the times do not."""
    put = descriptors.put

    def made(*, reaches: bool) -> None:
        def refusing(copy: int, option: tuple[int, int], value: int) -> None:
            if option != descriptors.KEEPALIVE:
                raise descriptors.Unreachable(f"Cannot set the options of the socket: {os.strerror(errno.EOPNOTSUPP)}.")
            if reaches:
                put(copy, option, value)

        monkeypatch.setattr(rearm, "put", refusing)

    return made


def test_a_kernel_on_which_nothing_reaches_the_subflows(mptcp: Pair, older: Any) -> None:
    older(reaches=False)
    done = rescue()
    assert (done["changed"], done["failures_total"]) == (False, 2)
    assert done["failures"][0]["reason"].startswith("It is an MPTCP connection, whose timer this kernel (")
    assert judged(mptcp[0]) == STALE


def test_a_kernel_on_which_times_do_not_reach_the_subflows(mptcp: Pair, older: Any) -> None:
    older(reaches=True)
    assert rescue(values={"time": 30})["failures_total"] == 2
    assert numbers(rescue(idle_timeout=51)) == (2, 0, 0)  # a probe that is nearly too late: the time would be set
    assert [judged(end, idle_timeout=51) for end in mptcp] == [PROTECTED, PROTECTED]


def test_a_count_has_both_subflows(mptcp: Pair) -> None:
    assert look(socket_options=True)["summary"]["stale"] == 2
