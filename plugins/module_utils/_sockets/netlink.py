# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""netlink(7): ask the kernel for a dump, and take its answers apart."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib
import errno
import os
import socket
import struct

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError

NLM_F_REQUEST = 0x1
NLM_F_DUMP = 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3

# Before every message: its length, this header included, its type, flags, sequence number and port.
HEADER = struct.Struct("=IHHII")

# Before every attribute: its length, this header included, and its type.
ATTRIBUTE = struct.Struct("=HH")

_NUMBER = struct.Struct("=i")

# The kernel fills at most 32 KiB at a time.
_BUFFER = 1 << 16


class NetlinkError(UserError):
    """Why the kernel did not answer."""


@contextlib.contextmanager
def opened(protocol):
    """A netlink socket in the network namespace that this process is in."""
    try:
        connection = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
    except (IOError, OSError) as error:
        raise NetlinkError("Cannot ask the kernel over netlink (protocol %d): %s." % (protocol, error.strerror))
    try:
        yield connection
    finally:
        connection.close()


def answers(connection, kind, payload, dump=True):
    """Send a request; each time the kernel answers, the buffer that holds the answer and how far it is filled.

    The buffer is used again: take what you need before the next one. The kernel may add NLMSG_DONE to the last messages:
    whoever meets it there calls `check_end`, and asks for no more.
    """
    flags = NLM_F_REQUEST | (NLM_F_DUMP if dump else 0)
    try:
        connection.send(HEADER.pack(HEADER.size + len(payload), kind, flags, 1, 0) + payload)
        buffer = bytearray(_BUFFER)
        while True:
            filled = connection.recv_into(buffer)
            answer = HEADER.unpack_from(buffer)[1]
            if answer in (NLMSG_ERROR, NLMSG_DONE):
                # What was asked for by name is gone, or another has taken its place. To a dump ENOENT says that nothing here
                # can list such sockets.
                if dump or _error(buffer, 0) not in (errno.ENOENT, errno.ESTALE):
                    check_end(buffer, 0)
                return
            yield buffer, filled
            if not dump:
                return
    except (IOError, OSError) as error:
        raise _refusal(error.strerror)


def check_end(buffer, at):
    """Raise what the last message, which is at this place, has against the request: the kernel may break a dump off."""
    number = _error(buffer, at)
    if number:
        raise _refusal(os.strerror(number))


def _error(buffer, at):
    length = HEADER.unpack_from(buffer, at)[0]
    return -_NUMBER.unpack_from(buffer, at + HEADER.size)[0] if length >= HEADER.size + _NUMBER.size else 0


def _refusal(why):
    return NetlinkError("The kernel refuses to list its TCP sockets and addresses: %s." % why)


def messages(answered):
    """The messages of all answers: the buffer, and where each begins and ends in it, its header left out."""
    for buffer, filled in answered:
        at = 0
        while at < filled:
            length, kind = HEADER.unpack_from(buffer, at)[:2]
            if kind == NLMSG_DONE:
                check_end(buffer, at)
                return
            yield buffer, at + HEADER.size, at + length
            at += (length + 3) & ~3


def attributes(buffer, begin, end):
    """The attributes between two places: type, begin and end of each one's payload."""
    while begin + ATTRIBUTE.size <= end:
        length, kind = ATTRIBUTE.unpack_from(buffer, begin)
        if length < ATTRIBUTE.size:
            return
        yield kind, begin + ATTRIBUTE.size, begin + length
        begin += (length + 3) & ~3
