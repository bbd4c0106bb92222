# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long everything takes: at scale 1 as it really is, else in proportion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

IDLE_TIMEOUT, ANSWER, PATIENCE = 350, 400, 500
"""Seconds: what a NAT gateway forgets after, when the answer comes, when a client gives up by itself."""

VALUES = {"time": 45, "intvl": 45, "probes": 9}
FASTEST = 45
"""One second, the kernel's smallest unit, is then what 45 are in earnest."""


@dataclass(frozen=True)
class Scale:
    """Whole seconds, rounded so that the order stays: idle timeout < answer < the client's patience."""

    factor: float = FASTEST

    def __post_init__(self) -> None:
        if not 1 <= self.factor <= FASTEST:
            raise ValueError(f"a scale is from 1 (the real seconds) to {FASTEST}, where 45 s take one")

    def of(self, seconds: float) -> int:
        return max(1, round(seconds / self.factor))

    @cached_property
    def idle_timeout(self) -> int:
        return self.of(IDLE_TIMEOUT)

    @cached_property
    def answer(self) -> int:
        return self.idle_timeout + max(2, self.of(ANSWER - IDLE_TIMEOUT))

    @cached_property
    def patience(self) -> int:
        return self.answer + max(4, self.of(PATIENCE - ANSWER))

    @cached_property
    def values(self) -> dict[str, int]:
        """The role's three values; how many probes is no time."""
        return {"time": self.of(VALUES["time"]), "intvl": self.of(VALUES["intvl"]), "probes": VALUES["probes"]}
