# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replace a file so that it is never half written.

    with lock(path):
        found = read(path)
        check_replaceable(found)
        with stage(found, new_bytes) as staged:
            ...                     # staged.path holds the new bytes, nobody reads it yet
            staged.commit()         # one rename(2): readers see the old file or the new one
            ...                     # whatever raises in here puts the old file back

A file keeps its mode, owner, ACL, SELinux label and other extended attributes, and a link to it
stays a link. Leaving the block without `commit` leaves nothing behind. What is put back is the old
file itself, which has a second name until the block ends: that takes no room on a full disk. Whoever
is killed in between leaves at most temporary files, whose names start with a dot and end in `.tmp`:
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
import stat
import struct
import tempfile
import time

from ansible_collections.longlived.tcp.plugins.module_utils._all_or_nothing import every, undone_by
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError

LOCK_SECONDS = 60

# Far beyond any configuration file, and still read within seconds.
LARGEST = 32 * 1024 * 1024

# From linux/fs.h: what "chattr +i" and "chattr +a" set, and the ioctl that reads it.
FS_IOC_GETFLAGS = 0x80086601 if struct.calcsize("l") == 8 else 0x80046601
FS_IMMUTABLE_FL = 0x10
FS_APPEND_FL = 0x20

# A file system without extended attributes has none to keep.
NO_XATTR = (errno.ENOTSUP, errno.ENODATA, errno.ENOSYS)

# The directories that this process has locked: flock(2) would wait for ourselves.
_held = []

_TEMPORARY = re.compile(r"\..*\.longlived_tcp(_\w+)?\.tmp\Z", re.DOTALL)


class SafeFileError(UserError):
    """What is wrong with a file and what to do, in one sentence for a person."""


_REMEDIES = {
    errno.ENOSPC: "; free space or inodes on its file system and run again",
    errno.EDQUOT: "; free space or inodes within the quota and run again",
    errno.EBUSY: "; something is mounted on it, as in a container: change what is mounted there, or unmount it",
    errno.EROFS: "; its file system has become read-only",
    errno.EPERM: "; its directory may be immutable (lsattr -d) or a security module may forbid it",
}


def _because(action, path, error):
    return SafeFileError("Cannot %s %s: %s%s." % (action, path, error.strerror or error, _REMEDIES.get(error.errno, "")))


# --- looking -----------------------------------------------------------------------------------


class Found:
    """A file as it was found: the real `path` behind any links, its `content` in bytes (None: there
    is no such file) and its `stat`."""

    def __init__(self, path, content, status):
        self.path = path
        self.content = content
        self.stat = status

    @property
    def identity(self):
        if self.stat is None:
            return None
        return (self.stat.st_dev, self.stat.st_ino, self.stat.st_size, self.stat.st_mtime, self.stat.st_ctime)


def read(path):
    """The regular file at `path`, which may be missing; raise `SafeFileError` for anything else."""
    if not os.path.isabs(path):
        raise SafeFileError("%s is not an absolute path." % path)
    real = os.path.realpath(path)
    try:
        # O_NONBLOCK: opening somebody's FIFO must not wait for a writer.
        descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except (IOError, OSError) as error:
        if error.errno == errno.ENOENT and not os.path.lexists(path):
            return Found(real, None, None)
        if error.errno == errno.ENOENT:
            raise SafeFileError("%s is a link to %s, which does not exist: create that file or remove the link." % (path, real))
        if error.errno == errno.ELOOP:
            raise SafeFileError("%s is a link that leads back to itself: remove it." % path)
        raise _because("read", path, error)
    try:
        # Before there is a stream: Python 3 makes none of a directory.
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise SafeFileError("%s is a directory, where a file is needed." % path)
        if not stat.S_ISREG(status.st_mode):
            raise SafeFileError("%s is not a regular file." % path)
        with os.fdopen(os.dup(descriptor), "rb") as stream:
            # Some files in /proc say that they have 0 bytes and never end.
            content = stream.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise SafeFileError("%s has more than %d bytes, so it is no configuration file: look at it by hand." % (path, LARGEST))
        return Found(real, content, status)
    finally:
        os.close(descriptor)


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
        raise SafeFileError("Cannot write %s: the directory %s does not exist." % (found.path, directory))
    if os.statvfs(directory).f_flag & 1:  # ST_RDONLY, which Python 2 does not name
        raise SafeFileError("Cannot write %s: its file system is mounted read-only." % found.path)
    fixed = FS_IMMUTABLE_FL | FS_APPEND_FL
    if _flags(directory) & fixed:
        raise SafeFileError("Cannot write %s: the directory %s is immutable (chattr -i -a %s)." % (found.path, directory, directory))
    if found.content is not None and _flags(found.path) & fixed:
        raise SafeFileError("Cannot write %s: it is immutable (chattr -i -a %s)." % (found.path, found.path))
    if found.content is not None and _is_mount_point(found.path):
        raise SafeFileError("Cannot replace %s: something is mounted on it, as in a container; change it where it comes from." % found.path)
    if not _may_write_in(directory):
        raise SafeFileError("Cannot write %s: no permission to write in %s." % (found.path, directory))


# --- acting ------------------------------------------------------------------------------------


