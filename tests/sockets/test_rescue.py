# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chosen connections are protected, nobody else's are touched, and the stream is unharmed."""

from __future__ import annotations

import hashlib
import itertools
import mmap
import os
import random
import resource
import select
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import descriptors, processes, rearm
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.owners import Owner
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.processes import Process
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.watchdog import Watchdog

from tests.sysctl_d.namespaces import _libc

from .calls import judged, look, rescue, row_of
from .connections import TCP_KEEPIDLE, Connections, Pair, is_on, kernel, settings
from .processes import child

PROTECTED, STALE = ("protected", None), ("stale", None)
BOTH = ("stale", "unprotected")

PR_SET_NAME = 15


def stale(connections: Connections, number: int = 1) -> list[socket.socket]:
    """Clients, and the servers beside them, which never asked for keepalive."""
    kernel(7200)
    kept = [one for _turn in range(number) for one in connections.pair()]
    kernel(45)
    assert judged(kept[0]) == STALE
    return kept


def numbers(done: dict[str, object]) -> tuple[object, ...]:
    assert done["failures"] == []
    return done["rearmed"], done["enabled"], done["pinned"]


# --- what it does --------------------------------------------------------------------------------


def test_a_stale_timer_is_re_armed_and_nothing_else_changes(connections: Connections) -> None:
    client, server = stale(connections)
    before = settings(client), settings(server)
    opened = os.listdir("/proc/self/fd")
    assert numbers(rescue()) == (1, 0, 0)
    assert len(os.listdir("/proc/self/fd")) == len(opened)
    assert judged(client) == PROTECTED
    assert row_of(client)["next_probe"] <= 45
    assert (settings(client), settings(server)) == before
    # It goes on following the kernel's values: nothing is pinned.
    kernel(46)
    assert client.getsockopt(socket.IPPROTO_TCP, TCP_KEEPIDLE) == 46


def test_a_second_run_changes_nothing(connections: Connections) -> None:
    stale(connections)
    assert rescue(select=BOTH)["changed"] is True
    again = rescue(select=BOTH)
    assert (again["changed"], *numbers(again)) == (False, 0, 0, 0)


def test_check_mode_says_the_same_and_changes_nothing(connections: Connections) -> None:
    client, server = stale(connections)
    before = settings(client), settings(server), judged(client)
    foreseen = rescue(select=BOTH, check_mode=True)
    assert (settings(client), settings(server), judged(client)) == before
    done = rescue(select=BOTH)
    # But for the seconds that have gone by.
    foreseen["diff"]["before"] = done["diff"]["before"]
    assert foreseen == done
    assert numbers(done) == (1, 1, 0)
    assert "keepalive off\n" in done["diff"]["before"] and "keepalive on, re-armed\n" in done["diff"]["after"]
    assert "keepalive on\n" in done["diff"]["after"]


def test_what_never_asked_is_enabled_only_if_that_is_chosen(connections: Connections) -> None:
    client, server = connections.pair(keepalive=False)
    assert numbers(rescue()) == (0, 0, 0)
    assert not is_on(client) and not is_on(server)
    assert numbers(rescue(select=["unprotected"])) == (0, 2, 0)
    assert judged(client) == judged(server) == PROTECTED
    assert settings(client) == (1, 45, 45, 9)


def test_values_that_are_asked_for_are_pinned(connections: Connections) -> None:
    client, server = stale(connections)
    assert numbers(rescue(select=BOTH, values={"time": 30, "intvl": 10, "probes": 5})) == (1, 1, 2)
    assert settings(client) == settings(server) == (1, 30, 10, 5)
    assert row_of(client)["next_probe"] <= 30


def test_a_long_value_of_its_own_is_replaced_by_the_kernels(connections: Connections) -> None:
    client, _server = connections.pair()
    client.setsockopt(socket.IPPROTO_TCP, TCP_KEEPIDLE, 7200)
    assert numbers(rescue()) == (0, 0, 0)  # it looks stale, and is not
    assert client.getsockopt(socket.IPPROTO_TCP, TCP_KEEPIDLE) == 7200
    assert numbers(rescue(select=BOTH)) == (1, 1, 1)
    assert settings(client) == (1, 45, 45, 9)
    assert judged(client) == judged(client, socket_options=True) == PROTECTED


