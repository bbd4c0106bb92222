# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole state of a host that decides whether its connections are kept alive, as `keepalive_info` returns it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import gc

from ansible_collections.longlived.tcp.plugins.module_utils._aws import files
from ansible_collections.longlived.tcp.plugins.module_utils._bpf import traces
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._host_options import idle_timeout, new_sockets, users
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import runtime as _runtime
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.boot import Boot, as_rows, printable, values_of
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import NAMES, detection_time, key, lost_probes_survived
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import namespaces

# What a look takes in. `runtime` is false where nothing that runs counts, as in an image that is being built;
# `strict` raises what hinders a look at a user's file, and otherwise it becomes `aws_error`. New connections are looked at if
# `new_connections` is true, compared with `new_sockets`, what was asked for them, and else left out unless programs have left a trace.
Scope = collections.namedtuple(
    "Scope",
    "idle_timeout aws_users aws_profiles aws_settings sockets processes namespaces new_connections new_sockets runtime strict",
)


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
        new_connections=False,
        new_sockets=new_sockets_request(options),
        runtime=options["runtime"],
        strict=strict,
    )


def new_sockets_request(options):
    """What is asked of the part for new connections, None where it is left out."""
    asked = new_sockets(options)
    if asked is None:
        return None
    # Here, and not above: most runs leave new connections alone.
    from ansible_collections.longlived.tcp.plugins.module_utils._bpf.default import Request

    return Request(
        present=asked != "absent",
        accepted=asked == "connect_and_accept",
        loopback=options["new_sockets_loopback"],
        values=dict((name, options[name]) for name in NAMES),
        idle_timeout=idle_timeout(options),
        runtime=options["runtime"],
        at_boot=True,
        cgroup=None,
    )


def look(scope, warn, boot=None):
    """All that `keepalive_info` returns; `warn` is called with each warning. `boot` is this host's, for who has it."""
    boot = boot or Boot.of_this_host()
    for warning in boot.warnings():
        warn(warning)
    found = kernel_state(scope, _runtime.read() if scope.runtime else dict.fromkeys(NAMES), boot)
    if scope.aws_users:
        found.update(_aws(scope, warn))
    if scope.sockets or scope.processes:
        found.update(sockets_state(scope, warn))
    if scope.new_connections or scope.new_sockets or (scope.runtime and traces.are_there()):
        found["new_connections"] = _new_connections(scope)
    if scope.namespaces:
        found["namespaces"] = _namespaces(scope)
    return found


def kernel_state(scope, runtime, boot):
    settings = boot.settings()
    runs = None not in runtime.values()
    return dict(
        runtime=runtime,
        boot=as_rows(settings),
        assignments=[_row(assignment) for assignment in boot.assignments()],
        other_writers=boot.other_writers(),
        consistent=values_of(settings) == runtime if runs else None,
        lost_probes_survived=lost_probes_survived(runtime, scope.idle_timeout) if runs else None,
        detection_time=detection_time(runtime) if runs else None,
        boot_id=_runtime.boot_id(),
    )


def _new_connections(scope):
    from ansible_collections.longlived.tcp.plugins.module_utils._bpf import default

    return default.state(scope.new_sockets)


def _row(assignment):
    return dict(
        key=key(assignment.name),
        value=assignment.value,
        text=assignment.text,
        file=printable(assignment.file),
        line=assignment.line,
        read_as=printable(assignment.read_as),
    )


def _aws(scope, warn):
    try:
        return dict(aws=files.effective_rows(scope.aws_users, scope.aws_profiles, scope.aws_settings, warn=warn))
    except UserError as error:
        if scope.strict:
            raise
        return dict(aws=[], aws_error=str(error))


def sockets_state(scope, warn, runtime=None, rescued=frozenset()):
    """The counts; `runtime` are the values that the host is taken to have, `rescued` the connections taken for protected."""
    # Here, and not above: to compile them takes as long as all else that a look does.
    from ansible_collections.longlived.tcp.plugins.module_utils._sockets.report import report, unseen
    from ansible_collections.longlived.tcp.plugins.module_utils._sockets.selection import Selection, check

    gc.disable()  # nothing there is cyclic, and among 100,000 sockets the collector would search for long
    names = scope.processes
    try:
        selection = check(Selection(names, (), (), (), False))
        found = report(selection, scope.idle_timeout, 0, bool(names), everywhere=True, warn=warn, foreseen=runtime, rescued=rescued)
    except namespaces.Stranded:
        raise
    except UserError as error:
        if names:
            raise
        warn("The live connections could not be counted: %s" % error)
        return dict(sockets=None, restart=[], without_keepalive=[])
    for warning in unseen(found):
        warn(warning)
    rows = dict(processes=found["processes"]) if names else {}
    if scope.sockets:
        rows.update(sockets=found["summary"], restart=_restart(found["processes"]), without_keepalive=_without(found["processes"]))
    return rows


def _restart(processes):
    """The services whose connections are kept alive from their next restart on."""
    return sorted(set(_service(row["pid"]) for row in processes if row["stale"]) - set([None]))


def _without(processes):
    """The names of the programs that have connections for which keepalive is not turned on."""
    return sorted(set(row["name"] for row in processes if row["reasons"][u"disabled"]))


def _service(pid):
    try:
        return namespaces.service_of(pid)
    except (IOError, OSError):
        return None  # it ended meanwhile, and its connections with it


def _namespaces(scope):
    timeout = scope.idle_timeout
    return [dict(row, lost_probes_survived=lost_probes_survived(row["runtime"], timeout)) for row in namespaces.others()]
