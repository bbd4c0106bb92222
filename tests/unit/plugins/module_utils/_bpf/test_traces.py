# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What says that programs may be attached, without a system call of bpf."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import stat

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._bpf import traces
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError


@pytest.fixture(autouse=True)
def _host(monkeypatch, tmpdir):
    monkeypatch.setattr(traces, "RECORD", str(tmpdir.join("record")))
    monkeypatch.setattr(traces, "UNIT", str(tmpdir.join("unit")))


def test_a_host_without_a_trace():
    assert not traces.are_there() and traces.recorded() is None
    traces.record(None)


def test_a_record_is_a_trace_and_names_the_cgroup():
    traces.record("/sys/fs/cgroup/x")
    assert traces.are_there() and traces.recorded() == "/sys/fs/cgroup/x"
    traces.record("")  # the root
    assert traces.are_there() and traces.recorded() == ""
    traces.record(None)
    assert not traces.are_there()


def test_a_record_that_is_right_is_not_written(tmpdir):
    traces.record("/a")
    before = int(tmpdir.join("record").stat().mtime) - 10
    tmpdir.join("record").setmtime(before)
    traces.record("/a")
    assert tmpdir.join("record").stat().mtime == before


def test_a_record_that_cannot_be_written_is_a_sentence(monkeypatch):
    monkeypatch.setattr(traces, "RECORD", "/nowhere/record")
    with pytest.raises(UserError) as error:
        traces.record("")
    assert str(error.value) == "Cannot write /nowhere/record: No such file or directory."


def test_nobody_else_writes_a_record(tmpdir):
    old = os.umask(0)
    try:
        traces.record("")
    finally:
        os.umask(old)
    assert stat.S_IMODE(tmpdir.join("record").stat().mode) == 0o644


def test_a_unit_is_a_trace(tmpdir):
    tmpdir.join("unit").write("")
    assert traces.are_there()
