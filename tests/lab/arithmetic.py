# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How likely a connection lives through random loss: what the kernel does, probe by probe, summed up."""

from __future__ import annotations

import functools
from collections.abc import Mapping


def survival(values: Mapping[str, int], idle_timeout: float, wait: float, loss: float, lateness: float = 1.0) -> float:
    """The probability that an answer after `wait` seconds arrives, where each packet is lost with probability `loss`.

    The loss is between the client and what the appliance remembers, both ways: a lost probe is one that the appliance has
    not seen, a lost reply is one that the client misses. `lateness` is from 1 to 1.125, since the kernel's timers fire late.
    """
    time, intvl = values["time"] * lateness, values["intvl"] * lateness

    @functools.cache
    def lives(now: float, seen: float, unanswered: int) -> float:
        """From the moment at which a timer fires; the appliance last saw a packet at `seen`."""
        if min(now, wait) - seen >= idle_timeout or unanswered >= values["probes"]:
            return 0.0
        if now >= wait:
            return 1.0
        answered = (1 - loss) ** 2 * lives(now + time, now, 0)
        reply_lost = (1 - loss) * loss * lives(now + intvl, now, unanswered + 1)
        return answered + reply_lost + loss * lives(now + intvl, seen, unanswered + 1)

    return lives(time, 0.0, 0)
