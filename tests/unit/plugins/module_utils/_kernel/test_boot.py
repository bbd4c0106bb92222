# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the next boot gives, and what is said of how sure that is."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import boot, other_writers, tuned_profile
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.precedence import File, Setting, Tree
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.sysctl_d import rules_for

DROP_IN = "/etc/sysctl.d/99-tcp-keepalive.conf"


def a_boot(content, masked=None, version=252):
    file = File(DROP_IN, DROP_IN, content)
    return boot.Boot(Tree([("/etc/sysctl.d", {"99-tcp-keepalive.conf": file})]), rules_for(version), version, masked, [])


def test_a_file_gives_the_value():
    settings = a_boot(b"net.ipv4.tcp_keepalive_time = 45\n").settings()
    assert settings["time"] == Setting(45, DROP_IN, 1, DROP_IN)
    assert boot.values_of(settings) == dict(time=45, intvl=75, probes=9)
    assert boot.as_rows(settings)["time"] == dict(value=45, file=DROP_IN, line=1, read_as=DROP_IN, by=None)


def test_a_masked_service_reads_none():
    masked = a_boot(b"net.ipv4.tcp_keepalive_time = 45\n", masked="/etc/systemd/system/systemd-sysctl.service")
    assert boot.values_of(masked.settings())["time"] == 7200
    assert masked.assignments() == []
    assert "so that no boot reads any sysctl.d file" in masked.warnings()[0]


def test_a_host_without_systemd_is_named():
    (warning,) = a_boot(b"", version=None).warnings()
    assert warning == "This host has no systemd; the boot values are those that sysctl.d(5) gives its files."


def test_a_file_that_cannot_be_read_is_named():
    assert "%s cannot be read" % DROP_IN in a_boot(None).warnings()[0]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (Setting(7200, None, None, None), "the kernel's default"),
        (Setting(45, DROP_IN, 3, DROP_IN), DROP_IN + " line 3"),
        (
            Setting(45, "/etc/sysctl.conf", 3, "/etc/sysctl.d/99-sysctl.conf"),
            "/etc/sysctl.conf line 3, read as /etc/sysctl.d/99-sysctl.conf",
        ),
    ],
)
def test_where_a_value_comes_from(setting, said):
    assert boot.source_of(setting) == said


def test_a_name_of_any_bytes_can_be_printed():
    name = "/etc/\xff" if bytes is str else b"/etc/\xff".decode("utf-8", "surrogateescape")
    assert boot.printable(name) == ("/etc/\xef\xbf\xbd" if bytes is str else u"/etc/\ufffd")
    assert boot.printable(None) is None


def later(certain):
    option = tuned_profile.Option("60", "/etc/tuned/web/tuned.conf", 3, certain)
    loaded = boot.tuned.Loaded([[("net.ipv4.tcp_keepalive_time", option)]], False, True)
    return boot.Later(None, loaded, [other_writers.row("rc.local", "at the end of the boot", "/etc/rc.local", 3, "intvl", 5)], None)


def test_who_writes_later_counts_where_the_order_is_known():
    host = a_boot(b"net.ipv4.tcp_keepalive_time = 45\n")
    host = boot.Boot(host.tree, host.rules, 252, None, [], later(True))
    assert host.settings()["time"] == Setting(60, "/etc/tuned/web/tuned.conf", 3, "/etc/tuned/web/tuned.conf", "TuneD")
    assert boot.source_of(host.settings()["time"]) == "/etc/tuned/web/tuned.conf line 3 (TuneD applies it after systemd-sysctl)"
    assert [(row["key"], row["value"], row["certain"]) for row in host.other_writers()] == [
        ("net.ipv4.tcp_keepalive_time", 60, True),
        ("net.ipv4.tcp_keepalive_intvl", 5, False),
    ]
    assert [warning for warning in host.warnings() if "/etc/rc.local line 3 sets it" in warning]
    assert host.replacing(DROP_IN, b"").settings()["time"].value == 60


def test_what_is_not_certain_is_only_said():
    host = a_boot(b"net.ipv4.tcp_keepalive_time = 45\n")
    host = boot.Boot(host.tree, host.rules, 252, None, [], later(False))
    assert host.settings()["time"].value == 45
    assert "/etc/tuned/web/tuned.conf line 3 sets it (TuneD, after systemd-sysctl)" in host.warnings()[0]


def test_a_blank_after_a_dash_divides_systemd_and_procps():
    content = b"net.ipv4.tcp_keepalive_probes = 5\n- net.ipv4.tcp_keepalive_probes = 7\n"
    assert a_boot(content).settings()["probes"].value == 7
    assert [warning for warning in a_boot(content).warnings() if "'sysctl --system' would set it to 5" in warning]
    assert a_boot(content, version=239).settings()["probes"].value == 5


def test_where_the_search_stopped_is_said():
    host = a_boot(b"")
    host = boot.Boot(host.tree, host.rules, 252, None, [], boot.NOBODY._replace(stopped="/etc/cron.d/x"))
    assert "stopped after 5000 files, at /etc/cron.d/x" in host.warnings()[0]
