# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel's answers say, how a connection is judged and chosen, and what is done to it: without a kernel.

Real sockets are in tests/sockets.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import socket
import struct
import time

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils import (
    _netlink,
    _network_namespaces,
    _protection,
    _runtime,
    _socket_owners,
    _socket_report,
    _socket_rescue,
    _socket_selection,
    _tcp_sockets,
)
from ansible_collections.longlived.tcp.plugins.module_utils._foreign_sockets import Options
from ansible_collections.longlived.tcp.plugins.module_utils._socket_look import Connection, Look, Namespace

KERNEL = dict(time=45, intvl=45, probes=9)
COOKIE = 0x1234567800000009


def a_socket(timer=2, remaining=45000, idle=0, unanswered=0, **others):
    fields = dict(family=socket.AF_INET, state=1, timer=timer, unanswered=unanswered, sport=socket.htons(41000), dport=socket.htons(443))
    fields.update(source=address("10.0.0.5"), destination=address("10.20.0.9"), device=0, cookie=COOKIE)
    fields.update(dict(remaining=remaining, uid=0, inode=7, idle=idle), **others)
    return _tcp_sockets.Socket(**fields)


def address(text):
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return socket.inet_pton(family, text).ljust(16, b"\0")


# --- the kernel's answers ------------------------------------------------------------------------


def message(state, cookie, attributes, inode=7):
    body = struct.pack("=4B", socket.AF_INET, state, 2, 1) + struct.pack("!HH", 41000, 443) + address("10.0.0.5") + address("10.20.0.9")
    body += struct.pack("=IIIIIIII", 0, cookie & 0xFFFFFFFF, cookie >> 32, 44000, 0, 0, 1000, inode)
    body += b"".join(struct.pack("=HH", 4 + len(data), kind) + data.ljust((len(data) + 3) & ~3, b"\0") for kind, data in attributes)
    return struct.pack("=IHHII", 16 + len(body), 20, 2, 1, 0) + body


def info(data, ack):
    return 2, b"\0" * 52 + struct.pack("=II", data, ack) + b"\0" * 160


SHUTDOWN, MARK = (8, b"\0"), (15, b"\0\0\0\0")
DONE = struct.pack("=IHHIIi", 20, 3, 2, 1, 0, 0)


def parsed(*messages):
    answer = bytearray(b"".join(messages))
    answer += b"\xff" * 512  # what an earlier answer left in the buffer
    return list(_tcp_sockets.parsed([(answer, sum(len(one) for one in messages))]))[0]


def test_a_message_is_read():
    (one,) = parsed(message(1, COOKIE, [SHUTDOWN, info(5000, 3000)]))
    assert one == a_socket(remaining=44000, unanswered=1, uid=1000, idle=3000)
    assert _tcp_sockets.endpoint(one.family, one.source, one.sport) == "10.0.0.5:41000"
    assert _tcp_sockets.endpoint(socket.AF_INET6, address("2001:db8::1"), one.dport) == "[2001:db8::1]:443"


def test_attributes_may_stand_anywhere_or_be_missing():
    rows = [[SHUTDOWN, info(1, 2)], [MARK, SHUTDOWN, info(4, 3)], [SHUTDOWN], [info(6, 5)], [], [MARK, info(8, 9)]]
    sockets = parsed(*[message(1, number, row) for number, row in enumerate(rows)])
    assert [one.idle for one in sockets] == [1, 3, 0, 5, 0, 8]


def test_a_socket_that_moves_during_a_dump_counts_once():
    assert len(parsed(message(1, 1, [info(1, 1)]), message(1, 2, [info(1, 1)]), message(8, 1, [info(1, 1)]))) == 2


def test_the_end_may_be_in_the_last_answer():
    assert len(parsed(message(1, 1, [info(1, 1)]), DONE)) == 1


class Answering(object):
    """A kernel with these answers, which does not wait for ever when it is asked for one more."""

    def __init__(self, *answers):
        self._answers = list(answers)

    def send(self, request):
        pass

    def recv_into(self, buffer):
        answer = self._answers.pop(0)
        buffer[: len(answer)] = answer
        return len(answer)


