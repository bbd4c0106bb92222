# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each result, with its host and task, and each host's recap, as lines of JSON in the file that $FLEET_RESULTS names."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: fleet_results
type: notification
short_description: Each result, with its host and task, as a line of JSON
description: For tests that compare what was found and done on many hosts, beside what is printed.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "fleet_results"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, result: Any, outcome: str) -> None:
        # ansible-core 2.19 has the first names, 2.16 the second.
        host, task, found = (getattr(result, name, None) or getattr(result, f"_{name}") for name in ("host", "task", "result"))
        self._append({"host": host.get_name(), "task": task.get_name(), "outcome": outcome, "result": found})

    def _append(self, row: dict[str, Any]) -> None:
        with open(os.environ["FLEET_RESULTS"], "a", encoding="utf-8") as stream:
            stream.write(json.dumps(row, default=str) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write(result, "ok")

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._write(result, "skipped")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write(result, "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._write(result, "unreachable")

    def v2_playbook_on_stats(self, stats: Any) -> None:
        for host in stats.processed:
            self._append({"host": host, "outcome": "recap", "result": stats.summarize(host)})
