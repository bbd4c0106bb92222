# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the pages that people read: commands and pieces of YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]

# docs/reference is made from documentation that has checks of its own.
PAGES = sorted(
    path for pattern in ("README.md", "CONTRIBUTING.md", "docs/*.md", "docs/howto/*.md", "roles/*/README.md") for path in ROOT.glob(pattern)
)


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
        """The lines after a prompt, without the remarks at their ends."""
        lines = [line.removeprefix("$ ") for line in self.text.splitlines() if line.startswith("$ ")]
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
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(path.relative_to(ROOT).as_posix(), line, found[1], found[2])


BLOCKS = [block for path in PAGES for block in blocks(path)]


def playbook_of(page: str) -> str:
    """The playbook on a page that has one."""
    (block,) = (block for block in BLOCKS if block.page == page and block.language == "yaml" and block.is_a_playbook)
    return block.text
