# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For real sockets in every state, the report says what the kernel does."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import namespaces, processes
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.netlink import NetlinkError
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.owners import owners_of
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.scan import Scan

from tests.sysctl_d.namespaces import CLONE_NEWNS, MS_PRIVATE, MS_REC, _libc, mount, unshare

from .calls import IDLE_TIMEOUT, judged, look, row_of, selected
from .connections import TCP_KEEPIDLE, TCP_KEEPINTVL, Connections, join, kernel, lose_everything, lose_nothing, network
from .processes import child

PROTECTED, STALE, UNKNOWN = ("protected", None), ("stale", None), ("unknown", None)
DISABLED, RUNTIME, PINNED = (("unprotected", reason) for reason in ("disabled", "runtime", "pinned"))

CLONE_FILES = 0x400


def own(one: socket.socket, option: int, value: int) -> None:
    one.setsockopt(socket.IPPROTO_TCP, option, value)


# --- by its options and the kernel's values ------------------------------------------------------


def test_keepalive_is_on(connections: Connections) -> None:
    client, _server = connections.pair()
    row = row_of(client)
    assert (row["state"], row["reason"], row["tcp_state"]) == (*PROTECTED, "ESTAB")
    assert 40 < row["next_probe"] <= 45
    assert row["idle"] < 5
    assert row["unanswered"] == 0


def test_keepalive_was_never_asked_for(connections: Connections) -> None:
    client, _server = connections.pair(keepalive=False)
    assert judged(client) == judged(client, socket_options=True) == DISABLED
    assert row_of(client)["next_probe"] is None


def test_what_was_accepted_inherits_it(connections: Connections) -> None:
    for keepalive, expected in ((True, PROTECTED), (False, DISABLED)):
        listener = connections.listener(keepalive=keepalive)
        connections.connect(*listener.getsockname())
        accepted, _peer = listener.accept()
        with accepted:
            assert judged(accepted) == expected


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_stale(connections: Connections, busy: bool) -> None:
    kernel(7200)
    client, server = connections.pair()
    kernel(45)
    for _turn in range(20 if busy else 0):
        client.sendall(b"?")
        server.sendall(server.recv(1))
        assert client.recv(1) == b"?"
    # Its own option shows the new value already: the timer is the only witness.
    assert client.getsockopt(socket.IPPROTO_TCP, TCP_KEEPIDLE) == 45
    assert judged(client) == judged(client, socket_options=True) == STALE
    assert row_of(client)["next_probe"] > 7000


def test_an_older_value_that_is_short_enough_is_not_stale(connections: Connections) -> None:
    kernel(200)
    client, _server = connections.pair()
    kernel(45)
    assert judged(client) == judged(client, socket_options=True) == PROTECTED


@pytest.mark.parametrize(
    ("values", "expected"), [((311, 45), PROTECTED), ((312, 45), RUNTIME), ((45, 312), RUNTIME), ((7200, 75), RUNTIME)]
)
def test_the_kernels_value_with_its_lateness(connections: Connections, values: tuple[int, int], expected: tuple[str, str | None]) -> None:
    kernel(*values)
    client, _server = connections.pair()
    assert judged(client) == judged(client, socket_options=True) == expected


def test_pinned_short(connections: Connections) -> None:
    client, _server = connections.pair()
    own(client, TCP_KEEPIDLE, 20)
    assert judged(client) == judged(client, socket_options=True) == PROTECTED
    kernel(7200)
    assert judged(client, socket_options=True) == PROTECTED
    # Without its own options the kernel's value is taken to be in use, as the documentation says.
    assert judged(client) == RUNTIME


def test_pinned_long(connections: Connections) -> None:
    client, _server = connections.pair()
    own(client, TCP_KEEPIDLE, 7200)
    assert judged(client, socket_options=True) == PINNED
    assert judged(client) == STALE  # what the timer shows
    assert row_of(client, socket_options=True)["options"] == {"keepalive": True, "time": 7200, "intvl": 45, "probes": 9}
    assert row_of(client)["options"] is None


