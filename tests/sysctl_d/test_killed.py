# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Killed at any moment, a run leaves a file that is whole, and the next run ends right."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest

from . import apply
from .releases import Guest
from .test_faults import OPTIONS, OWN, SHARED, assert_all_well, id_of

KILLS = 200
SCENES = [(None, "present"), (OWN, "present"), (SHARED, "present"), (SHARED, "absent")]


@pytest.mark.parametrize(("content", "state"), SCENES, ids=id_of)
def test_killed_at_any_moment(one: Guest, dice: Random, content: bytes | None, state: str) -> None:
    options = {**OPTIONS, "state": state}
    one.call(apply.start, content)
    seconds = one.call(apply.seconds_of_a_run, options)
    new = one.call(apply.look).file
    assert new != content
    seen: Counter[str] = Counter()
    while seen["killed"] < KILLS // len(SCENES):
        assert seen["ended"] < KILLS, "most runs end before they are killed"
        before = one.call(apply.start, content)
        killed, left = one.call(apply.kill, options, dice.uniform(0, 1.2 * seconds))
        assert left.file in (content, new), "the file is torn"
        others = [name for name in left.names if name != "99-tcp-keepalive.conf"]
        # The new file under its first name, and the old one under its second.
        assert len(others) <= 2 and all(re.fullmatch(r"\.99-tcp-keepalive\.conf\.\w+\.tmp", name) for name in others)
        seen["killed" if killed else "ended"] += 1
        # How long a run takes changes with what else the machine does: stay where runs are still going.
        seconds *= 1.05 if killed else 0.9
        if killed:
            seen["new file" if left.file == new else "old file, temporary file" if others else "old file"] += 1
            seen["old file, new runtime"] += left.file == content and left.runtime != before.runtime
        again = one.call(apply.run, options)
        after = one.call(apply.look)
        assert after.file == new
        if state == "present":
            assert_all_well(again, after)
        assert after.runtime == after.boot
        assert after.names == ["99-tcp-keepalive.conf"]
        assert one.call(apply.run, options)["changed"] is False
    print(f"{state} where the file is {id_of(content)}: {dict(seen)}")
