# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replace a file so that it is never half written.

    with lock(path):
        found = read(path)
        check_replaceable(found)
        with stage(found, new_bytes) as staged:
            ...                     # staged.path holds the new bytes, and no program reads it yet
            staged.commit()         # one rename(2): readers see the old file or the new one
            ...                     # whatever raises in here puts the old file back

A file keeps its mode, owner, ACL, SELinux label and other extended attributes, and a link to it
stays a link. Leaving the block without `commit` leaves nothing behind. What is put back is the old
file itself, which has a second name until the block ends: that takes no room on a full disk. A run
that is killed in between leaves at most temporary files, whose names start with a dot and end in `.tmp`:
no program that reads `*.conf` directories reads them, and the next `lock` in that directory removes them.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib
import ctypes
import errno
import fcntl
import os
import re
import struct
import tempfile
import time

from ansible_collections.longlived.tcp.plugins.module_utils._all_or_nothing import every, undone_by
from ansible_collections.longlived.tcp.plugins.module_utils._file_attributes import copy_attributes
from ansible_collections.longlived.tcp.plugins.module_utils._regular_file import Found, SafeFileError, because

# From linux/fs.h: what "chattr +i" and "chattr +a" set, and the ioctl that reads it.
FS_IOC_GETFLAGS = 0x80086601 if struct.calcsize("l") == 8 else 0x80046601
FS_IMMUTABLE_FL = 0x10
FS_APPEND_FL = 0x20

_TEMPORARY = re.compile(r"\..*\.longlived_tcp(_\w+)?\.tmp\Z", re.DOTALL)


