# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module refuses, and what it hands on. What it does to sockets is tested with real ones."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import gc

import pytest

pytest.importorskip("ansible.module_utils.basic")

from ansible_collections.longlived.tcp.plugins.modules import socket_keepalive

DEFAULTS = dict(select=["stale"], time=None, intvl=None, probes=None, check_mode_values=None, idle_timeout=350)
DEFAULTS.update(processes=[], pids=[], peers=[], ports=[], local=False, limit=100)


class Ended(Exception):
    pass


class FakeModule:
    """What the module needs of AnsibleModule."""

    def __init__(self, check_mode, parameters):
        self.check_mode = check_mode
        self._diff = False
        self.params = dict(DEFAULTS, **parameters)
        self.result = None
        self.warnings = []

    def warn(self, warning):
        self.warnings.append(warning)

    def exit_json(self, **result):
        self.result = result
        raise Ended()

    def fail_json(self, **result):
        self.result = dict(result, failed=True)
        raise Ended()


@pytest.fixture
def run(monkeypatch):
    asked = []

    def protect(selection, request, dry, foreseen, warn):
        asked.append((selection.names, dry, foreseen))
        warn("as the look says")
        return []

    def run_module(check_mode=False, **parameters):
        module = FakeModule(check_mode, parameters)
        monkeypatch.setattr(socket_keepalive, "AnsibleModule", lambda **_arguments: module)
        with pytest.raises(Ended):
            socket_keepalive.main()
        return module, asked

    monkeypatch.setattr(gc, "disable", lambda: None)
    monkeypatch.setattr(socket_keepalive, "protect", protect)
    return run_module


def test_check_mode_values_are_nothing_to_a_real_run(run):
    unusable = dict(time=0, intvl=45, probes=9)
    module, asked = run(processes=["worker"], check_mode_values=unusable)
    assert "failed" not in module.result
    assert asked == [(["worker"], False, None)]
    module, asked = run(check_mode=True, processes=["worker"], check_mode_values=unusable)
    assert module.result["msg"].startswith("time is 0, and must be from 1 to 32767")
    good = dict(unusable, time=45)
    module, asked = run(check_mode=True, processes=["worker"], check_mode_values=good)
    assert asked[1:] == [(["worker"], True, good)]


def test_a_list_that_came_as_text_is_refused(run):
    module, asked = run(processes=["[worker]"])
    assert module.result["msg"].startswith("processes has [worker], whose brackets or quotes")
    assert asked == []


def test_what_the_look_warns_of_is_a_warning(run):
    module, _asked = run(processes=["worker"])
    assert module.warnings == ["as the look says"]
