# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes in a role's variables that an argument specification cannot express."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.longlived.tcp.plugins.module_utils._keepalive import NAMES, RANGES, UNITS

ROLES = Path(__file__).parents[2] / "roles"


def mistakes(
    values: Mapping[str, object],
    prefix: str,
    names: Iterable[str],
    foreign: Iterable[str] = (),
    serial: object = 1,
    live: Mapping[str, Any] | None = None,
) -> list[str]:
    """A sentence for each value out of its range and each variable that starts like the roles' and that none of them has.

    `foreign` are somebody else's variables; `serial` is how many hosts may reboot at the same time; `live` is what is
    to be done to live connections, its `sockets`, `processes` and `peers`.
    """
    unknown = sorted(set(names) - set(known()) - set(foreign))
    found = _out_of_range(values, prefix) + [_unknown(name) for name in unknown]
    if not re.fullmatch("[1-9][0-9]*", str(serial).strip()):
        found.append(
            f"keepalive_reboot_serial is {serial!s}, and must be a whole number from 1 on: how many hosts may reboot at the same time."
        )
    return found + (_about_live(live, f"{prefix}live_") if live else [])


@functools.cache
def options(role: str) -> dict[str, Any]:
    """A role's variables, as its argument specification has them."""
    text = (ROLES / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    specification = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    found: dict[str, Any] = specification["argument_specs"]["main"]["options"]
    return found


@functools.cache
def known() -> tuple[str, ...]:
    """The variables of the two roles that share a prefix."""
    return tuple(sorted([*options("keepalive"), *options("keepalive_verify")]))


def _out_of_range(values: Mapping[str, object], prefix: str) -> list[str]:
    found = []
    for name in NAMES:
        low, high = RANGES[name]
        text = str(values[name]).strip()
        # Digits only: Python would take True, 4.5 and 4_5 for numbers as well.
        if not re.fullmatch("[0-9]+", text) or not low <= int(text) <= high:
            found.append(f"{prefix}{name} is {values[name]!s}, and must be a whole number from {low} to {high}{UNITS[name]}.")
    return found


def _about_live(live: Mapping[str, Any], prefix: str) -> list[str]:
    """`enable` for every process would have a host probe where nobody asked for it: it has to be said for which."""
    found = []
    named = (_elements(live["processes"]) or []) + (_elements(live["peers"]) or [])
    if live["sockets"] == "enable" and not any(element.strip() for element in named):
        found.append(
            f"{prefix}sockets is enable, and nothing says for which connections: name programs in {prefix}processes"
            f" ({prefix}processes=* for all), or networks in {prefix}peers."
        )
    return found + _about_elements(live["processes"], prefix, "processes") + _about_elements(live["peers"], prefix, "peers")


def _about_elements(asked: object, prefix: str, name: str) -> list[str]:
    elements = _elements(asked)
    if elements is None:
        return [f"{prefix}{name} is {asked!s}, and must be a list, or on the command line text with commas between."]
    if elements:
        # Here, and not above: each task of each host that has a look at variables compiles it anew, and few have these.
        from ansible_collections.longlived.tcp.plugins.module_utils._socket_selection import SelectionError, network, program
    found = []
    for element in elements:
        try:
            (program if name == "processes" else network)(element.strip())
        except SelectionError as error:
            found.append(f"{prefix}{error}")
    return found


def _elements(asked: object) -> list[str] | None:
    """As a module takes them, to which a list from the command line is text; None for what is no list."""
    if isinstance(asked, str):
        return asked.split(",") if asked else []
    return ["" if element is None else str(element) for element in asked] if isinstance(asked, (list, tuple)) else None


def _unknown(name: str) -> str:
    # The prefix that all share would make every name look alike.
    short = {other.removeprefix("keepalive_"): other for other in known()}
    close = difflib.get_close_matches(name.removeprefix("keepalive_"), short, n=1)
    advice = f"did you mean {short[close[0]]}?" if close else "see ansible-doc -t role longlived.tcp.keepalive."
    return f"The roles have no variable {name}: {advice} If it is somebody else's, name it in keepalive_foreign_variables."
