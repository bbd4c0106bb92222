# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several files and the kernel are one: whichever step fails, and whatever fails after the last one, nothing has changed."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import assume, event, given

from . import apply, boots, strategies
from .layout import Layout
from .releases import Guest, Release
from .test_faults import OWN, SHARED, assert_one_sentence

# isort: split
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import edit, precedence, sysctl_d

HEADER = precedence.HEADER.encode()
KERNEL_DEFAULTS = {"time": 7200, "intvl": 75, "probes": 9}
VALUES = {"time": 45, "intvl": 44, "probes": 9}
DROP_IN = "99-tcp-keepalive.conf"
OTHER = b"net.ipv4.tcp_sack = 1\n"


@dataclass(frozen=True)
class Scene:
    """The files of /etc/sysctl.d (None: there is no such directory) before a run and after it, and the kernel's values then."""

    state: str
    before: dict[str, bytes] | None
    after: dict[str, bytes]
    runtime: dict[str, int] = field(default_factory=lambda: KERNEL_DEFAULTS)

    @property
    def options(self) -> dict[str, Any]:
        return {**VALUES, "state": self.state}

    @property
    def request(self) -> dict[str, Any]:
        return {"present": self.state == "present", "values": VALUES, "path": apply.DROP_IN, "runtime": True, "tolerated": False}


NEW = HEADER + b"net.ipv4.tcp_keepalive_time = 45\nnet.ipv4.tcp_keepalive_intvl = 44\nnet.ipv4.tcp_keepalive_probes = 9\n"
CHANGED = b"net.ipv4.tcp_keepalive_time = 45\nnet.ipv4.tcp_keepalive_intvl = 44\nnet.ipv4.tcp_keepalive_probes = 9\n"
SCENES = {
    "no directory": Scene("present", None, {DROP_IN: NEW}, VALUES),
    "no file": Scene("present", {}, {DROP_IN: NEW}, VALUES),
    "a file": Scene("present", {DROP_IN: OWN}, {DROP_IN: CHANGED}, VALUES),
    "a shared file": Scene("present", {DROP_IN: SHARED}, {DROP_IN: SHARED.replace(OWN, CHANGED)}, VALUES),
    "absent": Scene("absent", {DROP_IN: HEADER + OWN}, {}),
    "absent from many": Scene(
        "absent",
        {
            DROP_IN: OWN + OTHER,
            "10-old.conf": HEADER + OTHER + OWN,
            "98-old.conf": HEADER + OWN,
            "50-site.conf": b"net.ipv4.tcp_keepalive_time = 600\n",
        },
        {DROP_IN: OTHER, "10-old.conf": HEADER + OTHER, "50-site.conf": b"net.ipv4.tcp_keepalive_time = 600\n"},
        {**KERNEL_DEFAULTS, "time": 600},
    ),
}
all_scenes = pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES.keys())


def assert_done(scene: Scene, now: apply.Everything) -> None:
    assert (now.contents, now.runtime) == (scene.after, scene.runtime)


def without_leftovers(host: apply.Everything) -> apply.Everything:
    files = {name: file for name, file in host.files.items() if not (name.startswith(".") and name.endswith(".tmp"))}
    return apply.Everything(files, host.runtime, host.directory)


@all_scenes
@pytest.mark.parametrize("backup", [False, True])
def test_a_block_that_raises(one: Guest, scene: Scene, backup: bool) -> None:
    before = one.call(apply.start_with, scene.before)
    during = one.call(apply.run_with_a_block_that_raises, scene.request, backup)
    assert one.call(apply.everything) == before
    # Beside what the change is made of, the block sees the names by which the old files are kept, and the backup.
    assert {name: content for name, content in during.contents.items() if name.endswith(".conf")} == scene.after
    assert during.runtime == scene.runtime
    assert any(name.endswith("~") for name in during.files) == (backup and DROP_IN in (scene.before or {}))


