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
CONTENT = ("plugin_utils/_eks/files.py", "plugin_utils/_report/page.py", "module_utils/_appliances.py", "doc_fragments/")

# What is said with these reaches a user, as what is raised does.
SAYING = ("fail_json", "warn")


def in_code() -> dict[str, list[str]]:
    """Every text of the code that reads like a message or a part of one, with the places where it stands."""
    found: dict[str, list[str]] = {}
    for path in sorted(PLUGINS.rglob("*.py")):
        name = path.relative_to(PLUGINS).as_posix()
        if not name.startswith(CONTENT):
            for line, text in in_source(path.read_text(encoding="utf-8")):
                found.setdefault(text, []).append(f"plugins/{name}:{line}")
    for path in sorted((ROOT / "roles").glob("*/tasks/*.yml")):
        for text in re.findall(r"'([A-Z][^'\n]+\.)'", path.read_text(encoding="utf-8")):
            found.setdefault(text, []).append(path.relative_to(ROOT).as_posix())
    return found


def in_source(source: str) -> Iterator[tuple[int, str]]:
    """The same of one file: line and text."""
    return _texts(ast.parse(source), said=False)


def _texts(node: ast.AST, said: bool) -> Iterator[tuple[int, str]]:
    """`said` where the node is a part of what is raised, or of a call in SAYING."""
    text = _text(node)
    if text is not None and _reads_like_a_message(text, said):
        yield getattr(node, "lineno", 0), text
    said = said or isinstance(node, ast.Raise) or _called(node) in SAYING
    for child in ast.iter_child_nodes(node):
        # A text has been read as a whole.
        if not _is_no_message(child) and not (isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant)):
            yield from _texts(child, said)


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else GAP for part in node.values)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"%(\([a-z]+\))?[-0-9.]*[a-z]", GAP, node.value).replace("%%", "%")
    return None


def _called(node: ast.AST) -> str | None:
    return ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else None


def _is_no_message(node: ast.AST) -> bool:
    """Documentation, and the names of fields."""
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id in DOCUMENTATION for target in node.targets)
    return (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) or _called(node) == "namedtuple"


def _reads_like_a_message(text: str, said: bool) -> bool:
    words = len(re.findall(r"[A-Za-z]{2,}", text))
    if said:  # however short, and in whatever case
        return bool(words) and " " in text.strip()
    sentence = words >= 3 or (words and text.endswith("."))
    return bool(sentence) and " " in text and not text.lstrip().startswith(("#", "--"))


@dataclass(frozen=True)
class Message:
    """A row of messages.yml: `test` provokes it. Without cause and remedy it needs no more than its own words.

    Which lines it runs is seen where it is a unit test, or tests/docs/test_provoked.py. Where it runs on whole hosts, or
    the text is a constant of its file, `says` is what it expects of the text, and of no other: with GAP for what differs.
    """

    text: str
    test: str
    cause: str = ""
    remedy: str = ""
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

What the modules, roles and filters say when they refuse or warn, why, and what to do. Search for a few words of your message: `…`
stands for a file, a line or a value. Messages that need no more than their own words are not listed.
"""


def page() -> str:
    words = [HEAD]
    for chapter in chapters():
        words += [f"## {chapter.name}\n", f"{chapter.about}\n", "| Message | Cause | Remedy |", "|---|---|---|"]
        words += [f"| {_shown(one.text)} | {one.cause} | {one.remedy} |" for one in chapter.messages if one.cause or one.remedy]
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
