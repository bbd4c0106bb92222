# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection under its name, straight from this checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.collection import in_a_directory

COLLECTIONS = in_a_directory()


@pytest.fixture(scope="session")
def collections() -> Path:
    return COLLECTIONS
