# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Merging into a user's NodeConfig or ClusterConfig: what is there stays, in its order and with its comments.

Only this needs ruamel.yaml, and only where a file to merge into was given. A file that has all that is needed
comes back byte for byte.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.cluster import CLUSTER_NAME, PREFIX, SYSCTLS, Cluster, EksError, Source

FAMILIES = {"al2": ("AmazonLinux2",), "al2023": ("AmazonLinux2023",), "bottlerocket": ("Bottlerocket", "BottlerocketFips")}

_FLAG = "--allowed-unsafe-sysctls="


def merged_node_config(source: Source) -> str:
    """The NodeConfig, with a kubelet that allows the three sysctls."""
    return _edited(source, lambda document: _into_node_config(document, source.path))


def merged_cluster_config(source: Source, cluster: Cluster, user_data: Callable[[Cluster], str]) -> str:
    """The ClusterConfig, with what the nodes need in each of its node groups that has the operating system.

    `user_data` makes the bootstrap command of a group that has none.
    """

    def edit(document: Any) -> None:
        _expect(document, "ClusterConfig", source.path)
        _same_version(document, cluster, source.path)
        for group, managed in _groups(document, cluster, source.path):
            where = f"Node group {group.get('name')} in {source.path}"
            _not_by_launch_template(group, where)
            if cluster.node_os == "bottlerocket":
                _into_bottlerocket_group(group, cluster, where)
            elif cluster.node_os == "al2023":
                _into_al2023_group(group, managed, cluster, user_data, where)
            else:
                name = str((document.get("metadata") or {}).get("name") or cluster.cluster_name)
                _into_al2_group(group, managed, replace(cluster, cluster_name=name), user_data, where)

    return _edited(source, edit)


# --- YAML with its comments ----------------------------------------------------------------------


def _edited(source: Source, edit: Callable[[Any], None]) -> str:
    """The text after an edit of its document; the very text where the edit changed nothing."""
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError
        from ruamel.yaml.util import load_yaml_guess_indent
    except ImportError as error:
        raise EksError(
            f"Merging into {source.path} needs ruamel.yaml, which {sys.executable} has not: install it there with"
            " `pip install ruamel.yaml`, or leave the file out and merge by hand what this role writes."
        ) from error
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 10_000  # no line of the user's is folded
    try:
        _yaml, indent, offset = load_yaml_guess_indent(source.text)
        if indent:
            yaml.indent(mapping=2, sequence=indent, offset=offset or 0)
        document = yaml.load(source.text)
    except YAMLError as error:
        raise EksError(f"{source.path} is no YAML document: {' '.join(str(error).split())}.") from error
    before = _dumped(yaml, document)
    edit(document)
    after = _dumped(yaml, document)
    return source.text if after == before else after


def _dumped(yaml: Any, document: Any) -> str:
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def _literal(text: str) -> Any:
    from ruamel.yaml.scalarstring import LiteralScalarString

    return LiteralScalarString(text)


def _quoted(text: str) -> Any:
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    return DoubleQuotedScalarString(text)


def _expect(document: Any, kind: str, where: str) -> None:
    if not isinstance(document, dict) or document.get("kind") != kind:
        raise EksError(f"{where} is no {kind}: give a YAML document with `kind: {kind}`.")


def _inner(mapping: Any, where: str, *names: str) -> Any:
    """The mapping below these names, made where it is not there."""
    for name in names:
        if mapping.get(name) is None:
            mapping[name] = {}
        mapping = mapping[name]
        if not isinstance(mapping, dict):
            raise EksError(f"{where}: {name} is no mapping: correct it.")
    return mapping


# --- what has to be allowed ----------------------------------------------------------------------


def missing(allowed: Iterable[str]) -> list[str]:
    """The sysctls of the three that these patterns, such as `net.*`, do not allow yet."""
    patterns = list(allowed)
    return [name for name in SYSCTLS if not any(fnmatchcase(name, pattern) for pattern in patterns)]


def _allow(mapping: Any, name: str, where: str, also: Sequence[str] = ()) -> None:
    allowed = mapping.get(name)
    if allowed is not None and not isinstance(allowed, list):
        raise EksError(f"{where}: {name} is no list: correct it.")
    wanted = [entry for entry in also if entry not in (allowed or [])]
    wanted += missing([*(allowed or []), *wanted])
    if allowed is None:
        mapping[name] = wanted
    else:
        allowed.extend(wanted)


def _into_node_config(document: Any, where: str, also: Sequence[str] = ()) -> None:
    _expect(document, "NodeConfig", where)
    kubelet = _inner(document, where, "spec", "kubelet")
    flags = kubelet.get("flags") or []
    for number, flag in enumerate(flags):
        # The kubelet takes the flag, and not its configuration, where both are there.
        if str(flag).startswith(_FLAG):
            allowed = [*str(flag).removeprefix(_FLAG).split(","), *also]
            flags[number] = _FLAG + ",".join(dict.fromkeys([*allowed, *missing(allowed)]))
            return
    _allow(_inner(kubelet, where, "config"), "allowedUnsafeSysctls", where, also)


