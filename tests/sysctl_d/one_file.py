# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a program makes of one file. Runs inside a release."""

from __future__ import annotations

from pathlib import Path

from .boots import run_in_new_network
from .strategies import OTHERS, OURS

FILE = Path("/srv/loaded.conf")
PROGRAMS = {"systemd-sysctl": ("/lib/systemd/systemd-sysctl",), "sysctl -p": ("/sbin/sysctl", "-q", "-p")}


def load(program: str, *contents: bytes) -> list[dict[str, str]]:
    """For each content our keys' values and those of some others, once the program has read it."""
    found = []
    for content in contents:
        FILE.write_bytes(content)
        run_in_new_network(*PROGRAMS[program], str(FILE))
        found.append({key: Path("/proc/sys", *key.split(".")).read_text().strip() for key in (*OURS, *OTHERS)})
    return found
