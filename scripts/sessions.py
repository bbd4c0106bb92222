# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the sessions of noxfile.py three at a time; say at the end what failed, how to repeat it, and what was not run.

    .nox/bootstrap/bin/python scripts/sessions.py [--jobs N] [what nox takes to choose sessions, such as --tags quick]

Three, since most of them wait for a test host or for pip. What a session prints is kept together and printed at its end.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

NOX = Path(sys.executable).with_name("nox")
HOW_TO_REPEAT = ".nox/bootstrap/bin/nox -R -s"
MOST_TESTS = 10
PRINTING = threading.Lock()


@dataclass(frozen=True)
class Ended:
    name: str
    status: int
    seconds: float


def chosen(selection: list[str]) -> list[str]:
    """The names of the sessions, the longest first, and then those with test hosts."""
    listed = subprocess.run([NOX, "--list", "--json", *selection], stdout=subprocess.PIPE, check=False)
    if listed.returncode != 0:
        sys.exit(listed.returncode)
    sessions = json.loads(listed.stdout)
    sessions.sort(key=lambda session: ("long" not in session["tags"], "hosts" not in session["tags"]))
    return [session["session"] for session in sessions]


def run(name: str) -> Ended:
    begin = time.monotonic()
    with tempfile.TemporaryFile() as output:
        done = subprocess.run([NOX, "-s", name], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False)
        ended = Ended(name, done.returncode, time.monotonic() - begin)
        output.seek(0)
        with PRINTING:
            sys.stdout.flush()
            sys.stdout.buffer.write(output.read())
            print(f"--- {name}: {'well' if ended.status == 0 else 'FAILED'}, {ended.seconds:.0f} s", flush=True)
    return ended


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=3, help="how many sessions at a time (%(default)s)")
    options, selection = parser.parse_known_args()
    begin = time.monotonic()
    names = chosen(selection)
    with tempfile.TemporaryDirectory() as reports:
        # The sessions and their tests append to these files, a line each.
        for name in ("KEEPALIVE_NOT_RUN", "KEEPALIVE_FAILED"):
            os.environ[name] = f"{reports}/{name}"
            Path(os.environ[name]).touch()
        executor = ThreadPoolExecutor(options.jobs)
        try:
            ended = list(executor.map(run, names))
        finally:
            # After an interrupt, which the sessions that run have got from the terminal as well.
            executor.shutdown(cancel_futures=True)
        reasons = sorted(set(Path(os.environ["KEEPALIVE_NOT_RUN"]).read_text("utf-8").splitlines()))
        tests = Path(os.environ["KEEPALIVE_FAILED"]).read_text("utf-8").splitlines()
    print(f"\n{len(ended)} sessions in {time.monotonic() - begin:.0f} s.")
    if reasons:
        print("\nNot run on this machine:", *reasons, sep="\n- ")
    else:
        print("Nothing was left out.")
    failed = [one.name for one in ended if one.status != 0]
    if failed:
        print("\nFailed; to repeat it alone:")
        for name in failed:
            of_this = [test for session, test in (line.split(" ", 1) for line in tests) if session == name]
            for test in of_this[:MOST_TESTS]:
                print(f"  {HOW_TO_REPEAT} {name} -- {shlex.quote(test)}")
            if len(of_this) != 1:
                print(f"  {HOW_TO_REPEAT} {name}")
    skipped = {reason.split(":", 1)[0] for reason in reasons}
    if skipped.issuperset(one.name for one in ended):
        print("\nNothing was run at all.")
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
