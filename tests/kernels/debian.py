# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages of a Debian release and an architecture, fetched by this machine's apt and unpacked; nothing is installed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.hosts.base_tree import cache_dir
from tests.hosts.machine import mirror

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Release:
    """apt, with everything of its own below the cache."""

    def __init__(self, suite: str, architecture: str) -> None:
        self._home = cache_dir().parent / "packages" / f"{suite}-{architecture}"
        for name in ("lists/partial", "archives/partial", "parts"):
            (self._home / name).mkdir(parents=True, exist_ok=True)
        (self._home / "status").touch()
        (self._home / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {suite} main\n")
        self._options = (
            f"Dir::Etc::SourceList={self._home}/sources.list",
            f"Dir::Etc::SourceParts={self._home}/parts",
            f"Dir::State::Lists={self._home}/lists",
            f"Dir::State::Status={self._home}/status",
            f"Dir::Cache={self._home}",
            f"Dir::Cache::Archives={self._home}/archives",
            f"APT::Architecture={architecture}",
            f"APT::Architectures={architecture}",
            "Acquire::Retries=5",
            "APT::Sandbox::User=root",
        )

    def kernel(self, package: str) -> Path:
        """The kernel that a metapackage such as linux-image-cloud-amd64 stands for."""
        self._apt("apt-get", "-qq", "update")
        found = re.search(r"Depends: (linux-image-\S+)", self._apt("apt-cache", "depends", package))
        assert found, f"{package} depends on no kernel"
        return next(self._unpacked(found[1], self._download(found[1])).glob("boot/vmlinuz-*"))

    def tree(self, package: str) -> Path:
        """A directory with the package and all that it depends on."""
        self._apt("apt-get", "-qq", "update")
        listed = self._apt("apt-get", "-qq", "install", "--print-uris", "--no-install-recommends", package)
        names = [line.split()[1] for line in listed.splitlines() if line.startswith("'")]
        self._apt("apt-get", "-qq", "--yes", "install", "--download-only", "--no-install-recommends", package)
        return self._unpacked(package, [self._home / "archives" / name for name in names])

    def _download(self, package: str) -> list[Path]:
        self._apt("apt-get", "-qq", "download", package)
        return sorted((self._home / "archives").glob(f"{package}_*.deb"))

    def _unpacked(self, name: str, packages: list[Path]) -> Path:
        tree = self._home / name
        if not tree.exists():
            building = tree.with_suffix(".building")
            for package in packages:
                subprocess.run(["dpkg-deb", "--extract", package, building], check=True)
            building.rename(tree)
        return tree

    def _apt(self, *command: str) -> str:
        options = [word for option in self._options for word in ("-o", option)]
        return subprocess.run(
            [command[0], *options, *command[1:]], check=True, stdout=subprocess.PIPE, text=True, cwd=self._home / "archives"
        ).stdout
