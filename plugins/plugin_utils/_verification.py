# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compare a host with what was asked for, and describe it: sentences made from what the modules return.

`info` is what `keepalive_info` returns of the host, `options` are those of `keepalive` or `keepalive_verify`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.longlived.tcp.plugins.module_utils._aws.settings import check_settings, same
from ansible_collections.longlived.tcp.plugins.module_utils._host_options import idle_timeout, new_sockets
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.other_writers import may_change
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import NAMES, key, lost_probes_survived

Info = Mapping[str, Any]
Options = Mapping[str, Any]

RUN = "run longlived.tcp.keepalive"


# --- the differences -----------------------------------------------------------------------------


def problems(info: Info, options: Options, acted: bool) -> list[dict[str, str]]:
    """A row of `part`, `when` (now, or next_boot) and `message` for each difference; `acted` if this run has set the values, so
    that another run is no remedy."""
    judges = (
        ("sysctl", "now", runtime_problems),
        ("sysctl", "next_boot", boot_problems),
        ("new_sockets", "now", new_sockets_problems),
        ("aws", "now", aws_problems),
        ("live_sockets", "now", live_problems),
    )
    return [
        {"part": part, "when": when, "message": message}
        for part, when, judge in judges
        if part in options["parts"]
        for message in judge(info, options, acted)
    ]


def _expected(name: str, info: Info, options: Options) -> int:
    """With state absent the running values have to equal those of the next boot."""
    value: int = info["boot"][name]["value"] if options["state"] == "absent" else options[name]
    return value


def runtime_problems(info: Info, options: Options, acted: bool = False) -> Iterator[str]:
    remedy = "another program has set it since" if acted else RUN
    for name in NAMES if options["runtime"] else ():
        runs, expected = info["runtime"][name], _expected(name, info, options)
        if runs != expected:
            yield f"{key(name)} is {runs} in the running kernel (/proc/sys/{key(name).replace('.', '/')}), expected {expected}: {remedy}."


def boot_problems(info: Info, options: Options, acted: bool = False) -> Iterator[str]:
    for name in NAMES if options["overridden"] != "warn" else ():
        boot, expected = info["boot"][name], _expected(name, info, options)
        if boot["value"] != expected:
            yield f"{key(name)} will be {boot['value']} after the next boot, expected {expected}: {_boot_remedy(boot, options, acted)}."


def _boot_remedy(boot: Mapping[str, Any], options: Options, acted: bool) -> str:
    if boot["file"] is None:
        return f"no file that a boot reads sets it{'' if acted else f'; {RUN}'}"
    if options["sysctl_file"] in (boot["file"], boot["read_as"]) and not acted:
        return f"{place(boot)} sets it; {RUN}, which corrects that line"
    return f"{place(boot)} sets it; remove or change that line"


def place(boot: Mapping[str, Any]) -> str:
    link = "" if boot["read_as"] == boot["file"] else f" (read as {boot['read_as']})"
    later = f" ({boot['by']} applies it after systemd-sysctl)" if boot.get("by") else ""
    return f"{boot['file']} line {boot['line']}{link}{later}"


def new_sockets_problems(info: Info, options: Options, acted: bool = False) -> Iterator[str]:
    """For what is left to do to BPF programs, unit and script, and for each proof that fails."""
    found = info.get("new_connections")
    if found is None or new_sockets(options) is None:
        return
    if "error" in found:
        yield found["error"]
        return
    remedy = "another program has changed it since" if acted else RUN
    if found["pending"]:
        yield f"New connections are not set up as asked for (still to do: {', '.join(found['pending'])}): {remedy}."
    elif found["unproved"]:
        yield (
            f"The programs for new connections are attached, and a new connection ({', '.join(found['unproved'])}) does not get what is"
            " asked for: another owner's program undoes it, see bpftool cgroup tree."
        )


def aws_problems(info: Info, options: Options, acted: bool = False) -> Iterator[str]:
    """For each setting that botocore does not resolve to what was asked for or, with state absent, that is still set."""
    if "aws_error" in info and not acted:  # a run that acted has reported it already
        yield info["aws_error"]
    rows = [row for row in info.get("aws", ()) if row["exists"] or not _may_lack(options)]
    asked = check_settings(options["aws_settings"], options["state"]) if rows else {}
    remedy = "the file is right, and the warnings name what hides the setting" if acted else f"{RUN}, which sets it or says why it cannot"
    for row in rows:
        for profile, found in sorted(row["effective"].items()):
            for name, value in asked.items():
                if not _agrees(value, found[name]):
                    yield (
                        f"botocore resolves {name} of profile {profile} to {_shown(found[name])} for {row['user']} ({row['path']}),"
                        f" expected {_shown(value)}: {remedy}."
                    )


