# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each test has a cgroup of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .cgroups import Cgroup, made


@pytest.fixture
def cgroup() -> Iterator[Cgroup]:
    if os.geteuid() != 0:
        pytest.skip("it attaches BPF programs to a cgroup, which needs root")
    with made() as one:
        yield one
