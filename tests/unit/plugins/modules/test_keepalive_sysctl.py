# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module asks of the transaction, and what it returns; the transaction has tests of its own."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

pytest.importorskip("ansible.module_utils.basic")

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import change
from ansible_collections.longlived.tcp.plugins.modules import keepalive_sysctl

from .running import run

VALUES = dict(time=45, intvl=45, probes=9)


class Decision:
    before, after, boot, overriding, warnings = dict(VALUES, time=7200), VALUES, {}, [], ["said"]

    def __init__(self, request):
        self.request = request


@pytest.fixture
def calls(monkeypatch):
    made = []
    monkeypatch.setattr(change, "decide", lambda request: made.append("decide") or Decision(request))
    monkeypatch.setattr(change, "run", lambda request, backup: made.append("run") or (Decision(request), backup and "/x.1~"))
    monkeypatch.setattr(change, "changes", lambda decision: True)
    monkeypatch.setattr(change, "diff", lambda decision: ["diff"])
    return made


def test_a_check_run_only_decides(monkeypatch, calls):
    result = run(monkeypatch, keepalive_sysctl, check_mode=True, diff=True, backup=True)
    assert calls == ["decide"]
    assert (result["changed"], result["diff"], result["warnings"]) == (True, ["diff"], ["said"])
    assert result["runtime"] == dict(before=Decision.before, after=Decision.after)
    assert "backup_file" not in result


def test_a_run_says_where_the_old_file_is(monkeypatch, calls):
    result = run(monkeypatch, keepalive_sysctl, backup=True)
    assert calls == ["run"]
    assert (result["backup_file"], result["sysctl_file"]) == ("/x.1~", "/etc/sysctl.d/99-tcp-keepalive.conf")
    assert "diff" not in result


def test_what_is_refused_is_one_sentence(monkeypatch):
    def decide(request):
        assert (request.present, request.tolerated, request.values["time"]) == (False, True, 60)
        raise UserError("No.")

    monkeypatch.setattr(change, "decide", decide)
    options = dict(state="absent", overridden="warn", time=60)
    assert run(monkeypatch, keepalive_sysctl, check_mode=True, **options) == dict(failed=True, msg="No.", warnings=[])
