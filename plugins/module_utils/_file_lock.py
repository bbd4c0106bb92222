# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Be the only run that changes files in a directory, and clean up after one that was killed there."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib
import errno
import fcntl
import os
import time

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._regular_file import SafeFileError, because
from ansible_collections.longlived.tcp.plugins.module_utils._safe_file import temporary_files, unlink_quietly

LOCK_SECONDS = 60

# The directories that this process has locked: flock(2) would wait for ourselves.
_held = []


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
        raise because("write %s: no access to" % real, directory, error)
    try:
        status = os.fstat(descriptor)
        mine = (status.st_dev, status.st_ino)
        if mine not in _held:
            _wait_for(descriptor, real, seconds)
            for leftover in temporary_files(directory):
                unlink_quietly(leftover)
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
                raise because("lock", directory, error)
        if time.time() > deadline:
            raise SafeFileError(
                "Cannot change %s: another process has held a lock on %s for %d s; run again when it has ended."
                % (path, directory, seconds)
            )
        time.sleep(0.02)


def tidy(path):
    """Remove what a killed run left beside the file, unless another run is at work there."""
    if temporary_files(os.path.dirname(os.path.realpath(path))):
        try:
            with lock(path, seconds=0):
                pass
        except UserError:
            pass
