# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What else may set the values: found, and named with its file."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import other_writers


@pytest.fixture
def root(monkeypatch, tmpdir):
    for name in ("COMMAND_LINE", "TUNED_PROFILE"):
        monkeypatch.setattr(other_writers, name, str(tmpdir.join(name)))
    monkeypatch.setattr(other_writers, "CREDENTIALS", (str(tmpdir.join("sysctl.extra")),))
    monkeypatch.setattr(other_writers, "ENCRYPTED_CREDENTIALS", (str(tmpdir.join("encrypted")),))
    monkeypatch.setattr(other_writers, "TUNED_DIRECTORIES", (str(tmpdir.join("own")), str(tmpdir.join("tuned"))))
    monkeypatch.setattr(other_writers, "SERVICE_DIRECTORIES", (str(tmpdir.join("units")),))
    return tmpdir


def details():
    return [row["detail"] for row in other_writers.seen()]


def test_nothing(root):
    assert other_writers.seen() == []


def test_the_kernel_command_line(root):
    words = ["quiet", "sysctl.net.ipv4.tcp_keepalive_time=60", "sysctl.net/ipv4/tcp_keepalive_intvl=5", "sysctl.vm.swappiness=1"]
    root.join("COMMAND_LINE").write(" ".join(words) + "\n")
    assert details() == ["sysctl.net.ipv4.tcp_keepalive_time=60", "sysctl.net/ipv4/tcp_keepalive_intvl=5"]


def test_credentials(root):
    root.join("sysctl.extra").write("vm.swappiness=1\nnet.ipv4.tcp_keepalive_probes=3\n")
    root.join("encrypted").write("x")
    assert details() == ["net.ipv4.tcp_keepalive_probes=3", "encrypted, its content cannot be read"]


def test_a_tuned_profile_and_those_that_it_includes(root):
    root.join("TUNED_PROFILE").write("web\n")
    root.join("own", "web", "tuned.conf").write("[main]\ninclude=base, loop\n[sysctl]\nnet.ipv4.tcp_keepalive_time=60\n", ensure=True)
    root.join("tuned", "base", "tuned.conf").write("[sysctl]\nnet.ipv4.tcp_keepalive_intvl=30\n", ensure=True)
    root.join("tuned", "loop", "tuned.conf").write("[main]\ninclude=web\n", ensure=True)
    assert details() == ["net.ipv4.tcp_keepalive_time=60", "net.ipv4.tcp_keepalive_intvl=30"]


def test_a_changed_unit(root):
    root.join("units", "systemd-sysctl.service").write("[Service]\n", ensure=True)
    root.join("units", "systemd-sysctl.service.d", "x.conf").write("[Service]\n", ensure=True)
    assert [row["file"] for row in other_writers.seen()] == [
        str(root.join("units", name)) for name in ("systemd-sysctl.service", "systemd-sysctl.service.d/x.conf")
    ]


def test_a_sentence_names_the_file():
    row = {"source": "tuned profile web", "file": "/etc/tuned/web/tuned.conf", "detail": "x=1"}
    assert other_writers.describe(row) == (
        "Tuned profile web may set net.ipv4.tcp_keepalive_* as well (/etc/tuned/web/tuned.conf: x=1);"
        " where it ranks cannot be told from here."
    )
