# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The running values, in files that stand for /proc/sys."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import runtime

VALUES = dict(time=45, intvl=45, probes=9)


@pytest.fixture
def proc(monkeypatch, tmpdir):
    monkeypatch.setattr(runtime, "PROC_SYS", str(tmpdir))
    for name, value in (("time", 7200), ("intvl", 75), ("probes", 9)):
        tmpdir.join("net", "ipv4", "tcp_keepalive_%s" % name).write("%d\n" % value, ensure=True)
    return tmpdir.join("net", "ipv4")


def test_read_and_write(proc):
    before = runtime.read()
    assert before == dict(time=7200, intvl=75, probes=9)
    runtime.write(VALUES)
    assert [proc.join("tcp_keepalive_%s" % name).read() for name in ("time", "intvl", "probes")] == ["45\n0\n", "45\n", "9\n"]


def test_a_kernel_without_the_values(proc):
    proc.join("tcp_keepalive_time").remove()
    with pytest.raises(runtime.RuntimeValueError) as error:
        runtime.read()
    assert "This kernel has no net.ipv4.tcp_keepalive_time: cannot read " in str(error.value)
    assert runtime.read_or_none() == dict.fromkeys(("time", "intvl", "probes"))


def test_what_is_as_before_is_not_written(proc, monkeypatch):
    monkeypatch.setattr(runtime, "write", None)
    runtime.restore(runtime.read())


def test_the_file_is_loaded_by_its_name_as_it_is():
    asked = []

    def run_command(command, **options):
        asked.append((command, options["expand_user_and_vars"]))
        return 1, "said\n", "refused\n"

    assert runtime.sysctl_p(run_command, "/sbin/sysctl", "/etc/sysctl.d/$x.conf") == "said\nrefused"
    assert asked == [(["/sbin/sysctl", "-q", "-p", "/etc/sysctl.d/$x.conf"], False)]


def test_a_program_that_does_not_start():
    def run_command(_command, **_options):
        raise OSError(2, os.strerror(2))

    assert runtime.sysctl_p(run_command, "/sbin/sysctl", "/x") == "/sbin/sysctl does not start: No such file or directory"
