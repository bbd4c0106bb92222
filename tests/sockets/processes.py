# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes beside the test's own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def child(work: Callable[[], object], pid: int | None = None) -> Iterator[int]:
    """A process that does something, says so, and then stays until the end. `pid` is a number that it has to have."""
    ready, said = os.pipe()
    pid = os.fork() if pid is None else fork_as(pid)
    if pid == 0:
        try:
            work()
            os.write(said, b".")
            signal.pause()
        finally:
            os._exit(1)
    os.close(said)
    try:
        assert os.read(ready, 1) == b".", "the child failed"
        yield pid
    finally:
        os.close(ready)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def fork_as(pid: int) -> int:
    """fork(2), for a process that has this number, which is free."""
    for _turn in range(1000):
        Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1))
        if (got := os.fork()) == 0:
            if os.getpid() == pid:
                return 0
            os._exit(0)  # somebody else's process came between
        if got == pid:
            return pid
        os.waitpid(got, 0)
    raise AssertionError(f"no process got the number {pid}")
