# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each test has a network namespace of its own, where the kernel's values are those of `kernel`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from .connections import Connections, kernel, network


@pytest.fixture
def connections() -> Iterator[Connections]:
    if os.geteuid() != 0:
        pytest.skip("it makes network namespaces, which needs root")
    with network(), ExitStack() as stack:
        kernel(45)
        yield Connections(stack)
