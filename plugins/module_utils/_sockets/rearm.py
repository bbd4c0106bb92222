# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Protect chosen connections while their programs run on.

Two ways to re-arm a timer that was armed too long. SO_KEEPALIVE off and on again: the first probe leaves a whole
`time` from now, and the socket goes on following its network namespace's values. TCP_KEEPIDLE: counted from the last
segment received, so that a probe that is due leaves at once, but the value is pinned: no way leads back. The first is
used where it is early enough.

On an MPTCP socket the first reaches its subflows from Linux 5.13 on, the second on newer kernels only, and what the socket
says of itself is not what they have: their timers count, before and afterwards.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import functools
import os
import time

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import NAMES, RANGES
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import namespaces
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.descriptors import (
    KEEPALIVE,
    VALUES,
    Gone,
    Mptcp,
    Options,
    Unreachable,
    check_possible,
    cookie_of,
    from_first_owner,
    get,
    opened_tasks,
    options,
    put,
)
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.fork import meanwhile, pays
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.inet_diag import TIMER_KEEPALIVE, TIMER_NONE, endpoint, look
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.owners import owners_of
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.scan import Scan, as_foreseen
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.selection import SelectionError
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.verdict import (
    IS_PROTECTED,
    IS_STALE,
    IS_UNKNOWN,
    UNPROTECTED,
    Judge,
    fits,
    late,
    verdict_by_options,
)
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.watchdog import Watchdog

# What is asked for: the states in `select`, and the `values` to pin, {time, intvl, probes} or some of them.
Request = collections.namedtuple("Request", "select values idle_timeout")

# What is to be done to a socket: the values to pin, {} for none, and how its timer gets armed.
Plan = collections.namedtuple("Plan", "pins arming")
SWITCH_ON, OFF_AND_ON, BY_IDLE_TIME = "switch on", "off and on", "by idle time"

# One socket's change: the first process that has it, what it was, what it is to be, or else why it cannot be.
Outcome = collections.namedtuple("Outcome", "connection process before plan reason")

# A probe that leaves within this part of idle_timeout before its end counts as too late.
_MARGIN = 20


_UNREACHED = (
    "It is an MPTCP connection, whose timer this kernel (%s) does not let be set so from outside: restart the program, or use a newer"
    " Linux (5.13 re-arms, later ones take times)."
)


class Unfit(Exception):
    """Why the values that a socket would have do not protect it."""


