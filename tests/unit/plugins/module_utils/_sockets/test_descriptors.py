# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The first owner that still has a socket is the one that is used. Real sockets are in tests/sockets."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import descriptors
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.owners import Owner
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.processes import Process

OWNERS = [Owner(Process(pid, "worker", 1), pid, 3) for pid in (7, 8, 9)]


@pytest.fixture
def fetched(monkeypatch):
    """What happens at each owner's, by process id: an exception, or a copy of a descriptor."""
    happens, used = {}, []

    def fetch(_tasks, owner, _cookie):
        if owner.process.pid in happens:
            raise happens[owner.process.pid]
        return os.open(os.devnull, os.O_RDONLY)

    def use(_copy, owner):
        used.append(owner.process.pid)
        return "done"

    monkeypatch.setattr(descriptors, "fetch", fetch)
    return happens, used, lambda: descriptors.from_first_owner(None, OWNERS, 1, use)


def test_the_first_one_is_used(fetched):
    _happens, used, call = fetched
    opened = os.listdir("/proc/self/fd")
    assert (call(), used) == ("done", [7])
    assert len(os.listdir("/proc/self/fd")) == len(opened)


def test_who_has_it_no_more_or_refuses_is_passed_over(fetched):
    happens, used, call = fetched
    happens.update({7: descriptors.Gone(), 8: descriptors.Unreachable("No.")})
    assert (call(), used) == ("done", [9])


def test_the_last_refusal_is_the_reason(fetched):
    happens, used, call = fetched
    happens.update({7: descriptors.Unreachable("First."), 8: descriptors.Unreachable("Second."), 9: descriptors.Gone()})
    with pytest.raises(descriptors.Unreachable) as error:
        call()
    assert (str(error.value), used) == ("Second.", [])


def test_a_socket_that_is_gone_everywhere(fetched):
    happens, _used, call = fetched
    happens.update(dict((pid, descriptors.Gone()) for pid in (7, 8, 9)))
    with pytest.raises(descriptors.Gone):
        call()


@pytest.mark.parametrize(
    ("inode", "protocol", "expected"),
    [(None, 6, descriptors.Gone), (0, 6, descriptors.Gone), (0, 262, descriptors.Mptcp), (1, 262, descriptors.Gone)],
)
def test_a_subflow_is_its_sockets_by_the_inode(monkeypatch, inode, protocol, expected):
    """The socket that is fetched has another cookie: it is another one, or that of MPTCP which has the subflow."""
    copy = os.open(os.devnull, os.O_RDONLY)
    inode = None if inode is None else os.fstat(copy).st_ino + inode
    monkeypatch.setattr(descriptors, "_libc", type("Libc", (), {"syscall": staticmethod(lambda *_arguments: copy)}))
    monkeypatch.setattr(descriptors, "cookie_of", lambda _copy: 2)
    monkeypatch.setattr(descriptors, "get", lambda _copy, _option: protocol)
    tasks = type("Tasks", (), {"pidfd": lambda *_arguments: 3})()
    try:
        found = type(descriptors.fetch(tasks, Owner(OWNERS[0].process, 7, 3, inode), 1))
    except descriptors.Gone:
        found = descriptors.Gone
    else:
        os.close(copy)
    assert found is expected
