# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values from a path: never too late, never more traffic than needed, and refusals that help."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._appliances import APPLIANCES
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import check
from ansible_collections.longlived.tcp.plugins.plugin_utils._path.plan import PlanError, plan
from hypothesis import given
from hypothesis import strategies as st

PLANS: list[tuple[list[Any], dict[str, Any], dict[str, Any]]] = [
    (["nat_gateway"], {}, {"time": 233, "intvl": 20, "probes": 9, "idle_timeout": 350, "limited_by": "nat_gateway"}),
    (["nat_gateway"], {}, {"lost_probes_survived": 3, "probes_per_hour": 15.5, "detection_time": 413}),
    (["nat_gateway", {"name": "nlb", "idle_timeout": 900}], {}, {"idle_timeout": 350, "limited_by": "nat_gateway"}),
    (["nat_gateway", {"name": "nlb", "idle_timeout": 60}], {}, {"idle_timeout": 60, "limited_by": "nlb"}),
    ([{"name": "their firewall", "idle_timeout": 600}, "vpc_endpoint"], {}, {"limited_by": "vpc_endpoint"}),
    ([{"name": "their firewall", "idle_timeout": "300"}, "vpc_endpoint"], {}, {"limited_by": "their firewall", "idle_timeout": 300}),
    ([350, 200], {}, {"idle_timeout": 200, "limited_by": "200 seconds"}),
    (["350"], {"lost_probes": "2"}, {"time": 253}),
    (["azure_lb"], {}, {"time": 135, "intvl": 20}),
    (["nat_gateway"], {"margin": 0, "intvl": 45, "lost_probes": 5}, {"time": 86, "intvl": 45, "lost_probes_survived": 5}),
    (["nat_gateway"], {"lost_probes": 20}, {"probes": 21}),
    (["nat_gateway"], {"probes": 5}, {"probes": 5}),
    # A short timeout has smaller defaults.
    ([60], {}, {"time": 20, "intvl": 8, "lost_probes_survived": 3}),
    ([35], {}, {"time": 11, "intvl": 5, "lost_probes_survived": 3}),
    # No socket takes more than 32767 seconds.
    (["conntrack"], {}, {"time": 32767}),
]

REFUSED: list[tuple[Any, dict[str, Any], list[str]]] = [
    ([], {}, ["The path is empty"]),
    ("nat_gateway", {}, ["must be a list"]),
    (["alb"], {}, ["alb takes no notice of TCP keepalive probes", "raise idle_timeout.timeout_seconds", "every 60 seconds"]),
    (["nat_gateway", "global_accelerator"], {}, ["global_accelerator takes no notice", "have the application send something"]),
    (["nta_gateway"], {}, ["nta_gateway is no appliance of the table", "nat_gateway", "idle_timeout"]),
    ([{"name": "nlb", "idle_timeout": 30}], {}, ["idle_timeout of nlb is given as 30 seconds", "from 60 to 6000 seconds"]),
    ([{"name": "nat_gateway", "idle_timeout": 600}], {}, ["is fixed at 350 seconds"]),
    ([{"name": "somebody's"}], {}, ["give its idle_timeout"]),
    ([{"idle_timeout": 5}], {}, ["needs a name"]),
    ([{"name": "nlb", "timeout": 5}], {}, ["is no element of a path"]),
    ([0], {}, ["at least 1"]),
    ([-5], {}, ["at least 1"]),
    ([3.5], {}, ["An idle timeout is 3.5"]),
    ([True], {}, ["An idle timeout is True"]),
    ([None], {}, ["An idle timeout is None"]),
    ([60], {"intvl": 20}, ["ask for an intvl of at most 11", "lost_probes of at most 1"]),
    (["nlb"], {"intvl": 100}, ["or raise tcp.idle_timeout.seconds of nlb, which goes up to 6000 seconds"]),
    (["nat_gateway"], {"probes": 3}, ["probes is 3, and 3 lost ones end the connection", "at least 4"]),
    (["nat_gateway"], {"margin": 350}, ["margin is 350", "from 0 to 349"]),
    (["nat_gateway"], {"lost_probes": -1}, ["lost_probes is -1", "from 0 to 126"]),
    (["nat_gateway"], {"intvl": "often"}, ["intvl is often", "whole number"]),
]


@pytest.mark.parametrize(("path", "wishes", "expected"), PLANS)
def test_plans(path: list[Any], wishes: dict[str, Any], expected: dict[str, Any]) -> None:
    found = plan(path, **wishes)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(("path", "wishes", "says"), REFUSED)
def test_refuses_with_advice(path: Any, wishes: dict[str, Any], says: list[str]) -> None:
    with pytest.raises(PlanError) as refusal:
        plan(path, **wishes)
    for part in says:
        assert part in str(refusal.value)


@pytest.mark.parametrize("name", APPLIANCES)
def test_every_appliance_has_a_plan_or_a_reason(name: str) -> None:
    appliance = APPLIANCES[name]
    assert appliance.least <= appliance.idle_timeout <= appliance.most
    assert appliance.fixed or appliance.setting
    if appliance.counts_probes:
        assert plan([name])["lost_probes_survived"] >= 3
    else:
        with pytest.raises(PlanError):
            plan([name])


@given(st.integers(1, 500_000), st.integers(0, 126), st.none() | st.integers(0, 400), st.none() | st.integers(1, 32767))
def test_no_plan_breaks_an_invariant(idle_timeout: int, lost_probes: int, margin: int | None, intvl: int | None) -> None:
    try:
        found = plan([idle_timeout], lost_probes, margin, intvl)
    except PlanError:
        return
    check(found)
    assert found["intvl"] <= found["time"]
    assert found["probes"] >= max(9, lost_probes + 1)
    assert found["lost_probes_survived"] >= lost_probes
    assert intvl in (None, found["intvl"])
    # In eighths, so that no rounding helps: the probe after the lost ones, late by an eighth, is in time.
    assert 9 * (found["time"] + lost_probes * found["intvl"]) <= 8 * (idle_timeout - (margin or 0))


@given(st.integers(1, 60), st.integers(0, 5), st.integers(0, 10), st.integers(1, 12))
def test_no_other_values_that_meet_the_budget_send_less(idle_timeout: int, lost_probes: int, margin: int, intvl: int) -> None:
    others = [
        time
        for time, spaced in product(range(1, idle_timeout + 1), range(intvl, idle_timeout + 1))
        if spaced <= time and 9 * (time + lost_probes * spaced) <= 8 * (idle_timeout - margin)
    ]
    if margin >= idle_timeout or not others:
        with pytest.raises(PlanError):
            plan([idle_timeout], lost_probes, margin, intvl)
    else:
        assert plan([idle_timeout], lost_probes, margin, intvl)["time"] == max(others)


@given(st.integers(5, 500_000))
def test_defaults_fit_every_timeout_from_five_seconds_on(idle_timeout: int) -> None:
    assert plan([idle_timeout])["lost_probes_survived"] >= 3


@pytest.mark.parametrize("name", APPLIANCES)
def test_every_row_of_the_table_can_be_planned_for_or_is_refused(name: str) -> None:
    if APPLIANCES[name].counts_probes:
        assert plan([name])["idle_timeout"] == APPLIANCES[name].idle_timeout
    else:
        with pytest.raises(PlanError, match="takes no notice of TCP keepalive probes"):
            plan([name])
