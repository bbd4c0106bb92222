# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection under its own name, straight from this checkout, where nothing else has put it there."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import sys
import tempfile
import types
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
PLUGINS = CHECKOUT / "plugins"
NAME = "ansible_collections.longlived.tcp.plugins"


def put_in_place() -> None:
    if "ansible_collections" in sys.modules:
        return
    for name in ("ansible_collections", "ansible_collections.longlived", "ansible_collections.longlived.tcp"):
        _package(name, os.devnull)
    _package(NAME, str(PLUGINS))
    for kind in ("module_utils", "modules"):
        _package(f"{NAME}.{kind}", str(PLUGINS / kind))


@functools.cache
def in_a_directory() -> Path:
    """A directory in which this checkout is the collection, for the programs that look for it there, and for imports."""
    root = Path(tempfile.mkdtemp(prefix="longlived-tcp-collections-"))
    link = root / "ansible_collections" / "longlived" / "tcp"
    link.parent.mkdir(parents=True)
    link.symlink_to(CHECKOUT)
    atexit.register(shutil.rmtree, root)
    sys.path.insert(0, str(root))
    return root


def _package(name: str, path: str) -> None:
    module = types.ModuleType(name)
    module.__path__ = [path]
    sys.modules[name] = module
