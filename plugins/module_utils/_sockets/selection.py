# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which connections are meant: by their processes, by the peer's address, by a port, local ones or not."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import re
import socket
import struct

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import netlink

# `names` are globs, `peers` are CIDRs, `local` says whether connections to this host itself are meant as well.
Selection = collections.namedtuple("Selection", "names pids peers ports local")

_NETLINK_ROUTE = 0
_RTM_GETADDR = 22
_IFADDRMSG_SIZE = 8
_IFA_ADDRESS, _IFA_LOCAL = 1, 2

_MAPPED = b"\0" * 10 + b"\xff\xff"

_PREFIX_LENGTH = re.compile("[0-9]{1,3}\\Z")


class SelectionError(UserError):
    """What is wrong with a selection, and what to write instead."""


def check(selection):
    """Return the selection, blanks around its names and peers taken off, if it can be right, else raise `SelectionError`."""
    for port in selection.ports:
        if not 1 <= port <= 65535:
            raise SelectionError("ports has %d, and a port is from 1 to 65535." % port)
    peers = [peer.strip() for peer in selection.peers]
    for peer in peers:
        network(peer)
    return selection._replace(names=[program(name) for name in selection.names], peers=peers)


def program(text):
    """A glob of a program's name, blanks around it taken off."""
    name = text.strip()
    if not name:
        raise SelectionError("processes has an empty name: write the program's, or leave it out.")
    # [worker] or ['a','b'] typed for a list comes as text, and as a glob means each program whose name is one of these letters.
    if name[0] in "'\"" or (name[0] == "[" and (name[-1] == "]" or "]" not in name)):
        raise SelectionError(
            "processes has %s, whose brackets or quotes would be taken for a part of the name: write the name alone, several as"
            " worker,database." % name
        )
    return name


def network(text):
    """A CIDR, or one address, as the number of its fixed bits and their value; IPv4 as IPv6 maps it."""
    address, slash, length = text.partition("/")
    for family, first, most in ((socket.AF_INET, 96, 32), (socket.AF_INET6, 0, 128)):
        try:
            value = _number(mapped(family, socket.inet_pton(family, address)))
        except (ValueError, socket.error):
            continue
        if slash and not (_PREFIX_LENGTH.match(length) and int(length) <= most):
            break
        bits = first + (int(length) if slash else most)
        if value & ((1 << (128 - bits)) - 1):
            raise SelectionError("peers has %s, whose address has bits beyond its prefix: write the network's own address." % text)
        return bits, value >> (128 - bits)
    raise SelectionError("peers has %s, which is no network: write it as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32." % text)


def mapped(family, address):
    """The sixteen bytes of an address, IPv4 as IPv6 maps it: so both ways of writing it are the same."""
    return _MAPPED + address[:4] if family == socket.AF_INET else address


def _number(address):
    high, low = struct.unpack("!QQ", address)
    return high << 64 | low


class Filter:
    """Which sockets of the network namespace that this process is in are meant, their owners left aside."""

    def __init__(self, selection):
        self._ports = frozenset(selection.ports)
        self._networks = [network(peer) for peer in selection.peers]
        self._own = frozenset() if selection.local else frozenset(own_addresses())
        self._local = selection.local
        self._known = {}  # hosts have far fewer peers than sockets

    def takes(self, one):
        peer = one.family, one.destination
        try:
            wanted = self._known[peer]
        except KeyError:
            wanted = self._known[peer] = self._takes(mapped(*peer))
        return wanted and (not self._ports or socket.ntohs(one.dport) in self._ports or socket.ntohs(one.sport) in self._ports)

    def _takes(self, peer):
        number = _number(peer)
        if not self._local and (peer in self._own or number == 1 or number >> 24 == _number(_MAPPED + b"\x7f\0\0\0") >> 24):
            return False
        return not self._networks or any(number >> (128 - bits) == value for bits, value in self._networks)


def own_addresses():
    """Every address of this network namespace, as sixteen bytes."""
    payload = struct.pack("=BBBBI", socket.AF_UNSPEC, 0, 0, 0, 0)
    with netlink.opened(_NETLINK_ROUTE) as connection:
        for buffer, begin, end in netlink.messages(netlink.answers(connection, _RTM_GETADDR, payload)):
            found = dict((kind, bytes(buffer[at:stop])) for kind, at, stop in netlink.attributes(buffer, begin + _IFADDRMSG_SIZE, end))
            # On a point-to-point link IFA_ADDRESS is the other end.
            address = found.get(_IFA_LOCAL, found.get(_IFA_ADDRESS))
            if address is not None:
                yield mapped(buffer[begin], address)
