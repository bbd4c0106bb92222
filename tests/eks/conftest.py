# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection under its name, straight from this checkout."""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _collections() -> Path:
    """A directory in which the checkout is the collection longlived.tcp."""
    root = Path(tempfile.mkdtemp(prefix="longlived-tcp-collections-"))
    link = root / "ansible_collections" / "longlived" / "tcp"
    link.parent.mkdir(parents=True)
    link.symlink_to(ROOT)
    atexit.register(shutil.rmtree, root)
    return root


COLLECTIONS = _collections()
sys.path.insert(0, str(COLLECTIONS))


@pytest.fixture(scope="session")
def collections() -> Path:
    return COLLECTIONS
