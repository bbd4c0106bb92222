# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a table of single requests cannot show: loss, planned values, and connections that were there before the role."""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .arithmetic import survival
from .lab import GRACE, Lab
from .path import LAST_PORT
from .scale import Scale
from .services import Server

PLAIN = Path(__file__).parent / "clients" / "plain.py"

SHORTEST = 35
"""Seconds. The kernel counts keepalive in whole seconds, so that planned values need an idle timeout of this length."""

LONG_ENOUGH = 60
"""Seconds: a shorter timeout would not leave Ansible the time to come while a connection is idle."""

PLANNED, PROPORTIONAL, NAT_PLANNED = "planned", "proportional", "nat-planned"
LIVE, LOSSY = "live", "lossy"
LIVE_SOCKETS = ("leave", "rearm", "enable")
ACCEPTING, ACCEPTING_PORT = "accepting", LAST_PORT + 1
HOSTS = (*LIVE_SOCKETS, PLANNED, PROPORTIONAL, NAT_PLANNED, ACCEPTING)
"""Hosts that the scenarios take, each with values of its own."""

LOSS, CROWD = 0.2, 100
LOST_PROBES = 3


async def prepare(lab: Lab) -> None:
    """The paths and values that the scenarios take; that of the host `role` is the table's."""
    lab.add_path(LOSSY, "firewall", lab.scale.idle_timeout)
    lab.add_path(PLANNED, "firewall", SHORTEST)
    lab.add_path(ACCEPTING, "nat_gateway", lab.scale.idle_timeout)
    lab.add_path(LIVE, "nat_gateway", max(LONG_ENOUGH, lab.scale.idle_timeout))
    proportional = Scale(350 / SHORTEST).values
    await asyncio.gather(
        # No margin: so one lost probe more is one too many.
        asyncio.to_thread(lab.apply, PLANNED, path=[SHORTEST], lost_probes=LOST_PROBES, margin=0),
        asyncio.to_thread(lab.apply, PROPORTIONAL, **proportional),
        asyncio.to_thread(lab.apply, NAT_PLANNED, path=["nat_gateway"]),
        asyncio.to_thread(lab.apply, ACCEPTING, new_sockets="connect_and_accept", parts=["new_sockets"], **lab.scale.values),
    )


async def _outcomes(process: asyncio.subprocess.Process) -> dict[str, int]:
    output, complaint = await process.communicate()
    assert output, complaint.decode()
    outcomes: dict[str, int] = json.loads(output)["outcomes"]
    return outcomes


def _call(lab: Lab, path: str, port: int, answer: float, *options: str) -> list[str]:
    return [lab.paths[path].address, str(port), f"slow-{answer:g}", str(answer + 2 * GRACE), *options]


def _program(lab: Lab, host: str, path: str, port: int, answer: float, *options: str) -> list[str]:
    return lab.clients[host].inside([sys.executable, str(PLAIN), *_call(lab, path, port, answer, *options)])


async def _start(command: Sequence[str], **streams: Any) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, **streams)


async def _ask(
    lab: Lab, host: str, path: str, answer: float, *options: str, lose: Sequence[str] = (), number: int = 1
) -> tuple[int, dict[str, int]]:
    """Send requests from a host, lose what these rules say once the server has them all; the port, and what came of them."""
    port = lab.port()
    process = await _start(_program(lab, host, path, port, answer, "--number", str(number), *options))
    await asyncio.wait_for(lab.server.until(port, "invoked", number), 60)
    lab.paths[path].lose(*(rule.format(port=port) for rule in lose))
    return port, await _outcomes(process)


# --- loss ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Loss:
    """A crowd of connections on a path that loses packets by chance."""

    values: dict[str, int]
    idle_timeout: int
    """Seconds."""
    wait: float
    """Seconds to the answer."""
    number: int
    lived: int
    predicted: tuple[float, float]
    """How many by the arithmetic, with timers that fire as late as they can, and on time."""

    @property
    def as_expected(self) -> bool:
        """Within five standard deviations and one connection: a sound run is outside once in a million."""
        low, high = (share / self.number for share in self.predicted)
        below, above = (5 * math.sqrt(share * (1 - share) * self.number) + 1 for share in (low, high))
        return low * self.number - below <= self.lived <= high * self.number + above


