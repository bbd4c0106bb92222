# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the filter gives to the role: the files, those to remove, or an error that names the filter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.longlived.tcp.plugins.filter.eks_keepalive_files import FilterModule
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.files import MARK

eks_keepalive_files = FilterModule().filters()["eks_keepalive_files"]
CLUSTER: dict[str, Any] = {
    "kubernetes_version": "1.31",
    "node_os": "al2023",
    "provisioner": "none",
    "values": {"time": 45, "intvl": 45, "probes": 9},
}


def test_each_file_has_a_path_and_a_reason(tmp_path: Path) -> None:
    made = eks_keepalive_files(CLUSTER, str(tmp_path))
    assert [file["path"] for file in made] == [
        f"{tmp_path}/{name}" for name in ("README.md", "pod-template-patch.yaml", "kustomization.yaml")
    ]
    assert all(file["content"] and file["why"] for file in made)


def test_a_file_of_an_earlier_run_is_to_be_removed(tmp_path: Path) -> None:
    (tmp_path / "namespace.yaml").write_text(f"# {MARK}\n")
    removed = [file for file in eks_keepalive_files(CLUSTER, str(tmp_path)) if file["content"] is None]
    assert [file["path"] for file in removed] == [f"{tmp_path}/namespace.yaml"]


def test_a_file_of_the_users_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine\n")
    with pytest.raises(AnsibleFilterError, match="eks_keepalive_files: .*README.md would be replaced, but was not made by this role"):
        eks_keepalive_files(CLUSTER, str(tmp_path))


def test_a_cluster_that_cannot_be_is_an_error_of_the_filter(tmp_path: Path) -> None:
    with pytest.raises(AnsibleFilterError, match="^eks_keepalive_files: "):
        eks_keepalive_files({**CLUSTER, "node_os": "windows"}, str(tmp_path))
