# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is noted when this process ends is turned on; the kills are in tests/sockets."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.longlived.tcp.plugins.module_utils._sockets import watchdog
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.owners import Owner
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.processes import Process


def test_it_is_in_a_session_of_its_own_and_ends_with_the_block():
    with watchdog.Watchdog() as watching:
        watching.start()
        pid = watching._pid
        assert os.getsid(pid) == pid != os.getsid(0)
    assert not os.path.exists("/proc/%d" % pid)


def test_it_is_not_started_before_it_is_needed():
    with watchdog.Watchdog() as watching:
        assert watching._pid is None


def test_a_note_counts_until_it_is_forgotten():
    with watchdog.Watchdog() as watching:
        watching.start()
        watching.note(Owner(Process(7, "worker", 1), 8, 3), 9)
        assert watching._memory[0:1] == b"1"
        assert watchdog._NOTE.unpack_from(watching._memory, watchdog._NOTE_AT) == (8, 7, 3, 9)
        watching.forget()
        assert watching._memory[0:1] == b"\0"
