# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host as one line of JSON: what a task of the collection says of it, cut to what a page about a fleet shows.

No secret and no command line of a process is in a result of these tasks, and nothing but the fields named here is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

SCHEMA = 1
"""The version of a line; docs/howto/report.md describes it."""

TASKS = ("longlived.tcp.keepalive", "longlived.tcp.keepalive_verify", "longlived.tcp.keepalive_info")

VERDICTS = ("right", "drifted", "next_boot", "failed", "unreachable", "hidden")
"""As asked for; not so now; not so after the next boot; its task failed; not reached; its task has `no_log`."""

# Rows of each kind that a line has at most; what was left out is counted.
MOST = 50

_NAMES = ("time", "intvl", "probes")


def line(host: str, groups: Iterable[str], run: str, time: str, task: str, result: Mapping[str, Any], status: str) -> dict[str, Any]:
    """The line of a host; `status` is ok, failed or unreachable."""
    head = {"schema": SCHEMA, "run": run, "time": time, "host": host, "groups": sorted(groups), "task": task.rpartition(".")[2]}
    if status == "unreachable":
        return {**head, "verdict": "unreachable", "message": str(result.get("msg", ""))}
    if result.get("censored") or result.get("_ansible_no_log"):
        return {**head, "verdict": "hidden"}
    state = _state(result)
    if state is None:
        return {**head, "verdict": "failed", "message": str(result.get("msg", ""))}
    problems = [_problem(row) for row in result.get("problems", ())]
    found = {
        **head,
        "verdict": verdict(problems) if "problems" in result else _of_a_look(state),
        "check": bool(result.get("checked")),
        "changed": bool(result.get("changed")),
        "summary": str(result.get("summary", "")),
        "problems": problems,
        "runtime": _values(state.get("runtime") or {}),
        "boot": {name: _boot(row) for name, row in (state.get("boot") or {}).items()},
        "assignments": [_assignment(row) for row in state.get("assignments", ())],
        "other_writers": [_assignment(row) for row in state.get("other_writers", ())],
        "aws": [_aws(row) for row in state.get("aws", ())],
        "sockets": _counts(state["sockets"]) if state.get("sockets") else None,
        "restart": [str(unit) for unit in state.get("restart", ())],
        "without_keepalive": [str(name) for name in state.get("without_keepalive", ())],
        "processes": [_process(row) for row in state.get("processes", ())],
        "namespaces": [_namespace(row) for row in state.get("namespaces", ())],
        "new_connections": _new_connections(state.get("new_connections")),
    }
    return _cut(found)


def verdict(problems: Sequence[Mapping[str, str]]) -> str:
    """What is wrong now counts more than what the next boot gives."""
    if not problems:
        return "right"
    return "next_boot" if all(row["when"] == "next_boot" for row in problems) else "drifted"


def _of_a_look(state: Mapping[str, Any]) -> str:
    """Of `keepalive_info`, which compares with nothing: whether an idle connection is kept alive, now and after the next boot."""
    if state.get("lost_probes_survived") is None:
        return "drifted"
    return "right" if state.get("consistent") else "next_boot"


def _state(result: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What `keepalive_info` returns of the host, wherever it stands; a failure keeps it where no console prints it."""
    for place in (result.get("after"), (result.get("invocation") or {}).get("after"), result):
        if isinstance(place, Mapping) and "runtime" in place and "boot" in place:
            return place
    return None


def _cut(found: dict[str, Any]) -> dict[str, Any]:
    cut = {name: len(rows) - MOST for name, rows in found.items() if isinstance(rows, list) and len(rows) > MOST}
    return {**found, **{name: found[name][:MOST] for name in cut}, "cut": cut}


def _problem(row: Mapping[str, Any]) -> dict[str, str]:
    return {"part": str(row.get("part", "")), "when": str(row.get("when", "now")), "message": str(row.get("message", ""))}


def _values(row: Mapping[str, Any]) -> list[Any]:
    return [row.get(name) for name in _NAMES]


def _boot(row: Mapping[str, Any]) -> list[Any]:
    return [row.get("value"), row.get("file"), row.get("line"), row.get("by")]


def _assignment(row: Mapping[str, Any]) -> list[Any]:
    key = str(row.get("key") or "").rpartition("tcp_keepalive_")[2]
    return [key, row.get("value"), row.get("file"), row.get("line"), row.get("by")]


def _aws(row: Mapping[str, Any]) -> list[Any]:
    """A user, the path, whether the file is there, and whether every profile has keepalive."""
    profiles = (row.get("effective") or {}).values()
    on = bool(profiles) and all(str(found.get("tcp_keepalive")).lower() == "true" for found in profiles)
    return [row.get("user"), row.get("path"), bool(row.get("exists")), on]


def _counts(row: Mapping[str, Any]) -> list[int]:
    return [int(row.get(name, 0)) for name in ("protected", "stale", "unprotected", "unknown")]


def _process(row: Mapping[str, Any]) -> list[Any]:
    reasons = {name: number for name, number in (row.get("reasons") or {}).items() if number}
    return [row.get("name"), row.get("unit"), row.get("pid"), _counts(row), reasons]


def _namespace(row: Mapping[str, Any]) -> list[Any]:
    return [row.get("unit") or row.get("name"), row.get("pid"), _values(row.get("runtime") or {}), row.get("lost_probes_survived")]


def _new_connections(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not row:
        return None
    return {
        "hooks": [one.get("hook") for one in row.get("attached") or ()],
        "keepalive": bool((row.get("host") or {}).get("keepalive")),
        "enabled": bool((row.get("boot") or {}).get("enabled")),
    }
