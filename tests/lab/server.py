# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server whose answer is long in coming: AWS's Lambda Invoke over HTTP, for as long as standard input is open.

Run by path as `python -ISE server.py FIRST_PORT LAST_PORT`; the function's name says how many seconds it takes, as in
slow-400. Each event is a line of JSON on standard output.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

ANSWER = b'{"answer": 42}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Amz-Executed-Version: $LATEST\r\nContent-Length: %d\r\n\r\n"


def say(port: int, event: str) -> None:
    print(json.dumps({"port": port, "event": event}), flush=True)


async def invocation(reader: asyncio.StreamReader) -> float:
    """Read one request; how many seconds its function takes."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:")), 0)
    await reader.readexactly(length)
    return float(head.split(b"/functions/slow-")[1].split(b"/")[0])


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    port: int = writer.get_extra_info("sockname")[1]
    try:
        seconds = await invocation(reader)
        say(port, "invoked")
        ended = asyncio.create_task(reader.read(1))
        await asyncio.wait([ended], timeout=seconds)
        if not ended.done():
            writer.write(HEAD % len(ANSWER) + ANSWER)
            say(port, "answered")
        say(port, "closed" if not await ended else "invoked again")
    except ConnectionResetError:
        say(port, "reset")
    except OSError as error:
        say(port, error.strerror or str(error))
    except asyncio.IncompleteReadError:
        say(port, "closed before the request")
    finally:
        writer.close()


async def main(first: int, last: int) -> None:
    for port in range(first, last + 1):
        await asyncio.start_server(serve, "0.0.0.0", port, backlog=1000)
    print(flush=True)
    await asyncio.to_thread(sys.stdin.read)
    # Nobody wants to know any more how the open ones go on.
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
