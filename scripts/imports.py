# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who imports whom in plugins/: `python3 scripts/imports.py` draws it in CONTRIBUTING.md.

A room is a package, or a file beside the packages; of what runs modules and other plugins, all of a kind.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLUGINS = ROOT / "plugins"
PAGE = ROOT / "CONTRIBUTING.md"
PREFIX = "ansible_collections.longlived.tcp.plugins."
BEGIN, END = "<!-- made by scripts/imports.py -->\n", "<!-- end -->\n"

Graph = dict[str, set[str]]


def imports() -> Graph:
    """By the name of each file of plugins/, as `module_utils._kernel.boot`, the files that it imports."""
    files = {path.relative_to(PLUGINS).with_suffix("").as_posix().replace("/", "."): path for path in PLUGINS.rglob("*.py")}
    known = {name for name in files if not name.endswith("__init__")}
    return {name: set(_imported(ast.parse(files[name].read_text(encoding="utf-8")), known)) for name in sorted(known)}


def _imported(tree: ast.AST, known: set[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and f"{node.module}.".startswith(PREFIX):
            module = node.module.removeprefix(PREFIX)
            yield from [module] if module in known else [f"{module}.{alias.name}" for alias in node.names]


def room(name: str) -> str:
    kind, first, *rest = name.split(".")
    if kind not in ("module_utils", "plugin_utils"):
        return kind
    return f"{kind}.{first}" if rest or kind == "plugin_utils" else name


def rooms(files: Mapping[str, Iterable[str]]) -> Graph:
    graph: Graph = defaultdict(set)
    for name, imported in files.items():
        graph[room(name)] |= {room(other) for other in imported} - {room(name)}
    return dict(graph)


def within(package: str, files: Mapping[str, Iterable[str]]) -> Graph:
    """The part of the graph that is inside one package, by the names of its files."""
    own = f"{package}."
    return {
        name.removeprefix(own): {other.removeprefix(own) for other in imported if other.startswith(own)}
        for name, imported in files.items()
        if name.startswith(own)
    }


def drawing(graph: Mapping[str, Iterable[str]]) -> str:
    """The graph for Mermaid, from the top down, without the arrows that others imply."""
    below: Graph = {}
    for name in TopologicalSorter(graph).static_order():  # raises CycleError
        below[name] = {further for other in graph.get(name, ()) for further in (other, *below[other])}
    lines = []
    for name in sorted(graph):
        direct = [other for other in sorted(graph[name]) if not any(other in below[another] for another in graph[name])]
        lines += [f"  {name} --> {' & '.join(direct)}"] if direct else [f"  {name}"]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```", ""])


def page() -> str:
    """CONTRIBUTING.md with the drawings as they have to be."""
    files = imports()
    head, _begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    packages = sorted({room(name) for name in files if name.count(".") == 2})
    parts = [drawing(rooms(files)), *(f"`{package}`:\n\n{drawing(within(package, files))}" for package in packages)]
    return head + BEGIN + "\n".join(parts) + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
