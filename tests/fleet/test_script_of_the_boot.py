# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script of the boot is alone: whatever Python runs it, there is nothing but that file and the standard library."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .guest import State
from .hosts import ROOT, up
from .states import PYTHON_2_7

SCRIPT = (ROOT / "plugins/module_utils/_bpf/keepalive_default.py").read_text()
PYTHONS: list[tuple[str, tuple[str, ...]]] = [(os.path.realpath(sys.executable), ("-I", "-B")), ("/usr/bin/python3", ("-I", "-B"))]
if PYTHON_2_7:
    PYTHONS.append((PYTHON_2_7, ("-E", "-s", "-B")))


@pytest.mark.skipif(os.geteuid() != 0, reason="it makes hosts in namespaces, which needs root")
@pytest.mark.parametrize(("python", "options"), PYTHONS, ids=[python for python, _options in PYTHONS])
def test_it_attaches_and_detaches(tmp_path: Path, python: str, options: tuple[str, ...]) -> None:
    if not shutil.which(python):
        pytest.skip(f"there is no {python} here")
    with up([State("boots", python=python)], tmp_path) as hosts:
        if not (host := hosts["boots"]).cgroup:
            pytest.skip("no cgroup2 file system is mounted")

        def run(*arguments: str) -> str:
            command = [str(host.variables["ansible_python_interpreter"]), *options, "-", *arguments]
            done = subprocess.run(command, input=SCRIPT, capture_output=True, text=True, check=False)
            return done.stdout + done.stderr

        assert host.look().programs == ()
        assert run("attach", "connect4,connect6,accept", "45/45/9", "311") == ""
        assert host.look().programs == ("connect4", "connect6", "accept")
        assert run("detach") == ""
        assert host.look().programs == ()
