# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's defaults and its argument specification say the same, and so do the modules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2.nativetypes import NativeEnvironment

ROOT = Path(__file__).parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())

# Options of modules that a role hands on under its own name.
HANDED_ON = {
    "keepalive_state": "state",
    "keepalive_time": "time",
    "keepalive_intvl": "intvl",
    "keepalive_probes": "probes",
    "keepalive_sysctl_file": "sysctl_file",
    "keepalive_overridden": "overridden",
}


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def options(role: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    return found


def rendered(value: Any) -> Any:
    """A default as it is when nothing else is set."""
    return NativeEnvironment().from_string(value).render() if isinstance(value, str) and "{{" in value else value


@pytest.mark.parametrize("role", ROLES)
def test_defaults_and_argument_specification_agree(role: str) -> None:
    defaults = {name: rendered(value) for name, value in load(ROOT / "roles" / role / "defaults" / "main.yml").items()}
    assert {name: option["default"] for name, option in options(role).items() if "default" in option} == defaults


@pytest.mark.parametrize("role", ROLES)
def test_every_option_is_of_this_role_and_is_described(role: str) -> None:
    for name, option in options(role).items():
        assert name.startswith(f"{role}_")
        assert option["description"]
        assert option["type"]


def test_the_module_has_the_same_defaults() -> None:
    source = (ROOT / "plugins" / "modules" / "keepalive_sysctl.py").read_text()
    documented = yaml.safe_load(source.split('DOCUMENTATION = r"""')[1].split('"""')[0])["options"]
    for name, handed_on in HANDED_ON.items():
        for what in ("type", "default", "choices"):
            assert options("keepalive")[name].get(what) == documented[handed_on].get(what), (name, what)
