# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files that an EKS cluster needs: for its pods, their namespace and its nodes.

Their text is in the role's templates: a person reads and changes it, so that it has comments where one is needed.
Every file has a mark in its first lines, by which a later run knows what is its own to replace and to remove.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import detection_time
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.cluster import NODE_OSES, Cluster, EksError, refusals
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.merge import FAMILIES, merged_cluster_config, merged_node_config
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.templates import rendered

MARK = "Made by the role longlived.tcp.eks_keepalive, which replaces it and removes it when it is not needed."
_MARKS = (f"# {MARK}", f"<!-- {MARK} -->")
_MARKED_LINES = 8

# What a run can write, and so what a later one looks for: what each file is for, and how to use it.
USES = {
    "README.md": ("What each file is for, and what is not needed and why.", "Read it."),
    "pod-template-patch.yaml": (
        "Sets the values in the pods of a Deployment, StatefulSet or DaemonSet, and replaces these pods.",
        "`kubectl patch deployment NAME --patch-file pod-template-patch.yaml`",
    ),
    "kustomization.yaml": (
        "The same as a kustomize component, for every workload in the build.",
        "`components: [PATH/TO/THIS/DIRECTORY]` in your `kustomization.yaml`",
    ),
    "namespace.yaml": (
        "Allows pods with these sysctls in their namespace, as a PodSecurityPolicy did before Kubernetes 1.25.",
        "`kubectl apply -f namespace.yaml`",
    ),
    "cluster-config.yaml": (
        "Node groups whose nodes {done}. Existing groups do not change: create new ones, and drain the old.",
        "`eksctl create nodegroup --config-file=cluster-config.yaml`, with your instance types and sizes",
    ),
    "ec2nodeclass.yaml": (
        "A class of nodes for Karpenter that {done}.",
        "`kubectl apply -f ec2nodeclass.yaml`, and name it in a NodePool's `nodeClassRef`; or copy its `userData` into your own class",
    ),
    "node-config.yaml": (
        "A NodeConfig for nodeadm: the nodes {done}.",
        "A part of the nodes' user data, of type `application/node.eks.aws`",
    ),
    "user-data.mime": ("User data: the nodes {done}.", "{user_data}"),
    "user-data.sh": ("User data: the nodes {done}.", "{user_data}, to be run before `/etc/eks/bootstrap.sh`"),
    "user-data.toml": ("User data: the nodes {done}.", "{user_data}"),
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
    names = ["pod-template-patch.yaml", "kustomization.yaml", *(["namespace.yaml"] if cluster.kubelet_must_allow else [])]
    made = [_file(name, rendered(name, cluster=cluster), cluster) for name in names]
    if cluster.needs_node_file:
        made.append(_file(*_for_nodes(cluster), cluster))
    readme = rendered(
        "README.md",
        mark=MARK,
        cluster=cluster,
        node_os=NODE_OSES[cluster.node_os],
        detection_time=detection_time(cluster.values),
        files=made,
        source=cluster.cluster_config or cluster.node_config,
    )
    return [_file("README.md", readme, cluster), *made]


def foreign(directory: str, made: Iterable[File]) -> list[str]:
    """The files that would be replaced and are not this role's."""
    return [str(path) for path in (Path(directory) / file.name for file in made) if path.exists() and not _is_marked(path)]


def leftovers(directory: str, made: Iterable[File]) -> list[str]:
    """The files of earlier runs that are no longer needed."""
    needed = {file.name for file in made}
    return [str(path) for path in (Path(directory) / name for name in USES if name not in needed) if path.is_file() and _is_marked(path)]


def _is_marked(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as stream:
        return _have_mark(stream)


def _have_mark(lines: Iterable[str]) -> bool:
    return any(line.strip() in _MARKS for line in islice(lines, _MARKED_LINES))


def _marked(text: str) -> str:
    """The text with the mark in its first lines, which a script has below its interpreter."""
    if _have_mark(text.splitlines()):
        return text
    interpreter, newline, rest = text.partition("\n") if text.startswith("#!") else ("", "", text)
    return f"{interpreter}{newline}{_MARKS[0]}\n{rest}"


def _file(name: str, text: str, cluster: Cluster) -> File:
    done = ["allow pods to set the three sysctls"] if cluster.kubelet_must_allow else []
    done += ["have the values themselves"] if cluster.bottlerocket else []
    by_template = cluster.provisioner == "launch_template"
    user_data = "The user data of the launch template, base64-encoded" if by_template else "User data of new nodes"
    why, how = (use.format(done=" and ".join(done), user_data=user_data) for use in USES[name])
    return File(name, _marked(text), why, how)


# --- nodes ---------------------------------------------------------------------------------------


def _for_nodes(cluster: Cluster) -> tuple[str, str]:
    """The file that makes such nodes, by its name and text."""
    name, user_data = _user_data_file(cluster), _user_data(cluster)
    if cluster.provisioner == "eksctl":
        if cluster.cluster_config:
            return "cluster-config.yaml", merged_cluster_config(cluster.cluster_config, cluster, _user_data)
        family = FAMILIES[cluster.node_os][0]
        return "cluster-config.yaml", rendered("cluster-config.yaml", cluster=cluster, family=family, user_data=user_data)
    if cluster.provisioner == "karpenter":
        family = {"al2": "AL2", "al2023": "AL2023", "bottlerocket": "Bottlerocket"}[cluster.node_os]
        return "ec2nodeclass.yaml", rendered("ec2nodeclass.yaml", cluster=cluster, family=family, user_data=user_data)
    if cluster.provisioner == "launch_template" and not cluster.bottlerocket:
        return "user-data.mime", rendered("user-data.mime", is_script=cluster.node_os == "al2", user_data=_marked(user_data))
    return name, user_data


def _user_data_file(cluster: Cluster) -> str:
    """The file that has the user data by itself."""
    if cluster.node_os != "al2":
        return {"al2023": "node-config.yaml", "bottlerocket": "user-data.toml"}[cluster.node_os]
    # EKS adds no bootstrap of its own where the launch template names an AMI, and eksctl none to its override.
    joins = cluster.provisioner == "eksctl" or (cluster.provisioner == "launch_template" and cluster.ami)
    return "bootstrap.sh" if joins else "user-data.sh"


def _user_data(cluster: Cluster) -> str:
    """What nodes read when they start."""
    if cluster.node_config:
        return merged_node_config(cluster.node_config)
    return rendered(_user_data_file(cluster), cluster=cluster)
