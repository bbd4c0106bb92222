# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection on loopback, and what the question says of it; paths that forget are in tests/lab."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import select
import signal
import socket
import struct
import threading

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._path_idle import connection as it
from ansible_collections.longlived.tcp.plugins.module_utils._path_idle.connection import connected

LOOPBACK = "127.0.0.1"


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(it, "QUIET", 0.2)
    monkeypatch.setattr(it, "CLOSE", 0.2)


@pytest.fixture
def listener():
    one = socket.socket()
    one.bind((LOOPBACK, 0))
    one.listen(5)
    yield one
    one.close()


@pytest.fixture
def pair(listener):
    """Both ends of one."""
    with connected(*listener.getsockname()) as connection:
        other, _address = listener.accept()
        yield connection, other
        other.close()


def readable(one):
    assert select.select([one], [], [], 10)[0]
    return one


def option(connection, name):
    return connection._socket.getsockopt(socket.IPPROTO_TCP, name)


def test_a_listener_that_never_accepts_is_alive(listener):
    with connected(*listener.getsockname()) as connection:
        assert connection.first_words() is None
        for _time in range(2):
            assert connection.wait(1) is None
            assert connection.ask() == "alive"
        assert connection.address == LOOPBACK


def test_the_other_side_sees_no_data_and_the_end(listener):
    with connected(*listener.getsockname()) as connection:
        other, _address = listener.accept()
        assert connection.wait(1) is None
        assert connection.ask() == "alive"
        assert select.select([other], [], [], 0)[0] == []
    assert readable(other).recv(1) == b""
    other.close()


def test_it_ends_without_a_reset_where_the_other_side_goes_along(pair, monkeypatch):
    connection, other = pair
    monkeypatch.setattr(it, "CLOSE", 10)
    seen = []

    def other_side():
        seen.append(readable(other).recv(1))
        poll = select.poll()
        poll.register(other, 0)  # a RST only
        seen.append(poll.poll(200))
        other.close()

    thread = threading.Thread(target=other_side)
    thread.start()
    connection.close()
    thread.join()
    assert seen == [b"", []]


def test_it_leaves_nothing_where_the_other_side_does_not(pair):
    connection, other = pair
    connection.close()
    assert readable(other).recv(1) == b""
    with pytest.raises((IOError, OSError)) as error:
        other.send(b"late")
    assert error.value.errno == errno.EPIPE


def test_no_probe_leaves_until_the_question(pair):
    connection, _other = pair
    assert [option(connection, name) for name in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL)] == [32767, 32767]
    assert connection._socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    connection.wait(1)
    connection.ask()
    assert [option(connection, name) for name in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL)] == [32767, 32767]


def test_one_question_is_one_segment(pair):
    connection, _other = pair
    connection.wait(1)
    before = connection.info().segments
    assert connection.ask() == "alive"
    connection.wait(1)
    assert connection.info().segments - before == 1


def test_closed_while_waiting(pair):
    connection, other = pair
    other.close()
    assert connection.wait(60) == "closed_by_peer"


def test_reset_while_waiting(pair):
    connection, other = pair
    other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    other.close()
    assert connection.wait(60) == "reset"


def test_closed_before_the_first_silence(pair):
    connection, other = pair
    other.close()
    assert connection.first_words() == "closed_by_peer"


def test_reset_before_it_was_looked_at(listener):
    one = socket.create_connection(listener.getsockname())
    other, _address = listener.accept()
    other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    other.close()
    connection = it.Connection(readable(one), LOOPBACK)
    assert connection.first_words() == "reset"
    connection.close()


def test_a_silence_begins_with_the_connection(pair):
    connection, _other = pair
    begun = connection.silent_since
    assert connection.first_words() is None
    assert connection.silent_since == begun <= it.now() - 0.18


def test_a_greeting_is_no_part_of_a_silence(pair):
    connection, other = pair
    begun = connection.silent_since
    threading.Timer(0.1, other.send, [b"220 welcome"]).start()
    assert connection.first_words() is None
    assert begun + 0.08 <= connection.silent_since <= it.now() - 0.18
    before = connection.info().segments
    assert connection.wait(0.3) is None
    assert connection.info().segments == before


def test_a_segment_without_data_among_the_first_words_begins_the_silence_anew(pair, monkeypatch):
    connection, _other = pair
    seen = [it.Info(0, 1)]
    monkeypatch.setattr(connection, "info", lambda: seen.pop(0) if seen else it.Info(0, 2))
    assert connection.first_words() is None
    assert connection.silent_since >= it.now() - 0.1


def test_an_answer_begins_the_next_silence(pair):
    connection, _other = pair
    connection.wait(1)
    assert connection.ask() == "alive"
    assert connection.silent_since >= it.now() - 0.5


