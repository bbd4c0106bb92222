# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module hands to the host as a transaction, and how it ends; the transaction has tests of its own."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

pytest.importorskip("ansible.module_utils.basic")

from ansible_collections.longlived.tcp.plugins.module_utils import _host
from ansible_collections.longlived.tcp.plugins.modules import keepalive

from .running import run


class Part:
    problems, warnings = (), ["said"]

    def __init__(self, name, changed):
        self.name, self.changed, self.diff = name, changed, [dict(before_header=name)]


class Host(_host.Host):
    refusals = {}

    def __init__(self, request):
        self.request, self.before, self.parts, self._warnings = request, dict(look=1), [], []

    def decide(self):
        if self.refusals:
            raise _host.Refused(self.refusals)
        self.parts = [Part("sysctl", True), Part("aws", False)]

    def act(self):
        return dict(look=2)

    def foreseen(self):
        return dict(foreseen=True)


@pytest.fixture(autouse=True)
def _host_class(monkeypatch):
    monkeypatch.setattr(keepalive, "Host", Host)


ROWS = [dict(part="sysctl", changed=True, refusal=None), dict(part="aws", changed=False, refusal=None)]


def test_a_run_acts_and_looks_again(monkeypatch):
    result = run(monkeypatch, keepalive)
    assert (result["changed"], result["before"], result["after"]) == (True, dict(look=1), dict(look=2))
    assert (result["parts"], result["problems"], result["warnings"]) == (ROWS, [], ["said"])
    assert "diff" not in result


def test_a_check_run_foresees_and_a_diff_has_the_parts_that_change(monkeypatch):
    result = run(monkeypatch, keepalive, check_mode=True, diff=True)
    assert (result["changed"], result["after"]) == (True, dict(foreseen=True))
    assert result["diff"] == [dict(before_header="sysctl")]


def test_what_parts_refuse_is_one_message_and_a_row_each(monkeypatch):
    monkeypatch.setattr(Host, "refusals", dict(sysctl="No file.", aws="No user."))
    result = run(monkeypatch, keepalive)
    assert result["failed"] and result["msg"] == "No file. No user."
    assert [row["refusal"] for row in result["parts"]] == ["No file.", "No user."]


def test_a_look_that_fails_has_no_parts(monkeypatch):
    def looks(request):
        raise _host.UserError("/proc is not mounted.")

    monkeypatch.setattr(keepalive, "Host", looks)
    result = run(monkeypatch, keepalive)
    assert (result["msg"], result["parts"]) == ("/proc is not mounted.", [])
