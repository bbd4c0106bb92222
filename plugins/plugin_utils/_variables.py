# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task is asked for: its options, else a role's variables, checked before any host is touched.

    asked = Asked(KEEPALIVE, prefixes=("keepalive_",))
    options = asked.options(arguments, variables)   # raises Mistakes, a sentence for each

Text counts wherever it can be meant: `-e` and AWX surveys give nothing else.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.longlived.tcp.plugins.module_utils._aws.settings import check_profiles, check_settings
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._host_options import KEEPALIVE, VERIFY, new_sockets
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import NAMES, RANGES, UNITS
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.selection import network, program
from ansible_collections.longlived.tcp.plugins.plugin_utils._path.plan import plan

KEEPALIVE_PREFIX, VERIFY_PREFIX = "keepalive_", "keepalive_verify_"

# What the role registers, and what earlier versions had.
RESULT, GONE = "keepalive_result", ("keepalive_look_first",)

KNOWN = frozenset(
    [*(KEEPALIVE_PREFIX + name for name in KEEPALIVE), *(VERIFY_PREFIX + name for name in VERIFY), RESULT, *GONE],
)

# Least, most (None: any), and the unit.
WHOLE_NUMBERS: dict[str, tuple[int, int | None, str]] = {
    **{name: (*RANGES[name], UNITS[name]) for name in NAMES},
    "lost_probes": (0, RANGES["probes"][1] - 1, ""),
    "margin": (0, None, " seconds"),
    "reboot_serial": (1, None, ""),
}

# What asks for something in the part live_sockets.
PARTS_OF_SOCKETS = ("live_sockets", "verify_processes", "processes")

# Instead of users' names: no user.
NONE = "none"


class Given(NamedTuple):
    """An option: how it is called where it is given, its value, and whether it was asked for earlier."""

    said: str
    value: Any
    earlier: bool


class Mistakes(UserError):
    """What is wrong with the options and variables, a sentence each."""


