# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that keeps a host's connections alive, as one transaction: look, decide, act, look again.

    host = Host(request)
    host.decide()               # raises Refused, with what each part refuses, and has changed nothing
    after = host.foreseen()     # what would be
    after = host.act()          # or what is: every part, or none

A part is the kernel (`sysctl`), users' ~/.aws/config (`aws`) or the connections that are open already (`live_sockets`).
Each decides with the code of its own module. They act one inside the other, so that whatever fails takes back what was
done before it; a connection that was re-armed stays so, as its old timer cannot be had again.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import contextlib
import gc

from ansible_collections.longlived.tcp.plugins.module_utils import _aws_files, _network_namespaces, _other_sources, _runtime, _transaction
from ansible_collections.longlived.tcp.plugins.module_utils._all_or_nothing import every
from ansible_collections.longlived.tcp.plugins.module_utils._boot import Boot, as_rows, shown, values_of
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._host_options import PARTS, idle_timeout, users
from ansible_collections.longlived.tcp.plugins.module_utils._keepalive import NAMES, detection_time, key, lost_probes_survived

# What a look takes in. `runtime` is false where nothing that runs counts, as in an image that is being built;
# `strict` raises what hinders a look at a user's file, and otherwise it becomes `aws_error`.
Scope = collections.namedtuple("Scope", "idle_timeout aws_users aws_profiles aws_settings sockets processes namespaces runtime strict")

# What was asked of each part, None for a part that is left out: `_transaction.Request`, `Aws`, `Live`.
Request = collections.namedtuple("Request", "scope sysctl aws live")
Aws = collections.namedtuple("Aws", "state users profiles settings create strict")
Live = collections.namedtuple("Live", "select processes peers")


class Refused(UserError):
    """Parts cannot do what was asked; `refusals` has their sentences, by part."""

    def __init__(self, refusals):
        UserError.__init__(self, " ".join(text for _part, text in sorted(refusals.items(), reverse=True)))
        self.refusals = refusals


# --- what was asked ----------------------------------------------------------------------------


def scope(options, processes=()):
    """What a look takes in, by the options of `keepalive` or `keepalive_verify`."""
    names, strict = users(options)
    return Scope(
        idle_timeout=idle_timeout(options),
        aws_users=names,
        aws_profiles=options["aws_profiles"],
        aws_settings=list(options["aws_settings"]),
        sockets=options["runtime"],
        processes=list(processes) if options["state"] == "present" and options["runtime"] else [],
        namespaces=options["runtime"],
        runtime=options["runtime"],
        strict=strict,
    )


def request(options, run_command):
    """What is asked of a host and of each of its parts, by the options of `keepalive`."""
    present, (names, strict) = options["state"] == "present", users(options)
    sysctl = _transaction.Request(
        present=present,
        values=dict((name, options[name]) for name in NAMES),
        path=_transaction.native_path(options["sysctl_file"]),
        runtime=options["runtime"],
        tolerated=options["overridden"] == "warn",
        run_command=run_command,
    )
    aws = Aws(options["state"], names, options["aws_profiles"], options["aws_settings"], options["aws_create"], strict)
    select = {"leave": [], "rearm": ["stale"], "enable": ["stale", "unprotected"]}[options["live_sockets"]]
    live = Live(select, options["live_processes"], options["live_peers"])
    return Request(
        scope=scope(options, options["verify_processes"]),
        sysctl=sysctl if "sysctl" in options["parts"] else None,
        aws=aws if names else None,
        live=live if "live_sockets" in options["parts"] and present and select else None,
    )


# --- looking -----------------------------------------------------------------------------------


def look(scope, warn):
    """All that `keepalive_info` returns; `warn` is called with each warning."""
    boot = Boot.load()
    for warning in boot.warnings():
        warn(warning)
    found = _kernel(scope, _runtime.read() if scope.runtime else dict.fromkeys(NAMES), boot)
    if scope.aws_users:
        found.update(_aws(scope, warn))
    if scope.sockets or scope.processes:
        found.update(_sockets(scope, warn))
    if scope.namespaces:
        found["namespaces"] = _namespaces(scope)
    return found


