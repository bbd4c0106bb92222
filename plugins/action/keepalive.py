# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half of the module keepalive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ansible_collections.longlived.tcp.plugins.module_utils._host_options import KEEPALIVE
from ansible_collections.longlived.tcp.plugins.plugin_utils._host_task import HostTask
from ansible_collections.longlived.tcp.plugins.plugin_utils._variables import KEEPALIVE_PREFIX, Mistakes
from ansible_collections.longlived.tcp.plugins.plugin_utils._verification import problems, summary


class ActionModule(HostTask):
    module = "keepalive"
    spec = KEEPALIVE
    prefixes = (KEEPALIVE_PREFIX,)
    on_failure: ClassVar[Mapping[str, Any]] = {"reboot": False}

    def checked(self, options: dict[str, Any]) -> dict[str, Any]:
        if options["reboot"] != "never" and self._connection.transport == "local":
            raise Mistakes("A local connection cannot be rebooted through: set keepalive_reboot to never, and reboot by hand.")
        return options

    def judged(self, result: dict[str, Any], options: dict[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
        after, before = result["after"], result["before"]
        # Of a user whose file could not be changed, that is what is wrong.
        hindered = {row["user"] for row in result["problems"] if row.get("user")}
        judged = {**after, "aws": [row for row in after.get("aws", ()) if row["user"] not in hindered]}
        found = result["problems"] + problems(judged, options, acted=True)
        said = summary(after, options, before)
        return {
            **result,
            "ok": not found,
            "problems": found,
            "summary": f"would be: {said}" if self._task.check_mode and result["changed"] else said,
            "restart": after.get("restart", []),
            "reboot": options["reboot"] == "always" or (options["reboot"] == "if_changed" and result["changed"]),
            "asked": options,
            "checked": self._task.check_mode,
        }
