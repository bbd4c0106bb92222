# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this machine has, and what it must have, to run hosts."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from .kinds import KINDS

# program: Debian package
_TOOLS = {
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "nft": "nftables",
    "nsenter": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "systemd-nspawn": "systemd-container",
    "unshare": "util-linux",
}

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Unavailable(Exception):
    """Hosts cannot run here; the text is one sentence that says why."""


def unavailable(kind: str) -> str | None:
    """Why hosts of this kind cannot run here, in one sentence; None if they can."""
    if os.geteuid() != 0:
        return "whole hosts need root"
    missing = _missing_packages()
    if missing and not _on_debian():
        return f"these Debian packages are missing: {' '.join(missing)}"
    if cgroup2() is None:
        return "no cgroup2 file system is mounted"
    if KINDS[kind].python37 and python37() is None:
        return "pyenv has no CPython 3.7 (looked for versions/3.7.*)"
    return None


def install_tools() -> None:
    """Install the Debian packages that are missing, if any."""
    missing = _missing_packages()
    if not missing:
        return
    if not _on_debian():
        raise Unavailable(f"these Debian packages are missing: {' '.join(missing)}")
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with apt_to_itself():
        subprocess.run([*apt, "update"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(
            [*apt, "install", "-y", "--no-install-recommends", *missing],
            check=True,
            stdout=subprocess.DEVNULL,
            env=environment,
        )


@contextlib.contextmanager
def apt_to_itself() -> Iterator[None]:
    """Keep two test sessions from using apt at once: the second would end with "could not get lock"."""
    with open("/run/lock/longlived-tcp-apt", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _missing_packages() -> list[str]:
    found = functools.partial(shutil.which, path=SYSTEM_PATH)
    return sorted({package for tool, package in _TOOLS.items() if not found(tool)})


def _on_debian() -> bool:
    return Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def mirror() -> str:
    """The Debian mirror that this machine's own apt uses; DEBIAN_MIRROR overrides it."""
    if chosen := os.environ.get("DEBIAN_MIRROR"):
        return chosen
    if uri := _apt_mirror():
        return uri
    with apt_to_itself():
        subprocess.run(["apt-get", "-qq", "update"], check=False)
    if uri := _apt_mirror():
        return uri
    raise Unavailable("apt's sources name no Debian mirror: set DEBIAN_MIRROR")


def _apt_mirror() -> str | None:
    listed = subprocess.run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(REPO_URI)",
            "Created-By: Packages",
            "Origin: Debian",
            "Label: Debian",
            "Component: main",
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    return next(iter(listed.stdout.splitlines()), None)


def apt_proxies() -> dict[str, str]:
    """apt's proxies, as the environment variables that other programs read."""
    proxies = {}
    for scheme in ("http", "https"):
        shown = subprocess.run(
            ["apt-config", "dump", "--format", "%v%n", f"Acquire::{scheme}::Proxy"],
            check=False,
            capture_output=True,
            text=True,
        )
        if value := shown.stdout.strip():
            proxies[f"{scheme}_proxy"] = value
    return proxies


def python37() -> Path | None:
    """The newest CPython 3.7 of pyenv: the directory of that version."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = [
        path.parent.parent for path in root.glob("versions/3.7.*/bin/python3.7") if re.fullmatch(r"3\.7\.\d+", path.parent.parent.name)
    ]
    return max(found, key=lambda path: int(path.name.rpartition(".")[2]), default=None)


INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")


def make_room(hosts: int, kept: Path) -> None:
    """Let root have the inotify instances that so many systemds need: seven each, beside the machine's own.

    The one setting of the whole machine that is touched, and only where 128 are too few, that is for more than
    a dozen hosts; what it was is kept in a file for `give_back`.
    """
    now, needed = int(INOTIFY.read_text()), 32 + 8 * hosts
    if now < needed:
        if not kept.exists():
            kept.write_text(str(now))
        INOTIFY.write_text(str(needed))


def give_back(kept: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        INOTIFY.write_text(kept.read_text())
        kept.unlink()


def cgroup2() -> Path | None:
    """Where this machine has the one cgroup2 hierarchy mounted."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        mount, _dash, kind = line.partition(" - ")
        if kind.startswith("cgroup2 "):
            return Path(mount.split()[4])
    return None
