# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which connections a socket module looks at, for its documentation."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  idle_timeout:
    description: After how many seconds of silence the path drops a connection, at least 1.
    type: int
    default: 350
  processes:
    description:
      - Globs of process names, as C(ps -e) shows them. A name that the kernel has cut off after 15 bytes is completed.
      - A connection is chosen if one of its processes is named here or in O(pids), or if both are empty.
      - A glob that no process is called by is a warning. An empty name is refused, and so is one that begins with a quote, or
        that is nothing but brackets, such as V([worker]), as a list that was meant and came as text.
    type: list
    elements: str
    default: []
  pids:
    description: Ids of processes. Those that have ended are no error.
    type: list
    elements: int
    default: []
  peers:
    description:
      - Addresses or networks of the other end, such as V(10.0.0.0/8) or V(2001:db8::/32). An IPv4 address that the
        program writes as IPv6 (C(::ffff:10.0.0.1)) is an IPv4 address here.
      - Together with O(processes), O(pids) or O(ports), all have to fit.
    type: list
    elements: str
    default: []
  ports:
    description: Ports from 1 to 65535, of either end.
    type: list
    elements: int
    default: []
  local:
    description: Also connections to an address of this host itself. They cross no appliance.
    type: bool
    default: false
"""
