# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages that users meet, as they stand in the code, and the page docs/messages.md about them.

python -m tests.docs.messages > docs/messages.md
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "plugins"
TABLE = Path(__file__).parent / "messages.yml"
PAGE = ROOT / "docs" / "messages.md"

DOCUMENTATION = ("DOCUMENTATION", "EXAMPLES", "RETURN")

# What stands for whatever a message names: a file, a value, a user.
GAP = "…"

# Sentences for files that the role eks_keepalive writes, and for a table, are no messages.
CONTENT = ("plugin_utils/_eks_files.py", "plugin_utils/_eks_readme.py", "plugin_utils/_appliances.py", "doc_fragments/")


def in_code() -> dict[str, list[str]]:
    """Every text of the code that reads like a message or a part of one, with the places where it stands."""
    found: dict[str, list[str]] = {}
    for path in sorted(PLUGINS.rglob("*.py")):
        name = path.relative_to(PLUGINS).as_posix()
        if not name.startswith(CONTENT):
            for line, text in _texts(ast.parse(path.read_text(encoding="utf-8"))):
                if _reads_like_a_message(text):
                    found.setdefault(text, []).append(f"plugins/{name}:{line}")
    for path in sorted((ROOT / "roles").glob("*/tasks/*.yml")):
        for text in re.findall(r"'([A-Z][^'\n]+\.)'", path.read_text(encoding="utf-8")):
            found.setdefault(text, []).append(path.relative_to(ROOT).as_posix())
    return found


def _texts(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.JoinedStr):
        yield (
            node.lineno,
            "".join(part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else GAP for part in node.values),
        )
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.lineno, re.sub(r"%(\([a-z]+\))?[-0-9.]*[a-z]", GAP, node.value).replace("%%", "%")
    for child in ast.iter_child_nodes(node):
        # A text has been read as a whole.
        if not _is_documentation(child) and not (isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant)):
            yield from _texts(child)


def _is_documentation(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id in DOCUMENTATION for target in node.targets)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _reads_like_a_message(text: str) -> bool:
    words = len(re.findall(r"[A-Za-z]{2,}", text))
    sentence = words >= 3 or (words and text.endswith("."))
    return bool(sentence) and " " in text and not re.fullmatch(r"[a-z_ ]+", text) and not text.lstrip().startswith(("#", "--"))


@dataclass(frozen=True)
class Message:
    """A row of messages.yml: `test` provokes it. Where that runs on whole hosts, `says` is what it expects of the text."""

    text: str
    remedy: str
    test: str
    cause: str = ""
    says: str = ""


@dataclass(frozen=True)
class Chapter:
    name: str
    about: str
    messages: list[Message]


def chapters() -> list[Chapter]:
    return [Chapter(one["name"], one["about"], [Message(**row) for row in one["messages"]]) for one in _table()["chapters"]]


def parts() -> list[str]:
    """What is a part of a message, or a line of a report that is none."""
    found: list[str] = _table()["parts"]
    return found


@functools.cache
def _table() -> Any:
    return yaml.safe_load(TABLE.read_text(encoding="utf-8"))


HEAD = """<!-- Made by `nox -s made-pages` from `tests/docs/messages.yml`: change it there, not on this page. -->

# Messages

What the modules, roles and filters say when they refuse or warn, why, and what to do. Search for a part of yours: `…` stands
for what differs, a file, a line, a value. A message is one sentence, and several wrong things give several sentences. A test
provokes each of them.
"""


def page() -> str:
    words = [HEAD]
    for chapter in chapters():
        words += [f"## {chapter.name}\n", f"{chapter.about}\n", "| Message | Cause | Remedy |", "|---|---|---|"]
        words += [f"| {_shown(one.text)} | {one.cause} | {one.remedy} |" for one in chapter.messages]
        words.append("")
    return "\n".join(words)


def _shown(text: str) -> str:
    return (
        text.strip(" ;")
        .replace(GAP * 2, GAP)
        .replace("|", "\\|")
        .replace("*", "\\*")
        .replace("[", "\\[")
        .replace("_", "\\_")
        .replace("<", "&lt;")
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
