# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Defaults and ranges are what module_utils/_kernel/values.py says, wherever Ansible or a page repeats them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import DEFAULTS, IDLE_TIMEOUT, RANGES, SYSCTL_FILE

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "roles/keepalive/README.md")
SPECIFICATIONS = sorted(ROOT.glob("roles/*/meta/argument_specs.yml"))
DOCUMENTED = sorted(path for kind in ("modules", "doc_fragments", "filter") for path in (ROOT / "plugins" / kind).glob("*.py"))


def documentation(path: Path) -> Iterator[dict[str, Any]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            if getattr(node.targets[0], "id", None) in ("DOCUMENTATION", "VALUES"):
                yield yaml.safe_load(node.value.value)


def options() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Where an option is documented, its name without a role's prefix, and what is said of it."""
    for path in DOCUMENTED:
        for found in documentation(path):
            for name, option in found.get("options", {}).items():
                yield path.stem, name, option
    for path in SPECIFICATIONS:
        role = path.parts[-3]
        for name, option in yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"].items():
            yield f"role {role}", name.removeprefix(f"{role}_"), option


EXPECTED = {**DEFAULTS, "sysctl_file": SYSCTL_FILE, "idle_timeout": IDLE_TIMEOUT}
REPEATED = [(where, name, option) for where, name, option in options() if name in EXPECTED]
IDS = [f"{where}.{name}" for where, name, _option in REPEATED]


@pytest.mark.parametrize(("where", "name", "option"), REPEATED, ids=IDS)
def test_a_default_is_the_one(where: str, name: str, option: dict[str, Any]) -> None:
    assert option.get("default", EXPECTED[name]) == EXPECTED[name]


RANGED = [row for row in REPEATED if row[1] in RANGES and not row[0].startswith("keepalive_plan")]


@pytest.mark.parametrize(("where", "name", "option"), RANGED, ids=[f"{where}.{name}" for where, name, _option in RANGED])
def test_a_range_is_the_one(where: str, name: str, option: dict[str, Any]) -> None:
    least, most = RANGES[name]
    assert f"from {least} to {most}" in " ".join(str(option["description"]).split())


def test_the_idle_timeout_is_the_one_wherever_a_path_is_explained() -> None:
    said = [" ".join(str(option["description"]).split()) for _where, name, option in options() if name == "path"]
    found = [number for text in said for number in re.findall(r"Without a path it is (\d+) seconds", text)]
    assert len(found) >= 3 and set(found) == {str(IDLE_TIMEOUT)}


@pytest.mark.parametrize("page", PAGES)
def test_the_tables_of_pages_have_the_defaults(page: str) -> None:
    defaults = yaml.safe_load((ROOT / "roles/keepalive/defaults/main.yml").read_text(encoding="utf-8"))
    rows = re.findall(r"^\| `(keepalive_\w+)` \| `?([^|`]+)`?", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    found = {name: yaml.safe_load(text) for name, text in rows if name in defaults}
    assert len(found) >= 10
    assert found == {name: defaults[name] for name in found}
