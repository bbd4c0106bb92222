# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One testbed of hosts for all tests, each of them as it came up before every test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.hosts import Host, Testbed
from tests.managed.playbooks import close_engines

KINDS = os.environ.get("KEEPALIVE_KINDS", "debian12").split()

# Everything that a test may change, kept when the host came up and put back before the next test.
KEPT = "/etc/sysctl.conf /etc/sysctl.d /run/sysctl.d /usr/lib/sysctl.d /usr/local/lib/sysctl.d"
KEEP = f"mkdir -p /root/kept && tar -C / -cpf /root/kept/files.tar $(ls -d {KEPT} 2>/dev/null | cut -c2-)"
PUT_BACK = f"""
chattr -f -i /etc; chattr -f -R -i -a {KEPT} 2>/dev/null
rm -f /etc/systemd/system/systemd-sysctl.service
rm -rf {KEPT} /home/*/.aws && tar -C / -xpf /root/kept/files.tar
cd /proc/sys/net/ipv4 && echo 7200 > tcp_keepalive_time && echo 75 > tcp_keepalive_intvl && echo 9 > tcp_keepalive_probes
"""


@pytest.fixture(scope="session")
def testbed() -> Iterator[Testbed]:
    with Testbed.up(KINDS, name=f"managed-{os.getpid()}") as testbed:
        for host in testbed.values():
            host.enter(["sh", "-c", KEEP])
        yield testbed
        close_engines()


@pytest.fixture(params=KINDS)
def host(request: pytest.FixtureRequest, testbed: Testbed) -> Host:
    """A host of each kind in turn, as it came up."""
    (host,) = (host for host in testbed.values() if host.kind.name == request.param)
    host.enter(["sh", "-c", PUT_BACK])
    return host


@pytest.fixture
def hosts(testbed: Testbed) -> list[Host]:
    """All hosts, as they came up."""
    for host in testbed.values():
        host.enter(["sh", "-c", PUT_BACK])
    return list(testbed.values())
