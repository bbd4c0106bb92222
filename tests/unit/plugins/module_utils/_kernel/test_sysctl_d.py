# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One file of sysctl.d(5), rule by rule. What systemd 247, 252 and 257 do is tried in tests/sysctl_d.

What 219 and 239 do was tried with the programs of RHEL 7 and 8.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import precedence, sysctl_d
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import KERNEL_DEFAULTS

NEW = sysctl_d.rules_for(None)
OLD = sysctl_d.rules_for(219)
KEY = b"net.ipv4.tcp_keepalive_time"

EVERYWHERE = [
    (b"KEY=45", 45),
    (b" \tKEY \t=\t 45 \t\r\n", 45),
    (b"net/ipv4/tcp_keepalive_time = 45", 45),
    (b"net/ipv4.tcp_keepalive_time = 45", 7200),
    (b"net.ipv4/tcp_keepalive_time = 45", 7200),
    (b"#KEY=45", 7200),
    (b" ;KEY=45", 7200),
    (b"KEY=45 # c", 45),
    (b"KEY=45# c", 7200),
    (b'KEY="45"', 7200),
    (b"KEY=", 7200),
    (b"KEY=100\nKEY=", 7200),
    (b"KEY", 7200),
    (b"KEY 45", 7200),
    (b"KEY=100\nKEY=45", 45),
    (b"\xef\xbb\xbfKEY=45", 7200),
    (b"\xef\xbb\xbf\nKEY=45", 45),
    (b"x=\xff\xfe\nKEY=45", 45),
    (b"KEY=45\nNET.ipv4.tcp_keepalive_time=100", 45),
]
SINCE_246 = [
    (b"-KEY=45", 45),
    (b"- KEY=45", 45),
    (b"--KEY=45", 7200),
    (b"KEY=45\n-KEY", 7200),
    (b"-KEY\nKEY=45", 45),
    (b"KEY=45\nnet.ipv4.tcp_keepalive_*=100", 45),
    (b"net.ipv4.tcp_keepalive_*=45", 45),
    (b"net.ipv4.tcp_keepalive_*=45\n-KEY", 7200),
    (b"net.ipv4.tcp_keepalive_*=45\n-net.ipv4.tcp_keepalive_*", 7200),
    (b"net.ipv4.tcp_keepalive_*=45\n-net.ipv4.tcp_keepalive_t*", 45),
    (b"net.ipv4.tcp_keepalive_*=45\nnet.ipv4.tcp_keepalive_t*=100", 100),
    (b"net.ipv4.tcp_keepalive_t*=1\nnet.ipv4.tcp_keepalive_ti*=2\nnet.ipv4.tcp_keepalive_t*=3", 3),
    (b"net.ipv4.tcp_keepalive_t*=1\nnet.ipv4.tcp_keepalive_ti*=2\nnet.ipv4.tcp_keepalive_t*=1", 2),
    (b"net.ipv4.tcp_keepalive_{time,x}=45", 7200),
    (b"n*t.ipv4.tcp_keepalive_{time,x}=45", 45),
    (b"/net/ipv4/tcp_keepalive_time=45", 45),
    (b"net//ipv4/./tcp_keepalive_time/=45", 45),
    (b"net//ipv4/tcp_keepalive_time=1\nKEY=2\nnet//ipv4/tcp_keepalive_time=1", 1),
    (b"net//ipv4/tcp_keepalive_time=2\nKEY=1\nnet//ipv4/tcp_keepalive_time=2", 2),
    (b"x=1\rKEY=45", 45),
    (b"x=1\0KEY=45", 45),
    (b"KEY=45\rx=1", 45),
    (b"#" * 1048575 + b"\nKEY=45", 45),
    (b"#" * 1048576 + b"\nKEY=45", 7200),
]
BEFORE_236 = [
    (b"-KEY=45", 7200),
    (b"KEY=45\n-KEY", 45),
    (b"net.ipv4.tcp_keepalive_*=45", 7200),
    (b"KEY=45\nnet.ipv4.tcp_keepalive_*=100", 45),
    (b"/net/ipv4/tcp_keepalive_time=45", 45),
    (b"net//ipv4/./tcp_keepalive_time=45", 45),
    (b"net/ipv4/../ipv4/tcp_keepalive_time=45", 45),
    (b"net/ipv4/tcp_keepalive_time/=45", 7200),
    (b"net//ipv4/tcp_keepalive_time=1\nKEY=2\nnet//ipv4/tcp_keepalive_time=1", 2),
    (b"x=1\rKEY=45", 7200),
    (b"KEY=45\rx=1", 7200),
    (b"KEY=45\r\n", 45),
    (b"KEY=45\0x\nx=1", 45),
    (b"x=1\0KEY=45", 7200),
    (b"#" * 2047 + b"KEY=45", 45),
    (b"#" * 2046 + b"KEY=45", 7200),
    (b"#" * 2046 + b"\nKEY=45", 45),
    (b"KEY=4" + b" " * 2015 + b"5\n", 4),
]


