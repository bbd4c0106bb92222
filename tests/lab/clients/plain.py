# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that sends one request over a plain socket and waits: no SDK, no library.

Run by path as `plain.py ADDRESS PORT PATIENCE [--keepalive]`; prints what came of it as a line of JSON.
"""

from __future__ import annotations

import json
import socket
import sys

REQUEST = b"POST /2015-03-31/functions/slow/invocations HTTP/1.1\r\nHost: slow\r\nContent-Length: 0\r\n\r\n"


def ask(address: str, port: int, patience: float, *, keepalive: bool) -> str:
    with socket.create_connection((address, port), timeout=patience) as connection:
        if keepalive:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.sendall(REQUEST)
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


if __name__ == "__main__":
    print(json.dumps({"outcome": ask(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), keepalive="--keepalive" in sys.argv)}))
