# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keepalive for every new connection: decided, applied and proved, now and at every boot, as one transaction."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import contextlib
import errno
import os
import platform
import re

from ansible_collections.longlived.tcp.plugins.module_utils._all_or_nothing import every, undone_by
from ansible_collections.longlived.tcp.plugins.module_utils._bpf import boot, keepalive_default, proof, traces
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import runtime
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import (
    KERNEL_DEFAULTS,
    LATENESS_DENOMINATOR,
    LATENESS_NUMERATOR,
    NAMES,
)

# From Linux 6.1 on, bpf_getsockopt has the times. Before, the verifier takes it as well, and the running program gets an error;
# a kernel to which it was ported back is measured, once programs are attached.
_ASKS = (6, 1)
_KERNEL = tuple(int(number) for number in re.findall("[0-9]+", platform.release())[:2])

# What an instruction compares with has 32 bits, and no socket's value is longer.
_MOST = (1 << 31) - 1

# The initial cgroup namespace, from where all programs of a host are seen.
_INITIAL = "cgroup:[4026531835]"

# What is asked for: `present`, or else absent; whether `accepted` connections and those over `loopback` get it as well; the `values`;
# whether what runs is to follow, and the next boots; and a `cgroup`, None for the root.
Request = collections.namedtuple("Request", "present accepted loopback values idle_timeout runtime at_boot cgroup")

# What will be done: to the hooks, as words, and to the files; `asks` is whether the kernel's programs can ask for a socket's values;
# `attached` are the rows of `attached` as they will be, with a null for the id of a new program.
Decision = collections.namedtuple("Decision", "request steps boot asks attached")


class DefaultError(UserError):
    """Why it is refused, or could not be done."""


def changes(decision):
    return bool(_pending(decision))


def _pending(decision):
    """What has to be done, as words."""
    return decision.steps + (boot.steps(decision.boot) if decision.boot is not None else [])


def warnings(decision):
    if any(verb == "replace" for verb, _hook in decision.steps):
        yield "Connections that are open already keep the times that they got from the earlier programs."


