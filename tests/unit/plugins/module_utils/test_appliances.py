# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of appliances, and those that fit what a question found; that each can be planned for is in plugin_utils."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._appliances import APPLIANCES, fitting


@pytest.mark.parametrize("name", sorted(APPLIANCES))
def test_a_row_is_complete(name):
    one = APPLIANCES[name]
    assert one.title and one.source and one.at_expiry.says
    assert set(one.at_expiry.outcomes) <= {"reset", "silent", "closed_by_peer"} and one.at_expiry.outcomes
    assert one.fixed or one.varies or one.least <= one.idle_timeout <= one.most


@pytest.mark.parametrize("name", sorted(APPLIANCES))
def test_a_row_fits_its_own_timeout(name):
    one = APPLIANCES[name]
    just = (one.idle_timeout - 1, one.idle_timeout)
    for outcome in one.at_expiry.outcomes:
        assert [row["by_default"] for row in fitting(outcome, just, just) if row["name"] == name] == [True]
        # Alive after as long a silence: it would have forgotten.
        later = (one.idle_timeout, one.idle_timeout + 1)
        assert [row["by_default"] for row in fitting(outcome, later, later) if row["name"] == name] == ([] if one.fixed else [False])


def test_what_counts_no_probes_is_measured_by_the_time_without_data():
    rows = fitting("reset", (0, 100), (300, 400))
    assert [row["name"] for row in rows if not row["counts_probes"]] == ["global_accelerator"]
    assert all(row["counts_probes"] for row in fitting("reset", (300, 400), (0, 100)))
