# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A test that is skipped is named at the end of the run, with its reason. Read by Python 2.7 as well."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import sys


def pytest_terminal_summary(terminalreporter):
    report = os.environ.get("KEEPALIVE_NOT_RUN")
    if not report:
        return
    with open(report, "a") as stream:
        for skipped in terminalreporter.stats.get("skipped", []):
            _path, _line, reason = skipped.longrepr
            reason = reason[len("Skipped: ") :] if reason.startswith("Skipped: ") else reason
            stream.write("%s (Python %d.%d): %s\n" % ((skipped.nodeid,) + tuple(sys.version_info[:2]) + (reason,)))
