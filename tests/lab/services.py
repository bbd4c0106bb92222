# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the clients ask, in the server's namespace: the slow Lambda, and a real PostgreSQL. Both tell what they see."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

from .namespaces import Namespace
from .path import FIRST_PORT, LAST_PORT

HERE = Path(__file__).parent
FIRST_SQL_PORT = LAST_PORT - 99
"""From here on, a port leads to PostgreSQL."""

# A file system of its own, in a mount namespace of its own: nothing is left when it ends.
_POSTGRES = """
mount -t tmpfs -o mode=0755 tmpfs /mnt && install -d -o postgres -m 0700 /mnt/data && cd /mnt/data
as_postgres="setpriv --reuid postgres --regid postgres --clear-groups --pdeathsig KILL --"
$as_postgres {programs}/initdb --no-sync --auth trust --username postgres --pgdata /mnt/data >/dev/null 2>&1
echo "host all all 0.0.0.0/0 trust" >> /mnt/data/pg_hba.conf
exec $as_postgres {programs}/postgres -D /mnt/data -c listen_addresses='*' -c unix_socket_directories= -c fsync=off \
  -c log_statement=all -c log_duration=on -c log_disconnections=on -c log_line_prefix='%a ' -c max_connections=200
"""


_SEEN_IN_LOG = (
    ("statement:", "invoked"),
    ("duration:", "answered"),
    ("disconnection:", "closed"),
    ("could not receive data from client: Connection reset by peer", "reset"),
    ("could not send data to client: Connection reset by peer", "reset"),
)


class Server:
    """What it has seen, by port."""

    def __init__(self, namespace: Namespace, first: int = FIRST_PORT, last: int = FIRST_SQL_PORT - 1) -> None:
        self._namespace, self._ports = namespace, (first, last)
        self.seen: dict[int, list[str]] = defaultdict(list)
        self._change = asyncio.Condition()
        self._programs: list[tuple[asyncio.subprocess.Process, asyncio.Task[None]]] = []

    async def start(self) -> None:
        program = [sys.executable, "-ISE", str(HERE / "server.py"), *map(str, self._ports)]
        pipe = asyncio.subprocess.PIPE
        lambda_ = await self._namespace.start(program, stdin=pipe, stdout=pipe)
        assert lambda_.stdout and await lambda_.stdout.readline(), "the slow server does not start"
        self._programs.append((lambda_, asyncio.create_task(self._read(lambda_.stdout))))

    async def start_postgres(self, programs: Path) -> None:
        self._namespace.nft(f"""
table ip sql {{
  chain incoming {{
    type nat hook prerouting priority -100;
    tcp dport {FIRST_SQL_PORT}-{LAST_PORT} redirect to :5432
  }}
}}""")
        program = ["unshare", "--mount", "sh", "-c", _POSTGRES.format(programs=programs)]
        postgres = await self._namespace.start(program, stderr=asyncio.subprocess.PIPE)
        assert postgres.stderr
        while b"ready to accept connections" not in (line := await postgres.stderr.readline()):
            assert line, "PostgreSQL does not start"
        self._programs.append((postgres, asyncio.create_task(self._read_log(postgres.stderr))))

    async def end(self) -> None:
        for program, reader in self._programs:
            with contextlib.suppress(ProcessLookupError):
                program.kill()
            await program.wait()
            await reader

    async def _read(self, events: asyncio.StreamReader) -> None:
        async for line in events:
            event = json.loads(line)
            await self._see(event["port"], event["event"])

    async def _read_log(self, log: asyncio.StreamReader) -> None:
        async for line in log:
            if said := re.match(rb"(\d+) LOG:  (.*)", line):
                port, text = int(said[1]), said[2].decode()
                for beginning, event in _SEEN_IN_LOG:
                    if text.startswith(beginning):
                        await self._see(port, event)

    async def _see(self, port: int, event: str) -> None:
        async with self._change:
            self.seen[port].append(event)
            self._change.notify_all()

    async def until(self, port: int, event: str, times: int = 1) -> None:
        async with self._change:
            await self._change.wait_for(lambda: self.seen[port].count(event) >= times)
