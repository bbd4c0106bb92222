# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page as text: what it allows, and that every line is in it. What it does is tried in a browser (tests/report)."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import re
from collections import Counter

import pytest
from ansible_collections.longlived.tcp.plugins.plugin_utils._report.page import CHUNK, write


def page(lines: list[str], made: str = "now") -> str:
    stream = io.StringIO()
    write(lines, Counter({"right": 7}), made, stream)
    return stream.getvalue()


@pytest.mark.parametrize("number", [0, 1, CHUNK, CHUNK + 1])
def test_every_line_is_in_it(number: int) -> None:
    lines = [f'{{"host": "</script>{one}"}}\n' for one in range(number)]
    packed = re.findall(r'<script type="text/plain" class="lines">([^<]*)</script>', page(lines))
    assert "".join(gzip.decompress(base64.b64decode(one)).decode() for one in packed) == "".join(lines)


def test_the_policy_names_style_and_script_and_nothing_else() -> None:
    text = page([])
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    for tag in ("style", "script"):
        (body,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}';" in policy[1]
    assert policy[1].startswith("default-src 'none'; ")


def test_counts_are_there_before_the_script_runs() -> None:
    assert "<b>7</b> right" in page([])
    assert "{{" not in re.sub(r"<script>.*?</script>", "", page([]), flags=re.DOTALL)


def test_what_it_is_given_is_text() -> None:
    assert "&lt;b&gt;" in page([], made="<b>")
