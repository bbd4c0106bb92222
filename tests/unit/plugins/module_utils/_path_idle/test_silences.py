# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the answers to one question after another say about a path."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._path_idle import silences
from ansible_collections.longlived.tcp.plugins.module_utils._path_idle.connection import Info
from ansible_collections.longlived.tcp.plugins.module_utils._path_idle.silences import Tried, check, result, tried, warnings

ALIVE = Tried(340, "alive", 340.0, 0, 341.0)
BROKEN = Tried(340, "alive", 340.0, 2, 341.0)
RESET = Tried(360, "reset", 360.004, 0, 701.0)
SILENT = Tried(360, "silent", 360.004, 0, 701.0)
CLOSED = Tried(340, "closed_by_peer", 59.0, 0, 60.01)


@pytest.mark.parametrize(
    ("host", "port", "asked", "says"),
    [
        (" ", 7777, [340], "host is empty: name the host to whose port the path leads."),
        ("a", 0, [340], "port is 0, and must be from 1 to 65535."),
        ("a", 65536, [340], "port is 65536, and must be from 1 to 65535."),
        ("a", 7777, [], "silences is empty: give at least one, in seconds."),
        ("a", 7777, [340, 0], "A silence is 0, and must be from 1 to 32766 seconds."),
        ("a", 7777, [32767], "A silence is 32767, and must be from 1 to 32766 seconds."),
    ],
)
def test_what_cannot_be_asked(host, port, asked, says):
    with pytest.raises(UserError) as error:
        check(host, port, asked)
    assert str(error.value) == says


def test_the_shortest_silence_is_first_and_each_is_once():
    assert check("a", 7777, [360, 1, 340, 360, 32766]) == [1, 340, 360, 32766]


@pytest.mark.parametrize(
    ("rows", "at_least", "by"),
    [
        ([ALIVE], 340, None),
        ([RESET], None, 360),
        ([ALIVE, RESET], 340, 360),
        ([ALIVE, SILENT], 340, 360),
        ([ALIVE._replace(silence=10), ALIVE, SILENT], 340, 360),
        # It came late to its question, on a busy machine: all that is known is that the path has forgotten by then.
        ([ALIVE, RESET._replace(seconds=363.2)], 340, 363),
        # A RST that came by itself, within the silence.
        ([ALIVE, RESET._replace(seconds=350.1)], 340, 350),
        ([RESET._replace(seconds=0.1)], None, 1),
        ([CLOSED], None, None),
        ([ALIVE, CLOSED], 340, None),
        # What was no silence says nothing, however it went on.
        ([BROKEN], None, None),
        ([BROKEN, RESET], None, 360),
        ([ALIVE, BROKEN._replace(silence=360)], 340, None),
        ([ALIVE, RESET._replace(segments=1)], 340, None),
    ],
)
def test_the_range(rows, at_least, by):
    found = result(rows)
    assert (found["remembers_at_least"], found["forgets_by"]) == (at_least, by)


def names(rows, by_default=True):
    return [row["name"] for row in result(rows)["appliance"] if row["by_default"] == by_default]


def test_appliances_that_fit():
    assert names([ALIVE, RESET]) == ["gwlb", "nat_gateway", "nlb", "nlb_tls", "transit_gateway", "vpc_endpoint"]
    assert names([ALIVE, RESET], by_default=False) == ["azure_lb", "azure_nat_gateway", "conntrack", "f5_big_ip", "ipvs"]
    rows = result([ALIVE, RESET])["appliance"]
    assert [row["name"] for row in rows] == names([ALIVE, RESET]) + names([ALIVE, RESET], by_default=False)
    assert names([ALIVE, SILENT]) == ["gwlb", "network_firewall", "security_group", "transit_gateway"]
    assert names([ALIVE]) == names([ALIVE, RESET._replace(segments=1)]) == []
    assert names([ALIVE], by_default=False) == []
    # It has seen no data for 701 s, whatever the silences were.
    assert "global_accelerator" not in names([ALIVE, RESET])
    at_once = [RESET._replace(silence=340, seconds=340.0, age=341.0)]
    assert names(at_once) == ["azure_lb", "azure_nat_gateway", "f5_big_ip", "global_accelerator"]
    assert names([CLOSED]) == ["alb", "clb"]
    assert names([CLOSED], by_default=False) == ["envoy"]
    assert names([CLOSED._replace(age=200.0)]) == []
    # So long after the last data: 341 s were alive, and what closes after 60 s is not among them.
    assert names([ALIVE, CLOSED._replace(silence=360, age=3600.0)]) == ["envoy"]


