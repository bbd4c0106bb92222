# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host is like: the few things that the tests ask it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.hosts import Host

DROP_IN = "/etc/sysctl.d/99-tcp-keepalive.conf"
KERNEL_DEFAULTS = {"time": 7200, "intvl": 75, "probes": 9}
KEPT_ALIVE = {"time": 45, "intvl": 45, "probes": 9}


def runtime(host: Host) -> dict[str, int]:
    script = "cd /proc/sys/net/ipv4 && cat tcp_keepalive_time tcp_keepalive_intvl tcp_keepalive_probes"
    return dict(zip(("time", "intvl", "probes"), map(int, host.enter(["sh", "-c", script]).stdout.split()), strict=True))


def write(host: Host, path: str, text: str) -> None:
    host.enter(["sh", "-c", 'mkdir -p "$(dirname "$1")" && cat > "$1"', "sh", path], input=text)


def read(host: Host, path: str) -> str:
    return host.enter(["cat", path]).stdout


def exists(host: Host, path: str) -> bool:
    return host.enter(["test", "-e", path], check=False).returncode == 0


def snapshot(host: Host) -> str:
    """Everything that a change could touch: names, modes, owners, times, links and bytes, and the running values."""
    script = (
        "find /etc /run/sysctl.d /usr/lib/sysctl.d /usr/local/lib -xdev -printf '%p %m %u %g %T@ %l\\n' 2>/dev/null | sort;"
        "find /etc/sysctl.conf /etc/sysctl.d /run/sysctl.d /usr/lib/sysctl.d -type f -exec md5sum {} + 2>/dev/null | sort;"
        "cat /proc/sys/net/ipv4/tcp_keepalive_*"
    )
    return host.enter(["sh", "-c", script]).stdout


def boot_value(host: Host) -> dict[str, int]:
    """What a boot gives, asked the one who decides: a reboot, and a look at /proc."""
    host.reboot()
    return runtime(host)


@contextlib.contextmanager
def mounted_over(host: Host, source: str, where: str) -> Iterator[None]:
    """Bind-mount something over a file or directory, behind links, for as long as the block runs."""
    where = host.enter(["readlink", "-f", where]).stdout.strip()
    host.enter(["mount", "--bind", source, where])
    try:
        yield
    finally:
        host.enter(["umount", where])


@contextlib.contextmanager
def read_only(host: Host, where: str) -> Iterator[None]:
    """Make a mount point read-only for as long as the block runs."""
    host.enter(["mount", "-o", "remount,bind,ro", where])
    try:
        yield
    finally:
        host.enter(["mount", "-o", "remount,bind,rw", where])
