# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report and the rescue, called as the modules call them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.longlived.tcp.plugins.module_utils._sockets.rearm import Request, Tally, check_request, protect
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.report import report
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.selection import Selection, check

from .connections import shown

IDLE_TIMEOUT = 350


def selected(
    *, processes: Sequence[str] = (), pids: Sequence[int] = (), peers: Sequence[str] = (), ports: Sequence[int] = (), local: bool = True
) -> Any:
    return check(Selection(processes, pids, peers, ports, local))


def look(*, idle_timeout: int = IDLE_TIMEOUT, limit: int = 1000, socket_options: bool = False, **selection: Any) -> dict[str, Any]:
    result: dict[str, Any] = report(selected(**selection), idle_timeout, limit, socket_options)
    return result


def row_of(one: socket.socket, **asked: Any) -> dict[str, Any]:
    """What the report says about one socket of this process."""
    inode = os.fstat(one.fileno()).st_ino
    (row,) = (row for row in look(**asked)["sockets"] if row["inode"] == inode)
    assert row["local"] == shown(one.getsockname()[:2])
    return dict(row)


def judged(one: socket.socket, **asked: Any) -> tuple[str, str | None]:
    row = row_of(one, **asked)
    return row["state"], row["reason"]


def rescue(
    *, select: Sequence[str] = ("stale",), idle_timeout: int = IDLE_TIMEOUT, check_mode: bool = False,
    values: dict[str, int] | None = None, warn: Callable[[str], object] | None = None, **selection: Any,
) -> dict[str, Any]:  # fmt: skip
    """What the module returns; this process's sockets, unless another selection is given."""
    tally = Tally(100)
    request = check_request(Request(tuple(select), values or {}, idle_timeout))
    for outcome in protect(selected(**(selection or {"pids": [os.getpid()]})), request, check_mode, warn=warn):
        tally.add(outcome)
    return {**tally.counts(), "changed": tally.changed, "diff": tally.diff()}
