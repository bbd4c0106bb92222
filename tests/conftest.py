# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A test that is skipped or fails is named at the end of the run (scripts/sessions.py). Read by Python 2.7 as well."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import sys


def pytest_terminal_summary(terminalreporter):
    for skipped in terminalreporter.stats.get("skipped", []):
        _path, _line, reason = skipped.longrepr
        reason = reason[len("Skipped: ") :] if reason.startswith("Skipped: ") else reason
        _report("KEEPALIVE_NOT_RUN", "%s (Python %d.%d): %s" % ((skipped.nodeid,) + tuple(sys.version_info[:2]) + (reason,)))
    for outcome in ("failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            _report("KEEPALIVE_FAILED", "%s %s" % (os.environ.get("NOX_CURRENT_SESSION"), report.nodeid))


def _report(variable, line):
    path = os.environ.get(variable)
    if path:
        with open(path, "a") as stream:
            stream.write(line + "\n")
