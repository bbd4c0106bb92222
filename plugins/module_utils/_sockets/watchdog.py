# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kill of this process between SO_KEEPALIVE off and on leaves no socket off.

No system call does both, and nothing holds SIGKILL back. So a second process watches, in a session of its
own. Before a socket is turned off, its place is noted in memory that both share. When the first process
ends, however it ends, the kernel closes its end of a connection between the two; if a note is left, the
second process fetches that socket itself and turns it on.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import mmap
import os
import socket
import struct

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import descriptors
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.descriptors import KEEPALIVE, Gone
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.fork import wait_for_children
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.owners import Owner
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.processes import Process

# Task, process, descriptor and cookie; whether they are noted stands apart and is written last.
_NOTE = struct.Struct("=iiiQ")
_NOTED, _NOTE_AT = 0, 8

_WATCHING = b"."


class WatchdogError(UserError):
    """Why the watching process cannot be started."""


class Watchdog:
    """Started when it is first needed."""

    def __init__(self):
        self._memory = self._end = self._pid = None

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        if self._pid is not None:
            self._end.close()
            os.waitpid(self._pid, 0)
            self._memory.close()

    def start(self):
        if self._pid is None:
            wait_for_children()
            try:
                self._memory = mmap.mmap(-1, mmap.PAGESIZE)
                watched, self._end = socket.socketpair()
                self._pid = os.fork()
            except (IOError, OSError) as error:
                raise _not_started(error.strerror)
            if self._pid == 0:
                self._end.close()
                _watch(self._memory, watched)
            watched.close()
            # Until it is in a session of its own, what ends our process group ends it as well.
            if self._end.recv(1) != _WATCHING:
                raise _not_started(os.strerror(errno.ESRCH))

    def note(self, owner, cookie):
        _NOTE.pack_into(self._memory, _NOTE_AT, owner.task, owner.process.pid, owner.descriptor, cookie)
        self._memory[_NOTED : _NOTED + 1] = b"1"

    def forget(self):
        self._memory[_NOTED : _NOTED + 1] = b"\0"


def _not_started(why):
    return WatchdogError("Cannot start the process that watches while timers are re-armed: %s." % why)


def _watch(memory, watched):
    """The second process: it ends soon after the first one."""
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        watched.sendall(_WATCHING)
        while watched.recv(1):
            pass
        if memory[_NOTED : _NOTED + 1] == b"1":
            _turn_on(*_NOTE.unpack_from(memory, _NOTE_AT))
    finally:
        os._exit(0)


def _turn_on(task, pid, descriptor, cookie):
    owner = Owner(Process(pid, "", None), task, descriptor)
    with descriptors.opened_tasks() as tasks:
        try:
            descriptors.put(descriptors.fetch(tasks, owner, cookie), KEEPALIVE, 1)
        except Gone:
            pass
