# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files for nodes: as the schemas of eksctl, nodeadm and Karpenter want them, and as the nodes read them."""

from __future__ import annotations

import email
import email.policy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import tomllib
import yaml
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.cluster import SYSCTLS, Cluster

from .clusters import VALUES, written
from .schemas import check_cluster_config, check_node_class, check_node_config

WITH_VALUES = dict(zip(SYSCTLS, map(str, VALUES.values()), strict=True))


def each(file: str) -> pytest.MarkDecorator:
    found = written(file)
    assert found, file
    return pytest.mark.parametrize(("made", "text"), [pytest.param(made, text, id=name) for name, made, text in found])


def check_node_config_text(text: str) -> None:
    document = yaml.safe_load(text)
    assert set(SYSCTLS) <= set(document["spec"]["kubelet"]["config"]["allowedUnsafeSysctls"])
    check_node_config(document)


def check_bottlerocket(settings: dict[str, Any], made: Cluster) -> None:
    """Settings as they reach the node: one key a sysctl, and every value a text."""
    assert settings["kernel"]["sysctl"] == WITH_VALUES
    allowed = settings.get("kubernetes", {}).get("allowed-unsafe-sysctls")
    assert allowed == (list(SYSCTLS) if made.kubelet_must_allow else None)


def check_bottlerocket_toml(text: str, made: Cluster) -> None:
    document = tomllib.loads(text)
    assert set(document) == {"settings"}
    check_bottlerocket(document["settings"], made)


def check_script(script: str, tmp_path: Path) -> None:
    """bash takes it, and the kubelet gets the flag or the configuration."""
    assert script.startswith("#!/bin/bash\n")
    calls = tmp_path / "calls"
    config = tmp_path / "kubelet-config.json"
    config.write_text(json.dumps({"kind": "KubeletConfiguration", "maxPods": 5, "allowedUnsafeSysctls": ["net.core.somaxconn"]}))
    (tmp_path / "bootstrap.sh").write_text(f'printf "%s\\n" "$@" > {calls}\n')
    (tmp_path / "bootstrap.sh").chmod(0o755)
    here = script.replace("/etc/eks/bootstrap.sh", str(tmp_path / "bootstrap.sh"))
    here = here.replace("/etc/kubernetes/kubelet/kubelet-config.json", str(config))
    assert here != script
    done = subprocess.run(["bash", "-c", here], capture_output=True, text=True, check=False)
    if "jq: command not found" in done.stderr:
        pytest.skip("jq is not installed")
    assert (done.returncode, done.stderr) == (0, "")
    if calls.exists():
        assert calls.read_text() == f"production\n--kubelet-extra-args\n--allowed-unsafe-sysctls={','.join(SYSCTLS)}\n"
    else:
        found = json.loads(config.read_text())
        assert found == {"kind": "KubeletConfiguration", "maxPods": 5, "allowedUnsafeSysctls": ["net.core.somaxconn", *SYSCTLS]}


@each("cluster-config.yaml")
def test_cluster_config(made: Cluster, text: str, tmp_path: Path) -> None:
    document = yaml.safe_load(text)
    check_cluster_config(document)
    managed = [(group, True) for group in document.get("managedNodeGroups", [])]
    own = [(group, False) for group in document.get("nodeGroups", [])]
    changed = 0
    for group, is_managed in managed + own:
        family, command = group.get("amiFamily", "AmazonLinux2023"), group.get("overrideBootstrapCommand")
        # What eksctl's validation wants and its schema does not.
        assert not (family.startswith("Bottlerocket") and command)
        assert not (is_managed and family == "AmazonLinux2" and command and not group.get("ami"))
        assert not (is_managed and group.get("kubeletExtraConfig"))
        if settings := group.get("bottlerocket", {}).get("settings"):
            check_bottlerocket(settings, made)
        elif command and family == "AmazonLinux2023":
            check_node_config_text(command)
        elif command:
            check_script(command, tmp_path)
        elif group.get("kubeletExtraConfig"):
            assert group["kubeletExtraConfig"] == {"allowedUnsafeSysctls": list(SYSCTLS)}
        else:
            continue
        changed += 1
    assert changed == (2 if made.cluster_config else 1)


@each("node-config.yaml")
def test_node_config(made: Cluster, text: str) -> None:
    check_node_config_text(text)


@each("ec2nodeclass.yaml")
def test_node_class(made: Cluster, text: str, tmp_path: Path) -> None:
    document = yaml.safe_load(text)
    check_node_class(document)
    spec = document["spec"]
    # What its rules, which are no JSON schema, want: the family of the alias, or of the AMI.
    assert spec["amiFamily"] == {"al2": "AL2", "al2023": "AL2023", "bottlerocket": "Bottlerocket"}[made.node_os]
    assert spec["amiSelectorTerms"] == [{"id": made.ami} if made.ami else {"alias": f"{made.node_os}@latest"}]
    assert "instanceProfile" not in spec
    if made.node_os == "bottlerocket":
        check_bottlerocket_toml(spec["userData"], made)
    elif made.node_os == "al2023":
        check_node_config_text(spec["userData"])
    else:
        check_script(spec["userData"], tmp_path)


@each("user-data.mime")
def test_mime_user_data(made: Cluster, text: str, tmp_path: Path) -> None:
    message = email.message_from_string(text, policy=email.policy.default)
    assert message.get_content_type() == "multipart/mixed"
    assert not message.defects
    (part,) = message.iter_parts()
    if made.node_os == "al2023":
        assert part.get_content_type() == "application/node.eks.aws"
        check_node_config_text(str(part.get_payload()))
    else:
        assert part.get_content_type() == "text/x-shellscript"
        check_script(str(part.get_payload()), tmp_path)


@each("user-data.toml")
def test_toml_user_data(made: Cluster, text: str) -> None:
    check_bottlerocket_toml(text, made)


@each("user-data.sh")
def test_script_user_data(made: Cluster, text: str, tmp_path: Path) -> None:
    check_script(text, tmp_path)
