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

from .pages import BLOCKS, PAGES, REFERENCE, ROOT, Block

REPOSITORY = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["repository"]
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


@pytest.mark.parametrize("page", [*PAGES, *REFERENCE], ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    wrong = [f"{target}: {why}" for is_image, target in _links(page.read_text(encoding="utf-8")) if (why := _dead(page, target, is_image))]
    assert wrong == []


def test_links_of_the_readme_lead_somewhere_on_galaxy_too() -> None:
    """Galaxy shows it without the files beside it."""
    targets = [target for _is_image, target in _links((ROOT / "README.md").read_text(encoding="utf-8"))]
    assert targets
    assert [target for target in targets if not target.startswith(("https://", "#"))] == [], f"begin them with {REPOSITORY}/blob/main/"


@pytest.mark.parametrize(
    ("text", "dead"),
    [
        ("[a](docs/boot.md)", False),
        ("[a](docs/nowhere.md)", True),
        ("[a](docs/boot.md#nowhere)", True),
        (f"[a]({REPOSITORY})", False),
        (f"[a]({REPOSITORY}/issues)", False),
        (f"[a]({REPOSITORY}/blob/main/docs/aws.md#when-it-is-set-and-still-off)", False),
        (f"[a]({REPOSITORY}/blob/main/docs/aws.md#nowhere)", True),
        (f"[a]({REPOSITORY}/blob/main/docs/nowhere.md)", True),
        (f"[a]({REPOSITORY}/blob/other/docs/aws.md)", True),
        (f"[a]({REPOSITORY}/blob/main/docs)", True),
        (f"[a]({REPOSITORY}/tree/main/docs)", False),
        (f"[a]({REPOSITORY}/docs/aws.md)", True),
        (f"![a]({REPOSITORY}/raw/main/docs/survival.svg)", False),
        (f"![a]({REPOSITORY}/raw/main/docs/nowhere.svg)", True),
        # A page about the picture, which no browser shows as one.
        (f"![a]({REPOSITORY}/blob/main/docs/survival.svg)", True),
        (f'<img src="{REPOSITORY}/raw/main/docs/nowhere.svg">', True),
        ("[a](https://semver.org)", False),
    ],
)
def test_dead_links_are_seen(text: str, dead: bool) -> None:
    ((is_image, target),) = _links(text)
    assert bool(_dead(ROOT / "README.md", target, is_image)) == dead


def _links(text: str) -> list[tuple[bool, str]]:
    """Whether it is an image, and where it leads."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    markdown = [(bool(mark), target) for mark, target in re.findall(r"(!\[[^]]*)?\]\(([^)\s]+)\)", text)]
    return markdown + [(name == "src", target) for name, target in re.findall(r"\b(src|href)=\"([^\"]+)\"", text)]


def _dead(page: Path, target: str, is_image: bool) -> str | None:
    """Why a link leads nowhere; one to a file of this repository on its site is held against the files here."""
    path, _hash, anchor = target.partition("#")
    if path in (REPOSITORY, f"{REPOSITORY}/issues"):
        return None
    if path.startswith(f"{REPOSITORY}/"):
        address = re.fullmatch(r"/(blob|tree|raw)/main/(.+)", path.removeprefix(REPOSITORY))
        if address is None:
            return "no address of a file on the branch main"
        linked = ROOT / address[2]
        if address[1] != ("tree" if linked.is_dir() else "raw" if is_image else "blob"):
            return "a directory is at tree, an image at raw, any other file at blob"
    elif ":" in path:
        return None
    else:
        linked = (page.parent / path).resolve() if path else page
    if not linked.exists():
        return "no such file"
    return "no such heading" if anchor and anchor not in _anchors(linked) else None


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
    wanted = ("OLDEST", "CORES", "MANAGED")
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
        for line in (ROOT / "docs" / "howto" / "limits.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("|") and line.endswith("| run by `make test` |")
    ]
    matrix = _matrix()
    expected = [(core, matrix["CORES"][core][0], kind) for core, kinds in matrix["MANAGED"].items() for kind in kinds]
    named = {kind: kind if kind.startswith("al2") else f"Debian {kind.removeprefix('debian')}" for kind in KINDS}
    assert [(core, python, True) for core, python, host, *_rest in rows] == [
        (core, python, named[kind] in rows[number][2]) for number, (core, python, kind) in enumerate(expected)
    ]


def test_the_roles_variables_are_on_its_page() -> None:
    specification = yaml.safe_load((ROOT / "roles/keepalive/meta/argument_specs.yml").read_text(encoding="utf-8"))
    page = (ROOT / "roles/keepalive/README.md").read_text(encoding="utf-8")
    assert [name for name in specification["argument_specs"]["main"]["options"] if f"`{name}`" not in page] == []


def test_the_reference_is_made_from_the_documentation(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run([sys.executable, str(ROOT / "scripts" / "reference_pages.py"), str(tmp_path)], check=True, env=environment)
    made = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    pages = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "reference").iterdir()}
    assert made == pages, "run .nox/bootstrap/bin/nox -s made-pages"