async def _lossy(lab: Lab, host: str, path: str, wait: float, probes: int | None = None) -> Loss:
    share = round(LOSS * 100)
    rules = [f"tcp {side} {{port}} numgen random mod 100 < {share} drop" for side in ("dport", "sport")]
    pinned = ["--probes", str(probes)] if probes else []
    _port, outcomes = await _ask(lab, host, path, wait, "--keepalive", *pinned, lose=rules, number=CROWD)
    values = lab.runtime(host) | ({"probes": probes} if probes else {})
    idle_timeout = lab.paths[path].idle_timeout
    late, on_time = (CROWD * survival(values, idle_timeout, wait, LOSS, lateness) for lateness in (1.125, 1.0))
    return Loss(values, idle_timeout, wait, CROWD, outcomes.get("answer", 0), (min(late, on_time), max(late, on_time)))


async def loss(lab: Lab, rounds: int) -> list[Loss]:
    short = max(60, lab.scale.patience)
    crowds = [
        _lossy(lab, "role", LOSSY, short),
        _lossy(lab, "role", LOSSY, short, 3),
        _lossy(lab, PLANNED, PLANNED, rounds * SHORTEST),
    ]
    return await asyncio.gather(*crowds)


# --- planned values ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lost:
    """A connection that lost just these probes, under planned values."""

    first: int
    """Which probe was the first lost one, from 0."""
    lost: int
    lived: bool

    @property
    def as_expected(self) -> bool:
        return self.lived == (self.lost <= LOST_PROBES)


