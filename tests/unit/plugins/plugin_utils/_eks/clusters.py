# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clusters, and the text of the files that they get."""

from __future__ import annotations

from typing import Any

from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.cluster import described
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks.files import File

AMI = "ami-0123456789abcdef0"


def cluster(**changes: Any) -> Any:
    """A cluster that needs nothing but the pods' files, with these changes."""
    given: dict[str, Any] = {
        "kubernetes_version": "1.31",
        "node_os": "al2023",
        "provisioner": "none",
        "values": {"time": 45, "intvl": 30, "probes": 9},
        "cluster_name": "production",
        "region": "eu-central-1",
    }
    for name in ("cluster_config", "node_config"):
        if isinstance(changes.get(name), str):
            changes[name] = {"path": f"{name}.yaml", "text": changes[name]}
    return described({**given, **changes})


def text_of(made: list[File], name: str) -> str:
    return next(file.text for file in made if file.name == name)
