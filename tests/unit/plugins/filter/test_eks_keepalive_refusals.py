# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the filter gives to the role: a sentence for each refusal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.longlived.tcp.plugins.filter.eks_keepalive_refusals import FilterModule

eks_keepalive_refusals = FilterModule().filters()["eks_keepalive_refusals"]
CLUSTER: dict[str, Any] = {
    "kubernetes_version": "1.31",
    "node_os": "al2023",
    "provisioner": "none",
    "values": {"time": 45, "intvl": 45, "probes": 9},
}
KNOWN = ["eks_keepalive_ami", "eks_keepalive_region"]


def test_nothing_is_refused(tmp_path: Path) -> None:
    assert eks_keepalive_refusals(CLUSTER, str(tmp_path), KNOWN, KNOWN) == []


def test_a_misspelt_variable_and_a_cluster_that_cannot_be(tmp_path: Path) -> None:
    misspelt, cannot_be = eks_keepalive_refusals({**CLUSTER, "node_os": "windows"}, str(tmp_path), ["eks_keepalive_amii"], KNOWN)
    assert "eks_keepalive_amii" in misspelt and "eks_keepalive_ami?" in misspelt
    assert "windows" in cannot_be and not cannot_be.startswith("eks_keepalive_files")
