# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Just the files that a cluster needs, and what lies in their directory already."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.files import MARK, USES, files, foreign, leftovers

from .clusters import AMI, cluster, text_of

# What every pod needs.
PODS = ["README.md", "pod-template-patch.yaml", "kustomization.yaml"]

NEEDED: list[tuple[str, str, str, list[str]]] = [
    ("1.28", "al2", "eksctl", ["namespace.yaml", "cluster-config.yaml"]),
    ("1.28", "al2", "karpenter", ["namespace.yaml", "ec2nodeclass.yaml"]),
    ("1.28", "al2", "launch_template", ["namespace.yaml", "user-data.mime"]),
    ("1.28", "al2", "none", ["namespace.yaml", "user-data.sh"]),
    ("1.28", "al2023", "eksctl", ["namespace.yaml", "cluster-config.yaml"]),
    ("1.28", "al2023", "karpenter", ["namespace.yaml", "ec2nodeclass.yaml"]),
    ("1.28", "al2023", "launch_template", ["namespace.yaml", "user-data.mime"]),
    ("1.28", "al2023", "none", ["namespace.yaml", "node-config.yaml"]),
    ("1.28", "bottlerocket", "eksctl", ["namespace.yaml", "cluster-config.yaml"]),
    ("1.28", "bottlerocket", "karpenter", ["namespace.yaml", "ec2nodeclass.yaml"]),
    ("1.28", "bottlerocket", "launch_template", ["namespace.yaml", "user-data.toml"]),
    ("1.28", "bottlerocket", "none", ["namespace.yaml", "user-data.toml"]),
    # From 1.29 on every kubelet and every namespace allows it.
    ("1.29", "al2", "eksctl", []),
    ("1.29", "al2", "launch_template", []),
    ("1.29", "al2023", "eksctl", []),
    ("1.29", "al2023", "karpenter", []),
    ("v1.29.3-eks-1234567", "al2023", "none", []),
    # Bottlerocket's settings are the only place for the node's own values.
    ("1.29", "bottlerocket", "eksctl", ["cluster-config.yaml"]),
    ("1.35", "bottlerocket", "karpenter", ["ec2nodeclass.yaml"]),
    ("1.35", "bottlerocket", "none", ["user-data.toml"]),
]


@pytest.mark.parametrize(("version", "node_os", "provisioner", "expected"), NEEDED)
def test_just_the_files_that_are_needed(version: str, node_os: str, provisioner: str, expected: list[str]) -> None:
    made = files(cluster(kubernetes_version=version, node_os=node_os, provisioner=provisioner, ami=AMI))
    assert [file.name for file in made] == PODS + expected
    assert set(PODS + expected) <= set(USES)


@pytest.mark.parametrize(("version", "node_os", "provisioner", "expected"), NEEDED)
def test_the_readme_names_every_file_and_only_these(version: str, node_os: str, provisioner: str, expected: list[str]) -> None:
    made = files(cluster(kubernetes_version=version, node_os=node_os, provisioner=provisioner, ami=AMI))
    readme = text_of(made, "README.md")
    assert re.findall(r"^\| \[(.+?)\]", readme, re.MULTILINE) == [file.name for file in made[1:]]
    safe, bottlerocket = "namespace.yaml" not in expected, node_os == "bottlerocket"
    not_needed = {
        "A PodSecurityPolicy": True,
        "A kubelet flag (`--allowed-unsafe-sysctls`, `allowedUnsafeSysctls`)": safe,
        "A label of the namespace": safe,
        "A NodeConfig, node group, EC2NodeClass or user data for it": safe and not bottlerocket,
        "A bootstrap command": bottlerocket,
    }
    assert re.findall("^- (.+?): ", readme, re.MULTILINE) == [what for what, is_listed in not_needed.items() if is_listed]
    assert ("`longlived.tcp.keepalive`" in readme) == (node_os != "bottlerocket")


@pytest.mark.parametrize(("version", "node_os", "provisioner", "expected"), NEEDED)
def test_every_file_is_known_again(tmp_path: Path, version: str, node_os: str, provisioner: str, expected: list[str]) -> None:
    made = files(cluster(kubernetes_version=version, node_os=node_os, provisioner=provisioner, ami=AMI))
    for file in made:
        assert file.text.count(MARK) == 1
        (tmp_path / file.name).write_text(file.text)
    (tmp_path / "theirs.yaml").write_text(made[0].text)
    assert foreign(str(tmp_path), made) == []
    assert leftovers(str(tmp_path), made) == []
    assert sorted(leftovers(str(tmp_path), [])) == sorted(str(tmp_path / file.name) for file in made)


def test_a_file_that_is_not_ours_is_neither_replaced_nor_removed(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Mine\n")
    (tmp_path / "namespace.yaml").write_text("# Theirs, with a quotation below.\n" * 10 + f"# {MARK}\n")
    assert foreign(str(tmp_path), files(cluster())) == [str(tmp_path / "README.md")]
    assert leftovers(str(tmp_path), files(cluster())) == []
