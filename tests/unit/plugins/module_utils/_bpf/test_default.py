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
from ansible_collections.longlived.tcp.plugins.module_utils._bpf import boot, default, keepalive_default, proof

VALUES = dict(time=45, intvl=45, probes=9)
REQUEST = default.Request(True, False, False, VALUES, 350, True, True, None)


@pytest.mark.parametrize(("idle_timeout", "most"), [(350, 311), (240, 213), (1, 0), (9, 8)])
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
        (keepalive_default.BpfError(errno.ENOSYS, "Cannot ask"), "; this kernel has no bpf(2) for it: use Linux 5.9 or newer."),
        (keepalive_default.BpfError(errno.EINVAL, "Cannot ask"), "; this kernel is too old for it: use Linux 5.9 or newer."),
        (keepalive_default.BpfError(errno.E2BIG, "Cannot attach"), "; 64 programs are attached there already."),
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


def test_what_another_owner_undoes_is_said(monkeypatch):
    monkeypatch.setattr(default, "new_connections", lambda accepted: {"host": dict(VALUES, keepalive=False)})
    with pytest.raises(default.DefaultError) as error:
        default._prove(REQUEST, default.Decision(REQUEST, [], None, True))
    assert str(error.value) == (
        "With the programs attached, new connections do not get what is asked for (host): another owner's program may undo it."
    )


def test_where_no_program_can_be_none_has_to_be_taken_away(monkeypatch):
    def refuse(_cgroup):
        raise default.DefaultError("No.")

    monkeypatch.setattr(default, "attached", refuse)
    monkeypatch.setattr(boot, "decide", lambda arguments: arguments)
    decision = default.decide(REQUEST._replace(present=False))
    assert (decision.steps, decision.boot) == ([], None)


def test_a_diff_names_hooks_and_files():
    steps = [("attach", "connect4"), ("replace", "connect6"), ("detach", "accept")]
    (row,) = default.diff(default.Decision(REQUEST, steps, None, True))
    assert (row["before"], row["after"]) == ("connect6\naccept\n", "connect4\nconnect6\n")


def test_proofs_need_no_other_cgroup(monkeypatch):
    monkeypatch.setattr(proof, "new_connections", None)
    default._prove(REQUEST._replace(cgroup="/sys/fs/cgroup/x"), None)
