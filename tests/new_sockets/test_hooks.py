# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs on a cgroup's hooks: again, replaced without a gap, beside other owners' programs, and undone."""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._bpf import default, traces
from ansible_collections.longlived.tcp.plugins.module_utils._bpf import keepalive_default as kd

from .cgroups import Cgroup, connected
from .other_owner import attached_alone, other

ALL = sorted(kd.HOOKS)


@pytest.fixture(autouse=True)
def _record(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """That of the machine is not touched."""
    monkeypatch.setattr(traces, "RECORD", str(tmp_path / "record"))


def ids(cgroup: Cgroup) -> dict[str, list[int]]:
    return {hook: kd.query(cgroup.descriptor, hook)[1] for hook in kd.HOOKS}


@contextmanager
def below(cgroup: Cgroup) -> Iterator[Cgroup]:
    path = f"{cgroup.path}/below"
    os.mkdir(path)
    try:
        inner = Cgroup(path)
        yield inner
        os.close(inner.descriptor)
    finally:
        os.rmdir(path)


def request_for(cgroup: Cgroup) -> default.Request:
    return default.Request(True, False, False, {"time": 45, "intvl": 45, "probes": 9}, 350, True, False, cgroup.path)


def killed_after(number: int, request: default.Request) -> bool:
    """Whether a process that does it was killed after so many of its calls of bpf(2)."""
    child = os.fork()
    if child == 0:
        real, calls = kd._bpf, iter(range(number))

        def bpf(*arguments: object) -> int:
            result = int(real(*arguments))
            if next(calls) == number - 1:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        kd._bpf = bpf
        with default.applied(request):
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


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


def test_a_hook_that_another_owner_has_for_itself_above(cgroup: Cgroup) -> None:
    """The kernel then takes no program below."""
    with below(cgroup) as inner, attached_alone(cgroup.descriptor):
        with pytest.raises(default.DefaultError) as error, default.applied(request_for(inner)):
            pass
        assert "Cannot attach to connect4: Operation not permitted" in str(error.value) and "who else has the hook" in str(error.value)
        assert not any(ids(inner).values()), "what was attached to the hooks before is gone again"


@pytest.mark.parametrize(
    ("outer", "inner", "given"),
    [
        (((45, 45, 9), 311), ((30, 30, 5), 213), (1, 30, 30, 5)),
        (((30, 30, 5), 213), ((45, 45, 9), 311), (1, 45, 45, 9)),  # short enough for both
        (((30, 30, 5), 40), ((45, 45, 9), 311), (1, 30, 30, 5)),
    ],
)
def test_one_cgroup_below_another(
    cgroup: Cgroup, outer: tuple[tuple[int, int, int], int], inner: tuple[tuple[int, int, int], int], given: tuple[int, ...]
) -> None:
    """As a container's own below its host's: a connection is protected on the shorter path."""
    cgroup.attach(times=outer[0], most=outer[1])
    with below(cgroup) as one:
        one.attach(times=inner[0], most=inner[1])
        assert one.inside(connected) == given
        one.detach()


def test_whatever_the_call_after_which_it_is_killed_the_next_run_completes_it(cgroup: Cgroup) -> None:
    request, number, killed = request_for(cgroup), 0, True
    partial = set()
    while killed:
        number += 1
        killed = killed_after(number, request)
        attached = tuple(hook for hook, there in ids(cgroup).items() if there)
        partial.add(attached)
        left = default.decide(request).steps
        assert {hook for _verb, hook in left} == {"connect4", "connect6"} - set(attached), "what is missing is reported"
        with default.applied(request):
            assert default.decide(request).steps == []
        with default.applied(request._replace(present=False)):
            assert not any(ids(cgroup).values())
    assert number > 10
    assert partial == {(), ("connect4",), ("connect4", "connect6")}


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