def time_after(content, rules):
    """The value that one file gives."""
    file = precedence.File("x", "x", content)
    return precedence.winners([file], rules, KERNEL_DEFAULTS)["time"].value


@pytest.mark.parametrize(("content", "value"), EVERYWHERE + SINCE_246)
def test_one_file(content, value):
    assert time_after(content.replace(b"KEY", KEY), NEW) == value


@pytest.mark.parametrize(("content", "value"), EVERYWHERE + BEFORE_236)
def test_one_file_in_systemd_219(content, value):
    assert time_after(content.replace(b"KEY", KEY), OLD) == value


@pytest.mark.parametrize(
    ("content", "version", "value"),
    [
        (b"net/ipv4/../ipv4/tcp_keepalive_time=45", 247, 45),
        (b"net/ipv4/../ipv4/tcp_keepalive_time=45", 252, 7200),
        (b"net/ipv4/../ipv4/tcp_keepalive_t*=45", 247, 45),
        (b"net/ipv4/../ipv4/tcp_keepalive_t*=45", 252, 7200),
        (b"net/ipv4/{.,..}/tcp_keepalive_t*=45", 247, 45),
        (b"net/ipv4/{.,..}/tcp_keepalive_t*=45", 257, 45),
        (b"x" * 255 + b"*=1\nKEY=45", 247, 45),
        (b"x" * 255 + b"*=1\nKEY=45", 252, 7200),
        (b"x" * 254 + b"*=1\nKEY=45", 252, 45),
        (b"-KEY=45", 237, 7200),
        (b"-KEY=45", 239, 45),
        (b"- KEY=45", 239, 7200),
        (b"x=1\rKEY=45", 239, 7200),
        (b"KEY=45\rx=1", 239, 7200),
        (b"KEY=45\r\nx=1", 239, 45),
        (b"x=1\rKEY=45", 247, 45),
        (b"nosuch/../net/ipv4/tcp_keepalive_time=45", 219, 7200),
        (b"nosuch/../net/ipv4/tcp_keepalive_time=45", 239, 7200),
        (b"net/ipv6/../ipv4/tcp_keepalive_time=45", 239, 45),
        (b"/../sys/net/ipv4/tcp_keepalive_time=45", 239, 45),
        (b"/../../proc/sys/net/ipv4/tcp_keepalive_time=45", 219, 45),
        (b"/../sys/net/ipv4/tcp_keepalive_time=45", 252, 7200),
    ],
)
def test_versions_that_differ(content, version, value):
    assert time_after(content.replace(b"KEY", KEY), sysctl_d.rules_for(version)) == value


def test_a_line_is_where_it_says():
    content = b"# a\r\n\r\n  " + KEY + b" =  45 # c\r\n"
    (line,) = sysctl_d.parse(content, NEW)
    assert (line.number, line.key, line.text) == (3, "net/ipv4/tcp_keepalive_time", "45 # c")
    assert content[line.value_start : line.value_end] == b"45 # c"
    assert content[line.start : line.end] == b"  " + KEY + b" =  45 # c"


@pytest.mark.parametrize(("version", "count"), [(219, 5), (254, 5), (255, 4), (None, 4)])
def test_lib_is_read_by_old_versions(version, count):
    assert len(sysctl_d.rules_for(version).directories) == count