def test_a_kernel_value_that_is_too_long_is_said(connections: Connections) -> None:
    kernel(7200, 75)
    client, _server = connections.pair()
    done = rescue(select=BOTH)
    assert done["changed"] is False and done["failures_total"] == 2
    assert "With time 7200 and intvl 75 its probes would come too late: set shorter ones" in done["failures"][0]["reason"]
    assert numbers(rescue(select=BOTH, values={"time": 45})) == (1, 1, 2)
    assert judged(client, socket_options=True) == PROTECTED


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"time": 312}, "time is 312, and a timer of that length may fire up to an eighth later, beyond idle_timeout (350): 311 at most."),
        ({"intvl": 312}, "intvl is 312, "),
        ({"time": 0}, "time is 0, and must be from 1 to 32767."),
        ({"probes": 128}, "probes is 128, and must be from 1 to 127."),
    ],
)
def test_values_that_cannot_protect_are_refused(values: dict[str, int], said: str) -> None:
    with pytest.raises(UserError, match=r"\.$") as error:
        rescue(values=values)
    assert str(error.value).startswith(said)


@contextmanager
def probes() -> Iterator[socket.socket]:
    """Every packet of this namespace, as the interface sees it."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800)) as wire:
        wire.bind(("lo", 0x0800))
        yield wire


@pytest.mark.parametrize("keepalive", [True, False], ids=["stale", "off"])
def test_what_has_been_silent_for_too_long_is_probed_at_once(connections: Connections, keepalive: bool) -> None:
    kernel(7200)
    client, server = connections.pair(keepalive=keepalive)
    kernel(2, 1)
    time.sleep(2.5)  # silence cannot be had sooner
    with probes() as wire:
        begin = time.monotonic()
        done = rescue(select=BOTH, idle_timeout=4, ports=[client.getsockname()[1]], pids=[os.getpid()])
        assert numbers(done) == ((1, 1, 2) if keepalive else (0, 2, 2))
        assert select.select([wire], [], [], 1)[0], "no probe left"
        assert time.monotonic() - begin < 1
    assert settings(client)[:2] == (1, 2)
    assert is_on(server)


# --- in two processes ----------------------------------------------------------------------------


@pytest.mark.usefixtures("in_two_processes")
def test_two_processes_do_and_say_what_one_does(connections: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = stale(connections, 5)
    before = [settings(one) for one in kept]
    opened = os.listdir("/proc/self/fd")
    workers, outcome = mmap.mmap(-1, mmap.PAGESIZE), rearm._Rearming.outcome

    def counted(*arguments: Any) -> Any:
        workers[os.getpid() != test] += 1
        return outcome(*arguments)

    test = os.getpid()
    monkeypatch.setattr(rearm._Rearming, "outcome", counted)
    foreseen = rescue(select=BOTH, check_mode=True)
    assert [settings(one) for one in kept] == before
    done = rescue(select=BOTH)
    assert workers[:2] == bytes([10, 10]), "half of ten, twice"
    assert numbers(done) == numbers(foreseen) == (5, 5, 0)
    assert {settings(one) for one in kept} == {(1, 45, 45, 9)}
    assert len(os.listdir("/proc/self/fd")) == len(opened)
    assert done["diff"]["after"] == foreseen["diff"]["after"]
    assert rescue(select=BOTH)["changed"] is False
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.usefixtures("in_two_processes")
def test_one_process_takes_over_what_the_other_did_not_bring_to_an_end(connections: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = stale(connections, 10)
    test, note = os.getpid(), Watchdog.note
    noted = mmap.mmap(-1, 1)

    def killed_at_the_third(*arguments: Any) -> None:
        note(*arguments)
        noted[0] += os.getpid() != test
        if noted[0] == 3 and os.getpid() != test:
            os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(Watchdog, "note", killed_at_the_third)
    assert numbers(rescue()) == (10, 0, 0)
    assert noted[0] == 3
    assert all(judged(one) == PROTECTED for one in kept[::2])


# --- what it leaves alone ------------------------------------------------------------------------


def test_a_process_beside_the_chosen_one_is_not_touched(connections: Connections) -> None:
    mine = stale(connections, 5)
    theirs = [one for _turn in range(5) for one in connections.pair(keepalive=False)]
    beside = theirs + mine[2:]
    before = [(settings(one), row_of(one)["state"]) for one in beside]

    def close_them() -> None:
        for one in beside:
            one.close()

    with child(close_them) as pid:
        # Of the child's sockets, the very first pair is the child's as well.
        assert numbers(rescue(select=BOTH, pids=[pid])) == (1, 1, 0)
    assert [(settings(one), row_of(one)["state"]) for one in beside] == before


def test_peers_and_ports_choose(connections: Connections) -> None:
    kept = stale(connections, 3)
    assert numbers(rescue(ports=[kept[0].getsockname()[1]])) == (1, 0, 0)
    assert numbers(rescue(peers=["127.0.0.2/32"])) == (0, 0, 0)
    assert numbers(rescue(peers=["127.0.0.0/30"])) == (2, 0, 0)


class Transfer:
    """A checksummed stream that pauses when told, so that its timer can be seen, and moves on when told."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self._client, self._server = client, server
        self._change = threading.Condition()
        self._paused = self._done = False
        self.sent, self.received = hashlib.sha256(), hashlib.sha256()
        self.size = {"sent": 0, "received": 0}
        self._threads = [threading.Thread(target=work) for work in (self._send, self._receive)]
        for thread in self._threads:
            thread.start()

    def _send(self) -> None:
        dice = random.Random(7)
        while True:
            with self._change:
                self._change.wait_for(lambda: self._done or not self._paused)
                if self._done:
                    return self._client.shutdown(socket.SHUT_WR)
                block = dice.randbytes(1 << 16)
                self.size["sent"] += len(block)
            self.sent.update(block)
            self._client.sendall(block)

    def _receive(self) -> None:
        while block := self._server.recv(1 << 16):
            self.received.update(block)
            with self._change:
                self.size["received"] += len(block)
                self._change.notify_all()

    def pause(self) -> None:
        with self._change:
            self._paused = True
            assert self._change.wait_for(lambda: self.size["sent"] == self.size["received"], 60)

    def move_on(self) -> None:
        """Return when data has gone through since, and more is on its way."""
        with self._change:
            self._paused, before = False, self.size["received"]
            self._change.notify_all()
            assert self._change.wait_for(lambda: self.size["received"] > before, 60)

    def end(self) -> None:
        with self._change:
            self._done = True
            self._change.notify_all()
        for thread in self._threads:
            thread.join(60)


