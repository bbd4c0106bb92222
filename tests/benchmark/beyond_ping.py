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

from tests.hosts import Host, Testbed
from tests.managed.playbooks import Engine

RUNS = 30
PING: dict[str, Any] = {"ansible.builtin.ping": {}}
TASKS: Mapping[str, dict[str, Any]] = {
    "keepalive_sysctl, nothing to do": {"longlived.tcp.keepalive_sysctl": {}},
    "keepalive_info with namespaces": {"longlived.tcp.keepalive_info": {"namespaces": True}},
}

PROFILE = """[profile team-{:05}]
sso_session = corporate
sso_account_id = 123456789012
sso_role_name = Developer
region = eu-central-1
# S3 transfers
s3 =
    max_concurrent_requests = 20
tcp_keepalive = true

"""
LARGE_CONFIG = "[default]\ntcp_keepalive = true\n\n" + "".join(map(PROFILE.format, range(5400)))  # 1 MB


def large_config(host: Host, **options: Any) -> dict[str, Any]:
    """A task on a fresh ~/.aws/config of 1 MB."""
    host.enter(["su", "alice", "-c", "mkdir -p ~/.aws; cat > ~/.aws/config"], input=LARGE_CONFIG)
    return {"longlived.tcp.aws_config_file": {"users": ["alice"], **options}}


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


def aws_rows(engine: Engine, host: Host) -> dict[str, tuple[float, float]]:
    nothing = large_config(host)
    off = {"tcp_keepalive": False}
    rows = {
        "aws_config_file, 1 MB, nothing to do": measure(engine, host, nothing),
        "aws_config_file, 1 MB, one profile": measure(engine, host, nothing, lambda _: large_config(host, settings=off)),
        "aws_config_file, 1 MB, all 5401": measure(engine, host, nothing, lambda _: large_config(host, settings=off, profiles=["*"])),
    }
    host.enter(["rm", "-r", "/home/alice/.aws"])
    return rows


def main(kinds: list[str]) -> None:
    os.environ["ANSIBLE_PIPELINING"] = "1"
    with Testbed.up(kinds, name=f"beyond-ping-{os.getpid()}") as testbed:
        engine = Engine(testbed)
        for host in testbed.values():
            engine.run(host.name, {"longlived.tcp.keepalive_sysctl": {}, "become": True})
            rows = {name: measure(engine, host, task) for name, task in TASKS.items()}
            changing: dict[str, Any] = {"longlived.tcp.keepalive_sysctl": {}}
            rows["keepalive_sysctl, all to do"] = measure(
                engine, host, changing, lambda number: {"longlived.tcp.keepalive_sysctl": {"time": 46 + number}}
            )
            rows.update(aws_rows(engine, host))
            for name, (ping, task) in rows.items():
                print(f"{host.kind.name:14} {name:37} ping {ping:6.1f} ms, task {task:6.1f} ms, beyond {task - ping:6.1f} ms")
        engine.close()


if __name__ == "__main__":
    main(sys.argv[1:] or ["debian12"])
