# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which versions of everything took part."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path

from .clients import aws_cli_2, postgresql

CLIENTS = Path(__file__).parent / "clients"

_COMMANDS = {
    "psql": ["psql", "--version"],
    "curl": ["curl", "--version"],
    "Java": ["java", "-version"],
    "Go": ["go", "version"],
    "Node": ["node", "--version"],
    "HAProxy": ["haproxy", "-v"],
}
_NAMED_IN = {
    "AWS SDK for Java": (CLIENTS / "java" / "pom.xml", r"<artifactId>bom</artifactId>\s*<version>([\d.]+)"),
    "AWS SDK for Go, service/lambda": (CLIENTS / "go" / "go.mod", r"service/lambda v([\d.]+)"),
    "@aws-sdk/client-lambda": (CLIENTS / "node" / "package.json", r'client-lambda": "[^\d]*([\d.]+)'),
}


def machine() -> str:
    """Its size, in words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, Linux {'.'.join(platform.release().split('.')[:2])}"


def versions() -> dict[str, str]:
    """By name; what is not here is left out."""
    found = {package: metadata.version(package) for package in ("ansible-core", "awscli", "boto3", "botocore")}
    commands = {**_COMMANDS, "AWS CLI 2": [aws_cli_2() or "", "--version"]}
    if programs := postgresql():
        commands["PostgreSQL"] = [str(programs / "postgres"), "--version"]
    for name, command in commands.items():
        try:
            said = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError:
            continue
        if version := re.search(r"\d+(\.\d+)+", said.stdout + said.stderr):
            found[name] = version[0]
    for name, (file, pattern) in _NAMED_IN.items():
        if version := re.search(pattern, file.read_text()):
            found[name] = version[1]
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))
