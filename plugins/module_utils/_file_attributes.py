# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a file keeps when its content is replaced: mode, owner, ACL, SELinux label and other extended attributes."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import ctypes
import errno
import os
import stat

# A file system without extended attributes has none to keep.
NO_XATTR = (errno.ENOTSUP, errno.ENODATA, errno.ENOSYS)


def copy_attributes(found, path, descriptor, mode):
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
