# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a look at the connections comes to: counts, a row for each process, the sockets most in danger."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import heapq

from ansible_collections.longlived.tcp.plugins.module_utils._sockets.inet_diag import TCP_STATES, TIMER_KEEPALIVE, endpoint
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.namespaces import unit_of
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.owners import owners_of
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.processes import user_of
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.scan import Scan, as_foreseen
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.verdict import (
    IS_DISABLED,
    IS_PINNED,
    IS_PROTECTED,
    IS_RUNTIME,
    IS_STALE,
    IS_UNKNOWN,
    STATES,
    VERDICTS,
    verdict_by_options,
)

# From the least to the most in danger: these are listed first.
_DANGER = dict((verdict, rank) for rank, verdict in enumerate((IS_PROTECTED, IS_UNKNOWN, IS_STALE, IS_RUNTIME, IS_PINNED, IS_DISABLED)))


def report(selection, idle_timeout, limit, socket_options=False, everywhere=False, warn=None, foreseen=None, rescued=frozenset()):
    """All that `socket_keepalive_info` returns; `everywhere` counts all connections, but only the chosen processes'
    get rows and are asked for their options. `warn` is called with a sentence for each name that no process has.

    What would be: `foreseen` are the three values that our own namespace is taken to have, `rescued` the cookies of the
    sockets that are taken for protected."""
    inodes, listed = collections.defaultdict(list), Listed(limit)
    with owners_of(selection, everywhere, warn) as owners:
        scan = Scan(selection, idle_timeout, owners, everywhere, foreseen)
        for connection, own in _with_options(scan, owners, idle_timeout) if socket_options else _without_options(scan):
            verdict = IS_PROTECTED if connection.socket.cookie in rescued else connection.verdict
            inodes[verdict].append(connection.socket.inode)
            if limit:
                listed.add(connection, own)
    total, ownerless, by_process = Counts(), 0, collections.defaultdict(Counts)
    # A count needs no owners, but for who has to restart, and who never asks for keepalive.
    with_owners = not everywhere or owners.chosen is not None or inodes[IS_STALE] or inodes[IS_DISABLED]
    for verdict, those in inodes.items():
        total.add(verdict, len(those))
        for having, number in collections.Counter(map(owners.processes_of, those)).items() if with_owners else ():
            ownerless += 0 if having else number
            for process in having:
                by_process[process].add(verdict, number)
    people = dict((process, _person(process)) for process in by_process)
    return dict(
        summary=total.by_state(),
        processes=[
            dict(people[process], reasons=by_process[process].reasons(), **by_process[process].by_state()) for process in sorted(by_process)
        ],
        sockets=[_row(connection, own, owners.processes_of(connection.socket.inode), people) for connection, own in listed.in_order()],
        ownerless=ownerless,
        unreadable=dict(processes=owners.unreadable, namespaces=scan.unreadable),
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

    def by_state(self):
        counts = dict.fromkeys(STATES, 0)
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


def _without_options(scan):
    for connection in scan:
        yield connection, None


def _with_options(scan, owners, idle_timeout):
    """The same connections, judged by the sockets' own options where these may be read. A subflow of MPTCP has none that can be
    read: its timer counts."""
    # Here, and not above: a report without options need not compile it.
    from ansible_collections.longlived.tcp.plugins.module_utils._sockets import descriptors

    def own_options(copy, _owner):
        return None if isinstance(copy, descriptors.Mptcp) else descriptors.options(copy)

    with descriptors.opened_tasks() as tasks:
        for connection in scan:
            one, namespace = connection.socket, connection.namespace
            try:
                own = descriptors.from_first_owner(tasks, owners.of(one.inode), one.cookie, own_options)
            except (descriptors.Gone, descriptors.Unreachable):
                own = None
            if own is None:
                yield connection, None
                continue
            own = as_foreseen(own, namespace)
            yield connection._replace(verdict=verdict_by_options(one, own, namespace.runtime, idle_timeout)), own


def _person(process):
    person = dict(pid=process.pid, name=process.name, user=None, unit=None)
    try:
        person.update(user=user_of(process.pid), unit=unit_of(process.pid))
    except (IOError, OSError):
        pass  # it ended meanwhile
    return person


def _row(connection, own, processes, people):
    one = connection.socket
    row = dict(
        local=endpoint(one.family, one.source, one.sport),
        peer=endpoint(one.family, one.destination, one.dport),
        tcp_state=TCP_STATES[one.state],
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
