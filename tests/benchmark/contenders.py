# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is run side by side, and what one run of it took."""

from __future__ import annotations

import re
import resource
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.benchmark.memory import Watched
from tests.hosts import Testbed

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Contender:
    """`arguments` for ansible-playbook; `sets` tells whether it changes hosts, so that its first run is another one."""

    title: str
    arguments: tuple[str, ...]
    sets: bool = False


CONTENDERS: Mapping[str, Contender] = {
    "a": Contender("what a user writes today", (str(HERE / "peer.yml"),), sets=True),
    "b": Contender("`longlived.tcp.keepalive`", ("longlived.tcp.keepalive",), sets=True),
    "c": Contender("one `ansible.builtin.ping`", (str(HERE / "ping.yml"),)),
    "d": Contender("one `ansible.builtin.raw`", (str(HERE / "raw.yml"),)),
    "e": Contender("`longlived.tcp.verify`", ("longlived.tcp.verify",)),
}

# Who never ran has neither file, and the kernel's defaults.
UNTOUCHED = """
rm -rf /etc/sysctl.d/90-peer.conf /etc/sysctl.d/99-tcp-keepalive.conf /home/*/.aws
cd /proc/sys/net/ipv4 && echo 7200 > tcp_keepalive_time && echo 75 > tcp_keepalive_intvl && echo 9 > tcp_keepalive_probes
"""

# Ansible's default is "off", and no playbook here changes it.
PIPELINING: Mapping[str, bool] = {"off": False, "on": True}


@dataclass(frozen=True)
class Took:
    """Seconds by the clock, processor seconds of the controller and of all hosts, and the controller's most memory in MB."""

    seconds: float
    controller: float
    hosts: float
    memory: float

    @property
    def processor(self) -> float:
        return self.controller + self.hosts


def untouch(testbed: Testbed) -> None:
    for host in testbed.values():
        host.enter(["sh", "-c", UNTOUCHED])


def run(testbed: Testbed, name: str, pipelining: str, forks: int, *, steady: bool = True) -> Took:
    """One run, which has to end well on every host, and to change something only if it is a first one."""
    contender = CONTENDERS[name]
    command = ["ansible-playbook", "-i", str(testbed.inventory), "--forks", str(forks), *contender.arguments]
    command += ["-e", f"ansible_pipelining={PIPELINING[pipelining]}"]
    hosts, used, begin = _hosts_processor(testbed), resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with (
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process,
        Watched(process.pid) as watched,
    ):
        output, _none = process.communicate(timeout=1800)
    seconds, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    _check(output, process.returncode, len(testbed), changed=contender.sets and not steady)
    controller = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    return Took(seconds, controller, _hosts_processor(testbed) - hosts, watched.most)


def _hosts_processor(testbed: Testbed) -> float:
    """Seconds of processor time that the hosts have used since they are up."""
    found = re.search(r"usage_usec (\d+)", (testbed.cgroup / "cpu.stat").read_text())
    assert found
    return int(found[1]) / 1e6


def _check(output: str, status: int, hosts: int, *, changed: bool) -> None:
    recap = re.findall(r"changed=(\d+) +unreachable=0 +failed=0", output)
    assert status == 0 and len(recap) == hosts, output
    assert all((int(count) > 0) == changed for count in recap), output
