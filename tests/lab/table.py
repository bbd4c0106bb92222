# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table: which clients get their answer on which paths, in each of the cases."""

from __future__ import annotations

import asyncio
import functools
import shutil
import time
from collections.abc import Callable, Iterable

from .appliances import APPLIANCES
from .clients import ANSWER, CLIENTS, RESET, TIMEOUT, WAITING, unavailable
from .lab import CASES, CONTAINER, Cell, Lab, Result
from .scale import Scale

NAT_GATEWAY = "nat_gateway"

NEW_SOCKETS = ("connect", CONTAINER)
"""The cases in which every client's connection has keepalive."""


def cells(appliances: Iterable[str], clients: Iterable[str]) -> list[Cell]:
    """What there is to run, the clients that take longest to start first: their JVMs then start while others wait."""
    chosen = sorted(clients, key=lambda name: not name.startswith("java"))
    return [
        Cell(appliance, client, case)
        for client in chosen
        for appliance in appliances
        for case in (*CASES, CONTAINER)
        if (case != "line" or CLIENTS[client].line) and (case != CONTAINER or appliance == NAT_GATEWAY)
    ]


def probes_leave(cell: Cell) -> bool:
    """Whether the client keeps its connection alive."""
    client = CLIENTS[cell.client]
    if client.pinned is not None or cell.case in NEW_SOCKETS:
        return True
    return client.reachable and cell.case != "before" and (cell.case == "line" or client.line is None)


def lives(cell: Cell) -> bool:
    """Whether the answer is to arrive, by what is known of the appliance and of the client."""
    appliance = APPLIANCES[cell.appliance]
    return not appliance.proxy and (appliance.sticky or probes_leave(cell))


def as_expected(result: Result, scale: Scale) -> bool:
    """One request; probes where they are to leave; the answer or, where there is to be none, the death that the appliance brings."""
    cell = result.cell
    if result.server.count("invoked") != 1 or "invoked again" in result.server:
        return False
    if (result.packets.probes > 0) != probes_leave(cell):
        return False
    if lives(cell):
        return result.outcome == ANSWER
    deaths = (RESET,) if APPLIANCES[cell.appliance].proxy else (TIMEOUT, WAITING)
    # On a busy machine the lab may hear late of the request.
    return result.outcome in deaths and result.seconds >= 0.75 * scale.idle_timeout


def missing(appliances: Iterable[str], clients: Iterable[str]) -> dict[str, str]:
    """The appliances and clients that cannot run here, each with the reason."""
    reasons = {name: unavailable(name) for name in clients}
    for name in appliances:
        if APPLIANCES[name].proxy and not shutil.which("haproxy"):
            reasons[name] = "there is no haproxy here"
    return {name: reason for name, reason in reasons.items() if reason}


async def prepare(lab: Lab) -> None:
    """Apply the role where the other cases than the first run."""
    apply = functools.partial(asyncio.to_thread, lab.apply, **lab.scale.values)
    await asyncio.gather(
        apply("role"),
        apply("line", aws_users=[lab.host("line").login]),
        apply("connect", new_sockets="connect"),
        apply(CONTAINER, new_sockets="connect", parts=["new_sockets"]),
    )


async def run(lab: Lab, chosen: list[Cell], progress: Callable[[str], None]) -> list[Result]:
    begun, results = time.monotonic(), list[Result]()
    for done in asyncio.as_completed([lab.run(cell) for cell in chosen]):
        results.append(await done)
        if len(results) % max(1, len(chosen) // 20) == 0:
            alive = sum(result.outcome == ANSWER for result in results)
            progress(f"{len(results)} of {len(chosen)} cells after {time.monotonic() - begun:.0f} s, {alive} with their answer")
    return sorted(results, key=lambda result: chosen.index(result.cell))
