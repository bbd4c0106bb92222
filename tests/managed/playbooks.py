# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible on whole hosts, over ssh: modules and playbooks, and what came of them as data."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hosts import Host, Testbed

HERE = Path(__file__).parent


class Engine:
    """Ansible's own engine in a process that stays, since starting `ansible` anew for each of some
    hundred module runs would be most of what the tests take."""

    def __init__(self, testbed: Testbed) -> None:
        command = [sys.executable, str(HERE / "engine.py"), str(testbed.inventory)]
        environment = {**os.environ, "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback"), "ANSIBLE_STDOUT_CALLBACK": "result_lines"}
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def run(self, host: str, task: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"host": host, "task": task}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "Ansible's engine has ended"
        result: dict[str, Any] = json.loads(line)
        return result

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=30)


_engines: dict[str, Engine] = {}


def close_engines() -> None:
    while _engines:
        _engines.popitem()[1].close()


def run_module(host: Host, module: str, *, check: bool = False, become: bool = True, **options: object) -> dict[str, Any]:
    """Run one module of the collection on a host, which has to end well; what it returned, `diff` and `warnings` included."""
    result = _result_of(host, module, check=check, become=become, **options)
    assert not result["failed"], result["msg"]
    return result


def refusal_of(host: Host, module: str, *, check: bool = False, become: bool = True, **options: object) -> str:
    """The same for a module that has to fail; its message, which is one line."""
    result = _result_of(host, module, check=check, become=become, **options)
    assert result["failed"], result
    message: str = result["msg"]
    assert "\n" not in message
    return message


def _result_of(host: Host, module: str, *, check: bool, become: bool, **options: object) -> dict[str, Any]:
    engine = _engines.get(host.testbed.name) or _engines.setdefault(host.testbed.name, Engine(host.testbed))
    task = {f"longlived.tcp.{module}": options, "check_mode": check, "diff": True, "become": become}
    result = engine.run(host.name, task)
    assert "Traceback" not in json.dumps(result)
    return result


@dataclass(frozen=True)
class Played:
    """A run of ansible-playbook: its exit status, all that it printed, and the recap by host."""

    status: int
    output: str

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        rows = re.findall(r"^(\S+) +: (ok=.*)$", self.output, re.MULTILINE)
        return {host: {name: int(count) for name, count in re.findall(r"(\w+)=(\d+)", counts)} for host, counts in rows}


def play(playbook: str | Path, inventory: Path, *arguments: str, **variables: object) -> Played:
    """Run a playbook as a user does, one of the collection's by its name."""
    command = ["ansible-playbook", "-i", str(inventory), str(playbook), *arguments]
    for name, value in variables.items():
        # As a user types it: the value arrives as text.
        command += ["-e", f"{name}={value}"]
    environment = {**os.environ, "COLUMNS": "1000"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL, env=environment)
    assert "Traceback" not in done.stdout + done.stderr
    return Played(done.returncode, done.stdout + done.stderr)
