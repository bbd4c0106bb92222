# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The three keepalive values that a path needs: the least traffic that survives so many lost probes.

A probe that is sent keeps every element of the path from dropping the connection. With `lost` probes lost in a row the
next one leaves `time + lost * intvl` after the last segment received, and the kernel's timers fire late by up
to an eighth, so that `9/8 * (time + lost * intvl) <= idle_timeout - margin` is what has to hold. On a healthy
path a probe leaves every `time` seconds: the largest `time` is the least traffic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.longlived.tcp.plugins.module_utils._appliances import APPLIANCES, Appliance
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import (
    DEFAULTS,
    LATENESS_DENOMINATOR,
    LATENESS_NUMERATOR,
    RANGES,
    UNITS,
    detection_time,
    lost_probes_survived,
)

DEFAULT_LOST_PROBES, DEFAULT_MARGIN, DEFAULT_INTVL = 3, 20, 20


class PlanError(UserError):
    """What is wrong with the path or the wishes, and what to do instead."""


@dataclass(frozen=True)
class Element:
    """An element of a path: what to call it, its idle timeout in seconds, and what is known of its kind."""

    name: str
    idle_timeout: int
    appliance: Appliance | None = None


def plan(
    path: Sequence[Any],
    lost_probes: int = DEFAULT_LOST_PROBES,
    margin: int | None = None,
    intvl: int | None = None,
    probes: int | None = None,
) -> dict[str, Any]:
    """The values for a path, and what they promise. `margin`, `intvl` and `probes` are chosen where they are not given."""
    lost_probes = _whole("lost_probes", lost_probes, 0, RANGES["probes"][1] - 1)
    weakest = min(elements(path), key=lambda element: element.idle_timeout)
    chosen_margin = _default_margin(weakest.idle_timeout) if margin is None else _whole("margin", margin, 0, weakest.idle_timeout - 1)
    # The longest time that all of time + lost_probes * intvl may take on paper.
    budget = LATENESS_DENOMINATOR * (weakest.idle_timeout - chosen_margin) // LATENESS_NUMERATOR
    chosen_intvl = _default_intvl(budget, lost_probes) if intvl is None else _whole("intvl", intvl, *RANGES["intvl"])
    time = min(budget - lost_probes * chosen_intvl, RANGES["time"][1])
    if time < chosen_intvl:
        raise PlanError(_cannot_be_met(weakest, lost_probes, chosen_margin, chosen_intvl, budget))
    values = {"time": time, "intvl": chosen_intvl, "probes": _probes(probes, lost_probes)}
    return {
        **values,
        "idle_timeout": weakest.idle_timeout,
        "limited_by": weakest.name,
        "lost_probes_survived": lost_probes_survived(values, weakest.idle_timeout - chosen_margin),
        "probes_per_hour": round(3600 / time, 1),
        "detection_time": detection_time(values),
    }


