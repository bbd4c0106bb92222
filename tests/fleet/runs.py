# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks on a fleet: what came of each host, as data and as the lines that were printed for it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .guest import Look, State
from .hosts import Host, up

HERE = Path(__file__).parent

# One life of a fleet. The first two change nothing, so that the third meets the hosts as they were.
STEPS = {
    "check": ("keepalive", "--check"),
    "verify": ("verify",),
    "keepalive": ("keepalive",),
    "again": ("keepalive",),
    "rollback": ("rollback",),
}

# What is another one each time: by its name in a result, and in a text.
ANOTHER_EACH_TIME = {"boot_id", "namespace", "inode", "pid", "program_id"}
IN_TEXT = re.compile(r"\bin \d+ s\b|\bpid \d+\b|/\S+\.python\b")

# What a developer's own shell says of who logged in, and of AWS, is not the host's.
OF_THE_DEVELOPER = re.compile(r"SUDO_USER|DOAS_USER|AWS_.*|BOTOCORE_.*")


@dataclass
class Told:
    """What one run has made of one host."""

    results: list[dict[str, Any]] = field(default_factory=list)
    """Each task's, in order, without what is another one each time."""
    recap: dict[str, int] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    """What was printed as `HOST: LINE`, without the host."""
    before: Look | None = None
    """None where the host cannot be reached."""
    after: Look | None = None

    @property
    def changed(self) -> bool:
        return any(row["result"].get("changed") for row in self.results)

    @property
    def outcome(self) -> str:
        """changed, unchanged, failed or unreachable."""
        outcomes = {row["outcome"] for row in self.results}
        return next((one for one in ("unreachable", "failed") if one in outcomes), "changed" if self.changed else "unchanged")

    @property
    def diff(self) -> list[Any]:
        return [row["result"].get("diff") for row in self.results]

    @property
    def message(self) -> str:
        """Why it failed."""
        return " ".join(row["result"]["msg"] for row in self.results if row["outcome"] == "failed")


Run = dict[str, Told]
"""What one step has made of each host."""

Life = dict[str, Run]
"""The same of each step."""


class Player:
    """Runs playbooks as `ansible-playbook` does; has a process for each run that takes place at the same time."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self._directory, self._stack = directory, stack
        self._idle: dict[str, list[Engine]] = defaultdict(list)

    def live(self, states: Iterable[State], strategy: str = "linear", steps: Iterable[str] = tuple(STEPS)) -> Life:
        """A new fleet, and all its hosts in one run for each step."""
        states = list(states)
        with up(states, self._new_directory()) as hosts:
            return {step: self._play(states, hosts, strategy, *STEPS[step]) for step in steps}

    def live_alone(self, states: Iterable[State]) -> Life:
        """The same with each host in a run of its own, two at a time."""
        with ThreadPoolExecutor(2) as pool:
            lives = list(pool.map(lambda state: self.live([state]), states))
        return {step: {name: told for life in lives for name, told in life[step].items()} for step in STEPS}

    def _play(self, states: Iterable[State], hosts: Mapping[str, Host], strategy: str, playbook: str, *arguments: str) -> Run:
        directory = self._new_directory()
        inventory, output, results = (directory / name for name in ("hosts.yml", "output", "results"))
        reached = {state.name: hosts[state.name].variables if state.reachable else {} for state in states}
        variables = {state.name: {**state.variables, **reached[state.name]} for state in states}
        inventory.write_text(json.dumps({"all": {"hosts": variables}}))
        run = {name: Told(before=hosts[name].look() if name in hosts else None) for name in variables}
        with self._engine(strategy) as engine:
            status = engine.run(["-i", str(inventory), f"longlived.tcp.{playbook}", "--diff", *arguments], output, results)
        printed = output.read_text()
        assert results.exists() and "Traceback" not in printed, printed
        for row in map(json.loads, results.read_text().splitlines()):
            told = run[row.pop("host")]
            if row["outcome"] == "recap":
                told.recap = row["result"]
            else:
                told.results.append(without(row))
        for name, told in run.items():
            told.lines = [without(line) for line in re.findall(rf"^{re.escape(name)}: (.*)$", printed, re.MULTILINE)]
            told.after = hosts[name].look() if name in hosts else None
        assert (status == 0) is all(told.outcome in ("changed", "unchanged") for told in run.values()), printed
        return run

    def _new_directory(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self._directory))

    @contextmanager
    def _engine(self, strategy: str) -> Iterator[Engine]:
        """One that nobody uses at the moment."""
        idle = self._idle[strategy]
        engine = idle.pop() if idle else self._stack.enter_context(closing(Engine(strategy, self._directory)))
        yield engine
        idle.append(engine)


class Engine:
    """A process that runs ansible-playbook again and again, under one strategy."""

    def __init__(self, strategy: str, directory: Path) -> None:
        environment = {
            **{name: value for name, value in os.environ.items() if not OF_THE_DEVELOPER.fullmatch(name)},
            # Who logged in there.
            "SUDO_USER": "alice",
            "ANSIBLE_HOME": str(directory / "ansible"),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback"),
            "ANSIBLE_CALLBACKS_ENABLED": "fleet_results",
            "ANSIBLE_STRATEGY": strategy,
            # No file is transferred: a host sees none of what lies in this machine's temporary directory.
            "ANSIBLE_PIPELINING": "1",
        }
        command = [sys.executable, str(HERE / "ansible_playbook.py")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def run(self, arguments: list[str], output: Path, results: Path) -> int:
        """The exit status."""
        assert self._process.stdin and self._process.stdout
        request = {"arguments": arguments, "output": str(output), "results": str(results)}
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=30)


def without(found: Any) -> Any:
    """Without what is another one each time."""
    if isinstance(found, dict):
        return {name: without(value) for name, value in found.items() if name not in ANOTHER_EACH_TIME}
    if isinstance(found, list):
        return [without(value) for value in found]
    return IN_TEXT.sub("(another one)", found) if isinstance(found, str) else found
