# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole Linux hosts to manage, without a container engine. See README.md."""

from .kinds import KINDS, HostSpec, Kind, SpecError
from .machine import Unavailable, unavailable
from .testbed import Host, Testbed, TestbedError

__all__ = [
    "KINDS",
    "Host",
    "HostSpec",
    "Kind",
    "SpecError",
    "Testbed",
    "TestbedError",
    "Unavailable",
    "unavailable",
]
