# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What these tests need: the collection under its name, no AWS settings of the machine, and examples.

`KEEPALIVE_FUZZ_EXAMPLES` is how many files each property is tried on (60), `--hypothesis-seed` which.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.collection import in_a_directory

settings.register_profile(
    "keepalive",
    max_examples=int(os.environ.get("KEEPALIVE_FUZZ_EXAMPLES", "60")),
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("keepalive")


COLLECTIONS = in_a_directory()


@pytest.fixture(scope="session")
def collections() -> Path:
    return COLLECTIONS


@pytest.fixture(autouse=True)
def no_aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "BOTOCORE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
