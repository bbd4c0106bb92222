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
    description: V(absent) expects only that the next boot gives what runs now, and nothing of live connections.
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
  aws_settings:
    description: The settings that botocore has to resolve for each user and profile that was looked at.
    type: dict
    default:
      tcp_keepalive: true
  overridden:
    description: V(warn) tolerates that the next boot gives other values.
    type: str
    choices: [fail, warn]
    default: fail
  aws_create:
    description: V(false) accepts a user without C(~/.aws/config).
    type: bool
    default: true
  sysctl_file:
    description: The file that has to give the values at the next boot; any may, unless given.
    type: str
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

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._keepalive import DEFAULTS


def keepalive_problems(
    info: Mapping[str, Any],
    state: str = "present",
    time: int = DEFAULTS["time"],
    intvl: int = DEFAULTS["intvl"],
    probes: int = DEFAULTS["probes"],
    aws_settings: Mapping[str, Any] | None = None,
    aws_create: bool = True,
    overridden: str = "fail",
    sysctl_file: str | None = None,
) -> list[str]:
    # Here, and not above: every task of every host that uses one filter of a collection compiles all of them anew.
    from ansible_collections.longlived.tcp.plugins.plugin_utils._verification import (
        aws_problems,
        file_problems,
        kernel_problems,
        live_problems,
    )

    settings = {"tcp_keepalive": True} if aws_settings is None else aws_settings
    # A variable from the command line is text.
    wanted = {"time": int(time), "intvl": int(intvl), "probes": int(probes)}
    absent = state == "absent"
    may_lack = absent or not boolean(aws_create)
    found: list[str] = kernel_problems(info, None if absent else wanted, overridden == "warn")
    found += file_problems(info, sysctl_file) if sysctl_file is not None else []
    try:
        found += aws_problems(info, settings, state, may_lack)
    except UserError as error:
        found.append(str(error))
    return found if absent else found + live_problems(info)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., list[str]]]:
        return {"keepalive_problems": keepalive_problems}