@all_scenes
@pytest.mark.parametrize("backup", [False, True])
def test_any_step_fails(one: Guest, scene: Scene, backup: bool) -> None:
    failed = 0
    for step in itertools.count(1):
        before = one.call(apply.start_with, scene.before)
        result = one.call(apply.run_with_a_step_that_fails, {**scene.options, "backup": backup}, step)
        now = one.call(apply.everything)
        if result is None:
            break
        if result.get("failed"):
            failed += 1
            assert_one_sentence(result, ".")
            assert without_leftovers(now) == before, f"step {step}"
        else:  # such as a directory that is not synchronized
            assert "traceback" not in result, result
            assert {name: content for name, content in without_leftovers(now).contents.items() if not name.endswith("~")} == scene.after
        one.call(apply.run, scene.options)
        again = one.call(apply.everything)
        assert {name: content for name, content in again.contents.items() if not name.endswith("~")} == scene.after, f"step {step}"
    assert failed >= 5, "nothing was tried"


@all_scenes
def test_killed_before_any_step(one: Guest, scene: Scene) -> None:
    for step in itertools.count(1):
        before = one.call(apply.start_with, scene.before).contents
        killed = one.call(apply.run_killed_before_a_step, scene.options, step)
        now = one.call(apply.everything).contents
        for name in set(now) - set(before) - set(scene.after):
            assert name.startswith(".") and name.endswith(".tmp")
        for name in set(before) | set(scene.after):
            assert now.get(name) in (before.get(name), scene.after.get(name)), f"step {step} tears {name}"
        assert "msg" not in one.call(apply.run, scene.options)
        assert_done(scene, one.call(apply.everything))
        if not killed:
            break
    assert step > 10, "nothing was tried"


@pytest.mark.parametrize("of", ["inodes", "pages"])
@pytest.mark.parametrize("name", ["a file", "absent from many"])
def test_room_for_so_much_and_no_more(one: Guest, name: str, of: str) -> None:
    scene = SCENES[name]
    outcomes = []
    for free in range(9):
        before, result, after = one.call(apply.run_with_room_for, free, of, scene.before or {}, scene.options)
        if result.get("failed"):
            assert_one_sentence(result, "No space left on device; free space")
            assert after == before
        else:
            assert_done(scene, after)
        outcomes.append(not result.get("failed"))
    assert outcomes == sorted(outcomes) and set(outcomes) == {False, True}


def test_a_kernel_that_refuses_what_the_next_boot_gives(one: Guest) -> None:
    """It takes no more seconds than INT_MAX / HZ, and HZ is 100 at least."""
    files = {DROP_IN: HEADER + OWN, "98-old.conf": HEADER + OWN, "50-site.conf": b"net.ipv4.tcp_keepalive_intvl = 21474836\n"}
    before = one.call(apply.start_with, files)
    result = one.call(apply.run, {"state": "absent"})
    if not result.get("failed"):
        pytest.skip("this kernel's HZ is 100")
    assert_one_sentence(result, "The kernel refused net.ipv4.tcp_keepalive_intvl = 21474836: Invalid argument")
    assert one.call(apply.everything) == before


STAYS = "net.ipv4.tcp_keepalive_{} stays at {} at the next boot: {} sets it{}; remove the line if the value is not meant."
NO_HEADER = ", and that file does not bear this collection's header"


def warnings_of(result: apply.Result) -> list[str]:
    """From ansible-core 2.19 on they are objects here."""
    return [one if isinstance(one, str) else one["event"]["msg"] for one in result.get("warnings", [])]


