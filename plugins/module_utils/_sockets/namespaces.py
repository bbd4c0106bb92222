# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host's other network namespaces: containers and pods, each with keepalive values of its own.

A new network namespace starts with the kernel's defaults, not with its parent's values, so that a host
may be right and every container on it wrong.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import contextlib
import ctypes
import errno
import os
import re

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import runtime as _runtime

CLONE_NEWNET = 0x40000000

_UNIT = re.compile(r"[^/]+\.(?:service|scope)(?=/|$)")

# systemd puts _ before a name that the kernel could take for a file of its own, such as cpu.service.
_SERVICE = re.compile(r"_?(([^@]+?)(?:@.*)?\.service)\Z")

# A restart of these ends none of the processes that they started: logins, where no session has a scope of its own, a user's
# services, jobs.
_KEEP_OTHERS_RUNNING = ("user", "ssh", "sshd", "dropbear", "cron", "crond", "atd")

# Nor of these a container in a control group below their own.
_ENGINES = ("docker", "containerd", "crio", "k3s", "rke2-server", "rke2-agent")


class NamespaceError(UserError):
    """Why a network namespace cannot be looked into."""


class Stranded(UserError):
    """There is no way back from another network namespace: nothing may be done there by mistake."""


def others():
    """A list of `{namespace, runtime, pid, name, unit}`, one for each other network namespace that has
    TCP sockets: its inode number, its three values, and the process with the lowest id that lives there."""
    return [row for number, pids in sorted(_inhabitants().items()) for row in _described(number, pids)]


def _described(number, pids):
    for pid in pids:
        try:
            with inside(number, [pid]):
                if not _has_tcp_sockets():
                    return []
                runtime = _runtime.read()
            return [{"namespace": number, "runtime": runtime, "pid": pid, "name": name_of(pid), "unit": unit_of(pid)}]
        except Stranded:
            raise
        except (IOError, OSError, UserError):
            continue  # it ended meanwhile, others may still be there
    return []


def _inhabitants():
    """The ids of the processes in each network namespace but our own, the lowest first, by the namespace's inode."""
    own = inode("self")
    found = collections.defaultdict(list)
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        number = inode(pid)
        if number not in (None, own):
            found[number].append(pid)
    return found


def inode(pid):
    """The number of a process's network namespace, None where it ended meanwhile or is not ours to look at."""
    try:
        return os.stat("/proc/%s/ns/net" % pid).st_ino
    except (IOError, OSError):
        return None


def _has_tcp_sockets():
    for table in ("tcp", "tcp6"):
        try:
            with open("/proc/self/net/%s" % table) as stream:
                if stream.readline() and stream.readline():
                    return True
        except (IOError, OSError) as error:
            if error.errno != errno.ENOENT:  # a kernel without IPv6 has no tcp6
                raise
    return False


@contextlib.contextmanager
def inside(number, pids):
    """Be in a network namespace, by the first of these processes that is still there; /proc/sys/net and new sockets are then
    that one's. OSError where none is."""
    libc = ctypes.CDLL(None, use_errno=True)
    pid, there = _entrance(number, pids)
    with there, open("/proc/self/ns/net") as home:
        if libc.setns(there.fileno(), CLONE_NEWNET) != 0:
            raise NamespaceError("Cannot enter the network namespace of process %d: %s." % (pid, os.strerror(ctypes.get_errno())))
        try:
            yield
        finally:
            if libc.setns(home.fileno(), CLONE_NEWNET) != 0:
                raise Stranded("Cannot come back from the network namespace of process %d: run again." % pid)


def _entrance(number, pids):
    for pid in pids:
        try:
            there = open("/proc/%d/ns/net" % pid)
        except (IOError, OSError):
            continue
        if os.fstat(there.fileno()).st_ino == number:
            return pid, there
        there.close()  # another process's number by now
    raise OSError(errno.ESRCH, os.strerror(errno.ESRCH))


def name_of(pid):
    """The process's name as ps shows it."""
    with open("/proc/%d/comm" % pid, "rb") as stream:
        return stream.read().decode("utf-8", "replace").rstrip("\n")


def unit_of(pid):
    """The systemd unit that the process belongs to, by its control group, or None."""
    return unit_in(_control_groups(pid))


def service_of(pid):
    """The system service to restart so that the process opens its connections anew, as nginx.service, or None.

    A session's processes have none, nor have a user's own services, containers, and the kernel's threads.
    """
    return service_in(_control_groups(pid), _control_groups(1))


def _control_groups(pid):
    with open("/proc/%d/cgroup" % pid, "rb") as stream:
        return stream.read()


def unit_in(cgroups):
    for _hierarchy, path in _paths(cgroups):
        units = _UNIT.findall(path)
        if units:
            return units[-1]
    return None


def service_in(cgroups, of_first_process):
    """The same from /proc/PID/cgroup and from /proc/1/cgroup, whose path says where this host's own part of the tree begins:
    in a container that shows its host's tree it is not at the root."""
    begins = dict((hierarchy, _without_init(path)) for hierarchy, path in _paths(of_first_process))
    for hierarchy, path in _paths(cgroups):
        begin = begins.get(hierarchy, "")
        found = _service(path[len(begin) :].split("/")[1:]) if path.startswith(begin + "/") else None
        if found:
            return found
    return None


def _without_init(path):
    return path[: -len("/init.scope")] if path.endswith("/init.scope") else path.rstrip("/")


def _service(groups):
    """By the groups on the way to a process: the first that is no slice is the system's unit."""
    units = [group for group in groups if not group.endswith(".slice")]
    named = _SERVICE.match(units[0]) if units else None
    unit, kind = named.groups() if named else (None, None)
    is_left_running = kind in _KEEP_OTHERS_RUNNING or (kind in _ENGINES and len(units) > 1)
    return None if is_left_running else unit


def _paths(cgroups):
    """The hierarchies that have systemd's units, version 2's first, with a process's path in each."""
    # A control group's name can have any bytes but / and the line's end.
    lines = cgroups.decode("utf-8", "replace").split(u"\n")
    # Version 2's line starts with 0::, version 1's hierarchy of systemd's is called name=systemd.
    for line in sorted(lines, key=lambda line: not line.startswith("0::")):
        _number, _colon, rest = line.partition(":")
        controllers, _colon, path = rest.partition(":")
        if controllers in ("", "name=systemd") and path:
            yield controllers, path
