# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever one part refuses or fails at, a host is as before, although every other part had something to do there."""

from __future__ import annotations

import pytest

from .guest import Look
from .runs import Life
from .states import FAILS, KEPT_ALIVE, NEVERTHELESS, REFUSED

WENT_BACK = "The kernel's values and all files are as they were before."

# Of a connection that nobody has re-armed, at the least: two hours, less what a test takes.
ARMED_BEFORE = 3600


@pytest.mark.parametrize("host", REFUSED)
@pytest.mark.parametrize("step", ["check", "keepalive"])
def test_a_refusal_leaves_a_host_as_it_was(gone_wrong: Life, step: str, host: str) -> None:
    if not REFUSED[host].possible:
        pytest.skip("tmpfs has immutable files from Linux 6.6 on")
    told, wrong = gone_wrong[step][host], REFUSED[host]
    assert told.outcome == "failed" and not told.changed and told.diff == [None]
    assert wrong.says in told.message and "\n" not in told.message
    if wrong.parts:
        (result,) = told.results
        refusals = {row["part"]: row["refusal"] for row in result["result"]["parts"] if row["refusal"]}
        assert set(refusals) == set(wrong.parts.split())
        assert all(refusal in told.message for refusal in refusals.values())
    assert told.before and told.after
    assert told.after[:3] == told.before[:3]
    assert_not_rearmed(told.after)


@pytest.mark.parametrize("host", FAILS)
def test_a_failure_takes_back_what_was_done_before_it(gone_wrong: Life, host: str) -> None:
    told, wrong = gone_wrong["keepalive"][host], FAILS[host]
    assert gone_wrong["check"][host].outcome == "changed"
    assert told.outcome == "failed" and not told.changed and told.diff == [None]
    assert wrong.says in told.message and told.message.endswith(f" {WENT_BACK}") and "\n" not in told.message
    (result,) = told.results
    assert not any(row["changed"] for row in result["result"]["parts"])
    assert told.before and told.after
    assert told.after.lasting == told.before.lasting
    assert_not_rearmed(told.after)


@pytest.mark.parametrize("host", NEVERTHELESS)
def test_what_hinders_the_default_user_is_told_and_the_rest_is_done(gone_wrong: Life, host: str) -> None:
    check, told = (gone_wrong[step][host] for step in ("check", "keepalive"))
    assert (check.outcome, check.changed, check.diff, check.message) == (told.outcome, told.changed, told.diff, told.message)
    assert told.outcome == "failed" and told.changed and NEVERTHELESS[host].says in told.message and "run longlived" not in told.message
    assert {row["part"]: row["changed"] for row in told.results[0]["result"]["parts"]} == {
        "sysctl": True,
        "aws": False,
        "live_sockets": True,
        "new_sockets": True,
    }
    assert told.after and told.after.runtime == KEPT_ALIVE and max(told.after.armed) < ARMED_BEFORE


def assert_not_rearmed(look: Look) -> None:
    (seconds,) = look.armed
    assert seconds > ARMED_BEFORE
