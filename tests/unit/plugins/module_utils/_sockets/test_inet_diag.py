# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel's answers say."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket

from ansible_collections.longlived.tcp.plugins.module_utils._sockets import inet_diag

from .answers import DONE, MARK, SHUTDOWN, info, message
from .connections import COOKIE, a_socket, address


def parsed(*messages):
    answer = bytearray(b"".join(messages))
    answer += b"\xff" * 512  # what an earlier answer left in the buffer
    return list(inet_diag.parsed([(answer, sum(len(one) for one in messages))]))[0]


def test_a_message_is_read():
    (one,) = parsed(message(1, COOKIE, [SHUTDOWN, info(5000, 3000)]))
    assert one == a_socket(remaining=44000, unanswered=1, uid=1000, idle=3000)
    assert inet_diag.endpoint(one.family, one.source, one.sport) == "10.0.0.5:41000"
    assert inet_diag.endpoint(socket.AF_INET6, address("2001:db8::1"), one.dport) == "[2001:db8::1]:443"


def test_attributes_may_stand_anywhere_or_be_missing():
    rows = [[SHUTDOWN, info(1, 2)], [MARK, SHUTDOWN, info(4, 3)], [SHUTDOWN], [info(6, 5)], [], [MARK, info(8, 9)]]
    sockets = parsed(*[message(1, number, row) for number, row in enumerate(rows)])
    assert [one.idle for one in sockets] == [1, 3, 0, 5, 0, 8]


def test_a_socket_that_moves_during_a_dump_counts_once():
    assert len(parsed(message(1, 1, [info(1, 1)]), message(1, 2, [info(1, 1)]), message(8, 1, [info(1, 1)]))) == 2


def test_the_end_may_be_in_the_last_answer():
    assert len(parsed(message(1, 1, [info(1, 1)]), DONE)) == 1
