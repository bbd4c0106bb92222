# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the filter gives to a template: the plan, or an error that names the filter."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.longlived.tcp.plugins.filter.keepalive_plan import FilterModule
from ansible_collections.longlived.tcp.plugins.plugin_utils._path.plan import plan

keepalive_plan = FilterModule().filters()["keepalive_plan"]


def test_it_is_the_plan() -> None:
    assert keepalive_plan(["nat_gateway"], lost_probes=2) == plan(["nat_gateway"], lost_probes=2)


def test_a_path_that_cannot_be_planned_is_an_error_of_the_filter() -> None:
    with pytest.raises(AnsibleFilterError, match="keepalive_plan: .*alb takes no notice of TCP keepalive probes"):
        keepalive_plan(["alb"])


def test_a_wish_that_it_does_not_know_is_named() -> None:
    with pytest.raises(AnsibleFilterError, match="keepalive_plan: knows lost_probes, margin, intvl and probes, and nothing else."):
        keepalive_plan(["nat_gateway"], loss=2)
