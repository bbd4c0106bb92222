# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection under its own name, straight from this checkout, where nothing else has put it there."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path

PLUGINS = Path(__file__).resolve().parents[1] / "plugins"
NAME = "ansible_collections.longlived.tcp.plugins"


def put_in_place() -> None:
    if "ansible_collections" in sys.modules:
        return
    for name in ("ansible_collections", "ansible_collections.longlived", "ansible_collections.longlived.tcp"):
        _package(name, os.devnull)
    _package(NAME, str(PLUGINS))
    for kind in ("module_utils", "modules"):
        _package(f"{NAME}.{kind}", str(PLUGINS / kind))


def _package(name: str, path: str) -> None:
    module = types.ModuleType(name)
    module.__path__ = [path]
    sys.modules[name] = module
