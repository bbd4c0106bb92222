# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a spreadsheet is given."""

from __future__ import annotations

import csv
import io
import json

import pytest
from ansible_collections.longlived.tcp.plugins.plugin_utils._report.table import COLUMNS, cell, write


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-x", "'-x"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("a\r\nb", "a b"),
        ("web1", "web1"),
        (7, "7"),
        ("", ""),
    ],
)
def test_a_cell_is_no_formula(value: object, text: str) -> None:
    assert cell(value) == text


def test_a_row_a_host() -> None:
    boot = {name: [value, "/etc/x.conf", 1, None] for name, value in (("time", 45), ("intvl", 45), ("probes", 9))}
    row = {"host": "web1", "groups": ["a", "b"], "verdict": "right", "runtime": [45, 45, 9], "boot": boot, "sockets": [3, 2, 1, 0]}
    gone = {"host": "web2", "groups": [], "verdict": "unreachable", "message": "timed out"}
    stream = io.StringIO()
    write([json.dumps(row), json.dumps(gone)], stream)
    stream.seek(0)
    assert list(csv.reader(stream)) == [
        list(COLUMNS),
        ["web1", "a b", "right", "45/45/9", "45/45/9", "/etc/x.conf", "3", "2", "1", "0", ""],
        ["web2", "", "unreachable", "", "", "", "", "", "", "", "timed out"],
    ]
