# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pages show is valid, what they link to is there, and what they say of the test matrix is so."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.hosts.kinds import KINDS

from .pages import BLOCKS, PAGES, ROOT, Block

REFERENCE = ROOT / "docs" / "reference"
YAML = [block for block in BLOCKS if block.language == "yaml"]


@pytest.mark.parametrize("block", YAML, ids=str)
def test_yaml_can_be_read(block: Block) -> None:
    assert block.data is not None


def test_every_play_and_task_passes_the_syntax_check(tmp_path: Path) -> None:
    """All in one run: an ansible-playbook for each takes a second only to start."""
    for number, block in enumerate(YAML):
        if block.is_a_playbook:
            (tmp_path / f"{number}.yml").write_text(block.text)
        elif block.is_tasks:
            (tmp_path / f"{number}.yml").write_text(yaml.safe_dump([{"hosts": "all", "tasks": block.data}], sort_keys=False))
    files = sorted(path.name for path in tmp_path.glob("*.yml"))
    assert len(files) > 5
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "--syntax-check", "-i", "localhost,", *files]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + str({f"{number}.yml": str(block) for number, block in enumerate(YAML)})


@pytest.mark.parametrize("page", [*PAGES, *sorted(REFERENCE.glob("*.md"))], ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _hash, anchor = target.partition("#")
        if ":" in path:
            continue
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if anchor:
            assert anchor in _anchors(linked), target


def _anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_an_index() -> None:
    index = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("docs/README.md", "docs/reference/README.md"))
    missing = [path.name for path in (ROOT / "docs").rglob("*.md") if path.name != "README.md" and path.name not in index]
    assert missing == [], "give them a line in docs/README.md"


def _matrix() -> dict[str, Any]:
    """The tables of noxfile.py, without nox."""
    wanted = ("OLDEST", "CONTROLLER_PYTHONS", "MANAGED")
    nodes: list[ast.stmt] = [
        node
        for node in ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and any(name in ast.unparse(node.targets[0]) for name in wanted)
    ]
    found: dict[str, Any] = {}
    exec(compile(ast.Module(nodes, []), "noxfile.py", "exec"), found)
    return found


def test_the_table_of_what_was_run_is_the_matrix() -> None:
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("|") and line.endswith("| run by `make test` |")
    ]
    matrix = _matrix()
    expected = [(core, matrix["CONTROLLER_PYTHONS"][core][0], kind) for core, kinds in matrix["MANAGED"].items() for kind in kinds]
    named = {kind: kind if kind.startswith("al2") else f"Debian {kind.removeprefix('debian')}" for kind in KINDS}
    assert [(core, python, True) for core, python, host, *_rest in rows] == [
        (core, python, named[kind] in rows[number][2]) for number, (core, python, kind) in enumerate(expected)
    ]


def test_the_roles_variables_are_in_the_readme() -> None:
    specification = yaml.safe_load((ROOT / "roles/keepalive/meta/argument_specs.yml").read_text(encoding="utf-8"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in specification["argument_specs"]["main"]["options"] if f"`{name}`" not in readme] == []


def test_the_reference_is_made_from_the_documentation(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run([sys.executable, str(ROOT / "scripts" / "reference_pages.py"), str(tmp_path)], check=True, env=environment)
    made = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    pages = {path.name: path.read_text(encoding="utf-8") for path in REFERENCE.iterdir()}
    assert made == pages, "run .nox/bootstrap/bin/nox -s made-pages"
