# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""180,000 connections of ten processes: the report beside ss, and the enabling of three quarters of them.

    python -m tests.benchmark.many_sockets [PAIRS]

PAIRS of connections a process (9,000), both ends of each in it; a process needs two descriptors for each. Everything
is measured in processes of their own and in the same run, and takes a network namespace of its own, so it needs
root. Medians of three.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from tests.sockets.processes import child
from tests.sysctl_d.namespaces import CLONE_NEWNET, unshare

PROCESSES = 10
PAIRS = 9000
RUNS = 3


def main(pairs: int) -> None:
    unshare(CLONE_NEWNET)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("1024 65535")
    Path("/proc/sys/net/ipv4/tcp_keepalive_time").write_text("45")
    with contextlib.ExitStack() as stack:
        for number in range(PROCESSES):
            stack.enter_context(owner(f"127.0.{number + 1}.1", pairs))
        ss = median(lambda: seconds(["ss", "-tnoH"]))
        report, memory, count = medians(("report",))
        enabling, _memory, enabled = medians(("enable",), before=("disable",))
        with_owners = median(lambda: seconds(["ss", "-tnopH"]))
    print(f"{count} connections of {PROCESSES} processes")
    print(f"ss -tnoH               {ss:7.2f} s")
    print(f"ss -tnopH              {with_owners:7.2f} s")
    print(f"report with owners     {report:7.2f} s  {report / ss:6.2f} x ss -tnoH (5 at most), {memory} MB (300 at most)")
    print(f"                                  1/{with_owners / report:.1f} of ss -tnopH (1/10 at most)")
    print(f"enabling {enabled:>7}       {enabling:7.2f} s  {enabling / report:6.2f} x the report (2 at most)")


def owner(address: str, pairs: int) -> AbstractContextManager[int]:
    """A process with so many connections to itself. A quarter of the ends asks for keepalive."""
    kept: list[socket.socket] = []

    def connect() -> None:
        most = 2 * pairs + 100
        if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < most:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, max(most, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
        with socket.socket() as listener:
            listener.bind((address, 0))
            listener.listen(16)
            for number in range(pairs):
                client = socket.socket()
                client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, number % 2)
                client.connect(listener.getsockname())
                kept.extend((client, listener.accept()[0]))

    return child(connect)


def seconds(command: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _run in range(RUNS))


def medians(work: tuple[str, ...], before: tuple[str, ...] | None = None) -> tuple[float, int, int]:
    """Seconds, the most megabytes, and how many connections."""
    rows = []
    for _run in range(RUNS):
        if before:
            measured(*before)
        rows.append(measured(*work))
    return statistics.median(row[0] for row in rows), max(int(row[1]) for row in rows), int(rows[-1][2])


def measured(*work: str) -> tuple[float, int, int]:
    command = [sys.executable, "-m", "tests.benchmark.many_sockets", "--", *work]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    took, megabytes, count = json.loads(done.stdout)
    return took, megabytes, count


def work(what: str) -> None:
    """One measurement, in this process: as the module does it, without what Ansible needs to start."""
    import gc

    from tests.sockets.calls import look, rescue

    gc.disable()
    begin = time.perf_counter()
    if what == "report":
        count = look(limit=100)["summary"]["established"]
    elif what == "enable":
        count = rescue(select=["unprotected"], peers=["127.0.0.0/8"])["enabled"]
    else:
        count = disable()
    took = time.perf_counter() - begin
    print(json.dumps([took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, count]))


def disable() -> int:
    """Three quarters of the connections, as they were: a module does not do this."""
    from ansible_collections.longlived.tcp.plugins.module_utils._sockets import descriptors, scan
    from ansible_collections.longlived.tcp.plugins.module_utils._sockets.owners import owners_of

    from tests.sockets.calls import selected

    count = 0
    with owners_of(selected()) as owners:
        connections = list(scan.Scan(selected(), 350, owners))
    with descriptors.opened_tasks() as tasks:
        for number, connection in enumerate(connections):
            if number % 4 and (having := owners.of(connection.socket.inode)):
                copy = descriptors.fetch(tasks, having[0], connection.socket.cookie)
                descriptors.put(copy, descriptors.KEEPALIVE, 0)
                os.close(copy)
                count += 1
    return count


if __name__ == "__main__":
    if sys.argv[1:2] == ["--"]:
        work(sys.argv[2])
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else PAIRS)