def test_one_that_never_stops_talking_does_not_hold_it_up(pair, monkeypatch):
    connection, _other = pair
    monkeypatch.setattr(it, "FIRST_WORDS", 0.3)
    monkeypatch.setattr(connection, "_readable", lambda seconds: True)
    assert connection.first_words() is None


def test_segments_are_those_that_arrived(pair):
    connection, _other = pair
    assert connection.info().segments == 1  # SYN-ACK; SYN and ACK have left


def test_data_is_read_and_a_segment_counted(pair):
    connection, other = pair
    before, begun = connection.info().segments, it.now()
    other.send(b"data")
    assert connection.wait(0.3) is None
    assert it.now() - begun >= 0.28
    assert connection.info().segments - before == 1


@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        (errno.ECONNRESET, "reset"),
        (errno.EPIPE, "reset"),
        (errno.ETIMEDOUT, "silent"),
        (errno.EHOSTUNREACH, "silent"),
        (errno.EAGAIN, None),
    ],
)
def test_what_an_error_tells(pair, number, outcome):
    connection, _other = pair

    class Broken:
        def recv(self, _size):
            raise socket.error(number, os.strerror(number))

    real, connection._socket = connection._socket, Broken()
    try:
        assert connection._end() == outcome
    finally:
        connection._socket = real


def test_no_answer_and_no_error_is_silence(pair, monkeypatch):
    connection, _other = pair
    monkeypatch.setattr(it, "PATIENCE", 0.1)
    monkeypatch.setattr(connection, "_times", lambda **times: None)
    assert connection.ask() == "silent"


def test_a_segment_that_is_no_answer_is_none(pair, monkeypatch):
    connection, _other = pair
    monkeypatch.setattr(it, "PATIENCE", 0.1)
    seen = [it.Info(5000, 3), it.Info(5010, 4)]
    monkeypatch.setattr(connection, "info", lambda: seen.pop(0) if len(seen) > 1 else seen[0])
    assert connection.ask() == "silent"


def test_a_signal_ends_no_silence(pair):
    connection, _other = pair
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        begun = it.now()
        assert connection.wait(0.5) is None
        assert it.now() - begun >= 0.45
    finally:
        signal.signal(signal.SIGALRM, before)


def test_ipv6():
    try:
        one = socket.socket(socket.AF_INET6)
        one.bind(("::1", 0))
    except (IOError, OSError):
        pytest.skip("there is no IPv6 here")
    one.listen(1)
    with connected("::1", one.getsockname()[1]) as connection:
        assert connection.wait(1) is None
        assert (connection.ask(), connection.address) == ("alive", "::1")
    one.close()


# --- what is refused -----------------------------------------------------------------------------


def refused(host, port=7777):
    with pytest.raises(UserError) as error:
        with connected(host, port):
            pass
    return str(error.value)


def test_a_port_that_refuses(listener):
    port = listener.getsockname()[1]
    listener.close()
    assert refused(LOOPBACK, port) == "127.0.0.1 port %d refuses the connection: start a listener there that stays silent." % port


NO_ANSWER = (
    "db (192.0.2.1) port 7777 does not answer within 15 seconds: have the security groups and firewalls on the path let it pass."
)


def fails(error):
    def connect(family, address):
        raise error

    return connect


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (socket.timeout("timed out"), NO_ANSWER),
        (socket.error(errno.ETIMEDOUT, "x"), NO_ANSWER),
        (socket.error(errno.ENETUNREACH, "Network is unreachable"), "Cannot connect to db (192.0.2.1) port 7777: Network is unreachable."),
    ],
)
def test_no_connection(monkeypatch, error, says):
    monkeypatch.setattr(it, "_addresses", lambda host, port: [(socket.AF_INET, ("192.0.2.1", 7777))])
    monkeypatch.setattr(it, "_connected", fails(error))
    assert refused("db") == says


@pytest.mark.parametrize("host", ["no-such-name.invalid", "a" * 64 + ".invalid", ".invalid", "a\0b"])
def test_a_name_that_does_not_resolve(host):
    said = refused(host)
    assert said.startswith("The name %s does not resolve here (" % host)
    assert said.endswith("): correct it, or give an address.")


def test_the_next_address_where_one_takes_no_connection(listener, monkeypatch):
    taken = listener.getsockname()
    closed = socket.socket()
    closed.bind((LOOPBACK, 0))
    monkeypatch.setattr(it, "_addresses", lambda host, port: [(socket.AF_INET, closed.getsockname()), (socket.AF_INET, taken)])
    with connected("two", 1) as connection:
        assert connection._socket.getpeername() == taken
    closed.close()


def test_a_kernel_that_does_not_count_segments(listener, monkeypatch):
    monkeypatch.setattr(it, "_INFO", struct.Struct("=300xII"))
    assert refused(*listener.getsockname()) == (
        "This kernel does not tell how many segments a connection has received: that needs Linux 4.2."
    )