class Staged:
    """New bytes in a temporary file beside the one that they will replace; without a `path`, that one will be removed."""

    def __init__(self, found, path):
        self.found = found
        self.path = path
        self._kept = None  # the second name of the old file, where there is one
        self._seen = None  # what stands at its first name before and after `commit`

    def commit(self):
        """Put the new file in place, durably; refuse if somebody changed the old one since `read`."""
        self._keep()
        try:
            self._seen = _look(self.found.path), self.path and _look(self.path)
            if self.path is None:
                os.unlink(self.found.path)
            else:
                os.rename(self.path, self.found.path)
        except (IOError, OSError) as error:
            raise _because("remove" if self.path is None else "replace", self.found.path, error)
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
            raise _because("put back %s as" % self._kept if self._kept else "remove", self.found.path, error)
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
            _unlink_quietly(self._kept)


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
        raise _because("write in", directory, error)
    try:
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                _copy_attributes(found, path, descriptor, mode)
                os.fsync(descriptor)
        except (IOError, OSError) as error:
            raise _because("write", found.path, error)
        yield path
    finally:
        _unlink_quietly(path)


def _copy(found, path):
    with _temporary(found, found.content) as copy:
        try:
            _set_times(copy, found.stat)
            os.rename(copy, path)
        except (IOError, OSError) as error:
            raise _because("write", path, error)
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
    with undone_by(_unlink_quietly, name):
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
            raise _because("create the directory", directory, error)
        return False
    finally:
        os.umask(mask)


@contextlib.contextmanager
def lock(path, seconds=LOCK_SECONDS):
    """Be the only one to change `path`, or any file beside it, by these means.

    The lock is on the directory itself: it leaves no file behind and ends with the process. Who holds
    it may take it again, for another file. What a killed run left there is removed.
    """
    real = os.path.realpath(path)
    directory = os.path.dirname(real)
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except (IOError, OSError) as error:
        raise _because("write %s: no access to" % real, directory, error)
    try:
        status = os.fstat(descriptor)
        mine = (status.st_dev, status.st_ino)
        if mine not in _held:
            _wait_for(descriptor, real, seconds)
            for leftover in _temporary_files(directory):
                _unlink_quietly(leftover)
        _held.append(mine)
        try:
            yield
        finally:
            _held.remove(mine)
    finally:
        os.close(descriptor)


def _wait_for(descriptor, path, seconds):
    directory = os.path.dirname(path)
    deadline = time.time() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except (IOError, OSError) as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise _because("lock", directory, error)
        if time.time() > deadline:
            raise SafeFileError(
                "Cannot change %s: another process has held a lock on %s for %d s; run again when it has ended."
                % (path, directory, seconds)
            )
        time.sleep(0.02)


def tidy(path):
    """Remove what a killed run left beside the file, unless another run is at work there."""
    if _temporary_files(os.path.dirname(os.path.realpath(path))):
        try:
            with lock(path, seconds=0):
                pass
        except UserError:
            pass


def _temporary_files(directory):
    try:
        names = os.listdir(directory)
    except (IOError, OSError):
        names = []
    return [os.path.join(directory, name) for name in names if _TEMPORARY.match(name)]


def _temporary_prefix(name):
    return ".%s.longlived_tcp" % name


def _unlink_quietly(path):
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
            raise _because("look at", found.path, error)
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


# --- attributes --------------------------------------------------------------------------------


def _copy_attributes(found, path, descriptor, mode):
    if found.stat is None:
        os.fchmod(descriptor, mode)
        return
    now = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) != (found.stat.st_uid, found.stat.st_gid):
        os.fchown(descriptor, found.stat.st_uid, found.stat.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(found.stat.st_mode))
    for name in _xattrs.names(found.path):
        value = _xattrs.get(found.path, name)
        if value is None or value == _xattrs.get(path, name):
            continue
        try:
            _xattrs.set(path, name, value)
        except (IOError, OSError) as error:
            # Integrity and capability attributes belong to the old content; ACL, label and the
            # user's own attributes belong to the file.
            if error.errno in NO_XATTR or name.startswith(("security.ima", "security.evm", "security.capability", "trusted.")):
                continue
            raise


class _OsXattrs:
    @staticmethod
    def names(path):
        try:
            return os.listxattr(path)
        except OSError as error:
            if error.errno in NO_XATTR:
                return []
            raise

    @staticmethod
    def get(path, name):
        try:
            return os.getxattr(path, name)
        except OSError as error:
            if error.errno in NO_XATTR:
                return None
            raise

    @staticmethod
    def set(path, name, value):
        os.setxattr(path, name, value)


class _LibcXattrs:
    """The same for Python 2, whose os module has no extended attributes."""

    def __init__(self):
        self._libc = ctypes.CDLL(None, use_errno=True)

    def _call(self, name, *arguments):
        result = getattr(self._libc, name)(*arguments)
        if result >= 0:
            return result
        code = ctypes.get_errno()
        if code in NO_XATTR:
            return None
        raise OSError(code, os.strerror(code))

    def _fetch(self, *call):
        size = self._call(*(call + (None, 0)))
        if not size:
            return None if size is None else b""
        buffer = ctypes.create_string_buffer(size)
        size = self._call(*(call + (buffer, size)))
        return None if size is None else buffer.raw[:size]

    def names(self, path):
        return [name for name in (self._fetch("listxattr", path) or b"").split(b"\0") if name]

    def get(self, path, name):
        return self._fetch("getxattr", path, name)

    def set(self, path, name, value):
        if self._call("setxattr", path, name, value, len(value), 0) is None:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))


_xattrs = _OsXattrs() if hasattr(os, "listxattr") else _LibcXattrs()
