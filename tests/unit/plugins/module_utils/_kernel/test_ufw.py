# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ufw applies after systemd-sysctl."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import ufw
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.precedence import File, Setting
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.sysctl_d import rules_for

OWN = "/etc/ufw/sysctl.conf"
DEFAULTS = "IPV6=yes\n# IPT_SYSCTL=/nowhere\nIPT_SYSCTL=/etc/ufw/sysctl.conf\n"


@pytest.mark.parametrize(
    ("defaults", "conf", "expected"),
    [
        (DEFAULTS, "ENABLED=yes\n", OWN),
        (DEFAULTS, "ENABLED=YES\n", OWN),
        (DEFAULTS, 'ENABLED="yes" # since May\n', OWN),
        (DEFAULTS, "ENABLED=no\n", None),
        (DEFAULTS, "ENABLED=Yes\n", None),
        (DEFAULTS, "", None),
        (DEFAULTS, "ENABLED=no\nENABLED=yes\n", OWN),
        ("IPT_SYSCTL='/etc/a b.conf'\n", "ENABLED=yes\n", "/etc/a b.conf"),
        ("IPT_SYSCTL=\n", "ENABLED=yes\n", None),
        (DEFAULTS, "ENABLED=yes\nIPT_SYSCTL=/etc/other.conf\n", "/etc/other.conf"),
    ],
)
def test_the_file_that_is_loaded(defaults, conf, expected):
    assert ufw.sysctl_file([defaults, conf]) == expected


def before():
    values, path = dict(time=45, intvl=45, probes=9), "/etc/sysctl.d/a.conf"
    return dict((name, Setting(value, path, 1, path)) for name, value in values.items())


def test_its_lines_win():
    file = File(OWN, OWN, b"# x\nnet/ipv4/tcp_keepalive_intvl=1800\nnet.ipv4.tcp_keepalive_time=oops\n")
    after = ufw.applied(file, rules_for(252), before())
    assert after["intvl"] == Setting(1800, OWN, 2, OWN, "ufw")
    assert after["time"] == before()["time"]


def test_it_counts_where_its_unit_starts(monkeypatch, tmpdir):
    tmpdir.join("defaults").write(DEFAULTS.replace(OWN, str(tmpdir.join("sysctl.conf"))))
    tmpdir.join("ufw.conf").write("ENABLED=yes\n")
    tmpdir.join("sysctl.conf").write("x")
    monkeypatch.setattr(ufw, "SETTINGS", (str(tmpdir.join("defaults")), str(tmpdir.join("ufw.conf"))))
    monkeypatch.setattr(ufw, "starts_at_boot", lambda unit: unit == "ufw.service")
    assert ufw.loaded().content == b"x"
    monkeypatch.setattr(ufw, "starts_at_boot", lambda _unit: False)
    assert ufw.loaded() is None
