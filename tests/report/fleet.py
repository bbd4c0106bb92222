# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of hosts, no two alike, as the tasks return them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

DROP_IN = "/etc/sysctl.d/99-tcp-keepalive.conf"
NAMES = ("time", "intvl", "probes")
PROGRAMS = ("java", "worker", "postgres", "nginx", "node", "python3", "php-fpm", "sidekiq", "envoy", "redis-server")
ASSIGNMENTS, PROCESSES, NAMESPACES = 12, 20, 3


def state(random_: random.Random, number: int, *, drifted: bool = False, wrong: bool = False) -> dict[str, Any]:
    """What `keepalive_info` returns of a host."""
    runtime = {"time": random_.randrange(100, 7200) if drifted else 45, "intvl": 45, "probes": 9}
    boot = {name: {"value": value, "file": DROP_IN, "line": line, "by": None} for line, (name, value) in enumerate(runtime.items(), 2)}
    if wrong:
        boot["time"] = {"value": 600, "file": f"/etc/sysctl.d/99-zz-team{number % 7}.conf", "line": number % 30 + 1, "by": None}
    processes = [_process(random_, number, place) for place in range(PROCESSES)]
    sockets = {name: sum(process[name] for process in processes) for name in ("protected", "stale", "unprotected", "unknown")}
    return {
        "runtime": runtime,
        "boot": boot,
        "assignments": [
            {"key": f"net.ipv4.tcp_keepalive_{NAMES[place % 3]}", "value": random_.randrange(1, 9000),
             "file": f"/usr/lib/sysctl.d/{place}-{number}.conf", "line": place + 1}
            for place in range(ASSIGNMENTS)
        ],
        "consistent": not drifted and not wrong,
        "lost_probes_survived": None if drifted else 5,
        "aws": [{"user": f"user{number}", "path": f"/home/user{number}/.aws/config", "exists": True,
                 "effective": {"default": {"tcp_keepalive": "true" if number % 9 else None}}}],
        "sockets": {**sockets, "established": sum(sockets.values())},
        "processes": processes,
        "restart": sorted({process["unit"] for process in processes if process["stale"]}),
        "without_keepalive": sorted({process["name"] for process in processes if process["unprotected"]}),
        "namespaces": [
            {"unit": f"docker-{random_.getrandbits(48):x}.scope", "name": "nginx", "pid": random_.randrange(1, 99999),
             "runtime": {"time": 7200, "intvl": 75, "probes": 9}, "lost_probes_survived": None if place == 0 and number % 3 == 0 else 5}
            for place in range(NAMESPACES)
        ],
        "new_connections": {"attached": [], "host": {"keepalive": False}, "boot": {"enabled": False}},
    }  # fmt: skip


def _process(random_: random.Random, number: int, place: int) -> dict[str, Any]:
    name = PROGRAMS[(number + place) % len(PROGRAMS)]
    stale, unprotected = random_.choice([0, 0, 0, 1, 7]), random_.choice([0, 0, 0, 0, 2])
    return {
        "name": name, "unit": f"{name}@{place}.service", "pid": random_.randrange(300, 99999), "protected": random_.randrange(200),
        "stale": stale, "unprotected": unprotected, "unknown": 0, "reasons": {"disabled": unprotected, "runtime": 0, "pinned": 0},
    }  # fmt: skip


def results(number: int, seed: int = 0) -> Iterator[tuple[str, list[str], str, dict[str, Any]]]:
    """Host, groups, status and result of `keepalive_verify`; one in 50 drifted, in 70 wrong at the next boot, in 900 unreachable."""
    random_ = random.Random(seed)
    for one in range(number):
        host, groups = f"ip-10-{one >> 16 & 255}-{one >> 8 & 255}-{one & 255}.eu-west-1.compute.internal", [f"app_{one % 40}", "prod"]
        if one % 900 == 899:
            yield host, groups, "unreachable", {"unreachable": True, "msg": "Failed to connect to the host via ssh: timed out"}
            continue
        drifted, wrong = one % 50 == 7, one % 70 == 11
        after = state(random_, one, drifted=drifted, wrong=wrong and not drifted)
        problems = []
        if drifted:
            problems = [
                {
                    "part": "sysctl",
                    "when": "now",
                    "message": f"net.ipv4.tcp_keepalive_time is {after['runtime']['time']} in the running kernel.",
                }
            ]
        elif wrong:
            problems = [{"part": "sysctl", "when": "next_boot", "message": "net.ipv4.tcp_keepalive_time will be 600 after the next boot."}]
        values = "/".join(str(value) for value in after["runtime"].values())
        yield host, groups, "failed" if problems else "ok", {
            "after": after, "ok": not problems, "problems": problems, "summary": f"time/intvl/probes {values}; next boot: {DROP_IN}",
        }  # fmt: skip