def ending(kind, number):
    return struct.pack("=IHHIIi", 20, kind, 2, 1, 0, -number)


def dumped(*answers):
    return [one.cookie for some in _tcp_sockets.parsed(_netlink.answers(Answering(*answers), 20, b"")) for one in some]


@pytest.mark.parametrize("answers", [[message(1, 1, []), DONE], [message(1, 1, []) + DONE]])
def test_where_the_kernel_ends_no_more_is_asked_for(answers):
    assert dumped(*answers) == [1]


@pytest.mark.parametrize("kind", [2, 3])
@pytest.mark.parametrize("together", [True, False])
def test_a_dump_that_was_broken_off_is_no_answer(kind, together):
    parts = [message(1, 1, []), ending(kind, errno.ENOENT)]
    with pytest.raises(_netlink.NetlinkError) as error:
        dumped(*([b"".join(parts)] if together and kind == 3 else parts))
    assert str(error.value).endswith(": No such file or directory.")


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ESTALE])
def test_one_socket_that_is_gone_is_no_error(number):
    assert list(_netlink.answers(Answering(ending(2, number)), 20, b"", dump=False)) == []
    with pytest.raises(_netlink.NetlinkError):
        list(_netlink.answers(Answering(ending(2, errno.EPERM)), 20, b"", dump=False))


# --- is it protected -----------------------------------------------------------------------------

PROTECTED, STALE, UNKNOWN = ("protected", None), ("stale", None), ("unknown", None)
OFF, RUNTIME, PINNED = (("unprotected", reason) for reason in ("off", "runtime", "pinned"))


@pytest.mark.parametrize(
    ("one", "values", "expected"),
    [
        (a_socket(), {}, PROTECTED),
        (a_socket(timer=0, remaining=0), {}, OFF),
        (a_socket(timer=0, remaining=0), dict(time=7200), OFF),
        (a_socket(timer=1), {}, UNKNOWN),
        (a_socket(timer=4), dict(time=7200), UNKNOWN),
        # The latest moment of a timer of 311 s is 349.875 s.
        (a_socket(remaining=311000), dict(time=311), PROTECTED),
        (a_socket(remaining=312000), dict(time=312), RUNTIME),
        (a_socket(remaining=400000), dict(intvl=400), RUNTIME),
        (a_socket(), dict(probes=0), RUNTIME),
        (a_socket(), dict(time=-1), RUNTIME),
        # Silence and what is left, and an eighth of the length: 45 s at least.
        (a_socket(remaining=45000, idle=299000), {}, PROTECTED),
        (a_socket(remaining=45000, idle=300000), {}, STALE),
        (a_socket(remaining=0, idle=344000), {}, PROTECTED),
        (a_socket(remaining=0, idle=345000), {}, STALE),
        # More left than the kernel's value: an older one, or one of its own.
        (a_socket(remaining=7100000), {}, STALE),
        (a_socket(remaining=200000), {}, PROTECTED),
        (a_socket(remaining=300000, idle=12000), {}, PROTECTED),
        (a_socket(remaining=300000, idle=13000), {}, STALE),
        # Probes without an answer: silent for long, but not to the path.
        (a_socket(remaining=30000, idle=900000, unanswered=3), {}, PROTECTED),
        (a_socket(remaining=0, idle=900000, unanswered=3), dict(intvl=311), PROTECTED),
    ],
)
def test_judged_by_the_timer(one, values, expected):
    verdict = _protection.Judge(dict(KERNEL, **values), 350).verdict(one)
    assert (verdict.state, verdict.reason) == expected


