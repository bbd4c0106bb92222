# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that an EKS cluster needs, as text: for its pods, their namespace and its nodes.

They are written rather than dumped: a person reads and changes them, so that they have comments where one is needed.
Every file has a mark in its first lines, by which a later run knows what is its own to replace and to remove.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.longlived.tcp.plugins.plugin_utils import _eks_readme
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks import SYSCTLS, Cluster, EksError, refusals
from ansible_collections.longlived.tcp.plugins.plugin_utils._yaml_merge import FAMILIES, merged_cluster_config, merged_node_config

MARK = "Made by the role longlived.tcp.eks_keepalive, which replaces it and removes it when it is not needed."
_MARKS = (f"# {MARK}", f"<!-- {MARK} -->")
_MARKED_LINES = 8

# What a run can write, and so what a later one looks for.
NAMES = (
    "README.md",
    "pod-template-patch.yaml",
    "kustomization.yaml",
    "namespace.yaml",
    "cluster-config.yaml",
    "ec2nodeclass.yaml",
    "node-config.yaml",
    "user-data.mime",
    "user-data.sh",
    "user-data.toml",
)

# The kinds of workload that kustomize is told to patch: where each has its pods' spec.
WORKLOADS = {
    "Deployment": ("apps/v1", ("spec", "template", "spec")),
    "StatefulSet": ("apps/v1", ("spec", "template", "spec")),
    "DaemonSet": ("apps/v1", ("spec", "template", "spec")),
    "Job": ("batch/v1", ("spec", "template", "spec")),
    "CronJob": ("batch/v1", ("spec", "jobTemplate", "spec", "template", "spec")),
}


@dataclass(frozen=True)
class File:
    """A file's name and text, what it is for, and how to use it."""

    name: str
    text: str
    why: str
    how: str


def files(cluster: Cluster) -> list[File]:
    """Just the files that this cluster needs; raise where something cannot work."""
    if found := refusals(cluster):
        raise EksError(" ".join(found))
    made = [_pod_template_patch(cluster), _kustomization(cluster)]
    if cluster.kubelet_must_allow:
        made.append(_namespace(cluster))
    if cluster.needs_node_file:
        made.append(_NODES[cluster.provisioner](cluster))
    readme = _eks_readme.text(cluster, [(file.name, file.why, file.how) for file in made])
    return [File("README.md", f"{_MARKS[1]}\n{readme}", "What each file is for, and what is not needed and why.", "Read it."), *made]


def foreign(directory: str, made: Iterable[File]) -> list[str]:
    """The files that would be replaced and are not this role's."""
    return [str(path) for path in (Path(directory) / file.name for file in made) if path.exists() and not _marked(path)]


def leftovers(directory: str, made: Iterable[File]) -> list[str]:
    """The files of earlier runs that are no longer needed."""
    needed = {file.name for file in made}
    return [str(path) for path in (Path(directory) / name for name in NAMES if name not in needed) if path.is_file() and _marked(path)]


