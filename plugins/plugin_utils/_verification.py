# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a host, and what holds on it, said in sentences from what the modules returned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.longlived.tcp.plugins.module_utils._aws_settings import check_settings, same
from ansible_collections.longlived.tcp.plugins.module_utils._keepalive import NAMES, key


def kernel_problems(info: Mapping[str, Any], wanted: Mapping[str, int] | None, tolerate_boot: bool = False) -> list[str]:
    """A sentence for each thing that `keepalive_info` returned and that is not as `wanted`.

    Without `wanted` the running values have to be those of the next boot, whatever they are.
    """
    found = []
    for name in NAMES:
        runs, boot = info["runtime"][name], info["boot"][name]
        expected = boot["value"] if wanted is None else wanted[name]
        if runs != expected:
            found.append(
                f"{key(name)} is {runs} in the running kernel (/proc/sys/{key(name).replace('.', '/')}), expected {expected}:"
                " run longlived.tcp.keepalive, which sets it."
            )
        if boot["value"] != expected and not tolerate_boot:
            found.append(f"{key(name)} will be {boot['value']} after the next boot, expected {expected}: {_remedy(boot)}")
    return found


def file_problems(info: Mapping[str, Any], path: str) -> list[str]:
    """A sentence for each value that the next boot will have from another file than `path`, or from none."""
    rows = ((name, info["boot"][name]) for name in NAMES)
    return [
        f"{key(name)} will come from {_place(row) if row['file'] else 'no file'} at the next boot, expected {path}:"
        " run longlived.tcp.keepalive, which sets it there."
        for name, row in rows
        if path not in (row["file"], row["read_as"])
    ]


def _remedy(boot: Mapping[str, Any]) -> str:
    if boot["file"] is None:
        return "no file that a boot reads sets it, so that it gets the kernel's default; run longlived.tcp.keepalive."
    return f"{_place(boot)} sets it; remove or change that line, or run longlived.tcp.keepalive, which does so in its own file."


def _place(boot: Mapping[str, Any]) -> str:
    link = "" if boot["read_as"] == boot["file"] else f" (read as {boot['read_as']})"
    return f"{boot['file']} line {boot['line']}{link}"


def aws_problems(info: Mapping[str, Any], settings: Mapping[str, Any], state: str, may_lack: bool) -> list[str]:
    """A sentence for each setting that botocore does not resolve to what was asked for, or, if `state`
    is absent, for each that is still set. `may_lack` accepts users without the file."""
    rows = [row for row in info.get("aws", ()) if row["exists"] or not may_lack]
    asked = check_settings(settings, state) if rows else {}  # nobody's file, nothing that it could say
    return [
        f"botocore resolves {name} of profile {profile} to {_said(found[name])} for {row['user']} ({row['path']}),"
        f" expected {_said(value)}: run longlived.tcp.keepalive, which sets it or says why it cannot."
        for row in rows
        for profile, found in sorted(row["effective"].items())
        for name, value in asked.items()
        if not _agrees(value, found[name])
    ]


def live_problems(info: Mapping[str, Any]) -> list[str]:
    """A sentence for each process that `keepalive_info` was asked about and that has connections in danger."""
    return [
        f"{row['name']} ({_whose(row)}) has {_in_danger(row)} of {_connections(row)}: {'; '.join(_live_remedies(row))}."
        for row in info.get("processes", ())
        if row["stale"] or row["unprotected"]
    ]


def _live_remedies(row: Mapping[str, Any]) -> Iterator[str]:
    off, runtime, pinned = (row["reasons"][reason] for reason in ("off", "runtime", "pinned"))
    # As it can be typed, and as a glob for no other names than those of its shape.
    chosen = f"keepalive_live_processes={re.sub('[^A-Za-z0-9_.:@+-]', '?', row['name'])}"
    if row["stale"] or off:
        asking = ", if it asks for keepalive then" if off else ""
        yield f"set keepalive_live_sockets={'enable' if off else 'rearm'} and {chosen}, or restart it{asking}"
    if runtime:
        yield f"set shorter values in its network namespace, where the kernel's are too long for {runtime} of them (docs/containers.md)"
    if pinned:
        yield (
            f"configure the program, which has set times of its own that are too long for {pinned} of them, or replace these with"
            f" keepalive_live_sockets=enable and {chosen}"
        )


def _whose(row: Mapping[str, Any]) -> str:
    return ", ".join(filter(None, (f"pid {row['pid']}", row["unit"])))


def _in_danger(counts: Mapping[str, int]) -> str:
    return " and ".join(f"{counts[state]} {state}" for state in ("stale", "unprotected", "unknown") if counts[state])


def _connections(counts: Mapping[str, int]) -> str:
    return f"{counts['established']} connection{'' if counts['established'] == 1 else 's'}"


def _agrees(asked: Any, found: Any) -> bool:
    if isinstance(asked, Mapping):
        # Where a nested section was asked for, the file may have a value.
        nested = found if isinstance(found, Mapping) else {}
        return (found is None or nested is found) and all(_agrees(value, nested.get(name)) for name, value in asked.items())
    return found is None if asked is None else same(asked, found)


def _said(value: object) -> str:
    return "nothing" if value is None else f"{value}"


def summary(result: Mapping[str, Any], info: Mapping[str, Any] | None = None, unchanged: bool = False) -> str:
    """One line about a host: its values, the file that decides at boot, and what is beside them.

    `result` is what `keepalive_sysctl` returned, with the values before and after, and `info` what
    `keepalive_info` did after it; or `result` is that of `keepalive_info`, alone, after which nothing was done
    (`unchanged`) or which stands for itself.
    """
    alone = "consistent" in result
    info = result if alone else info
    runtime = result["runtime"]
    before, after = (_values(runtime.get(when, runtime)) for when in ("before", "after"))
    values = after if alone and not unchanged else f"{after}, unchanged" if before == after else f"{before} -> {after}"
    files = sorted({result["boot"][name]["file"] or "the kernel's defaults" for name in NAMES})
    rebooted = ""
    if info is not None and info["boot_id"] != result["boot_id"]:
        rebooted = f"; rebooted (boot id {result['boot_id']} -> {info['boot_id']}), and now runs {_values(info['runtime'])}"
    return f"time/intvl/probes {values}; next boot: {', '.join(files)}{rebooted}{_botocore(info)}{_live(info)}{_containers(info)}"


def _botocore(info: Mapping[str, Any] | None) -> str:
    rows = (info or {}).get("aws", ())
    return "".join(f"; {row['path']}{'' if row['exists'] else ' is not there, and was left so'}" for row in rows)


def _live(info: Mapping[str, Any] | None) -> str:
    """The live connections, and those of the named processes where none is there: a misspelt name is not a right one."""
    counts = (info or {}).get("sockets")
    said = "" if counts is None else f"; of {_connections(counts)} {_in_danger(counts) or 'none in danger'}"
    return said + ("; the named processes have no connection" if (info or {}).get("processes") == [] else "")


def _containers(info: Mapping[str, Any] | None) -> str:
    """The other network namespaces in which an idle connection is not sure to be kept alive."""
    rows = [row for row in (info or {}).get("namespaces", ()) if row["lost_probes_survived"] is None]
    if not rows:
        return ""
    named = ", ".join(f"{row['unit'] or row['name']} (pid {row['pid']}) with {_values(row['runtime'])}" for row in rows[:3])
    more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
    return f"; not kept alive in {len(rows)} container{'s' if len(rows) > 1 else ''}: {named}{more}"


def _values(values: Mapping[str, int]) -> str:
    return "/".join(str(values[name]) for name in NAMES)
