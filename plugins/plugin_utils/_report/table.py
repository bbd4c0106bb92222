# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet as a table for spreadsheets: a row a host, from the lines of a report."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

COLUMNS = ("host", "groups", "verdict", "time/intvl/probes", "next boot", "file", "protected", "stale", "unprotected", "unknown", "message")

# What a spreadsheet would take for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(lines: Iterable[str], stream: TextIO) -> None:
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    writer.writerows(map(cell, cells(json.loads(line))) for line in lines)


def cells(row: dict[str, Any]) -> Iterator[Any]:
    boot = list(row.get("boot", {}).values())
    yield row["host"]
    yield " ".join(row["groups"])
    yield row["verdict"]
    yield "/".join(str(value) for value in row.get("runtime", ()))
    yield "/".join(str(one[0]) for one in boot)
    yield " ".join(sorted({str(one[1]) for one in boot if one[1]}))
    yield from row.get("sockets") or ("", "", "", "")
    yield row.get("message") or " ".join(problem["message"] for problem in row.get("problems", ()))


def cell(value: Any) -> str:
    text = " ".join(str(value).splitlines())
    return f"'{text}" if text.startswith(_FORMULA) else text
