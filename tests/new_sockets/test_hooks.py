# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs on a cgroup's hooks: again, replaced without a gap, beside other owners' programs, and undone."""

from __future__ import annotations

import errno
import os
import threading

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._bpf import keepalive_default as kd

from .cgroups import Cgroup, connected
from .other_owner import attached_alone, other

ALL = sorted(kd.HOOKS)


def ids(cgroup: Cgroup) -> dict[str, list[int]]:
    return {hook: kd.query(cgroup.descriptor, hook)[1] for hook in kd.HOOKS}


def test_a_second_time_there_is_nothing_to_do(cgroup: Cgroup) -> None:
    assert cgroup.attach() == [("attach", hook) for hook in ALL]
    before = ids(cgroup)
    assert cgroup.attach() == []
    assert ids(cgroup) == before
    assert cgroup.detach() == [("detach", hook) for hook in ALL]
    assert cgroup.detach() == []
    assert ids(cgroup) == {hook: [] for hook in kd.HOOKS}


def test_a_hook_that_is_no_longer_wanted(cgroup: Cgroup) -> None:
    cgroup.attach()
    assert cgroup.attach(("connect4", "connect6")) == [("detach", "accept")]


def test_a_partial_attachment_is_completed(cgroup: Cgroup) -> None:
    cgroup.attach(("connect6",))
    assert cgroup.attach() == [("attach", "accept"), ("attach", "connect4")]


def test_values_are_replaced_without_a_gap(cgroup: Cgroup) -> None:
    def replaced() -> tuple[int, set[int]]:
        seen: list[int] = []
        over = threading.Event()

        def connect_all_the_time() -> None:
            while not over.is_set():
                seen.append(connected()[0])

        thread = threading.Thread(target=connect_all_the_time)
        thread.start()
        while not seen:
            pass
        for number in range(200):
            assert cgroup.attach(times=(40 + number % 2, 40, 9)) == [("attach", hook) for hook in ALL]
        over.set()
        thread.join()
        return len(seen), set(seen)

    cgroup.attach()
    number, seen = cgroup.inside(replaced)
    assert number > 200 and seen == {1}


def test_beside_another_owner(cgroup: Cgroup) -> None:
    program = other()
    kd.attach(cgroup.descriptor, "connect4", program)
    cgroup.attach()
    assert len(ids(cgroup)["connect4"]) == 2
    assert cgroup.inside(connected) == (1, 45, 45, 9)
    cgroup.detach()
    assert len(ids(cgroup)["connect4"]) == 1
    kd.detach(cgroup.descriptor, "connect4", program)
    os.close(program)


@pytest.mark.parametrize("hook", kd.HOOKS)
def test_a_hook_that_another_owner_has_for_itself(cgroup: Cgroup, hook: str) -> None:
    with attached_alone(cgroup.descriptor, hook):
        with pytest.raises(kd.Taken, match=f"{hook} is taken by program"):
            cgroup.attach()
        assert sum(map(len, ids(cgroup).values())) == 1, "nothing was attached to the other hooks"


def test_sixty_four_programs(cgroup: Cgroup) -> None:
    programs = [other() for _number in range(64)]
    for program in programs:
        kd.attach(cgroup.descriptor, "connect4", program)
    before = ids(cgroup)
    with pytest.raises(kd.BpfError) as error:
        cgroup.attach()
    assert error.value.errno == errno.E2BIG
    assert ids(cgroup) == before, "what was attached to the hooks before is gone again"
    for program in programs:
        kd.detach(cgroup.descriptor, "connect4", program)
        os.close(program)


@pytest.mark.parametrize("failing", range(3))
def test_where_a_step_fails_those_before_it_are_undone(cgroup: Cgroup, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    cgroup.attach(times=(20, 20, 5))
    before = cgroup.inside(connected)
    real = kd.attach
    done: list[int] = []

    def attach(*arguments: int) -> None:
        if len(done) == failing:
            done.append(0)
            raise kd.BpfError(errno.EPERM, "Cannot attach")
        done.append(0)
        real(*arguments)

    monkeypatch.setattr(kd, "attach", attach)
    with pytest.raises(kd.BpfError):
        cgroup.attach()
    assert cgroup.inside(connected) == before


def test_a_program_that_the_verifier_refuses_changes_nothing(cgroup: Cgroup) -> None:
    with pytest.raises(kd.BpfError) as error:
        cgroup.want({"connect4": b"\0" * 8})
    assert error.value.log
    assert ids(cgroup)["connect4"] == []


def test_the_descriptors_are_closed(cgroup: Cgroup) -> None:
    opened = os.listdir("/proc/self/fd")
    cgroup.attach()
    cgroup.attach(times=(20, 20, 5))
    cgroup.detach()
    assert len(os.listdir("/proc/self/fd")) == len(opened)
