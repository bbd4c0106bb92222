# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Killed with SIGKILL at any moment, a rescue leaves no socket worse off than it was."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from random import Random

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import watchdog

from .calls import rescue
from .connections import Connections, is_on, kernel, settings

KILLS = 100
PAIRS = 150


@pytest.mark.parametrize("processes", [1, 2])
def test_killed_at_any_moment(connections: Connections, processes: int, request: pytest.FixtureRequest) -> None:
    if processes == 2:
        request.getfixturevalue("in_two_processes")
    clients = [connections.pair()[0] for _turn in range(PAIRS)]
    dice = Random(6)
    seconds = run(clients, None)
    killed = unfinished = 0
    # On a busy machine many kills come before the first socket or after the last, and show nothing.
    while killed < KILLS or unfinished <= KILLS / 10:
        assert killed < 10 * KILLS, "most kills hit nothing"
        delay = dice.uniform(0, 1.1 * seconds)
        took = run(clients, delay)
        killed += took == delay
        off = [one.getsockname() for one in clients if not is_on(one)]
        assert off == [], f"turned off by kill number {killed}"
        assert {settings(one) for one in clients} == {(1, 45, 45, 9)}
        left = rescue(check_mode=True)["rearmed"]
        unfinished += 0 < left < PAIRS
    print(f"{killed} kills, {unfinished} of them between the first socket and the last")


def run(clients: list[socket.socket], kill_after: float | None) -> float:
    """A rescue of stale sockets in a process of its own, from its first change on; how long that took, or until it was killed."""
    kernel(7200)
    for one in clients:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    kernel(45)
    owner = os.getpid()
    alive, held = os.pipe()  # closed when the last of its processes has ended
    began, begin = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(alive)
        os.setpgid(0, 0)
        try:
            work(owner, begin)
        finally:
            os._exit(0)
    os.close(held)
    os.close(begin)
    assert os.read(began, 1) == b"."
    os.close(began)
    start = time.monotonic()
    took = None
    if kill_after is not None:
        while time.monotonic() - start < kill_after:
            pass  # a sleep would be late by more than the moments that matter
        os.killpg(pid, signal.SIGKILL)  # as Ansible's async timeout does
    _pid, status = os.waitpid(pid, 0)
    took = kill_after if kill_after is not None and os.WIFSIGNALED(status) else time.monotonic() - start
    assert os.read(alive, 1) == b""
    os.close(alive)
    return took


def work(owner: int, begin: int) -> None:
    start = watchdog.Watchdog.start

    def started(watcher: object) -> None:
        start(watcher)
        with contextlib.suppress(BrokenPipeError):  # a second process is the second to say so
            os.write(begin, b".")

    watchdog.Watchdog.start = started
    rescue(pids=[owner])


def test_the_watchdog_is_out_of_the_group_before_a_socket_is_touched() -> None:
    for _turn in range(20):
        with watchdog.Watchdog() as watcher:
            watcher.start()
            assert os.getsid(watcher._pid) == watcher._pid != os.getsid(0)