def _marked(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as stream:
        return any(line.strip() in _MARKS for _number, line in zip(range(_MARKED_LINES), stream, strict=False))


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def _indented(text: str, spaces: int) -> str:
    return textwrap.indent(text, " " * spaces).rstrip("\n")


def _scalar(text: str) -> str:
    """The text for YAML: quoted where it would be a number, a truth value or nothing."""
    harmless = re.fullmatch(r"[a-z][a-z0-9_.-]*", text) and text not in ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
    return text if harmless else f'"{text}"'


# --- pods ----------------------------------------------------------------------------------------


def _nested(names: Iterable[str], cluster: Cluster) -> str:
    """The list of sysctls below these names."""
    names = [*names, "securityContext", "sysctls"]
    lines = [f"{'  ' * depth}{name}:" for depth, name in enumerate(names)]
    for name, value in cluster.node_sysctls.items():
        lines += [f"{'  ' * len(names)}- name: {name}", f"{'  ' * len(names)}  value: {_quoted(value)}"]
    return _lines(*lines)


def _quoted(text: str) -> str:
    return f'"{text}"'


def _pod_template_patch(cluster: Cluster) -> File:
    name = "pod-template-patch.yaml"
    text = _lines(
        _MARKS[0],
        "#",
        f"#     kubectl patch deployment NAME --patch-file {name}",
        "#",
        "# A pod has one list of sysctls, and a patch takes its place: add those that the pods already have.",
    )
    return File(
        name,
        text + _nested(WORKLOADS["Deployment"][1], cluster),
        "Gives the pods of a Deployment, StatefulSet or DaemonSet the values. Its pods are replaced.",
        f"`kubectl patch deployment NAME --patch-file {name}`",
    )


def _kustomization(cluster: Cluster) -> File:
    text = _lines(
        _MARKS[0],
        "#",
        "# In a kustomization.yaml of yours:",
        "#",
        "#     components:",
        "#       - PATH/TO/THIS/DIRECTORY",
        "#",
        "# Patches every workload that it builds. Where some have hostNetwork, which takes no net.* sysctl, or sysctls of",
        "# their own, whose list a patch replaces, narrow `target` with a name or a labelSelector.",
        "apiVersion: kustomize.config.k8s.io/v1alpha1",
        "kind: Component",
        "patches:",
    )
    for kind, (api_version, path) in WORKLOADS.items():
        patch = _lines(
            f"apiVersion: {api_version}", f"kind: {kind}", "metadata:", "  name: any # kustomize wants one, and goes by the target"
        )
        text += _lines("  - target:", f"      kind: {kind}", "    patch: |", _indented(patch + _nested(path, cluster), 6))
    return File(
        "kustomization.yaml",
        text,
        "The same for kustomize, as a component: for every workload that is built with it.",
        "`components: [PATH/TO/THIS/DIRECTORY]` in your `kustomization.yaml`",
    )


def _namespace(cluster: Cluster) -> File:
    text = _lines(
        _MARKS[0],
        "#",
        "# Before Kubernetes 1.29 the Pod Security Standards baseline and restricted refuse pods with these sysctls.",
        "# Take the label back once the cluster has 1.29: it allows everything else as well.",
        "apiVersion: v1",
        "kind: Namespace",
        "metadata:",
        f"  name: {_scalar(cluster.namespace)}",
        "  labels:",
        "    pod-security.kubernetes.io/enforce: privileged",
    )
    return File(
        "namespace.yaml",
        text,
        "Allows pods with these sysctls in their namespace, as a PodSecurityPolicy did before Kubernetes 1.25.",
        "`kubectl apply -f namespace.yaml`",
    )


# --- what a node reads ---------------------------------------------------------------------------


def _node_config(cluster: Cluster) -> str:
    if cluster.node_config:
        merged: str = merged_node_config(cluster.node_config)
        return merged
    return _lines(
        "apiVersion: node.eks.aws/v1alpha1",
        "kind: NodeConfig",
        "spec:",
        "  kubelet:",
        "    config:",
        "      # nodeadm merges this with its own configuration, where a list takes the place of another.",
        "      allowedUnsafeSysctls:",
        *(f"        - {name}" for name in SYSCTLS),
    )


def _bottlerocket_toml(cluster: Cluster) -> str:
    allow: tuple[str, ...] = ()
    if cluster.kubelet_must_allow:
        allow = (
            "# What pods may set.",
            "[settings.kubernetes]",
            "allowed-unsafe-sysctls = [",
            *(f"  {_quoted(name)}," for name in SYSCTLS),
            "]",
            "",
        )
    return _lines(
        *allow,
        "# The node's own values, which are those of hostNetwork pods, too.",
        "[settings.kernel.sysctl]",
        *(f"{_quoted(name)} = {_quoted(value)}" for name, value in cluster.node_sysctls.items()),
    )


def _al2_bootstrap(cluster_name: str) -> str:
    """Joins the cluster, with a kubelet that allows the sysctls."""
    return _lines(
        "#!/bin/bash",
        "set -o errexit",
        f"/etc/eks/bootstrap.sh {cluster_name} --kubelet-extra-args '--allowed-unsafe-sysctls={','.join(SYSCTLS)}'",
    )


def _al2_before_bootstrap() -> str:
    """Has the kubelet allow the sysctls; somebody else calls bootstrap.sh later, which edits the same file."""
    return _lines(
        "#!/bin/bash",
        _MARKS[0],
        "set -o errexit",
        "config=/etc/kubernetes/kubelet/kubelet-config.json",
        f"jq '.allowedUnsafeSysctls = (.allowedUnsafeSysctls // []) + [{', '.join(map(_quoted, SYSCTLS))}]' $config > $config.new",
        "cat $config.new > $config # keeps its mode and owner",
        "rm $config.new",
    )


# --- files for nodes -----------------------------------------------------------------------------


def _for_eksctl(cluster: Cluster) -> File:
    name = "cluster-config.yaml"
    if cluster.cluster_config:
        text = merged_cluster_config(cluster.cluster_config, cluster, _al2_bootstrap, _node_config(cluster))
        text = text if text.startswith(_MARKS[0]) else f"{_MARKS[0]}\n{text}"
    else:
        text = _lines(
            _MARKS[0],
            "#",
            f"#     eksctl create nodegroup --config-file={name}",
            "apiVersion: eksctl.io/v1alpha5",
            "kind: ClusterConfig",
            "metadata:",
            f"  name: {_scalar(cluster.cluster_name)}",
            f"  region: {_scalar(cluster.region)}",
            f'  version: "1.{cluster.minor}"',
            "managedNodeGroups:",
            *(_eksctl_group(group, cluster) for group in cluster.node_groups or ["keepalive"]),
        )
    return File(
        name,
        text,
        f"Node groups whose nodes {_what_nodes_do(cluster)}. Groups that are there do not change: make new ones, and drain the old.",
        f"`eksctl create nodegroup --config-file={name}`, with instance types and sizes of yours",
    )


def _eksctl_group(group: str, cluster: Cluster) -> str:
    lines = [f"- name: {_scalar(group)}"]
    if cluster.ami:
        lines.append(f"  ami: {cluster.ami}")
    lines.append(f"  amiFamily: {FAMILIES[cluster.node_os][0]}")
    if cluster.node_os == "bottlerocket":
        lines += ["  bottlerocket:", "    settings:"]
        if cluster.kubelet_must_allow:
            lines += ["      kubernetes:", "        allowed-unsafe-sysctls:", *(f"          - {name}" for name in SYSCTLS)]
        lines += ["      # The node's own values, which are those of hostNetwork pods, too.", "      kernel:", "        sysctl:"]
        lines += [f"          {_quoted(name)}: {_quoted(value)}" for name, value in cluster.node_sysctls.items()]
    else:
        command = _al2_bootstrap(cluster.cluster_name) if cluster.node_os == "al2" else _node_config(cluster)
        lines += ["  overrideBootstrapCommand: |", _indented(command, 4)]
    return _indented(_lines(*lines), 2)


def _for_karpenter(cluster: Cluster) -> File:
    name = "ec2nodeclass.yaml"
    family = {"al2": "AL2", "al2023": "AL2023", "bottlerocket": "Bottlerocket"}[cluster.node_os]
    if cluster.node_os == "al2":
        user_data = _al2_before_bootstrap()
    else:
        user_data = _bottlerocket_toml(cluster) if cluster.node_os == "bottlerocket" else _node_config(cluster)
    text = _lines(
        _MARKS[0],
        "#",
        "# The role and the selectors are those of Karpenter's own guide: make them yours.",
        "apiVersion: karpenter.k8s.aws/v1",
        "kind: EC2NodeClass",
        "metadata:",
        f"  name: {_scalar(cluster.node_class)}",
        "spec:",
        f"  amiFamily: {family}",
        "  amiSelectorTerms:",
        f"    - id: {cluster.ami}" if cluster.ami else f"    - alias: {cluster.node_os}@latest # name a version in production",
        f"  role: KarpenterNodeRole-{cluster.cluster_name}",
        "  subnetSelectorTerms:",
        "    - tags:",
        f"        karpenter.sh/discovery: {_scalar(cluster.cluster_name)}",
        "  securityGroupSelectorTerms:",
        "    - tags:",
        f"        karpenter.sh/discovery: {_scalar(cluster.cluster_name)}",
        "  # spec.kubelet of an EC2NodeClass knows no sysctls: this is merged with Karpenter's own user data.",
        "  userData: |",
        _indented(user_data, 4),
    )
    return File(
        name,
        text,
        f"A class of nodes for Karpenter that {_what_nodes_do(cluster)}.",
        f"`kubectl apply -f {name}`, and name it in a NodePool's `nodeClassRef`; or take its `userData` into a class of yours",
    )


def _for_launch_template(cluster: Cluster) -> File:
    if cluster.node_os == "bottlerocket":
        return _user_data("user-data.toml", f"{_MARKS[0]}\n{_bottlerocket_toml(cluster)}", cluster)
    if cluster.node_os == "al2023":
        kind, part = "application/node.eks.aws", f"{_MARKS[0]}\n{_node_config(cluster)}"
    elif cluster.ami:
        # EKS adds no bootstrap of its own where the launch template names an AMI.
        kind = 'text/x-shellscript; charset="us-ascii"'
        part = _al2_bootstrap(cluster.cluster_name).replace("\n", f"\n{_MARKS[0]}\n", 1)
    else:
        kind, part = 'text/x-shellscript; charset="us-ascii"', _al2_before_bootstrap()
    # EKS merges what it adds into user data of this form only.
    text = _lines(
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="//"',
        "",
        "--//",
        f"Content-Type: {kind}",
        "",
        part,
        "--//--",
    )
    return _user_data("user-data.mime", text, cluster)


def _for_none(cluster: Cluster) -> File:
    if cluster.node_os == "bottlerocket":
        return _user_data("user-data.toml", f"{_MARKS[0]}\n{_bottlerocket_toml(cluster)}", cluster)
    if cluster.node_os == "al2":
        return _user_data("user-data.sh", _al2_before_bootstrap(), cluster)
    return File(
        "node-config.yaml",
        f"{_MARKS[0]}\n{_node_config(cluster).removeprefix(_MARKS[0]).lstrip()}",
        f"A NodeConfig for nodeadm: the nodes {_what_nodes_do(cluster)}.",
        "A part of the nodes' user data, of type `application/node.eks.aws`",
    )


def _user_data(name: str, text: str, cluster: Cluster) -> File:
    how = "The user data of the launch template, base64-encoded" if cluster.provisioner == "launch_template" else "User data of new nodes"
    before = ", to be run before `/etc/eks/bootstrap.sh`" if name == "user-data.sh" else ""
    return File(name, text, f"User data: the nodes {_what_nodes_do(cluster)}.", how + before)


def _what_nodes_do(cluster: Cluster) -> str:
    done = ["allow pods to set the three sysctls"] if cluster.kubelet_must_allow else []
    if cluster.node_os == "bottlerocket":
        done.append("have the values themselves")
    return " and ".join(done)


_NODES: dict[str, Callable[[Cluster], File]] = {
    "eksctl": _for_eksctl,
    "karpenter": _for_karpenter,
    "launch_template": _for_launch_template,
    "none": _for_none,
}
