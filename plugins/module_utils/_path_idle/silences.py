# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One silence after another on one connection, a question after each, and what the answers say about the path."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections

from ansible_collections.longlived.tcp.plugins.module_utils._appliances import CLOSED, RESET, SILENT, fitting
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._path_idle.connection import ALIVE, LONGEST, now

# `silence` as asked for, `seconds` as it was when the first probe left or the connection ended, `segments` that arrived in it,
# and `age`, the seconds since the last data of the connection.
Tried = collections.namedtuple("Tried", "silence outcome seconds segments age")


def check(host, port, silences):
    """The silences, the shortest first and each once; raise where something cannot be asked for."""
    if not host.strip():
        raise UserError("host is empty: name the host to whose port the path leads.")
    if not 1 <= port <= 65535:
        raise UserError("port is %d, and must be from 1 to 65535." % port)
    if not silences:
        raise UserError("silences is empty: give at least one, in seconds.")
    for silence in silences:
        if not 1 <= silence < LONGEST:
            raise UserError("A silence is %d, and must be from 1 to %d seconds." % (silence, LONGEST - 1))
    return sorted(set(silences))


def tried(connection, silences):
    """A `Tried` after each silence, until one has ended the connection."""
    opened = connection.silent_since
    outcome = connection.first_words()
    for silence in silences:
        begun, before = connection.silent_since, connection.info().segments
        outcome = outcome or connection.wait(begun + silence - now())
        ended, seconds = outcome is not None, now() - begun
        # The segment with which the other side has ended it breaks no silence.
        segments = connection.info().segments - before - ended
        outcome = outcome or connection.ask()
        if outcome == RESET:
            # By which probe, where the first one was lost, is not known: by now at the latest.
            seconds = now() - begun
        yield Tried(silence, outcome, seconds, max(0, segments), begun + seconds - opened)
        if outcome != ALIVE:
            return
        outcome = None


def result(rows):
    """What the module returns; a silence that was none says nothing."""
    counted = [row for row in rows if not row.segments]
    remembered = [row for row in counted if row.outcome == ALIVE]
    forgotten = [row for row in counted if row.outcome in (RESET, SILENT)]
    return dict(
        tried=[
            dict(silence=row.silence, outcome=row.outcome, seconds=round(row.seconds, 1), segments=row.segments) for row in rows
        ],
        remembers_at_least=remembered[-1].silence if remembered else None,
        forgets_by=max(1, _whole(forgotten[0].seconds)) if forgotten else None,
        appliance=_appliance(rows, remembered),
    )


def _appliance(rows, remembered):
    last = rows[-1]
    age = (max(row.age for row in rows if row.outcome == ALIVE) if len(rows) > 1 else 0, _whole(last.age))
    if last.outcome == CLOSED:
        # At its very end, not when it was asked.
        age = (max(age[0], last.age - 2), age[1] + 1)
        return fitting(CLOSED, age, age)
    if last.outcome == ALIVE or last.segments:
        return []
    return fitting(last.outcome, (remembered[-1].silence if remembered else 0, _whole(last.seconds)), age)


def _whole(seconds):
    return int(seconds + 0.5)


def warnings(rows):
    """What a user has to know to read the result."""
    for row in rows:
        if row.segments:
            yield (
                "The silence of %d seconds is not counted, as segments arrived in it (%d): ask a listener that says nothing and has"
                " no keepalive of its own." % (row.silence, row.segments)
            )
    last = rows[-1]
    if last.outcome == CLOSED:
        yield (
            "The other side closed the connection after %d seconds without data, which says nothing about the path: ask a listener"
            " that waits longer and is behind no proxy." % _whole(last.age)
        )
    elif last.outcome == ALIVE:
        yield (
            "Every probe was answered, by the listener or by a proxy or load balancer that ends TCP: a proxy answers for itself, tells"
            " nothing about the path behind it, and may still close a connection without data."
        )