def _may_lack(options: Options) -> bool:
    return options["state"] == "absent" or not options["aws_create"]


def _agrees(asked: Any, found: Any) -> bool:
    if isinstance(asked, Mapping):
        # The file may have a plain value where a nested section was asked for.
        nested = found if isinstance(found, Mapping) else {}
        return (found is None or nested is found) and all(_agrees(value, nested.get(name)) for name, value in asked.items())
    return found is None if asked is None else same(asked, found)


def _shown(value: object) -> str:
    return "nothing" if value is None else f"{value}"


def live_problems(info: Info, options: Options, acted: bool = False) -> Iterator[str]:
    """For each of the named processes with a stale or unprotected connection."""
    for row in info.get("processes", ()) if options["state"] == "present" else ():
        if row["stale"] or row["unprotected"]:
            yield f"{row['name']} ({_whose(row)}) has {_counted(row, ' and ')} of {_connections(row)}: {'; '.join(_live_remedies(row))}."


def _live_remedies(row: Mapping[str, Any]) -> Iterator[str]:
    disabled, runtime, pinned = (row["reasons"][reason] for reason in ("disabled", "runtime", "pinned"))
    # A glob that needs no quotes in a shell, and matches hardly another name.
    chosen = f"keepalive_live_processes={re.sub('[^A-Za-z0-9_.:@+-]', '?', row['name'])}"
    if row["stale"] or disabled:
        asking = " (helps only if it asks for keepalive)" if disabled else ""
        yield f"set keepalive_live_sockets={'enable' if disabled else 'rearm'} and {chosen}, or restart it{asking}"
    if runtime:
        yield f"set shorter values in its network namespace, where the kernel's are too long for {runtime} of them (docs/containers.md)"
    if pinned:
        yield (
            f"configure the program, which has set times of its own that are too long for {pinned} of them, or replace these with"
            f" keepalive_live_sockets=enable and {chosen}"
        )


def _whose(row: Mapping[str, Any]) -> str:
    return ", ".join(filter(None, (f"pid {row['pid']}", row["unit"])))


def _counted(counts: Mapping[str, int], joint: str) -> str:
    return joint.join(f"{counts[state]} {state}" for state in ("stale", "unprotected", "unknown") if counts[state])


def _connections(counts: Mapping[str, int]) -> str:
    return f"{counts['established']} connection{'' if counts['established'] == 1 else 's'}"


# --- the printed line ----------------------------------------------------------------------------


def summary(after: Info, options: Options, before: Info | None = None) -> str:
    """A host in one line: its values, the file that sets them at the next boot, and what is not kept alive.

    `before` is the host before this run; without it no change is shown.
    """
    said = [_kernel(after, options, before), _boot(after, options), *_later(after)]
    said += [*_new_connections(after, options), *_aws(after, options), *_sockets(after), *_stale_services(after)]
    said += [*_without_keepalive(after, options), *_containers(after, options)]
    return "; ".join(said)


def _kernel(after: Info, options: Options, before: Info | None) -> str:
    if not options["runtime"]:
        return "running values not checked"
    now = _values(after["runtime"])
    if before is None:
        return f"time/intvl/probes {now}"
    then = _values(before["runtime"])
    return f"time/intvl/probes {now}, unchanged" if then == now else f"time/intvl/probes {then} -> {now}"


def _boot(after: Info, options: Options) -> str:
    values = {name: after["boot"][name]["value"] for name in NAMES}
    files = ", ".join(sorted({after["boot"][name]["file"] or "the kernel's defaults" for name in NAMES}))
    return f"next boot: {files}" if values == after["runtime"] else f"next boot {_values(values)}: {files}"


