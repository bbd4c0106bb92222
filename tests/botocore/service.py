# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for AWS on loopback that looks at the sockets its clients send from."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

KEEPALIVE = "02"
RETRANSMIT = "01"

IDENTITY = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    b"<Arn>arn:aws:iam::123456789012:user/x</Arn><UserId>x</UserId><Account>123456789012</Account>"
    b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


def timer(client_port: int, server_port: int) -> str:
    """The kind of timer that the kernel has armed for the client's socket, as /proc/net/tcp(5) names it."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        local, remote = fields[1], fields[2]
        if int(local.split(":")[1], 16) == client_port and int(remote.split(":")[1], 16) == server_port:
            return fields[5].split(":")[0]
    raise LookupError(f"no socket from port {client_port} to {server_port}")


def kept_alive(client_port: int, server_port: int) -> bool:
    deadline = time.monotonic() + 2
    while (kind := timer(client_port, server_port)) == RETRANSMIT and time.monotonic() < deadline:
        time.sleep(0.01)
    return kind == KEEPALIVE


class Service(ThreadingHTTPServer):
    """`seen` has an entry for each request: whether its socket has SO_KEEPALIVE on."""

    daemon_threads = True

    def __init__(self, delay: float) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.delay = delay
        self.seen: list[bool] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gave up waiting is part of the play."""


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(kept_alive(self.client_address[1], self.server.server_port))
        time.sleep(self.server.delay)
        body = b'"done"' if "/functions/" in self.path else IDENTITY
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json" if "/functions/" in self.path else "text/xml")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def service(delay: float = 0.0) -> Iterator[Service]:
    server = Service(delay)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
