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
from ansible_collections.longlived.tcp.plugins.modules import keepalive_info

from .running import run

NOT_ROOT = "Not root: only the network namespaces of this user's own processes were looked at."


@pytest.fixture
def asked(monkeypatch):
    scopes = []
    monkeypatch.setattr(keepalive_info, "look", lambda scope, warn: scopes.append(scope) or dict(runtime=45))
    return scopes


@pytest.mark.parametrize(
    ("user", "options", "warnings"),
    [
        (0, dict(sockets=True), []),
        (1000, dict(), []),
        (1000, dict(sockets=True), [NOT_ROOT]),
        (1000, dict(namespaces=True), [NOT_ROOT]),
        (1000, dict(processes=["worker"]), [NOT_ROOT]),
    ],
)
def test_who_sees_less_is_told(monkeypatch, asked, user, options, warnings):
    monkeypatch.setattr(keepalive_info.os, "geteuid", lambda: user)
    assert run(monkeypatch, keepalive_info, **options) == dict(changed=False, runtime=45, warnings=warnings)
    assert [getattr(asked[0], name) for name in options] == list(options.values())


def test_an_idle_timeout_of_nothing_is_refused_before_the_look(monkeypatch, asked):
    assert run(monkeypatch, keepalive_info, idle_timeout=0)["msg"] == "idle_timeout is 0, and must be at least 1 second."
    assert not asked


def test_a_look_that_fails_is_one_sentence(monkeypatch):
    def look(scope, warn):
        raise UserError("There is no user named x.")

    monkeypatch.setattr(keepalive_info, "look", look)
    assert run(monkeypatch, keepalive_info) == dict(failed=True, msg="There is no user named x.", warnings=[])
