# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half of the module keepalive_verify."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.longlived.tcp.plugins.module_utils._aws.settings import check_settings
from ansible_collections.longlived.tcp.plugins.module_utils._host_options import VERIFY
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import NAMES
from ansible_collections.longlived.tcp.plugins.plugin_utils._host_task import HostTask
from ansible_collections.longlived.tcp.plugins.plugin_utils._variables import KEEPALIVE_PREFIX, VERIFY_PREFIX
from ansible_collections.longlived.tcp.plugins.plugin_utils._verification import problems, summary


class ActionModule(HostTask):
    module = "keepalive_verify"
    spec = VERIFY
    prefixes = (VERIFY_PREFIX, KEEPALIVE_PREFIX)
    follows = True

    def judged(self, result: dict[str, Any], options: dict[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
        # A check run of the role before has changed nothing: what it foresees is what there is to verify.
        foreseen = self._task.check_mode and earlier.get("checked") and earlier.get("changed")
        after = _foreseen(result["after"], earlier, options) if foreseen else result["after"]
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


# What a check run of keepalive foresees, whatever it was asked to look at.
FORESEEN = (
    *("runtime", "boot", "assignments", "consistent", "lost_probes_survived", "detection_time"),
    *("sockets", "restart", "without_keepalive"),
)

# What says what new connections are to get.
OF_NEW_CONNECTIONS = ("state", "new_sockets", "new_sockets_loopback", "parts", "runtime", "path", *NAMES)


def _foreseen(found: Mapping[str, Any], earlier: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """What was found, with what would be in its place."""
    names = [name for name in FORESEEN if name in earlier["after"]]
    if "aws" in earlier["after"] and _of_users(options) == _of_users(earlier["asked"]):
        names.append("aws")
    if "new_connections" in earlier["after"] and all(options[name] == earlier["asked"][name] for name in OF_NEW_CONNECTIONS):
        names.append("new_connections")
    return {**found, **{name: earlier["after"][name] for name in names}}


def _of_users(options: Mapping[str, Any]) -> list[Any]:
    """What says which rows of users' files there are, and what is in them."""
    settings = check_settings(options["aws_settings"], options["state"])
    return [options["aws_users"], options["aws_users_default"], options["aws_profiles"], settings]
