# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module looks at, and how it ends; the look has tests of its own."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

pytest.importorskip("ansible.module_utils.basic")

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.modules import keepalive_verify

from .running import run


@pytest.mark.parametrize("check_mode", [False, True])
def test_it_looks_and_changes_nothing(monkeypatch, check_mode):
    asked = []
    monkeypatch.setattr(keepalive_verify, "look", lambda scope, warn: asked.append(scope) or warn("said") or dict(look=1))
    result = run(monkeypatch, keepalive_verify, check_mode=check_mode, processes=["worker"], path=[60])
    assert result == dict(changed=False, after=dict(look=1), warnings=["said"])
    assert (asked[0].processes, asked[0].idle_timeout) == (["worker"], 60)


def test_a_look_that_fails_is_one_sentence(monkeypatch):
    def look(scope, warn):
        raise UserError("/proc is not mounted.")

    monkeypatch.setattr(keepalive_verify, "look", look)
    assert run(monkeypatch, keepalive_verify) == dict(failed=True, msg="/proc is not mounted.", warnings=[])
