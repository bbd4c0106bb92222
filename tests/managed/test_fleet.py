# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet of ten, two of them broken in different ways."""

from __future__ import annotations

import os
from itertools import cycle, islice

from tests.hosts import Testbed
from tests.managed.conftest import KINDS
from tests.managed.playbooks import play
from tests.managed.state import DROP_IN, KEPT_ALIVE, KERNEL_DEFAULTS, runtime, write


def test_eight_are_right_and_two_say_why() -> None:
    with Testbed.up(
        [f"{kind}:fleet{number}" for number, kind in enumerate(islice(cycle(KINDS), 10))], name=f"fleet-{os.getpid()}"
    ) as testbed:
        write(testbed["fleet3"], "/etc/sysctl.d/99-zzz.conf", "net.ipv4.tcp_keepalive_time = 7200\n")
        testbed["fleet7"].enter(["mkdir", DROP_IN])
        done = play("longlived.tcp.keepalive", testbed.inventory)
        assert done.status == 2
        assert {name for name, row in done.recap.items() if row["failed"]} == {"fleet3", "fleet7"}
        assert "/etc/sysctl.d/99-zzz.conf line 1 sets it to 7200" in done.output
        assert f"{DROP_IN} is a directory" in done.output
        for host in testbed.values():
            assert runtime(host) == (KERNEL_DEFAULTS if host.name in ("fleet3", "fleet7") else KEPT_ALIVE)
