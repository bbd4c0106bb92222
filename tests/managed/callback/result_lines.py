# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each result as a line of JSON on the descriptor that $KEEPALIVE_RESULTS names."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: result_lines
type: stdout
short_description: Each result as a line of JSON
description: For tests that read what a module returned.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "result_lines"

    def _write(self, result: Any, failed: bool) -> None:
        found = result.result if hasattr(result, "result") else result._result
        line = json.dumps({**found, "failed": failed}, default=str) + "\n"
        with os.fdopen(os.dup(int(os.environ["KEEPALIVE_RESULTS"])), "w") as stream:
            stream.write(line)

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write(result, failed=False)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write(result, failed=True)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._write(result, failed=True)