def _flags(path):
    """What lsattr(1) shows for `path`; 0 where the file system has no such flags."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (IOError, OSError):
        return 0
    try:
        # The kernel writes an int, although the ioctl's number says long.
        return struct.unpack("i", fcntl.ioctl(descriptor, FS_IOC_GETFLAGS, struct.pack("l", 0))[:4])[0]
    except (IOError, OSError):
        return 0
    finally:
        os.close(descriptor)


def _is_mount_point(path):
    try:
        with open("/proc/self/mountinfo", "rb") as stream:
            points = [line.split()[4] for line in stream if line.count(b" ") > 4]
    except (IOError, OSError):
        return False
    raw = path if isinstance(path, bytes) else os.fsencode(path)
    return raw.replace(b"\\", b"\\134").replace(b" ", b"\\040") in points


def _may_write_in(directory):
    """By the effective user, as the kernel will judge: os.access() asks for the real one."""
    path = directory if isinstance(directory, bytes) else os.fsencode(directory)
    return ctypes.CDLL(None).euidaccess(path, os.W_OK | os.X_OK) == 0


def check_replaceable(found):
    """Raise `SafeFileError` where `stage` or `commit` could not work; changes nothing."""
    directory = os.path.dirname(found.path)
    if not os.path.isdir(directory):
        raise SafeFileError("Cannot write %s: the directory %s does not exist; create it first." % (found.path, directory))
    if os.statvfs(directory).f_flag & 1:  # ST_RDONLY, which Python 2 does not name
        says = "Cannot write %s: its file system is mounted read-only; remount it, or change the image it comes from."
        raise SafeFileError(says % found.path)
    fixed = FS_IMMUTABLE_FL | FS_APPEND_FL
    if _flags(directory) & fixed:
        raise SafeFileError("Cannot write %s: the directory %s is immutable (chattr -i -a %s)." % (found.path, directory, directory))
    if found.content is not None and _flags(found.path) & fixed:
        raise SafeFileError("Cannot write %s: it is immutable (chattr -i -a %s)." % (found.path, found.path))
    if found.content is not None and _is_mount_point(found.path):
        raise SafeFileError("Cannot replace %s: something is mounted on it, as in a container; change it where it comes from." % found.path)
    if not _may_write_in(directory):
        says = "Cannot write %s: no permission to write in %s; correct its owner or mode, or run as root (become: true)."
        raise SafeFileError(says % (found.path, directory))


# --- acting ------------------------------------------------------------------------------------


class Staged:
    """New bytes in a temporary file beside the one that they will replace; without a `path`, that one will be removed."""

    def __init__(self, found, path):
        self.found = found
        self.path = path
        self._kept = None  # the second name of the old file, where there is one
        self._seen = None  # what stands at its first name before and after `commit`

    def commit(self):
        """Put the new file in place, durably; refuse if another program changed the old one since `read`."""
        self._keep()
        try:
            self._seen = _look(self.found.path), self.path and _look(self.path)
            if self.path is None:
                os.unlink(self.found.path)
            else:
                os.rename(self.path, self.found.path)
        except (IOError, OSError) as error:
            raise because("remove" if self.path is None else "replace", self.found.path, error)
        _sync_directory(self.found.path)

    def _keep(self):
        """Give the old file, if there is one, a second name."""
        _refuse_if_changed(self.found)  # here, since a second name changes the ctime
        if self.found.content is None:
            return
        directory, name = os.path.split(self.found.path)
        self._kept = os.path.join(directory, _temporary_prefix(name) + ".tmp")
        try:
            os.link(self.found.path, self._kept)
        except (IOError, OSError):
            # Not every file system has hard links, and not every file may have one more.
            _copy(self.found, self._kept)
            _refuse_if_changed(self.found)

    def put_back(self):
        """Undo `commit`, but not what another program wrote after it."""
        try:
            now = _look(self.found.path)
            if self._seen and now == self._seen[1]:
                self._put_back()
        except (IOError, OSError) as error:
            raise because("put back %s as" % self._kept if self._kept else "remove", self.found.path, error)
        self.forget()
        if self._seen and now not in self._seen:
            raise SafeFileError("%s is not put back, as another program has changed it meanwhile: look at it by hand." % self.found.path)

    def _put_back(self):
        if self._kept:
            os.rename(self._kept, self.found.path)
        else:
            os.unlink(self.found.path)
        _sync_directory(self.found.path)

    def forget(self):
        """Let the old file go."""
        if self._kept:
            unlink_quietly(self._kept)


@contextlib.contextmanager
def stage(found, content, mode=0o644):
    """Write `content` beside `found`, with its attributes, or with `mode` if there was no file; None: it is to be removed."""
    with _temporary(found, content, mode) as path:
        staged = Staged(found, path)
        with undone_by(staged.put_back):
            yield staged
        staged.forget()


@contextlib.contextmanager
def _temporary(found, content, mode=0o644):
    """The name of a file with that content, None where there is none; after the block it is gone, or has another name."""
    if content is None:
        yield None
        return
    directory, name = os.path.split(found.path)
    try:
        descriptor, path = tempfile.mkstemp(prefix=_temporary_prefix(name) + "_", suffix=".tmp", dir=directory)
    except (IOError, OSError) as error:
        raise because("write in", directory, error)
    try:
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                copy_attributes(found, path, descriptor, mode)
                os.fsync(descriptor)
        except (IOError, OSError) as error:
            raise because("write", found.path, error)
        yield path
    finally:
        unlink_quietly(path)


def _copy(found, path):
    with _temporary(found, found.content) as copy:
        try:
            _set_times(copy, found.stat)
            os.rename(copy, path)
        except (IOError, OSError) as error:
            raise because("write", path, error)
    _sync_directory(path)


def _set_times(path, status):
    if hasattr(status, "st_mtime_ns"):
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    else:
        os.utime(path, (status.st_atime, status.st_mtime))  # Python 2 has nothing finer


def _look(path):
    """What tells one state of a file from another, but for a change of its names; None where there is no file."""
    try:
        return Found(path, None, os.lstat(path)).identity[:-1]
    except (IOError, OSError) as error:
        if error.errno != errno.ENOENT:
            raise
        return None


def backed_up(found, wanted=True):
    """The name of a copy beside the file, made as Ansible makes it, or None; it is removed again if the block raises."""
    return _copied(found) if wanted and found.content is not None else _not_copied()


@contextlib.contextmanager
def _copied(found):
    name = "%s.%d.%s" % (found.path, os.getpid(), time.strftime("%Y-%m-%d@%H:%M:%S~"))
    _copy(found, name)
    with undone_by(unlink_quietly, name):
        yield name


@contextlib.contextmanager
def _not_copied():
    yield None


@contextlib.contextmanager
def made(directory, mode):
    """Make a directory if there is none, and take it away again if the block raises."""
    with undone_by(_remove_quietly, directory) if _make(directory, mode) else every([]):
        yield


def _make(directory, mode):
    """Whether it was missing."""
    mask = os.umask(0)
    try:
        os.mkdir(directory, mode)
        return True
    except (IOError, OSError) as error:
        if error.errno != errno.EEXIST or not os.path.isdir(directory):
            raise because("create the directory", directory, error)
        return False
    finally:
        os.umask(mask)


def temporary_files(directory):
    try:
        names = os.listdir(directory)
    except (IOError, OSError):
        names = []
    return [os.path.join(directory, name) for name in names if _TEMPORARY.match(name)]


def _temporary_prefix(name):
    return ".%s.longlived_tcp" % name


def unlink_quietly(path):
    try:
        os.unlink(path)
    except (IOError, OSError):
        pass


def _remove_quietly(directory):
    try:
        os.rmdir(directory)
    except (IOError, OSError):
        pass


def _refuse_if_changed(found):
    try:
        now = os.lstat(found.path)
    except (IOError, OSError) as error:
        if error.errno != errno.ENOENT:
            raise because("look at", found.path, error)
        now = None
    if Found(found.path, None, now).identity != found.identity:
        raise SafeFileError("%s was changed by another program in the meantime; nothing was written, run again." % found.path)


def _sync_directory(path):
    """Make a rename or removal survive a power failure, where the file system can."""
    try:
        descriptor = os.open(os.path.dirname(path), os.O_RDONLY)
    except (IOError, OSError):
        return
    try:
        os.fsync(descriptor)
    except (IOError, OSError):
        pass
    finally:
        os.close(descriptor)
