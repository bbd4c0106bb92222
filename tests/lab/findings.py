# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that the lab finds out, as data: what docs/survival.json holds and what page.py shows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from . import stories, table
from .lab import Lab
from .scale import Scale
from .versions import machine, versions


async def find(
    scale: Scale, appliances: Sequence[str], clients: Sequence[str], say: Callable[[str], None], *, rounds: int = 4, netem: str = ""
) -> dict[str, Any]:
    """Run the table of these appliances and clients, and the stories, side by side.

    `rounds` is how many idle timeouts the longest stories take, and at how many places probes are lost.
    """
    missing = table.missing(clients)
    cells = table.cells(appliances, [name for name in clients if name not in missing])
    async with Lab(scale, appliances, stories.HOSTS, netem) as lab:
        say(f"{len(cells)} cells: idle timeout {scale.idle_timeout} s, answer after {scale.answer} s, patience {scale.patience} s")
        await asyncio.gather(table.prepare(lab), stories.prepare(lab))
        results, losses, planned, traffic, live = await asyncio.gather(
            table.run(lab, cells, say),
            stories.loss(lab, rounds),
            stories.planned(lab, range(rounds)),
            stories.traffic(lab, rounds),
            stories.live_sockets(lab),
        )
    return {
        "scale": scale.factor,
        "machine": machine(),
        "versions": versions(),
        "missing": missing,
        "results": [{**one.shown(), "as_expected": table.as_expected(one)} for one in results],
        "losses": [asdict(one) for one in losses],
        "planned": [asdict(one) for one in planned],
        "traffic": [asdict(one) for one in traffic],
        "live": [asdict(one) for one in live],
    }