def _kernel(scope, runtime, boot):
    settings = boot.settings()
    runs = None not in runtime.values()
    return dict(
        runtime=runtime,
        boot=as_rows(settings),
        assignments=[_row(assignment) for assignment in boot.assignments()],
        other_sources=_other_sources.seen(),
        consistent=values_of(settings) == runtime if runs else None,
        lost_probes_survived=lost_probes_survived(runtime, scope.idle_timeout) if runs else None,
        detection_time=detection_time(runtime) if runs else None,
        boot_id=_runtime.boot_id(),
    )


def _row(assignment):
    return dict(
        key=key(assignment.name),
        value=assignment.value,
        text=assignment.text,
        file=shown(assignment.file),
        line=assignment.line,
        read_as=shown(assignment.read_as),
    )


def _aws(scope, warn):
    try:
        return dict(aws=_aws_files.effective(scope.aws_users, scope.aws_profiles, scope.aws_settings, warn=warn))
    except UserError as error:
        if scope.strict:
            raise
        return dict(aws=[], aws_error=str(error))


def _sockets(scope, warn, runtime=None, rescued=frozenset()):
    """The counts; `runtime` are the values that the host is taken to have, `rescued` the connections taken for protected."""
    # Here, and not above: to compile them takes as long as all else that a look does.
    from ansible_collections.longlived.tcp.plugins.module_utils._socket_report import report, unseen
    from ansible_collections.longlived.tcp.plugins.module_utils._socket_selection import Selection, check

    gc.disable()  # nothing there is cyclic, and among 100,000 sockets the collector would search for long
    names = scope.processes
    try:
        selection = check(Selection(names, (), (), (), False))
        found = report(selection, scope.idle_timeout, 0, bool(names), everywhere=True, warn=warn, foreseen=runtime, rescued=rescued)
    except _network_namespaces.Stranded:
        raise
    except UserError as error:
        if names:
            raise
        warn("The live connections could not be counted: %s" % error)
        return dict(sockets=None, restart=[])
    for warning in unseen(found):
        warn(warning)
    rows = dict(processes=found["processes"]) if names else {}
    return dict(rows, sockets=found["summary"], restart=_restart(found["processes"])) if scope.sockets else rows


def _restart(processes):
    """The services whose connections are kept alive from their next restart on."""
    return sorted(set(_service(row["pid"]) for row in processes if row["stale"]) - set([None]))


def _service(pid):
    try:
        return _network_namespaces.service_of(pid)
    except (IOError, OSError):
        return None  # it ended meanwhile, and its connections with it


def _namespaces(scope):
    timeout = scope.idle_timeout
    return [dict(row, lost_probes_survived=lost_probes_survived(row["runtime"], timeout)) for row in _network_namespaces.others()]


# --- the parts ---------------------------------------------------------------------------------


class _Part(object):
    """Decides when it is made, and raises `UserError` for what it refuses."""

    problems = ()  # what keeps something from being as asked for, and refuses nothing
    warnings = ()
    rescued = frozenset()  # the connections that are protected once it has acted

    def foresee(self, info, _scope):
        """What a look finds once it has acted, from what it found before."""
        return info


class _Sysctl(_Part):
    name = "sysctl"

    def __init__(self, request):
        self._request = request
        self.decision = _transaction.decide(request)

    @property
    def changed(self):
        return _transaction.changes(self.decision)

    @property
    def diff(self):
        return _transaction.diff(self.decision)

    @property
    def warnings(self):
        return self.decision.warnings

    @contextlib.contextmanager
    def acted(self):
        with _transaction.applied(self._request, decision=self.decision) as (self.decision, _backup):
            yield

    def foresee(self, info, scope):
        return dict(info, **_kernel(scope, self.decision.after if scope.runtime else info["runtime"], self.decision.next))


class _Aws(_Part):
    name = "aws"

    def __init__(self, asked):
        self._changes = []
        try:
            request = _aws_files.Request(asked.profiles, asked.settings, asked.state, asked.create)
            self._changes = [_aws_files.plan(place, request) for place in _aws_files.places(asked.users, None)]
        except UserError as error:
            if asked.strict:
                raise
            self.problems = [str(error)]

    @property
    def changed(self):
        return any(change.changed for change in self._changes)

    @property
    def diff(self):
        return [change.diff for change in self._changes if change.changed]

    @property
    def warnings(self):
        return [warning for change in self._changes for warning in change.warnings]

    @contextlib.contextmanager
    def acted(self):
        with _aws_files.applied(self._changes):
            yield

    def foresee(self, info, _scope):
        return dict(info, aws=[change.foreseen for change in self._changes])


