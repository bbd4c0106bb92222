# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: eks_keepalive_refusals
short_description: What cannot work in an EKS cluster, and why
version_added: 0.1.0
author:
  - longlived.tcp contributors
description:
  - Gives, as sentences, what the filter P(longlived.tcp.eks_keepalive_files#filter) would raise as an error.
positional: _input
options:
  _input:
    description: The cluster, as for P(longlived.tcp.eks_keepalive_files#filter).
    type: dict
    required: true
  directory:
    description: Where the files shall lie.
    type: str
    required: true
  names:
    description: The names of all variables that start like the role's.
    type: list
    elements: str
    default: []
  known:
    description: The names of the variables that the role has.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Refuse what cannot work
  ansible.builtin.assert:
    that: >-
      {'kubernetes_version': '1.31', 'node_os': 'al2023', 'provisioner': 'none', 'values': {'time': 45, 'intvl': 45, 'probes': 9}}
      | longlived.tcp.eks_keepalive_refusals(directory='/tmp/eks') | length == 0
"""

RETURN = r"""
_value:
  description: A sentence for each thing that cannot work, with its remedy.
  type: list
  elements: str
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError


def eks_keepalive_refusals(request: Mapping[str, Any], directory: str, names: Iterable[str] = (), known: Iterable[str] = ()) -> list[str]:
    # Here, and not above: every task of every host that uses one filter of a collection compiles all of them.
    from ansible_collections.longlived.tcp.plugins.filter.eks_keepalive_files import eks_keepalive_files
    from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.cluster import misspelt

    found: list[str] = misspelt(names, known)
    try:
        eks_keepalive_files(request, directory)
    except AnsibleFilterError as error:
        found.append(str(error.message).removeprefix("eks_keepalive_files: "))
    return found


class FilterModule:
    def filters(self) -> dict[str, Callable[..., list[str]]]:
        return {"eks_keepalive_refusals": eks_keepalive_refusals}