@pytest.mark.parametrize(
    ("one", "options", "expected"),
    [
        (a_socket(), Options(1, 45, 45, 9), PROTECTED),
        (a_socket(), Options(0, 45, 45, 9), OFF),
        (a_socket(timer=1), Options(0, 45, 45, 9), OFF),
        (a_socket(timer=1), Options(1, 45, 45, 9), UNKNOWN),
        (a_socket(timer=1), Options(1, 7200, 45, 9), PINNED),
        (a_socket(timer=0, remaining=0), Options(1, 45, 45, 9), PROTECTED),
        (a_socket(remaining=7100000), Options(1, 45, 45, 9), STALE),
        (a_socket(remaining=7100000), Options(1, 7200, 45, 9), PINNED),
        (a_socket(remaining=30000), Options(1, 7200, 45, 9), PINNED),
        (a_socket(remaining=30000), Options(1, 45, 400, 9), PINNED),
    ],
)
def test_judged_by_its_own_options(one, options, expected):
    verdict = _protection.verdict_by_options(one, options, KERNEL, 350)
    assert (verdict.state, verdict.reason) == expected


def test_where_the_kernels_value_is_too_long():
    runtime = dict(KERNEL, time=7200)
    assert _protection.verdict_by_options(a_socket(), Options(1, 7200, 45, 9), runtime, 350) is _protection.IS_RUNTIME
    assert _protection.verdict_by_options(a_socket(), Options(1, 60, 45, 9), runtime, 350) is _protection.IS_PROTECTED


# --- is it meant ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cidr", "inside", "outside"),
    [
        ("10.20.0.0/16", "10.20.255.255", "10.21.0.0"),
        ("10.20.0.9", "10.20.0.9", "10.20.0.8"),
        ("0.0.0.0/0", "255.255.255.255", "2001:db8::1"),
        ("::/0", "2001:db8::1", None),
        ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"),
        ("10.20.0.0/16", "::ffff:10.20.3.4", "::10.20.3.4"),
        ("::ffff:10.20.0.0/112", "10.20.3.4", "10.21.3.4"),
    ],
)
def test_peers(cidr, inside, outside):
    for text, expected in ((inside, True), (outside, False)):
        if text is not None:
            family = socket.AF_INET6 if ":" in text else socket.AF_INET
            chosen = _socket_selection.Filter(_socket_selection.Selection((), (), (cidr,), (), True))
            assert chosen.takes(a_socket(family=family, destination=address(text))) is expected


def test_an_ipv4_address_and_the_ipv6_address_of_the_same_bytes_are_two():
    chosen = _socket_selection.Filter(_socket_selection.Selection((), (), ("32.1.13.184",), (), True))
    assert chosen.takes(a_socket(destination=address("32.1.13.184"))) is True
    assert chosen.takes(a_socket(family=socket.AF_INET6, destination=address("2001:db8::"))) is False


