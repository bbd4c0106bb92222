# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian releases whose programs can be run here: which systemd and procps they have, and how to call inside."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from tests.hosts import KINDS, machine, unavailable
from tests.hosts.base_tree import ensure, path_of

REPOSITORY = Path(__file__).resolve().parents[2]

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Release:
    """A Debian release, with the kind of test host whose tree is used."""

    suite: str
    systemd: int
    procps: str
    kind: str

    def __str__(self) -> str:
        return self.suite

    @property
    def unavailable(self) -> str | None:
        """Why it cannot be used here; None if it can."""
        if os.geteuid() != 0:
            return "namespaces need root"
        if path_of(KINDS[self.kind].tree).exists():
            return None
        return unavailable(self.kind)


RELEASES = (
    Release("bullseye", 247, "3.3.17", "al2_like"),
    Release("bookworm", 252, "4.0.2", "debian12"),
    Release("trixie", 257, "4.0.4", "debian13"),
)


class Failed(Exception):
    """The traceback of what went wrong inside."""


class Guest:
    """Calls functions in a process that lives inside a release."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def call(self, function: Callable[P, T], *arguments: P.args, **_: P.kwargs) -> T:
        assert self._process.stdin and self._process.stdout
        pickle.dump((function, arguments), self._process.stdin)
        self._process.stdin.flush()
        well, answer = pickle.load(self._process.stdout)
        if not well:
            raise Failed(answer)
        result: T = answer
        return result


@contextlib.contextmanager
def inside(release: Release, *modules: str) -> Iterator[Guest]:
    """Start a process inside the release that knows the functions of these modules."""
    if not path_of(KINDS[release.kind].tree).exists():
        machine.install_tools()
    tree = ensure(KINDS[release.kind].tree)
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; from tests.sysctl_d import guest; guest.main(*sys.argv[1:])", str(tree), *modules],
        cwd=REPOSITORY,
        env={"PATH": machine.SYSTEM_PATH, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield Guest(process)
    finally:
        assert process.stdin and process.stdout
        process.stdin.close()
        process.stdout.close()
        process.wait(timeout=30)