def test_intvl_pinned_long(connections: Connections) -> None:
    client, _server = connections.pair()
    own(client, TCP_KEEPINTVL, 400)
    assert judged(client, socket_options=True) == PINNED


# --- by the state of TCP -------------------------------------------------------------------------


def test_received_data_that_nobody_read(connections: Connections) -> None:
    client, server = connections.pair()
    server.sendall(b"unread")
    select.select([client], [], [], 5)
    assert judged(client) == PROTECTED


@contextmanager
def retransmitting(client: socket.socket) -> Iterator[None]:
    lose_everything()
    client.sendall(b"lost")
    try:
        yield
    finally:
        lose_nothing()


def test_retransmitting(connections: Connections) -> None:
    client, server = connections.pair()
    with retransmitting(client):
        assert judged(client) == UNKNOWN
        assert row_of(client)["next_probe"] is None
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0)
        assert judged(client) == UNKNOWN
        assert judged(client, socket_options=True) == DISABLED
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # The next retransmission arrives: nothing hides the timer any more.
    assert server.recv(4) == b"lost"
    assert judged(client) == PROTECTED


def test_a_timer_that_is_hidden_for_a_moment_is_looked_at_again(connections: Connections) -> None:
    client, server = connections.pair()
    lose_everything()
    client.sendall(b"lost")
    # While the report looks again, the loss ends.
    healing = threading.Timer(0.05, lose_nothing)
    healing.start()
    assert judged(client) == PROTECTED
    healing.join()
    assert server.recv(4) == b"lost"


@pytest.mark.parametrize("device", [b"", b"lo"])
def test_zero_window(connections: Connections, device: bytes) -> None:
    client, server = connections.pair()
    # Then the kernel finds it only for whoever names the device.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
    client.setblocking(False)
    # Until the peer's buffer and then our own are full, and nothing is on its way any more.
    while select.select([], [client], [], 0.5)[1]:
        client.send(b"x" * 65536)
    assert judged(client) == UNKNOWN
    assert judged(server) == DISABLED


@pytest.mark.parametrize("keepalive", [True, False])
def test_half_closed(connections: Connections, keepalive: bool) -> None:
    client, server = connections.pair(keepalive=keepalive)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, keepalive)
    client.shutdown(socket.SHUT_WR)
    assert server.recv(1) == b""
    for one, tcp_state in ((client, "FIN-WAIT-2"), (server, "CLOSE-WAIT")):
        row = row_of(one)
        assert row["tcp_state"] == tcp_state
        assert (row["state"], row["reason"]) == (PROTECTED if keepalive else DISABLED)


def test_fin_wait_1(connections: Connections) -> None:
    client, _server = connections.pair()
    lose_everything()
    client.shutdown(socket.SHUT_WR)
    row = row_of(client)
    assert (row["tcp_state"], row["state"]) == ("FIN-WAIT-1", "unknown")


def test_what_its_program_has_closed_is_no_connection(connections: Connections) -> None:
    client, server = connections.pair()
    client.close()
    assert server.recv(1) == b""
    # The kernel still has the client in FIN-WAIT-2, with a timer of the same number.
    assert [row["inode"] for row in look()["sockets"]] == [os.fstat(server.fileno()).st_ino]
    server.close()
    assert look()["summary"]["established"] == 0  # TIME-WAIT
    connections.listener()
    assert look()["summary"]["established"] == 0  # LISTEN


def test_what_nobody_has_accepted_yet_has_no_owner(connections: Connections) -> None:
    listener = connections.listener(keepalive=True)
    connections.connect(*listener.getsockname())
    result = look()
    assert result["summary"] == {"established": 2, "protected": 2, "stale": 0, "unprotected": 0, "unknown": 0}
    assert result["ownerless"] == 1
    (row,) = result["processes"]
    assert (row["pid"], row["established"]) == (os.getpid(), 1)


