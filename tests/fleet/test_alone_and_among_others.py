# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is true of a host depends on that host alone: not on the strategy, nor on what the other hosts of the run are like."""

from __future__ import annotations

import pytest

from .runs import STEPS, Life
from .states import CORE, EXPECTED, KERNEL_DEFAULTS, MANAGES_2_7, NAMED, PYTHON_2_7, REACHED, aws

every_host = pytest.mark.parametrize("host", EXPECTED)
every_host_that_is_reached = pytest.mark.parametrize("host", REACHED)

# A timer under 45 seconds, with the eighth by which the kernel may be late.
LATEST = 45 * 1.125


# --- alone: what each host has to come to ----------------------------------------------------------


@every_host
def test_a_host_comes_to_what_its_state_asks_for(alone: Life, host: str) -> None:
    expected, told = EXPECTED[host], alone["keepalive"][host]
    assert told.outcome == expected.outcome
    if told.after:
        assert told.after.runtime == (KERNEL_DEFAULTS if expected.outcome == "failed" else expected.runs)
        assert alone["verify"][host].outcome == ("unchanged" if expected.verified else "failed")


@every_host_that_is_reached
def test_a_rollback_leaves_what_a_boot_gives(alone: Life, host: str) -> None:
    after = alone["rollback"][host].after
    assert after and after.runtime == ((100, 45, 9) if host == "overridden" else KERNEL_DEFAULTS)


def test_files_of_aws_are_made_and_completed(alone: Life) -> None:
    for host, user in (("aws-without-file", "alice"), ("aws-without-setting", "alice"), ("aws-without-setting", "admin")):
        after = alone["keepalive"][host].after
        assert after and "tcp_keepalive = true" in str(after.files[aws(user)].text)


def test_a_connection_from_before_is_armed_anew(alone: Life) -> None:
    told = alone["keepalive"]["rearmed"]
    assert told.before and told.after
    (before,), (after,) = told.before.armed, told.after.armed
    assert before > LATEST >= after


def test_new_connections_have_their_programs_until_the_rollback(alone: Life) -> None:
    steps = {step: run["new-connections"].after for step, run in alone.items()}
    programs = {step: after.programs for step, after in steps.items() if after}
    every = ("connect4", "connect6", "accept")
    assert programs == {"check": (), "verify": (), "keepalive": every, "again": every, "rollback": ()}
    after = steps["rollback"]
    assert after and not [path for path in after.files if "longlived" in path]


def test_an_image_has_what_the_boot_needs_and_no_program(alone: Life) -> None:
    after = alone["keepalive"]["image"].after
    assert after and after.programs == ()
    made = [path for path in after.files if "longlived-tcp" in path]
    assert [path.rpartition("/")[2] for path in made if after.files[path].text] == [
        "longlived-tcp-keepalive.service",
        "longlived-tcp-keepalive.service",
        "keepalive_default.py",
    ]
    assert not [path for path in made if path.startswith("/run")], "nothing that runs is written down"


@pytest.mark.parametrize("host", NAMED["changed"] + NAMED["unchanged"])
def test_what_was_asked_for_are_the_options(alone: Life, host: str) -> None:
    asked = alone["keepalive"][host].results[0]["result"]["asked"]
    assert asked["time"] == 45 and not [name for name in asked if name.startswith("_")]


if PYTHON_2_7 and not MANAGES_2_7:

    @pytest.mark.parametrize("step", STEPS)
    def test_a_python_that_this_core_does_not_manage_is_named(alone: Life, step: str) -> None:
        told = alone[step]["python2.7"]
        assert told.outcome == "failed"
        assert told.message.startswith("python2.7 has Python 2.7.")
        assert f"ansible-core {CORE} manages Python 3." in told.message
        assert "use ansible-core 2.16, or set ansible_python_interpreter" in told.message
        assert "\n" not in told.message


# --- among others: the same ------------------------------------------------------------------------


@every_host
def test_a_host_is_told_the_same_among_others(alone: Life, among_others: Life, host: str) -> None:
    for step, run in among_others.items():
        told, among = alone[step][host], run[host]
        assert (among.results, among.recap, among.lines) == (told.results, told.recap, told.lines), step


@every_host_that_is_reached
def test_the_same_is_done_to_a_host_among_others(alone: Life, among_others: Life, host: str) -> None:
    for step, run in among_others.items():
        told, among = alone[step][host].after, run[host].after
        assert told and among and among.lasting == told.lasting, step


# --- each run and the one before -------------------------------------------------------------------


@every_host_that_is_reached
def test_a_check_run_says_what_the_run_does(alone: Life, host: str) -> None:
    check, run = alone["check"][host], alone["keepalive"][host]
    assert check.outcome == run.outcome
    assert check.changed == run.changed
    assert check.diff == run.diff
    assert check.message == run.message
    would_be = "would be: " if run.outcome == "changed" else ""
    assert check.lines == [would_be + line for line in run.lines]
    assert len(run.lines) == (0 if run.outcome == "failed" else 1)


@every_host_that_is_reached
@pytest.mark.parametrize("step", ["check", "verify", "again"])
def test_nothing_is_changed(alone: Life, step: str, host: str) -> None:
    told = alone[step][host]
    assert told.before and told.after
    assert told.after[:3] == told.before[:3]
    # A check run says what would be changed.
    assert not told.changed or step == "check"


@every_host_that_is_reached
def test_where_a_run_fails_the_host_is_as_before(alone: Life, host: str) -> None:
    for step, run in alone.items():
        if (told := run[host]).outcome == "failed":
            assert told.before and told.after
            assert told.after[:3] == told.before[:3], step
            assert not told.changed and told.diff == [None], step


@pytest.mark.parametrize("host", NAMED["changed"] + NAMED["unchanged"])
def test_a_second_run_ends_well(alone: Life, host: str) -> None:
    assert alone["again"][host].outcome == "unchanged"
