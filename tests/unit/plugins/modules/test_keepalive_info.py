# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module returns about live connections, and when it asks for them at all."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import gc

import pytest

pytest.importorskip("ansible.module_utils.basic")

from ansible_collections.longlived.tcp.plugins.module_utils import _network_namespaces, _socket_report
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.modules import keepalive_info

COUNTS = dict(established=3, protected=3, stale=0, unprotected=0, unknown=0)
ROWS = [dict(COUNTS, pid=7, name="worker", user="app", unit=None)]


class FakeModule:
    """What the function needs of AnsibleModule."""

    def __init__(self, **parameters):
        self.params = dict(dict(sockets=False, processes=[], idle_timeout=350), **parameters)
        self.warnings = []

    def warn(self, warning):
        self.warnings.append(warning)


@pytest.fixture(autouse=True)
def _collector(monkeypatch):
    monkeypatch.setattr(gc, "disable", lambda: None)


@pytest.fixture
def asked(monkeypatch):
    """The questions that were asked."""
    questions = []

    def report(selection, idle_timeout, limit, options, everywhere, warn):
        for name in set(selection.names) & set(["typo"]):
            warn("no %s" % name)
        questions.append((selection.names, idle_timeout, limit, options, everywhere))
        return dict(summary=COUNTS, processes=ROWS, unreadable=dict(processes=1, namespaces=0))

    monkeypatch.setattr(_socket_report, "report", report)
    return questions


@pytest.mark.parametrize(
    ("parameters", "question", "returned"),
    [
        (dict(sockets=True), ([], 350, 0, False, True), dict(sockets=COUNTS)),
        (dict(processes=["w*"], idle_timeout=60), (["w*"], 60, 0, True, True), dict(processes=ROWS)),
        (dict(sockets=True, processes=["w*"]), (["w*"], 350, 0, True, True), dict(sockets=COUNTS, processes=ROWS)),
    ],
)
def test_one_look_for_all_that_is_asked(asked, parameters, question, returned):
    module = FakeModule(**parameters)
    assert keepalive_info._live(module) == returned
    assert asked == [question]
    (warning,) = module.warnings
    assert "1 processes" in warning


def test_a_name_that_is_none_is_refused_and_one_that_nobody_has_is_a_warning(asked):
    with pytest.raises(UserError) as error:
        keepalive_info._live(FakeModule(processes=["[worker]"]))
    assert "processes has [worker], whose brackets" in str(error.value)
    assert asked == []
    module = FakeModule(processes=[" worker", "typo"])
    keepalive_info._live(module)
    assert asked[0][0] == ["worker", "typo"]
    assert module.warnings[0] == "no typo"


def strand(*_arguments, **_more):
    raise _network_namespaces.Stranded("No way back.")


def test_in_a_foreign_namespace_it_does_not_go_on(monkeypatch):
    monkeypatch.setattr(_socket_report, "report", strand)
    with pytest.raises(_network_namespaces.Stranded):
        keepalive_info._live(FakeModule(sockets=True))


def refuse(*_arguments, **_more):
    raise UserError("The kernel refuses.")


def test_a_kernel_that_lists_nothing_is_no_error_unless_processes_were_named(monkeypatch):
    monkeypatch.setattr(_socket_report, "report", refuse)
    module = FakeModule(sockets=True)
    assert keepalive_info._live(module) == dict(sockets=None)
    assert module.warnings == ["The live connections could not be counted: The kernel refuses."]
    with pytest.raises(UserError):
        keepalive_info._live(FakeModule(sockets=True, processes=["worker"]))
