# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A regular file as it was found, and in one sentence why something else is refused."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import pwd
import stat

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError

# Far beyond any configuration file, and still read within seconds.
LARGEST = 32 * 1024 * 1024


class SafeFileError(UserError):
    """What is wrong with a file and what to do, in one sentence for a person."""


_REMEDIES = {
    errno.ENOSPC: "; free space or inodes on its file system and run again",
    errno.EDQUOT: "; free space or inodes within the quota and run again",
    errno.EBUSY: "; something is mounted on it, as in a container: change what is mounted there, or unmount it",
    errno.EROFS: "; look at the kernel's log, then remount it",
    errno.EACCES: "; correct the owner or mode of the file and of the directories above it",
    errno.EPERM: "; its directory may be immutable (lsattr -d) or a security module may forbid it",
}


def because(action, path, error, remedy=None):
    return SafeFileError("Cannot %s %s: %s%s." % (action, path, error.strerror or error, remedy or _REMEDIES.get(error.errno, "")))


def _not_ours(path):
    """Whose the file is that we may not read, or the directory that we may not enter, where it is not ours."""
    while path != os.path.dirname(path):
        try:
            status = os.stat(path)
        except (IOError, OSError):
            path = os.path.dirname(path)
            continue
        owner, me = _name(status.st_uid), _name(os.geteuid())
        return None if owner == me else "; %s belongs to %s: give it to %s (chown %s %s)" % (path, owner, me, me, path)
    return None


def _name(uid):
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return "%d" % uid


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
        # O_NONBLOCK: opening a FIFO must not wait for a writer.
        descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except (IOError, OSError) as error:
        if error.errno == errno.ENOENT and not os.path.lexists(path):
            return Found(real, None, None)
        if error.errno == errno.ENOENT:
            raise SafeFileError("%s is a link to %s, which does not exist: create that file or remove the link." % (path, real))
        if error.errno == errno.ELOOP:
            raise SafeFileError("%s is a link that leads back to itself: remove it." % path)
        raise because("read", path, error, _not_ours(real) if error.errno == errno.EACCES else None)
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
