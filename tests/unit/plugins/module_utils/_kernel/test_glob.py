# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Patterns as glob(3) reads them. Each row was compared with systemd-sysctl, see tests/sysctl_d."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import glob

PATH = "net/ipv4/tcp_keepalive_time"


@pytest.mark.parametrize(("text", "is_one"), [("a*", True), ("a?", True), ("[", True), ("{a,b}", False), ("\\a", False), ("", False)])
def test_is_glob(text, is_one):
    assert glob.is_glob(text) == is_one


@pytest.mark.parametrize(
    "pattern",
    [
        "net/ipv4/tcp_keepalive_*",
        "net/ipv4/**",
        "*/*/*time",
        "n?t/ipv?/tcp_keepalive_????",
        "net/ipv4/tcp_keepalive_[t]ime",
        "net/ipv4/tcp_keepalive_[!a-s]ime",
        "net/ipv4/tcp_keepalive_[^i]ime",
        "net/ipv4/tcp_keepalive_[]t]ime",
        "net/ipv4/tcp_keepalive_[!]]ime",
        "net/ipv4/tcp_keepalive_[t-]ime",
        "net/ipv4/tcp_keepalive_[a\\t]ime",
        "net/ipv4/tcp_keepalive_[[:alpha:]]ime",
        "net/ipv4/tcp[[:punct:]]keepalive_time",
        "net/ipv4/tcp_keepalive_[[.t.]]ime",
        "net/ipv4/tcp_keepalive_[[=t=]]ime",
        "net/ipv4/tcp_keepalive_\\time",
    ],
)
def test_matches(pattern):
    assert glob.matches(pattern, PATH)


@pytest.mark.parametrize(
    "pattern",
    [
        "net/ipv4/*_intvl",
        "net/*",
        "*",
        "net/ipv4/tcp_keepalive_time/*",
        "net/ipv4/?",
        "NET/ipv4/*",
        "net/ipv4/tcp_keepalive_[!t]ime",
        "net/ipv4/tcp_keepalive_[z-a]ime",
        "net/ipv4/tcp_keepalive_[[:digit:]]ime",
        "net/ipv4/tcp_keepalive_[[:nothing:]]ime",
        "net/ipv4/tcp_keepalive_[[:nothing:]t]ime",
        "net/ipv4/tcp_keepalive_[time",
        "net/ipv4/tcp_keepalive_]time",
        "net[./]ipv4/tcp_keepalive_time",
        "net/ipv4/\\*",
        "net/ipv4/{tcp_keepalive_time,x}",
    ],
)
def test_does_not_match(pattern):
    assert not glob.matches(pattern, PATH)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a", ["a"]),
        ("{a,b}c", ["ac", "bc"]),
        ("x{a,b}{c,d}", ["xac", "xad", "xbc", "xbd"]),
        ("{a,{b,c}}d", ["ad", "bd", "cd"]),
        ("{a}b", ["ab"]),
        ("{,a}b", ["b", "ab"]),
        ("{}b", ["b"]),
        ("{a,b", ["{a,b"]),
        ("a}b", ["a}b"]),
        ("\\{a,b}", ["\\{a,b}"]),
        ("{a\\,b,c}", ["a\\,b", "c"]),
        ("{a/b,c}/d", ["a/b/d", "c/d"]),
    ],
)
def test_alternatives(pattern, found):
    assert glob.alternatives(pattern) == found
