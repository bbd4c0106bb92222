# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half of `keepalive` and `keepalive_verify`: check what is asked for, run the module once, judge, say the result."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from ansible import constants
from ansible.errors import AnsibleError
from ansible.module_utils import basic
from ansible.plugins.action import ActionBase
from ansible.release import __version__ as core_version
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.plugin_utils._variables import GONE, RESULT, Asked, Mistakes

# The last ansible-core that manages a Python, for those that newer ones do not.
LAST_CORE = {(2, 7): "2.16", (3, 6): "2.16", (3, 7): "2.17", (3, 8): "2.19"}

# Of the target, by this ansible-core; 2.16 has it as a condition and not as a number.
LEAST_PYTHON: tuple[int, ...] = basic._PY_MIN if isinstance(basic._PY_MIN, tuple) else (3, 6)

# Of what Ansible says of a template that cannot be resolved, characters.
MOST_SHOWN = 300


class HostTask(ActionBase):
    """What the two have in common; a subclass has `spec`, `prefixes` and `judged`."""

    module: ClassVar[str]
    spec: ClassVar[Mapping[str, Any]]
    prefixes: ClassVar[tuple[str, ...]]
    follows: ClassVar[bool] = False
    """Whether what the role keepalive was asked for on this host earlier in the run is asked for here as well."""
    on_failure: ClassVar[Mapping[str, Any]] = {}
    """What a failure returns as well, for the tasks that follow."""

    TRANSFERS_FILES = False

    def checked(self, options: dict[str, Any]) -> dict[str, Any]:
        """The options, if nothing else hinders; raise `UserError`."""
        return options

    def judged(self, result: dict[str, Any], options: dict[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
        """What the module returned, with `ok`, `problems`, `summary` and whatever else the task returns."""
        raise NotImplementedError

    def run(self, tmp: object = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        variables = task_vars or {}
        result: dict[str, Any] = super().run(None, variables)
        if self._chosen_by_no_tag(variables):
            self._display.warning(self._tags(variables))
            return {**result, "skipped": True, "changed": False, "reboot": False}
        earlier = self._earlier(variables)
        try:
            options = self.checked(Asked(self.spec, self.prefixes, self._template).options(self._task.args, variables, _asked(earlier)))
        except UserError as error:
            return {**result, **self.on_failure, "failed": True, "msg": str(error)}
        for name in set(GONE) & set(variables):
            self._display.warning(f"{name} does nothing any more: remove it.")
        # A copy, to which Ansible adds arguments of its own.
        result.update(self._execute_module(module_name=f"longlived.tcp.{self.module}", module_args=dict(options), task_vars=variables))
        if result.get("failed") or "after" not in result:
            return {**self._explained(result, variables), **self.on_failure}
        judged = {**self.judged(result, options, earlier), "host": self._host(variables)}
        return self._said(judged, options)

    # --- before the module ----------------------------------------------------------------------

    def _chosen_by_no_tag(self, variables: Mapping[str, Any]) -> bool:
        """Whether this runs only because it is tagged `always`, as in the playbooks, so that no tag ends green in silence."""
        chosen, own = set(variables.get("ansible_run_tags", ["all"])), set(self._task.tags)
        return "always" in own and not chosen & {"all", "tagged", "always", *own}

    def _tags(self, variables: Mapping[str, Any]) -> str:
        tags = ",".join(variables["ansible_run_tags"])
        return f"Nothing was done: {self._task.get_name()} has no tag {tags}. -e keepalive_parts=sysctl limits a run to a part of it."

    def _earlier(self, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the role keepalive has returned on this host in this run. With run_once, another host's result is there."""
        found = variables.get(RESULT) if self.follows else None
        return found if isinstance(found, Mapping) and "asked" in found and found.get("host") == self._host(variables) else {}

    def _host(self, variables: Mapping[str, Any]) -> str:
        """The host as Ansible names it in its own lines."""
        host, delegate = str(variables["inventory_hostname"]), self._task.delegate_to
        return f"{host} -> {delegate}" if delegate and delegate != host else host

    def _template(self, name: str, value: Any) -> Any:
        try:
            return _plain(self._templar.template(value))
        except AnsibleError as error:
            if type(error).__name__ == "AnsibleValueOmittedError":  # from ansible-core 2.19 on
                return None
            reason = " ".join(str(error).split())
            shown = reason if len(reason) < MOST_SHOWN else f"{reason[:MOST_SHOWN]}..."
            raise Mistakes(f"{name} has a template that cannot be resolved: {shown}") from error

    # --- after the module -----------------------------------------------------------------------

    def _explained(self, result: dict[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
        """A module that did not even start says nothing of the reason, which is most often an old Python."""
        reason = None if "invocation" in result else self._too_old(variables)
        return {"failed": True, "changed": False, "msg": reason} if reason else result

    def _too_old(self, variables: Mapping[str, Any]) -> str | None:
        interpreter = (self._used_interpreter or "").removeprefix("#!").strip()
        if not interpreter:
            return None
        answer = self._low_level_execute_command(f"{interpreter} -V 2>&1", sudoable=False)
        found = re.search(r"Python (\d+)\.(\d+)\S*", f"{answer.get('stdout', '')}{answer.get('stderr', '')}")
        if found is None or (version := (int(found[1]), int(found[2]))) >= LEAST_PYTHON or version not in LAST_CORE:
            return None
        if core_version.startswith("2.16.") and version == (2, 7):
            return None
        least = ".".join(map(str, LEAST_PYTHON))
        return (
            f"{self._host(variables)} has {found[0]} ({interpreter}), and ansible-core {core_version} manages Python {least} or"
            f" newer: use ansible-core {LAST_CORE[version]}, or set ansible_python_interpreter to a newer Python of the host."
        )

    def _said(self, result: dict[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
        """Print the line of this host; or fail, without what would bury the message."""
        if result["ok"] or options.get("report_only"):
            lines = [row["message"] for row in result["problems"]] + [result["summary"]]
            # A callback that writes data on the console takes no line of ours.
            if not self._task.no_log and "json" not in str(constants.DEFAULT_STDOUT_CALLBACK):
                for line in lines:
                    self._display.display(f"{result['host']}: {line}")
            return result
        kept = {name: value for name, value in result.items() if name not in ("before", "after", "asked")}
        # No console prints it, and a report needs it.
        kept["invocation"] = {**result.get("invocation", {}), "after": result["after"]}
        return {**kept, **self.on_failure, "failed": True, "msg": " ".join(row["message"] for row in result["problems"])}


def _asked(earlier: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked of keepalive, by the names of keepalive_verify."""
    asked = dict(earlier.get("asked", {}))
    if processes := asked.get("verify_processes"):
        asked["processes"] = processes
    return asked


def _plain(value: Any) -> Any:
    """Text of what is vaulted, which ansible-core before 2.19 leaves as an object."""
    if hasattr(value, "__ENCRYPTED__"):
        return str(value)
    if isinstance(value, list):
        return [_plain(element) for element in value]
    if isinstance(value, dict):
        return {name: _plain(element) for name, element in value.items()}
    return value