class Asked:
    """Finds the options of `spec`: in a task's arguments, in the variables that start with one of `prefixes`, the first of
    which counts most, or in what was asked for `earlier`, which counts between these. `template` resolves
    a variable, by its name and what it holds."""

    def __init__(
        self, spec: Mapping[str, Any], prefixes: Iterable[str], template: Callable[[str, Any], Any] = lambda _name, value: value
    ) -> None:
        self._spec = spec
        self._prefixes = tuple(prefixes)
        self._template = template

    def options(
        self, arguments: Mapping[str, Any], variables: Mapping[str, Any], earlier: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Every option with its value, the three values planned where there is a path, which is reduced to its shortest
        idle timeout; raise `Mistakes`. What was asked for earlier has been through this."""
        unknown = [
            f"There is no option {name}: see ansible-doc longlived.tcp.keepalive." for name in sorted(set(arguments) - set(self._spec))
        ]
        given = {name: found for name in self._spec if (found := self._found(name, arguments, variables, earlier or {})) is not None}
        names = {name: found.said for name, found in given.items()}
        values = {name: found.value for name, found in given.items()}
        foreign = [name for name in _list(values.get("foreign_variables")) if isinstance(name, str)]
        wrong = [*unknown, *_misspelt(variables, foreign), *whole_number_mistakes(values, names)]
        if not wrong:
            options, wrong = self._checked(values, names)
        if not wrong:
            wrong = [*_contradictions(options, lambda name: names.get(name, self._prefixes[-1] + name))]
        if wrong:
            raise Mistakes(" ".join(wrong))
        if "aws_users" in given:  # no user is an answer, too, and gets no default
            options["aws_users_default"] = (earlier or {}).get("aws_users_default", []) if given["aws_users"].earlier else []
        return _planned(options)

    def _found(self, name: str, arguments: Mapping[str, Any], variables: Mapping[str, Any], earlier: Mapping[str, Any]) -> Given | None:
        """None for an option that has its default."""
        first, *others = self._prefixes
        places = [(name, arguments), (first + name, variables), (name, earlier), *((prefix + name, variables) for prefix in others)]
        for said, place in places:
            if said in place:
                value = place[said] if place is earlier or place is arguments else self._template(said, place[said])
                if not _is_empty(value) and value != variables.get("omit", ""):
                    return Given(said, value, place is earlier)
        return None

    def _checked(self, values: Mapping[str, Any], names: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
        """The options by type, defaults included, and a sentence for each that cannot be had."""
        spec = {names.get(name, name): _on_the_controller(one) for name, one in self._spec.items()}
        parameters = {names[name]: _from_text(value, self._spec[name]["type"]) for name, value in values.items()}
        checked = ArgumentSpecValidator(spec).validate(parameters)
        if checked.error_messages:
            return {}, [message if message.endswith(".") else f"{message}." for message in checked.error_messages]
        options = {name: checked.validated_parameters[names.get(name, name)] for name in self._spec}
        if NONE in options["aws_users"] and len(options["aws_users"]) > 1:
            return {}, [f"{names['aws_users']} has {NONE} beside other names: {NONE} alone means no user."]
        options["aws_users"] = [user for user in options["aws_users"] if user != NONE]
        return options, []


def _is_empty(value: Any) -> bool:
    """Whether a value stands for the default."""
    return value is None or (isinstance(value, str) and not value.strip())


def _on_the_controller(option: Mapping[str, Any]) -> dict[str, Any]:
    """A path is the host's: its ~ and variables mean nothing here."""
    return {**option, "type": "str"} if option["type"] == "path" else dict(option)


def _from_text(value: Any, kind: str) -> Any:
    """Text as the list that it stands for. JSON counts, which is how a list arrives that was typed as one."""
    if kind != "list":
        return value.strip() if isinstance(value, str) else value
    elements = _elements(value)
    # Ansible's own sentence about a null differs from core to core; an empty name is refused by all.
    return ["" if element is None else element for element in elements] if isinstance(elements, list) else elements


def _list(value: Any) -> list[Any]:
    found = _elements(value)
    return found if isinstance(found, list) else []


def _elements(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            pass  # a name that begins so, which is judged as a name
    return [element.strip() for element in value.split(",")]


def whole_number_mistakes(values: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each of the values that is out of its range, with what it is called in `names`."""
    for name, (least, most, unit) in WHOLE_NUMBERS.items():
        if name in values:
            text = str(values[name]).strip()
            # Digits only: Python would take True, 4.5 and 4_5 for numbers as well.
            if not re.fullmatch("[0-9]{1,18}", text) or int(text) < least or (most is not None and int(text) > most):
                limits = f"from {least} on" if most is None else f"from {least} to {most}"
                yield f"{names[name]} is {text}, and must be a whole number {limits}{unit}."


def _misspelt(variables: Mapping[str, Any], foreign: Iterable[str]) -> Iterator[str]:
    own = {name for name, value in variables.items() if name.startswith(KEEPALIVE_PREFIX) and not _is_registered(value)}
    unknown = own - KNOWN - set(foreign)
    # The prefix that all share would make every name look alike.
    short = {name.removeprefix(KEEPALIVE_PREFIX): name for name in KNOWN - {RESULT, *GONE}}
    for name in sorted(unknown):
        close = difflib.get_close_matches(name.removeprefix(KEEPALIVE_PREFIX), short, n=1)
        advice = f"did you mean {short[close[0]]}?" if close else "see ansible-doc -t role longlived.tcp.keepalive."
        yield f"The roles have no variable {name}: {advice} If it belongs to something else, name it in keepalive_foreign_variables."


def _is_registered(value: Any) -> bool:
    """Whether a variable holds what a task has returned: its name is the user's choice."""
    return isinstance(value, Mapping) and any(name in value for name in ("changed", "failed", "skipped"))


def _contradictions(options: Mapping[str, Any], said: Callable[[str], str]) -> Iterator[str]:
    """What no single option shows; `said` is how an option is called where it is given."""
    for check in (_path, _parts, _aws, _live_sockets, _names, _without_runtime):
        try:
            check(options, said)
        except UserError as error:
            yield str(error)


def _path(options: Mapping[str, Any], said: Callable[[str], str]) -> None:
    if options["path"]:
        _plan(options)


def _parts(options: Mapping[str, Any], said: Callable[[str], str]) -> None:
    """A run that is limited to parts in which nothing is asked for would be green in silence."""
    present = options["state"] == "present"
    asked = {
        "sysctl": True,
        "aws": bool(options["aws_users"] or options["aws_users_default"]),
        "new_sockets": new_sockets(options) is not None,
        "live_sockets": present and any(options.get(name) not in (None, "leave", []) for name in PARTS_OF_SOCKETS),
    }
    if not any(asked[part] for part in options["parts"]):
        parts = ", ".join(options["parts"]) or "empty"
        raise Mistakes(f"{said('parts')} is {parts}, which leaves nothing to do: add a part, or say what this one is to do.")


def _aws(options: Mapping[str, Any], said: Callable[[str], str]) -> None:
    check_settings(options["aws_settings"], options["state"])  # a credential is shown nowhere, also where no user is named
    if "aws" in options["parts"] and (options["aws_users"] or options["aws_users_default"]):
        if not all(user.strip() for user in options["aws_users"]):
            raise Mistakes(f"{said('aws_users')} has an empty name: write the user's, or leave it out.")
        check_profiles(options["aws_profiles"])


def _live_sockets(options: Mapping[str, Any], said: Callable[[str], str]) -> None:
    """`enable` for every process would have a host probe where it was not asked for: it has to be said for which."""
    if options["state"] == "absent" or options.get("live_sockets", "leave") == "leave":
        return
    if options["live_sockets"] == "enable" and not options["live_processes"] and not options["live_peers"]:
        raise Mistakes(
            f"{said('live_sockets')} is enable, and nothing says for which connections: name programs in {said('live_processes')}"
            f" ({said('live_processes')}=* for all), or networks in {said('live_peers')}."
        )


def _names(options: Mapping[str, Any], said: Callable[[str], str]) -> None:
    if options["state"] == "absent":
        return
    for option, check in (("live_processes", program), ("live_peers", network), ("verify_processes", program), ("processes", program)):
        for element in options.get(option, ()):
            try:
                check(element.strip())
            except UserError as error:
                raise Mistakes(f"{said(option).removesuffix(option.rpartition('_')[2])}{error}") from error


def _without_runtime(options: Mapping[str, Any], said: Callable[[str], str]) -> None:
    if not options["runtime"] and options["state"] == "present":
        for option, nothing in (("live_sockets", "leave"), ("reboot", "never")):
            if options.get(option, nothing) != nothing:
                raise Mistakes(
                    f"{said(option)} is {options[option]}, and {said('runtime')} is false, which leaves alone all that runs:"
                    f" leave out one of them."
                )


def _planned(options: dict[str, Any]) -> dict[str, Any]:
    if not options["path"]:
        return options
    planned = _plan(options)
    return {**options, **{name: planned[name] for name in NAMES}, "path": [planned["idle_timeout"]]}


def _plan(options: Mapping[str, Any]) -> dict[str, Any]:
    return plan(options["path"], lost_probes=options["lost_probes"], margin=options["margin"])
