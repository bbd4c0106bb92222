# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that send one request each over a plain socket and wait: no SDK, no library.

Run by path as `plain.py ADDRESS PORT FUNCTION PATIENCE [--keepalive] [--probes N] [--number N]`; prints what came of
them as a line of JSON.
"""

from __future__ import annotations

import argparse
import collections
import json
import socket
import threading

REQUEST = "POST /2015-03-31/functions/%s/invocations HTTP/1.1\r\nHost: lab\r\nContent-Length: 0\r\n\r\n"


def ask(options: argparse.Namespace) -> str:
    with socket.create_connection((options.address, options.port), timeout=options.patience) as connection:
        if options.keepalive:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if options.probes:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, options.probes)
        connection.sendall((REQUEST % options.function).encode())
        received = b""
        while b"42" not in received:
            try:
                part = connection.recv(4096)
            except TimeoutError as error:
                # The kernel's own, where keepalive has given up, has a number.
                return "timeout" if error.errno is None else "reset"
            except ConnectionError:
                return "reset"
            if not part:
                return "reset"
            received += part
        return "answer"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("function")
    parser.add_argument("patience", type=float)
    parser.add_argument("--keepalive", action="store_true")
    parser.add_argument("--probes", type=int)
    parser.add_argument("--number", type=int, default=1)
    options = parser.parse_args()
    outcomes: list[str] = []
    programs = [threading.Thread(target=lambda: outcomes.append(ask(options))) for _number in range(options.number)]
    for program in programs:
        program.start()
    for program in programs:
        program.join()
    print(json.dumps({"outcome": outcomes[0], "outcomes": collections.Counter(outcomes)}))


if __name__ == "__main__":
    main()
