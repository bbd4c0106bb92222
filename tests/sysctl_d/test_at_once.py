# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs on one host at the same time: both end well, with one result."""

from __future__ import annotations

import pytest

from . import apply
from .releases import Guest
from .test_faults import OPTIONS, OWN, SHARED, assert_all_well, id_of

TIMES = 20


@pytest.mark.parametrize("content", [None, OWN, SHARED], ids=id_of)
def test_the_same_twice(one: Guest, content: bytes | None) -> None:
    for _turn in range(TIMES):
        one.call(apply.start, content)
        results = one.call(apply.run_twice_at_once, OPTIONS, OPTIONS)
        after = one.call(apply.look)
        for result in results:
            assert_all_well(result, after)
        assert sorted(result["changed"] for result in results) in ([False, True], [True, True])
        assert one.call(apply.run, OPTIONS)["changed"] is False


def test_different_values(one: Guest) -> None:
    """The last one wins, with the file and with the runtime."""
    other = {"time": 100, "intvl": 99, "probes": 8}
    for _turn in range(TIMES):
        one.call(apply.start, SHARED)
        results = one.call(apply.run_twice_at_once, OPTIONS, other)
        assert not any("msg" in result or "traceback" in result for result in results), results
        after = one.call(apply.look)
        assert after.runtime == after.boot and after.runtime in (OPTIONS, other)
        assert after.names == ["99-tcp-keepalive.conf"]
        assert after.file is not None and after.file.startswith(b"# theirs\n") and after.file.count(b"\n") == SHARED.count(b"\n")


def test_one_sets_and_one_removes(one: Guest) -> None:
    for _turn in range(TIMES):
        one.call(apply.start, OWN)
        results = one.call(apply.run_twice_at_once, OPTIONS, {"state": "absent"})
        assert not any("msg" in result or "traceback" in result for result in results), results
        after = one.call(apply.look)
        assert after.runtime == after.boot and after.runtime in (OPTIONS, {"time": 7200, "intvl": 75, "probes": 9})
        assert after.names == (["99-tcp-keepalive.conf"] if after.runtime == OPTIONS else [])
