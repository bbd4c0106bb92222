# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the kernel's answers end, and which are none."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import struct

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import inet_diag, netlink

from .answers import DONE, message


class Answering(object):
    """A kernel with these answers, which does not wait for ever when it is asked for one more."""

    def __init__(self, *answers):
        self._answers = list(answers)

    def send(self, request):
        pass

    def recv_into(self, buffer):
        answer = self._answers.pop(0)
        buffer[: len(answer)] = answer
        return len(answer)


def ending(kind, number):
    return struct.pack("=IHHIIi", 20, kind, 2, 1, 0, -number)


def dumped(*answers):
    return [one.cookie for some in inet_diag.parsed(netlink.answers(Answering(*answers), 20, b"")) for one in some]


@pytest.mark.parametrize("answers", [[message(1, 1, []), DONE], [message(1, 1, []) + DONE]])
def test_where_the_kernel_ends_no_more_is_asked_for(answers):
    assert dumped(*answers) == [1]


@pytest.mark.parametrize("kind", [2, 3])
@pytest.mark.parametrize("together", [True, False])
def test_a_dump_that_was_broken_off_is_no_answer(kind, together):
    parts = [message(1, 1, []), ending(kind, errno.ENOENT)]
    with pytest.raises(netlink.NetlinkError) as error:
        dumped(*([b"".join(parts)] if together and kind == 3 else parts))
    assert str(error.value).endswith(": No such file or directory.")


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ESTALE])
def test_one_socket_that_is_gone_is_no_error(number):
    assert list(netlink.answers(Answering(ending(2, number)), 20, b"", dump=False)) == []
    with pytest.raises(netlink.NetlinkError):
        list(netlink.answers(Answering(ending(2, errno.EPERM)), 20, b"", dump=False))
