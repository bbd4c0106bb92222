# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks beside what a user writes today, on the same hosts in the same run, in turn.

    python -m tests.benchmark [--hosts N] [--runs N] [--grow N ...] [--forks N] [--write]

Prints docs/performance.md; --write puts it there, and the figures beside it. It needs root, and the PyPI package ansible,
which has the peer's collections.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.benchmark.contenders import CONTENDERS, PIPELINING, Took, run, untouch
from tests.benchmark.page import page
from tests.hosts import Testbed

DOCS = Path(__file__).parents[2] / "docs"
KIND = "debian12"
HOST_MEMORY = 100
"""MB that a host takes at most, its share of the controller included; so many are only raised where there is that much."""


def main(arguments: list[str]) -> None:
    options = parsed(arguments)
    findings: dict[str, Any] = {
        "machine": machine(),
        "versions": versions(),
        "forks": options.forks,
        "runs": options.runs,
        "hosts": options.hosts,
        "load": [os.getloadavg()[0]],
    }
    with raised(options.hosts) as testbed:
        findings |= side_by_side(testbed, options.runs, options.forks)
    findings["growth"] = [growth(hosts, options.forks) for hosts in options.grow if fits(hosts)]
    findings["left_out"] = [hosts for hosts in options.grow if not fits(hosts)]
    findings["load"].append(os.getloadavg()[0])
    text = page(findings)
    print(text)
    if options.write:
        (DOCS / "performance.json").write_text(json.dumps(findings, indent=1) + "\n")
        (DOCS / "performance.md").write_text(text)


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark")
    parser.add_argument("--hosts", type=int, default=8)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--grow", type=int, nargs="*", default=[1, 8, 32, 64])
    parser.add_argument("--forks", type=int, default=5, help="Ansible's default is 5")
    parser.add_argument("--write", action="store_true")
    return parser.parse_args(arguments)


def raised(hosts: int) -> Testbed:
    return Testbed.up([f"{KIND}*{hosts}"], name=f"benchmark-{os.getpid()}")


def fits(hosts: int) -> bool:
    available = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable:"))
    return int(available.split()[1]) / 1024 > hosts * HOST_MEMORY


def side_by_side(testbed: Testbed, runs: int, forks: int) -> dict[str, Any]:
    """First runs and steady runs, by pipelining and contender: a list of what each took."""
    first: dict[str, dict[str, list[Took]]] = {told: {name: [] for name, one in CONTENDERS.items() if one.sets} for told in PIPELINING}
    steady: dict[str, dict[str, list[Took]]] = {told: {name: [] for name in CONTENDERS} for told in PIPELINING}
    # Connections stay open between runs, as they do for a minute; what the very first has to do beside is nobody's.
    run(testbed, "c", "off", forks)
    for number in range(runs):
        for told in PIPELINING:
            for name in first[told]:
                untouch(testbed)
                first[told][name].append(run(testbed, name, told, forks, steady=False))
            # Either has left its own; the other one's next run would be a first one.
            untouch(testbed)
            for name in first[told]:
                run(testbed, name, told, forks, steady=False)
            for name in CONTENDERS:
                steady[told][name].append(run(testbed, name, told, forks))
            progress(f"round {number + 1} of {runs}, pipelining {told}")
    return {"first": medians(first), "steady": medians(steady)}


def medians(runs: dict[str, dict[str, list[Took]]]) -> dict[str, dict[str, dict[str, Any]]]:
    return {told: {name: median(took) for name, took in by_name.items()} for told, by_name in runs.items()}


def median(took: Iterable[Took]) -> dict[str, Any]:
    rows = [asdict(one) for one in took]
    return {name: round(statistics.median(row[name] for row in rows), 3) for name in rows[0]} | {
        "all": [round(row["seconds"], 3) for row in rows]
    }


def growth(hosts: int, forks: int) -> dict[str, Any]:
    """Medians of three steady runs each, at Ansible's defaults."""
    found: dict[str, list[Took]] = {name: [] for name in ("a", "b", "c", "e")}
    with raised(hosts) as testbed:
        for name in ("a", "b"):
            run(testbed, name, "off", forks, steady=False)
        for _number in range(3):
            for name, took in found.items():
                took.append(run(testbed, name, "off", forks))
    progress(f"{hosts} hosts")
    return {"hosts": hosts, **{name: median(took) for name, took in found.items()}}


def machine() -> str:
    memory = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal:"))
    linux = ".".join(platform.release().split(".")[:2])
    return f"{os.cpu_count()} processors, {round(int(memory.split()[1]) / 2**20)} GB of memory, Linux {linux}"


def versions() -> dict[str, str]:
    from importlib.metadata import version

    return {"Python": platform.python_version(), "ansible-core": version("ansible-core"), "ansible": version("ansible")}


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    if not shutil.which("ansible-playbook"):
        sys.exit("There is no ansible-playbook on PATH.")
    main(sys.argv[1:])