def test_each_file_has_its_own_diff_and_what_stays_is_told(one: Guest) -> None:
    files = {
        DROP_IN: HEADER + OWN,
        "10-old.conf": HEADER + OTHER + OWN,
        "11-header-only.conf": HEADER + OTHER,
        "50-site.conf": b"net.ipv4.tcp_keepalive_time = 600\n",
        "60-globs.conf": HEADER + b"net.ipv4.tcp_keepalive_prob* = 7\n" + OWN,
    }
    one.call(apply.start_with, files)
    told = one.call(apply.run, {"state": "absent", "_ansible_diff": True, "_ansible_check_mode": True})
    assert one.call(apply.everything).contents == files
    result = one.call(apply.run, {"state": "absent", "_ansible_diff": True})
    assert told == result
    own = OWN.decode()
    assert [(row["before_header"], row["before"], row["after"]) for row in result["diff"][:-1]] == [
        ("/etc/sysctl.d/99-tcp-keepalive.conf", HEADER.decode() + own, ""),
        ("/etc/sysctl.d/10-old.conf", own, ""),
        ("/etc/sysctl.d/60-globs.conf", own, ""),
    ]
    assert result["diff"][-1]["before_header"] == "running kernel"
    stays = [
        STAYS.format("time", 600, "/etc/sysctl.d/50-site.conf line 1", NO_HEADER),
        STAYS.format("probes", 7, "/etc/sysctl.d/60-globs.conf line 3", ""),
    ]
    assert [warning for warning in warnings_of(result) if "stays at" in warning] == stays
    again = one.call(apply.run, {"state": "absent"})
    assert not again["changed"]
    assert [warning for warning in warnings_of(again) if "stays at" in warning] == stays


@pytest.mark.parametrize("fault", ["immutable", "mounted on"])
def test_a_file_of_ours_that_cannot_be_replaced_is_a_refusal(one: Guest, fault: str) -> None:
    if fault == "immutable" and not one.call(apply.can_chattr):
        pytest.skip("tmpfs has immutable files from Linux 6.6 on")
    before = one.call(apply.start_with, {DROP_IN: HEADER + OWN, "98-old.conf": HEADER + OWN})
    happens, ends = {"immutable": (apply.set_immutable, apply.set_mutable), "mounted on": (apply.cover, apply.uncover)}[fault]
    one.call(happens, "/etc/sysctl.d/98-old.conf")
    try:
        for check_mode in (True, False):
            result = one.call(apply.run, {"state": "absent", "_ansible_check_mode": check_mode})
            assert_one_sentence(result, f"/etc/sysctl.d/98-old.conf: .*{fault}")
        assert one.call(apply.everything) == before
    finally:
        one.call(ends, "/etc/sysctl.d/98-old.conf")


def test_only_regular_files_that_a_boot_reads_are_ours(one: Guest) -> None:
    left = {"old.conf.bak": HEADER + OWN, ".old.conf": HEADER + OWN, "late-header.conf": b"\n" + HEADER}
    one.call(apply.start_with, {**left, "old.conf": HEADER + OWN})
    one.call(apply.link_elsewhere, "/etc/sysctl.d/10-link.conf", HEADER + OWN)
    result = one.call(apply.run, {"state": "absent"})
    assert result["changed"]
    assert one.call(apply.everything).contents == {**left, "10-link.conf": HEADER + OWN}
    stays = STAYS.format("time", 100, "/srv/elsewhere/linked line 3, read as /etc/sysctl.d/10-link.conf", "")
    assert stays in warnings_of(result)


def test_a_link_to_a_file_of_ours_is_one_file(one: Guest) -> None:
    one.call(apply.start_with, {"98-old.conf": HEADER + OWN})
    one.call(apply.link, "98-old.conf", apply.DROP_IN)
    assert one.call(apply.run, {"state": "absent"})["changed"]
    assert one.call(apply.everything).contents == {DROP_IN: HEADER, "98-old.conf": HEADER}


@given(layout=strategies.headed_layouts())
def test_a_roll_back_leaves_nothing_of_ours_and_all_else(within: Guest, release: Release, layout: Layout) -> None:
    done = within.call(boots.roll_back, layout)
    if done is None:
        assume(False)
    assert done.runtime == done.real, f"{layout}\n{done.warnings}"
    event(f"{len(done.headed)} files of ours")
    event("nothing stays" if not done.stays else "something stays")
    rules = sysctl_d.rules_for(release.systemd)
    for path, old in done.before.items():
        new = done.after.get(path)
        if path in done.headed or path == done.main:
            assert new is None or not any(edit.own_lines(new, rules).values()), f"{path}: {new!r}\n{layout}"
        else:
            assert new == old, f"{path}\n{layout}"
    assert set(done.after) <= set(done.before)
    assert [name for name in VALUES if any(f"tcp_keepalive_{name} stays at" in one for one in done.warnings)] == done.stays
    assert done.again == done.warnings, "the second time"
