# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts in namespaces of this machine, made in a moment: no ssh, no systemd, no container engine.

    with up([State("web1"), State("web2")], directory) as hosts:
        ...                                             # hosts["web1"].variables is how Ansible reaches it
        hosts["web1"].look()

Ansible's connection is `local`, and the host's Python a script that enters its namespaces first: what a module sees is the
host's own /etc, /home, /proc, processes, connections and sysctls.
"""

from __future__ import annotations

import os
import pickle
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

from . import guest
from .guest import Look, State

ROOT = Path(__file__).parents[2]

P = ParamSpec("P")
T = TypeVar("T")

# A cgroup of the host's own, where the cgroup2 hierarchy is mounted: no program that is attached on the host reaches another
# process. It goes with the host, also where who made it is killed.
IN_A_CGROUP = """
cgroup=$1; shift
test "$cgroup" || exec "$@"
mkdir "$cgroup"
(echo 0 > "$cgroup/cgroup.procs" && exec "$@")
for _ in 1 2 3 4 5 6 7 8 9 10; do rmdir "$cgroup" && exit; sleep 0.1; done 2> /dev/null
"""

UNSHARE = ("unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child", "--")
ENTER = "import sys; from tests.fleet.guest import main; main(*sys.argv[1:])"

WRAPPER = """#!/bin/sh
test -z "{cgroup}" || echo 0 > "{cgroup}/cgroup.procs"
exec nsenter --target={pid} --mount --net --pid --uts --ipc --cgroup --root --wd -- {python} "$@"
"""


class Host:
    def __init__(self, state: State, wrapper: Path) -> None:
        # What lies on another file system than / does is not in an overlay of /.
        prefixes = {sys.base_prefix, str(Path(state.python).parents[1])} - {"/usr"}
        show = [path for path in sorted(prefixes) if os.stat(path).st_dev != os.stat("/").st_dev]
        self.cgroup = cgroup_for(wrapper)
        command = ["sh", "-c", IN_A_CGROUP, "sh", self.cgroup, *UNSHARE, sys.executable, "-c", ENTER, state.name, *show]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout
        self.pid = int(self._process.stdout.readline() or 0)
        assert self.pid, f"{state.name} was not made"
        self._wrapper = wrapper
        wrapper.write_text(WRAPPER.format(pid=self.pid, cgroup=self.cgroup, python=shlex.quote(state.python)))
        wrapper.chmod(0o755)
        self._call(guest.be, state)

    @property
    def variables(self) -> dict[str, object]:
        """How Ansible reaches it: this machine's root is the host's, and needs no sudo."""
        return {"ansible_connection": "local", "ansible_python_interpreter": str(self._wrapper), "ansible_become": False}

    def look(self) -> Look:
        return self._call(guest.look)

    def _call(self, function: Callable[P, T], *arguments: P.args, **_none: P.kwargs) -> T:
        """Call a function inside the host."""
        assert self._process.stdin and self._process.stdout
        pickle.dump((function, arguments), self._process.stdin)
        self._process.stdin.flush()
        done, answer = pickle.load(self._process.stdout)
        assert done, answer
        returned: T = answer
        return returned

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=30)


def cgroup_for(wrapper: Path) -> str:
    """A path, or nothing where the cgroup2 hierarchy is not mounted."""
    with open("/proc/self/mountinfo", encoding="utf-8") as lines:
        mounts = [line.split() for line in lines if " - cgroup2 " in line]
    names = "-".join(wrapper.with_suffix("").parts[-2:])
    return f"{mounts[0][4]}/longlived-fleet-{os.getpid()}-{names}" if mounts else ""


@contextmanager
def up(states: Iterable[State], directory: Path) -> Iterator[dict[str, Host]]:
    """The hosts that can be reached, unmade at the end; also where this process is killed."""
    wanted = [state for state in states if state.reachable]
    directory.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        futures = {state.name: pool.submit(Host, state, directory / f"{state.name}.python") for state in wanted}
        for future in futures.values():
            if future.exception() is None:
                stack.callback(future.result().close)
        yield {name: future.result() for name, future in futures.items()}
