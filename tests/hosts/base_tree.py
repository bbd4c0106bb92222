# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root file systems to boot from: built once, kept outside the repository, never written to again."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from . import machine
from .kinds import Tree


def cache_dir() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "longlived-tcp" / "hosts"


def path_of(tree: Tree) -> Path:
    recipe = hashlib.sha256(repr(tree).encode()).hexdigest()
    return cache_dir() / f"{tree.suite}-{recipe[:12]}"


def ensure(tree: Tree) -> Path:
    """The tree's path; built first if it is not there, by one process only."""
    path = path_of(tree)
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path.with_suffix(".lock")):
        if not path.exists():
            # Whatever a crash left under this name is in no one's use: we hold the lock.
            building = path.with_suffix(".building")
            shutil.rmtree(building, ignore_errors=True)
            _build(tree, building, log=path.with_suffix(".log"))
            os.sync()
            building.rename(path)
    return path


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(tree: Tree, root: Path, log: Path) -> None:
    environment = {
        **os.environ,
        **machine.apt_proxies(),
        "PATH": machine.SYSTEM_PATH,
        "LC_ALL": "C.UTF-8",
    }
    with log.open("w") as output:

        def run(*command: str | Path) -> None:
            # In a mount namespace of its own: a crash leaves no mount behind.
            done = subprocess.run(
                ["unshare", "--mount", *command],
                check=False,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
            if done.returncode != 0:
                raise machine.Unavailable(f"building {tree.suite} failed: see {log}")

        run(
            "debootstrap",
            "--variant=minbase",
            f"--include={','.join(tree.packages)}",
            tree.suite,
            root,
            machine.mirror(),
        )
        for file in tree.files:
            path = root / file.path.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.write_text(file.text)
            path.chmod(file.mode)
        run("chroot", root, "sh", "-eu", "-c", tree.script)
