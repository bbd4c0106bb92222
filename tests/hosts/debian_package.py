# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of Debian's packages that are not installed on this machine."""

from __future__ import annotations

import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from .base_tree import cache_dir, ensure
from .kinds import KINDS
from .machine import apt_to_itself


def unpacked(package: str) -> Path | None:
    """The directory with a package's files, from the cache or as apt gives it; None where apt does not."""
    wanted = cache_dir() / "packages" / package
    if wanted.exists() or not shutil.which("apt-get"):
        return wanted if wanted.exists() else None
    wanted.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wanted.parent) as directory, apt_to_itself():
        if subprocess.run(["apt-get", "download", package], cwd=directory, capture_output=True, check=False).returncode != 0:
            return None
        (archive,) = Path(directory).glob("*.deb")
        subprocess.run(["dpkg-deb", "--extract", archive, f"{directory}/files"], check=True)
        (Path(directory) / "files").rename(wanted)
    return wanted


def archives(packages: tuple[str, ...], kind: str) -> Path | None:
    """A directory with these packages and all that they need on hosts of this kind, which have no network to fetch them; None
    where apt of this machine does not have them for that Debian."""
    tree = KINDS[kind].tree
    release = platform.freedesktop_os_release() if Path("/etc/os-release").exists() else {}
    if not shutil.which("apt-get") or release.get("VERSION_CODENAME") != tree.suite:
        return None
    found = cache_dir() / "packages" / f"{'-'.join(packages)}-for-{ensure(tree).name}"
    (found / "partial").mkdir(parents=True, exist_ok=True)
    options = [f"Dir::State::status={ensure(tree)}/var/lib/dpkg/status", f"Dir::Cache::archives={found}", "Debug::NoLocking=1"]
    command = ["apt-get", "--yes", "--no-install-recommends", "--download-only", *(f"--option={option}" for option in options), "install"]
    with apt_to_itself():
        done = subprocess.run([*command, *packages], capture_output=True, check=False)
    return found if done.returncode == 0 else None
