# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README.md beside the files for an EKS cluster: what each is for, what is not needed, and how to see that it works."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.longlived.tcp.plugins.module_utils._keepalive import detection_time
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks import NODE_OSES, SYSCTLS, Cluster, not_needed


def text(cluster: Cluster, made: Iterable[tuple[str, str, str]]) -> str:
    """The page; `made` has a name, what it is for, and how to use it for each file."""
    values = cluster.values
    return f"""\
# TCP keepalive for Kubernetes 1.{cluster.minor} on {NODE_OSES[cluster.node_os]}

{_values(values["time"], values["intvl"], values["probes"], detection_time(values))}

A pod has a network of its own, which the node's values do not reach: they belong into the pod. The program in it still has
to ask for keepalive (`SO_KEEPALIVE`).

## The files

| File | What it is for | How to use it |
|---|---|---|
{_rows(made)}

{_order(cluster)}

## Not needed

{_bullets(cluster)}

## The nodes themselves

{_nodes(cluster)}

## See that it works

```console
$ kubectl exec POD -- cat {" ".join(f"/proc/sys/{name.replace('.', '/')}" for name in SYSCTLS)}
{values["time"]}
{values["intvl"]}
{values["probes"]}
```
"""


def _values(time: int, intvl: int, probes: int, detection_time: int) -> str:
    return (
        f"A silent connection is probed after {time} s, and again {intvl} s after a probe without an answer; after {probes} of them, "
        f"that is\nafter {detection_time} s, it is given up."
    )


def _rows(made: Iterable[tuple[str, str, str]]) -> str:
    return "\n".join(f"| [{name}]({name}) | {why} | {how} |" for name, why, how in made)


def _order(cluster: Cluster) -> str:
    if not cluster.kubelet_must_allow:
        return "The pods need nothing else: they can be changed at once."
    return (
        "In this order: nodes, namespace, pods. A pod that starts on a node that does not allow its sysctls fails with\n"
        "`SysctlForbidden`: keep such pods on nodes that do, with a label and a `nodeSelector`, until all of them do."
    )


def _bullets(cluster: Cluster) -> str:
    return "\n".join(f"- {what}: {why}" for what, why in not_needed(cluster))


def _nodes(cluster: Cluster) -> str:
    if cluster.node_os == "bottlerocket":
        return (
            "Programs on the node itself and `hostNetwork` pods, which may set no `net.*` sysctl, have the node's values: the\n"
            "Bottlerocket settings above set them."
        )
    return (
        "Programs on the node itself and `hostNetwork` pods, which may set no `net.*` sysctl, have the node's values. None of the\n"
        "files above sets them: the role `longlived.tcp.keepalive` does, on a running node or in the image that it is made from."
    )
