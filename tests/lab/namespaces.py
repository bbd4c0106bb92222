# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network namespaces that end with this process, however it ends, and programs in them."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.hosts.machine import cgroup2

# Starts a program in a cgroup.
_IN_CGROUP = ["sh", "-c", 'echo 0 > "$0/cgroup.procs" && exec "$@"']


class Namespace:
    """A network namespace; `pid` is a process that lives in it, `cgroup` that of the programs that are started in it."""

    def __init__(self, pid: int, cgroup: Path | None = None) -> None:
        self.pid, self._cgroup = pid, cgroup

    @classmethod
    def of_host(cls, pid: int) -> Namespace:
        """That of a whole host, and its cgroup: a program started there is one of the host's as far as connections go."""
        mount, line = cgroup2(), Path(f"/proc/{pid}/cgroup").read_text().splitlines()[-1]
        assert mount and line.startswith("0::")
        return cls(pid, mount / line.removeprefix("0::").lstrip("/"))

    @classmethod
    def new(cls, stack: ExitStack) -> Namespace:
        # Its input is a pipe from this process: when that ends, so do cat and the namespace.
        holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        stack.callback(holder.wait, 10)
        stack.enter_context(holder.stdout)  # type: ignore[arg-type]
        stack.enter_context(holder.stdin)  # type: ignore[arg-type]
        assert holder.stdout and holder.stdout.readline(), "no network namespace can be made: that needs root"
        made = cls(holder.pid)
        made.run("ip link set lo up")
        return made

    def at(self, other: Namespace) -> Namespace:
        """The other network, for programs in this one's cgroup."""
        return Namespace(other.pid, self._cgroup)

    def inside(self, command: list[str], *, user: str | None = None) -> list[str]:
        """The command line that runs a program in it, and ends it when this process ends."""
        as_user = ["--reuid", user, "--regid", user, "--clear-groups"] if user else []
        joined = [*_IN_CGROUP, str(self._cgroup)] if self._cgroup else []
        return [*joined, "nsenter", f"--net=/proc/{self.pid}/ns/net", "setpriv", "--pdeathsig", "KILL", *as_user, "--", *command]

    def run(self, command: str, input: str | None = None) -> str:
        done = subprocess.run(self.inside(command.split()), input=input, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise RuntimeError(f"{command}: {done.stderr.strip()}")
        return done.stdout

    def nft(self, rules: str) -> None:
        self.run("nft -f -", rules)

    def set(self, **sysctls: int) -> None:
        for name, value in sysctls.items():
            self.run(f"sysctl -q -w {name.replace('__', '.')}={value}")

    def link(self, mine: str, address: str, other: Namespace, theirs: str, their_address: str) -> None:
        """Join two namespaces by a pair of interfaces."""
        self.run(f"ip link add {mine} type veth peer name {theirs} netns {other.pid}")
        for namespace, name, own in ((self, mine, address), (other, theirs, their_address)):
            namespace.run("ip -batch -", f"addr add {own} dev {name}\nlink set {name} up")

    async def start(self, command: list[str], environment: Mapping[str, str] | None = None, **streams: Any) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(*self.inside(command), env=environment, **streams)
