# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.lab`: the whole lab, with progress while it runs; exit status 1 where something came out otherwise than expected."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from tests.hosts import Unavailable

from . import page
from .appliances import APPLIANCES
from .clients import CLIENTS
from .findings import find, wrong
from .scale import FASTEST, Scale

DOCS = Path(__file__).parents[2] / "docs"


def say(text: str) -> None:
    print(f"lab: {text}", flush=True)


def write(findings: dict[str, Any]) -> None:
    DOCS.joinpath("survival.json").write_text(json.dumps(findings, indent=1) + "\n")
    DOCS.joinpath("survival.md").write_text(page.page(findings))
    DOCS.joinpath("survival.svg").write_text(page.chart(findings))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("--scale", type=float, default=FASTEST, help=f"1 is in earnest, {FASTEST} (the default) the fastest")
    parser.add_argument("--appliances", default=",".join(APPLIANCES), help="some of them, separated by commas")
    parser.add_argument("--clients", default=",".join(CLIENTS), help="some of them, separated by commas")
    parser.add_argument("--netem", default="", help="impair every path, as in 'delay 50ms' (tc-netem(8); the kernel needs sch_netem)")
    parser.add_argument("--write", action="store_true", help="write docs/survival.*, if everything came out as expected")
    parser.add_argument("--render", action="store_true", help="run nothing: make docs/survival.md and .svg from survival.json again")
    asked = parser.parse_args()
    if asked.render:
        write(json.loads(DOCS.joinpath("survival.json").read_text()))
        return 0
    begun = time.monotonic()
    appliances, clients = asked.appliances.split(","), asked.clients.split(",")
    for name in {*appliances, *clients} - {*APPLIANCES, *CLIENTS}:
        parser.error(f"there is no {name}: the appliances are {', '.join(APPLIANCES)}, the clients {', '.join(CLIENTS)}")
    try:
        findings = asyncio.run(find(Scale(asked.scale), appliances, clients, say, netem=asked.netem))
    except (RuntimeError, ValueError, Unavailable) as error:
        say(str(error))
        return 2
    otherwise = wrong(findings)
    if asked.write and not otherwise:
        write(findings)
    print(page.page(findings).partition("## Every cell")[0])
    for one in otherwise:
        say(f"otherwise than expected: {one}")
    for name, reason in findings["missing"].items():
        say(f"not run: {page.title(name)}: {reason}")
    say(f"{time.monotonic() - begun:.0f} s")
    return 1 if otherwise else 0


sys.exit(main())
