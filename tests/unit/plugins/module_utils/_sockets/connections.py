# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sockets as the kernel tells of them, made up. Real ones are in tests/sockets."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket

from ansible_collections.longlived.tcp.plugins.module_utils._sockets import inet_diag
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.selection import Selection

KERNEL = dict(time=45, intvl=45, probes=9)
COOKIE = 0x1234567800000009


def a_socket(timer=2, remaining=45000, idle=0, unanswered=0, **others):
    fields = dict(family=socket.AF_INET, state=1, timer=timer, unanswered=unanswered, sport=socket.htons(41000), dport=socket.htons(443))
    fields.update(source=address("10.0.0.5"), destination=address("10.20.0.9"), device=0, cookie=COOKIE)
    fields.update(dict(remaining=remaining, uid=0, inode=7, idle=idle), **others)
    return inet_diag.Socket(**fields)


def address(text):
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return socket.inet_pton(family, text).ljust(16, b"\0")


def chosen(names=()):
    return Selection(names, (), (), (), False)
