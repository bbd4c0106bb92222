# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Another process's socket: its real options, read and set while the process runs on.

A copy of the descriptor is fetched (pidfd_getfd(2), Linux 5.6), used and closed, one at a time. While it is
held, the owner's own close(2) would send no FIN: that is microseconds. A number in /proc/PID/fd may mean
another socket by now, so nothing is done before the copy has shown the cookie of the socket meant: an inode number may
come again, a cookie never does.

A connection of MPTCP is a subflow of the socket that its program has: both have one inode, and a cookie each.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import contextlib
import ctypes
import errno
import os
import resource
import socket

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError

# The same on every machine (but alpha).
_SYS_PIDFD_OPEN, _SYS_PIDFD_GETFD = 434, 438
_PIDFD_THREAD = os.O_EXCL  # from Linux 6.9 on: a thread that is not its process's first

# So many processes are open at a time, or a quarter of as many as this process may have descriptors, where that is less.
_MOST_TASKS = 512

_SO_PROTOCOL, _SO_COOKIE = 38, 57
_IPPROTO_MPTCP = 262
_TCP_KEEPIDLE, _TCP_KEEPINTVL, _TCP_KEEPCNT = 4, 5, 6

# The level and the number of what tcp(7) and socket(7) call them.
KEEPALIVE = (socket.SOL_SOCKET, socket.SO_KEEPALIVE)
VALUES = {
    "time": (socket.IPPROTO_TCP, _TCP_KEEPIDLE),
    "intvl": (socket.IPPROTO_TCP, _TCP_KEEPINTVL),
    "probes": (socket.IPPROTO_TCP, _TCP_KEEPCNT),
}


class Options(collections.namedtuple("Options", "keepalive time intvl probes")):
    """A socket's own: whether keepalive is on, 1 or 0, and the values in effect."""

    __slots__ = ()

    @property
    def values(self):
        return dict(time=self.time, intvl=self.intvl, probes=self.probes)


_libc = ctypes.CDLL(None, use_errno=True)
_number, _length = ctypes.c_int(), ctypes.c_uint(4)
_number_at, _length_at = ctypes.byref(_number), ctypes.byref(_length)
_cookie, _cookie_length = ctypes.c_uint64(), ctypes.c_uint(8)
_cookie_at, _cookie_length_at = ctypes.byref(_cookie), ctypes.byref(_cookie_length)


class Mptcp(int):
    """A copy of a descriptor of an MPTCP socket. What it says of its own options is not what its subflows have."""


class Gone(Exception):
    """The socket meant is closed, or its process has ended: no error."""


class Unreachable(UserError):
    """Why a socket cannot be fetched or changed."""


def check_possible():
    """Raise `Unreachable` where this kernel has no pidfd_getfd, or a seccomp filter forbids it."""
    probe = _libc.syscall(_SYS_PIDFD_OPEN, os.getpid(), 0)
    number = ctypes.get_errno()
    if probe >= 0:
        with open(os.devnull) as anything:
            copy = _libc.syscall(_SYS_PIDFD_GETFD, probe, anything.fileno(), 0)
            number = ctypes.get_errno()
        os.close(probe)
        if copy >= 0:
            os.close(copy)
            return
    if number == errno.ENOSYS:
        raise Unreachable(
            "This kernel (%s) has no pidfd_getfd, so that no other process's socket can be reached: restart the programs, or use Linux 5.6"
            " or newer." % os.uname()[2]
        )
    raise Unreachable("pidfd_getfd is forbidden here (%s), as in some containers: run this on the host itself." % os.strerror(number))


class Tasks:
    """The processes whose sockets are fetched, each opened once as long as they are not too many."""

    def __init__(self):
        self._pidfds = {}
        limit, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._most = _MOST_TASKS if limit == resource.RLIM_INFINITY else max(min(_MOST_TASKS, limit // 4), 1)

    def pidfd(self, task, pid):
        if task not in self._pidfds:
            if len(self._pidfds) >= self._most:
                self.close()
            pidfd = _libc.syscall(_SYS_PIDFD_OPEN, task, 0 if task == pid else _PIDFD_THREAD)
            if pidfd < 0:
                raise _why(ctypes.get_errno(), pid)
            self._pidfds[task] = pidfd
        return self._pidfds[task]

    def close(self):
        while self._pidfds:
            os.close(self._pidfds.popitem()[1])


@contextlib.contextmanager
def opened_tasks():
    """Where the caller fetches from."""
    opened = Tasks()
    try:
        yield opened
    finally:
        opened.close()


def fetch(tasks, owner, cookie):
    """A copy of the descriptor of that very socket, or an `Mptcp` where it is a subflow of the owner's socket, for the caller
    to close with os.close; `Gone` where the owner's descriptor is another one by now."""
    copy = _libc.syscall(_SYS_PIDFD_GETFD, tasks.pidfd(owner.task, owner.process.pid), owner.descriptor, 0)
    if copy < 0:
        raise _why(ctypes.get_errno(), owner.process.pid)
    if cookie_of(copy) == cookie:
        return copy
    if os.fstat(copy).st_ino == owner.inode and get(copy, (socket.SOL_SOCKET, _SO_PROTOCOL)) == _IPPROTO_MPTCP:
        return Mptcp(copy)
    os.close(copy)
    raise Gone()


def cookie_of(copy):
    _cookie.value = 0
    _libc.getsockopt(copy, socket.SOL_SOCKET, _SO_COOKIE, _cookie_at, _cookie_length_at)
    return _cookie.value


def from_first_owner(tasks, owners, cookie, use):
    """What `use` returns of a copy and its owner: the first one that still has the socket, and from whom it can be fetched.

    Raise why the last one of the others could not be used: `Unreachable`, or `Gone` where no one has it any more.
    """
    why = Gone()
    for owner in owners:
        try:
            copy = fetch(tasks, owner, cookie)
            try:
                return use(copy, owner)
            finally:
                os.close(copy)
        except Gone:
            continue
        except Unreachable as error:
            why = error
    raise why


def options(copy, keepalive=None, probes=None):
    """`keepalive` where the caller has seen it, `probes` where it does not matter: with 100,000 sockets each question counts."""
    return Options(
        get(copy, KEEPALIVE) if keepalive is None else keepalive,
        get(copy, VALUES["time"]),
        get(copy, VALUES["intvl"]),
        probes or get(copy, VALUES["probes"]),
    )


def get(copy, option):
    if _libc.getsockopt(copy, option[0], option[1], _number_at, _length_at) != 0:
        raise Unreachable("Cannot read the options of the socket: %s." % os.strerror(ctypes.get_errno()))
    return _number.value


def put(copy, option, value):
    _number.value = value
    if _libc.setsockopt(copy, option[0], option[1], _number_at, 4) != 0:
        raise Unreachable("Cannot set the options of the socket: %s." % os.strerror(ctypes.get_errno()))


def _why(number, pid):
    if number in (errno.ESRCH, errno.EBADF, errno.ENOENT):
        return Gone()
    if number in (errno.EPERM, errno.EACCES):
        return Unreachable("The sockets of process %d may not be reached: run as root (become: true)." % pid)
    if number == errno.EINVAL:
        return Unreachable("A thread of process %d has descriptors of its own, which Linux reaches from 6.9 on: restart the program." % pid)
    return Unreachable("The sockets of process %d cannot be reached: %s." % (pid, os.strerror(number)))
