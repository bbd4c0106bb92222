# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's defaults, its argument specification and the module behind it say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.longlived.tcp.plugins.doc_fragments import host
from ansible_collections.longlived.tcp.plugins.module_utils._host_options import KEEPALIVE, VERIFY

ROOT = Path(__file__).parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())

# The options of the module that does a role's work, and those of them that are no variables of that role.
BEHIND = {
    "keepalive": (KEEPALIVE, {"aws_users_default", "verify_processes"}),
    "keepalive_verify": (VERIFY, {"aws_users_default", "foreign_variables"}),
}

# What of an option is said more than once.
REPEATED = ("type", "elements", "choices", "default")

# What the role keepalive_verify has of its own; everything else is, unless it is given, what the role keepalive had.
VERIFYS_OWN = {"processes", "report_only"}


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def options(role: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    return found


def documented(module: str) -> dict[str, dict[str, Any]]:
    source = (ROOT / "plugins" / "modules" / f"{module}.py").read_text()
    documentation = yaml.safe_load(source.split('DOCUMENTATION = r"""')[1].split('"""')[0])
    found: dict[str, dict[str, Any]] = documentation["options"]
    for fragment in documentation["extends_documentation_fragment"]:
        if fragment.startswith("longlived.tcp.host"):
            text = getattr(host.ModuleDocFragment, (fragment.split(".")[3:] or ["documentation"])[0].upper())
            found |= yaml.safe_load(text)["options"]
    return found


@pytest.mark.parametrize("role", ROLES)
def test_defaults_and_argument_specification_agree(role: str) -> None:
    defaults = load(ROOT / "roles" / role / "defaults" / "main.yml")
    assert {name: option["default"] for name, option in options(role).items() if "default" in option} == defaults


@pytest.mark.parametrize("role", ROLES)
def test_every_option_is_of_this_role_and_is_described(role: str) -> None:
    for name, option in options(role).items():
        assert name.startswith(f"{role}_")
        assert option["description"]
        assert option["type"]


@pytest.mark.parametrize("role", BEHIND)
def test_a_role_has_the_options_of_its_module(role: str) -> None:
    behind, without = BEHIND[role]
    assert {name.removeprefix(f"{role}_") for name in options(role)} == set(behind) - without
    for name, option in options(role).items():
        option_behind = behind[name.removeprefix(f"{role}_")]
        inherits = role == "keepalive_verify" and name.removeprefix(f"{role}_") not in VERIFYS_OWN
        repeated = {what: option_behind.get(what) for what in REPEATED if not (inherits and what == "default")}
        assert {what: option.get(what) for what in repeated} == repeated, name


@pytest.mark.parametrize("module", BEHIND)
def test_a_module_is_documented_as_it_is(module: str) -> None:
    behind, _without = BEHIND[module]
    found = documented(module)
    assert set(found) == set(behind)
    for name, option in behind.items():
        assert {what: found[name].get(what) for what in REPEATED} == {what: option.get(what) for what in REPEATED}, name


def test_who_wants_one_part_gets_the_same_defaults() -> None:
    for name in ("state", "time", "intvl", "probes", "sysctl_file", "runtime", "overridden"):
        for what in ("type", "default"):
            assert documented("keepalive_sysctl")[name].get(what) == KEEPALIVE[name].get(what), (name, what)
