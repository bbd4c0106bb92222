# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of the programs and of the boot, and how refusals read."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._bpf import boot, default, keepalive_default, proof, traces
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError

VALUES = dict(time=45, intvl=45, probes=9)
REQUEST = default.Request(True, False, False, VALUES, 350, True, True, None)


@pytest.mark.parametrize(("idle_timeout", "most"), [(350, 311), (240, 213), (1, 0), (9, 8), (10**10, 2**31 - 1)])
def test_the_longest_time_that_is_sure_to_fire(idle_timeout, most):
    assert default.most(idle_timeout) == most


@pytest.mark.parametrize(
    ("changes", "arguments"),
    [
        ({}, "connect4,connect6 45/45/9 311"),
        (dict(accepted=True, loopback=True), "connect4,connect6,accept 45/45/9 311 loopback"),
        (dict(idle_timeout=240, values=dict(time=30, intvl=20, probes=5)), "connect4,connect6 30/20/5 213"),
    ],
)
def test_the_arguments_of_the_script(changes, arguments):
    assert default._arguments(REQUEST._replace(**changes)) == arguments


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (keepalive_default.Taken("connect4", 7), "Another owner's program 7 has connect4 for itself (attached without "),
        (keepalive_default.BpfError(errno.EPERM, "Cannot attach to accept"), "Cannot attach to accept: Operation not permitted; run"),
        (keepalive_default.BpfError(errno.ENOSYS, "Cannot ask"), "; use Linux 5.9 or newer, and a 64-bit Python on it."),
        (keepalive_default.BpfError(errno.EBADF, "Cannot ask"), "; cgroup is no directory of the cgroup2 hierarchy: correct the path."),
        (keepalive_default.BpfError(errno.EINVAL, "Cannot ask"), "; this kernel is too old for it: use Linux 5.9 or newer."),
        (keepalive_default.BpfError(errno.E2BIG, "Cannot attach"), "; 64 programs are attached there already: remove one, see "),
        (keepalive_default.BpfError(errno.E2BIG, "Cannot load the program for accept"), "; this kernel is too old for it: use Linux 5.9"),
        (keepalive_default.BpfError(errno.ENOMEM, "Cannot attach"), "Cannot attach: %s." % os.strerror(errno.ENOMEM)),
    ],
)
def test_what_the_kernel_refuses_is_a_sentence(error, says):
    with pytest.raises(default.DefaultError) as refused:
        with default._explained():
            raise error
    assert says in str(refused.value)


def test_a_cgroup_that_is_not_there():
    with pytest.raises(default.DefaultError) as error:
        with default._opened("/nowhere"):
            pass
    assert str(error.value) == "Cannot open /nowhere: No such file or directory."


def test_a_kernel_without_a_cgroup2_hierarchy(monkeypatch):
    """As Amazon Linux 2 with Linux 4.14."""

    def refuse():
        raise keepalive_default.BpfError(errno.ENOSYS, "Cannot open the cgroup2 hierarchy")

    monkeypatch.setattr(keepalive_default, "open_root", refuse)
    with pytest.raises(default.DefaultError) as error:
        default.attached()
    assert str(error.value).endswith("; use Linux 5.9 or newer, and a 64-bit Python on it.")


class Hooks(object):
    """Programs that are taken out; `undone` says whether they were put back."""

    undone = False
    steps = ()

    def __init__(self, *_arguments):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        pass

    def apply(self):
        pass

    def undo(self):
        Hooks.undone = True


def test_a_record_that_cannot_be_removed_keeps_everything(monkeypatch, tmpdir):
    tmpdir.join("record").mkdir()
    monkeypatch.setattr(traces, "RECORD", str(tmpdir.join("record")))
    monkeypatch.setattr(traces, "recorded", lambda: "")
    monkeypatch.setattr(keepalive_default, "Hooks", Hooks)
    with pytest.raises(UserError) as error:
        with default._attached(REQUEST._replace(present=False, cgroup=str(tmpdir))):
            pass
    assert str(error.value).startswith("Cannot remove %s: " % traces.RECORD) and Hooks.undone


def test_what_another_owner_undoes_is_said(monkeypatch):
    monkeypatch.setattr(default, "new_connections", lambda accepted, cgroup: {"host": dict(VALUES, keepalive=False)})
    with pytest.raises(default.DefaultError) as error:
        default._prove(REQUEST, default.Decision(REQUEST, [], None, True, []))
    assert str(error.value) == (
        "With the programs attached, new connections do not get what is asked for (host): another owner's program may undo it,"
        " see bpftool cgroup tree."
    )


