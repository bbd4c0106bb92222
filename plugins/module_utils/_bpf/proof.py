# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a new connection of this process's cgroup really gets, found out without a packet.

In a child with an empty network namespace connect(2) has no route. The cgroup's programs run before the kernel looks for one, and
what they set stays on the socket. An address of the child's own is connected to for what an accepted connection gets.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import ctypes
import errno
import fcntl
import json
import os
import signal
import socket
import struct

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import NAMES, RANGES

_CLONE_NEWNET = 0x40000000
_SIOCSIFADDR, _SIOCSIFFLAGS, _IFF_UP = 0x8916, 0x8914, 1

# Addresses for documentation (RFC 5737, RFC 3849): no host has them, and the child has the first one for itself.
_OWN, _FAR = "192.0.2.1", ((socket.AF_INET, "192.0.2.2"), (socket.AF_INET6, "2001:db8::2"))
_PORT = 9

PROOFS = ("host", "container", "accepted")

_OPTIONS = dict(zip(NAMES, (4, 5, 6)))  # TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT


# Where a network namespace cannot be made.
_REMEDIES = {
    errno.EPERM: "; run as root on the host itself (become: true)",
    errno.ENOSPC: "; user.max_net_namespaces (sysctl) allows no other network namespace: raise it",
}


class ProofError(UserError):
    """Why it cannot be found out."""


def new_connections(running, accepted, cgroup=None):
    """For `host`, a socket with the `running` values, and `container`, one with the kernel's defaults: {keepalive, time, intvl,
    probes}; the same for `accepted`, if it is asked for. Where IPv4 and IPv6 differ, the one that is worse off. Of a `cgroup`, if it
    is given, and nothing if no process can be there."""
    return _found(lambda: _proofs(running, accepted) if _joined(cgroup) else {})


def check():
    """Raise `ProofError` where nothing can be found out."""
    _found(dict)


def _found(work):
    found = _in_child(work)
    if "error" in found:
        raise ProofError("Cannot find out what new connections get: %s." % found["error"])
    return found


def _in_child(work):
    """What `work` returns, as JSON, from a child with an empty network namespace."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # a parent may have left it ignored
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(receive)
            libc = ctypes.CDLL(None, use_errno=True)
            try:
                if libc.unshare(ctypes.c_int(_CLONE_NEWNET)) != 0:
                    number = ctypes.get_errno()
                    raise OSError(number, os.strerror(number) + _REMEDIES.get(number, ""))
                found = work()
            except (IOError, OSError) as error:
                found = {"error": error.strerror or str(error)}
            os.write(send, json.dumps(found).encode("ascii"))
        finally:
            os._exit(0)
    os.close(send)
    with os.fdopen(receive, "rb") as stream:
        text = stream.read()
    os.waitpid(child, 0)
    return json.loads(text.decode("ascii")) if text else {"error": "the process that tries it has ended"}


def _joined(cgroup):
    """Whether this process is in that cgroup now: one whose children have controllers takes none."""
    try:
        if cgroup is not None:
            with open(os.path.join(cgroup, "cgroup.procs"), "w") as stream:
                stream.write("0")
    except (IOError, OSError) as error:
        if error.errno not in (errno.EBUSY, errno.EOPNOTSUPP):
            raise
        return False
    return True


def _proofs(running, accepted):
    sockets = dict(host=running, container=None)
    far = [one for one in _FAR if _has(one[0])]
    found = dict((name, _worst([_connected(*one, values=values) for one in far])) for name, values in sockets.items())
    if accepted:
        _give_address()
        found["accepted"] = _accepted()
    return found


def _has(family):
    """Whether the kernel has it: it may have been booted with ipv6.disable=1."""
    try:
        socket.socket(family, socket.SOCK_STREAM).close()
    except (IOError, OSError) as error:
        if error.errno != errno.EAFNOSUPPORT:
            raise
        return False
    return True


def _worst(rows):
    """Without keepalive, or else with the longest times."""
    return min(rows, key=lambda row: (row["keepalive"], -row["time"], -row["intvl"]))


def _connected(family, address, values):
    one, preset = socket.socket(family, socket.SOCK_STREAM), {}
    try:
        for name in NAMES if values else ():
            preset[name] = _possible(name, values[name])
            one.setsockopt(socket.IPPROTO_TCP, _OPTIONS[name], preset[name])
        one.connect_ex((address, _PORT))
        found = _settings(one)
        return dict(found, **dict((name, values[name]) for name in preset if found[name] == preset[name]))
    finally:
        one.close()


def _possible(name, value):
    """What stands for a value on a socket, which takes fewer than the kernel's files do. To a program, one below 0 is a long time."""
    least, most = RANGES[name]
    return most if value < 0 else min(max(value, least), most)


def _accepted():
    listener, client = socket.socket(), socket.socket()
    try:
        listener.bind((_OWN, 0))
        listener.listen(1)
        client.connect(listener.getsockname())
        one, _peer = listener.accept()
        try:
            return _settings(one)
        finally:
            one.close()
    finally:
        client.close()
        listener.close()


def _settings(one):
    values = dict((name, one.getsockopt(socket.IPPROTO_TCP, option)) for name, option in _OPTIONS.items())
    return dict(values, keepalive=one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1)


def _give_address():
    """Have the child's loopback device up, with an address that is not a loopback address."""
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        address = struct.pack("=16sH2s4s8s", b"lo", socket.AF_INET, b"", socket.inet_aton(_OWN), b"")
        fcntl.ioctl(one, _SIOCSIFADDR, address)
        fcntl.ioctl(one, _SIOCSIFFLAGS, struct.pack("=16sH14s", b"lo", _IFF_UP, b""))
    finally:
        one.close()


def unlike(found, values, most, asks):
    """The names of the proofs that are not as asked for: with keepalive, and times that are short enough or those asked for."""
    wrong = []
    for name in sorted(found):
        row = found[name]
        short = max(row["time"], row["intvl"]) <= most
        as_asked = all(row[one] == values[one] for one in NAMES)
        if not row["keepalive"] or (asks and not (short or as_asked)):
            wrong.append(name)
    return wrong