# --- node groups ---------------------------------------------------------------------------------


def _same_version(document: Any, cluster: Cluster, where: str) -> None:
    version = str((document.get("metadata") or {}).get("version") or "")
    if version and version != f"1.{cluster.minor}":
        raise EksError(
            f"{where} has a cluster of Kubernetes {version}, but {PREFIX}kubernetes_version is {cluster.kubernetes_version}:"
            " make them the same."
        )


def _groups(document: Any, cluster: Cluster, where: str) -> list[tuple[Any, bool]]:
    """The node groups to change, each with whether EKS manages it."""
    every = [(group, kind == "managedNodeGroups") for kind in ("managedNodeGroups", "nodeGroups") for group in document.get(kind) or []]
    families = FAMILIES[cluster.node_os]
    # eksctl's own default is Amazon Linux 2023.
    fitting = [(group, managed) for group, managed in every if (group.get("amiFamily") or "AmazonLinux2023") in families]
    chosen = [(group, managed) for group, managed in fitting if not cluster.node_groups or group.get("name") in cluster.node_groups]
    lacking = sorted(set(cluster.node_groups) - {group.get("name") for group, _mapping in chosen})
    if lacking or not chosen:
        wanted = f"no node group {', '.join(lacking)}" if lacking else "no node group"
        has = ", ".join(str(group.get("name")) for group, _mapping in fitting)
        raise EksError(
            f"{where} has {wanted} with amiFamily {' or '.join(families)}{f' (it has {has})' if has else ''}:"
            f" correct {PREFIX}node_groups or {PREFIX}node_os."
        )
    return chosen


def _not_by_launch_template(group: Any, where: str) -> None:
    if group.get("launchTemplate"):
        raise EksError(
            f"{where} has a launchTemplate, whose user data eksctl leaves alone: use {PREFIX}provisioner: launch_template for this group,"
            f" and name the others in {PREFIX}node_groups."
        )


def _into_bottlerocket_group(group: Any, cluster: Cluster, where: str) -> None:
    for field in ("overrideBootstrapCommand", "preBootstrapCommands"):
        if group.get(field) is not None:
            raise EksError(f"{where} has {field}, but Bottlerocket runs no bootstrap command: remove it, and use bottlerocket.settings.")
    settings = _inner(group, where, "bottlerocket", "settings")
    if cluster.kubelet_must_allow:
        _allow(_inner(settings, where, "kubernetes"), "allowed-unsafe-sysctls", where)
    sysctls = _inner(settings, where, "kernel", "sysctl")
    for name, value in cluster.sysctls.items():
        if str(sysctls.get(name)) != value:
            sysctls[_quoted(name)] = _quoted(value)


def _into_al2023_group(group: Any, managed: bool, cluster: Cluster, user_data: Callable[[Cluster], str], where: str) -> None:
    command = group.get("overrideBootstrapCommand")
    if not managed and not command:
        _allow(_inner(group, where, "kubeletExtraConfig"), "allowedUnsafeSysctls", where)
        return
    if not command:
        group["overrideBootstrapCommand"] = _literal(user_data(cluster))
        return
    # nodeadm puts this document's list in the place of that one.
    replaced = (group.get("kubeletExtraConfig") or {}).get("allowedUnsafeSysctls") or []
    inside = Source(f"overrideBootstrapCommand of {where[0].lower()}{where[1:]}", str(command))
    text = _edited(inside, lambda document: _into_node_config(document, inside.path, replaced))
    if text != command:
        group["overrideBootstrapCommand"] = _literal(text)


def _into_al2_group(group: Any, managed: bool, cluster: Cluster, user_data: Callable[[Cluster], str], where: str) -> None:
    command = group.get("overrideBootstrapCommand")
    if command:
        allowed = [name for flag in re.findall(r"--allowed-unsafe-sysctls[= ]([^\s'\"]+)", str(command)) for name in flag.split(",")]
        if lacking := missing(allowed):
            raise EksError(
                f"{where} has an overrideBootstrapCommand of its own, and a shell script cannot be merged into: add"
                f" {_FLAG}{','.join([*allowed, *lacking])} to its --kubelet-extra-args."
            )
    elif not managed:
        _allow(_inner(group, where, "kubeletExtraConfig"), "allowedUnsafeSysctls", where)
    else:
        if not group.get("ami"):
            if not cluster.ami:
                raise EksError(
                    f"{where} needs a bootstrap command, which eksctl takes for managed groups of Amazon Linux 2 only together with"
                    f" an AMI: name it there as `ami`, or with {PREFIX}ami."
                )
            group["ami"] = cluster.ami
        if not CLUSTER_NAME.fullmatch(cluster.cluster_name):
            raise EksError(f"{where} needs a bootstrap command with the cluster's name: correct metadata.name there.")
        group["overrideBootstrapCommand"] = _literal(user_data(cluster))
