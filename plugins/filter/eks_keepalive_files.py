# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: eks_keepalive_files
short_description: The files that an EKS cluster needs for TCP keepalive in its pods
version_added: 0.1.0
author:
  - longlived.tcp contributors
description:
  - Gives just the files that a cluster needs, as the role P(longlived.tcp.eks_keepalive#role) writes them.
  - What cannot work is an error that says why, and what to do instead.
  - Existing NodeConfig and ClusterConfig files are merged into with their comments, which needs C(ruamel.yaml) for Ansible's Python.
positional: _input
options:
  _input:
    description:
      - The cluster. C(kubernetes_version), C(node_os), C(provisioner) and C(values) (C(time), C(intvl) and C(probes)) are required.
      - C(cluster_name), C(region), C(ami), C(node_groups), C(node_class), C(namespace), C(host_network) and
        C(pod_security_version) mean what the role's variables of these names mean.
      - C(cluster_config) and C(node_config) are dictionaries with the C(path) of an existing file, for messages, and its C(text).
    type: dict
    required: true
  directory:
    description:
      - Where the files shall lie.
      - A file there that would be replaced and was not made by the role is an error, and those that were made by it and are not
        needed any longer are returned without content.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Tell what a cluster needs
  ansible.builtin.debug:
    msg: >-
      {{ {'kubernetes_version': '1.31', 'node_os': 'al2023', 'provisioner': 'none',
          'values': {'time': 45, 'intvl': 45, 'probes': 9}}
         | longlived.tcp.eks_keepalive_files(directory='/tmp/eks') | map(attribute='why') }}
"""

RETURN = r"""
_value:
  description: A dictionary for each file, in a stable order.
  type: list
  elements: dict
  contains:
    path:
      description: Where it belongs.
      type: str
      sample: /tmp/eks/pod-template-patch.yaml
    content:
      description: What belongs into it; V(null) for a file of an earlier run that is to be removed.
      type: str
    why:
      description: What it is for.
      type: str
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError


def eks_keepalive_files(request: Mapping[str, Any], directory: str) -> list[dict[str, str | None]]:
    # Here, and not above: every task of every host that uses one filter of a collection compiles all of them.
    from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.cluster import EksError, described
    from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.files import files, foreign, leftovers

    try:
        made = files(described(request))
        if others := foreign(directory, made):
            raise EksError(
                f"{', '.join(others)} would be replaced, but was not made by this role: move it away, or choose another directory."
            )
    except EksError as error:
        raise AnsibleFilterError(f"eks_keepalive_files: {error}") from error
    needed: list[dict[str, str | None]] = [
        {"path": str(Path(directory) / file.name), "content": file.text, "why": file.why} for file in made
    ]
    unneeded = {"content": None, "why": "Made by an earlier run, and not needed any longer."}
    return needed + [{"path": path, **unneeded} for path in leftovers(directory, made)]


class FilterModule:
    def filters(self) -> dict[str, Callable[..., list[dict[str, str | None]]]]:
        return {"eks_keepalive_files": eks_keepalive_files}
