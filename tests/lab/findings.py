# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that the lab finds out, as data: what docs/survival.json holds and what page.py shows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from . import scenarios, table
from .lab import Lab
from .scale import Scale
from .versions import machine, versions


async def find(
    scale: Scale, appliances: Sequence[str], clients: Sequence[str], say: Callable[[str], None], *, rounds: int = 4, netem: str = ""
) -> dict[str, Any]:
    """Run the table of these appliances and clients, and the scenarios, side by side.

    `rounds` is how many idle timeouts the longest scenarios take, and at how many places probes are lost.
    """
    missing = table.missing(appliances, clients)
    appliances, clients = ([name for name in names if name not in missing] for names in (appliances, clients))
    cells = table.cells(appliances, clients)
    async with Lab(scale, appliances, scenarios.HOSTS, netem) as lab:
        say(f"{len(cells)} cells: idle timeout {scale.idle_timeout} s, answer after {scale.answer} s, patience {scale.patience} s")
        await asyncio.gather(table.prepare(lab), scenarios.prepare(lab))
        # Before the clients start, which takes all of the machine: the role has to come while these connections are still alive.
        waiting = await scenarios.before_the_role(lab)
        results, losses, planned, traffic, live, accepted = await asyncio.gather(
            table.run(lab, cells, say),
            scenarios.loss(lab, rounds),
            scenarios.planned(lab, range(rounds)),
            scenarios.traffic(lab, rounds),
            scenarios.after_the_role(waiting),
            scenarios.accepted(lab),
        )
    return {
        "scale": scale.factor,
        "machine": machine(),
        "versions": versions(),
        "missing": missing,
        "results": [{**one.shown(), "as_expected": table.as_expected(one, scale)} for one in results],
        "losses": _shown(losses),
        "planned": _shown(planned),
        "traffic": _shown(traffic),
        "live": _shown(live),
        "accepted": _shown(accepted),
    }


def _shown(found: Sequence[scenarios.Finding]) -> list[dict[str, Any]]:
    return [{**asdict(one), "as_expected": one.as_expected} for one in found]


def wrong(findings: dict[str, Any]) -> list[dict[str, Any]]:
    """What came out otherwise than expected."""
    names = ("results", "losses", "planned", "traffic", "live", "accepted")
    return [one for name in names for one in findings[name] if not one["as_expected"]]
