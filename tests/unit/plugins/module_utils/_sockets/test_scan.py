# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which connections are seen, and whose they are."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import time

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import inet_diag
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.descriptors import Options
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.owners import owners_of
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.scan import Scan, as_foreseen
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.verdict import IS_UNKNOWN

from .connections import a_socket, chosen


@pytest.mark.parametrize(
    ("names", "everywhere", "seen"),
    [
        ((), False, [(7, ["worker"]), (70, [])]),
        (("worker",), False, [(7, ["worker"])]),
        (("boxed",), False, [(8, ["boxed"])]),
        (("*none*",), False, []),
        ((), True, [(7, ["worker"]), (70, []), (8, ["boxed"]), (80, [])]),
        (("boxed",), True, [(7, []), (70, []), (8, ["boxed"]), (80, [])]),
        (("*none*",), True, [(7, []), (70, []), (8, []), (80, [])]),
    ],
)
@pytest.mark.usefixtures("here")
def test_which_connections_are_seen_and_whose_they_are(names, everywhere, seen):
    with owners_of(chosen(names), everywhere) as owners:
        inodes = [one.socket.inode for one in Scan(chosen(names), 350, owners, everywhere)]
    assert [(inode, [process.name for process in owners.processes_of(inode)]) for inode in inodes] == seen


def scan(names=(), **asked):
    with owners_of(chosen(names), asked.get("everywhere")) as owners:
        return list(Scan(chosen(names), 350, owners, **asked))


def test_what_is_local_is_judged_by_each_namespaces_own_addresses(here):
    here[0] = True
    assert [one.socket.inode for one in scan(everywhere=True)] == [7, 70]


@pytest.mark.parametrize(("everywhere", "longest"), [(False, 2.0), (True, 0.45)])
@pytest.mark.usefixtures("here")
def test_looking_again_takes_no_longer_for_many_namespaces(monkeypatch, everywhere, longest):
    clock, waited = [1000.0], []

    def look_again(hidden, longest):
        waited.append(longest)
        clock[0] += 0.4
        return dict((one.cookie, one) for one in hidden)

    monkeypatch.setattr(inet_diag, "dump", lambda: [[a_socket(timer=1, inode=7), a_socket(timer=1, inode=8)]])
    monkeypatch.setattr(inet_diag, "look_again", look_again)
    monkeypatch.setattr(time, "time", lambda: clock[0])
    verdicts = [one.verdict for one in scan(["worker", "boxed"], everywhere=everywhere)]
    assert set(verdicts) == {IS_UNKNOWN}
    assert waited == pytest.approx([longest, longest - 0.4])


@pytest.mark.usefixtures("here")
def test_foreseen_values_are_those_of_this_namespace_alone():
    foreseen = dict(time=60, intvl=20, probes=5)
    here, _second, there, _fourth = scan(everywhere=True, foreseen=foreseen)
    assert (here.namespace.runtime, there.namespace.runtime["time"]) == (foreseen, 7200)
    # What the kernel gave follows the kernel, what the program set stays.
    assert as_foreseen(Options(1, 45, 45, 9), here.namespace) == Options(1, 60, 20, 5)
    assert as_foreseen(Options(1, 30, 45, 9), here.namespace) == Options(1, 30, 20, 5)
    assert as_foreseen(Options(1, 45, 45, 9), there.namespace) == Options(1, 45, 45, 9)
