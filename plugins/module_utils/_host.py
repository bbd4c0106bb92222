# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that keeps a host's connections alive, as one transaction: look, decide, act, look again.

    host = Host(request)
    host.decide()               # raises Refused, with what each part refuses, and has changed nothing
    after = host.foreseen()     # what would be
    after = host.act()          # or what is: every part, or none

A part is the kernel (`sysctl`), the connections that are still to be made (`new_sockets`), users' ~/.aws/config (`aws`) or the
connections that are open already (`live_sockets`).
Each decides with the code of its own module. They act one inside the other, so that whatever fails takes back what was
done before it; a connection that was re-armed stays so, as its old timer cannot be had again.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import contextlib
import gc
import os

from ansible_collections.longlived.tcp.plugins.module_utils import _users
from ansible_collections.longlived.tcp.plugins.module_utils._all_or_nothing import every
from ansible_collections.longlived.tcp.plugins.module_utils._aws import change as aws_change
from ansible_collections.longlived.tcp.plugins.module_utils._aws import files
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._host_options import PARTS, users
from ansible_collections.longlived.tcp.plugins.module_utils._host_state import kernel_state, look, scope, sockets_state
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import change as kernel_change
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.boot import Boot
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import NAMES

# What was asked of each part, None for a part that is left out: `_kernel.change.Request`, `_bpf.default.Request`, `Aws`, `Live`.
Request = collections.namedtuple("Request", "scope sysctl new_sockets aws live")
Aws = collections.namedtuple("Aws", "state users profiles settings create strict")
Live = collections.namedtuple("Live", "select processes peers")


class Refused(UserError):
    """Parts cannot do what was asked; `refusals` has their sentences, by part."""

    def __init__(self, refusals):
        UserError.__init__(self, " ".join(text for _part, text in sorted(refusals.items(), reverse=True)))
        self.refusals = refusals


# --- what was asked ----------------------------------------------------------------------------


def request(options, run_command):
    """What is asked of a host and of each of its parts, by the options of `keepalive`."""
    present, (names, strict) = options["state"] == "present", users(options)
    sysctl = kernel_change.Request(
        present=present,
        values=dict((name, options[name]) for name in NAMES),
        path=kernel_change.native_path(options["sysctl_file"]),
        runtime=options["runtime"],
        tolerated=options["overridden"] == "warn",
        run_command=run_command,
    )
    aws = Aws(options["state"], names, options["aws_profiles"], options["aws_settings"], options["aws_create"], strict)
    select = {"leave": [], "rearm": ["stale"], "enable": ["stale", "unprotected"]}[options["live_sockets"]]
    live = Live(select, options["live_processes"], options["live_peers"])
    looked_at = scope(options, options["verify_processes"])
    return Request(
        scope=looked_at,
        sysctl=sysctl if "sysctl" in options["parts"] else None,
        new_sockets=looked_at.new_sockets,
        aws=aws if names else None,
        live=live if "live_sockets" in options["parts"] and present and select else None,
    )


# --- the parts ---------------------------------------------------------------------------------


class _Part(object):
    """Decides when it is made, and raises `UserError` for what it refuses."""

    problems = ()  # rows with a message: what keeps something from being as asked for, and refuses nothing
    warnings = ()
    rescued = frozenset()  # the connections that are protected once it has acted

    def foresee(self, info, _scope):
        """What a look finds once it has acted, from what it found before."""
        return info


class _Sysctl(_Part):
    name = "sysctl"

    def __init__(self, request, boot):
        self._request = request
        self.decision = kernel_change.decide(request, boot)

    @property
    def changed(self):
        return kernel_change.changes(self.decision)

    @property
    def diff(self):
        return kernel_change.diff(self.decision)

    @property
    def warnings(self):
        return self.decision.warnings

    @contextlib.contextmanager
    def acted(self):
        with kernel_change.applied(self._request, decision=self.decision) as (self.decision, _backup):
            yield

    def foresee(self, info, scope):
        return dict(info, **kernel_state(scope, self.decision.after if scope.runtime else info["runtime"], self.decision.next))


