# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every message of the code is in messages.yml with its cause and remedy, and a test provokes it."""

from __future__ import annotations

import ast
import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .messages import GAP, PAGE, ROOT, chapters, in_code, in_source, page, parts

MESSAGES = [message for chapter in chapters() for message in chapter.messages]

# What runs in a process of its own here, so that it can be seen which lines it runs.
WATCHED = ("tests/unit/plugins", "tests/docs/test_provoked.py")


def test_every_message_of_the_code_is_known_and_no_other() -> None:
    known, found = {message.text for message in MESSAGES} | set(parts()), in_code()
    new = [f"{text} ({places[0]})" for text, places in found.items() if text not in known]
    assert not new, "add them to tests/docs/messages.yml, with cause and remedy (or to its `parts`)"
    assert known <= set(found), "take them out of tests/docs/messages.yml"


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("raise ValueError('no such profile')", ["no such profile"]),
        ("raise ValueError('no profile')", ["no profile"]),
        ("raise KeepaliveError('%s is empty' % name)", ["… is empty"]),
        ("raise KeepaliveError(f'{name} is empty')", ["… is empty"]),
        ("raise refusal(line, ('is empty' if text is None else 'is no list'))", ["is empty", "is no list"]),
        ("module.fail_json(msg='no profile')", ["no profile"]),
        ("module.warn('no profile')", ["no profile"]),
        ("reason = 'no such profile'", ["no such profile"]),
        ("reason = 'There is no such profile.'", ["There is no such profile."]),
        ("raise KeyError('profile')", []),
        ("Row = collections.namedtuple('Row', 'key value file')", []),
        ("DOCUMENTATION = 'What this module does.'", []),
        ("class Gone(Exception):\n    'What is gone.'", []),
    ],
)
def test_messages_are_seen_in_the_code(source: str, texts: list[str]) -> None:
    assert [text for _line, text in in_source(source)] == texts


def test_the_page_is_made_from_them() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run .nox/bootstrap/bin/nox -s made-pages"


def test_watched_tests_provoke_those_without_says(tmp_path: Path) -> None:
    record = tmp_path / "lines.json"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.docs.recorder", *WATCHED]
    environment = {**os.environ, "KEEPALIVE_LINES": str(record), "PYTHONPATH": str(ROOT)}
    for variable in ("KEEPALIVE_NOT_RUN", "KEEPALIVE_FAILED"):  # the unit tests have a session of their own, which names these
        environment.pop(variable, None)
    subprocess.run(command, cwd=ROOT, env=environment, check=False, stdout=subprocess.DEVNULL)
    ran: dict[str, list[str]] = json.loads(record.read_text())
    places = in_code()
    unprovoked = [
        message
        for message in MESSAGES
        if not message.says and message.test not in {test for place in places.get(message.text, []) for test in ran.get(place, [])}
    ]
    assert unprovoked == [], "`test` has to name a test that runs the message's line"


def test_the_tests_that_are_named_expect_those_with_says() -> None:
    with_says = [message for message in MESSAGES if message.says]
    assert [one for one in with_says if not any(_pattern(one.says).search(text) for text in _texts(ROOT / one.test))] == []


def test_what_is_expected_fits_one_message_only() -> None:
    """Else another message, which the test may have met instead, would pass for this one."""
    code = in_code()
    fitting = [(one, [text for text in code if _plain(one.says) in _plain(text)]) for one in MESSAGES if one.says]
    assert [(one.says, texts) for one, texts in fitting if texts != [one.text]] == []


def _plain(text: str) -> str:
    """Two values in a row are as good as one."""
    return re.sub(f"{GAP}+", GAP, text)


def _pattern(says: str) -> re.Pattern[str]:
    return re.compile(".+".join(map(re.escape, _plain(says).split(GAP))))


@functools.cache
def _texts(path: Path) -> list[str]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
