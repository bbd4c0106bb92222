# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The templates of the role eks_keepalive: what a cluster's files say.

They are rendered here, and not by the role's tasks, because a template's text may be merged into a user's file, and
because nothing is written before all of it is known.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def rendered(name: str, **variables: Any) -> str:
    """The text of the file with this name, by the template of that name."""
    return _ENVIRONMENT.get_template(f"{name}.j2").render(variables)


def _indented(text: str, spaces: int) -> str:
    return textwrap.indent(text, " " * spaces).rstrip("\n")


def _scalar(text: str) -> str:
    """The text for YAML: quoted where it would be a number, a truth value or nothing."""
    harmless = re.fullmatch(r"[a-z][a-z0-9_.-]*", text) and text not in ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
    return text if harmless else f'"{text}"'


# As Ansible renders templates.
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parents[3] / "roles" / "eks_keepalive" / "templates"),
    trim_blocks=True,
    keep_trailing_newline=True,
    undefined=StrictUndefined,
    autoescape=False,
)
_ENVIRONMENT.filters |= {"indented": _indented, "scalar": _scalar}
