# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: keepalive_report
type: notification
short_description: The fleet on one page
version_added: 0.2.0
author:
  - longlived.tcp contributors (@longlived-tcp)
description:
  - Writes a line of JSON for each host as results of M(longlived.tcp.keepalive), M(longlived.tcp.keepalive_verify) and
    M(longlived.tcp.keepalive_info) come, unreachable and failed hosts included. At the end it makes a page of them that is one file
    and needs no network, and prints one line with how many hosts are right.
  - A host that has several results counts with the last one.
  - Files have the mode C(0600). No secret and no command line of a process gets into them. Results under C(no_log) are counted only.
  - If a file cannot be written, the run goes on, and one warning says why.
requirements:
  - enable in configuration
options:
  path:
    description: Where the files go, without their endings C(.jsonl), C(.html) and C(.csv). Directories are made.
    type: str
    default: keepalive-report
    env:
      - name: KEEPALIVE_REPORT_PATH
    ini:
      - section: callback_keepalive_report
        key: path
  formats:
    description: Which files to keep. C(jsonl) has a line a host and result, with a schema version.
    type: list
    elements: str
    choices: [html, jsonl, csv]
    default: [html, jsonl]
    env:
      - name: KEEPALIVE_REPORT_FORMATS
    ini:
      - section: callback_keepalive_report
        key: formats
"""

EXAMPLES = r"""
# ansible.cfg
# [defaults]
# callbacks_enabled = longlived.tcp.keepalive_report
# [callback_keepalive_report]
# path = reports/keepalive
"""

import uuid
from datetime import datetime, timezone
from typing import Any

from ansible.plugins.callback import CallbackBase
from ansible_collections.longlived.tcp.plugins.plugin_utils._report.line import TASKS, line
from ansible_collections.longlived.tcp.plugins.plugin_utils._report.report import Report, ReportError


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "longlived.tcp.keepalive_report"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._report: Report | None = None
        self._failed = False
        self._run = uuid.uuid4().hex

    # --- what Ansible calls -------------------------------------------------------------------------

    def v2_runner_on_ok(self, result: Any) -> None:
        self._take(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._take(result, "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._take(result, "unreachable")

    def v2_playbook_on_stats(self, stats: Any) -> None:
        if self._report is None:
            return
        try:
            said = self._report.ended()
        except ReportError as error:
            self._warn(error)
            return
        self._display.display(said)

    # --- what is done -------------------------------------------------------------------------------

    def _take(self, result: Any, status: str) -> None:
        task = getattr(result, "task", None) or result._task
        action = getattr(task, "resolved_action", None) or task.action
        if self._failed or (action not in TASKS and status != "unreachable"):
            return
        host = getattr(result, "host", None) or result._host
        groups = [group.name for group in host.get_groups() if group.name not in ("all", "ungrouped")]
        found = dict(getattr(result, "result", None) or result._result)
        if task.no_log:
            found = {"censored": True}
        time = datetime.now(timezone.utc).isoformat(timespec="seconds")
        try:
            if self._report is None:
                self._report = Report(str(self.get_option("path")), list(self.get_option("formats")))
            self._report.add(line(host.get_name(), groups, self._run, time, str(action), found, status))
        except ReportError as error:
            self._warn(error)

    def _warn(self, error: ReportError) -> None:
        """Once: whatever comes after has the same cause."""
        self._failed, self._report = True, None
        self._display.warning(f"There is no report of this run: {error}")
