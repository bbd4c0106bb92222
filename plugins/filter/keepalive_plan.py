# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: keepalive_plan
short_description: The TCP keepalive values that a path needs
version_added: 0.1.0
author:
  - longlived.tcp contributors
description:
  - Gives the values that keep an idle connection alive across every element of a path, with the least traffic that
    survives so many lost probes. All promises count that the kernel's timers fire late by up to an eighth.
  - An element that takes no notice of keepalive probes, a timeout that it cannot have, and wishes that cannot be met are
    errors that say what to do instead.
positional: _input
options:
  _input:
    description:
      - The path. Each element is a name from the table in the collection's C(docs/appliances.md), such as V(nat_gateway), or
        a dictionary with C(name) and C(idle_timeout), or plain seconds.
    type: list
    elements: raw
    required: true
  lost_probes:
    description: How many consecutive probes may get lost, from 0 to 126.
    type: int
    default: 3
  margin:
    description: Seconds to spare before the path drops the connection. 20, or less for an idle timeout below 120 s, unless given.
    type: int
  intvl:
    description: Seconds between unanswered probes. 20, or less for a short idle timeout, unless given.
    type: int
  probes:
    description: How many unanswered probes end the connection. 9, or one more than O(lost_probes), unless given.
    type: int
"""

EXAMPLES = r"""
- name: Values for a NAT gateway behind a Network Load Balancer whose timeout was raised
  ansible.builtin.debug:
    msg: "{{ ['nat_gateway', {'name': 'nlb', 'idle_timeout': 900}] | longlived.tcp.keepalive_plan }}"
  # time 233, intvl 20, probes 9: survives three lost probes under 350 s, limited by the NAT gateway

- name: Values for a firewall that drops after 120 s
  ansible.builtin.debug:
    msg: "{{ [120] | longlived.tcp.keepalive_plan(lost_probes=2) }}"

- name: Measure a path whose appliances are not known
  longlived.tcp.path_idle_info:
    host: listener.example.com
    port: 7777
  async: 900
  poll: 30
  register: info

- name: Values for what it remembers
  ansible.builtin.debug:
    msg: "{{ [info.remembers_at_least] | longlived.tcp.keepalive_plan }}"
  when: info.remembers_at_least is not none
"""

RETURN = r"""
_value:
  description:
    - RV(_value.time) and RV(_value.intvl) in seconds, and RV(_value.probes).
    - RV(_value.idle_timeout) in seconds and RV(_value.limited_by) tell the weakest element.
    - RV(_value.lost_probes_survived) with the margin counted, RV(_value.probes_per_hour) of an idle connection, and
      RV(_value.detection_time), the seconds until a dead peer is declared dead.
  type: dict
  contains:
    time:
      description: Seconds of silence before the first probe.
      type: int
      sample: 233
    intvl:
      description: Seconds between unanswered probes.
      type: int
      sample: 20
    probes:
      description: How many unanswered probes end the connection.
      type: int
      sample: 9
    idle_timeout:
      description: The shortest idle timeout of the path, in seconds.
      type: int
      sample: 350
    limited_by:
      description: The element that has it.
      type: str
      sample: nat_gateway
    lost_probes_survived:
      description: How many consecutive lost probes the connection survives.
      type: int
      sample: 3
    probes_per_hour:
      description: How many probes an idle connection sends in an hour.
      type: float
      sample: 15.5
    detection_time:
      description: Seconds of silence after which a dead peer is declared dead.
      type: int
      sample: 413
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError


def keepalive_plan(path: Sequence[Any], **wishes: Any) -> Mapping[str, Any]:
    # Here, and not above: every task of every host that uses one filter of a collection compiles all of them.
    from ansible_collections.longlived.tcp.plugins.plugin_utils._path.plan import PlanError, plan

    try:
        return plan(path, **wishes)
    except PlanError as error:
        raise AnsibleFilterError(f"keepalive_plan: {error}") from error
    except TypeError as error:
        raise AnsibleFilterError("keepalive_plan: knows lost_probes, margin, intvl and probes, and nothing else.") from error


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Mapping[str, Any]]]:
        return {"keepalive_plan": keepalive_plan}
