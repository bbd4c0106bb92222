# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The published schemas, as KEEPALIVE_SCHEMAS has them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml


def _read(name: str) -> str:
    directory = os.environ.get("KEEPALIVE_SCHEMAS")
    if not directory:
        pytest.skip("KEEPALIVE_SCHEMAS does not name a directory with the published schemas of eksctl, nodeadm and Karpenter")
    return (Path(directory) / name).read_text(encoding="utf-8")


def _crd(name: str) -> dict[str, Any]:
    (version,) = yaml.safe_load(_read(name))["spec"]["versions"]
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return schema


def _strict(schema: Any) -> Any:
    """The schema without room for fields that it does not know: the API server would drop them in silence."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    known = {"additionalProperties": False} if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema else {}
    return {**{key: _strict(part) for key, part in schema.items()}, **known}


def check_cluster_config(document: Any) -> None:
    jsonschema.Draft7Validator(json.loads(_read("eksctl.schema.json"))).validate(document)


def check_node_config(document: Any) -> None:
    schema = _strict(_crd("nodeadm.nodeconfig.crd.yaml"))
    # It declares every value of kubelet.config an object, which nodeadm itself does not ask for.
    schema["properties"]["spec"]["properties"]["kubelet"]["properties"]["config"] = {"type": "object"}
    jsonschema.Draft7Validator(schema).validate(document)


def check_node_class(document: Any) -> None:
    schema = _strict(_crd("karpenter.ec2nodeclass.crd.yaml"))
    schema["properties"]["metadata"] = {"type": "object", "required": ["name"]}
    jsonschema.Draft7Validator(schema).validate(document)