def most(idle_timeout):
    """The longest time of a timer that is sure to fire within `idle_timeout` seconds, late as it may be, and that a program can have."""
    return min(idle_timeout * LATENESS_DENOMINATOR // LATENESS_NUMERATOR, _MOST)


def decide(request):
    """Everything is looked at, the programs are loaded, and so verified, and a proof can be had; nothing is changed."""
    steps, asks, rows = [], True, []
    if _reaches_programs(request):
        _refuse_two_cgroups(request)
        with _cgroup(request) as cgroup, _explained():
            wanted, asks = _wanted(request)
            with keepalive_default.Hooks(cgroup, wanted) as hooks:
                steps = [_word(step) for step in hooks.steps]
                there = [hook for hook in keepalive_default.HOOKS if wanted[hook] is not None]
                rows = [dict(hook=hook, program_id=hooks.kept.get(hook), others=hooks.others[hook]) for hook in there]
        if request.present:
            proof.check()
    at_boot = None
    if request.cgroup is None:
        at_boot = boot.decide(_arguments(request) if request.present and request.at_boot else None)
    return Decision(request, steps, at_boot, asks, rows)


@contextlib.contextmanager
def applied(request, decision=None):
    """Do it for the time of a block, and prove it: if anything raises, programs and files are as they were. The decision."""
    decision = decision or decide(request)
    with every([boot.applied(decision.boot)] if decision.boot is not None else []):
        with _attached(request) if _reaches_programs(request) else every([]):
            if request.runtime and request.present:
                _prove(request, decision)
            yield decision


def diff(decision):
    """What changes as Ansible shows it: the programs, and each file."""
    before = "".join("%s\n" % hook for verb, hook in decision.steps if verb != "attach")
    # With the values, as another program for the same hook would look like no change.
    values = "/".join(str(decision.request.values[name]) for name in NAMES)
    after = "".join("%s %s\n" % (hook, values) for verb, hook in decision.steps if verb != "detach")
    rows = [dict(before_header=_HEADER, after_header=_HEADER, before=before, after=after)] if decision.steps else []
    for found, content, _mode in decision.boot.files if decision.boot is not None else ():
        old, new = [(one or b"").decode("utf-8", "replace") for one in (found.content, content)]
        if old != new:
            rows.append(dict(before_header=found.path, after_header=found.path, before=old, after=new))
    return rows


# What a reader of a diff has to know of it.
_HEADER = (
    "new connections of every program (costs a few percent of each connect; what a program sets after connect wins;"
    " open connections stay as they are)"
)


def attached(cgroup=None):
    """Rows of `hook`, `program_id` and `others`, the programs of other owners there; of the hooks with a program of ours."""
    rows = []
    with _opened(cgroup) as descriptor, _explained():
        for hook in keepalive_default.HOOKS:
            there = keepalive_default.programs(descriptor, hook)
            for one in there:
                os.close(one["descriptor"])
            ours = [one["id"] for one in there if keepalive_default.is_ours(one, hook)]
            others = [one["id"] for one in there if not keepalive_default.is_ours(one, hook)]
            rows += [dict(hook=hook, program_id=number, others=others) for number in ours]
    return rows


def _attached_anywhere():
    """The same of the root, and of the cgroup that an earlier run had instead."""
    recorded = traces.recorded()
    return attached() + (attached(recorded) if recorded and _has_ours(recorded) else [])


def new_connections(accepted, cgroup=None):
    return proof.new_connections(runtime.read(), accepted, cgroup)


def state(request=None):
    """What a look finds: what new connections get, the programs that are attached, what a boot would run. With a request also
    what is `pending` for it, as words, and the names of the proofs that do not give it, `unproved`. What hinders is `error`."""
    found = dict(boot=boot.state(), scope=scope(), attached=None)
    try:
        if request is None or request.runtime:
            found["attached"] = _attached_anywhere() if request is None or _reaches_programs(request) else []
        if request is None or (request.runtime and request.present):
            accepts = any(row["hook"] == keepalive_default.ACCEPT for row in found["attached"])
            found.update(new_connections(accepts or (request is not None and request.accepted)))
        if request is not None:
            found.update(_compared(request, found))
    except UserError as error:
        found["error"] = str(error)
    return found


def _compared(request, found):
    decision = decide(request)
    proofs = dict((name, found[name]) for name in proof.PROOFS if name in found)
    longest, container = most(request.idle_timeout), proofs.get("container")
    sets_times = decision.asks or (container is not None and container["time"] <= longest)
    unproved = proof.unlike(proofs, request.values, longest, sets_times)
    return dict(pending=[" ".join(step) for step in _pending(decision)], unproved=unproved, sets_times=sets_times)


def foreseen(decision, running):
    """What `state` says of this request once it is done, on a host with these values."""
    request = decision.request
    found = dict(boot=boot.foreseen(decision.boot), scope=scope(), pending=[], unproved=[], sets_times=decision.asks)
    found["attached"] = decision.attached if request.runtime else None
    if request.runtime and request.present:
        values = dict(host=running, container=KERNEL_DEFAULTS, accepted=KERNEL_DEFAULTS)
        found.update((name, _given(decision, values[name])) for name in proof.PROOFS[: 3 if request.accepted else 2])
    return found


def _given(decision, values):
    """What a connection gets whose own values are these."""
    request = decision.request
    # A program takes a time below 0 for a long one.
    kept = not decision.asks or all(0 <= values[name] <= most(request.idle_timeout) for name in ("time", "intvl"))
    return dict(values if kept else request.values, keepalive=True)


def scope():
    """`host` where the programs of the whole host are seen, else `container`."""
    try:
        return "host" if os.readlink("/proc/self/ns/cgroup") == _INITIAL else "container"
    except (IOError, OSError):
        return "host"


# --- what is done ------------------------------------------------------------------------------


def _reaches_programs(request):
    """Not in an image that is being built; and where no program can be, none has to be taken away."""
    if not request.runtime:
        return False
    if request.present:
        return True
    try:
        return bool(attached(_where(request)))
    except UserError:
        if _must_be_there(request):
            raise
        return False


def _must_be_there(request):
    """Whether a run has attached programs since the boot, so that not to see them is no answer."""
    cgroup = traces.recorded()
    return os.path.lexists(traces.RECORD) and (not cgroup or os.path.isdir(cgroup)) and request.cgroup in (None, cgroup)


def _hooks(request):
    return keepalive_default.HOOKS if request.accepted else keepalive_default.HOOKS[:2]


def _settings(request):
    return [request.values[name] for name in NAMES], most(request.idle_timeout), request.loopback


def _wanted(request):
    """The code by hook, and whether it asks for a socket's values."""
    if not request.present:
        return dict.fromkeys(keepalive_default.HOOKS), True
    hooks, settings = _hooks(request), _settings(request)
    return keepalive_default.codes(hooks, *settings), _KERNEL >= _ASKS and keepalive_default.can_ask(hooks, *settings)


def _arguments(request):
    values, longest, loopback = _settings(request)
    words = [",".join(_hooks(request)), "/".join(str(value) for value in values), str(longest)]
    return " ".join(words + ["loopback"] * loopback)


def _word(step):
    verb = "detach" if step[0] is keepalive_default.detach else "attach" if step[3] is None else "replace"
    return verb, step[1]


@contextlib.contextmanager
def _attached(request):
    with _cgroup(request) as cgroup, _explained():
        wanted, _asks = _wanted(request)
        with keepalive_default.Hooks(cgroup, wanted) as hooks:
            recorded = traces.recorded()
            with undone_by(lambda: traces.record(recorded)):
                if request.present:
                    traces.record(request.cgroup or "")
                hooks.apply()
                with undone_by(hooks.undo):
                    yield
                    if not request.present:
                        traces.record(None)


def _prove(request, decision):
    found = new_connections(request.accepted, request.cgroup)
    wrong = proof.unlike(found, request.values, most(request.idle_timeout), decision.asks)
    if wrong:
        raise DefaultError(
            "With the programs attached, new connections do not get what is asked for (%s): another owner's program may undo it,"
            " see bpftool cgroup tree." % ", ".join(wrong)
        )


# --- where -------------------------------------------------------------------------------------


def _cgroup(request):
    return _opened(_where(request))


def _where(request):
    """The path of the cgroup, None for the root; what is to be taken out is where it was attached."""
    if request.present or request.cgroup is not None:
        return request.cgroup
    return traces.recorded() or None


def _refuse_two_cgroups(request):
    """One below the other would run both, and a boot knows the root only."""
    recorded = traces.recorded() or None
    if request.present and recorded != request.cgroup and _has_ours(recorded):
        raise DefaultError(
            "The programs are attached to %s already: take them out there first (state: absent)." % (recorded or "the root")
        )


def _has_ours(cgroup):
    try:
        return bool(attached(cgroup))
    except UserError:
        return False  # it is gone, and its programs with it


@contextlib.contextmanager
def _opened(cgroup):
    try:
        with _explained():
            descriptor = keepalive_default.open_root() if cgroup is None else os.open(cgroup, os.O_RDONLY | os.O_DIRECTORY)
    except (IOError, OSError) as error:
        raise DefaultError("Cannot open %s: %s." % (cgroup or "the cgroup2 hierarchy", error.strerror or error))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _explained():
    """Say in a sentence what the kernel refuses."""
    try:
        yield
    except keepalive_default.Taken as error:
        raise DefaultError(
            "Another owner's program %d has %s for itself (attached without BPF_F_ALLOW_MULTI): remove it, see bpftool cgroup tree."
            % (error.number, error.hook)
        )
    except keepalive_default.BpfError as error:
        raise DefaultError("%s: %s%s." % (error.doing, error.strerror, _remedy(error)))


def _remedy(error):
    # To a kernel before 4.17, a load has more attributes than it knows.
    too_old = error.errno == errno.E2BIG and error.doing.startswith("Cannot load ")
    return _REMEDIES.get(errno.EINVAL if too_old else error.errno, "")


_REMEDIES = {
    errno.EPERM: "; run as root on the host itself (become: true), or see bpftool cgroup tree for who else has the hook",
    errno.ENOSYS: "; use Linux 5.9 or newer, and a 64-bit Python on it",
    errno.EBADF: "; cgroup is no directory of the cgroup2 hierarchy: correct the path",
    errno.EINVAL: "; this kernel is too old for it: use Linux 5.9 or newer",
    errno.E2BIG: "; 64 programs are attached there already: remove one, see bpftool cgroup tree",
}
