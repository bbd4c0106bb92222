# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a look at a host asks for, and what is no error there."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import gc

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._host_state import Scope, sockets_state
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import namespaces
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import report as _report

COUNTS = dict(established=3, protected=2, stale=1, unprotected=0, unknown=0)
REASONS = dict(disabled=1, runtime=0, pinned=0)
ROWS = [dict(COUNTS, pid=7, name="worker", user="app", unit="worker.service", reasons=REASONS)]
SCOPE = Scope(350, [], ["default"], ["tcp_keepalive"], False, [], False, False, None, True, True)


@pytest.fixture(autouse=True)
def _collector(monkeypatch):
    monkeypatch.setattr(gc, "disable", lambda: None)
    monkeypatch.setattr(namespaces, "service_of", lambda pid: "worker.service")


@pytest.fixture
def asked(monkeypatch):
    """The questions that were asked."""
    questions = []

    def report(selection, idle_timeout, limit, socket_options, everywhere, warn, foreseen, rescued):
        for name in set(selection.names) & set(["typo"]):
            warn("no %s" % name)
        questions.append((selection.names, idle_timeout, limit, socket_options, everywhere, foreseen, rescued))
        return dict(summary=COUNTS, processes=ROWS, unreadable=dict(processes=1, namespaces=0))

    monkeypatch.setattr(_report, "report", report)
    return questions


NOTHING_FORESEEN = (True, None, frozenset())
COUNTED = dict(sockets=COUNTS, restart=["worker.service"], without_keepalive=["worker"])


@pytest.mark.parametrize(
    ("scope", "question", "returned"),
    [
        (dict(sockets=True), ([], 350, 0, False) + NOTHING_FORESEEN, COUNTED),
        (dict(processes=["w*"], idle_timeout=60), (["w*"], 60, 0, True) + NOTHING_FORESEEN, dict(processes=ROWS)),
        (dict(sockets=True, processes=["w*"]), (["w*"], 350, 0, True) + NOTHING_FORESEEN, dict(COUNTED, processes=ROWS)),
    ],
)
def test_one_look_for_all_that_is_asked(asked, scope, question, returned):
    warnings = []
    assert sockets_state(SCOPE._replace(**scope), warnings.append) == returned
    assert asked == [question]
    (warning,) = warnings
    assert "1 processes" in warning


def test_a_name_that_is_none_is_refused_and_one_without_a_process_is_a_warning(asked):
    with pytest.raises(UserError) as error:
        sockets_state(SCOPE._replace(processes=["[worker]"]), None)
    assert "processes has [worker], whose brackets" in str(error.value)
    assert asked == []
    warnings = []
    sockets_state(SCOPE._replace(processes=[" worker", "typo"]), warnings.append)
    assert asked[0][0] == ["worker", "typo"]
    assert warnings[0] == "no typo"


def strand(*_arguments, **_more):
    raise namespaces.Stranded("No way back.")


def test_in_a_foreign_namespace_it_does_not_go_on(monkeypatch):
    monkeypatch.setattr(_report, "report", strand)
    with pytest.raises(namespaces.Stranded):
        sockets_state(SCOPE._replace(sockets=True), None)


def refuse(*_arguments, **_more):
    raise UserError("The kernel refuses.")


def test_a_kernel_that_lists_nothing_is_no_error_unless_processes_were_named(monkeypatch):
    monkeypatch.setattr(_report, "report", refuse)
    warnings = []
    assert sockets_state(SCOPE._replace(sockets=True), warnings.append) == dict(sockets=None, restart=[], without_keepalive=[])
    assert warnings == ["The live connections could not be counted: The kernel refuses."]
    with pytest.raises(UserError):
        sockets_state(SCOPE._replace(sockets=True, processes=["worker"]), warnings.append)
