# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which value a boot gives: generated trees, and the systemd-sysctl of each release as the judge."""

from __future__ import annotations

import os

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from . import boots, strategies
from .layout import DIRECTORIES, Layout, Link
from .releases import Guest, Release

A = b"/etc/sysctl.d/a.conf"
TIME = b"net.ipv4.tcp_keepalive_time = 45\n"


@given(layout=strategies.layouts())
def test_the_boot_values_are_those_of_the_real_program(within: Guest, layout: Layout) -> None:
    found = within.call(boots.boot, layout)
    assert found.ours == found.real, f"{layout}\n{found.said}"
    for name, line in found.lines.items():
        event(f"{name} is set" if line is not None else f"{name} is left alone")
        assert line is None or b"=" in line, f"{layout}\n{name}: {line!r} is the line said to decide"


@given(layout=strategies.layouts())
def test_what_is_in_run_is_gone_at_the_next_boot(within: Guest, layout: Layout) -> None:
    found = within.call(boots.next_boot, layout)
    assert found.ours == found.real, f"{layout}\n{found.said}"


CONF = b"/etc/sysctl.conf"
SINGLE = {
    "a key beats a later glob": {A: TIME, b"/etc/sysctl.d/b.conf": b"net.ipv4.tcp_keepalive_t* = 100\n"},
    "a later file beats an earlier directory": {b"/etc/sysctl.d/50.conf": TIME, b"/usr/lib/sysctl.d/99.conf": TIME.replace(b"45", b"100")},
    "a dangling link masks": {A: Link(b"nowhere"), b"/usr/lib/sysctl.d/a.conf": TIME},
    "sysctl.conf without a link": {CONF: TIME},
    "sysctl.conf with a link": {CONF: TIME, b"/etc/sysctl.d/99-sysctl.conf": Link(b"../sysctl.conf")},
    "respelled keys are one key": {
        A: b"net//ipv4/tcp_keepalive_time = 1\nnet.ipv4.tcp_keepalive_time = 2\nnet//ipv4/tcp_keepalive_time = 1\n"
    },
    "the longest line": {A: b"#" * 1048575 + b"\n" + TIME},
    "a line that is too long": {A: b"#" * 1048576 + b"\n" + TIME},
    "values before a line that is too long": {A: TIME + b"#" * 1048576 + b"\n" + TIME.replace(b"45", b"100")},
    "the longest name in a glob": {A: b"x" * 254 + b"? = 1\n" + TIME},
    "a glob that no name can match": {A: b"x" * 255 + b"? = 1\n" + TIME},
    "a dot in an alternative": {A: b"net/ipv4/{.,..}/tcp_keepalive_t* = 45\n"},
    "upwards": {A: b"net/ipv4/../ipv4/tcp_keepalive_time = 45\n"},
    "upwards in a glob": {A: b"net/ipv4/../ipv4/tcp_keepalive_t* = 45\n"},
    "minus zero": {A: b"net.ipv4.tcp_keepalive_probes = -0\nnet.ipv4.tcp_keepalive_time = -0\n"},
    "a byte-order mark": {A: b"\xef\xbb\xbf" + TIME},
    "a blank after a dash": {A: b"- " + TIME},
}


@pytest.mark.parametrize("tree", SINGLE.values(), ids=SINGLE.keys())
def test_one_rule_at_a_time(within: Guest, tree: dict[bytes, bytes | Link]) -> None:
    found = within.call(boots.boot, Layout(dict(tree)))
    assert found.ours == found.real, found.said


@pytest.mark.parametrize("split", [False, True])
def test_lib_where_it_is_no_link(within: Guest, split: bool) -> None:
    found = within.call(boots.boot, Layout({b"/lib/sysctl.d/a.conf": TIME}, split))
    assert found.ours == found.real


paths = st.builds(
    lambda directory, name: os.fsdecode(directory + b"/" + name), st.sampled_from([*DIRECTORIES[:4], b"/srv"]), strategies.names
)


@given(layout=strategies.layouts(), path=paths | st.just("/etc/sysctl.conf"))
def test_a_file_is_said_to_be_read_if_it_is(within: Guest, layout: Layout, path: str) -> None:
    occupant = layout.entries.get(os.fsencode(path))
    assume(occupant is None or isinstance(occupant, bytes))
    found = within.call(boots.is_read, layout, path)
    if found is None:
        assume(False)
    really, ours = found
    event("read" if really else "not read")
    assert ours == really, f"{path}\n{layout}"


@given(layout=strategies.layouts(), data=st.data())
def test_a_change_gives_what_was_foreseen(within: Guest, layout: Layout, data: st.DataObject) -> None:
    files = [path for path, entry in layout.entries.items() if isinstance(entry, bytes)]
    gone = bool(files) and data.draw(st.booleans())
    path = os.fsdecode(data.draw(st.sampled_from(files))) if gone else data.draw(paths)
    assume(gone or isinstance(layout.entries.get(os.fsencode(path), b""), bytes))
    content = None if gone else data.draw(strategies.contents())
    foreseen, found = within.call(boots.after_writing, layout, path, content)
    assert foreseen == found, f"{path} becomes {content!r}\n{layout}"


@given(layout=strategies.plain_layouts())
def test_procps_is_known_for_plain_files(within: Guest, layout: Layout) -> None:
    found = within.call(boots.system, layout)
    assert found.ours == found.real, f"{layout}\n{found.said}"


def test_a_blank_after_a_dash_is_nothing_to_procps(within: Guest) -> None:
    found = within.call(boots.system, Layout({A: TIME.replace(b"45", b"30") + b"- " + TIME}))
    assert found.ours == found.real and found.real["time"] == 30, found.said


def test_procps_is_mostly_known_for_odd_files(within: Guest, release: Release) -> None:
    """Only a warning depends on it."""
    agreed: list[bool] = []

    @given(layout=strategies.layouts())
    def compare(layout: Layout) -> None:
        found = within.call(boots.system, layout)
        if found.real != found.untouched:
            agreed.append(found.ours == found.real)

    compare()
    print(f"procps {release.procps}: {sum(agreed)} of {len(agreed)} agree, where anything is set")
    assert len(agreed) < 100 or sum(agreed) >= 0.5 * len(agreed), "a share means something only with many examples"
