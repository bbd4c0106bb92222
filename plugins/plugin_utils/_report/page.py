# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet on one page: the lines of a report, packed into one file that needs no network.

The lines go in as they are, some hundreds at a time and compressed, so that neither this nor the browser ever has all of them as
text at once. Style and script are named by their hashes in the page's Content-Security-Policy, which allows nothing else.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

HERE = Path(__file__).parent
CHUNK = 250
"""Lines that are compressed together."""


def write(lines: Iterable[str], counts: Counter[str], made: str, stream: TextIO) -> None:
    """`counts` are hosts by verdict, `made` is when the run was."""
    style, script = ((HERE / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    page = (HERE / "report.html").read_text(encoding="utf-8")
    values = {
        "policy": f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'",
        "made": html.escape(made),
        **{name: str(counts[name]) for name in ("right", "drifted", "next_boot", "failed", "unreachable", "hidden")},
    }
    for name, value in values.items():
        page = page.replace(f"{{{{ {name} }}}}", value)
    before, _here, after = page.partition("{{ data }}")
    stream.write(before.replace("{{ style }}", style))
    for chunk in _chunks(lines):
        packed = base64.b64encode(gzip.compress("".join(chunk).encode(), 6, mtime=0)).decode()
        stream.write(f'<script type="text/plain" class="lines">{packed}</script>\n')
    stream.write(after.replace("{{ script }}", script))


def _chunks(lines: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(lines)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