NO_NETWORKS = ["", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/-1", "10.0.0.0/", "::/129", "host", "10.0.0.0/8/8", "10.0.0.0/8\n"]


@pytest.mark.parametrize("text", NO_NETWORKS + [u"10.0.0.0/\u00b2", u"10.0.0.0/\u0668", "10.0.0.0/" + "9" * 5000])
def test_what_is_no_network(text):
    with pytest.raises(_socket_selection.SelectionError) as error:
        _socket_selection.network(text)
    assert str(error.value).endswith("which is no network: write it as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32.")


def test_an_address_beyond_its_prefix():
    with pytest.raises(_socket_selection.SelectionError) as error:
        _socket_selection.network("10.0.0.1/8")
    assert str(error.value) == "peers has 10.0.0.1/8, whose address has bits beyond its prefix: write the network's own address."


@pytest.mark.parametrize(("port", "expected"), [(443, True), (41000, True), (80, False)])
def test_ports_of_either_end(port, expected):
    chosen = _socket_selection.Filter(_socket_selection.Selection((), (), (), (port,), True))
    assert chosen.takes(a_socket()) is expected


@pytest.mark.parametrize("port", [0, 65536])
def test_what_is_no_port(port):
    with pytest.raises(_socket_selection.SelectionError):
        _socket_selection.check(_socket_selection.Selection((), (), (), (port,), True))


def test_blanks_around_what_is_chosen_are_no_part_of_it():
    chosen = _socket_selection.check(_socket_selection.Selection(["worker", " data*"], (), [" 10.0.0.0/8"], (), True))
    assert (chosen.names, chosen.peers) == (["worker", "data*"], ["10.0.0.0/8"])


@pytest.mark.parametrize("glob", ["worker", "*", "[jk]worker", "worker[0-9]", "it's", "x]"])
def test_names_of_programs(glob):
    assert _socket_selection.program(glob) == glob


@pytest.mark.parametrize("text", ["[worker]", "[worker", "'worker'", "'worker", '"worker"', "['worker']", "[]", " [worker] "])
def test_a_list_that_came_as_text_is_no_name(text):
    with pytest.raises(_socket_selection.SelectionError) as error:
        _socket_selection.check(_socket_selection.Selection(["fine", text], (), (), (), True))
    assert str(error.value) == (
        "processes has %s, whose brackets or quotes would be taken for a part of the name: write the name alone, several as"
        " worker,database." % text.strip()
    )


@pytest.mark.parametrize("text", ["", " "])
def test_an_empty_name(text):
    with pytest.raises(_socket_selection.SelectionError) as error:
        _socket_selection.check(_socket_selection.Selection([text], (), (), (), True))
    assert str(error.value) == "processes has an empty name: write the program's, or leave it out."


# --- where is looked -----------------------------------------------------------------------------

HOME, CONTAINER = 100, 200
PEOPLE = {7: ("worker", HOME), 8: ("boxed", CONTAINER), 9: ("worker", CONTAINER), 10: ("hidden", None)}


@pytest.fixture
def here(monkeypatch):
    """A host with a container: a socket of process 7 here, of process 8 there, and one in each that nobody owns."""
    place, local = [HOME], [False]
    sockets = {HOME: [7, 70], CONTAINER: [8, 80]}

    class Inside(object):
        def __init__(self, number, pids):
            assert {PEOPLE[pid][1] for pid in pids} == {number}
            self._there = number

        def __enter__(self):
            place[0] = self._there

        def __exit__(self, *_exception):
            place[0] = HOME

    def processes():
        return [_socket_owners.Process(pid, name, namespace) for pid, (name, namespace) in sorted(PEOPLE.items())]

    def read(names=(), pids=(), but=()):
        assert not but, "this is no second process"
        chosen = [one for one in processes() if one.name in names or one.pid in pids or not (names or pids)]
        # A socket's inode is its process's number.
        tables = [_socket_owners.Table(process, process.pid, {process.pid: 3}) for process in chosen]
        return _socket_owners.Seen(chosen, tables, 0, [])

    monkeypatch.setattr(_network_namespaces, "inside", Inside)
    monkeypatch.setattr(_network_namespaces, "inode", lambda pid: HOME)
    monkeypatch.setattr(_runtime, "read", lambda: dict(KERNEL, time=45 if place[0] == HOME else 7200))
    monkeypatch.setattr(_socket_owners, "read", read)
    monkeypatch.setattr(_socket_owners, "processes", processes)
    # What is local is another thing in each: this is the peer of all sockets, and the container's own address.
    addresses = {HOME: [], CONTAINER: [_socket_selection.mapped(socket.AF_INET, address("10.20.0.9"))]}
    monkeypatch.setattr(_socket_selection, "own_addresses", lambda: addresses[place[0]] if local[0] else [])
    monkeypatch.setattr(_tcp_sockets, "dump", lambda: [[a_socket(inode=inode, cookie=inode) for inode in sockets[place[0]]]])
    return local


def selection(names=()):
    return _socket_selection.Selection(names, (), (), (), False)


@pytest.mark.parametrize(
    ("names", "everywhere", "seen"),
    [
        ((), False, [(7, ["worker"]), (70, [])]),
        (("worker",), False, [(7, ["worker"])]),
        (("boxed",), False, [(8, ["boxed"])]),
        (("*none*",), False, []),
        ((), True, [(7, []), (70, []), (8, []), (80, [])]),
        (("boxed",), True, [(7, []), (70, []), (8, ["boxed"]), (80, [])]),
        (("*none*",), True, [(7, []), (70, []), (8, []), (80, [])]),
    ],
)
@pytest.mark.usefixtures("here")
def test_which_connections_are_seen_and_whose_they_are(names, everywhere, seen):
    look = Look(selection(names), 350, everywhere)
    inodes = [one.socket.inode for one in look.connections()]
    assert [(inode, [process.name for process in look.processes_of(inode)]) for inode in inodes] == seen


def test_what_is_local_is_judged_by_each_namespaces_own_addresses(here):
    here[0] = True
    assert [one.socket.inode for one in Look(selection(), 350, everywhere=True).connections()] == [7, 70]


def test_a_socket_of_several_processes_has_each_once():
    mine, theirs = (_socket_owners.Process(pid, "worker", HOME) for pid in (7, 8))
    owners = _socket_owners.Owners(
        [
            _socket_owners.Table(mine, 7, {70: 3, 71: 4}),
            _socket_owners.Table(mine, 77, {70: 5, 72: 6}),  # a thread with descriptors of its own
            _socket_owners.Table(theirs, 8, {70: 9, 73: 3}),
        ]
    )
    assert [owners.processes_of(inode) for inode in range(70, 75)] == [(mine, theirs), (mine,), (mine,), (theirs,), ()]
    assert owners.of(70) == [(mine, 7, 3), (theirs, 8, 9)]
    assert owners.of(72) == [(mine, 77, 6)]
    assert owners.of(74) == []


@pytest.mark.usefixtures("here")
def test_all_are_counted_and_the_chosen_have_rows():
    result = _socket_report.report(selection(["boxed"]), 350, 0, options=True, everywhere=True)
    assert result["summary"] == dict(established=4, protected=2, stale=0, unprotected=2, unknown=0)
    assert [(row["name"], row["established"], row["unprotected"]) for row in result["processes"]] == [("boxed", 1, 1)]
    assert result["processes"][0]["reasons"] == dict(off=0, runtime=1, pinned=0)
    assert result["sockets"] == []


@pytest.mark.parametrize(("everywhere", "longest"), [(False, 2.0), (True, 0.45)])
@pytest.mark.usefixtures("here")
def test_looking_again_takes_no_longer_for_many_namespaces(monkeypatch, everywhere, longest):
    clock, waited = [1000.0], []

    def look_again(hidden, longest):
        waited.append(longest)
        clock[0] += 0.4
        return dict((one.cookie, one) for one in hidden)

    monkeypatch.setattr(_tcp_sockets, "dump", lambda: [[a_socket(timer=1, inode=7), a_socket(timer=1, inode=8)]])
    monkeypatch.setattr(_tcp_sockets, "look_again", look_again)
    monkeypatch.setattr(time, "time", lambda: clock[0])
    verdicts = [one.verdict for one in Look(selection(["worker", "boxed"]), 350, everywhere).connections()]
    assert set(verdicts) == {_protection.IS_UNKNOWN}
    assert waited == pytest.approx([longest, longest - 0.4])


@pytest.mark.usefixtures("here")
def test_foreseen_values_are_those_of_this_namespace_alone():
    foreseen = dict(time=60, intvl=20, probes=5)
    look = Look(selection(), 350, everywhere=True, foreseen=foreseen)
    here, _second, there, _fourth = look.connections()
    assert (here.namespace.runtime, there.namespace.runtime["time"]) == (foreseen, 7200)
    # What the kernel gave follows the kernel, what the program set stays.
    assert look.as_foreseen(here, Options(1, 45, 45, 9)) == Options(1, 60, 20, 5)
    assert look.as_foreseen(here, Options(1, 30, 45, 9)) == Options(1, 30, 20, 5)
    assert look.as_foreseen(there, Options(1, 45, 45, 9)) == Options(1, 45, 45, 9)


@pytest.mark.parametrize(
    ("cgroups", "unit"),
    [
        (b"0::/system.slice/worker.service\n", "worker.service"),
        (b"0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-u1.scope\n", "run-u1.scope"),
        (b"12:cpu,cpuacct:/a.service\n1:name=systemd:/system.slice/b.service\n0::/\n", "b.service"),
        (b"0::/\n", None),
        (b"", None),
        (b"0::/odd\xff.scope\n", u"odd\ufffd.scope"),
        (b"0::/odd\x0c\xc2\x85\xe2\x80\xa8x.scope\n", u"odd\x0c\x85\u2028x.scope"),
        (b"0::/a:b.service\n", "a:b.service"),
    ],
)
def test_the_unit_of_a_control_group(cgroups, unit):
    assert _network_namespaces.unit_in(cgroups) == unit


HOST, HYBRID = b"0::/init.scope\n", b"1:name=systemd:/init.scope\n0::/init.scope\n"


@pytest.mark.parametrize(
    ("cgroups", "first", "service"),
    [
        (b"0::/system.slice/nginx.service\n", HOST, "nginx.service"),
        (b"0::/system.slice/system-worker.slice/worker@a.service\n", HOST, "worker@a.service"),
        (b"0::/web.slice/web-front.slice/nginx.service/workers/3\n", HOST, "nginx.service"),
        (b"0::/system.slice/web.service/libpod-payload-12ab\n", HOST, "web.service"),
        (b"0::/alone.service\n", HOST, "alone.service"),
        (b"0::/system.slice/_cpu.service\n", HOST, "cpu.service"),
        (b"0::/system.slice/odd\xff.service\n", HOST, u"odd\ufffd.service"),
        (b"0::/system.slice/a:b.service\n", HOST, "a:b.service"),
        (b"0::/system.slice/docker.service\n", HOST, "docker.service"),
        # What a restart would not end.
        (b"0::/user.slice/user-1000.slice/session-3.scope\n", HOST, None),
        (b"0::/user.slice/user-1000.slice/user@1000.service/init.scope\n", HOST, None),
        (b"0::/user.slice/user-1000.slice/user@1000.service/app.slice/sync.service\n", HOST, None),
        (b"0::/system.slice/ssh.service\n", HOST, None),
        (b"0::/system.slice/system-sshd.slice/sshd@7-10.0.0.1:22.service\n", HOST, None),
        (b"0::/system.slice/crond.service\n", HOST, None),
        (b"0::/system.slice/docker-12ab.scope\n", HOST, None),
        (b"0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-12ab.scope\n", HOST, None),
        (b"0::/kubepods/burstable/pod12/12ab\n", HOST, None),
        (b"0::/system.slice/containerd.service/kubepods-pod12.slice:cri-containerd:12ab\n", HOST, None),
        (b"0::/docker/12ab/system.slice/nginx.service\n", HOST, None),
        (b"0::/machine.slice/machine-box.scope/payload/system.slice/nginx.service\n", HOST, None),
        (b"0::/init.scope\n", HOST, None),
        (b"0::/\n", HOST, None),
        (b"0::/system.slice/gone.service (deleted)\n", HOST, None),
        (b"0::/system.slice/.service\n", HOST, None),
        (b"", HOST, None),
        # Version 1, and both at once.
        (b"12:cpu,cpuacct:/system.slice/a.service\n1:name=systemd:/system.slice/b.service\n0::/\n", HYBRID, "b.service"),
        (b"2:pids:/system.slice/a.service\n1:name=systemd:/user.slice/user-0.slice/session-1.scope\n", HYBRID, None),
        (b"1:name=systemd:/system.slice/b.service\n0::/system.slice/b.service\n", HYBRID, "b.service"),
        # In a host whose tree begins below the root of what it is shown, and outside of what it is shown.
        (b"0::/machine.slice/box.scope/payload/system.slice/b.service\n", b"0::/machine.slice/box.scope/payload/init.scope\n", "b.service"),
        (b"1:name=systemd:/docker/12ab/system.slice/b.service\n", b"1:name=systemd:/docker/12ab/init.scope\n", "b.service"),
        (b"0::/system.slice/docker-12ab.scope\n", b"0::/system.slice/docker-12ab.scope\n", None),
        (b"0::/system.slice/box.service\n", b"0::/system.slice/box.service\n", None),
        (b"0::/machine.slice/boxes.slice/b.service\n", b"0::/machine.slice/box\n", None),
        (b"0::/../../system.slice/b.service\n", HOST, None),
        (b"0::/system.slice/b.service\n", b"", "b.service"),
    ],
)
def test_the_service_to_restart_for_new_connections(cgroups, first, service):
    assert _network_namespaces.service_in(cgroups, first) == service


# --- what is done to it --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("idle", "options", "values", "expected"),
    [
        (0, Options(0, 45, 45, 1), {}, ({}, "switch on")),
        (281000, Options(0, 45, 45, 1), {}, ({}, "switch on")),
        # 45 s and their eighth more, and a twentieth of 350 s in hand.
        (282000, Options(0, 45, 45, 1), {}, (dict(time=45), "by idle time")),
        (900000, Options(1, 45, 45, 1), {}, (dict(time=45), "by idle time")),
        (0, Options(1, 45, 45, 1), {}, ({}, "off and on")),
        (0, Options(1, 45, 45, 9), dict(probes=5), (dict(probes=5), "off and on")),
        (0, Options(1, 45, 45, 1), dict(time=30, intvl=10), (dict(time=30, intvl=10), "by idle time")),
        (0, Options(0, 7200, 45, 1), {}, (dict(time=45), "by idle time")),
        (0, Options(1, 45, 400, 1), {}, (dict(intvl=45), "off and on")),
    ],
)
def test_plans(idle, options, values, expected):
    request = _socket_rescue.check_request(_socket_rescue.Request(("stale", "unprotected"), values, 350))
    connection = Connection(a_socket(remaining=7100000, idle=idle), None, Namespace(1, KERNEL, time.time()))
    assert _socket_rescue.Planner(request).plan(connection, options) == expected