class _LiveSockets(_Part):
    """`runtime` are the values that the host has by the time that these act."""

    name = "live_sockets"

    def __init__(self, asked, idle_timeout, runtime):
        # Here, and not above: most runs leave live connections alone.
        from ansible_collections.longlived.tcp.plugins.module_utils import _socket_rescue
        from ansible_collections.longlived.tcp.plugins.module_utils._socket_selection import Selection, check

        gc.disable()
        self._rescue = _socket_rescue
        self._selection = check(Selection(asked.processes or ["*"], (), asked.peers, (), False))
        self._request = _socket_rescue.check_request(_socket_rescue.Request(asked.select, {}, idle_timeout))
        self._protect(dry=True, foreseen=runtime)

    def _protect(self, dry, foreseen=None):
        self.warnings, self._tally = [], self._rescue.Tally(_LISTED)
        for outcome in self._rescue.protect(self._selection, self._request, dry, foreseen, self.warnings.append):
            self._tally.add(outcome)

    @property
    def changed(self):
        return self._tally.changed

    @property
    def diff(self):
        return [self._tally.diff()]

    @property
    def problems(self):
        failed, failures = self._tally.failed, self._tally.failures
        if not failed:
            return []
        return ["%d connections could not be protected, the first because: %s" % (failed, failures[0]["reason"])]

    @property
    def rescued(self):
        return self._tally.rescued

    @contextlib.contextmanager
    def acted(self):
        if self.changed:
            self._protect(dry=False)
        yield


# How many connections a diff lists.
_LISTED = 100


# --- the host ----------------------------------------------------------------------------------


class Host(object):
    """A host in one run: `before` is what a look found, `parts` are there from `decide` on."""

    def __init__(self, request):
        self._request = request
        # What hinders a look at a user's file is refused by the part that decides, beside what other parts refuse.
        self.before = self._looked(request.scope._replace(strict=False))
        self.parts = []

    def decide(self):
        """Have every part decide, or raise `Refused`; nothing is changed."""
        request, refusals = self._request, {}
        parts = (("sysctl", request.sysctl, _Sysctl), ("aws", request.aws, _Aws), ("live_sockets", request.live, self._live_sockets))
        for name, asked, part in parts:
            # Live connections follow the kernel's values: without these there is nothing to decide.
            if asked and not (name == "live_sockets" and "sysctl" in refusals):
                try:
                    self.parts.append(part(asked))
                except UserError as error:
                    refusals[name] = str(error)
        if refusals:
            raise Refused(refusals)

    @property
    def changed(self):
        return any(part.changed for part in self.parts)

    @property
    def problems(self):
        return [dict(part=part.name, message=message) for part in self.parts for message in part.problems]

    @property
    def warnings(self):
        """Each once, in order."""
        found = self._warnings + [warning for part in self.parts for warning in part.warnings]
        return [warning for number, warning in enumerate(found) if warning not in found[:number]]

    def rows(self, error=None):
        """What each part does; where the run ended with an error nothing, and why each that refuses does so."""
        refusals = error.refusals if isinstance(error, Refused) else {}
        changed = dict((part.name, part.changed and error is None) for part in self.parts)
        known = [name for name in PARTS if name in changed or name in refusals]
        return [dict(part=name, changed=changed.get(name, False), refusal=refusals.get(name)) for name in known]

    def act(self):
        """Have every part act, and look again if one differed; where one fails, all is undone. What the look found."""
        differs = self.changed
        try:
            with every([part.acted() for part in self.parts]):
                return self._looked(self._request.scope) if differs else self.before
        except UserError as error:
            if not error.more:
                error.also("The kernel's values and all files are as they were before.")
            raise

    def foreseen(self):
        """What that look would find."""
        if not self.changed:
            return self.before
        scope, info, self._warnings = self._request.scope, self.before, []
        for part in self.parts:
            info = part.foresee(info, scope)
        if scope.sockets:
            rescued = frozenset(cookie for part in self.parts for cookie in part.rescued)
            info = dict(info, **_sockets(scope, self._warnings.append, info["runtime"], rescued))
        return info

    def _live_sockets(self, asked):
        after = [part.decision.after for part in self.parts if part.name == "sysctl"]
        return _LiveSockets(asked, self._request.scope.idle_timeout, (after or [self.before["runtime"]])[0])

    def _looked(self, scope):
        # What was said of the host as it was is not said again.
        self._warnings = []
        return look(scope, self._warnings.append)
