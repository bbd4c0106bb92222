# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TuneD's profiles as it loads and merges them."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import tuned_profile


@pytest.fixture
def profiles(monkeypatch, tmpdir):
    monkeypatch.setattr(tuned_profile, "DIRECTORIES", (str(tmpdir.join("own")), str(tmpdir.join("shipped"))))

    def write(name, text, where="own"):
        tmpdir.join(where, name, "tuned.conf").write(text, ensure=True)

    return write


def options(*names):
    units = tuned_profile.sysctl_units(tuned_profile.load(list(names)).units)
    return [[(name, option.text, option.certain) for name, option in unit] for unit in units]


BASE = "[sysctl]\nnet.ipv4.tcp_keepalive_time=60\n"
TIME = [[("net.ipv4.tcp_keepalive_time", "60", True)]]


@pytest.mark.parametrize(
    "include",
    ["include=base", "include = base", "include\t=\tbase ; other", "include = other , base", "include=-none;base", "include = base  # why"],
)
def test_what_is_included(profiles, include):
    profiles("base", BASE)
    profiles("other", "[main]\nsummary=x\n", "shipped")
    profiles("web", "[main]\n; include = nothing\n%s\n" % include)
    assert options("web") == TIME


def test_what_includes_itself_in_its_shipped_form(profiles):
    profiles("web", BASE, "shipped")
    profiles("web", "[main]\ninclude=web\n")
    assert options("web") == TIME


def test_what_is_missing_ends_it_all(profiles):
    profiles("web", "[main]\ninclude=gone\n" + BASE)
    with pytest.raises(tuned_profile.ProfileError):
        options("web")
    with pytest.raises(tuned_profile.ProfileError):
        options("gone")


def test_the_arguments_of_a_function_may_be_included(profiles):
    profiles("guest", BASE)
    profiles("web", "[main]\ninclude = ${f:virt_check:guest:gone}\n[sysctl]\nnet.ipv4.tcp_keepalive_intvl = 9\n")
    assert options("web") == [[("net.ipv4.tcp_keepalive_time", "60", False), ("net.ipv4.tcp_keepalive_intvl", "9", True)]]


@pytest.mark.parametrize(
    ("include", "expected"),
    [("guest", True), ("${f:virt_check:guest:gone}", True), ("${f:exec:guess}", False), ("${guest}", False)],
)
def test_whether_anything_is_loaded_is_not_certain(profiles, include, expected):
    profiles("guest", BASE)
    profiles("web", "[main]\ninclude = %s\n" % include)
    assert tuned_profile.load(["web"]).certain is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[sysctl]\na = 1\na = 2\n", [[("a", "2", True)]]),
        ("[sysctl]\n# a = 1\n ; b = 2\nc = 3 # why\nd = 4#5\n", [[("c", "3", True), ("d", "4#5", True)]]),
        ("[sysctl]\na = 1\n  2\n\nb = 3\n", [[("a", "1\n2", True), ("b", "3", True)]]),
        ("[DEFAULT]\nx = 1\n[sysctl]\na = 2\n", [[("a", "2", True), ("x", "1", True)]]),
        ('[sysctl]\na = "1"\n', [[("a", "1", True)]]),
        ("[sysctl]\nenabled = 0\na = 1\n", []),
        ("[sysctl]\nuname_regex = no such machine\na = 1\n", []),
        ("[sysctl]\nuname_regex = Linux\na = 1\n", [[("a", "1", True)]]),
        ("[late]\ntype = sysctl\npriority = 5\na = 1\n[sysctl]\na = 2\n", [[("a", "2", True)], [("a", "1", True)]]),
        ("[variables]\nx = 7\n[sysctl]\na = ${x}\nb = ${y}\n", [[("a", "7", True), ("b", "${y}", True)]]),
        ("[variables]\nx = ${f:exec:date}\n[sysctl]\na = ${x}\n", [[("a", "${f:exec:date}", False)]]),
        ("[sysctl]\na = ${f:calc:1}\n", [[("a", "${f:calc:1}", False)]]),
    ],
)
def test_a_profile(profiles, text, expected):
    profiles("web", text)
    assert options("web") == expected


@pytest.mark.parametrize("text", ["a = 1\n", "[sysctl]\nnonsense\n", "[sysctl]\n = 1\n"])
def test_what_cannot_be_parsed(profiles, text):
    profiles("web", text)
    with pytest.raises(tuned_profile.ProfileError):
        options("web")


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ("[sysctl]\na = 3\n", [[("a", "3", True), ("b", "2", True)]]),
        ("[sysctl]\nreplace = 1\nc = 3\n", [[("c", "3", True)]]),
        ("[sysctl]\ndrop = a, x\nc = 3\n", [[("b", "2", True), ("c", "3", True)]]),
        ("[sysctl]\nenabled = false\n", []),
    ],
)
def test_profiles_are_merged(profiles, later, expected):
    profiles("base", "[sysctl]\na = 1\nb = 2\n")
    profiles("web", later)
    assert options("base", "web") == expected


def test_a_file_of_variables(profiles, tmpdir):
    tmpdir.join("variables.conf").write("x = 60\n")
    profiles("web", "[variables]\ninclude = %s\n[sysctl]\nnet.ipv4.tcp_keepalive_time = ${x}\n" % tmpdir.join("variables.conf"))
    assert options("web") == TIME
    profiles("web", "[variables]\ninclude = ${i:PROFILE_DIR}/../../variables.conf\n[sysctl]\nnet.ipv4.tcp_keepalive_time = ${x}\n")
    assert options("web") == TIME


def test_the_line_of_an_option(profiles):
    profiles("web", "# x\n[sysctl]\n\na = 1\n")
    (((_name, option),),) = tuned_profile.sysctl_units(tuned_profile.load(["web"]).units)
    assert option.line == 4


def test_a_priority_that_is_no_number_ends_it(profiles):
    profiles("web", "[sysctl]\npriority = high\na = 1\n")
    with pytest.raises(tuned_profile.ProfileError):
        options("web")
