# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the pages that people read: commands and pieces of YAML."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]

# docs/reference is made from documentation that has checks of its own; only its commands and links are looked at here.
REFERENCE = sorted((ROOT / "docs" / "reference").glob("*.md"))
PAGES = sorted(
    path for pattern in ("README.md", "CONTRIBUTING.md", "docs/*.md", "docs/howto/*.md", "roles/*/README.md") for path in ROOT.glob(pattern)
)

# A console has prompts and what is printed. In a script every line is a command.
CONSOLE = ("console",)
SCRIPT = ("sh", "bash", "shell")
NO_SHELL = ("yaml", "ini", "hcl", "java", "python", "mermaid")


@dataclass(frozen=True)
class Block:
    """A piece of code on a page."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """The lines after a prompt, or of a script, without the remarks at their ends; a line that goes on is one with the next."""
        lines = self.text.replace("\\\n", " ").splitlines()
        if self.language in SCRIPT:
            lines = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
        else:
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        return [" ".join(re.sub(r"\s{2,}# .*", "", line).split()) for line in lines]

    @property
    def data(self) -> Any:
        return yaml.safe_load(self.text)

    @property
    def is_a_playbook(self) -> bool:
        return isinstance(self.data, list) and all("hosts" in one or "ansible.builtin.import_playbook" in one for one in self.data)

    @property
    def is_tasks(self) -> bool:
        return isinstance(self.data, list) and not self.is_a_playbook


def blocks(path: Path) -> Iterator[Block]:
    text = path.read_text(encoding="utf-8")
    # However it is fenced: indented below a point of a list, with tildes, with more words after the language.
    for found in re.finditer(r"^ *(`{3,}|~{3,}) *([^\s`]*)[^\n`]*\n(.*?)^ *\1 *$", text, re.MULTILINE | re.DOTALL):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(path.relative_to(ROOT).as_posix(), line, found[2], textwrap.dedent(found[3]))


BLOCKS = [block for path in PAGES for block in blocks(path)]
WITH_COMMANDS = [block for path in [*PAGES, *REFERENCE] for block in blocks(path) if block.language in CONSOLE + SCRIPT]


def playbook_of(page: str) -> str:
    """The playbook on a page that has one."""
    (block,) = (block for block in BLOCKS if block.page == page and block.language == "yaml" and block.is_a_playbook)
    return block.text