def test_a_checksummed_transfer_through_a_hundred_re_arms(connections: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    client, server = connections.pair()
    transfer = Transfer(client, server)
    note = Watchdog.note

    def move_on_and_note(*arguments: Any) -> None:
        # Keepalive goes off and on right after this, in the midst of the stream.
        transfer.move_on()
        note(*arguments)

    monkeypatch.setattr(Watchdog, "note", move_on_and_note)
    try:
        for _turn in range(100):
            transfer.pause()
            # Armed under the old value, by hand.
            kernel(7200)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            kernel(45)
            assert rescue()["rearmed"] == 1
    finally:
        transfer.end()
    assert transfer.size["sent"] == transfer.size["received"] >= 100 << 16
    assert transfer.received.digest() == transfer.sent.digest()


def test_the_owners_close_still_sends_its_fin_at_once(connections: Connections) -> None:
    """While another process re-arms without a pause, and so holds a copy most of the time."""
    listener = connections.listener()
    clients = [connections.connect(*listener.getsockname()) for _turn in range(50)]
    servers = [listener.accept()[0] for _client in clients]

    def hammer() -> None:
        for one in (*servers, listener):
            one.close()

    with hammering(os.getpid(), clients, hammer):
        for client, server in zip(clients, servers, strict=True):
            client.close()
            server.settimeout(1)
            assert server.recv(1) == b"", "no FIN"
            server.close()


@contextmanager
def hammering(owner: int, clients: list[socket.socket], begin: object) -> Iterator[None]:
    """Another process that fetches, re-arms and closes the sockets of `owner`, one after the other, for ever."""
    places = [(one.fileno(), struct.unpack("Q", one.getsockopt(socket.SOL_SOCKET, 57, 8))[0]) for one in clients]

    def work() -> None:
        begin()  # type: ignore[operator]
        for one in clients:
            one.close()
        parent = os.getpid()
        if os.fork() == 0:
            with descriptors.opened_tasks() as tasks:
                while os.getppid() == parent:
                    for descriptor, cookie in places:
                        rearm_by_hand(tasks, owner, descriptor, cookie)
            os._exit(0)

    with child(work):
        yield


def rearm_by_hand(tasks: object, owner: int, descriptor: int, cookie: int) -> None:
    try:
        copy = descriptors.fetch(tasks, Owner(Process(owner, "", None), owner, descriptor), cookie)
    except descriptors.Gone:
        return
    for value in (0, 1):
        descriptors.put(copy, descriptors.KEEPALIVE, value)
    os.close(copy)


# --- what vanishes -------------------------------------------------------------------------------


def test_sockets_and_processes_that_vanish_in_the_middle(connections: Connections) -> None:
    """Descriptors are used again for sockets that were not chosen: none of these is ever touched."""
    rounds = mmap.mmap(-1, 1)  # shared with the child; 255 is many
    chosen = connections.listener()
    other = connections.listener()
    stop, report = os.pipe()

    def churn() -> None:
        wrong = 0
        while not select.select([stop], [], [], 0)[0]:
            mine = [connections.connect(*chosen.getsockname(), keepalive=False) for _turn in range(20)]
            for one in mine:
                one.close()
                chosen.accept()[0].close()
            theirs = [connections.connect(*other.getsockname(), keepalive=False) for _turn in range(20)]
            if (pid := os.fork()) == 0:
                os._exit(0)
            os.waitpid(pid, 0)
            wrong += sum(is_on(one) for one in theirs)
            for one in theirs:
                one.close()
                other.accept()[0].close()
            rounds[0] = min(255, rounds[0] + 1)
        os.write(report_back, struct.pack("i", wrong))

    answers, report_back = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            churn()
        finally:
            os._exit(0)
    enabled, deadline = 0, time.monotonic() + 120
    while (not enabled or rounds[0] < 50) and time.monotonic() < deadline:
        done = rescue(select=["unprotected"], pids=[pid], ports=[chosen.getsockname()[1]])
        assert done["failures"] == []
        enabled += done["enabled"]
    os.write(report, b".")
    os.waitpid(pid, 0)
    (wrong,) = struct.unpack("i", os.read(answers, 4))
    assert wrong == 0
    assert rounds[0] >= 50, "fewer than two thousand have vanished"
    assert enabled > 0, "nothing was ever caught: the test shows nothing"


def test_another_socket_under_the_same_number_is_gone(connections: Connections) -> None:
    client, server = connections.pair()
    (cookie,) = struct.unpack("Q", client.getsockopt(socket.SOL_SOCKET, 57, 8))
    owner = Owner(Process(os.getpid(), "", None), os.getpid(), client.fileno())
    with descriptors.opened_tasks() as tasks:
        os.close(descriptors.fetch(tasks, owner, cookie))
        os.dup2(server.fileno(), client.fileno())
        opened = len(os.listdir("/proc/self/fd"))
        with pytest.raises(descriptors.Gone):
            descriptors.fetch(tasks, owner, cookie)
        assert len(os.listdir("/proc/self/fd")) == opened


def test_another_process_under_the_same_number_is_not_touched(connections: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chosen one ends when its name has been read, and another process gets its number before its descriptors are."""
    client, server = connections.pair(keepalive=False)
    with ExitStack() as stack:
        chosen = stack.enter_context(ended_early(b"chosen-worker"))

        def matches(name: str, glob: str) -> bool:
            if name != glob:
                return False
            os.kill(chosen, signal.SIGKILL)
            os.waitpid(chosen, 0)
            stack.enter_context(child(lambda: None, pid=chosen))  # it has the two sockets
            return True

        monkeypatch.setattr(processes.fnmatch, "fnmatchcase", matches)
        assert numbers(rescue(select=BOTH, processes=["chosen-worker"])) == (0, 0, 0)
        assert numbers(rescue(select=BOTH, pids=[chosen])) == (0, 2, 0)
    assert is_on(client) and is_on(server)


@contextmanager
def ended_early(name: bytes) -> Iterator[int]:
    """A process of that name that somebody else kills and waits for."""
    ready, said = os.pipe()
    pid = os.fork()
    if pid == 0:
        _libc.prctl(PR_SET_NAME, name)
        os.write(said, b".")
        signal.pause()
    os.close(said)
    assert os.read(ready, 1) == b"."
    os.close(ready)
    yield pid


def test_names_that_no_process_has(connections: Connections) -> None:
    connections.pair()
    said: list[str] = []
    with child(lambda: _libc.prctl(PR_SET_NAME, b"keepalive-tests")):
        rescue(processes=["keepalive-t*", "keepalive-tests", "kepalive*", "*-no-such"], warn=said.append)
    assert said == [
        f"processes has {name}, and no process that can be seen is called so: compare it with what ps -e shows."
        for name in ("kepalive*", "*-no-such")
    ]


def test_with_few_descriptors_many_processes_are_reached(connections: Connections) -> None:
    opened = len(os.listdir("/proc/self/fd"))
    pairs = [connections.pair(keepalive=False) for _turn in range(2 * opened)]

    def keep(turn: int) -> None:
        close(pairs[:turn] + pairs[turn + 1 :])

    def close(pairs: list[Pair]) -> None:
        for one in itertools.chain(*pairs):
            one.close()

    with ExitStack() as stack:
        pids = [stack.enter_context(child(lambda turn=turn: keep(turn))) for turn in range(len(pairs))]  # type: ignore[misc]
        close(pairs)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        # Enough for half of the processes.
        resource.setrlimit(resource.RLIMIT_NOFILE, (2 * (opened + 8), hard))
        try:
            done = rescue(select=BOTH, pids=pids)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert numbers(done) == (0, 2 * len(pairs), 0)


def test_without_pidfd_getfd_it_says_so(connections: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    client, _server = stale(connections)
    monkeypatch.setattr(descriptors, "_SYS_PIDFD_GETFD", 9999)
    with pytest.raises(UserError, match=r"has no pidfd_getfd, so that no other process's socket can be reached: restart the programs"):
        rescue()
    assert judged(client) == STALE
    assert judged(client, socket_options=True) == STALE
    assert look(socket_options=True)["sockets"][0]["options"] is None
    kernel(7200)
    assert numbers(rescue()) == (0, 0, 0)  # nothing to do: nothing to say
