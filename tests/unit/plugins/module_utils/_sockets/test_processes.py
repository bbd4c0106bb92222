# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What /proc shows of this process, and of processes that are chosen."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import socket

from ansible_collections.longlived.tcp.plugins.module_utils._sockets import processes


def test_this_process_and_its_sockets():
    one = socket.socket()
    seen = processes.read(pids=[os.getpid()])
    (process,) = seen.processes
    inode = os.fstat(one.fileno()).st_ino
    assert (process.pid, process.namespace) == (os.getpid(), os.stat("/proc/self/ns/net").st_ino)
    assert [table.descriptors[inode] for table in seen.tables] == [one.fileno()]
    assert seen.unmatched == []
    one.close()


def test_a_name_that_no_process_has():
    seen = processes.read(names=["no-such-program-*"])
    assert (list(seen.processes), seen.unmatched) == ([], ["no-such-program-*"])


def test_a_process_that_is_left_out():
    assert os.getpid() not in [process.pid for process in processes.read(pids=[os.getpid()], but=[os.getpid()]).processes]


def test_everyone_has_this_process():
    assert os.getpid() in [process.pid for process in processes.everyone()]


def test_the_user_of_a_process():
    import pwd

    assert processes.user_of(os.getpid()) == pwd.getpwuid(os.geteuid()).pw_name
