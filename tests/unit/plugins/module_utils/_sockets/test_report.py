# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report counts."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.report import report

from .connections import chosen


@pytest.mark.usefixtures("here")
def test_all_are_counted_and_the_chosen_have_rows():
    result = report(chosen(["boxed"]), 350, 0, socket_options=True, everywhere=True)
    assert result["summary"] == dict(established=4, protected=2, stale=0, unprotected=2, unknown=0)
    assert [(row["name"], row["established"], row["unprotected"]) for row in result["processes"]] == [("boxed", 1, 1)]
    assert result["processes"][0]["reasons"] == dict(disabled=0, runtime=1, pinned=0)
    assert result["sockets"] == []
