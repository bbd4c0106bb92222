# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of the kernel's sock_diag, made up."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import struct

from .connections import address


def message(state, cookie, attributes, inode=7):
    body = struct.pack("=4B", socket.AF_INET, state, 2, 1) + struct.pack("!HH", 41000, 443) + address("10.0.0.5") + address("10.20.0.9")
    body += struct.pack("=IIIIIIII", 0, cookie & 0xFFFFFFFF, cookie >> 32, 44000, 0, 0, 1000, inode)
    body += b"".join(struct.pack("=HH", 4 + len(data), kind) + data.ljust((len(data) + 3) & ~3, b"\0") for kind, data in attributes)
    return struct.pack("=IHHII", 16 + len(body), 20, 2, 1, 0) + body


def info(data, ack):
    return 2, b"\0" * 52 + struct.pack("=II", data, ack) + b"\0" * 160


SHUTDOWN, MARK = (8, b"\0"), (15, b"\0\0\0\0")
DONE = struct.pack("=IHHIIi", 20, 3, 2, 1, 0, 0)
