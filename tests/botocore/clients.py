# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real clients, in a home of their own, and the module, run by the real Ansible."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

V1 = str(Path(sys.executable).with_name("aws"))
V2 = "/usr/bin/aws"
CLIENTS = {"v1": V1, "v2": V2}


@cache
def version(program: str) -> str:
    if not shutil.which(program):
        return ""
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}).stdout


def cli(name: str) -> str:
    """The AWS CLI of that major version: 1 from the Python package awscli, 2 from Debian's package of that name."""
    if not version(CLIENTS[name]).startswith(f"aws-cli/{name[1]}."):
        pytest.skip(f"{CLIENTS[name]} is no AWS CLI {name}")
    return CLIENTS[name]


def environment(home: Path) -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "NO_PROXY": "127.0.0.1",
        "LC_ALL": "C.UTF-8",
    }


def run(command: list[str], home: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, capture_output=True, text=True, env=environment(home), cwd=home, timeout=120, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done


def module(collections: Path, home: Path, /, *options: str, **parameters: Any) -> dict[str, Any]:
    """Run the module on this machine through Ansible; its result. `options` are ansible's own."""
    ansible = str(Path(sys.executable).with_name("ansible"))
    command = [ansible, "localhost", "-c", "local", "-m", "longlived.tcp.aws_config_file", "-a", json.dumps(parameters), *options]
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
    }
    kept = {name: value for name, value in os.environ.items() if name in ("LANG", "TMPDIR")}
    done = subprocess.run(command, capture_output=True, text=True, env={**environment(home), **kept, **settings}, timeout=120, check=False)
    output = done.stdout + done.stderr
    found = output[output.index("=> ") + 3 :] if "=> " in output else output
    result: dict[str, Any] = json.JSONDecoder().raw_decode(found)[0]
    result["output"] = output
    return result