def _default_margin(idle_timeout: int) -> int:
    return min(DEFAULT_MARGIN, idle_timeout // 6)


def _default_intvl(budget: int, lost_probes: int) -> int:
    """The default, or less where it would leave less than twice as much for `time`."""
    return max(1, min(DEFAULT_INTVL, budget // (lost_probes + 2)))


def _probes(asked: int | None, lost_probes: int) -> int:
    if asked is None:
        # Too few let lost replies kill a healthy connection.
        return max(DEFAULTS["probes"], lost_probes + 1)
    probes = _whole("probes", asked, *RANGES["probes"])
    if probes <= lost_probes:
        raise PlanError(
            f"probes is {probes}, and {lost_probes} lost ones end the connection before another can save it:"
            f" ask for at least {lost_probes + 1}."
        )
    return probes


def _cannot_be_met(weakest: Element, lost_probes: int, margin: int, intvl: int, budget: int) -> str:
    advice = []
    if budget // (lost_probes + 1) >= 1:
        advice.append(f"an intvl of at most {budget // (lost_probes + 1)}")
    if budget // intvl >= 1:
        advice.append(f"lost_probes of at most {budget // intvl - 1}")
    if margin:
        advice.append("a smaller margin")
    appliance = weakest.appliance
    raised = f", or raise {_how_to_raise(weakest.name, appliance)}" if appliance and not appliance.fixed else ""
    return (
        f"{lost_probes} lost probes, {intvl} seconds apart, with a margin of {margin} seconds do not fit into the idle timeout of"
        f" {weakest.idle_timeout} seconds ({weakest.name}): ask for {' or '.join(advice) or 'less'}{raised}."
    )


def _how_to_raise(name: str, appliance: Appliance) -> str:
    limit = "" if appliance.varies else f", which goes up to {appliance.most} seconds"
    return f"{appliance.setting} of {name}{limit}"


# --- the path ------------------------------------------------------------------------------------


def elements(path: Sequence[Any]) -> list[Element]:
    """The path's elements; raise where one is unknown, impossible or makes keepalive useless."""
    if isinstance(path, (str, bytes)) or not isinstance(path, Sequence):
        raise PlanError(f"The path is {path!r}, and must be a list of names, of seconds, or of both.")
    if not path:
        raise PlanError("The path is empty: name at least one element, such as nat_gateway.")
    found = [_element(given) for given in path]
    for element in found:
        if element.appliance and not element.appliance.counts_probes:
            raise PlanError(_useless(element, element.appliance))
    return found


def _element(given: Any) -> Element:
    if isinstance(given, Mapping):
        unknown = set(given) - {"name", "idle_timeout"}
        if unknown or "name" not in given:
            raise PlanError(f"{dict(given)!r} is no element of a path: it needs a name, and may have an idle_timeout.")
        name = str(given["name"])
        return _known(name, given.get("idle_timeout")) if name in APPLIANCES else _unknown(name, given.get("idle_timeout"))
    if isinstance(given, str) and not given.strip().isdigit():
        if given not in APPLIANCES:
            raise PlanError(
                f"{given} is no appliance of the table ({', '.join(sorted(APPLIANCES))}):"
                f" give its idle timeout, as in {{name: {given}, idle_timeout: 600}}."
            )
        return _known(given, None)
    seconds = _whole("An idle timeout", given, 1, None)
    return Element(f"{seconds} seconds", seconds)


def _known(name: str, asked: Any) -> Element:
    appliance = APPLIANCES[name]
    if asked is None:
        return Element(name, appliance.idle_timeout, appliance)
    seconds = _whole(f"The idle_timeout of {name}", asked, 1, None)
    if not appliance.least <= seconds <= appliance.most:
        allowed = f"is fixed at {appliance.least}" if appliance.fixed else f"can be from {appliance.least} to {appliance.most}"
        raise PlanError(f"The idle_timeout of {name} is given as {seconds} seconds, but {allowed} seconds: correct it, or leave it out.")
    return Element(name, seconds, appliance)


def _unknown(name: str, asked: Any) -> Element:
    if asked is None:
        raise PlanError(f"{name} is no appliance of the table: give its idle_timeout in seconds.")
    return Element(name, _whole(f"The idle_timeout of {name}", asked, 1, None))


def _useless(element: Element, appliance: Appliance) -> str:
    raised = f"raise {_how_to_raise(element.name, appliance)}, or " if appliance.setting else ""
    return (
        f"{element.name} takes no notice of TCP keepalive probes, so that no value keeps a connection through it alive:"
        f" {raised}have the application send something more often than every {element.idle_timeout} seconds."
    )


def _whole(name: str, value: Any, least: int, most: int | None) -> int:
    """A whole number in its range; text counts, as a variable from the command line is text."""
    try:
        number = int(str(value).strip())
    except ValueError:
        number = None
    if number is None or number < least or (most is not None and number > most):
        limits = f"at least {least}" if most is None else f"from {least} to {most}"
        raise PlanError(f"{name} is {value!s}, and must be a whole number {limits}{UNITS.get(name, '')}.")
    return number
