# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done to a connection, and what is said of it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import time

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import rearm
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.descriptors import Options
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.scan import Connection, Namespace

from .connections import KERNEL, a_socket


@pytest.mark.parametrize(
    ("idle", "options", "values", "expected"),
    [
        (0, Options(0, 45, 45, 1), {}, ({}, "switch on")),
        (281000, Options(0, 45, 45, 1), {}, ({}, "switch on")),
        # 45 s and their eighth more, and a twentieth of 350 s in hand.
        (282000, Options(0, 45, 45, 1), {}, (dict(time=45), "by idle time")),
        (900000, Options(1, 45, 45, 1), {}, (dict(time=45), "by idle time")),
        (0, Options(1, 45, 45, 1), {}, ({}, "off and on")),
        (0, Options(1, 45, 45, 9), dict(probes=5), (dict(probes=5), "off and on")),
        (0, Options(1, 45, 45, 1), dict(time=30, intvl=10), (dict(time=30, intvl=10), "by idle time")),
        (0, Options(0, 7200, 45, 1), {}, (dict(time=45), "by idle time")),
        (0, Options(1, 45, 400, 1), {}, (dict(intvl=45), "off and on")),
    ],
)
def test_plans(idle, options, values, expected):
    request = rearm.check_request(rearm.Request(("stale", "unprotected"), values, 350))
    connection = Connection(a_socket(remaining=7100000, idle=idle), None, Namespace(1, KERNEL, KERNEL, time.time()))
    assert rearm.Planner(request).plan(connection, options) == expected


@pytest.mark.parametrize(
    ("options", "pins", "before", "after"),
    [
        (Options(1, 45, 45, 9), {}, "keepalive on, next probe in 7100 s", "keepalive on, re-armed"),
        (Options(0, 45, 45, 9), {}, "keepalive off", "keepalive on"),
        (Options(0, 45, 45, 9), dict(time=45), "keepalive off", "keepalive on, time 45 pinned"),
    ],
)
def test_a_diff_says_what_was_done(options, pins, before, after):
    tally = rearm.Tally(10)
    connection = Connection(a_socket(remaining=7100000), None, Namespace(1, KERNEL, KERNEL, time.time()))
    tally.add(rearm.Outcome(connection, None, options, rearm.Plan(pins, "switch on"), None))
    shown = tally.diff()
    assert (shown["before"], shown["after"]) == tuple(
        "None (None) 10.0.0.5:41000 -> 10.20.0.9:443: %s\n" % words for words in (before, after)
    )


def test_no_plan_where_the_state_was_not_chosen():
    request = rearm.Request(("stale",), {}, 350)
    connection = Connection(a_socket(), None, Namespace(1, KERNEL, KERNEL, time.time()))
    for options in (Options(0, 45, 45, 1), Options(1, 45, 45, 1), Options(1, 7200, 45, 1)):
        assert rearm.Planner(request).plan(connection, options) is None


def test_no_plan_where_the_values_would_not_do():
    request = rearm.Request(("unprotected",), {}, 350)
    longer = dict(KERNEL, time=7200)
    connection = Connection(a_socket(), None, Namespace(1, longer, longer, time.time()))
    with pytest.raises(rearm.Unfit):
        rearm.Planner(request).plan(connection, Options(0, 7200, 45, 1))


def test_a_subflow_that_cannot_be_looked_at_again_is_a_failure(monkeypatch):
    def gone(*_arguments):
        raise OSError(3, "No such process")

    monkeypatch.setattr(rearm, "_look_again", gone)
    connection = Connection(a_socket(), None, Namespace(1, KERNEL, KERNEL, time.time()))
    with pytest.raises(rearm.Unfit) as error:
        rearm.Planner(rearm.Request(("stale",), {}, 350)).check_reached(connection, None, KERNEL)
    assert "what its timer shows now cannot be seen: " in str(error.value)


@pytest.mark.parametrize(("remaining", "reached"), [(45000, True), (7100000, False), (None, True)])
def test_a_subflow_is_looked_at_again(monkeypatch, remaining, reached):
    again = None if remaining is None else a_socket(remaining=remaining)
    monkeypatch.setattr(rearm, "_look_again", lambda *_arguments: again)
    check = rearm.Planner(rearm.Request(("stale",), {}, 350)).check_reached
    connection = Connection(a_socket(), None, Namespace(1, KERNEL, KERNEL, time.time()))
    if reached:
        check(connection, None, KERNEL)
    else:
        with pytest.raises(rearm.Unfit):
            check(connection, None, KERNEL)
