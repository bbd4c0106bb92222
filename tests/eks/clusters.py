# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every kind of cluster, and the files that it gets."""

from __future__ import annotations

import functools
from itertools import product
from typing import Any

import kubernetes_validate
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.cluster import NODE_OSES, PROVISIONERS, Cluster, described, refusals
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.files import File, files

VALUES = {"time": 45, "intvl": 30, "probes": 9}
AMI = "ami-0123456789abcdef0"
NEWEST = int(kubernetes_validate.latest_version().split(".")[1])
MINORS = tuple(range(25, NEWEST + 1))

NODE_CONFIG = """\
apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  kubelet:
    config:
      maxPods: 20 # because
"""

CLUSTER_CONFIG = """\
apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata:
  name: production # ours
  region: eu-central-1
managedNodeGroups:
  - name: modern
  - name: old
    amiFamily: AmazonLinux2
  - name: rocket
    amiFamily: Bottlerocket
nodeGroups:
  - name: own
    amiFamily: AmazonLinux2023
  - name: own-old
    amiFamily: AmazonLinux2
  - name: own-rocket
    amiFamily: BottlerocketFips
"""


def cluster(**changes: Any) -> Cluster:
    given: dict[str, Any] = {
        "kubernetes_version": "1.28",
        "node_os": "al2023",
        "provisioner": "none",
        "values": VALUES,
        "cluster_name": "production",
        "region": "eu-central-1",
    }
    return described({**given, **changes})


SOURCES: dict[str, dict[str, Any]] = {
    "": {},
    "-node_config": {"node_config": {"path": "node.yaml", "text": NODE_CONFIG}},
    "-cluster_config": {"cluster_config": {"path": "cluster.yaml", "text": CLUSTER_CONFIG}},
}


@functools.cache
def _every() -> list[tuple[str, Cluster, File]]:
    found = []
    for minor, node_os, provisioner, ami, source in product(MINORS, NODE_OSES, PROVISIONERS, ("", AMI), SOURCES):
        if source and minor not in (MINORS[0], 28, 29, NEWEST):
            continue
        made = cluster(kubernetes_version=f"1.{minor}", node_os=node_os, provisioner=provisioner, ami=ami, **SOURCES[source])
        # The group of Amazon Linux 2 in this ClusterConfig has no AMI of its own.
        if not refusals(made) and (ami or node_os != "al2" or not made.cluster_config):
            name = f"1.{minor}-{node_os}-{provisioner}{'-ami' if ami else ''}{source}"
            found += [(name, made, file) for file in files(made)]
    return found


def written(file: str) -> list[tuple[str, Cluster, str]]:
    """A name, the cluster and the file's text for each kind of cluster that gets this file; once where they are the same."""
    found = {(each.text, made.kubelet_must_allow): (name, made, each.text) for name, made, each in reversed(_every()) if each.name == file}
    return list(reversed(found.values()))


def text_for(file: str, minor: int) -> str:
    (text, *_others) = (each.text for _name, made, each in _every() if each.name == file and made.minor == minor)
    return str(text)
