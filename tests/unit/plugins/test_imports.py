# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports go downwards only, as CONTRIBUTING.md draws them."""

from __future__ import annotations

import re
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3]))
from scripts.imports import PAGE, PLUGINS, imports, page, room, rooms

FILES = imports()
HOST = {"module_utils._host", "module_utils._host_state"}  # all that know more than one package
SHARED = {name for name in FILES if name.startswith("module_utils._") and room(name) == name} - HOST

# What a package of module_utils may use besides its own files.
MAY_USE = {
    "module_utils._kernel": SHARED,
    "module_utils._aws": SHARED,
    "module_utils._bpf": {*SHARED, "module_utils._kernel.values", "module_utils._kernel.runtime"},
    "module_utils._path_idle": {*SHARED, "module_utils._kernel.values"},
    "module_utils._sockets": {*SHARED, "module_utils._kernel.values", "module_utils._kernel.runtime"},
}


@pytest.mark.parametrize("name", sorted(FILES))
def test_imports_go_downwards(name: str) -> None:
    others = {other for other in FILES[name] if room(other) != room(name)}
    if name.startswith("module_utils."):
        assert all(other.startswith("module_utils.") for other in others)
    if room(name) in MAY_USE:
        assert others <= MAY_USE[room(name)]
    if name in SHARED:
        assert others <= {*SHARED, "module_utils._kernel.values"}


@pytest.mark.parametrize("name", sorted(name for name in FILES if name.startswith("module_utils.")))
def test_module_utils_knows_no_ansible(name: str) -> None:
    text = (PLUGINS / f"{name.replace('.', '/')}.py").read_text(encoding="utf-8")
    assert not re.search(r"^\s*(from|import) ansible\b(?!_collections)", text, re.MULTILINE)


def test_no_import_leads_back() -> None:
    for graph in (FILES, rooms(FILES)):
        TopologicalSorter(graph).prepare()  # raises CycleError


def test_the_drawing_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python3 scripts/imports.py"