def test_probes_without_an_answer(connections: Connections) -> None:
    kernel(1, 1)
    client, _server = connections.pair()
    lose_everything()
    deadline = time.monotonic() + 10
    while row_of(client, idle_timeout=3)["unanswered"] < 2:
        assert time.monotonic() < deadline
    row = row_of(client, idle_timeout=3)
    # Three seconds and more without a segment received, and yet the path saw a probe a second ago.
    assert row["state"] == "protected" and row["next_probe"] <= 1


# --- addresses -----------------------------------------------------------------------------------


def test_ipv6(connections: Connections) -> None:
    client, _server = connections.pair("::1")
    kernel(7200)
    assert judged(client) == RUNTIME
    assert row_of(client)["peer"].startswith("[::1]:")


def test_ipv4_mapped(connections: Connections) -> None:
    listener = connections.listener("127.0.0.1")
    client = connections.connect("::ffff:127.0.0.1", listener.getsockname()[1])
    assert judged(client, peers=["127.0.0.0/8"]) == judged(client, peers=["::ffff:127.0.0.0/104"]) == PROTECTED
    assert look(peers=["128.0.0.0/8"])["summary"]["established"] == 0


def test_local_connections_are_left_out(connections: Connections) -> None:
    connections.pair()
    connections.pair("::1")
    listener = connections.listener("127.0.0.1")
    connections.connect("::ffff:127.0.0.1", listener.getsockname()[1])
    assert look(local=False)["summary"]["established"] == 0
    assert look(local=True)["summary"]["established"] == 6


def test_ports_of_either_end(connections: Connections) -> None:
    client, server = connections.pair()
    connections.pair()
    for port in (client.getsockname()[1], server.getsockname()[1]):
        assert look(ports=[port])["summary"]["established"] == 2


# --- whose it is ---------------------------------------------------------------------------------


def test_several_processes(connections: Connections) -> None:
    client, server = connections.pair()
    with child(server.close) as pid:
        row = row_of(client)
        assert row["pids"] == sorted([os.getpid(), pid])
        result = look()
        assert result["summary"]["established"] == 2  # each once
        counts = {one["pid"]: one["established"] for one in result["processes"]}
        assert counts == {os.getpid(): 2, pid: 1}
        assert look(pids=[pid])["summary"]["established"] == 1