def check_request(request):
    """Return what was asked for if it can be right, else raise `SelectionError`."""
    for name in NAMES:
        low, high = RANGES[name]
        if not low <= request.values.get(name, low) <= high:
            raise SelectionError("%s is %d, and must be from %d to %d." % (name, request.values[name], low, high))
    for name in ("time", "intvl"):
        if name in request.values and not fits(dict(dict.fromkeys(NAMES, 1), **{name: request.values[name]}), request.idle_timeout):
            raise SelectionError(
                "%s is %d, and a timer of that length may fire up to an eighth later, beyond idle_timeout (%d): %d at most."
                % (name, request.values[name], request.idle_timeout, request.idle_timeout * 8 // 9)
            )
    return request


def protect(selection, request, dry=False, foreseen=None, warn=None):
    """Yield an `Outcome` for each connection that is to be protected; `dry` changes nothing, and may take the values that
    are `foreseen` for those of our own namespace. `warn` is called with a sentence for each name that no process has."""
    chosen, owners = _chosen(selection, request, foreseen, warn)
    if chosen:
        check_possible()
    # Of very many a second process does the latter half.
    half = len(chosen) // 2 if pays(len(chosen)) else len(chosen)
    mine, others = chosen[:half], chosen[half:]
    with meanwhile(lambda: _told(_outcomes(others, owners, request, dry)), begin=len(others) > 0) as told:
        for outcome in _outcomes(mine, owners, request, dry):
            if outcome is not None:
                yield outcome
        for connection, rest in zip(others, told()):
            if rest is not None:
                yield Outcome(connection, *rest)


def _outcomes(connections, owners, request, dry):
    """The `Outcome` of each connection. Two processes that do this at a time have a watchdog each."""
    with opened_tasks() as tasks, Watchdog() as watchdog:
        if connections and not dry:
            watchdog.start()
        rearming = _Rearming(tasks, None if dry else watchdog, Planner(request))
        for connection in connections:
            yield rearming.outcome(connection, owners.of(connection.socket.inode))


def _told(outcomes):
    """The same without the connections, which both processes know. Options that are equal are the same ones here, to be sent once."""
    same = {}
    return [one and (one.process, same.setdefault(one.before, one.before), one.plan, one.reason) for one in outcomes]


def _chosen(selection, request, foreseen, warn):
    """The connections that may have to be protected, and whose they are."""
    with owners_of(selection, warn=warn) as owners:
        return list(_candidates(Scan(selection, request.idle_timeout, owners, foreseen=foreseen), request)), owners


def _candidates(connections, request):
    chosen, unprotected = frozenset(request.select), UNPROTECTED in request.select
    for connection in connections:
        verdict = connection.verdict
        # A socket's own options may show an unprotected one in what looks stale, or like nothing at all.
        if verdict.state in chosen or (unprotected and (verdict is IS_STALE or verdict is IS_UNKNOWN)):
            yield connection


class _Rearming:
    """Without a watchdog nothing is changed."""

    def __init__(self, tasks, watchdog, planner):
        self._tasks, self._watchdog, self._planner = tasks, watchdog, planner

    def outcome(self, connection, owners):
        """None where there is nothing to do: it is gone, or as its own options show in no need."""
        if not owners:
            return Outcome(connection, None, None, None, "No process that can be seen has a descriptor of it.")
        process, one = owners[0].process, connection.socket
        try:
            before, plan = from_first_owner(self._tasks, owners, one.cookie, functools.partial(self._changed, connection))
        except Gone:
            return None
        except (Unreachable, Unfit) as error:
            return Outcome(connection, process, None, None, str(error))
        return plan and Outcome(connection, process, before, plan, None)

    def _changed(self, connection, copy, owner):
        one = connection.socket
        before = as_foreseen(_options_before(copy, connection, self._planner.probes), connection.namespace)
        plan = self._planner.plan(connection, before)
        if plan and self._watchdog:
            if isinstance(copy, Mptcp):
                plan = self._through(copy, connection, owner, plan)
                self._planner.check_reached(connection, owner, dict(before.values, **plan.pins))
            else:
                _carry_out(copy, self._watchdog, owner, one.cookie, plan)
        return before, plan

    def _through(self, copy, connection, owner, plan):
        """Carry it out for a subflow, through its MPTCP socket; the plan that this kernel allows."""
        try:
            _carry_out(copy, self._watchdog, owner, cookie_of(copy), plan)
        except Unreachable:
            if plan.pins != dict(time=connection.namespace.runtime["time"]):
                raise Unfit(_UNREACHED % os.uname()[2])
            plan = Plan({}, OFF_AND_ON)
            _carry_out(copy, self._watchdog, owner, cookie_of(copy), plan)
        return plan


def _options_before(copy, connection, probes):
    """A socket's own `Options`; of an MPTCP socket, those that its subflow has by its timer."""
    one = connection.socket
    if isinstance(copy, Mptcp):
        keepalive = {TIMER_NONE: 0, TIMER_KEEPALIVE: 1}.get(one.timer)
        return Options(get(copy, KEEPALIVE) if keepalive is None else keepalive, **connection.namespace.has)
    # Without a timer it is disabled; one that was turned on since the scan is not harmed by being turned on.
    return options(copy, 0 if one.timer == TIMER_NONE else None, probes)


class Planner:
    """Decides for each socket; sockets with the same options, of which there are many, have the same two plans."""

    def __init__(self, request):
        self._request = request
        self._known = {}
        self.probes = None if "probes" in request.values else 1

    def plan(self, connection, before):
        """The `Plan`, or None where it is in none of the states that are to be changed; `Unfit` where there is none."""
        namespace, one = connection.namespace, connection.socket
        if verdict_by_options(one, before, namespace.runtime, self._request.idle_timeout).state not in self._request.select:
            return None
        plans = self._known.get((namespace.inode, before))
        if plans is None:
            plans = self._known[(namespace.inode, before)] = self._plans(namespace.runtime, before)
        latest, in_time, too_late = plans
        return in_time if one.idle / 1000.0 + time.time() - namespace.scanned_at <= latest else too_late

    def check_reached(self, connection, owner, values):
        """Raise `Unfit` where what was done to an MPTCP socket has not armed the timer of its subflow."""
        try:
            now = _look_again(connection, owner)
        except (IOError, OSError, UserError) as error:
            raise Unfit("It is an MPTCP connection, and what its timer shows now cannot be seen: %s; run again." % error)
        if now is not None and Judge(values, self._request.idle_timeout).verdict(now) not in (IS_PROTECTED, IS_UNKNOWN):
            raise Unfit(_UNREACHED % os.uname()[2])

    def _plans(self, runtime, before):
        """For how many seconds of silence the first plan is early enough, that plan, and the one from then on."""
        pinned, allowed = self._request.values, self._request.idle_timeout
        values = dict(before.values, **pinned)
        if not fits(values, allowed):
            values = dict(values, time=pinned.get("time", runtime["time"]), intvl=pinned.get("intvl", runtime["intvl"]))
        if not fits(values, allowed):
            raise Unfit(
                "With time %d and intvl %d its probes would come too late: set shorter ones, with longlived.tcp.keepalive_sysctl in its"
                " network namespace or with this module's time and intvl." % (values["time"], values["intvl"])
            )
        pins = dict((name, values[name]) for name in NAMES if name in pinned or values[name] != getattr(before, name))
        by_idle_time = Plan(dict(pins, time=values["time"]), BY_IDLE_TIME)
        if "time" in pins:
            return 0, by_idle_time, by_idle_time
        latest = allowed - allowed / float(_MARGIN) - late(values["time"] * 1000) / 1000.0
        return latest, Plan(pins, OFF_AND_ON if before.keepalive else SWITCH_ON), by_idle_time


def _look_again(connection, owner):
    namespace = connection.namespace.inode
    if namespace == namespaces.inode("self"):
        return look(connection.socket)
    with namespaces.inside(namespace, [owner.process.pid]):
        return look(connection.socket)


def _carry_out(copy, watchdog, owner, cookie, plan):
    for name in ("probes", "intvl"):
        if name in plan.pins:
            put(copy, VALUES[name], plan.pins[name])
    if plan.arming == OFF_AND_ON:
        watchdog.note(owner, cookie)
        put(copy, KEEPALIVE, 0)
        put(copy, KEEPALIVE, 1)
        watchdog.forget()
        return
    # On first: whatever comes in between, the socket is not worse off than it was.
    put(copy, KEEPALIVE, 1)
    if plan.arming == BY_IDLE_TIME:
        put(copy, VALUES["time"], plan.pins["time"])


class Tally:
    """What a module returns about the outcomes."""

    def __init__(self, limit):
        self._limit = limit
        self._rearmed = self._enabled = self._pinned = self.failed = 0
        self._lines = []
        self.failures = []
        self.rescued = set()  # the cookies of the sockets that are protected now

    def add(self, outcome):
        if outcome.reason:
            self.failed += 1
            if len(self.failures) < max(self._limit, 1):
                self.failures.append(dict(_names(outcome), reason=outcome.reason))
            return
        self.rescued.add(outcome.connection.socket.cookie)
        if outcome.before.keepalive:
            self._rearmed += 1
        else:
            self._enabled += 1
        if outcome.plan.pins:
            self._pinned += 1
        if len(self._lines) < self._limit:
            self._lines.append(_lines(outcome))

    @property
    def changed(self):
        return self._rearmed + self._enabled > 0

    def counts(self):
        return dict(
            rearmed=self._rearmed,
            enabled=self._enabled,
            pinned=self._pinned,
            failures=self.failures[: self._limit],
            failures_total=self.failed,
        )

    def diff(self):
        before, after = zip(*self._lines) if self._lines else ((), ())
        return dict(before_header="live connections", after_header="live connections", before="".join(before), after="".join(after))


def _names(outcome):
    one, process = outcome.connection.socket, outcome.process
    local, peer = endpoint(one.family, one.source, one.sport), endpoint(one.family, one.destination, one.dport)
    return dict(local=local, peer=peer, pid=process.pid if process else None, name=process.name if process else None)


def _lines(outcome):
    """A connection in a diff, before and after."""
    head = "%(name)s (%(pid)s) %(local)s -> %(peer)s: " % _names(outcome)
    one, pins = outcome.connection.socket, outcome.plan.pins
    before = "keepalive on, next probe in %d s" % (one.remaining // 1000) if outcome.before.keepalive else "keepalive off"
    done = ["%s %d pinned" % (name, pins[name]) for name in NAMES if name in pins] or ["re-armed"] * outcome.before.keepalive
    return head + before + "\n", head + ", ".join(["keepalive on"] + done) + "\n"
