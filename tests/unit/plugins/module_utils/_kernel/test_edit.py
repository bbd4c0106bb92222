# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our three keys in one file: written, removed, every other byte kept."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import edit, precedence, sysctl_d

NEW = sysctl_d.rules_for(None)
OLD = sysctl_d.rules_for(219)
VALUES = dict(time=45, intvl=45, probes=9)
OURS = b"net.ipv4.tcp_keepalive_time = 45\nnet.ipv4.tcp_keepalive_intvl = 45\nnet.ipv4.tcp_keepalive_probes = 9\n"
KEY = b"net.ipv4.tcp_keepalive_time"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (None, precedence.HEADER.encode("ascii") + OURS),
        (b"", OURS),
        (OURS, OURS),
        (b"x = 1", b"x = 1\n" + OURS[:-1]),
        (b"x = 1\n", b"x = 1\n" + OURS),
        (b"x = 1\r\n", b"x = 1\r\n" + OURS.replace(b"\n", b"\r\n")),
        (b"x = 1\r", b"x = 1\r\n" + OURS[:-1]),
        (OURS.replace(b"= 9", b"= 8 # why"), OURS.replace(b"= 9", b"= 9 # why")),
        (OURS.replace(b"= 9", b'= "8"'), OURS),
        (OURS.replace(b"= 9", b"="), OURS.replace(b"= 9", b"=9")),
        (OURS.replace(b"= 9", b"= 8\xa046"), OURS),
        (OURS.replace(b" = 45", b"\t=\t0x2d"), OURS.replace(b" = 45", b"\t=\t0x2d")),
        (KEY + b"=1\n" + OURS, KEY + b"=1\n" + OURS),
        (OURS + KEY + b"=1\n", OURS + KEY + b"=45\n"),
        (OURS + b"-" + KEY + b"\n", OURS + b"-" + KEY + b"\n" + KEY + b" = 45\n"),
        (OURS + b"net.ipv4.tcp_keepalive_*=1\n", OURS + b"net.ipv4.tcp_keepalive_*=1\n"),
        (b"\xff\x00\n" + OURS, b"\xff\x00\n" + OURS),
    ],
)
def test_with_values(old, new):
    assert edit.with_values(old, VALUES, NEW) == new
    assert edit.with_values(new, VALUES, NEW) == new


@pytest.mark.parametrize(
    "old", [b"", b"x = 1", b"x = 1\n", b"\n", b"x = 1\r\n", b"x = 1\r\ny = 2", b"x = 1\r", b"\r", b"# c\n\n", b"\xef\xbb\xbf", b"x=1\n\0"]
)
@pytest.mark.parametrize("rules", [NEW, OLD], ids=["new", "old"])
def test_undoing(old, rules):
    assert edit.without_values(edit.with_values(old, VALUES, rules), rules) == old


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OURS, b""),
        (b"x = 1\n" + OURS + b"y = 2\n", b"x = 1\ny = 2\n"),
        (b"#" + KEY + b"=1\n" + OURS, b"#" + KEY + b"=1\n"),
        (KEY + b"=1\n\n" + OURS, b"\n"),
        (OURS.replace(b"\n", b"\r\n") + b"x = 1\r\n", b"x = 1\r\n"),
        (b"net.ipv4.tcp_keepalive_*=1\n" + OURS, b"net.ipv4.tcp_keepalive_*=1\n"),
        (b"-" + KEY + b"=1\n" + OURS, b""),
    ],
)
@pytest.mark.parametrize("rules", [NEW, OLD], ids=["new", "old"])
def test_without_values(old, new, rules):
    assert edit.without_values(old, rules) == new


def test_a_path_that_climbs_is_ours_where_systemd_follows_it():
    old = b"net/ipv4/../ipv4/tcp_keepalive_time=1\n"
    assert edit.without_values(old, sysctl_d.rules_for(248)) == b""
    assert edit.without_values(old, sysctl_d.rules_for(249)) == old


@pytest.mark.parametrize(
    ("content", "only"),
    [
        (OURS, True),
        (precedence.HEADER.encode("ascii") + OURS, True),
        (OURS + b"; c\n \t\n", True),
        (OURS + b"x = 1\n", False),
        (OURS + b"net.ipv4.tcp_keepalive_* = 1\n", False),
        (OURS + b"-" + KEY + b"\n", False),
        (OURS + b"nonsense\n", False),
        (OURS + b"\xef\xbb\xbf" + KEY + b"=1\n", False),
        (b"", True),
    ],
)
def test_holds_only_ours(content, only):
    assert edit.holds_only_ours(content, NEW) == only


@pytest.mark.parametrize(
    ("content", "nothing"), [(b"", True), (b"\n \r\n", True), (precedence.HEADER.encode("ascii"), True), (b"# c\n", False)]
)
def test_holds_nothing(content, nothing):
    assert edit.holds_nothing(content) == nothing
