# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which value a boot gives where ufw and TuneD write after systemd-sysctl: the real programs are the judge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from tests.hosts.debian_package import unpacked

from . import later, strategies
from .later import Writers
from .layout import CONF, Layout, Link
from .releases import Guest, Release, inside

TIME = "net.ipv4.tcp_keepalive_time"
OURS = Layout({b"/etc/sysctl.d/99-tcp-keepalive.conf": b"net.ipv4.tcp_keepalive_time = 45\nnet.ipv4.tcp_keepalive_intvl = 45\n"})


@pytest.fixture(scope="module")
def booted(release: Release) -> Iterator[Guest]:
    """A process inside the release that has ufw and TuneD."""
    for package in ("tuned", "ufw"):
        if unpacked(package) is None:
            pytest.skip(f"apt gives no {package} here")
    with inside(release, f"{__package__}.later") as process:
        yield process


# --- generated -----------------------------------------------------------------------------------

keys = st.one_of(strategies.ours, strategies.ours, strategies.keys())
texts = st.one_of(
    st.integers(1, 300).map(str),
    st.sampled_from(["45", '"45"', ">60", "<60", ">0x10", "${x}", "${undefined}", "${f:strip:60}", "\\${x}", "45 # why", "45#why"]),
    st.sampled_from(["", "soon"]),
)
blanks = st.text(" \t", max_size=2)
remarks = st.sampled_from(["", "", "# net.ipv4.tcp_keepalive_time = 1", "; net.ipv4.tcp_keepalive_time = 1", "  # x", "   45", "[other]"])
SETTINGS = ("enabled=0", "enabled = True", "replace=1", f"drop={TIME}", "priority=3", "priority=-1", "uname_regex=Linux", "uname_regex=VMS")
REAPPLY = ("", "", "reapply_sysctl = 1\n", "reapply_sysctl=0\n", "# reapply_sysctl=0\n", "reapply_sysctl = no # why\n")
NAMES = ("web", "base", "other", "last")


@st.composite
def options(draw: st.DrawFn) -> str:
    return draw(st.sampled_from(["", "", "", " "])) + draw(keys) + draw(blanks) + "=" + draw(blanks) + draw(texts)


@st.composite
def sections(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(["sysctl", "sysctl", "sysctl", "more"]))
    settings = ["type=sysctl"] if name == "more" else []
    settings += draw(st.lists(st.sampled_from(SETTINGS), max_size=1))
    return "\n".join([f"[{name}]", *settings, *draw(st.lists(st.one_of(options(), options(), remarks), max_size=4))])


@st.composite
def profiles(draw: st.DrawFn) -> str:
    lines = []
    included = draw(st.lists(st.sampled_from(NAMES), max_size=2))
    if included:
        joint = draw(st.sampled_from([",", ", ", " ; ", ";"]))
        names = joint.join(draw(st.sampled_from(["", "", "-"])) + name for name in included)
        names = draw(st.sampled_from([names, names, names, f"${{f:strip:{included[0]}}}", "${x}"]))
        lines += ["[main]", draw(st.sampled_from(["include=", "include = ", "include\t= "])) + names]
    if draw(st.booleans()):
        lines += ["[variables]", "x = " + draw(texts), draw(remarks)]
    return "\n".join([*lines, *draw(st.lists(sections(), max_size=3)), ""])


@st.composite
def writers(draw: st.DrawFn) -> Writers:
    places = st.builds("{}/{}".format, st.sampled_from(["/etc/tuned", "/usr/lib/tuned"]), st.sampled_from(NAMES))
    chosen = draw(st.one_of(st.none(), st.dictionaries(places, profiles(), max_size=4)))
    if chosen is not None:
        chosen.setdefault("/etc/tuned/web", draw(profiles()))
    slashed = strategies.shared_files().map(lambda content: content.replace(b"net.ipv4.", b"net/ipv4/"))
    return Writers(
        ufw=draw(st.one_of(st.none(), slashed, strategies.shared_files())),
        profiles=chosen,
        active=draw(st.sampled_from(["web", "web", "web", "web base"])),
        reapply=draw(st.sampled_from(REAPPLY)),
    )


