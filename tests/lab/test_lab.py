# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of the lab: some appliances, some clients, and the scenarios in short. `make lab` runs all of it."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.lab import page
from tests.lab.appliances import APPLIANCES
from tests.lab.arithmetic import survival
from tests.lab.clients import ANSWER
from tests.lab.findings import find, wrong
from tests.lab.scale import FASTEST, Scale

DOCS = Path(__file__).parents[2] / "docs"

SOME_APPLIANCES = ("nat_gateway", "gwlb", "gwlb_sticky", "application_proxy")
SOME_CLIENTS = ("plain", "aws_cli_1", "aws_cli_2", "java-netty", "java-url", "psql", "curl")

Found = dict[str, Any]


@pytest.fixture(scope="module")
def found() -> Found:
    findings = asyncio.run(find(Scale(), SOME_APPLIANCES, SOME_CLIENTS, print, rounds=2))
    if report := os.environ.get("KEEPALIVE_NOT_RUN"):
        with Path(report).open("a", encoding="utf-8") as stream:
            stream.writelines(f"lab, {page.title(name)}: {reason}\n" for name, reason in findings["missing"].items())
    return findings


def outcomes(found: Found, **which: str) -> set[str]:
    return {one["outcome"] for one in found["results"] if which.items() <= one.items()}


def test_everything_comes_out_as_expected(found: Found) -> None:
    assert wrong(found) == []
    assert {one["appliance"] for one in found["results"]} | found["missing"].keys() >= set(SOME_APPLIANCES)
    assert {one["client"] for one in found["results"]} | found["missing"].keys() >= set(SOME_CLIENTS)


def test_a_client_that_leaves_the_times_to_the_kernel_dies_before_and_lives_after(found: Found) -> None:
    assert ANSWER not in outcomes(found, appliance="nat_gateway", client="plain", case="before")
    assert outcomes(found, appliance="nat_gateway", client="plain", case="line") == {ANSWER}
    probes = {
        one["case"]: one["packets"]["probes"] for one in found["results"] if (one["appliance"], one["client"]) == ("nat_gateway", "plain")
    }
    assert probes["before"] == probes["role"] == 0 < probes["line"]


def test_with_keepalive_for_new_connections_every_client_lives_wherever_it_can_help(found: Found) -> None:
    for appliance in set(SOME_APPLIANCES) - {"application_proxy"}:
        assert outcomes(found, appliance=appliance, case="connect") == {ANSWER}
    assert outcomes(found, case="container") == {ANSWER}
    assert [one["lived"] for one in found["accepted"]] == [True]


def test_without_keepalive_a_flow_lands_on_the_other_firewall_and_with_it_stays(found: Found) -> None:
    at_other = {
        one["case"]: one["packets"]["other_firewall"] for one in found["results"] if (one["appliance"], one["client"]) == ("gwlb", "plain")
    }
    assert at_other["before"] > 0
    assert at_other["role"] > 0
    assert at_other["line"] == 0


def test_planned_values_survive_three_lost_probes_and_not_four(found: Found) -> None:
    assert {(one["lost"], one["lived"]) for one in found["planned"]} == {(3, True), (4, False)}


def test_planned_values_cost_less(found: Found) -> None:
    in_proportion, planned = found["traffic"]  # in earnest there are more
    assert planned["packets"] < in_proportion["packets"]


def test_a_connection_that_was_open_before_lives_only_if_it_is_helped(found: Found) -> None:
    lived = {(one["live_sockets"], one["asked"]) for one in found["live"] if one["lived"]}
    assert lived == {("rearm", True), ("enable", True), ("enable", False)}


# --- what needs no network -----------------------------------------------------------------------


def test_the_page_and_the_chart_are_made_from_the_findings() -> None:
    findings = json.loads(DOCS.joinpath("survival.json").read_text())
    assert findings["scale"] == 1
    assert {one["appliance"] for one in findings["results"]} == set(APPLIANCES)
    assert DOCS.joinpath("survival.md").read_text() == page.page(findings), "run python -m tests.lab --render"
    assert DOCS.joinpath("survival.svg").read_text() == page.chart(findings), "run python -m tests.lab --render"


def test_the_readme_has_the_figures() -> None:
    findings = json.loads(DOCS.joinpath("survival.json").read_text())
    assert page.summary(findings) in DOCS.parent.joinpath("README.md").read_text()


def test_the_scale_keeps_the_order() -> None:
    for factor in range(1, FASTEST + 1):
        scale = Scale(factor)
        assert scale.values["time"] < scale.idle_timeout < scale.answer < scale.patience
    assert (Scale(1).idle_timeout, Scale(1).answer, Scale(1).patience) == (350, 400, 500)


def test_the_arithmetic() -> None:
    values = {"time": 45, "intvl": 45, "probes": 9}
    assert survival(values, 350, 400, 0.0) == 1
    assert survival({**values, "time": 345}, 350, 400, 0.0) == 1
    assert survival({**values, "time": 345}, 350, 400, 0.0, lateness=1.125) == 0
    # One probe in all: lost, or not seen to be answered.
    assert survival({"time": 200, "intvl": 200, "probes": 9}, 350, 380, 0.25) == 0.75
    assert survival({"time": 200, "intvl": 10, "probes": 1}, 350, 380, 0.25) == pytest.approx(0.75**2)
