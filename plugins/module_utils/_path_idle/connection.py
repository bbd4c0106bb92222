# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One idle TCP connection, and the question whether its path still knows it: a keepalive probe that leaves at once.

A probe carries no data, so that the program on the other side sees nothing. The kernel sends it as soon as TCP_KEEPIDLE is
below the silence so far, repeats it where it may have been lost, and gives the connection up where nothing answers.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import contextlib
import errno
import math
import os
import select
import socket
import struct
import time

from ansible_collections.longlived.tcp.plugins.module_utils._appliances import CLOSED, RESET, SILENT
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import RANGES

ALIVE = "alive"

# As long a time as a socket can have of its own: until then no probe of the kernel's leaves.
LONGEST = RANGES["time"][1]

# Seconds to wait for a connection; for the other side's first words, at most and until it is quiet, which a lost packet of the
# handshake delays by one; and for it to close.
CONNECT, FIRST_WORDS, QUIET, CLOSE = 15, 6, 2, 1

# An unanswered probe is repeated, since one packet is lost easily; then the kernel gives up, late by up to an eighth.
PROBES, PAUSE = 4, 2
PATIENCE = PROBES * PAUSE * 9 // 8 + 5

# Seconds between two looks at TCP_INFO: no event tells that a probe was answered.
LOOK = 0.02
# And how much later than the probe the kernel's clock of 1/HZ may say that its answer was.
TICK = 0.1

# struct tcp_info: tcpi_last_ack_recv (ms), tcpi_segs_in (Linux 4.2).
_INFO = struct.Struct("=56xI80xI")
Info = collections.namedtuple("Info", "ack_age segments")

# A socket that is closed with this leaves nothing behind, also where its process is killed.
_LINGER = struct.pack("ii", 1, 0)

# A clock that is never set; Python 2 has none by that name.
now = getattr(time, "monotonic", None) or (lambda: os.times()[4])


@contextlib.contextmanager
def connected(host, port):
    """A `Connection` to the first address of `host` that takes one; there is never more than one."""
    one, address = _first_that_takes_it(host, port)
    try:
        connection = Connection(one, address)
    except UserError:
        one.close()
        raise
    try:
        yield connection
    finally:
        connection.close()


def _first_that_takes_it(host, port):
    refusal = None
    for family, address in _addresses(host, port):
        try:
            return _connected(family, address), address[0]
        except (IOError, OSError) as error:
            refusal = _refusal(host, address, error)
    raise refusal


def _addresses(host, port):
    """(family, address), each once."""
    try:
        found = socket.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except (socket.gaierror, ValueError, TypeError) as error:
        why = error.args[-1] if isinstance(error, socket.gaierror) else "it is no name of a host"
        raise UserError("The name %s does not resolve here (%s): correct it, or give an address." % (host, why))
    return [(one[0], one[4]) for one in found]


def _connected(family, address):
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.settimeout(CONNECT)
        one.connect(address)
        one.setblocking(False)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        return one
    except (IOError, OSError):
        one.close()
        raise


def _refusal(host, address, error):
    where = "%s port %d" % (host if host == address[0] else "%s (%s)" % (host, address[0]), address[1])
    if isinstance(error, socket.timeout) or error.errno == errno.ETIMEDOUT:
        return UserError(
            "%s does not answer within %d seconds: have the security groups and firewalls on the path let it pass." % (where, CONNECT)
        )
    if error.errno == errno.ECONNREFUSED:
        return UserError("%s refuses the connection: start a listener there that stays silent." % where)
    return UserError("Cannot connect to %s: %s." % (where, error.strerror or error))


class Connection:
    """An open one. `address` is the other end, `silent_since` when the last segment arrived that is no part of a silence."""

    def __init__(self, one, address):
        self._socket = one
        self._poll = select.poll()
        self._poll.register(one, select.POLLIN)
        self.address = address
        self.silent_since = now()
        self.info()
        self._rest()
        # After its times, and whether or not a program for new connections has turned it on with times of its own.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def info(self):
        told = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        if len(told) < _INFO.size:
            raise UserError("This kernel does not tell how many segments a connection has received: that needs Linux 4.2.")
        return Info(*_INFO.unpack_from(told))

    def first_words(self):
        """Let the other side say what it says by itself, a greeting for one; how the connection ended, or None."""
        until, before = now() + FIRST_WORDS, self.info().segments
        while now() < until and self._readable(min(QUIET, until - now())):
            ended = self._end()
            if ended:
                return ended
            self.silent_since, before = now(), self.info().segments
        if self.info().segments != before:
            self.silent_since = now()  # a segment without data is no event
        return None

    def wait(self, seconds):
        """Say nothing for so long; how the connection ended meanwhile, or None."""
        until = now() + seconds
        while now() < until:
            ended = self._readable(until - now()) and self._end()
            if ended:
                return ended
        return None

    def ask(self):
        """Send a probe, and tell what it met."""
        before, asked = self.info(), now()
        self._times(time=1, intvl=PAUSE, probes=PROBES)
        while now() < asked + PATIENCE:
            ended = self._readable(LOOK) and self._end()
            if ended:
                return ended
            info = self.info()
            # A segment that TCP takes for no answer, such as a RST out of order, does not renew the age of the last one.
            if info.segments != before.segments and info.ack_age <= 1000 * (now() - asked + TICK):
                self._rest()
                self.silent_since = now()
                return ALIVE
        return SILENT

    def close(self):
        """As a program does, if the other side goes along: without a RST."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
            self.wait(CLOSE)
        except (IOError, OSError):
            pass  # it has ended
        self._socket.close()

    def _rest(self):
        self._times(time=LONGEST, intvl=LONGEST, probes=PROBES)

    def _times(self, time, intvl, probes):
        # The time last: it is what makes the kernel act.
        for option, value in ((socket.TCP_KEEPCNT, probes), (socket.TCP_KEEPINTVL, intvl), (socket.TCP_KEEPIDLE, time)):
            self._socket.setsockopt(socket.IPPROTO_TCP, option, value)

    def _readable(self, seconds):
        try:
            return bool(self._poll.poll(int(math.ceil(1000 * max(0, seconds)))))
        except select.error as error:  # Python 2: a signal
            if error.args[0] != errno.EINTR:
                raise
            return False

    def _end(self):
        """How the connection has ended, None while it is open. What the other side says is read and dropped."""
        try:
            return None if self._socket.recv(65536) else CLOSED
        except (IOError, OSError) as error:
            if error.errno in (errno.EAGAIN, errno.EINTR):
                return None
            return RESET if error.errno in (errno.ECONNRESET, errno.EPIPE) else SILENT
