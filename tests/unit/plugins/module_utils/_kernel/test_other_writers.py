# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What else may set the values and has no rank: found, and named with its file, line and value."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import other_writers


@pytest.fixture
def root(monkeypatch, tmpdir):
    monkeypatch.setattr(other_writers, "COMMAND_LINE", str(tmpdir.join("cmdline")))
    monkeypatch.setattr(other_writers, "CREDENTIALS", (str(tmpdir.join("sysctl.extra")),))
    monkeypatch.setattr(other_writers, "ENCRYPTED_CREDENTIALS", (str(tmpdir.join("encrypted")),))
    monkeypatch.setattr(other_writers, "UNIT_DIRECTORIES", tuple(str(tmpdir.join(name)) for name in ("etc", "local", "usr")))
    return tmpdir


def found():
    return [(row["key"] and row["key"][len("net.ipv4.tcp_keepalive_") :], row["value"], row["line"]) for row in other_writers.seen()]


def test_nothing(root):
    assert other_writers.seen() == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("sysctl.net.ipv4.tcp_keepalive_time=60", [("time", 60, 1)]),
        ("quiet sysctl/net/ipv4/tcp_keepalive_intvl=5 splash", [("intvl", 5, 1)]),
        ("sysctl.net/ipv4/tcp_keepalive_probes=0x9", [("probes", 9, 1)]),
        ('"sysctl.net.ipv4.tcp_keepalive_time=60" sysctl.net.ipv4.tcp_keepalive_intvl="5"', [("time", 60, 1), ("intvl", 5, 1)]),
        ("sysctl.net.ipv4.tcp_keepalive_timeout=60 sysctl.vm.swappiness=1 xsysctl.net.ipv4.tcp_keepalive_time=1", []),
        ("quiet -- sysctl.net.ipv4.tcp_keepalive_time=60", []),
        ("sysctl.net.ipv4.tcp_keepalive_time=soon", [("time", None, 1)]),
    ],
)
def test_the_kernel_command_line(root, words, expected):
    root.join("cmdline").write(words + "\n")
    assert found() == expected


def test_credentials(root):
    root.join("sysctl.extra").write("vm.swappiness=1\n# net.ipv4.tcp_keepalive_time=1\nnet.ipv4.tcp_keepalive_probes=3\n")
    root.join("encrypted").write("x")
    assert found() == [("probes", 3, 3), (None, None, None)]


@pytest.mark.parametrize("directory", ["etc", "local", "usr"])
def test_a_drop_in_of_systemd_sysctl(root, directory):
    drop_in = root.join(directory, "systemd-sysctl.service.d", "x.conf")
    drop_in.write("[Service]\nExecStartPost=/sbin/sysctl -w net.ipv4.tcp_keepalive_time=60\nExecStartPost=/opt/tune\n", ensure=True)
    assert found() == [("time", 60, 2), (None, None, 3)]
    assert other_writers.seen()[0]["file"] == str(drop_in)


def test_a_drop_in_that_changes_nothing_of_it(root):
    root.join("usr", "systemd-sysctl.service.d", "x.conf").write("[Unit]\n# why\nAfter=a.service\n\n[Service]\nTimeoutSec=9\n", ensure=True)
    root.join("usr", "systemd-sysctl.service.d", "README").write("ExecStartPost=/opt/tune\n")
    assert found() == []


def test_a_drop_in_that_another_one_hides(root):
    root.join("usr", "systemd-sysctl.service.d", "x.conf").write("[Service]\nExecStartPost=/opt/tune\n", ensure=True)
    root.join("etc", "systemd-sysctl.service.d").ensure(dir=True).join("x.conf").mksymlinkto("/dev/null")
    assert found() == []


def test_a_unit_of_the_administrators(root):
    root.join("usr", "systemd-sysctl.service").write("[Service]\nExecStart=/lib/systemd/systemd-sysctl\n", ensure=True)
    assert found() == []
    root.join("etc", "systemd-sysctl.service").write("[Service]\nExecStart=/opt/tune\n", ensure=True)
    assert found() == [(None, None, 2)]


BOOT = dict(value=45, file="/etc/sysctl.d/99-tcp-keepalive.conf", line=3)


def a_row(**changed):
    row = other_writers.row("rc.local", "at the end of the boot", "/etc/rc.local", 3, "time", 60)
    return dict(row, **changed)


@pytest.mark.parametrize(
    ("changed", "boot", "expected"),
    [
        ({}, BOOT, True),
        (dict(value=None), BOOT, True),
        (dict(value=45), BOOT, False),
        (dict(certain=True), BOOT, False),
        (dict(key=None), None, True),
        (dict(file=other_writers.COMMAND_LINE), BOOT, False),
        (dict(file=other_writers.COMMAND_LINE), dict(BOOT, file=None), True),
    ],
)
def test_which_may_change_what_a_boot_gives(changed, boot, expected):
    assert other_writers.may_change(a_row(**changed), boot) is expected


@pytest.mark.parametrize(
    ("changed", "boot", "said"),
    [
        (
            {},
            BOOT,
            "net.ipv4.tcp_keepalive_time may be 60 instead of 45 after the next boot, as /etc/rc.local line 3 sets it"
            " (rc.local, at the end of the boot): remove or change that line.",
        ),
        (
            dict(value=None),
            BOOT,
            "net.ipv4.tcp_keepalive_time may be another value than 45 after the next boot, as /etc/rc.local line 3 sets it"
            " (rc.local, at the end of the boot): remove or change that line.",
        ),
        (
            dict(key=None, line=None),
            None,
            "What the next boot gives is not certain, as /etc/rc.local (rc.local) acts at the end of the boot,"
            " and what it sets is not known: reboot to see it.",
        ),
    ],
)
def test_a_sentence_names_the_line(changed, boot, said):
    assert other_writers.describe(a_row(**changed), boot) == said
