# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host's other network namespaces: containers and pods, each with keepalive values of its own.

A new network namespace starts with the kernel's defaults, not with its parent's values, so that a host
may be right and every container on it wrong.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib
import ctypes
import errno
import os
import re

from ansible_collections.longlived.tcp.plugins.module_utils import _runtime
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError

CLONE_NEWNET = 0x40000000

_UNIT = re.compile(r"[^/]+\.(?:service|scope)(?=/|$)")


class NamespaceError(UserError):
    """Why a network namespace cannot be looked into."""


def others():
    """A list of `{namespace, runtime, pid, name, unit}`, one for each other network namespace that has
    TCP sockets: its inode number, its three values, and the oldest process that lives there."""
    found = []
    for inode, pid in sorted(_first_processes().items()):
        try:
            if not _has_tcp_sockets(pid):
                continue
            with inside(pid):
                runtime = _runtime.read()
            found.append({"namespace": inode, "runtime": runtime, "pid": pid, "name": name_of(pid), "unit": unit_of(pid)})
        except (IOError, OSError, UserError):
            continue  # it ended meanwhile
    return found


def _first_processes():
    """The lowest process id in each network namespace but our own, by the namespace's inode."""
    own = _inode("self")
    first = {}
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        inode = _inode(pid)
        if inode not in (None, own):
            first.setdefault(inode, pid)
    return first


def _inode(pid):
    try:
        return os.stat("/proc/%s/ns/net" % pid).st_ino
    except (IOError, OSError):
        return None  # it ended meanwhile, or is not ours to look at


def _has_tcp_sockets(pid):
    for table in ("tcp", "tcp6"):
        try:
            with open("/proc/%d/net/%s" % (pid, table)) as stream:
                if stream.readline() and stream.readline():
                    return True
        except (IOError, OSError) as error:
            if error.errno != errno.ENOENT:  # a kernel without IPv6 has no tcp6
                raise
    return False


@contextlib.contextmanager
def inside(pid):
    """Be in the network namespace of a process; /proc/sys/net and new sockets are then that one's."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as home, open("/proc/%d/ns/net" % pid) as there:
        _enter(libc, there, "enter the network namespace of process %d" % pid)
        try:
            yield
        finally:
            _enter(libc, home, "come back from the network namespace of process %d" % pid)


def _enter(libc, namespace, action):
    if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
        raise NamespaceError("Cannot %s: %s." % (action, os.strerror(ctypes.get_errno())))


def name_of(pid):
    """The process's name as ps shows it."""
    with open("/proc/%d/comm" % pid, "rb") as stream:
        return stream.read().decode("utf-8", "replace").rstrip("\n")


def unit_of(pid):
    """The systemd unit that the process belongs to, by its control group, or None."""
    with open("/proc/%d/cgroup" % pid) as stream:
        lines = stream.read().splitlines()
    # Version 2's line starts with 0::, version 1's hierarchy of systemd's is called name=systemd.
    for line in sorted(lines, key=lambda line: not line.startswith("0::")):
        _number, controllers, path = line.split(":", 2)
        units = _UNIT.findall(path) if controllers in ("", "name=systemd") else []
        if units:
            return units[-1]
    return None
