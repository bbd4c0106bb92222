# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: managed hosts as clients, the paths, the server; all of it ends with the lab, or with its process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.hosts import Host, Testbed

from .appliances import APPLIANCES
from .clients import ANSWER, CLIENTS, RESET, WAITING, Request, postgresql
from .namespaces import Namespace
from .path import FIRST_PORT, Packets
from .path import Path as NetworkPath
from .scale import Scale
from .services import FIRST_SQL_PORT, Server

HERE = Path(__file__).parent
CASES = ("before", "role", "line", "connect")
"""Nothing set; the role alone; the role and the one line that the client needs; the role with keepalive for new connections."""
CONTAINER = "container"
"""A network namespace with the kernel's values, where new connections have keepalive: as a container's on such a host."""
STARTING = 2 * (os.cpu_count() or 1)
"""Clients that are on their way to their request at a time: what they take is processor time, what comes then is waiting."""
GRACE = 5.0
"""Seconds beyond a client's own patience, after which the lab says that it would wait for ever."""


@dataclass(frozen=True)
class Cell:
    """One client on one path, once."""

    appliance: str
    client: str
    case: str


@dataclass(frozen=True)
class Result:
    """What came of it."""

    cell: Cell
    outcome: str
    """answer, reset, timeout or waiting; else the client's own complaint."""
    seconds: float
    """From the moment at which the server had the request."""
    server: tuple[str, ...]
    """What the server saw, in order."""
    packets: Packets

    def shown(self) -> dict[str, Any]:
        """As data."""
        fields = asdict(self)
        return {**fields.pop("cell"), **fields}


class Lab:
    """A context manager: everything is made on the way in."""

    def __init__(self, scale: Scale, appliances: Iterable[str] = tuple(APPLIANCES), hosts: Iterable[str] = (), netem: str = "") -> None:
        """`hosts` are there beside those of the table; `netem` is what tc-netem(8) shall do on every path."""
        self.scale, self._netem = scale, netem
        self._appliances, self._host_names = list(appliances), [*CASES, CONTAINER, *hosts]
        self._stack = ExitStack()
        self._ports = {False: FIRST_PORT, True: FIRST_SQL_PORT}
        self._starting = asyncio.Semaphore(STARTING)

    async def __aenter__(self) -> Lab:
        with self._stack:
            self.testbed = self._stack.enter_context(
                Testbed.up([f"debian12:{name}" for name in self._host_names], name=f"lab-{os.getpid()}")
            )
            self.clients = {name: Namespace.of_host(host.pid) for name, host in self.testbed.items()}
            self.far_end = Namespace.new(self._stack)
            self.paths: dict[str, NetworkPath] = {}
            for name in self._appliances:
                self.add_path(name, name, self.scale.idle_timeout)
            self.server = Server(self.far_end)
            await self.server.start()
            if programs := postgresql():
                await self.server.start_postgres(programs)
            self._stack = self._stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        with self._stack:
            await self.server.end()

    def add_path(self, name: str, appliance: str, idle_timeout: int) -> NetworkPath:
        clients, number = list(self.clients.values()), len(self.paths) + 1
        self.paths[name] = NetworkPath(self._stack, appliance, number, clients, self.far_end, idle_timeout)
        if self._netem:
            self.paths[name].impair(self._netem)
        return self.paths[name]

    def host(self, name: str) -> Host:
        return self.testbed[name]

    def apply(self, *hosts: str, **variables: Any) -> None:
        """Apply the role with these variables as a user does: ansible-playbook, over ssh."""
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(self.testbed.inventory), str(HERE / "role.yml")]
        own = {f"keepalive_{name}": value for name, value in variables.items()}
        command += ["--limit", ",".join(hosts), "--extra-vars", json.dumps(own)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)

    def runtime(self, host: str) -> dict[str, int]:
        """The three values that a host's kernel uses."""
        names = ("time", "intvl", "probes")
        shown = self.clients[host].run("sysctl -n " + " ".join(f"net.ipv4.tcp_keepalive_{name}" for name in names))
        return dict(zip(names, map(int, shown.split()), strict=True))

    def environment(self, host: str) -> dict[str, str]:
        """A client's: the machine's programs, the managed host's home."""
        home = self.host(host).root / "home" / self.host(host).login
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "JAVA_HOME") if name in os.environ}
        aws = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
        return {**kept, **aws, "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(home)}

    def port(self, *, sql: bool = False) -> int:
        """One that nobody has used yet."""
        self._ports[sql] += 1
        return self._ports[sql]

    async def run(self, cell: Cell) -> Result:
        """Run one cell to its end."""
        client, path = CLIENTS[cell.client], self.paths[cell.appliance]
        port = self.port(sql=client.sql)
        command = client.command(Request(path.address, port, self.scale, cell.case == "line"))
        pipe = asyncio.subprocess.PIPE
        async with self._starting:
            process = await self.clients[cell.case].start(
                command, self.environment(cell.case), stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
            )
            said = asyncio.create_task(process.communicate())
            invoked = asyncio.create_task(self.server.until(port, "invoked"))
            await asyncio.wait({said, invoked}, timeout=120, return_when=asyncio.FIRST_COMPLETED)
            invoked.cancel()
        begun = time.monotonic()
        await asyncio.wait({said}, timeout=self.scale.patience + GRACE)
        seconds = time.monotonic() - begun
        if said.done():
            output, complaint = (text.decode(errors="replace") for text in said.result())
            outcome = client.outcome(process.returncode or 0, output, complaint)
        else:
            process.kill()
            await said
            outcome = WAITING
        if outcome in (ANSWER, RESET):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.server.until(port, "closed"), GRACE)
        return Result(cell, outcome, seconds, tuple(self.server.seen[port]), await asyncio.to_thread(path.packets, port))
