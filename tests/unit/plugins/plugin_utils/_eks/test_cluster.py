# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an EKS cluster is, and refusals that say why and what to do instead."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.cluster import EksError, misspelt, refusals
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.files import files

from .clusters import AMI, cluster

GIVEN = "kind: ClusterConfig\n"
REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"kubernetes_version": "1.24"}, ["eks_keepalive_kubernetes_version is 1.24", "PodSecurityPolicy", "upgrade the cluster to 1.25"]),
    ({"kubernetes_version": "1.3"}, ["eks_keepalive_kubernetes_version is 1.3", "in quotes, as in '1.30'"]),
    ({"kubernetes_version": "newest"}, ["eks_keepalive_kubernetes_version is newest", "such as '1.31'"]),
    ({"node_os": "ubuntu"}, ["eks_keepalive_node_os is ubuntu", "al2, al2023, bottlerocket"]),
    ({"provisioner": "kops"}, ["eks_keepalive_provisioner is kops", "eksctl, karpenter, launch_template, none"]),
    ({"ami": "latest"}, ["eks_keepalive_ami is latest", "such as ami-"]),
    ({"cluster_name": "a; reboot"}, ["eks_keepalive_cluster_name is a; reboot"]),
    ({"region": "Frankfurt"}, ["eks_keepalive_region is Frankfurt"]),
    ({"namespace": "Jobs"}, ["eks_keepalive_namespace is Jobs"]),
    ({"node_groups": ["a b"]}, ["eks_keepalive_node_groups has a b"]),
    ({"host_network": True}, ["eks_keepalive_host_network is true", "may set no net.* sysctl", "role keepalive"]),
    ({"host_network": True, "node_os": "bottlerocket"}, ["may set no net.* sysctl", "by the Bottlerocket settings"]),
    ({"pod_security_version": "v1.28"}, ["eks_keepalive_pod_security_version is v1.28", "enforce-version to v1.29 or later"]),
    ({"pod_security_version": "1.25"}, ["eks_keepalive_pod_security_version is 1.25", "or to latest"]),
    ({"pod_security_version": "old"}, ["eks_keepalive_pod_security_version is old"]),
    (
        {"node_os": "al2", "kubernetes_version": "1.33"},
        ["no EKS AMI of Amazon Linux 2 for Kubernetes 1.33", "1.32 was the last", "eks_keepalive_ami"],
    ),
    (
        {"node_os": "al2", "kubernetes_version": "1.28", "provisioner": "eksctl"},
        ["only together with an AMI", "eks_keepalive_ami", "use al2023 or bottlerocket"],
    ),
    ({"cluster_config": GIVEN}, ["eks_keepalive_cluster_config is a file of eksctl's", "eks_keepalive_provisioner is none"]),
    ({"node_config": GIVEN, "node_os": "bottlerocket"}, ["eks_keepalive_node_config is read by nodeadm", "leave it out"]),
    ({"node_config": GIVEN, "cluster_config": GIVEN, "provisioner": "eksctl"}, ["put it there, and give the ClusterConfig only"]),
    ({"kubernetes_version": "1.28", "provisioner": "eksctl", "region": ""}, ["eks_keepalive_region is needed for the nodes of eksctl"]),
    ({"kubernetes_version": "1.28", "provisioner": "karpenter", "cluster_name": ""}, ["eks_keepalive_cluster_name is needed"]),
    (
        {"kubernetes_version": "1.28", "provisioner": "launch_template", "node_os": "al2", "ami": AMI, "cluster_name": ""},
        ["eks_keepalive_cluster_name is needed"],
    ),
]


@pytest.mark.parametrize(("changes", "says"), REFUSED)
def test_refuses_with_the_reason_and_the_remedy(changes: dict[str, Any], says: list[str]) -> None:
    (sentence,) = refusals(cluster(**changes))
    for part in says:
        assert part in sentence
    assert sentence.endswith(".")
    with pytest.raises(EksError, match=r"eks_keepalive_|AMI"):
        files(cluster(**changes))


ALLOWED: list[dict[str, Any]] = [
    {"pod_security_version": "latest"},
    {"pod_security_version": "v1.29"},
    # Before 1.29 the namespace is privileged, whichever version its label pins.
    {"pod_security_version": "v1.25", "kubernetes_version": "1.28"},
    {"node_os": "al2", "kubernetes_version": "1.33", "ami": AMI},
    {"node_os": "al2", "kubernetes_version": "1.32", "provisioner": "eksctl"},
    {"node_os": "al2", "kubernetes_version": "1.28", "provisioner": "karpenter"},
    {"provisioner": "eksctl", "cluster_name": "", "region": ""},
]


@pytest.mark.parametrize("changes", ALLOWED)
def test_refuses_nothing_that_works(changes: dict[str, Any]) -> None:
    assert refusals(cluster(**changes)) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"node_so": "al2"}, "correct node_so"),
        ({"node_os": None}, "correct node_os"),
        ({"values": {"time": 45}}, "with time, intvl and probes"),
        ({"values": {"time": 0, "intvl": 30, "probes": 9}}, "eks_keepalive_time is 0, and must be a whole number from 1 to 32767 seconds"),
        ({"values": {"time": 45, "intvl": 30, "probes": "many"}}, "eks_keepalive_probes is many"),
    ],
)
def test_a_description_is_complete(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(EksError, match=says):
        cluster(**changes)


KNOWN = ["eks_keepalive_node_os", "eks_keepalive_time"]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (KNOWN, []),
        (["eks_keepalive_tiem"], ["The role has no variable eks_keepalive_tiem: did you mean eks_keepalive_time?"]),
        (["eks_keepalive_xyz"], [f"The role has no variable eks_keepalive_xyz: it knows {', '.join(KNOWN)}."]),
    ],
)
def test_misspelt_variables(names: list[str], says: list[str]) -> None:
    assert misspelt(names, KNOWN) == says
