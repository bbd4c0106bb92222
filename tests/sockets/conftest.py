# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each test has a network namespace of its own, where the kernel's values are those of `kernel`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import fork, owners, rearm

from .connections import Connections, kernel, network


@pytest.fixture
def connections() -> Iterator[Connections]:
    if os.geteuid() != 0:
        pytest.skip("it makes network namespaces, which needs root")
    with network(), ExitStack() as stack:
        kernel(45)
        yield Connections(stack)


@pytest.fixture
def in_two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with very many sockets on a host with more than one processor."""
    monkeypatch.setattr(fork, "pays", lambda sockets: sockets > 1)
    for user in (owners, rearm):
        monkeypatch.setattr(user, "pays", fork.pays)