def assert_alike(found: later.Compared, told: str) -> None:
    for name, value in found.real.items():
        if name in found.perhaps:
            event("not certain")
        else:
            assert found.ours[name] == value, f"{name}: {found}\n{told}"


@given(layout=st.one_of(strategies.layouts(), strategies.plain_layouts()), written=writers())
def test_the_boot_values_are_those_after_the_real_programs(booted: Guest, layout: Layout, written: Writers) -> None:
    found = booted.call(later.boot, layout, written)
    event(f"{'ufw' if written.ufw is not None else ''} {'TuneD' if written.profiles else ''}")
    assert_alike(found, f"{written}\n{layout}")


# --- as reported ---------------------------------------------------------------------------------

SETS = f"[sysctl]\n{TIME} = 60\n"
PROFILE = {"/etc/tuned/web": SETS}
EMPTY = Layout({b"/etc/sysctl.d/x.conf": b""})
CASES = {
    "ufw's shipped line, switched on": (OURS, Writers(ufw=b"net/ipv4/tcp_keepalive_intvl=1800\n"), {"time": 45, "intvl": 1800}),
    "ufw's shipped file": (OURS, Writers(ufw=later.UFW_FILES.get("etc/ufw/sysctl.conf", b"")), {"time": 45, "intvl": 45}),
    "a profile and no file": (EMPTY, Writers(profiles=PROFILE), {"time": 60}),
    "a drop-in beats the profile": (OURS, Writers(profiles=PROFILE), {"time": 45}),
    "unless it is not applied again": (OURS, Writers(profiles=PROFILE, reapply="reapply_sysctl=0\n"), {"time": 60}),
    "sysctl.conf beats a drop-in": (
        Layout({**OURS.entries, CONF: b"net.ipv4.tcp_keepalive_time = 1800\n", b"/etc/sysctl.d/60-sysctl.conf": Link(b"../sysctl.conf")}),
        Writers(profiles={"/etc/tuned/web": "[main]\nsummary=x\n[sysctl]\nvm.swappiness=10\n"}),
        {"time": 1800},
    ),
    "without a [sysctl] nothing is applied again": (
        Layout({**OURS.entries, CONF: b"net.ipv4.tcp_keepalive_time = 1800\n"}),
        Writers(profiles={"/etc/tuned/web": "[main]\nsummary=x\n"}),
        {"time": 45},
    ),
    "include with blanks, several": (
        EMPTY,
        Writers(profiles={"/etc/tuned/web": "[main]\ninclude = other , base\n", "/etc/tuned/other": "", "/usr/lib/tuned/base": SETS}),
        {"time": 60},
    ),
    "a commented include": (
        EMPTY,
        Writers(profiles={"/etc/tuned/web": "[main]\n;include=base\n", "/etc/tuned/base": SETS}),
        {"time": 7200},
    ),
    "both": (
        Layout({CONF: b"net.ipv4.tcp_keepalive_time = 30\n"}),
        Writers(ufw=b"net/ipv4/tcp_keepalive_time=90\n", profiles=PROFILE),
        {"time": 30},
    ),
}


@pytest.mark.parametrize(("layout", "written", "expected"), CASES.values(), ids=CASES.keys())
def test_as_reported(booted: Guest, layout: Layout, written: Writers, expected: dict[str, int]) -> None:
    found = booted.call(later.boot, layout, written)
    assert found.ours == found.real, found.said
    assert {name: found.real[name] for name in expected} == expected


def test_a_function_makes_it_uncertain(booted: Guest) -> None:
    written = Writers(profiles={"/etc/tuned/web": "[main]\ninclude = ${f:strip:base}\n", "/etc/tuned/base": SETS})
    found = booted.call(later.boot, EMPTY, written)
    assert found.perhaps == {"time": 60}
    assert (found.ours["time"], found.real["time"]) == (7200, 60)
