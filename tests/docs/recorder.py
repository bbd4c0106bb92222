# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plugin for pytest that writes which test files run the lines on which messages stand: `-p tests.docs.recorder`.

$KEEPALIVE_LINES names the file for it: {"plugins/...:LINE": ["tests/...", ...]}.
"""

from __future__ import annotations

import json
import os
import sys
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from tests.docs.messages import ROOT, in_code

LINES = {place for places in in_code().values() for place in places}

_found: dict[str, set[str]] = defaultdict(set)
_running: list[str] = []


def _line(code: CodeType, number: int) -> Any:
    place = f"{code.co_filename.removeprefix(f'{ROOT}/')}:{number}"
    if place not in LINES:
        return sys.monitoring.DISABLE
    _found[place].update(_running)
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    _running.append(item.nodeid.partition("::")[0])
    try:
        return (yield)
    finally:
        _running.pop()


def pytest_sessionstart() -> None:
    sys.monitoring.use_tool_id(sys.monitoring.COVERAGE_ID, __name__)
    sys.monitoring.register_callback(sys.monitoring.COVERAGE_ID, sys.monitoring.events.LINE, _line)
    sys.monitoring.set_events(sys.monitoring.COVERAGE_ID, sys.monitoring.events.LINE)


def pytest_sessionfinish() -> None:
    sys.monitoring.set_events(sys.monitoring.COVERAGE_ID, sys.monitoring.events.NO_EVENTS)
    sys.monitoring.free_tool_id(sys.monitoring.COVERAGE_ID)
    Path(os.environ["KEEPALIVE_LINES"]).write_text(json.dumps({place: sorted(tests) for place, tests in _found.items()}), encoding="utf-8")