def test_every_process_is_read_by_a_second_one(
    connections: Connections, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has what this process has, and yet is no owner."""
    kept = [connections.pair() for _turn in range(5)]

    def seen(options: bool) -> tuple[Any, ...]:
        result = look(socket_options=options)
        rows = sorted((row["inode"], row["pids"], row["state"], row["options"]) for row in result["sockets"])
        return [(row["pid"], row["established"]) for row in result["processes"]], rows, result["summary"], result["ownerless"]

    with child(lambda: None) as pid:
        alone = seen(False), seen(True)
        request.getfixturevalue("in_two_processes")
        readers: list[int] = []
        read = processes.read

        def counted(**arguments: Any) -> Any:
            readers.append(os.getpid())
            return read(**arguments)

        monkeypatch.setattr(processes, "read", counted)
        assert (seen(False), seen(True)) == alone
        assert readers == [], "it was this process that read them"
        assert alone[0][0] == sorted([(os.getpid(), 10), (pid, 10)])
    assert len(kept) == 5


def test_inherited_over_fork_and_closed_by_the_parent(connections: Connections) -> None:
    client, _server = connections.pair(keepalive=False)
    inode = os.fstat(client.fileno()).st_ino
    with child(lambda: None) as pid:
        client.close()
        (row,) = (row for row in look(pids=[pid])["sockets"] if row["inode"] == inode)
        assert (row["pid"], row["pids"], row["reason"]) == (pid, [pid], "disabled")


def test_a_thread_with_descriptors_of_its_own(connections: Connections) -> None:
    begun, end = threading.Event(), threading.Event()
    inodes: list[int] = []

    def work() -> None:
        unshare(CLONE_FILES)
        client = socket.create_connection(listener.getsockname())
        inodes.append(os.fstat(client.fileno()).st_ino)
        begun.set()
        end.wait()

    listener = connections.listener()
    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert begun.wait(5)
        (row,) = (row for row in look(socket_options=True)["sockets"] if row["inode"] == inodes[0])
        assert row["pid"] == os.getpid()
        assert row["options"] is None or row["options"]["keepalive"] is False  # reached from Linux 6.9 on
    finally:
        end.set()
        thread.join()


@contextmanager
def container(connections: Connections) -> Iterator[int]:
    """A process in a network namespace of its own, with both ends of a connection."""
    kept: list[Any] = []

    def work() -> None:
        kept.append(network())
        kept[0].__enter__()
        kept.append(connections.pair())

    with child(work) as pid:
        yield pid


def test_another_network_namespace(connections: Connections) -> None:
    connections.pair()
    with container(connections) as pid:
        result = look(pids=[pid])
        # The kernel's default there, 45 here.
        assert result["summary"] == {"established": 2, "protected": 0, "stale": 0, "unprotected": 2, "unknown": 0}
        assert {row["reason"] for row in result["sockets"]} == {"runtime", "disabled"}
        assert {row["namespace"] for row in result["sockets"]} == {os.stat(f"/proc/{pid}/ns/net").st_ino}
        assert look(pids=[pid, os.getpid()])["summary"]["established"] == 4
        assert look()["summary"]["established"] == 2  # nobody chosen: this namespace


def test_a_namespace_outlives_the_first_of_its_processes(connections: Connections) -> None:
    kept: list[Any] = []

    def follow() -> None:
        join(first)
        kept.append(connections.pair())

    with container(connections) as first, child(follow) as second:
        selection = selected(pids=[first, second])
        with owners_of(selection) as owners:
            scan = Scan(selection, IDLE_TIMEOUT, owners)
            os.kill(min(first, second), signal.SIGKILL)
            os.waitid(os.P_PID, min(first, second), os.WEXITED | os.WNOWAIT)
            assert len(list(scan)) == 2
            assert scan.unreadable == 0


def test_a_container_is_seen_by_whoever_is_left_in_it(connections: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    with container(connections) as pid:
        with child(lambda: None) as ended:
            pass
        namespace = namespaces.inode(pid)
        monkeypatch.setattr(namespaces, "_inhabitants", lambda: {namespace: [ended, os.getpid(), pid]})
        (row,) = namespaces.others()
        assert (row["namespace"], row["pid"], row["runtime"]["time"]) == (namespace, pid, 7200)


PR_SET_NAME = 15


SEEN = """
import json, os, sys
from tests.collection import put_in_place
put_in_place()
from tests.sockets.calls import look
print(json.dumps([row["inode"] for row in look(**json.loads(sys.argv[1]))["sockets"]]))
"""


@pytest.mark.parametrize("selection", [{}, {"processes": ["*"]}])
@pytest.mark.parametrize(("name", "says_so"), [("sshd", True), ("sshd-session", True), ("sshd", False), ("worker", True)])
def test_the_connection_that_ansible_has_come_over(connections: Connections, name: str, says_so: bool, selection: dict[str, Any]) -> None:
    """As over ssh: a server has our connection and one that it forwards, and starts a shell, which starts what looks."""
    pairs = [connections.pair() for _turn in range(3)]
    own, forwarded = pairs[0][1], pairs[1][0]
    ends = " ".join(f"{host} {port}" for host, port in (own.getpeername(), own.getsockname()))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "SSH_CONNECTION": ends if says_so else ""}
    server = (
        "import subprocess, sys\n"
        "with open('/proc/self/comm', 'w') as comm: comm.write(sys.argv[1])\n"
        "subprocess.run(['sh', '-c', '\"$@\"; exit $?', 'sh', *sys.argv[2:]], check=True)\n"
    )
    command = [sys.executable, "-c", server, name, sys.executable, "-c", SEEN, json.dumps(selection)]
    handed = [own.fileno(), forwarded.fileno()]
    done = subprocess.run(command, env=environment, pass_fds=handed, stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    left_out = [] if name == "worker" else [own] if says_so else [own, forwarded]
    assert inodes(one for pair in pairs for one in pair) - set(json.loads(done.stdout)) == inodes(left_out)


def inodes(sockets: Iterable[socket.socket]) -> set[int]:
    return {os.fstat(one.fileno()).st_ino for one in sockets}


@pytest.mark.parametrize(
    ("glob", "chosen"),
    [("keepalive-tests", True), ("keepalive-*", True), ("[jk]eepalive-test?", True), ("keepalive", False), ("KEEPALIVE-TESTS", False)],
)
def test_processes_are_globs(connections: Connections, glob: str, chosen: bool) -> None:
    connections.pair()
    with child(lambda: _libc.prctl(PR_SET_NAME, b"keepalive-tests")) as pid:
        rows = look(processes=[glob])["processes"]
        assert [(row["pid"], row["name"], row["user"]) for row in rows] == ([(pid, "keepalive-tests", "root")] if chosen else [])


def test_a_name_that_the_kernel_cut_off_is_completed(connections: Connections, tmp_path: Path) -> None:
    client, _server = connections.pair()
    program = tmp_path / "a-name-that-is-longer"
    program.symlink_to(sys.executable)
    code = "import sys; print(flush=True); sys.stdin.read()"
    command = [str(program), "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[client.fileno()]) as process:
        assert process.stdout and process.stdout.readline()
        rows = look(processes=["a-name-*-longer"])["processes"]
        assert [(row["pid"], row["name"]) for row in rows] == [(process.pid, "a-name-that-is-")]
        process.communicate()


def test_without_root_it_says_what_it_cannot_see(connections: Connections) -> None:
    pair = connections.pair()
    answers, answer = os.pipe()

    def work() -> None:
        for one in pair:
            one.close()
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        own_pair = connections.pair()
        os.write(answer, json.dumps(look()).encode())
        assert own_pair

    with child(work) as pid:
        result = json.loads(os.read(answers, 1 << 20))
    assert result["summary"] == {"established": 4, "protected": 2, "stale": 0, "unprotected": 2, "unknown": 0}
    assert result["ownerless"] == 2
    assert result["unreadable"]["processes"] > 0
    assert [row["pid"] for row in result["processes"]] == [pid]


@pytest.mark.parametrize("hidepid", [1, 2])
def test_without_root_it_says_that_processes_are_hidden(connections: Connections, hidepid: int) -> None:
    pair = connections.pair()
    answers, answer = os.pipe()

    def work() -> None:
        for one in pair:
            one.close()
        unshare(CLONE_NEWNS)
        mount("none", "/", flags=MS_REC | MS_PRIVATE)
        mount("proc", "/proc", "proc", f"hidepid={hidepid}")
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        assert look(pids=[os.getpid()])["unreadable"]["processes"] == 0  # that is seen
        os.write(answer, json.dumps(look()).encode())

    with child(work):
        result = json.loads(os.read(answers, 1 << 20))
    assert result["ownerless"] == 2
    assert result["unreadable"]["processes"] > 0


def test_a_kernel_that_cannot_list_them_says_so(connections: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    connections.pair()
    monkeypatch.setattr(socket, "IPPROTO_TCP", 250)  # it has as little for this one as without its module tcp_diag
    with pytest.raises(NetlinkError, match="The kernel refuses to list its TCP sockets and addresses: No such file or directory"):
        look()


def test_the_most_in_danger_are_listed_first(connections: Connections) -> None:
    kernel(7200)
    kept = [connections.pair() for _turn in range(3)]
    kernel(45)
    kept += [connections.pair() for _turn in range(3)]
    states = [row["state"] for row in look(limit=20)["sockets"]]
    assert states == ["unprotected"] * 6 + ["stale"] * 3 + ["protected"] * 3
    assert states[:8] == [row["state"] for row in look(limit=8)["sockets"]]
    assert look(limit=0)["sockets"] == []
    assert len(kept) == 6
