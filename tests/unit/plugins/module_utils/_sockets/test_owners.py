# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which processes have which socket."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.longlived.tcp.plugins.module_utils._sockets.owners import Owner, Owners
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.processes import Process, Seen, Table


def test_a_socket_of_several_processes_has_each_once():
    mine, theirs = (Process(pid, "worker", 100) for pid in (7, 8))
    tables = [
        Table(mine, 7, {70: 3, 71: 4}),
        Table(mine, 77, {70: 5, 72: 6}),  # a thread with descriptors of its own
        Table(theirs, 8, {70: 9, 73: 3}),
    ]
    owners = Owners(lambda: Seen((), tables, 2, ()))
    assert owners.unreadable == 0, "they are not read before they are asked for"
    assert [owners.processes_of(inode) for inode in range(70, 75)] == [(mine, theirs), (mine,), (mine,), (theirs,), ()]
    assert owners.of(70) == [Owner(mine, 7, 3, 70), Owner(theirs, 8, 9, 70)]
    assert owners.of(72) == [(mine, 77, 6, 72)]
    assert owners.of(74) == []
    assert owners.unreadable == 2
