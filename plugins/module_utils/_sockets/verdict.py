# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is a connection protected? What its keepalive timer shows, against the time after which the path drops it.

The kernel shows one thing, the time left until the timer's time. When that comes it looks back: was the last
segment received `time` ago or longer, a probe leaves, otherwise the timer is set to what is left of `time`.
Traffic does not move the timer. So if nothing more is received, the next probe leaves after the time left
or when `time` is over, whichever is later; and if something is received now, after the time left at the earliest.

Three things a look at the timer cannot tell. (1) Its own TCP_KEEPIDLE, without which the values of the network
namespace are taken to be in use. A timer with more left than these proves a longer one: its own, or an older
value of the namespace. (2) With what length it was armed: it fires late by up to an eighth of that length, and
what is left shows as 0 meanwhile. The period is assumed, or what is left where that is more; the last minutes
of a far longer one look the same, and are later than that. (3) Whether keepalive is on
while another timer hides it.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import (
    LATENESS_DENOMINATOR,
    LATENESS_NUMERATOR,
    lost_probes_survived,
)
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.inet_diag import TIMER_KEEPALIVE, TIMER_NONE

PROTECTED, STALE, UNPROTECTED, UNKNOWN = STATES = ("protected", "stale", "unprotected", "unknown")

# Why a connection is unprotected.
DISABLED, RUNTIME, PINNED = REASONS = ("disabled", "runtime", "pinned")


class Verdict:
    """A state, and the reason of an unprotected one. There are but six of them: compare with `is`."""

    def __init__(self, state, reason=None):
        self.state = state
        self.reason = reason


IS_PROTECTED, IS_STALE, IS_UNKNOWN = Verdict(PROTECTED), Verdict(STALE), Verdict(UNKNOWN)
IS_DISABLED, IS_RUNTIME, IS_PINNED = (Verdict(UNPROTECTED, reason) for reason in REASONS)
VERDICTS = (IS_PROTECTED, IS_STALE, IS_DISABLED, IS_RUNTIME, IS_PINNED, IS_UNKNOWN)


def fits(values, idle_timeout):
    """Whether a timer that was armed with these values is sure to fire in time, late as it may be."""
    return lost_probes_survived(values, idle_timeout) is not None


def late(milliseconds):
    """The latest moment at which a timer of that length fires."""
    return milliseconds * LATENESS_NUMERATOR // LATENESS_DENOMINATOR


class Judge:
    """Judges connections whose values are the same."""

    def __init__(self, values, idle_timeout):
        self._allowed = idle_timeout * 1000
        self._intvl = values["intvl"] * 1000
        self._period = max(values["time"] * 1000, self._intvl)
        self._fits = fits(values, idle_timeout)

    def verdict(self, one):
        """For a `Socket`, by its timer."""
        if one.timer == TIMER_NONE:
            return IS_DISABLED
        if one.timer != TIMER_KEEPALIVE:
            return IS_UNKNOWN
        if not self._fits:
            return IS_RUNTIME
        # A probe without an answer was something that the path saw, intvl before the timer's time.
        silent = max(self._intvl - one.remaining, 0) if one.unanswered else one.idle
        length = max(self._period, one.remaining)
        return IS_PROTECTED if silent + one.remaining + late(length) - length <= self._allowed else IS_STALE


def verdict_by_options(one, options, runtime, idle_timeout):
    """The same for a socket whose own `Options` are known: only the lateness is left to assume."""
    if not options.keepalive:
        return IS_DISABLED
    if not fits(options.values, idle_timeout):
        return IS_RUNTIME if (options.time, options.intvl) == (runtime["time"], runtime["intvl"]) else IS_PINNED
    if one.timer == TIMER_NONE:
        return IS_PROTECTED  # turned on since the look
    return Judge(options.values, idle_timeout).verdict(one)
