# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs of another owner, which do nothing.

python tests/new_sockets/other_owner.py HOOK        has a hook of this process's root cgroup for itself
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.longlived.tcp.plugins.module_utils._bpf import keepalive_default as kd


def other(hook: str = "connect4") -> int:
    """A descriptor of such a program."""
    assembler = kd.Assembler()
    assembler.end()
    names, kd._NAMES = kd._NAMES, {hook: b"other"}
    try:
        return int(kd.load(hook, assembler.code()))
    finally:
        kd._NAMES = names


def attach_alone(cgroup: int, hook: str) -> int:
    """Attached without BPF_F_ALLOW_MULTI; the program's descriptor."""
    program = other(hook)
    multi, kd._ALLOW_MULTI = kd._ALLOW_MULTI, 0
    try:
        kd.attach(cgroup, hook, program)
    finally:
        kd._ALLOW_MULTI = multi
    return program


@contextmanager
def attached_alone(cgroup: int, hook: str = "connect4") -> Iterator[None]:
    program = attach_alone(cgroup, hook)
    try:
        yield
    finally:
        kd.detach(cgroup, hook, program)
        os.close(program)
