# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: keepalive_summary
short_description: Say in one line what holds on a host
version_added: 0.1.0
author:
  - longlived.tcp contributors
description:
  - Gives the values before and after, the file that decides at the next boot, and what is not kept alive, live connections
    and containers, as far as O(info) has them.
positional: _input, info, unchanged
options:
  _input:
    description: The result of M(longlived.tcp.keepalive_sysctl), or of M(longlived.tcp.keepalive_info) alone.
    type: dict
    required: true
  info:
    description: The result of M(longlived.tcp.keepalive_info), taken after it.
    type: dict
  unchanged:
    description: Whether to say of a result of M(longlived.tcp.keepalive_info) alone that nothing was changed.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Set the values
  longlived.tcp.keepalive_sysctl:
  register: change

- name: Say what holds now
  ansible.builtin.debug:
    msg: "{{ change | longlived.tcp.keepalive_summary }}"
"""

RETURN = r"""
_value:
  description: One line.
  type: str
"""

from collections.abc import Callable, Mapping
from typing import Any


def keepalive_summary(change: Mapping[str, Any], info: Mapping[str, Any] | None = None, unchanged: bool = False) -> str:
    # Here, and not above: every task of every host that uses one filter of a collection compiles all of them anew.
    from ansible_collections.longlived.tcp.plugins.plugin_utils._verification import summary

    return summary(change, info, unchanged)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., str]]:
        return {"keepalive_summary": keepalive_summary}
