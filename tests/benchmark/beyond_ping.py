# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module takes beyond an ansible.builtin.ping on the target, in milliseconds.

    python -m tests.benchmark.beyond_ping [KIND ...]

The two take turns in one Ansible engine over one ssh connection with pipelining, so that what differs
is what runs on the target. Medians of thirty each; it needs root, ansible-core and the collection.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from tests.hosts import Host, Rack
from tests.managed.running import Engine

RUNS = 30
PING: dict[str, Any] = {"ansible.builtin.ping": {}}
TASKS: Mapping[str, dict[str, Any]] = {
    "keepalive_sysctl, nothing to do": {"longlived.tcp.keepalive_sysctl": {}},
    "keepalive_info with namespaces": {"longlived.tcp.keepalive_info": {"namespaces": True}},
}


def milliseconds(run: Callable[[], dict[str, Any]]) -> float:
    begin = time.perf_counter()
    assert not run()["failed"]
    return (time.perf_counter() - begin) * 1000


def measure(engine: Engine, host: Host, task: dict[str, Any], before: Callable[[int], dict[str, Any]] | None = None) -> tuple[float, float]:
    """Medians of a ping and of the task, which take turns."""
    pings, tasks = [], []
    for number in range(RUNS):
        asked = before(number) if before else task
        pings.append(milliseconds(lambda: engine.run(host.name, {**PING, "become": True})))
        tasks.append(milliseconds(lambda asked=asked: engine.run(host.name, {**asked, "become": True})))  # type: ignore[misc]
    return statistics.median(pings), statistics.median(tasks)


def main(kinds: list[str]) -> None:
    os.environ["ANSIBLE_PIPELINING"] = "1"
    with Rack.up(kinds, name=f"beyond-ping-{os.getpid()}") as rack:
        engine = Engine(rack)
        for host in rack.values():
            engine.run(host.name, {"longlived.tcp.keepalive_sysctl": {}, "become": True})
            rows = {name: measure(engine, host, task) for name, task in TASKS.items()}
            changing: dict[str, Any] = {"longlived.tcp.keepalive_sysctl": {}}
            rows["keepalive_sysctl, all to do"] = measure(
                engine, host, changing, lambda number: {"longlived.tcp.keepalive_sysctl": {"time": 46 + number}}
            )
            for name, (ping, task) in rows.items():
                print(f"{host.kind.name:14} {name:34} ping {ping:6.1f} ms, task {task:6.1f} ms, beyond {task - ping:6.1f} ms")
        engine.close()


if __name__ == "__main__":
    main(sys.argv[1:] or ["debian12"])
