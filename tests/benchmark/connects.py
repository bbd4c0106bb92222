# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a connect costs with the programs for new connections.

    python -m tests.benchmark.connects [--connects N] [--runs N]

Connects over a veth pair, since loopback would be left out, with default options; the sides in turn, one of them twice without
programs, which gives the noise. Prints medians, as parts of that without programs.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack

from tests.lab.namespaces import Namespace
from tests.new_sockets.cgroups import Cgroup, made

SERVER, CLIENT, PORT = "198.51.100.1", "198.51.100.2", 5000
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: closed by a reset, so that no port waits."""

SIDES: dict[str, Callable[[Cgroup], object]] = {
    "without programs": lambda cgroup: cgroup.detach(),
    "without programs, again": lambda cgroup: cgroup.detach(),
    "connect": lambda cgroup: (cgroup.detach(), cgroup.attach(hooks=("connect4", "connect6"))),
    "connect_and_accept": lambda cgroup: (cgroup.detach(), cgroup.attach()),
}


def accept() -> None:
    """As a process of its own, until its standard input ends."""
    with socket.create_server((SERVER, PORT), backlog=4096) as listener:
        print(flush=True)
        while True:
            listener.accept()[0].close()


def connect(number: int) -> None:
    """The same; prints the seconds."""
    begun = time.perf_counter()
    for _one in range(number):
        with socket.socket() as one:
            one.connect((SERVER, PORT))
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    print(time.perf_counter() - begun)


def measured(number: int, runs: int) -> dict[str, float]:
    """The median seconds of each side."""
    seconds: dict[str, list[float]] = {side: [] for side in SIDES}
    with ExitStack() as stack:
        cgroup = stack.enter_context(made())
        far, near = Namespace.new(stack), Namespace.new(stack)
        near.link("veth0", f"{CLIENT}/24", far, "veth0", f"{SERVER}/24")

        def inside(namespace: Namespace, *arguments: str) -> list[str]:
            joined = ["sh", "-c", f'echo 0 > {cgroup.path}/cgroup.procs && exec "$@"', "sh"]
            return [*joined, *namespace.inside([sys.executable, "-m", "tests.benchmark.connects", *arguments])]

        server = stack.enter_context(subprocess.Popen(inside(far, "--accept"), stdout=subprocess.PIPE))
        stack.callback(server.kill)
        assert server.stdout and server.stdout.readline()
        for _run in range(runs):
            for side, prepare in SIDES.items():
                prepare(cgroup)
                done = subprocess.run(inside(near, "--connect", str(number)), stdout=subprocess.PIPE, text=True, check=True)
                seconds[side].append(float(done.stdout))
    return {side: statistics.median(those) for side, those in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark.connects")
    parser.add_argument("--connects", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--accept", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--connect", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.accept:
        accept()
    elif options.connect:
        connect(options.connect)
    else:
        load = os.getloadavg()[0]
        found = measured(options.connects, options.runs)
        base = found["without programs"]
        print(f"{options.connects} connects, median of {options.runs}, load {load:.1f}")
        for side, seconds in found.items():
            print(f"{side}: {seconds / base:.3f} ({seconds / options.connects * 1e6:.1f} us a connect)")


if __name__ == "__main__":
    main()
