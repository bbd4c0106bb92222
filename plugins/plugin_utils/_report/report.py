# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a report: lines as they come, and at the end what is made of them. Of a host only its last verdict is kept here."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, TextIO

from ansible_collections.longlived.tcp.plugins.plugin_utils._report import page, table

SAID = {
    "drifted": "drifted",
    "next_boot": "wrong at the next boot",
    "failed": "failed",
    "unreachable": "unreachable",
    "hidden": "hidden by no_log",
}


class ReportError(Exception):
    """Why there is no report, in one sentence."""


class Report:
    def __init__(self, path: str, formats: list[str]) -> None:
        self._path, self._formats = Path(path).expanduser(), formats
        self._verdicts: dict[str, str] = {}
        self._last = ""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._jsonl = self._named("jsonl")
            if "jsonl" in formats:
                self._lines: TextIO = _opened(self._jsonl)
            else:  # gone with this object
                self._lines = NamedTemporaryFile("w", dir=self._path.parent, encoding="utf-8")  # type: ignore[assignment]  # noqa: SIM115
                self._jsonl = Path(self._lines.name)
        except OSError as error:
            raise _because("write", self._named("jsonl"), error) from error

    def add(self, line: dict[str, Any]) -> None:
        """Written at once and whole: an interrupted run leaves the lines before."""
        self._verdicts[line["host"]], self._last = line["verdict"], line["time"]
        try:
            self._lines.write(json.dumps(line, separators=(",", ":")) + "\n")
            self._lines.flush()
        except OSError as error:
            raise _because("write", self._named("jsonl"), error) from error

    def ended(self) -> str:
        """Make the other files; what came of all hosts, in one line. There may be more lines, and another end, after that."""
        counts = Counter(self._verdicts.values())
        makers: dict[str, Callable[[TextIO], None]] = {
            "html": lambda stream: page.write(self._read(), counts, self._last, stream),
            "csv": lambda stream: table.write(self._read(), stream),
        }
        for kind in [kind for kind in makers if kind in self._formats]:
            self._make(self._named(kind), makers[kind])
        kept = [kind for kind in ("html", "csv", "jsonl") if kind in self._formats]
        said = [f"{counts['right']:,} right", *(f"{counts[name]:,} {text}" for name, text in SAID.items() if counts[name])]
        return f"{', '.join(said)}: {self._named(kept[0]) if kept else 'no file was asked for'}"

    def _make(self, path: Path, make: Callable[[TextIO], None]) -> None:
        building = path.with_name(f"{path.name}.new")
        try:
            with _opened(building) as stream:
                make(stream)
            building.replace(path)
        except OSError as error:
            building.unlink(missing_ok=True)
            raise _because("write", path, error) from error

    def _read(self) -> Iterator[str]:
        with self._jsonl.open(encoding="utf-8") as lines:
            yield from lines

    def _named(self, kind: str) -> Path:
        return self._path.with_name(f"{self._path.name}.{kind}")


def _opened(path: Path) -> TextIO:
    """A new file of the user's own, and no link that leads elsewhere."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")


def _because(doing: str, path: Path, error: OSError) -> ReportError:
    return ReportError(f"Cannot {doing} {path}: {error.strerror or error}; choose another path (KEEPALIVE_REPORT_PATH), or free space.")
