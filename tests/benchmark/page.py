# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures as a page: pure data in, text out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.benchmark.contenders import CONTENDERS

Findings = dict[str, Any]

TOLD = {"off": "pipelining off, as is Ansible's default", "on": "pipelining on"}
# What is promised: which runs, the two contenders, the most that their ratio may be, and with which pipelining.
TARGETS = (
    ("first", "b", "a", 0.40, ("off", "on")),
    ("steady", "b", "a", 0.30, ("off",)),
    ("steady", "b", "a", 0.35, ("on",)),
    ("steady", "b", "c", 1.45, ("off", "on")),
    ("steady", "e", "c", 1.30, ("off", "on")),
)


def page(findings: Findings) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in findings["versions"].items())
    names = "\n".join(f"- **{name}**: {one.title}" for name, one in CONTENDERS.items())
    load = " to ".join(f"{one:.1f}" for one in findings["load"])
    left_out = "".join(f"\n{hosts} hosts were left out: not enough memory.\n" for hosts in findings["left_out"])
    return f"""<!-- Made by `make benchmark ARGS=--write`, from performance.json: change tests/benchmark/page.py, not this page. -->

# What it costs on a fleet

{names}

(a) is three `ansible.posix.sysctl`, an `ansible.builtin.file`, a `community.general.ini_file`, one command that reads the values back
and an assert, without facts: `tests/benchmark/peer.yml`. (b) also proves which file wins at the next boot, resolves the AWS
configuration as botocore does, and counts the live connections. It is one task, and one execution on the host, in a first run as in a
steady one.

## Ratios, on {findings["hosts"]} hosts

| | | | Seconds | At most | Processor |
|---|---|---|---|---|---|
{_rows(_ratios(findings))}

"At most" is for the seconds. "Processor" is the same ratio of all processor time, the controller's and the hosts', which other work on
the machine does not sway.

## Seconds

Medians of {findings["runs"]}; in brackets processor seconds of the controller and of all hosts.

| | {" | ".join(TOLD.values())} |
|---|---|---|
{_rows(_seconds("first run", findings["first"]))}
{_rows(_seconds("steady", findings["steady"]))}

## Growth

Steady runs, pipelining off; medians of three.

| Hosts | a, s | b, s | c, s | e, s | a, s a host | b, s a host | Controller's memory with b, MB | with a, MB |
|---|---|---|---|---|---|---|---|---|
{_rows(map(_growth, findings["growth"]))}
{left_out}
## Pipelining

The playbooks leave it as it is. `ANSIBLE_PIPELINING=1` saves time wherever sudo does not ask for a terminal; with `requiretty` in
its configuration every task would fail ("you must have a tty"). A play that turned it on could not tell `pipelining = False` in an
ansible.cfg from nothing said, and would win over it.

## How it was measured

{findings["machine"]}. {versions}. --forks {findings["forks"]}, on all sides. Load (one minute) {load}.

The hosts are whole Debian 12 hosts on the controller's own machine (`tests/hosts`), so that its processors do the work of both; over
ssh, connections kept open (ControlPersist). All sides take turns on the same hosts in the same run. `make benchmark` repeats it.
Memory is that of ansible-playbook and all its processes at once, what they share counted once.
"""


def _rows(rows: Iterable[Iterable[object]]) -> str:
    return "\n".join("| " + " | ".join(str(field) for field in row) + " |" for row in rows)


def _ratios(findings: Findings) -> Iterable[tuple[object, ...]]:
    for runs, one, other, most, tolds in TARGETS:
        for told in tolds:
            mine, peer = findings[runs][told][one], findings[runs][told][other]
            seconds = mine["seconds"] / peer["seconds"]
            processor = (mine["controller"] + mine["hosts"]) / (peer["controller"] + peer["hosts"])
            yield f"{one}/{other}", f"{runs} run", TOLD[told], f"{seconds:.2f}", f"{most:.2f}", f"{processor:.2f}"


def _seconds(what: str, runs: Findings) -> Iterable[tuple[object, ...]]:
    for name in CONTENDERS:
        if name in runs["off"]:
            yield f"{name}, {what}", *(_cell(runs[told][name]) for told in TOLD)


def _cell(took: Findings) -> str:
    return f"{took['seconds']:.1f} ({took['controller']:.1f} + {took['hosts']:.1f})"


def _growth(row: Findings) -> tuple[object, ...]:
    seconds = [row[name]["seconds"] for name in ("a", "b", "c", "e")]
    a_host = [f"{one / row['hosts']:.2f}" for one in seconds[:2]]
    return row["hosts"], *(f"{one:.1f}" for one in seconds), *a_host, *(round(row[name]["memory"]) for name in ("b", "a"))
