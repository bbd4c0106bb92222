# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changing a file that belongs to others too: generated files, and the programs that read them as judges."""

from __future__ import annotations

import re

from hypothesis import assume, event, example, given
from hypothesis import strategies as st

from . import one_file, strategies
from .releases import Guest, Release

# isort: split
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import edit, sysctl_d
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import values as _values

Values = dict[str, int]

wanted = st.fixed_dictionaries({"time": st.integers(1, 32767), "intvl": st.integers(1, 32767), "probes": st.integers(1, 127)})
ours_in_a_line = re.compile(rb"tcp_keepalive_(time|intvl|probes)[/.\s]*=[^\r\n\0]*$")


def rules_of(release: Release) -> sysctl_d.Rules:
    return sysctl_d.rules_for(release.systemd)


def alike(one: bytes, other: bytes) -> int:
    """How many bytes at the start are the same."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def assert_only_ours_differ(old: bytes, new: bytes) -> None:
    """The same lines and ends of lines, but for the number in lines of ours, and for lines of ours at the end."""
    before, after = (re.split(rb"([\n\r\0])", content) for content in (old, new))
    if not before[-1]:
        before.pop()
    for one, other in zip(before, after, strict=False):
        if one != other:
            same = alike(one, other)
            end = alike(one[same:][::-1], other[same:][::-1])
            assert ours_in_a_line.search(one[:same]), f"{one!r} became {other!r}"
            assert re.fullmatch(rb"[0-9]*", other[same : len(other) - end]), f"{one!r} became {other!r}"
    assert len(after) >= len(before)
    added = [line for line in after[len(before) :] if line not in (b"", b"\n", b"\r")]
    assert all(re.fullmatch(rb"net\.ipv4\.tcp_keepalive_(time|intvl|probes) = [0-9]+", line) for line in added)


def wanted_of(values: Values) -> dict[str, str]:
    return {_values.key(name): str(value) for name, value in values.items()}


def gives_up(old: bytes) -> bool:
    """Whether systemd reads none of what comes behind a line of the file: the module refuses it."""
    return any(len(line) >= 1 << 20 for line in re.split(rb"[\n\r\0]", old))


@given(old=strategies.contents(12), values=wanted)
def test_a_boot_reads_what_was_asked_and_nothing_else_differs(within: Guest, release: Release, old: bytes, values: Values) -> None:
    rules = rules_of(release)
    assume(not gives_up(old))
    new = edit.with_values(old, values, rules)
    assert_only_ours_differ(old, new)
    assert edit.with_values(new, values, rules) == new, "a second time changes something"
    # Nothing after such a glob is set at all: the module refuses this file, see change.py.
    assume(not re.search(rb"[^/.\n]{256,}=", old))
    before, after = within.call(one_file.load, "systemd-sysctl", old, new)
    assert after == {**before, **wanted_of(values)}


@given(old=strategies.shared_files(12), values=wanted)
def test_sysctl_reads_what_was_asked_and_nothing_else_differs(within: Guest, release: Release, old: bytes, values: Values) -> None:
    new = edit.with_values(old, values, rules_of(release))
    assert_only_ours_differ(old, new)
    before, after = within.call(one_file.load, "sysctl -p", old, new)
    assert after == {**before, **wanted_of(values)}


@given(old=strategies.contents(12), values=wanted)
def test_undoing_gives_the_old_bytes_back(release: Release, old: bytes, values: Values) -> None:
    rules = rules_of(release)
    assume(not gives_up(old) and not any(edit.own_lines(old, rules).values()))
    new = edit.with_values(old, values, rules)
    event("with a final newline" if old.endswith(b"\n") else "without a final newline")
    assert edit.without_values(new, rules) == old


@given(old=strategies.contents(12))
@example(old=b"net/ipv4/../ipv4/tcp_keepalive_time=45\n")
def test_nothing_of_ours_is_left(release: Release, old: bytes) -> None:
    """And what is left is what was there, in that order."""
    rules = rules_of(release)
    new = edit.without_values(old, rules)
    assert not any(edit.own_lines(new, rules).values())
    rest = iter(old)
    assert all(byte in rest for byte in new)


@given(values=wanted)
def test_a_file_of_our_own(within: Guest, release: Release, values: Values) -> None:
    new = edit.with_values(None, values, rules_of(release))
    assert edit.holds_only_ours(new, rules_of(release))
    assert edit.holds_nothing(edit.without_values(new, rules_of(release)))
    for program in one_file.PROGRAMS:
        (after,) = within.call(one_file.load, program, new)
        assert wanted_of(values).items() <= after.items()


@given(content=st.one_of(strategies.contents(), strategies.shared_files()))
def test_a_file_that_holds_only_ours_sets_only_ours(within: Guest, release: Release, content: bytes) -> None:
    assume(edit.holds_only_ours(content, rules_of(release)))
    for program in one_file.PROGRAMS:
        nothing, after = within.call(one_file.load, program, b"", content)
        assert {key: after[key] for key in strategies.OTHERS} == {key: nothing[key] for key in strategies.OTHERS}