@dataclass(frozen=True)
class Traffic:
    """What an idle connection costs."""

    values: dict[str, int]
    idle_timeout: int
    seconds: float
    packets: int
    """Probes and their replies."""

    @property
    def as_expected(self) -> bool:
        """A probe and its reply each time, as often as the kernel's lateness of up to an eighth lets it."""
        period = max(self.values["time"], self.values["intvl"])
        return 2 * (self.seconds // (1.125 * period)) <= self.packets <= 2 * (self.seconds // period)


async def _losing(lab: Lab, first: int, number: int) -> Lost:
    values = lab.runtime(PLANNED)
    # The kernel's timers are late by up to an eighth.
    wait = math.ceil(1.125 * ((first + 1) * values["time"] + (number + 1) * values["intvl"])) + GRACE
    which = ", ".join(str(probe) for probe in range(first, first + number))
    port, outcomes = await _ask(
        lab,
        PLANNED,
        PLANNED,
        wait,
        "--keepalive",
        lose=[f"tcp dport {{port}} numgen inc mod 10000 {{{{ {which} }}}} update @lost {{{{ tcp dport }}}} drop"],
    )
    lost = lab.paths[PLANNED].lost(port)
    assert lost == number, f"{lost} probes were lost instead of {number}"
    return Lost(first, number, "answer" in outcomes)


async def planned(lab: Lab, positions: Sequence[int] = range(4)) -> list[Lost]:
    return await asyncio.gather(*(_losing(lab, first, lost) for first in positions for lost in (LOST_PROBES, LOST_PROBES + 1)))


async def _traffic(lab: Lab, host: str, path_name: str, seconds: float) -> Traffic:
    port, path = lab.port(), lab.paths[path_name]
    process = await _start(_program(lab, host, path_name, port, seconds + GRACE, "--keepalive"))
    await asyncio.wait_for(lab.server.until(port, "invoked"), 60)
    before = path.packets(port)
    await asyncio.wait({asyncio.create_task(process.wait())}, timeout=seconds)
    after = path.packets(port)
    assert await _outcomes(process) == {"answer": 1}
    packets = after.from_client - before.from_client + after.to_client - before.to_client
    return Traffic(lab.runtime(host), path.idle_timeout, seconds, packets)


async def traffic(lab: Lab, rounds: int) -> list[Traffic]:
    """Of values in proportion to 45/45/9 and of planned ones; in earnest also of 45/45/9 and of what a NAT gateway needs."""
    counted = [_traffic(lab, host, PLANNED, rounds * SHORTEST) for host in (PROPORTIONAL, PLANNED)]
    if lab.scale.factor == 1:
        counted += [_traffic(lab, host, LIVE, lab.scale.patience) for host in ("role", NAT_PLANNED)]
    return list(await asyncio.gather(*counted))


# --- connections that were there before the role -------------------------------------------------


@dataclass(frozen=True)
class Live:
    """A connection that was open, and idle, when the role came."""

    live_sockets: str
    """`keepalive_live_sockets`."""
    asked: bool
    """Whether its program turned keepalive on."""
    state: str
    reason: str | None
    """What `socket_keepalive_info` says after the role."""
    left: float
    """Seconds that it then has before the path forgets it, if nothing is sent."""
    lived: bool

    @property
    def as_expected(self) -> bool:
        """Whoever asked is re-armed, who did not is enabled, and nobody is without being told to."""
        helped = self.live_sockets == "enable" or (self.live_sockets == "rearm" and self.asked)
        said = ("protected", None) if helped else ("stale", None) if self.asked else ("unprotected", "disabled")
        return self.lived == helped and (self.state, self.reason) == said and self.left > 0


@dataclass(frozen=True)
class Waiting:
    """One whose end is still open."""

    live: Live
    program: asyncio.subprocess.Process


async def _inside(lab: Lab, host: str, path: str, port: int, answer: float, *options: str) -> asyncio.subprocess.Process:
    """The program as a process of the managed host itself."""
    call = _call(lab, path, port, answer, *options)
    # stdin is the program's text.
    with PLAIN.open("rb") as program:
        return await _start(lab.host(host).ssh_command("python3", "-", *call), stdin=program)


def _report(lab: Lab, host: str, idle_timeout: int) -> dict[int, dict[str, Any]]:
    """What socket_keepalive_info says of each connection, by the server's port."""
    command = [str(Path(sys.executable).with_name("ansible")), "-i", str(lab.testbed.inventory), host, "--become"]
    command += ["-m", "longlived.tcp.socket_keepalive_info", "-a", f"idle_timeout={idle_timeout}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, stdin=subprocess.DEVNULL)
    sockets = json.loads(done.stdout.split("=>", 1)[1])["sockets"]
    return {int(row["peer"].rpartition(":")[2]): row for row in sockets}


async def _before_the_role(lab: Lab, mode: str) -> list[Waiting]:
    idle_timeout = lab.paths[LIVE].idle_timeout
    ports = {True: lab.port(), False: lab.port()}
    programs = {
        asked: await _inside(lab, mode, LIVE, port, idle_timeout + GRACE, *(["--keepalive"] if asked else []))
        for asked, port in ports.items()
    }
    for port in ports.values():
        await asyncio.wait_for(lab.server.until(port, "invoked"), 60)
    begun = time.monotonic()
    values = {"time": max(1, idle_timeout // 8), "intvl": max(1, idle_timeout // 8), "probes": 9}
    processes = {"live_processes": ["python3*"]} if mode == "enable" else {}
    await asyncio.to_thread(lab.apply, mode, live_sockets=mode, **values, **processes)
    rows = await asyncio.to_thread(_report, lab, mode, idle_timeout)
    left = idle_timeout - (time.monotonic() - begun)
    found = []
    for asked, port in ports.items():
        row = rows.get(port, {"state": "gone", "reason": None})
        found.append(Waiting(Live(mode, asked, row["state"], row["reason"], left, lived=False), programs[asked]))
    return found


async def before_the_role(lab: Lab) -> list[Waiting]:
    """Open connections, let them be idle, apply the role."""
    found = await asyncio.gather(*(_before_the_role(lab, mode) for mode in LIVE_SOCKETS))
    return [one for several in found for one in several]


async def after_the_role(waiting: Sequence[Waiting]) -> list[Live]:
    """Whether their answers arrive."""
    return [replace(one.live, lived="answer" in await _outcomes(one.program)) for one in waiting]


# --- the server's side alone ---------------------------------------------------------------------


@dataclass(frozen=True)
class Accepted:
    """A connection whose server's host gives keepalive to what it accepts, and whose client asks for nothing."""

    lived: bool

    @property
    def as_expected(self) -> bool:
        return self.lived


async def accepted(lab: Lab) -> list[Accepted]:
    path = lab.paths[ACCEPTING]
    # A process of that host as far as connections go, in the network at the far end, which has the kernel's values.
    server = Server(lab.clients[ACCEPTING].at(lab.far_end), ACCEPTING_PORT, ACCEPTING_PORT)
    await server.start()
    try:
        call = [path.address, str(ACCEPTING_PORT), f"slow-{lab.scale.answer}", str(lab.scale.patience)]
        process = await _start(lab.clients["before"].inside([sys.executable, str(PLAIN), *call]))
        outcomes = await _outcomes(process)
    finally:
        await server.end()
    return [Accepted("answer" in outcomes)]


Finding = Loss | Lost | Traffic | Live | Accepted
