# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts themselves: each has everything of its own, and none outlives who made it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from .guest import State
from .hosts import ROOT, up

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="it makes hosts in namespaces, which needs root")

MAKE_AND_WAIT = """
import sys
from pathlib import Path
from tests.fleet.hosts import up
from tests.fleet.guest import State

with up([State("doomed")], Path(sys.argv[1])) as hosts:
    print(hosts["doomed"].pid, flush=True)
    sys.stdin.read()
"""


def test_a_host_has_everything_of_its_own(tmp_path: Path) -> None:
    with up([State("web1"), State("web2")], tmp_path) as hosts:
        kinds = ("mnt", "net", "pid", "uts", "ipc")
        for kind in kinds:
            seen = {os.readlink(f"/proc/{who}/ns/{kind}") for who in ("self", hosts["web1"].pid, hosts["web2"].pid)}
            assert len(seen) == 3, kind
        for name, host in hosts.items():
            script = "import os, platform, sys; open('/usr/made', 'x'); sys.exit(platform.node() + str(os.getpid() < 100))"
            python = str(host.variables["ansible_python_interpreter"])
            done = subprocess.run([python, "-c", script], stderr=subprocess.PIPE, text=True, check=False)
            assert done.stderr == f"{name}True\n"
    assert not Path("/usr/made").exists()


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_a_host_ends_with_who_made_it(tmp_path: Path, how: str) -> None:
    command = [sys.executable, "-c", MAKE_AND_WAIT, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as maker:
        assert maker.stdin and maker.stdout
        host = os.pidfd_open(int(maker.stdout.readline()))
        try:
            assert not select.select([host], [], [], 0)[0]
            if how == "killed":
                maker.kill()
            else:
                maker.stdin.close()
            assert select.select([host], [], [], 30)[0], "the host lives on"
        finally:
            os.close(host)
