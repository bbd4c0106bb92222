# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made from the code is as the code makes it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_page_of_appliances_is_made_from_the_table() -> None:
    made = subprocess.run([sys.executable, str(ROOT / "scripts" / "appliances_page.py")], capture_output=True, text=True, check=True)
    assert made.stdout == (ROOT / "docs" / "appliances.md").read_text(), "run python3 scripts/appliances_page.py > docs/appliances.md"
