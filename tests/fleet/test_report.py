# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a run over hosts in every state: each host's verdict, whatever the strategy, and two playbooks in one run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import STRATEGIES
from .guest import State
from .hosts import Host, up
from .runs import OF_THE_DEVELOPER
from .states import EXPECTED, MANAGES_2_7, PYTHON_2_7, STATES

VERDICTS = {
    "untouched": "drifted",
    "right": "right",
    "runtime-drifted": "drifted",
    "file-drifted": "next_boot",
    "overridden": "drifted",
    "aws-unreadable": "failed",
    "unreachable": "unreachable",
}
if PYTHON_2_7:
    VERDICTS["python2.7"] = "drifted" if MANAGES_2_7 else "failed"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Host]]:
    if os.geteuid() != 0:
        pytest.skip("it makes hosts in namespaces, which needs root")
    with up(STATES, tmp_path_factory.mktemp("hosts")) as made:
        yield made


def run(hosts: dict[str, Host], directory: Path, strategy: str, *playbooks: str) -> str:
    def variables(state: State) -> dict[str, Any]:
        return {**state.variables, **(hosts[state.name].variables if state.reachable else {})}

    (directory / "hosts.yml").write_text(json.dumps({"all": {"hosts": {state.name: variables(state) for state in STATES}}}))
    environment = {
        **{name: value for name, value in os.environ.items() if not OF_THE_DEVELOPER.fullmatch(name)},
        "SUDO_USER": "alice",
        "ANSIBLE_CALLBACKS_ENABLED": "longlived.tcp.keepalive_report",
        "KEEPALIVE_REPORT_PATH": str(directory / "report"),
        "KEEPALIVE_REPORT_FORMATS": "html,jsonl,csv",
        "ANSIBLE_STRATEGY": strategy,
        "ANSIBLE_PIPELINING": "1",
        "ANSIBLE_HOME": str(directory / "ansible"),
    }
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(directory / "hosts.yml"), "--check", *playbooks]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout


def lines(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "report.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_each_host_has_its_verdict(hosts: dict[str, Host], tmp_path: Path, strategy: str) -> None:
    output = run(hosts, tmp_path, strategy, "longlived.tcp.verify")
    found = {row["host"]: row for row in lines(tmp_path)}
    assert set(found) == set(EXPECTED)
    assert {name: found[name]["verdict"] for name in VERDICTS} == VERDICTS
    # What a failure shows on no console.
    assert found["untouched"]["runtime"] == [7200, 75, 9] and found["untouched"]["assignments"] == []
    assert output.rstrip().splitlines()[-1].endswith(f" unreachable: {tmp_path}/report.html")
    assert (tmp_path / "report.csv").read_text().count("\n") == len(EXPECTED) + 1


def test_two_playbooks_in_one_run_and_the_last_verdict_counts(hosts: dict[str, Host], tmp_path: Path) -> None:
    # A host that fails, or is not reached, would end the run after the first.
    alone = ("--limit", "untouched,right", "-e", "keepalive_verify_report_only=true")
    output = run(hosts, tmp_path, "linear", "longlived.tcp.verify", "longlived.tcp.keepalive", *alone)
    found = lines(tmp_path)
    assert [row["verdict"] for row in found if row["host"] == "untouched"] == ["drifted", "right"]
    assert [row["check"] for row in found if row["host"] == "untouched"] == [False, True]
    assert output.count("report.html") == 2