@pytest.fixture
def not_seen(monkeypatch, tmpdir):
    """A host on which nobody can look for programs."""

    def refuse(_cgroup):
        raise default.DefaultError("No.")

    monkeypatch.setattr(traces, "RECORD", str(tmpdir.join("record")))
    monkeypatch.setattr(default, "attached", refuse)
    monkeypatch.setattr(boot, "decide", lambda arguments: arguments)


@pytest.mark.parametrize("cgroup", ["", "/"])
def test_programs_that_a_run_has_attached_are_not_taken_for_gone(not_seen, cgroup):
    """As root without CAP_BPF or CAP_SYS_ADMIN, or as an ordinary user."""
    traces.record(cgroup)
    with pytest.raises(default.DefaultError):
        default.decide(REQUEST._replace(present=False))


def test_a_cgroup_that_has_gone_has_taken_its_programs_with_it(not_seen):
    traces.record("/nowhere")
    assert default.decide(REQUEST._replace(present=False)).steps == []


def test_where_no_program_can_be_none_has_to_be_taken_away(not_seen):
    decision = default.decide(REQUEST._replace(present=False))
    assert (decision.steps, decision.boot) == ([], None)


def test_what_could_not_be_proved_is_refused_before_anything_is_changed(monkeypatch, tmpdir):
    """And so in check mode, too."""

    def refuse(_work):
        return {"error": "Operation not permitted"}

    monkeypatch.setattr(traces, "RECORD", str(tmpdir.join("record")))
    monkeypatch.setattr(keepalive_default, "Hooks", Hooks)
    monkeypatch.setattr(keepalive_default, "codes", lambda *_settings: dict.fromkeys(keepalive_default.HOOKS))
    monkeypatch.setattr(keepalive_default, "can_ask", lambda *_settings: True)
    monkeypatch.setattr(default, "_has_ours", lambda cgroup: False)
    monkeypatch.setattr(proof, "_in_child", refuse)
    request = REQUEST._replace(cgroup=str(tmpdir), at_boot=False)
    with pytest.raises(proof.ProofError):
        default.decide(request)
    assert default.decide(request._replace(runtime=False)).steps == []


def test_a_diff_names_hooks_and_files():
    steps = [("attach", "connect4"), ("replace", "connect6"), ("detach", "accept")]
    (row,) = default.diff(default.Decision(REQUEST, steps, None, True, []))
    assert (row["before"], row["after"]) == ("connect6\naccept\n", "connect4 45/45/9\nconnect6 45/45/9\n")


def test_open_connections_keep_what_they_got():
    steps = [("attach", "connect4")]
    assert list(default.warnings(default.Decision(REQUEST, steps, None, True, []))) == []
    (said,) = default.warnings(default.Decision(REQUEST, steps + [("replace", "connect6")], None, True, []))
    assert said == "Connections that are open already keep the times that they got from the earlier programs."


KERNELS = dict(time=7200, intvl=75, probes=9)
BOOT = boot.Decision([], False, True, None, "/usr/local/lib/longlived-tcp")


@pytest.mark.parametrize(
    ("changes", "asks", "running", "given"),
    [
        ({}, True, VALUES, [(VALUES, True), (VALUES, True), None]),
        # Short values stay, those of a container are set.
        ({}, True, dict(time=300, intvl=30, probes=5), [(dict(time=300, intvl=30, probes=5), True), (VALUES, True), None]),
        # To a program, a time below 0 is a long one.
        ({}, True, dict(time=-1, intvl=30, probes=5), [(VALUES, True), (VALUES, True), None]),
        # A kernel on which a program cannot ask sets none.
        ({}, False, VALUES, [(VALUES, True), (KERNELS, True), None]),
        (dict(accepted=True), True, VALUES, [(VALUES, True)] * 3),
        (dict(present=False), True, VALUES, [None, None, None]),
        (dict(runtime=False), True, VALUES, [None, None, None]),
    ],
)
def test_what_would_be(changes, asks, running, given):
    rows = [dict(hook="connect4", program_id=None, others=[])]
    found = default.foreseen(default.Decision(REQUEST._replace(**changes), [], BOOT, asks, rows), running)
    expected = [one and dict(one[0], keepalive=one[1]) for one in given]
    assert [found.get(name) for name in proof.PROOFS] == expected
    assert found["attached"] == (None if "runtime" in changes else rows)
    assert (found["pending"], found["unproved"], found["sets_times"]) == ([], [], asks)
    assert found["boot"] == dict(unit=boot.UNIT, script="/usr/local/lib/longlived-tcp/keepalive_default.py", enabled=True)


