# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every file of plugins has its unit tests, where its name says."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
PLUGINS = Path(__file__).parents[3] / "plugins"
FILES = sorted(path.relative_to(PLUGINS) for path in PLUGINS.rglob("*.py") if path.name != "__init__.py")


# Documentation that plugins share is held against them in tests/unit/test_defaults.py and tests/docs.
@pytest.mark.parametrize("path", [path for path in FILES if path.parts[0] != "doc_fragments"], ids=str)
def test_a_file_has_its_tests(path: Path) -> None:
    assert (HERE / path.parent / f"test_{path.name.removeprefix('_')}").exists()
