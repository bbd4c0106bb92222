# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes in a role's variables that an argument specification cannot express."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from ansible_collections.longlived.tcp.plugins.module_utils._keepalive import NAMES, RANGES, UNITS


def mistakes(values: Mapping[str, object], prefix: str, names: Iterable[str], known: Iterable[str]) -> list[str]:
    """A sentence for each value out of its range and each variable that no role knows."""
    known = sorted(known)
    return _out_of_range(values, prefix) + [_unknown(name, known, prefix) for name in sorted(set(names) - set(known))]


def _out_of_range(values: Mapping[str, object], prefix: str) -> list[str]:
    found = []
    for name in NAMES:
        low, high = RANGES[name]
        try:
            # str first: int(4.5) would be 4, and so not what was written.
            fits = low <= int(str(values[name])) <= high
        except ValueError:
            fits = False
        if not fits:
            found.append(f"{prefix}{name} is {values[name]!s}, and must be a whole number from {low} to {high}{UNITS[name]}.")
    return found


def _unknown(name: str, known: list[str], prefix: str) -> str:
    # The prefix that all share would make every name look alike.
    close = difflib.get_close_matches(name.removeprefix(prefix), [other.removeprefix(prefix) for other in known], n=1)
    advice = f"did you mean {prefix}{close[0]}?" if close else f"it knows {', '.join(known)}."
    return f"The role has no variable {name}: {advice}"
