# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: keepalive_problems
short_description: Say what is wrong with a host's keepalive values
version_added: 0.1.0
author:
  - longlived.tcp contributors
description:
  - Compares what M(longlived.tcp.keepalive_info) returned with what was asked for.
positional: _input
options:
  _input:
    description: The result of M(longlived.tcp.keepalive_info).
    type: dict
    required: true
  state:
    description: V(absent) expects only that the next boot gives what runs now.
    type: str
    choices: [present, absent]
    default: present
  time:
    description: Seconds of silence before the first probe.
    type: int
    default: 45
  intvl:
    description: Seconds between probes that are not answered.
    type: int
    default: 45
  probes:
    description: How many probes without an answer end the connection.
    type: int
    default: 9
"""

EXAMPLES = r"""
- name: Look at the host
  longlived.tcp.keepalive_info:
  register: info

- name: Say what is wrong
  ansible.builtin.debug:
    msg: "{{ info | longlived.tcp.keepalive_problems(time=45, intvl=45, probes=9) }}"
"""

RETURN = r"""
_value:
  description: A sentence for each thing that is wrong.
  type: list
  elements: str
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.longlived.tcp.plugins.module_utils._keepalive import DEFAULTS
from ansible_collections.longlived.tcp.plugins.plugin_utils._verification import problems


def keepalive_problems(
    info: Mapping[str, Any],
    state: str = "present",
    time: int = DEFAULTS["time"],
    intvl: int = DEFAULTS["intvl"],
    probes: int = DEFAULTS["probes"],
) -> list[str]:
    # A variable from the command line is text.
    wanted = {"time": int(time), "intvl": int(intvl), "probes": int(probes)}
    return problems(info, wanted if state == "present" else None)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., list[str]]]:
        return {"keepalive_problems": keepalive_problems}
