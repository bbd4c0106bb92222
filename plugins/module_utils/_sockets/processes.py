# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What /proc shows of processes: their names, users and network namespaces, and which sockets their descriptors lead to."""

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

from ansible_collections.longlived.tcp.plugins.module_utils._sockets import namespaces

# A process that may have sockets; `namespace` is the inode of its network namespace, None where it may not be read.
Process = collections.namedtuple("Process", "pid name namespace")

# One table of descriptors: by the inode of each socket one of the descriptors that lead to it.
Table = collections.namedtuple("Table", "process task descriptors")

# What can be seen: the processes, their tables, of how many processes this user may not see the descriptors, and the globs
# that no process is called by.
Seen = collections.namedtuple("Seen", "processes tables unreadable unmatched")

# The kernel keeps so many bytes of a process's name.
_NAME_BYTES = 15

# kcmp(2), by machine: whether two threads share one table of descriptors.
_SYS_KCMP = {"x86_64": 312, "aarch64": 272, "riscv64": 272, "ppc64le": 354, "s390x": 343}
_KCMP_FILES = 2

_PREFIX = "socket:["

# Python 2.7 has no calls for what is below a directory that is open.
_DIR_FD = os.readlink in getattr(os, "supports_dir_fd", ())

_libc = ctypes.CDLL(None)


def everyone():
    """Every process, without its descriptors."""
    found = []
    for pid in _ids("/proc"):
        try:
            found.append(Process(pid, namespaces.name_of(pid), namespaces.inode(pid)))
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


def read(names=(), pids=(), but=()):
    """Every process but those, or of them the ones whose name matches one of the globs or whose id is among `pids`."""
    ids = _ids("/proc")
    # The first process never ends: where it is not seen (hidepid=2), others are not either, however many they are.
    hidden = 1 not in ids and (names or not pids or not set(pids).issubset(ids))
    processes, tables, unreadable, unmatched = [], [], int(bool(hidden)), list(names)
    for pid in ids:
        if pid in but:
            continue
        try:
            with _Opened(pid) as opened:
                name = opened.text("comm").rstrip(u"\n")
                matching = _matching(opened, name, names)
                if unmatched and matching:
                    unmatched = [glob for glob in unmatched if glob not in matching]
                if matching or pid in pids or not (names or pids):
                    process = Process(pid, name, opened.namespace())
                    processes.append(process)
                    try:
                        tables.extend(_tables(opened, process))
                    except (IOError, OSError) as error:
                        unreadable += error.errno in (errno.EACCES, errno.EPERM)
        except (IOError, OSError) as error:
            # It ended meanwhile; or not even its name may be read (hidepid=1), which may be a chosen one's.
            unreadable += error.errno in (errno.EACCES, errno.EPERM) and (pid in pids or bool(names) or not pids)
    return Seen(processes, tables, unreadable, unmatched)


def _tables(opened, process):
    """Its own, and those of threads that have descriptors apart from it: few have."""
    yield Table(process, process.pid, _sockets(opened, "fd"))
    for task in opened.ids("task"):
        if task != process.pid and _have_tables_apart(process.pid, task):
            yield Table(process, task, _sockets(opened, "task/%d/fd" % task))


def _sockets(opened, directory):
    found, start = {}, len(_PREFIX)
    with _links(opened, directory) as (names, link):
        for name in names:
            try:
                target = link(name)
            except OSError:
                continue  # closed meanwhile
            if target.startswith(_PREFIX):
                found[int(target[start:-1])] = int(name)
    return found


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
