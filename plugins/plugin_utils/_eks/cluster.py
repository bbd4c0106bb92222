# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an EKS cluster needs so that its pods may set the three keepalive values, and what cannot work.

A pod has a network namespace of its own, which a node's sysctls do not reach: the values belong into its
`securityContext.sysctls`. From Kubernetes 1.29 on they are safe sysctls, which every kubelet and the Pod Security
Standards allow. Before, the kubelet has to allow them, and so has the namespace.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import NAMES, key
from ansible_collections.longlived.tcp.plugins.plugin_utils._variables import whole_number_mistakes

SYSCTLS = tuple(key(name) for name in NAMES)

NODE_OSES = {"al2": "Amazon Linux 2", "al2023": "Amazon Linux 2023", "bottlerocket": "Bottlerocket"}
PROVISIONERS = ("eksctl", "karpenter", "launch_template", "none")

# Minor versions of Kubernetes 1. PodSecurityPolicy ended, and Pod Security Admission was finished, with 1.25.
OLDEST, SAFE_SINCE, AL2_ENDED = 25, 29, 33

PREFIX = "eks_keepalive_"

_VERSION = re.compile(r"v?1\.([0-9]+)(?:[.+-].*)?")

# What the values may look like that are written into YAML and into a shell's command line.
CLUSTER_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")
_PATTERNS = {
    "cluster_name": (CLUSTER_NAME, "the name of an EKS cluster, such as production"),
    "region": (re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]"), "the name of an AWS region, such as eu-central-1"),
    "ami": (re.compile(r"ami-[0-9a-f]{8,17}"), "the ID of an AMI, such as ami-0123456789abcdef0"),
    "namespace": (re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"), "the name of a Kubernetes namespace, such as jobs"),
    "node_class": (re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"), "the name of an EC2NodeClass, such as default"),
}
_NODE_GROUP = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,62}")


class EksError(UserError):
    """What cannot work, why, and what to do instead."""


@dataclass(frozen=True)
class Source:
    """A file of the user's that is merged into: where it lies, and its text."""

    path: str
    text: str


@dataclass(frozen=True)
class Cluster:
    """A cluster as the role's variables describe it; what is not given is empty."""

    kubernetes_version: str
    node_os: str
    provisioner: str
    values: Mapping[str, int]
    cluster_name: str = ""
    region: str = ""
    ami: str = ""
    node_groups: Sequence[str] = ()
    node_class: str = "keepalive"
    namespace: str = "default"
    host_network: bool = False
    pod_security_version: str = ""
    cluster_config: Source | None = None
    node_config: Source | None = None

    @property
    def minor(self) -> int:
        return _minor(self.kubernetes_version) or 0

    @property
    def bottlerocket(self) -> bool:
        return self.node_os == "bottlerocket"

    @property
    def kubelet_must_allow(self) -> bool:
        return self.minor < SAFE_SINCE

    @property
    def sysctls(self) -> dict[str, str]:
        """The three sysctls with their values as text, which is how pods and Bottlerocket take them."""
        return {key(name): str(self.values[name]) for name in NAMES}

    @property
    def needs_node_file(self) -> bool:
        # Bottlerocket has no other place for the node's own values.
        return self.kubelet_must_allow or self.bottlerocket


def described(request: Mapping[str, Any]) -> Cluster:
    """The cluster that a role's variables, without their prefix, describe."""
    given = {name: value for name, value in request.items() if value is not None}
    known = {field.name: field.default is MISSING for field in fields(Cluster)}
    wrong = sorted(set(given) - set(known)) + sorted(name for name, needed in known.items() if needed and name not in given)
    if wrong or set(given["values"]) < set(NAMES):
        raise EksError(
            f"A cluster is described by {', '.join(known)}, with time, intvl and probes as its values: correct {', '.join(wrong)}."
        )
    values = {name: given["values"][name] for name in NAMES}
    if found := list(whole_number_mistakes(values, {name: PREFIX + name for name in NAMES})):
        raise EksError(" ".join(found))
    for name in ("cluster_config", "node_config"):
        given[name] = Source(str(given[name]["path"]), str(given[name]["text"])) if given.get(name) else None
    given["values"] = {name: int(str(given["values"][name])) for name in NAMES}
    return Cluster(**given)


def misspelt(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """A sentence for each of these variables that the role does not know."""
    # The prefix that all share would make every name look alike.
    short = {name.removeprefix(PREFIX): name for name in known}
    found = []
    for name in sorted(set(names) - set(short.values())):
        close = difflib.get_close_matches(name.removeprefix(PREFIX), short, n=1)
        advice = f"did you mean {short[close[0]]}?" if close else f"it knows {', '.join(sorted(short.values()))}."
        found.append(f"The role has no variable {name}: {advice}")
    return found


def refusals(cluster: Cluster) -> list[str]:
    """A sentence for each thing that cannot work, with its remedy."""
    return [*_not_understood(cluster), *_pods(cluster)] or [*_nodes(cluster), *_sources(cluster), *_missing(cluster)]


def _minor(version: str) -> int | None:
    match = _VERSION.fullmatch(version.strip())
    return int(match.group(1)) if match else None


def _not_understood(cluster: Cluster) -> list[str]:
    found = []
    if complaint := _version_complaint("kubernetes_version", cluster.kubernetes_version):
        found.append(complaint)
    elif cluster.minor < OLDEST:
        found.append(
            f"{PREFIX}kubernetes_version is {cluster.kubernetes_version}, which has PodSecurityPolicy instead of namespace labels,"
            f" and which EKS no longer runs: upgrade the cluster to 1.{OLDEST} or later."
        )
    for name, given, choices in (("node_os", cluster.node_os, NODE_OSES), ("provisioner", cluster.provisioner, PROVISIONERS)):
        if given not in choices:
            found.append(f"{PREFIX}{name} is {given}, and must be one of {', '.join(choices)}.")
    for name, (pattern, what) in _PATTERNS.items():
        given = getattr(cluster, name)
        if given and not pattern.fullmatch(given):
            found.append(f"{PREFIX}{name} is {given}, and must be {what}.")
    found += [
        f"{PREFIX}node_groups has {name}, which is no node group's name." for name in cluster.node_groups if not _NODE_GROUP.fullmatch(name)
    ]
    return found


def _version_complaint(name: str, version: str) -> str | None:
    minor = _minor(version)
    if minor is None:
        return f"{PREFIX}{name} is {version}, and must be a version of Kubernetes, such as '1.31'."
    if minor < 10:
        # The number 1.30 is 1.3 for whoever reads YAML.
        return (
            f"{PREFIX}{name} is {version}: write it in quotes, as in '1.{minor}0', because YAML reads 1.{minor}0 as the number 1.{minor}."
        )
    return None


def _pods(cluster: Cluster) -> list[str]:
    found = []
    if cluster.host_network:
        found.append(
            f"{PREFIX}host_network is true, but a pod with hostNetwork may set no net.* sysctl, because its network is the node's:"
            f" leave {PREFIX}host_network out, and set the values on the node, {_how_on_the_node(cluster)}."
        )
    pinned = cluster.pod_security_version
    if pinned and pinned != "latest":
        if complaint := _version_complaint("pod_security_version", pinned):
            found.append(complaint)
        elif not cluster.kubelet_must_allow and (_minor(pinned) or 0) < SAFE_SINCE:
            found.append(
                f"{PREFIX}pod_security_version is {pinned}, and the Pod Security Standards before v1.{SAFE_SINCE} refuse pods with these"
                f" sysctls: set the namespace's label pod-security.kubernetes.io/enforce-version to v1.{SAFE_SINCE} or later, or to latest."
            )
    return found


def _how_on_the_node(cluster: Cluster) -> str:
    if cluster.bottlerocket:
        return "by the Bottlerocket settings that this role writes"
    return "by this collection's role keepalive"


def _nodes(cluster: Cluster) -> list[str]:
    if cluster.node_os != "al2":
        return []
    if cluster.minor >= AL2_ENDED and not cluster.ami:
        return [
            f"There is no EKS AMI of Amazon Linux 2 for Kubernetes {cluster.kubernetes_version} (1.{AL2_ENDED - 1} was the last):"
            f" use al2023 or bottlerocket, or name an AMI of your own with {PREFIX}ami."
        ]
    new_group = cluster.provisioner == "eksctl" and not cluster.cluster_config
    if new_group and cluster.kubelet_must_allow and not cluster.ami:
        return [
            "eksctl takes a bootstrap command for a managed node group of Amazon Linux 2 only together with an AMI:"
            f" name it with {PREFIX}ami, or use al2023 or bottlerocket, as the last EKS AMIs of Amazon Linux 2 are of 2025."
        ]
    return []


def _sources(cluster: Cluster) -> list[str]:
    found = []
    if cluster.cluster_config and cluster.provisioner != "eksctl":
        found.append(
            f"{PREFIX}cluster_config is a file of eksctl's, but {PREFIX}provisioner is {cluster.provisioner}:"
            " make that eksctl, or leave the file out."
        )
    if cluster.node_config and cluster.node_os != "al2023":
        found.append(
            f"{PREFIX}node_config is read by nodeadm, which only Amazon Linux 2023 has, but {PREFIX}node_os is {cluster.node_os}:"
            " leave it out."
        )
    if cluster.node_config and cluster.cluster_config:
        found.append(
            f"{PREFIX}cluster_config and {PREFIX}node_config are given, but a node group in a ClusterConfig has its NodeConfig in"
            " overrideBootstrapCommand: put it there, and give the ClusterConfig only."
        )
    return found


def _missing(cluster: Cluster) -> list[str]:
    if not cluster.needs_node_file:
        return []
    needed: tuple[str, ...] = ()
    if cluster.provisioner == "eksctl" and not cluster.cluster_config:
        needed = ("cluster_name", "region")
    elif cluster.provisioner == "karpenter" or (cluster.provisioner == "launch_template" and cluster.node_os == "al2" and cluster.ami):
        needed = ("cluster_name",)
    return [f"{PREFIX}{name} is needed for the nodes of {cluster.provisioner}: set it." for name in needed if not getattr(cluster, name)]
