# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TCP connections as sock_diag(7) shows them, in the network namespace that this process is in.

A look takes nothing from anybody: no descriptor is fetched, no process is stopped.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import socket
import struct
import time

from ansible_collections.longlived.tcp.plugins.module_utils._sockets import netlink
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.netlink import ATTRIBUTE, attributes

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
INET_DIAG_INFO = 2

# The states that are connections whose program can still wait for something, with ss's names. LISTEN and
# TIME-WAIT are none; in FIN-WAIT-2 the program has sent all of its request and waits for the answer.
TCP_STATES = {1: "ESTAB", 4: "FIN-WAIT-1", 5: "FIN-WAIT-2", 8: "CLOSE-WAIT"}
ESTABLISHED = 1

# What idiag_timer says is pending: the first of these that is. So the others hide keepalive.
TIMER_NONE, TIMER_RETRANSMIT, TIMER_KEEPALIVE, TIMER_TIME_WAIT, TIMER_ZERO_WINDOW = range(5)

# `remaining` is the milliseconds until the timer's time, 0 also while it is late; `unanswered` the probes
# sent without an answer; `idle` the milliseconds since the last segment was received; `device` the index of
# the network device that it is bound to, or 0. Ports and addresses are in network order, IPv4 addresses the
# first four of sixteen bytes.
Socket = collections.namedtuple(
    "Socket", "family state timer unanswered sport dport source destination device cookie remaining uid inode idle"
)

# struct inet_diag_req_v2: family, protocol, extensions, states, and the identity of one socket.
_REQUEST = struct.Struct("=BBBxIHH16s16sIII")

# struct nlmsghdr, of which only the length and the type matter, and struct inet_diag_msg.
_MESSAGE = struct.Struct("=IH10x4BHH16s16sIIII8xII")

# struct nlattr, and of struct tcp_info: tcpi_last_data_recv, tcpi_last_ack_recv.
_INFO = struct.Struct("=HH52xII")

# Pauses, in seconds, before each new look at what a timer hides: about as long as a retransmission
# lasts on a path that works.
PAUSES = (0.01, 0.04, 0.1, 0.25)


def number():
    """About how many sockets this network namespace has, those that are not TCP counted as well; 0 where that is not said."""
    try:
        with open("/proc/self/net/sockstat") as stream:
            return int(stream.readline().split()[-1])
    except (IOError, OSError, ValueError, IndexError):
        return 0


def dump():
    """Every TCP connection of this network namespace, as lists of `Socket`s."""
    states = sum(1 << state for state in TCP_STATES)
    with netlink.opened(NETLINK_SOCK_DIAG) as connection:
        for family in (socket.AF_INET, socket.AF_INET6):
            for sockets in parsed(_ask(connection, family, states)):
                # Without an inode, and not waiting to be accepted: its program has closed it.
                yield [one for one in sockets if one.inode or one.state == ESTABLISHED]


def _ask(connection, family, states, identity=(0, 0, b"", b"", 0, 0, 0), dump=True):
    request = _REQUEST.pack(family, socket.IPPROTO_TCP, 1 << (INET_DIAG_INFO - 1), states, *identity)
    return netlink.answers(connection, SOCK_DIAG_BY_FAMILY, request, dump)


def look_again(sockets, longest):
    """The same sockets, looked at until no other timer hides keepalive, or often enough, or for `longest` seconds; those
    that are gone left out.

    A dictionary by cookie, which no other socket ever has.
    """
    hidden = dict((one.cookie, one) for one in sockets)
    found, latest = {}, time.time() + longest
    with netlink.opened(NETLINK_SOCK_DIAG) as connection:
        for pause in PAUSES:
            if not hidden or time.time() + pause > latest:
                break
            time.sleep(pause)
            for cookie, one in list(hidden.items()):
                if time.time() > latest:
                    break
                again = _look(connection, one)
                if again is None or again.timer in (TIMER_NONE, TIMER_KEEPALIVE):
                    del hidden[cookie]
                if again is not None:
                    found[cookie] = again
    for cookie, one in hidden.items():
        found.setdefault(cookie, one)
    return found


def look(one):
    """The same socket now; None where it is gone."""
    with netlink.opened(NETLINK_SOCK_DIAG) as connection:
        return _look(connection, one)


def _look(connection, one):
    identity = one.sport, one.dport, one.source, one.destination, one.device, one.cookie & 0xFFFFFFFF, one.cookie >> 32
    for sockets in parsed(_ask(connection, one.family, 0xFFFFFFFF, identity, dump=False)):
        for again in sockets:
            if again.cookie == one.cookie and again.state in TCP_STATES:
                return again
    return None


def parsed(answers):
    """A list of `Socket`s for each answer, and each socket once: the kernel names one twice that moves during a dump."""
    seen, new = set(), tuple.__new__  # a namedtuple's own constructor would be a third of the time
    message, info = _MESSAGE.unpack_from, _INFO.unpack_from
    expected, known = 0, None  # where INET_DIAG_INFO stood in the last message, and its header: mostly so in the next
    for buffer, filled in answers:
        sockets, at = [], 0
        while at < filled:
            (
                length, kind, family, state, timer, unanswered, sport, dport, source, destination, device, low, high, remaining, uid,
                inode,
            ) = message(buffer, at)
            if kind == netlink.NLMSG_DONE:
                netlink.check_end(buffer, at)
                yield sockets
                return
            cookie = low | high << 32
            if cookie not in seen:
                seen.add(cookie)
                size, kind, data, ack = info(buffer, at + expected)
                if (size, kind) != known:
                    expected = _info_at(buffer, at, at + length)
                    size, kind, data, ack = info(buffer, at + expected) if expected else (0, 0, 0, 0)
                    known = (size, kind) if expected else None
                sockets.append(
                    new(Socket, (
                        family, state, timer, unanswered, sport, dport, source, destination, device, cookie, remaining, uid, inode,
                        data if data < ack else ack,
                    ))
                )
            at += (length + 3) & ~3
        yield sockets


def _info_at(buffer, begin, end):
    for kind, at, stop in attributes(buffer, begin + _MESSAGE.size, end):
        if kind == INET_DIAG_INFO and stop - at >= _INFO.size - ATTRIBUTE.size:
            return at - ATTRIBUTE.size - begin
    return 0


def endpoint(family, address, port):
    """As ss writes it: 10.0.0.1:443, [2001:db8::1]:443."""
    port = socket.ntohs(port)
    if family == socket.AF_INET:
        return "%s:%d" % (socket.inet_ntop(family, address[:4]), port)
    return "[%s]:%d" % (socket.inet_ntop(family, address), port)
