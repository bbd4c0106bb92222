# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that an EKS cluster needs for its pods, their namespace and its nodes: which, and what each is for.

Their text is in the templates of the role eks_keepalive. Every file has a mark in its first lines, by which a later run
knows what is its own to replace and to remove.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import detection_time
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.cluster import SYSCTLS, Cluster, EksError, not_needed, refusals
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.merge import FAMILIES, merged_cluster_config, merged_node_config

TEMPLATES = Path(__file__).parents[3] / "roles" / "eks_keepalive" / "templates"

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

# The kinds of workload that kustomize is told to patch, with their apiVersion.
WORKLOADS = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1", "CronJob": "batch/v1"}


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
    return [_readme(cluster, made), *made]


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


def _with_mark(text: str) -> str:
    return text if text.startswith(_MARKS[0]) else f"{_MARKS[0]}\n{text}"


def _rendered(template: str, cluster: Cluster, **more: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), trim_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["scalar"] = _scalar
    return environment.get_template(f"{template}.j2").render(cluster=cluster, sysctls=SYSCTLS, mark=MARK, **more)


def _scalar(text: str) -> str:
    """The text for YAML: quoted where it would be a number, a truth value or nothing."""
    harmless = re.fullmatch(r"[a-z][a-z0-9_.-]*", text) and text not in ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
    return text if harmless else f'"{text}"'


def _readme(cluster: Cluster, made: list[File]) -> File:
    text = _rendered(
        "README.md",
        cluster,
        files=made,
        detection_time=detection_time(cluster.values),
        not_needed=not_needed(cluster),
        proc_files=[f"/proc/sys/{name.replace('.', '/')}" for name in SYSCTLS],
    )
    return File("README.md", text, "What each file is for, and what is not needed and why.", "Read it.")


# --- pods ----------------------------------------------------------------------------------------


def _pod_template_patch(cluster: Cluster) -> File:
    name = "pod-template-patch.yaml"
    why = "Gives the pods of a Deployment, StatefulSet or DaemonSet the values. Its pods are replaced."
    return File(name, _rendered(name, cluster), why, f"`kubectl patch deployment NAME --patch-file {name}`")


def _kustomization(cluster: Cluster) -> File:
    name = "kustomization.yaml"
    why = "The same for kustomize, as a component: for every workload that is built with it."
    return File(name, _rendered(name, cluster, workloads=WORKLOADS), why, f"`components: [PATH/TO/THIS/DIRECTORY]` in your `{name}`")


def _namespace(cluster: Cluster) -> File:
    name = "namespace.yaml"
    why = "Allows pods with these sysctls in their namespace, as a PodSecurityPolicy did before Kubernetes 1.25."
    return File(name, _rendered(name, cluster), why, f"`kubectl apply -f {name}`")


# --- what a node reads ---------------------------------------------------------------------------


def _node_config(cluster: Cluster) -> str:
    if cluster.node_config:
        merged: str = merged_node_config(cluster.node_config)
        return merged
    return _rendered("node-config.yaml", cluster)


def _bootstrap(cluster: Cluster, cluster_name: str, marked: bool = False) -> str:
    """Joins the cluster, with a kubelet that allows the sysctls."""
    return _rendered("bootstrap.sh", cluster, cluster_name=cluster_name, marked=marked)


def _before_bootstrap(cluster: Cluster) -> str:
    """Has the kubelet allow the sysctls; EKS's own user data calls bootstrap.sh later, which edits the same file."""
    return _rendered("before-bootstrap.sh", cluster)


def _settings(cluster: Cluster) -> str:
    return _rendered("bottlerocket.toml", cluster)


# --- files for nodes -----------------------------------------------------------------------------


def _for_eksctl(cluster: Cluster) -> File:
    name = "cluster-config.yaml"
    if cluster.cluster_config:
        text = merged_cluster_config(cluster.cluster_config, cluster, partial(_bootstrap, cluster), _node_config(cluster))
    else:
        command = _bootstrap(cluster, cluster.cluster_name) if cluster.node_os == "al2" else _node_config(cluster)
        text = _rendered(name, cluster, family=FAMILIES[cluster.node_os][0], command=command)
    return File(
        name,
        _with_mark(text),
        f"Node groups whose nodes {_what_nodes_do(cluster)}. Groups that are there do not change: make new ones, and drain the old.",
        f"`eksctl create nodegroup --config-file={name}`, with your instance types and sizes",
    )


def _for_karpenter(cluster: Cluster) -> File:
    name = "ec2nodeclass.yaml"
    family = {"al2": "AL2", "al2023": "AL2023", "bottlerocket": "Bottlerocket"}[cluster.node_os]
    user_data = {"al2": _before_bootstrap, "al2023": _node_config, "bottlerocket": _settings}[cluster.node_os](cluster)
    return File(
        name,
        _rendered(name, cluster, family=family, user_data=user_data),
        f"A class of nodes for Karpenter that {_what_nodes_do(cluster)}.",
        f"`kubectl apply -f {name}`, and name it in a NodePool's `nodeClassRef`; or copy its `userData` into your own class",
    )


def _for_launch_template(cluster: Cluster) -> File:
    if cluster.node_os == "bottlerocket":
        return _for_none(cluster)
    kind = 'text/x-shellscript; charset="us-ascii"'
    if cluster.node_os == "al2023":
        kind, part = "application/node.eks.aws", f"{_MARKS[0]}\n{_node_config(cluster)}"
    elif cluster.ami:
        # EKS adds no bootstrap of its own where the launch template names an AMI.
        part = _bootstrap(cluster, cluster.cluster_name, marked=True)
    else:
        part = _before_bootstrap(cluster)
    # EKS merges what it adds into user data of this form only.
    return _user_data("user-data.mime", _rendered("user-data.mime", cluster, kind=kind, part=part), cluster)


def _for_none(cluster: Cluster) -> File:
    if cluster.node_os == "bottlerocket":
        return _user_data("user-data.toml", _with_mark(_settings(cluster)), cluster)
    if cluster.node_os == "al2":
        return _user_data("user-data.sh", _before_bootstrap(cluster), cluster)
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
