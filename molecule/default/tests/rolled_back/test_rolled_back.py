# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host after the rollback, before and after a reboot."""

from __future__ import annotations

from testinfra.host import Host


def test_the_drop_in_is_gone(host: Host) -> None:
    assert not host.file("/etc/sysctl.d/99-tcp-keepalive.conf").exists


def test_the_kernel_has_what_a_boot_gives(host: Host) -> None:
    values = [host.file(f"/proc/sys/net/ipv4/tcp_keepalive_{name}").content_string.strip() for name in ("time", "intvl", "probes")]
    assert values == ["7200", "75", "9"]
