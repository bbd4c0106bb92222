# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection under its own name, straight from this checkout, wherever it lies.

ansible-test brings it under that name by itself; everywhere else, and on a target's Python without
ansible-core, it is put there by hand. This file is read by Python 2.7 as well.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import sys
import types

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAME = "ansible_collections.longlived.tcp"


def _package(name, path):
    module = types.ModuleType(name)
    module.__path__ = [path]
    sys.modules[name] = module


if "ansible_collections" not in sys.modules:
    _package("ansible_collections", os.devnull)
    _package("ansible_collections.longlived", os.devnull)
    _package(NAME, ROOT)
    _package(NAME + ".plugins", os.path.join(ROOT, "plugins"))
    for kind in ("module_utils", "modules", "plugin_utils", "action", "callback", "filter", "doc_fragments"):
        _package("%s.plugins.%s" % (NAME, kind), os.path.join(ROOT, "plugins", kind))
