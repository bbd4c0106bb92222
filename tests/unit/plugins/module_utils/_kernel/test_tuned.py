# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What TuneD applies after systemd-sysctl, and what it applies again."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import tuned, tuned_profile
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.precedence import File, Setting

CONF = "/etc/sysctl.conf"
PROFILE = "/etc/tuned/web/tuned.conf"
BEFORE = dict(time=45, intvl=45, probes=9)


def apply(options, files=(), reapplies=True, certain=True):
    unit = [(name, tuned_profile.Option(text, PROFILE, 3, sure)) for name, text, sure in options]
    before = dict((name, Setting(value, "/etc/sysctl.d/a.conf", 1, "/etc/sysctl.d/a.conf")) for name, value in BEFORE.items())
    files = [File(CONF, CONF, content) for content in files]
    return tuned.applied(tuned.Loaded([unit], reapplies, certain), files, before)


def values(*arguments, **named):
    return dict((name, one.value) for name, one in apply(*arguments, **named).settings.items())


@pytest.mark.parametrize(
    ("option", "text", "changed"),
    [
        ("net.ipv4.tcp_keepalive_time", "60", dict(time=60)),
        ("net/ipv4/tcp_keepalive_intvl", "60", dict(intvl=60)),
        ("net.ipv4/tcp_keepalive_probes", "3", dict(probes=3)),
        ("net.ipv4.tcp_keepalive_time", ">60", dict(time=60)),
        ("net.ipv4.tcp_keepalive_time", ">30", {}),
        ("net.ipv4.tcp_keepalive_time", "<30", dict(time=30)),
        ("net.ipv4.tcp_keepalive_time", "<60", {}),
        ("net.ipv4.tcp_keepalive_time", "soon", {}),
        ("net.ipv4.tcp_keepalive_time.", "60", {}),
        ("net.ipv4.tcp_keepalive_*", "60", {}),
    ],
)
def test_an_option_of_the_profile(option, text, changed):
    assert values([(option, text, True)]) == dict(BEFORE, **changed)


@pytest.mark.parametrize(
    ("content", "changed"),
    [
        (b"net.ipv4.tcp_keepalive_time = 1800\n", dict(time=1800)),
        (b"net/ipv4/tcp_keepalive_time=1800\r\n", dict(time=1800)),
        (b"# net.ipv4.tcp_keepalive_time = 1800\n;net.ipv4.tcp_keepalive_time = 1800\n", {}),
        (b"-net.ipv4.tcp_keepalive_time = 1800\n", {}),
        (b"net.ipv4.tcp_keepalive_* = 1800\n", {}),
        (b"net.ipv4.tcp_keepalive_time = 1800\nx\xff\n", {}),
        (b"net.ipv4.tcp_keepalive_time = 1800\nx\0 = 1\nnet.ipv4.tcp_keepalive_time = 1900\n", dict(time=1800)),
    ],
)
def test_a_file_that_is_applied_again(content, changed):
    assert values([], [content]) == dict(BEFORE, **changed)
    assert values([], [content], reapplies=False) == BEFORE


def test_a_file_beats_the_profile():
    applied = apply([("net.ipv4.tcp_keepalive_time", "60", True)], [b"\nnet.ipv4.tcp_keepalive_time = 45\n"])
    assert applied.settings["time"] == Setting(45, CONF, 2, CONF, "TuneD")
    assert not applied.uncertain


def test_a_file_beats_what_is_not_certain():
    line = [("net.ipv4.tcp_keepalive_time", "60", False)]
    assert apply(line).uncertain == {"time": Setting(60, PROFILE, 3, PROFILE, "TuneD")}
    assert apply(line).settings["time"].value == 45
    assert not apply(line, [b"net.ipv4.tcp_keepalive_time = 45\n"]).uncertain


def test_nothing_is_certain_where_the_profile_is_not():
    applied = apply([("net.ipv4.tcp_keepalive_time", "60", True)], [b"net.ipv4.tcp_keepalive_intvl = 5\n"], certain=False)
    assert dict((name, one.value) for name, one in applied.settings.items()) == BEFORE
    assert dict((name, one.value) for name, one in applied.uncertain.items()) == dict(time=60, intvl=5)


def test_the_same_value_is_still_the_files():
    assert apply([], [b"net.ipv4.tcp_keepalive_time = 45\n"]).settings["time"].by is None


@pytest.fixture
def host(monkeypatch, tmpdir):
    for name, file in (("MAIN", "tuned-main.conf"), ("ACTIVE_PROFILE", "active_profile"), ("POST_LOADED_PROFILE", "post_loaded_profile")):
        monkeypatch.setattr(tuned, name, str(tmpdir.join(file)))
    monkeypatch.setattr(tuned_profile, "DIRECTORIES", (str(tmpdir),))
    monkeypatch.setattr(tuned, "starts_at_boot", lambda unit: unit == "tuned.service")
    tmpdir.join("web", "tuned.conf").write("[sysctl]\na = 1\n", ensure=True)
    tmpdir.join("last", "tuned.conf").write("[sysctl]\na = 2\n", ensure=True)
    tmpdir.join("active_profile").write("web\n")
    return tmpdir


def test_the_profiles_that_are_loaded(host, monkeypatch):
    assert tuned.loaded().units[0][0][1].text == "1"
    host.join("post_loaded_profile").write("last\n")
    assert tuned.loaded().units[0][0][1].text == "2"
    host.join("active_profile").write("gone\n")
    assert tuned.loaded() is None
    monkeypatch.setattr(tuned, "starts_at_boot", lambda _unit: False)
    assert tuned.loaded() is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("reapply_sysctl = 1\n", True),
        ("reapply_sysctl=0 # why\n", False),
        ("; reapply_sysctl=0\n", True),
        ("reapply_sysctl = False\n", False),
    ],
)
def test_whether_it_applies_again(host, text, expected):
    host.join("tuned-main.conf").write(text)
    assert tuned.loaded().reapplies is expected
