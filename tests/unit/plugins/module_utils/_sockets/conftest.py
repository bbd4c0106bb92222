# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host with a container, made up."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import runtime
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import inet_diag, namespaces, processes, selection

from .connections import KERNEL, a_socket, address

HOME, CONTAINER = 100, 200
PEOPLE = {7: ("worker", HOME), 8: ("boxed", CONTAINER), 9: ("worker", CONTAINER), 10: ("hidden", None)}


@pytest.fixture
def here(monkeypatch):
    """A host with a container: a socket of process 7 here, of process 8 there, and one in each that nobody owns."""
    place, local = [HOME], [False]
    sockets = {HOME: [7, 70], CONTAINER: [8, 80]}

    class Inside(object):
        def __init__(self, number, pids):
            assert {PEOPLE[pid][1] for pid in pids} == {number}
            self._there = number

        def __enter__(self):
            place[0] = self._there

        def __exit__(self, *_exception):
            place[0] = HOME

    def everyone():
        return [processes.Process(pid, name, namespace) for pid, (name, namespace) in sorted(PEOPLE.items())]

    def read(names=(), pids=(), but=()):
        assert not but, "this is no second process"
        chosen = [one for one in everyone() if one.name in names or one.pid in pids or not (names or pids)]
        # A socket's inode is its process's number.
        tables = [processes.Table(process, process.pid, {process.pid: 3}) for process in chosen]
        return processes.Seen(chosen, tables, 0, [])

    monkeypatch.setattr(namespaces, "inside", Inside)
    monkeypatch.setattr(namespaces, "inode", lambda pid: HOME)
    monkeypatch.setattr(runtime, "read", lambda: dict(KERNEL, time=45 if place[0] == HOME else 7200))
    monkeypatch.setattr(processes, "read", read)
    monkeypatch.setattr(processes, "everyone", everyone)
    # What is local is another thing in each: this is the peer of all sockets, and the container's own address.
    addresses = {HOME: [], CONTAINER: [selection.mapped(socket.AF_INET, address("10.20.0.9"))]}
    monkeypatch.setattr(selection, "own_addresses", lambda: addresses[place[0]] if local[0] else [])
    monkeypatch.setattr(inet_diag, "dump", lambda: [[a_socket(inode=inode, cookie=inode) for inode in sockets[place[0]]]])
    return local
