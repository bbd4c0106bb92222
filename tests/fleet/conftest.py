# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each host comes to alone is found out once, and what it comes to among the others once a strategy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from .runs import STEPS, Life, Player
from .states import FAILS, NEVERTHELESS, REFUSED, STATES

# What is done under each. The first is everybody's; the others differ from it in how they share time among hosts.
STRATEGIES = {"linear": tuple(STEPS), "free": ("verify", "keepalive", "rollback"), "host_pinned": ("verify", "keepalive", "rollback")}


@pytest.fixture(scope="session")
def player(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    if os.geteuid() != 0:
        pytest.skip("it makes hosts in namespaces, which needs root")
    with ExitStack() as stack:
        yield Player(tmp_path_factory.mktemp("fleet"), stack)


@pytest.fixture(scope="session")
def alone(player: Player) -> Life:
    return player.live_alone(STATES)


@pytest.fixture(scope="session", params=STRATEGIES)
def among_others(request: pytest.FixtureRequest, player: Player) -> Life:
    return player.live(STATES, request.param, STRATEGIES[request.param])


@pytest.fixture(scope="session")
def gone_wrong(player: Player) -> Life:
    """A check run and the run, on a fleet of hosts on which something goes wrong."""
    states = [wrong.state for wrong in (*REFUSED.values(), *FAILS.values(), *NEVERTHELESS.values()) if wrong.possible]
    return player.live(states, steps=("check", "keepalive"))
