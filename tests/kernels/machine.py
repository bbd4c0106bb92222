# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A machine that QEMU emulates: one kernel, an initramfs with Python and this checkout's module_utils, one report."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .debian import Release
from .inside import REPORT

ROOT = Path(__file__).parents[2]
MODULE_UTILS = "ansible_collections/longlived/tcp/plugins/module_utils"

# Of Python and the C library, what nothing here needs.
LEFT_OUT = ("test", "idlelib", "lib2to3", "tkinter", "ensurepip", "pydoc_data", "gconv", "locale", "doc", "man", "zoneinfo", "perl-base")


@dataclass(frozen=True)
class Machine:
    """An architecture as Debian and QEMU call it, with the console of its emulated board."""

    architecture: str
    program: str
    arguments: tuple[str, ...]
    console: str

    @property
    def unavailable(self) -> str | None:
        return None if shutil.which(self.program) else f"there is no {self.program} here"


MACHINES = {
    "x86_64": Machine("amd64", "qemu-system-x86_64", ("-accel", "tcg,thread=multi", "-cpu", "max"), "ttyS0"),
    "aarch64": Machine("arm64", "qemu-system-aarch64", ("-M", "virt", "-accel", "tcg,thread=multi", "-cpu", "max,pauth=off"), "ttyAMA0"),
}


def report(suite: str, machine: str, timeout: float = 300) -> dict[str, Any]:
    """What inside.py finds on the kernel of that release of Debian."""
    made = MACHINES[machine]
    kernel = Release(suite, made.architecture).kernel(f"linux-image-cloud-{made.architecture}")
    with tempfile.TemporaryDirectory(prefix="longlived-tcp-kernel-") as directory:
        image = Path(directory, "initramfs")
        image.write_bytes(_initramfs(Path(directory, "root"), Release("bookworm", made.architecture).tree("python3")))
        command = [made.program, *made.arguments, "-m", "512", "-smp", "1", "-nographic", "-no-reboot", "-nodefaults", "-serial", "stdio"]
        command += ["-kernel", str(kernel), "-initrd", str(image)]
        command += ["-append", f"console={made.console} quiet panic=-1 rdinit=/init random.trust_cpu=on"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False)
    lines = [line.partition(REPORT)[2] for line in done.stdout.splitlines() if REPORT in line]
    assert lines, f"{done.stdout[-3000:]}\n{done.stderr[-1000:]}"
    found: dict[str, Any] = json.loads(lines[0])
    assert "error" not in found, found["error"]
    return found


def _initramfs(root: Path, python: Path) -> bytes:
    """An archive as the kernel unpacks it."""
    shutil.copytree(python, root, symlinks=True, ignore=lambda _directory, names: [name for name in names if name in LEFT_OUT])
    (root / "init").write_text(f"#!/usr/bin/python3.11 -IB\n{Path(__file__).with_name('inside.py').read_text()}")
    (root / "init").chmod(0o755)
    collection = root / "collections" / MODULE_UTILS
    shutil.copytree(ROOT / "plugins" / "module_utils", collection, ignore=shutil.ignore_patterns("__pycache__"))
    names = "\0".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    archive = ["cpio", "--quiet", "--null", "--create", "--format=newc", "--owner=0:0"]
    done = subprocess.run(archive, cwd=root, input=names.encode(), stdout=subprocess.PIPE, check=True)
    return done.stdout