@pytest.mark.parametrize(
    ("options", "pins", "before", "after"),
    [
        (Options(1, 45, 45, 9), {}, "keepalive on, next probe in 7100 s", "keepalive on, re-armed"),
        (Options(0, 45, 45, 9), {}, "keepalive off", "keepalive on"),
        (Options(0, 45, 45, 9), dict(time=45), "keepalive off", "keepalive on, time 45 pinned"),
    ],
)
def test_a_diff_says_what_was_done(options, pins, before, after):
    tally = _socket_rescue.Tally(10)
    connection = Connection(a_socket(remaining=7100000), None, Namespace(1, KERNEL, time.time()))
    tally.add(_socket_rescue.Outcome(connection, None, options, _socket_rescue.Plan(pins, "switch on"), None))
    shown = tally.diff()
    assert (shown["before"], shown["after"]) == tuple(
        "None (None) 10.0.0.5:41000 -> 10.20.0.9:443: %s\n" % words for words in (before, after)
    )


def test_no_plan_where_the_state_was_not_chosen():
    request = _socket_rescue.Request(("stale",), {}, 350)
    connection = Connection(a_socket(), None, Namespace(1, KERNEL, time.time()))
    for options in (Options(0, 45, 45, 1), Options(1, 45, 45, 1), Options(1, 7200, 45, 1)):
        assert _socket_rescue.Planner(request).plan(connection, options) is None


def test_no_plan_where_the_values_would_not_do():
    request = _socket_rescue.Request(("unprotected",), {}, 350)
    connection = Connection(a_socket(), None, Namespace(1, dict(KERNEL, time=7200), time.time()))
    with pytest.raises(_socket_rescue.Unfit):
        _socket_rescue.Planner(request).plan(connection, Options(0, 7200, 45, 1))