@pytest.fixture
def looked(monkeypatch, tmpdir):
    """A host with what is set in it."""
    host = dict(attached=[], proofs=dict(host=dict(VALUES, keepalive=True)), decision=default.Decision(REQUEST, [], None, True, []))
    monkeypatch.setattr(traces, "RECORD", str(tmpdir.join("record")))
    monkeypatch.setattr(default, "attached", lambda cgroup=None: host["attached"] if cgroup is None else host[cgroup])
    monkeypatch.setattr(default, "decide", lambda request: host["decision"])
    monkeypatch.setattr(default, "new_connections", lambda accepted: dict(host["proofs"], asked=accepted))
    monkeypatch.setattr(boot, "state", lambda: "boot")
    monkeypatch.setattr(default, "scope", lambda: "host")
    return host


def test_a_look_without_a_request(looked):
    looked["attached"] = [dict(hook="accept", program_id=7, others=[])]
    assert default.state() == dict(looked["proofs"], attached=looked["attached"], boot="boot", scope="host", asked=True)


def test_a_look_without_a_request_sees_another_cgroup_as_well(looked):
    traces.record("/a")
    looked["/a"] = [dict(hook="connect4", program_id=7, others=[])]
    assert default.state()["attached"] == looked["/a"]
    looked["/a"] = []
    assert default.state()["attached"] == []


def test_a_look_compares_with_what_is_asked_for(looked):
    found = default.state(REQUEST)
    assert (found["pending"], found["unproved"], found["sets_times"], found["asked"]) == ([], [], True, False)
    looked["proofs"] = dict(host=dict(VALUES, keepalive=False))
    looked["decision"] = looked["decision"]._replace(steps=[("attach", "connect4")])
    found = default.state(REQUEST)
    assert (found["pending"], found["unproved"]) == (["attach connect4"], ["host"])


def test_a_look_for_what_is_to_be_gone_makes_no_proof(looked):
    looked["decision"] = looked["decision"]._replace(request=REQUEST._replace(present=False))
    found = default.state(REQUEST._replace(present=False))
    assert (found["attached"], found["pending"], found["unproved"], found.get("host")) == ([], [], [], None)


def test_a_look_says_what_hinders_it(monkeypatch, looked):
    def refuse(request):
        raise default.DefaultError("No.")

    monkeypatch.setattr(default, "decide", refuse)
    assert default.state(REQUEST)["error"] == "No."


@pytest.fixture
def two_cgroups(monkeypatch, tmpdir):
    monkeypatch.setattr(traces, "RECORD", str(tmpdir.join("record")))
    monkeypatch.setattr(default, "attached", lambda cgroup=None: [dict(hook="connect4")])


@pytest.mark.parametrize(("recorded", "asked", "says"), [("/a", None, "/a"), (None, "/b", "the root"), ("/a", "/b", "/a")])
def test_one_cgroup_at_a_time(two_cgroups, recorded, asked, says):
    traces.record(recorded or "")
    with pytest.raises(default.DefaultError) as error:
        default._refuse_two_cgroups(REQUEST._replace(cgroup=asked))
    assert str(error.value) == "The programs are attached to %s already: take them out there first (state: absent)." % says
    default._refuse_two_cgroups(REQUEST._replace(cgroup=recorded))
    default._refuse_two_cgroups(REQUEST._replace(cgroup=asked, present=False))


def test_a_record_without_programs_hinders_nothing(two_cgroups, monkeypatch):
    traces.record("/a")
    monkeypatch.setattr(default, "attached", lambda cgroup=None: [])
    default._refuse_two_cgroups(REQUEST)


def test_what_is_taken_out_is_where_it_was_attached(two_cgroups):
    traces.record("/a")
    assert default._where(REQUEST) is None
    assert default._where(REQUEST._replace(present=False)) == "/a"
    assert default._where(REQUEST._replace(present=False, cgroup="/b")) == "/b"


@pytest.mark.parametrize(("kernel", "verified", "asks"), [((5, 10), True, False), ((6, 1), True, True), ((6, 1), False, False)])
def test_what_a_kernel_can_be_asked(monkeypatch, kernel, verified, asks):
    """Before Linux 6.1 the verifier takes it, and the running program gets an error."""
    monkeypatch.setattr(default, "_KERNEL", kernel)
    monkeypatch.setattr(keepalive_default, "can_ask", lambda *_settings: verified)
    assert default._wanted(REQUEST)[1] is asks


@pytest.mark.parametrize(("time", "sets_times", "unproved"), [(45, True, []), (7200, False, [])])
def test_a_kernel_to_which_it_was_ported_back_is_measured(looked, time, sets_times, unproved):
    looked["decision"] = looked["decision"]._replace(asks=False)
    looked["proofs"]["container"] = dict(VALUES, time=time, keepalive=True)
    found = default.state(REQUEST)
    assert (found["sets_times"], found["unproved"]) == (sets_times, unproved)
