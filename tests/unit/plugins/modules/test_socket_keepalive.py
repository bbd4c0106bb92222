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

from .running import run


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    calls = []

    def protect(selection, request, dry, foreseen, warn):
        calls.append((selection.names, dry, foreseen))
        warn("as the look says")
        return []

    monkeypatch.setattr(gc, "disable", lambda: None)
    monkeypatch.setattr(socket_keepalive, "protect", protect)
    return calls


def test_check_mode_values_are_nothing_to_a_real_run(monkeypatch, asked):
    unusable = dict(time=0, intvl=45, probes=9)
    assert "failed" not in run(monkeypatch, socket_keepalive, processes=["worker"], check_mode_values=unusable)
    assert asked == [(["worker"], False, None)]
    refused = run(monkeypatch, socket_keepalive, check_mode=True, processes=["worker"], check_mode_values=unusable)
    assert refused["msg"].startswith("time is 0, and must be from 1 to 32767")
    good = dict(unusable, time=45)
    run(monkeypatch, socket_keepalive, check_mode=True, processes=["worker"], check_mode_values=good)
    assert asked[1:] == [(["worker"], True, good)]


def test_a_list_that_came_as_text_is_refused(monkeypatch, asked):
    result = run(monkeypatch, socket_keepalive, processes=["[worker]"])
    assert result["msg"].startswith("processes has [worker], whose brackets or quotes")
    assert asked == []


def test_what_the_look_warns_of_is_a_warning(monkeypatch):
    assert run(monkeypatch, socket_keepalive, processes=["worker"])["warnings"] == ["as the look says"]
