# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The three values of TCP keepalive: their names, ranges, defaults and arithmetic.

`time` (seconds of silence before the first probe), `intvl` (seconds between unanswered probes) and
`probes` (unanswered probes before the peer counts as dead) are the kernel's names in
net.ipv4.tcp_keepalive_*, see tcp(7). IPv6 connections use the same three.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError

# In the order of TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT: each sysctl here is a socket option as well (_sockets, _bpf, _eks). One
# that no socket option matches, or outside net.ipv4.tcp_keepalive_*, needs a tuple of its own.
NAMES = ("time", "intvl", "probes")

# What this collection sets by default.
DEFAULTS = {"time": 45, "intvl": 45, "probes": 9}

# The default drop-in for the next boots.
SYSCTL_FILE = "/etc/sysctl.d/99-tcp-keepalive.conf"

# What a path of unknown appliances is measured against: AWS NAT gateways, load balancers, VPC endpoints and firewalls
# drop a connection after so many seconds of silence.
IDLE_TIMEOUT = 350

# What a new network namespace starts with (include/net/tcp.h: TCP_KEEPALIVE_TIME, _INTVL, _PROBES).
KERNEL_DEFAULTS = {"time": 7200, "intvl": 75, "probes": 9}

# What setsockopt(2) takes (include/net/tcp.h: MAX_TCP_KEEPIDLE, MAX_TCP_KEEPINTVL, MAX_TCP_KEEPCNT).
# The sysctl files take more, and worse: probes = 0 kills healthy connections, time = 0 floods them.
RANGES = {"time": (1, 32767), "intvl": (1, 32767), "probes": (1, 127)}

UNITS = {"time": " seconds", "intvl": " seconds", "probes": ""}

# time and intvl are kept in ticks of 1/HZ s in a C int. HZ is 100 at least, so that this is the most
# that any kernel takes; a kernel with a higher HZ takes proportionally less.
MOST_SECONDS = 2147483647 // 100

# And this is what every kernel takes, as HZ is 1000 at most.
SAFE_SECONDS = 2147483647 // 1000

# A keepalive timer fires late by up to an eighth of its length: the kernel's timer wheel rounds up.
LATENESS_NUMERATOR, LATENESS_DENOMINATOR = 9, 8

# Leading blanks are those of the kernel's isspace(), which counts latin-1's no-break space.
_KERNEL_INTEGER = re.compile("[ \t\n\v\f\r\xa0]*(-?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)(?:[ \t\n]|$)")

# The kernel refuses numbers with more characters, sign and leading zeros counted (kernel/sysctl.c: TMPBUFLEN).
_MOST_DIGITS = 20


class KeepaliveError(UserError):
    """A value that cannot be used; the message is one sentence for the user."""


def key(name):
    """The sysctl's name, as in `sysctl net.ipv4.tcp_keepalive_time`."""
    return "net.ipv4.tcp_keepalive_" + name


def check(values):
    """Return `values` if each of the three is an integer in its range, else raise `KeepaliveError`."""
    for name in NAMES:
        low, high = RANGES[name]
        # True would count as 1: a probe every second.
        if isinstance(values[name], bool):
            raise KeepaliveError("%s is %s, and must be a number from %d to %d%s." % (name, values[name], low, high, UNITS[name]))
        if not low <= values[name] <= high:
            raise KeepaliveError(
                "%s is %d, and must be from %d to %d%s (the range of %s)." % (name, values[name], low, high, UNITS[name], key(name))
            )
    return values


def kernel_value(name, text):
    """The value that the kernel gets from `text` written to the sysctl file of `name`; None if it refuses.

    It reads one integer (decimal, 0x hexadecimal or 0 octal) and ignores what follows a blank.
    """
    match = _KERNEL_INTEGER.match(text)
    if not match:
        return None
    sign, digits = match.groups()
    if len(sign + digits) > _MOST_DIGITS:
        return None
    if digits[:2] in ("0x", "0X"):
        value = int(digits[2:], 16)
    elif digits.startswith("0"):
        value = int(digits, 8)
    else:
        value = int(digits)
    if name == "probes":
        return value if value <= 255 and not sign else None  # not even -0
    if sign:
        value = -value
    return value if -MOST_SECONDS <= value <= MOST_SECONDS else None


def detection_time(values):
    """Seconds of silence after which a dead peer is declared dead, the kernel's lateness left out."""
    return values["time"] + values["probes"] * values["intvl"]


def lost_probes_survived(values, idle_timeout):
    """How many consecutive probes may get lost before a path that drops a connection after
    `idle_timeout` seconds of silence has forgotten it, the kernel's lateness counted; None if not
    even the first probe is sure to leave in time."""
    if min(values[name] for name in NAMES) < 1:
        return None
    # The timer that follows an answered probe runs intvl, then the rest of time.
    period = max(values["time"], values["intvl"])
    budget = LATENESS_DENOMINATOR * idle_timeout - LATENESS_NUMERATOR * period
    if budget < 0:
        return None
    return min(budget // (LATENESS_NUMERATOR * values["intvl"]), values["probes"] - 1)