class _NewSockets(_Part):
    name = "new_sockets"

    def __init__(self, request):
        # Here, and not above: most runs leave new connections alone.
        from ansible_collections.longlived.tcp.plugins.module_utils._bpf import default

        self._default = default
        self._decision = default.decide(request)

    @property
    def changed(self):
        return self._default.changes(self._decision)

    @property
    def diff(self):
        return self._default.diff(self._decision)

    @property
    def warnings(self):
        return self._default.warnings(self._decision)

    @contextlib.contextmanager
    def acted(self):
        with self._default.applied(self._decision.request, self._decision):
            yield

    def foresee(self, info, _scope):
        return dict(info, new_connections=self._default.foreseen(self._decision, info["runtime"]))


class _Aws(_Part):
    name = "aws"

    def __init__(self, asked):
        self._changes, self._hindered = [], []
        request = aws_change.Request(asked.profiles, asked.settings, asked.state, asked.create)
        for name in asked.users:
            try:
                for target in files.targets([name], None):
                    if target.path not in [change.target.path for change in self._changes]:
                        self._changes.append(aws_change.plan(target, request))
                        if asked.strict and asked.state == "present" and self._changes[-1].hindrances:
                            raise UserError(" ".join(self._changes[-1].hindrances))
            except UserError as error:
                self._hindered.append(dict(message=str(error), user=_users.name_of(name)))
        if self._hindered and asked.strict:
            raise UserError(" ".join(row["message"] for row in self._hindered))

    @property
    def problems(self):
        return self._hindered

    @property
    def changed(self):
        return any(change.changed for change in self._changes)

    @property
    def diff(self):
        return [change.diff for change in self._changes if change.changed]

    @property
    def warnings(self):
        return [warning for change in self._changes for warning in change.hindrances + change.warnings]

    @contextlib.contextmanager
    def acted(self):
        with aws_change.applied(self._changes):
            yield

    def foresee(self, info, _scope):
        foreseen = dict((change.foreseen["path"], change.foreseen) for change in self._changes)
        kept = [row for row in info.get("aws", ()) if row["path"] not in foreseen]
        return dict(info, aws=[change.foreseen for change in self._changes] + kept)


class _LiveSockets(_Part):
    """`runtime` are the values that the host has by the time that these act."""

    name = "live_sockets"

    def __init__(self, asked, idle_timeout, runtime):
        # Here, and not above: most runs leave live connections alone.
        from ansible_collections.longlived.tcp.plugins.module_utils._sockets import rearm
        from ansible_collections.longlived.tcp.plugins.module_utils._sockets.selection import Selection, check

        if os.geteuid() != 0:
            raise UserError("Live connections of other users' programs can be reached by root only: run as root (become: true).")
        gc.disable()
        self._rescue = rearm
        self._selection = check(Selection(asked.processes or ["*"], (), asked.peers, (), False))
        self._request = rearm.check_request(rearm.Request(asked.select, {}, idle_timeout))
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
        return [dict(message="%d connections could not be protected, the first because: %s" % (failed, failures[0]["reason"]))]

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
        self._boot = Boot.of_this_host()
        self.before = self._looked(request.scope._replace(strict=False), self._boot)
        self.parts = []

    def decide(self):
        """Have every part decide, or raise `Refused`; nothing is changed."""
        request, refusals = self._request, {}
        parts = (
            ("sysctl", request.sysctl, self._sysctl),
            ("new_sockets", request.new_sockets, _NewSockets),
            ("aws", request.aws, _Aws),
            ("live_sockets", request.live, self._live_sockets),
        )
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
        return [dict(problem, part=part.name) for part in self.parts for problem in part.problems]

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
            info = dict(info, **sockets_state(scope, self._warnings.append, info["runtime"], rescued))
        return info

    def _live_sockets(self, asked):
        after = [part.decision.after for part in self.parts if part.name == "sysctl"]
        return _LiveSockets(asked, self._request.scope.idle_timeout, (after or [self.before["runtime"]])[0])

    def _sysctl(self, asked):
        return _Sysctl(asked, self._boot)

    def _looked(self, scope, boot=None):
        # What was said of the host as it was is not said again.
        self._warnings = []
        return look(scope, self._warnings.append, boot)
