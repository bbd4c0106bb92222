# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: keepalive_mistakes
short_description: Find mistakes in the variables of the keepalive role
version_added: 0.1.0
author:
  - longlived.tcp contributors
description:
  - Checks what an argument specification cannot express, that is ranges and misspelt names.
  - It runs on the controller, before any host is touched.
positional: _input
options:
  _input:
    description: The values of C(time), C(intvl) and C(probes).
    type: dict
    required: true
  prefix:
    description: What the role puts in front of these names.
    type: str
    required: true
  names:
    description: The names of all variables that start like the role's.
    type: list
    elements: str
    required: true
  foreign:
    description: Names of variables that start like the role's and are somebody else's.
    type: list
    elements: str
    default: []
  serial:
    description: How many hosts may reboot at the same time, at least 1.
    type: int
    default: 1
  live:
    description: What is to be done to live connections, that is C(sockets), C(processes) and C(peers) as in the role's variables.
    type: dict
"""

EXAMPLES = r"""
- name: Refuse a value out of its range
  ansible.builtin.assert:
    that: >-
      {'time': 45, 'intvl': 45, 'probes': 9}
      | longlived.tcp.keepalive_mistakes(prefix='keepalive_', names=['keepalive_time']) | length == 0
"""

RETURN = r"""
_value:
  description: A sentence for each mistake.
  type: list
  elements: str
"""

from collections.abc import Callable, Mapping
from typing import Any


def keepalive_mistakes(values: Mapping[str, object], prefix: str, **about: Any) -> list[str]:
    # Here, and not above: every task of every host that uses one filter of a collection compiles all of them anew.
    from ansible_collections.longlived.tcp.plugins.plugin_utils._role_variables import mistakes

    found: list[str] = mistakes(values, prefix, **about)
    return found


class FilterModule:
    def filters(self) -> dict[str, Callable[..., list[str]]]:
        return {"keepalive_mistakes": keepalive_mistakes}