def test_what_is_returned_of_a_silence():
    assert result([ALIVE, RESET])["tried"][1] == dict(silence=360, outcome="reset", seconds=360.0, segments=0)


def test_what_is_said():
    assert list(warnings([ALIVE, RESET])) == list(warnings([ALIVE, SILENT])) == []
    assert list(warnings([BROKEN, RESET])) == [
        "The silence of 340 seconds is not counted, as segments arrived in it (2): ask a listener that says nothing and has no keepalive"
        " of its own."
    ]
    assert list(warnings([CLOSED])) == [
        "The other side closed the connection after 60 seconds without data, which says nothing about the path: ask a listener that waits"
        " longer and is behind no proxy."
    ]
    assert list(warnings([ALIVE])) == [
        "Every probe was answered, by the listener or by a proxy or load balancer that ends TCP: a proxy answers for itself, tells nothing"
        " about the path behind it, and may still close a connection without data."
    ]


class Connection:
    """One that is told how it goes on, with a clock of its own; the other side's first words end two seconds after it is made."""

    def __init__(self, first=None, waits=(), asks=(), segments=(), answers_after=0):
        self.first, self.waits, self.asks, self.segments = first, list(waits), list(asks), list(segments)
        self.now = self.silent_since = 100.0
        self.answers_after = answers_after
        self.done = []

    def first_words(self):
        self.now += 2
        return self.first

    def wait(self, seconds):
        self.done.append(seconds)
        self.now += max(0, seconds)
        return self.waits.pop(0) if self.waits else None

    def ask(self):
        self.done.append("?")
        self.now += self.answers_after
        self.silent_since = self.now
        return self.asks.pop(0)

    def info(self):
        return Info(0, self.segments.pop(0) if self.segments else 7)


@pytest.mark.parametrize(
    ("connection", "outcomes", "done"),
    [
        # The first silence has begun before the first words were waited for.
        (Connection(asks=["alive", "alive"]), [("alive", 0), ("alive", 0)], [1, "?", 5, "?"]),
        (Connection(asks=["reset"]), [("reset", 0)], [1, "?"]),
        (Connection(waits=[None, "closed_by_peer"], asks=["alive"]), [("alive", 0), ("closed_by_peer", 0)], [1, "?", 5]),
        (Connection(first="closed_by_peer"), [("closed_by_peer", 0)], []),
        # Two segments in the first silence, its answer in none.
        (Connection(asks=["alive", "alive"], segments=[4, 6, 7, 7]), [("alive", 2), ("alive", 0)], [1, "?", 5, "?"]),
        # A FIN is what ends it, and data before it broke the silence.
        (Connection(waits=["closed_by_peer"], segments=[4, 5]), [("closed_by_peer", 0)], [1]),
        (Connection(waits=["closed_by_peer"], segments=[4, 6]), [("closed_by_peer", 1)], [1]),
    ],
)
def test_one_silence_after_another(monkeypatch, connection, outcomes, done):
    monkeypatch.setattr(silences, "now", lambda: connection.now)
    assert [(row.outcome, row.segments) for row in tried(connection, [3, 5])] == outcomes
    assert connection.done == done


@pytest.mark.parametrize(("outcome", "seconds"), [("alive", 340), ("silent", 340), ("reset", 342.5)])
def test_a_silence_is_as_long_as_it_was(monkeypatch, outcome, seconds):
    connection = Connection(asks=[outcome], answers_after=2.5)
    monkeypatch.setattr(silences, "now", lambda: connection.now)
    assert list(tried(connection, [340])) == [Tried(340, outcome, seconds, 0, seconds)]


def test_a_silence_shorter_than_the_first_words_is_as_long_as_these(monkeypatch):
    connection = Connection(asks=["alive", "alive"])
    monkeypatch.setattr(silences, "now", lambda: connection.now)
    assert [(row.silence, row.seconds, row.age) for row in tried(connection, [1, 3])] == [(1, 2, 2), (3, 3, 5)]
