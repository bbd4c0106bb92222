# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print docs/appliances.md, made from the table that keepalive_plan and path_idle_info use."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[1] / "plugins" / "module_utils" / "_appliances.py"

HEAD = """# Appliances that drop idle connections

Made by `scripts/appliances_page.py` from `plugins/module_utils/_appliances.py`, which `keepalive_plan` and `path_idle_info` use. Times are
in seconds. The shortest timeout of a path decides. An appliance that ignores TCP keepalive probes needs a program that sends data often
enough, or a higher timeout. If you do not know what is on your path, [measure its idle timeout](howto/path.md).

| Name | What it is | Idle timeout | Can be set to | By | What a late sender gets | Probes count | Source |
|---|---|---|---|---|---|---|---|
"""


def row(name: str, appliance: Any) -> str:
    limits = "fixed" if appliance.fixed else "varies" if appliance.varies else f"{appliance.least}-{appliance.most}"
    setting = f"`{appliance.setting}`" if appliance.setting else ""
    probes = "yes" if appliance.counts_probes else "**no**"
    cells = (f"`{name}`", appliance.title, appliance.idle_timeout, limits, setting, appliance.at_expiry.says, probes, appliance.source)
    return "| " + " | ".join(str(cell) for cell in cells) + " |\n"


if __name__ == "__main__":
    appliances = runpy.run_path(str(TABLE), run_name="appliances")["APPLIANCES"]
    print(HEAD + "".join(row(name, appliance) for name, appliance in appliances.items()), end="")
