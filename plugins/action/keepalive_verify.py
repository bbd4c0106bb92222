# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half of the module keepalive_verify."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.longlived.tcp.plugins.module_utils._host_options import VERIFY
from ansible_collections.longlived.tcp.plugins.plugin_utils._host_task import HostTask
from ansible_collections.longlived.tcp.plugins.plugin_utils._variables import KEEPALIVE_PREFIX, VERIFY_PREFIX
from ansible_collections.longlived.tcp.plugins.plugin_utils._verification import problems, summary


class ActionModule(HostTask):
    module = "keepalive_verify"
    spec = VERIFY
    prefixes = (VERIFY_PREFIX, KEEPALIVE_PREFIX)

    def judged(self, result: dict[str, Any], options: dict[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
        # A check run of the role before has changed nothing: what it foresees is what there is to verify.
        foreseen = self._task.check_mode and earlier.get("changed")
        after = earlier["after"] if foreseen else result["after"]
        found = problems(after, options, acted=bool(foreseen))
        rebooted = earlier and earlier["after"]["boot_id"] != after["boot_id"]
        return {
            **result,
            "after": after,
            "ok": not found,
            "problems": found,
            "summary": f"{'would be: ' if foreseen else 'rebooted; ' if rebooted else ''}{summary(after, options)}",
            "restart": after.get("restart", []),
        }
