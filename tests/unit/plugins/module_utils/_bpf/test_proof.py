# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which proofs are as asked for."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

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
