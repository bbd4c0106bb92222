# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests share: a process inside each Debian release, and how many examples are tried.

`KEEPALIVE_FUZZ_EXAMPLES` is how many each property is tried on, for each release (25); `--hypothesis-seed`
repeats a run: without it, one is drawn, and the header names it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from random import Random, SystemRandom

import pytest
from hypothesis import HealthCheck, Phase, settings

from .releases import RELEASES, Guest, Release, inside

settings.register_profile(
    "sysctl_d",
    max_examples=int(os.environ.get("KEEPALIVE_FUZZ_EXAMPLES", "25")),
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)
settings.load_profile("sysctl_d")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--hypothesis-seed", None) is None:
        config.option.hypothesis_seed = SystemRandom().randrange(1 << 32)


def pytest_report_header(config: pytest.Config) -> str:
    return f"sysctl_d: --hypothesis-seed={config.getoption('--hypothesis-seed')}"


@pytest.fixture(scope="session", params=RELEASES, ids=str)
def release(request: pytest.FixtureRequest) -> Release:
    chosen: Release = request.param
    if reason := chosen.unavailable:
        pytest.skip(f"{chosen} cannot be run here: {reason}")
    return chosen


@pytest.fixture(scope="session")
def within(release: Release) -> Iterator[Guest]:
    """A process inside the release that knows how to boot and to load."""
    with inside(release, f"{__package__}.boots", f"{__package__}.one_file") as process:
        yield process


@pytest.fixture(scope="session")
def one() -> Iterator[Guest]:
    """A process inside one release that can run the module."""
    pytest.importorskip("ansible.module_utils.basic", reason="the module needs ansible-core")
    chosen = next((release for release in RELEASES[1:] if release.unavailable is None), None)
    if chosen is None:
        pytest.skip(f"no Debian release can be run here: {RELEASES[1].unavailable}")
    with inside(chosen, f"{__package__}.apply") as process:
        yield process


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> Random:
    """For what hypothesis does not draw: with the same seed, the same numbers."""
    return Random(f"{request.config.getoption('--hypothesis-seed')} {request.node.name}")
