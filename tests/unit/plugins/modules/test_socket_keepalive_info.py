# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module refuses, and what it hands on. What it says of sockets is tested with real ones."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import gc

import pytest

pytest.importorskip("ansible.module_utils.basic")

from ansible_collections.longlived.tcp.plugins.modules import socket_keepalive_info

from .running import run


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    calls = []

    def report(selection, idle_timeout, limit, socket_options, warn):
        calls.append((selection.names, idle_timeout, limit, socket_options))
        warn("as the look says")
        return dict(summary={}, unreadable=dict(processes=0, namespaces=0))

    monkeypatch.setattr(gc, "disable", lambda: None)
    monkeypatch.setattr(socket_keepalive_info, "report", report)
    monkeypatch.setattr(socket_keepalive_info, "unseen", lambda result: ["what was not seen"])
    return calls


def test_what_is_asked_for_and_what_comes_back(monkeypatch, asked):
    result = run(monkeypatch, socket_keepalive_info, processes=["worker"], limit=0, socket_options=True)
    assert asked == [(["worker"], 350, 0, True)]
    assert not result["changed"] and result["warnings"] == ["as the look says", "what was not seen"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (dict(idle_timeout=0), "idle_timeout is 0, and must be at least 1."),
        (dict(limit=-1), "limit is -1, and must be at least 0."),
        (dict(ports=[0]), "ports has 0, and a port is from 1 to 65535."),
    ],
)
def test_what_cannot_be_asked_for(monkeypatch, asked, options, says):
    assert run(monkeypatch, socket_keepalive_info, **options) == dict(failed=True, msg=says, warnings=[])
    assert not asked
