# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose sockets: from a socket's inode to the processes that have a descriptor of it, through /proc."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import contextlib
import ctypes
import errno
import fnmatch
import functools
import os
import pwd

from ansible_collections.longlived.tcp.plugins.module_utils import _network_namespaces

# A process that may have sockets; `namespace` is the inode of its network namespace, None where it may not be read.
Process = collections.namedtuple("Process", "pid name namespace")

# One descriptor of a socket; `task` is the thread whose table it is in, most often the process itself.
Owner = collections.namedtuple("Owner", "process task descriptor")

# A table of descriptors; there are far fewer of them than of sockets.
_Table = collections.namedtuple("_Table", "process task processes")

# The kernel keeps so many bytes of a process's name.
_NAME_BYTES = 15

# kcmp(2), by machine: whether two threads share one table of descriptors.
_SYS_KCMP = {"x86_64": 312, "aarch64": 272, "riscv64": 272, "ppc64le": 354, "s390x": 343}
_KCMP_FILES = 2

_PREFIX = "socket:["

_libc = ctypes.CDLL(None)


def processes(names=(), pids=()):
    """Every process, or those whose name matches one of the globs or whose id is among `pids`."""
    found = []
    for pid in sorted(int(entry) for entry in os.listdir("/proc") if entry.isdigit()):
        try:
            name = _network_namespaces.name_of(pid)
            if not (names or pids) or pid in pids or _is_called(pid, name, names):
                found.append(Process(pid, name, _network_namespaces.inode(pid)))
        except (IOError, OSError):
            continue  # it ended meanwhile
    return found


def _is_called(pid, name, globs):
    if any(fnmatch.fnmatchcase(name, glob) for glob in globs):
        return True
    # A longer name is cut off: its program has the whole of it.
    if not globs or len(name.encode("utf-8")) < _NAME_BYTES:
        return False
    with open("/proc/%d/cmdline" % pid, "rb") as stream:
        program = os.path.basename(stream.read().split(b"\0")[0]).decode("utf-8", "replace")
    return program.startswith(name) and any(fnmatch.fnmatchcase(program, glob) for glob in globs)


class Owners:
    """Who owns which socket. `unreadable` counts the processes whose descriptors this user may not see."""

    def __init__(self, looked_at):
        self.unreadable = 0
        self._first = {}
        self._others = {}
        for process in looked_at:
            try:
                self._read(process, process.pid, "/proc/%d/fd" % process.pid)
                self._read_threads(process)
            except (IOError, OSError) as error:
                if error.errno in (errno.EACCES, errno.EPERM):
                    self.unreadable += 1

    def of(self, inode):
        """The `Owner`s of a socket: its processes, each once, by ascending id."""
        if inode in self._first:
            table, name = self._first[inode]
            yield Owner(table.process, table.task, int(name))
            for table, name in self._others.get(inode, ()):
                yield Owner(table.process, table.task, int(name))

    def processes_of(self, inode):
        """The same without the descriptors, and quicker."""
        if inode not in self._first:
            return ()
        if inode in self._others:
            return tuple(owner.process for owner in self.of(inode))
        return self._first[inode][0].processes

    def _read_threads(self, process):
        """Threads that have descriptors of their own, apart from their process: few have."""
        for task in sorted(int(entry) for entry in os.listdir("/proc/%d/task" % process.pid)):
            if task != process.pid and _have_tables_apart(process.pid, task):
                self._read(process, task, "/proc/%d/task/%d/fd" % (process.pid, task))

    def _read(self, process, task, directory):
        first, others, start = self._first, self._others, len(_PREFIX)
        table = _Table(process, task, (process,))
        with _links(directory) as (names, link):
            for name in names:
                try:
                    target = link(name)
                except OSError:
                    continue  # closed meanwhile
                if not target.startswith(_PREFIX):
                    continue
                inode = int(target[start:-1])
                if inode not in first:
                    first[inode] = table, name
                elif all(other.process is not process for other, _name in (first[inode],) + others.get(inode, ())):
                    others[inode] = others.get(inode, ()) + ((table, name),)


@contextlib.contextmanager
def _links(directory):
    """The names in /proc/PID/fd, and a function for what each leads to. The kernel has less to look up from the directory on."""
    if os.readlink not in getattr(os, "supports_dir_fd", ()):
        yield os.listdir(directory), lambda name: os.readlink(directory + "/" + name)
        return
    there = os.open(directory, os.O_RDONLY)
    try:
        yield os.listdir(there), functools.partial(os.readlink, dir_fd=there)
    finally:
        os.close(there)


def _have_tables_apart(pid, task):
    number = _SYS_KCMP.get(os.uname()[4])
    return number is not None and _libc.syscall(number, pid, task, _KCMP_FILES, 0, 0) > 0


def user_of(pid):
    """The name of the user whose rights a process has, or the number where it has no name."""
    with open("/proc/%d/status" % pid, "rb") as stream:
        (line,) = (line for line in stream.read().split(b"\n") if line.startswith(b"Uid:"))
    uid = int(line.split()[2])
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
