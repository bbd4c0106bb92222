# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""This host's systemd, by files that are made here."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import systemd


@pytest.fixture
def root(monkeypatch, tmpdir):
    monkeypatch.setattr(systemd, "SYSTEMD_LIBRARIES", (str(tmpdir.join("libsystemd-shared-*.so")),))
    monkeypatch.setattr(systemd, "SYSTEMD_SYSCTL", (str(tmpdir.join("systemd-sysctl")),))
    monkeypatch.setattr(systemd, "UNIT_DIRECTORIES", (str(tmpdir), str(tmpdir.join("usr"))))
    return tmpdir


@pytest.mark.parametrize(
    ("files", "version"),
    [
        ([], None),
        (["systemd-sysctl"], 219),
        (["libsystemd-shared-252.so", "systemd-sysctl"], 252),
        (["libsystemd-shared-257.9-1.so"], 257),
    ],
)
def test_the_version(root, files, version):
    for name in files:
        root.join(name).write("")
    assert systemd.version() == version


@pytest.mark.parametrize("kind", ["link", "empty", "unit", "none"])
def test_a_masked_service(root, kind):
    unit = root.join("systemd-sysctl.service")
    if kind == "link":
        os.symlink("/dev/null", str(unit))
    elif kind != "none":
        unit.write("[Service]\n" if kind == "unit" else "")
    assert systemd.masked_service() == (str(unit) if kind in ("link", "empty") else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('ID="amzn"\nID_LIKE="centos rhel fedora"\n', True),
        ("ID=rhel\n", True),
        ("ID=debian\n", False),
        ("PRETTY_NAME=rhel\n", False),
        ("", False),
    ],
)
def test_a_relative_of_red_hats(monkeypatch, text, expected):
    monkeypatch.setattr(systemd, "text_of", lambda _path: text)
    assert systemd.is_red_hat_family() is expected


def test_a_text_that_is_missing_or_not_utf_8(root):
    assert systemd.text_of(str(root.join("none"))) == ""
    root.join("odd").write(b"\xff", "wb")
    assert systemd.text_of(str(root.join("odd"))) == u"\ufffd"


def test_a_unit_starts_at_boot_where_another_one_pulls_it_in(root):
    root.join("usr", "a.service").write("[Service]\n", ensure=True)
    assert not systemd.starts_at_boot("a.service")
    root.join("multi-user.target.wants", "a.service").write("", ensure=True)
    assert systemd.started() == {"a.service"}
    assert systemd.starts_at_boot("a.service")
    root.join("a.service").mksymlinkto("/dev/null")
    assert systemd.unit_file("a.service") is None
    assert not systemd.starts_at_boot("a.service")


def test_a_unit_without_a_file_does_not_start(root):
    root.join("multi-user.target.wants", "a.service").write("", ensure=True)
    assert not systemd.starts_at_boot("a.service")
