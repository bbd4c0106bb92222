# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The three values: ranges, what the kernel reads, and the arithmetic. The kernel's answers were tried (6.18)."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import values as _values


@pytest.mark.parametrize("values", [dict(time=1, intvl=1, probes=1), dict(time=32767, intvl=32767, probes=127), _values.DEFAULTS])
def test_values_in_range(values):
    assert _values.check(values) == values


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("time", 0, "time is 0, and must be from 1 to 32767 seconds (the range of net.ipv4.tcp_keepalive_time)."),
        ("time", 32768, "time is 32768, and must be from 1 to 32767 seconds (the range of net.ipv4.tcp_keepalive_time)."),
        ("intvl", -1, "intvl is -1, and must be from 1 to 32767 seconds (the range of net.ipv4.tcp_keepalive_intvl)."),
        ("probes", 0, "probes is 0, and must be from 1 to 127 (the range of net.ipv4.tcp_keepalive_probes)."),
        ("probes", 128, "probes is 128, and must be from 1 to 127 (the range of net.ipv4.tcp_keepalive_probes)."),
    ],
)
def test_values_out_of_range(name, value, said):
    with pytest.raises(_values.KeepaliveError) as error:
        _values.check(dict(_values.DEFAULTS, **{name: value}))
    assert str(error.value) == said


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("45", 45),
        ("0", 0),
        ("-1", -1),
        ("-0", 0),
        ("0x2d", 45),
        ("0X2D", 45),
        ("055", 45),
        ("-055", -45),
        ("45 46", 45),
        ("45\t# comment", 45),
        ("\v\f\r 45", 45),
        ("\xa045", 45),
        ("21474836", 21474836),
        ("00000000000000000045", 37),
        ("000000000000000000045", None),
        ("-00000000000000000001", None),
        ("21474837", None),
        ("18446744073709551661", None),
        ("", None),
        (" ", None),
        ("-", None),
        ("--1", None),
        ("+45", None),
        ("0x", None),
        ("08", None),
        ("45s", None),
        ("45.0", None),
        ("45# comment", None),
        ("45\r", None),
        ("45\v", None),
        ("45\xa0", None),
        ("\x1c45", None),
        ("\x8545", None),
        ('"45"', None),
        ("\u0664\u0665", None),
    ],
)
def test_what_the_kernel_reads(text, value):
    assert _values.kernel_value("time", text) == value


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("255", 255), ("256", None), ("-1", None), ("-0", None), ("0x7f", 127)])
def test_what_the_kernel_reads_for_probes(text, value):
    assert _values.kernel_value("probes", text) == value


@pytest.mark.parametrize(
    ("time", "intvl", "probes", "idle_timeout", "survived"),
    [
        (45, 45, 9, 350, 5),
        (233, 20, 9, 350, 3),
        (311, 45, 9, 350, 0),
        (312, 1, 9, 350, None),
        (7200, 75, 9, 350, None),
        (45, 45, 1, 350, 0),
        (45, 45, 4, 350, 3),
        (20, 45, 9, 50, None),
        (0, 45, 9, 350, None),
        (45, 45, 0, 350, None),
        (-1, 45, 9, 350, None),
    ],
)
def test_lost_probes_survived(time, intvl, probes, idle_timeout, survived):
    assert _values.lost_probes_survived(dict(time=time, intvl=intvl, probes=probes), idle_timeout) == survived


def test_detection_time():
    assert _values.detection_time(_values.DEFAULTS) == 450
