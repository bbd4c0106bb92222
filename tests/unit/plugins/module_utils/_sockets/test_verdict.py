# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is a connection protected?"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import verdict
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.descriptors import Options

from .connections import KERNEL, a_socket

PROTECTED, STALE, UNKNOWN = ("protected", None), ("stale", None), ("unknown", None)
DISABLED, RUNTIME, PINNED = (("unprotected", reason) for reason in ("disabled", "runtime", "pinned"))


@pytest.mark.parametrize(
    ("one", "values", "expected"),
    [
        (a_socket(), {}, PROTECTED),
        (a_socket(timer=0, remaining=0), {}, DISABLED),
        (a_socket(timer=0, remaining=0), dict(time=7200), DISABLED),
        (a_socket(timer=1), {}, UNKNOWN),
        (a_socket(timer=4), dict(time=7200), UNKNOWN),
        # The latest moment of a timer of 311 s is 349.875 s.
        (a_socket(remaining=311000), dict(time=311), PROTECTED),
        (a_socket(remaining=312000), dict(time=312), RUNTIME),
        (a_socket(remaining=400000), dict(intvl=400), RUNTIME),
        (a_socket(), dict(probes=0), RUNTIME),
        (a_socket(), dict(time=-1), RUNTIME),
        # Silence and what is left, and an eighth of the length: 45 s at least.
        (a_socket(remaining=45000, idle=299000), {}, PROTECTED),
        (a_socket(remaining=45000, idle=300000), {}, STALE),
        (a_socket(remaining=0, idle=344000), {}, PROTECTED),
        (a_socket(remaining=0, idle=345000), {}, STALE),
        # More left than the kernel's value: an older one, or one of its own.
        (a_socket(remaining=7100000), {}, STALE),
        (a_socket(remaining=200000), {}, PROTECTED),
        (a_socket(remaining=300000, idle=12000), {}, PROTECTED),
        (a_socket(remaining=300000, idle=13000), {}, STALE),
        # Probes without an answer: silent for long, but not to the path.
        (a_socket(remaining=30000, idle=900000, unanswered=3), {}, PROTECTED),
        (a_socket(remaining=0, idle=900000, unanswered=3), dict(intvl=311), PROTECTED),
    ],
)
def test_judged_by_the_timer(one, values, expected):
    found = verdict.Judge(dict(KERNEL, **values), 350).verdict(one)
    assert (found.state, found.reason) == expected


@pytest.mark.parametrize(
    ("one", "options", "expected"),
    [
        (a_socket(), Options(1, 45, 45, 9), PROTECTED),
        (a_socket(), Options(0, 45, 45, 9), DISABLED),
        (a_socket(timer=1), Options(0, 45, 45, 9), DISABLED),
        (a_socket(timer=1), Options(1, 45, 45, 9), UNKNOWN),
        (a_socket(timer=1), Options(1, 7200, 45, 9), PINNED),
        (a_socket(timer=0, remaining=0), Options(1, 45, 45, 9), PROTECTED),
        (a_socket(remaining=7100000), Options(1, 45, 45, 9), STALE),
        (a_socket(remaining=7100000), Options(1, 7200, 45, 9), PINNED),
        (a_socket(remaining=30000), Options(1, 7200, 45, 9), PINNED),
        (a_socket(remaining=30000), Options(1, 45, 400, 9), PINNED),
    ],
)
def test_judged_by_its_own_options(one, options, expected):
    found = verdict.verdict_by_options(one, options, KERNEL, 350)
    assert (found.state, found.reason) == expected


def test_where_the_kernels_value_is_too_long():
    runtime = dict(KERNEL, time=7200)
    assert verdict.verdict_by_options(a_socket(), Options(1, 7200, 45, 9), runtime, 350) is verdict.IS_RUNTIME
    assert verdict.verdict_by_options(a_socket(), Options(1, 60, 45, 9), runtime, 350) is verdict.IS_PROTECTED
