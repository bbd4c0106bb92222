# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which proofs are as asked for."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import ctypes
import errno
import os
import socket

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._bpf import proof

VALUES = dict(time=45, intvl=45, probes=9)


@pytest.mark.parametrize(
    ("row", "asks", "right"),
    [
        (dict(VALUES, keepalive=True), True, True),
        (dict(VALUES, keepalive=False), True, False),
        (dict(time=60, intvl=20, probes=5, keepalive=True), True, True),
        (dict(time=7200, intvl=75, probes=9, keepalive=True), True, False),
        (dict(time=60, intvl=312, probes=9, keepalive=True), True, False),
        # Where the programs cannot ask, the times stay the namespace's.
        (dict(time=7200, intvl=75, probes=9, keepalive=True), False, True),
    ],
)
def test_a_proof(row, asks, right):
    assert proof.unlike({"host": row}, VALUES, 311, asks) == ([] if right else ["host"])


def test_the_one_that_is_worse_off_counts():
    rows = [dict(time=45, intvl=45, probes=9, keepalive=True), dict(time=60, intvl=45, probes=9, keepalive=True)]
    assert proof._worst(rows)["time"] == 60
    assert not proof._worst(rows + [dict(time=1, intvl=1, probes=9, keepalive=False)])["keepalive"]


@pytest.mark.parametrize("ends", ["refused", "without a word"])
def test_why_it_cannot_be_found_out(monkeypatch, ends):
    found = {"error": "Operation not permitted" if ends == "refused" else "the process that tries it has ended"}
    monkeypatch.setattr(proof, "_in_child", lambda work: found)
    with pytest.raises(proof.ProofError) as error:
        proof.new_connections(VALUES, False)
    assert str(error.value) == "Cannot find out what new connections get: %s." % found["error"]


def test_a_child_that_ends_without_a_word(monkeypatch):
    monkeypatch.setattr(proof.os, "write", lambda _descriptor, _text: None)
    assert proof._in_child(dict) in ({"error": "the process that tries it has ended"},)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="it makes a network namespace, which needs root")


@needs_root
@pytest.mark.parametrize("running", [dict(time=86400, intvl=75, probes=9), dict(time=-1, intvl=0, probes=255)])
def test_a_host_whose_values_no_socket_takes(running):
    """The kernel's files take more than setsockopt(2)."""
    assert proof.new_connections(running, False)["host"] == dict(running, keepalive=False)


@pytest.mark.parametrize(("value", "stands_for"), [(86400, 32767), (-1, 32767), (0, 1), (45, 45)])
def test_what_a_socket_takes_instead(value, stands_for):
    assert proof._possible("time", value) == stands_for


class _WithoutIpv6(socket.socket):
    def __init__(self, family=socket.AF_INET, *arguments, **more):
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        socket.socket.__init__(self, family, *arguments, **more)


@needs_root
def test_a_kernel_without_ipv6(monkeypatch):
    """As it is with ipv6.disable=1 on its command line."""
    without = _Module(socket, socket=_WithoutIpv6)
    monkeypatch.setattr(proof, "socket", without)
    assert not proof.new_connections(VALUES, False)["host"]["keepalive"]


class _Module(object):
    """A module with something else in it."""

    def __init__(self, real, **changed):
        self._real = real
        self.__dict__.update(changed)

    def __getattr__(self, name):
        return getattr(self._real, name)


@pytest.mark.parametrize(("number", "says"), [(errno.EPERM, "become: true"), (errno.ENOSPC, "user.max_net_namespaces")])
def test_where_no_namespace_can_be_made(monkeypatch, number, says):
    class Libc(object):
        @staticmethod
        def unshare(_flags):
            ctypes.set_errno(number)
            return -1

    monkeypatch.setattr(proof, "ctypes", _Module(ctypes, CDLL=lambda *_arguments, **_options: Libc))
    with pytest.raises(proof.ProofError) as error:
        proof.new_connections(VALUES, False)
    assert says in str(error.value)
