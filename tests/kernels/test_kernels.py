# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What new connections get on kernels of Debian 11, 12 and 13, and on another architecture."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.hosts import Unavailable

from .machine import MACHINES, report

GIVEN, OFF, KERNELS_TIMES = [1, 45, 45, 9], [0, 7200, 75, 9], [1, 7200, 75, 9]
HOOKS = ("accept", "connect4", "connect6")

# Whether its programs can ask for a socket's times, and whether it has MPTCP.
KERNELS = {
    ("bullseye", "x86_64"): ("5.10.", False, False),
    ("bookworm", "x86_64"): ("6.1.", True, True),
    ("trixie", "x86_64"): ("6.12.", True, True),
    ("bookworm", "aarch64"): ("6.1.", True, True),
}

# Where the cgroup2 hierarchy is, and beside what.
PLACES = ("not mounted", "mounted", "net_cls")

NOT_ALLOWED = "Cannot load the program for connect4: Operation not permitted; run as root on the host itself (become: true)"


@pytest.fixture(scope="module", params=KERNELS, ids=" on ".join)
def kernel(request: pytest.FixtureRequest) -> tuple[dict[str, Any], bool, bool]:
    if os.geteuid() != 0:
        pytest.skip("it makes a root file system, which needs root")
    suite, machine = request.param
    if reason := MACHINES[machine].unavailable:
        pytest.skip(reason)
    release, asks, mptcp = KERNELS[request.param]
    try:
        found = report(suite, machine)
    except Unavailable as error:
        pytest.skip(str(error))
    assert found["release"].startswith(release) and found["machine"] == machine
    return found, asks, mptcp


@pytest.mark.parametrize("place", PLACES)
def test_every_new_connection_has_keepalive(kernel: tuple[dict[str, Any], bool, bool], place: str) -> None:
    found, asks, mptcp = kernel
    given = GIVEN if asks else KERNELS_TIMES
    after = found[place]["after"]
    assert {name: after[name] for name in ("host", "host, IPv6", "container", "accepted")} == dict.fromkeys(
        ("host", "host, IPv6", "container", "accepted"), given
    )
    assert after["container at 300/30/5"] == [1, 300, 30, 5]
    assert after["loopback"] == OFF
    # Both ends; the sockets themselves do not show it.
    assert after["mptcp"] == (2 if mptcp else "[Errno 93] Protocol not supported")


@pytest.mark.parametrize("place", PLACES)
def test_it_is_attached_replaced_and_taken_out(kernel: tuple[dict[str, Any], bool, bool], place: str) -> None:
    life = kernel[0][place]
    steps = {name: life[name] for name in ("attach", "again", "other values", "absent", "absent again")}
    assert steps == {
        "attach": [f"attach {hook}" for hook in HOOKS],
        "again": [],
        "other values": [f"replace {hook}" for hook in HOOKS],
        "absent": [f"detach {hook}" for hook in HOOKS],
        "absent again": [],
    }
    assert life["gone"] == life["before"]
    assert life["before"]["host"] == OFF


@pytest.mark.parametrize("place", PLACES)
def test_a_look_says_what_this_kernel_does(kernel: tuple[dict[str, Any], bool, bool], place: str) -> None:
    found, asks, _mptcp = kernel
    state = found[place]["state"]
    assert (state["pending"], state["unproved"], state["sets_times"], state["scope"]) == ([], [], asks, "host")
    assert [row["hook"] for row in state["attached"]] == ["connect4", "connect6", "accept"]


def test_the_script_of_the_boot_is_alone(kernel: tuple[dict[str, Any], bool, bool]) -> None:
    found, asks, _mptcp = kernel
    assert found["script"] == {"said": ["", ""], "attached": GIVEN if asks else KERNELS_TIMES, "detached": OFF}


@pytest.mark.parametrize("who", ["ordinary user", "user namespace"])
def test_who_may_not_is_told_in_a_sentence(kernel: tuple[dict[str, Any], bool, bool], who: str) -> None:
    assert kernel[0][who].startswith(NOT_ALLOWED)
