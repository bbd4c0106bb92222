# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a look at the connections comes to: counts, a row for each process, the sockets most in danger."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import heapq
import os

from ansible_collections.longlived.tcp.plugins.module_utils import _network_namespaces, _protection, _socket_owners
from ansible_collections.longlived.tcp.plugins.module_utils._protection import (
    IS_OFF,
    IS_PINNED,
    IS_PROTECTED,
    IS_RUNTIME,
    IS_STALE,
    IS_UNKNOWN,
    VERDICTS,
    verdict_by_options,
)
from ansible_collections.longlived.tcp.plugins.module_utils._socket_look import Look
from ansible_collections.longlived.tcp.plugins.module_utils._tcp_sockets import STATES, TIMER_KEEPALIVE, endpoint

# From the least to the most in danger: these are listed first.
_DANGER = dict((verdict, rank) for rank, verdict in enumerate((IS_PROTECTED, IS_UNKNOWN, IS_STALE, IS_RUNTIME, IS_PINNED, IS_OFF)))


def report(selection, idle_timeout, limit, options=False, everywhere=False, warn=None, foreseen=None, rescued=frozenset()):
    """All that `socket_keepalive_info` returns; `everywhere` counts all connections, but only the chosen processes'
    get rows and are asked for their options. `warn` is called with a sentence for each name that no process has.

    What would be: `foreseen` are the three values that our own namespace is taken to have, `rescued` the cookies of the
    sockets that are taken for protected."""
    look = Look(selection, idle_timeout, everywhere, foreseen, warn)
    inodes, listed = collections.defaultdict(list), Listed(limit)
    for connection, own in _with_options(look, idle_timeout) if options else _without_options(look):
        verdict = IS_PROTECTED if connection.socket.cookie in rescued else connection.verdict
        inodes[verdict].append(connection.socket.inode)
        if limit:
            listed.add(connection, own)
    if everywhere and not selection.names and inodes[IS_STALE]:
        look.find_every_owner()  # a count needs none, but for who has to restart
    total, ownerless, by_process = Counts(), 0, collections.defaultdict(Counts)
    for verdict, those in inodes.items():
        total.add(verdict, len(those))
        for processes, number in collections.Counter(map(look.processes_of, those)).items():
            ownerless += 0 if processes else number
            for process in processes:
                by_process[process].add(verdict, number)
    people = dict((process, _person(process)) for process in by_process)
    return dict(
        summary=total.shown(),
        processes=[
            dict(people[process], reasons=by_process[process].reasons(), **by_process[process].shown()) for process in sorted(by_process)
        ],
        sockets=[_row(connection, own, look.processes_of(connection.socket.inode), people) for connection, own in listed.in_order()],
        ownerless=ownerless,
        unreadable=dict(processes=look.unreadable_processes, namespaces=look.unreadable_namespaces),
    )


def unseen(result):
    """Warnings about what this user may not see."""
    processes, namespaces = result["unreadable"]["processes"], result["unreadable"]["namespaces"]
    if processes or namespaces:
        unseen_ones = "the descriptors of at least %d processes and %d network namespaces" % (processes, namespaces)
        yield "Not everything could be seen: %s are closed to this user; use become." % unseen_ones


class Counts:
    """How many connections are in which state."""

    def __init__(self):
        self._numbers = dict.fromkeys(VERDICTS, 0)

    def add(self, verdict, number):
        self._numbers[verdict] += number

    def shown(self):
        counts = dict.fromkeys(_protection.STATES, 0)
        for verdict, number in self._numbers.items():
            counts[verdict.state] += number
        return dict(counts, established=sum(counts.values()))

    def reasons(self):
        """Of the unprotected ones."""
        return dict((verdict.reason, number) for verdict, number in self._numbers.items() if verdict.reason)


class Listed:
    """The connections most in danger, and among them those that have been silent for longest."""

    def __init__(self, limit):
        self._limit = limit
        self._heap = []  # the one least in danger first
        self._least = None

    def add(self, connection, own):
        one = connection.socket
        danger = (_DANGER[connection.verdict], one.idle)
        if len(self._heap) < self._limit:
            heapq.heappush(self._heap, (danger, -one.cookie, connection, own))
        elif danger > self._least:
            heapq.heapreplace(self._heap, (danger, -one.cookie, connection, own))
        else:
            return
        self._least = self._heap[0][0]

    def in_order(self):
        return [entry[2:] for entry in sorted(self._heap, key=lambda entry: entry[:2], reverse=True)]


def _without_options(look):
    for connection in look.connections():
        yield connection, None


def _with_options(look, idle_timeout):
    """The same connections, judged by the sockets' own options where these may be read."""
    # Here, and not above: a report without options need not compile it.
    from ansible_collections.longlived.tcp.plugins.module_utils import _foreign_sockets

    with _foreign_sockets.opened_tasks() as tasks:
        for connection in look.connections():
            own = _options(_foreign_sockets, tasks, look.owners_of(connection), connection.socket.cookie)
            if own is None:
                yield connection, None
            else:
                own = look.as_foreseen(connection, own)
                verdict = verdict_by_options(connection.socket, own, connection.namespace.runtime, idle_timeout)
                yield connection._replace(verdict=verdict), own


def _options(foreign, tasks, owners, cookie):
    for owner in owners:
        try:
            copy = foreign.fetch(tasks, owner, cookie)
            try:
                return foreign.options(copy)
            finally:
                os.close(copy)
        except (foreign.Gone, foreign.Unreachable):
            continue
    return None


def _person(process):
    person = dict(pid=process.pid, name=process.name, user=None, unit=None)
    try:
        person.update(user=_socket_owners.user_of(process.pid), unit=_network_namespaces.unit_of(process.pid))
    except (IOError, OSError):
        pass  # it ended meanwhile
    return person


def _row(connection, own, processes, people):
    one = connection.socket
    row = dict(
        local=endpoint(one.family, one.source, one.sport),
        peer=endpoint(one.family, one.destination, one.dport),
        tcp_state=STATES[one.state],
        state=connection.verdict.state,
        reason=connection.verdict.reason,
        idle=one.idle / 1000.0,
        next_probe=one.remaining / 1000.0 if one.timer == TIMER_KEEPALIVE else None,
        unanswered=one.unanswered if one.timer == TIMER_KEEPALIVE else 0,
        pids=[process.pid for process in processes],
        inode=one.inode,
        namespace=connection.namespace.inode,
        options=dict(own.values, keepalive=own.keepalive != 0) if own else None,
    )
    person = people[processes[0]] if processes else dict.fromkeys(("pid", "name", "user", "unit"))
    return dict(row, **person)
