# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module asks, and how it ends; the question itself is tried on the lab's paths."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib

import pytest

pytest.importorskip("ansible.module_utils.basic")

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._path_idle.silences import Tried
from ansible_collections.longlived.tcp.plugins.modules import path_idle_info

from .running import run


class Connection:
    address = "10.20.0.9"


@pytest.fixture
def asked(monkeypatch):
    calls = []

    @contextlib.contextmanager
    def connected(host, port):
        calls.append((host, port))
        yield Connection()

    def tried(_connection, silences):
        calls.append(silences)
        return [Tried(340, "alive", 340.0, 0, 340.0), Tried(360, "reset", 360.2, 0, 700.2)]

    monkeypatch.setattr(path_idle_info, "connected", connected)
    monkeypatch.setattr(path_idle_info, "tried", tried)
    return calls


def test_one_connection_and_the_shortest_silence_first(monkeypatch, asked):
    result = run(monkeypatch, path_idle_info, host="db", port=5432, silences=[360, 340])
    assert asked == [("db", 5432), [340, 360]]
    assert (result["changed"], result["address"], result["warnings"]) == (False, "10.20.0.9", [])
    assert (result["remembers_at_least"], result["forgets_by"]) == (340, 360)


def test_what_cannot_be_asked_is_refused_before_it_connects(monkeypatch, asked):
    assert run(monkeypatch, path_idle_info, host="db", port=0)["msg"] == "port is 0, and must be from 1 to 65535."
    assert asked == []


def test_a_listener_that_refuses_is_one_sentence(monkeypatch):
    def connected(host, port):
        raise UserError("%s refuses." % host)

    monkeypatch.setattr(path_idle_info, "connected", connected)
    assert run(monkeypatch, path_idle_info, host="db", port=1) == dict(failed=True, msg="db refuses.", warnings=[])
