# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of sysctl.d as data, and how to lay them out below /."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

DIRECTORIES = (b"/etc/sysctl.d", b"/run/sysctl.d", b"/usr/local/lib/sysctl.d", b"/usr/lib/sysctl.d", b"/lib/sysctl.d")
CONF = b"/etc/sysctl.conf"
ELSEWHERE = b"/srv/elsewhere"
"""Where nobody looks by himself: for what links lead to."""

SPLIT = "/srv/split-lib"


@dataclass(frozen=True)
class Link:
    target: bytes


@dataclass(frozen=True)
class Directory:
    pass


Entry = bytes | Link | Directory


@dataclass(frozen=True)
class Layout:
    """Every entry by its path; `split` makes /lib a directory of its own, as it was before /usr was merged."""

    entries: dict[bytes, Entry] = field(default_factory=dict)
    split: bool = False

    def __str__(self) -> str:
        return "\n".join(f"{path!r}: {entry!r}" for path, entry in self.entries.items())


def lay_out(layout: Layout) -> None:
    _lay_lib(layout.split)
    for directory in (*DIRECTORIES, ELSEWHERE):
        shutil.rmtree(directory, ignore_errors=True)
        os.makedirs(directory, exist_ok=True)
    if os.path.isdir(CONF) and not os.path.islink(CONF):
        os.rmdir(CONF)
    elif os.path.lexists(CONF):
        os.unlink(CONF)
    for path, entry in layout.entries.items():
        if isinstance(entry, Link):
            os.symlink(entry.target, path)
        elif isinstance(entry, Directory):
            os.mkdir(path)
        else:
            with open(path, "wb") as stream:
                stream.write(entry)


def _lay_lib(split: bool) -> None:
    """/lib as a link to usr/lib, or to a directory that differs from it in its sysctl.d only."""
    if not os.path.isdir(SPLIT):
        os.mkdir(SPLIT)
        for name in os.listdir("/usr/lib"):
            if name != "sysctl.d":
                os.symlink(f"/usr/lib/{name}", f"{SPLIT}/{name}")
    target = SPLIT if split else "usr/lib"
    if os.readlink("/lib") != target:
        Path("/lib.new").symlink_to(target)
        os.rename("/lib.new", "/lib")
