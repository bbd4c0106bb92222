# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An untouched host, also after a check run."""

from __future__ import annotations

from testinfra.host import Host


def test_the_kernel_has_its_defaults(host: Host) -> None:
    values = {name: host.file(f"/proc/sys/net/ipv4/tcp_keepalive_{name}").content_string.strip() for name in ("time", "intvl", "probes")}
    assert values == {"time": "7200", "intvl": "75", "probes": "9"}


def test_no_file_sets_them(host: Host) -> None:
    assert host.run("grep -rl net.ipv4.tcp_keepalive /etc /run/sysctl.d /usr/lib/sysctl.d /lib/sysctl.d 2>/dev/null").stdout == ""


def test_nothing_was_written_since_the_host_came_up(host: Host) -> None:
    # Not even the new time of a directory in which a temporary file came and went.
    assert host.run("find /etc /usr /root /run/sysctl.d -xdev -newer /run/came-up 2>/dev/null").stdout == ""