def _later(after: Info) -> Iterator[str]:
    """What may change the values later in the boot, in an order that is not known."""
    boot = {key(name): after["boot"][name] for name in NAMES}
    rows = [row for row in after.get("other_writers", ()) if may_change(row, boot.get(row["key"]))]
    if rows:
        yield f"may be changed at boot by {_some(list(dict.fromkeys(_line(row) for row in rows)))}"


def _line(row: Mapping[str, Any]) -> str:
    where = row["file"] if row["line"] is None else f"{row['file']} line {row['line']}"
    return f"{where} ({row['by']})"


def _new_connections(after: Info, options: Options) -> Iterator[str]:
    found, asked = after.get("new_connections"), new_sockets(options)
    if found and "error" in found:
        return  # listed as a problem if something was asked for
    if asked in ("connect", "connect_and_accept") and found:
        when = "" if options["runtime"] else " from the next boot on"
        times = "" if found["sets_times"] else ", with the times of their container (Linux before 6.1)"
        right = not found["pending"] and not found["unproved"]
        yield f"new connections: keepalive{when}{times}" if right else "new connections: not as asked for"
    elif found and found["attached"]:
        rows = [found[name] for name in ("host", "container", "accepted") if name in found]
        yield f"new connections: keepalive{'' if all(row['keepalive'] for row in rows) else ' for some'}, by BPF programs of an earlier run"


def _without_keepalive(after: Info, options: Options) -> Iterator[str]:
    """The programs whose connections have no keepalive, and the variable that turns it on for new ones."""
    if names := after.get("without_keepalive"):
        hooks = {row["hook"] for row in (after.get("new_connections") or {}).get("attached") or ()}
        accepted = "" if "accept" in hooks else " (those that they accept: keepalive_new_sockets=connect_and_accept)"
        remedy = f"until they reconnect{accepted}" if hooks else "set keepalive_new_sockets=connect"
        yield f"{len(names)} program{'s' if len(names) > 1 else ''} without keepalive ({_some(names)}): {remedy}"


def _aws(after: Info, options: Options) -> Iterator[str]:
    for row in after.get("aws", ()):
        if options["state"] == "absent":
            yield f"{row['path']}{' without ' + ', '.join(options['aws_settings']) if row['exists'] else ' not present'}"
        elif not row["exists"] and not all(_as_asked(row, options)):
            lacking = f"no keepalive in boto3 and the AWS CLI for {row['user']}: " if "tcp_keepalive" in options["aws_settings"] else ""
            yield f"{lacking}{row['path']} is not present"
        else:
            yield f"{row['path']}: {_settings(row, options)}"


def _as_asked(row: Mapping[str, Any], options: Options) -> Iterator[bool]:
    asked = check_settings(options["aws_settings"], options["state"])
    return (_agrees(value, found[name]) for found in row["effective"].values() for name, value in asked.items())


def _settings(row: Mapping[str, Any], options: Options) -> str:
    if not all(_as_asked(row, options)):
        return "settings differ"
    return ", ".join(f"{name} = {value}" for name, value in check_settings(options["aws_settings"], options["state"]).items())


def _sockets(after: Info) -> Iterator[str]:
    """The live connections. If the named processes have none, the line says so: a name may be misspelt."""
    counts = after.get("sockets")
    if counts is not None:
        rest = _counted(counts, ", ") or "all protected"
        yield f"{_connections(counts)}: {rest}" if counts["established"] else "no connections"
    if after.get("processes") == []:
        yield "no connections of the named processes"


def _stale_services(after: Info) -> Iterator[str]:
    if services := after.get("restart"):
        yield f"stale until they restart: {_some(services)}"


def _containers(after: Info, options: Options) -> Iterator[str]:
    """The other network namespaces in which an idle connection may be dropped, unless BPF programs cover it."""
    proved = (after.get("new_connections") or {}).get("container")
    kept_alive = proved and proved["keepalive"] and lost_probes_survived(proved, idle_timeout(options)) is not None
    rows = [row for row in after.get("namespaces", ()) if row["lost_probes_survived"] is None]
    if rows and not kept_alive:
        named = [f"{row['unit'] or row['name']} (pid {row['pid']}) with {_values(row['runtime'])}" for row in rows]
        yield f"not kept alive in {len(rows)} container{'s' if len(rows) > 1 else ''}: {_some(named)}"


def _some(names: list[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _values(values: Mapping[str, int]) -> str:
    return "/".join(str(values[name]) for name in NAMES)
