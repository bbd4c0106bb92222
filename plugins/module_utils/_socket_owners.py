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

# Python 2.7 has no calls for what is below a directory that is open.
_DIR_FD = os.readlink in getattr(os, "supports_dir_fd", ())

_libc = ctypes.CDLL(None)


def processes():
    """Every process."""
    found = []
    for pid in _ids("/proc"):
        try:
            found.append(Process(pid, _network_namespaces.name_of(pid), _network_namespaces.inode(pid)))
        except (IOError, OSError):
            continue  # it ended meanwhile
    return found


def _ids(directory):
    return sorted(int(entry) for entry in os.listdir(directory) if entry.isdigit())


class _Opened:
    """/proc/PID, held open. What is read of it is of that very process, or fails: when the process has ended, its number may
    be another one's at any moment."""

    def __init__(self, pid):
        self._at = os.open("/proc/%d" % pid, os.O_RDONLY)
        self._below, self._of = "", {"dir_fd": self._at}
        if not _DIR_FD:
            self._below, self._of = "/proc/self/fd/%d/" % self._at, {}

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        os.close(self._at)

    def open(self, path):
        return os.open(self._below + path, os.O_RDONLY, **self._of)

    def text(self, path):
        there = self.open(path)
        try:
            parts = []
            while not parts or parts[-1]:
                parts.append(os.read(there, 1 << 16))
        finally:
            os.close(there)
        return b"".join(parts).decode("utf-8", "replace")

    def ids(self, path):
        there = self.open(path)
        try:
            return _ids(there if _DIR_FD else "/proc/self/fd/%d" % there)
        finally:
            os.close(there)

    def namespace(self):
        try:
            return os.stat(self._below + "ns/net", **self._of).st_ino
        except (IOError, OSError):
            return None  # not ours to look at


def _matching(opened, name, globs):
    """Those of the globs that the process is called by."""
    found = [glob for glob in globs if fnmatch.fnmatchcase(name, glob)]
    # A longer name is cut off: its program has the whole of it.
    if len(found) < len(globs) and len(name.encode("utf-8")) >= _NAME_BYTES:
        program = os.path.basename(opened.text("cmdline").split(u"\0")[0])
        if program.startswith(name):
            found += [glob for glob in globs if fnmatch.fnmatchcase(program, glob)]
    return found


class Owners:
    """Who owns which socket. `unreadable` counts the processes whose descriptors this user may not see, and `unmatched` are
    the globs that no process is called by."""

    def __init__(self):
        self.unreadable = 0
        self.unmatched = []
        self._first = {}
        self._others = {}

    def read(self, names=(), pids=()):
        """Every process, or those whose name matches one of the globs or whose id is among `pids`."""
        found, self.unmatched = [], list(names)
        for pid in _ids("/proc"):
            try:
                with _Opened(pid) as opened:
                    name = opened.text("comm").rstrip(u"\n")
                    matching = _matching(opened, name, names)
                    if self.unmatched and matching:
                        self.unmatched = [glob for glob in self.unmatched if glob not in matching]
                    if matching or pid in pids or not (names or pids):
                        process = Process(pid, name, opened.namespace())
                        found.append(process)
                        self._read_process(opened, process)
            except (IOError, OSError):
                continue  # it ended meanwhile
        return found

    def _read_process(self, opened, process):
        try:
            self._read(process, process.pid, opened, "fd")
            self._read_threads(opened, process)
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

    def _read_threads(self, opened, process):
        """Threads that have descriptors of their own, apart from their process: few have."""
        for task in opened.ids("task"):
            if task != process.pid and _have_tables_apart(process.pid, task):
                self._read(process, task, opened, "task/%d/fd" % task)

    def _read(self, process, task, opened, directory):
        first, others, start = self._first, self._others, len(_PREFIX)
        table = _Table(process, task, (process,))
        with _links(opened, directory) as (names, link):
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
def _links(opened, directory):
    """The names in /proc/PID/fd, and a function for what each leads to. The kernel has less to look up from the directory on."""
    there = opened.open(directory)
    try:
        if _DIR_FD:
            yield os.listdir(there), functools.partial(os.readlink, dir_fd=there)
        else:
            place = "/proc/self/fd/%d/" % there
            yield os.listdir(place), lambda name: os.readlink(place + name)
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
