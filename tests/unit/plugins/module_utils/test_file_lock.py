# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who holds the lock on a directory, and what a killed run left there."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import fcntl
import os

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils import _file_lock

LEFT = [".x.conf.longlived_tcp.tmp", ".x.conf.longlived_tcp_ab_1.tmp", ".gone.conf.longlived_tcp.tmp", ".new\nline.longlived_tcp.tmp"]
OTHERS = [".x.conf.ab_1.tmp", ".x.conf.longlived_tcp.tmp.txt", "x.conf.longlived_tcp.tmp"]


@pytest.fixture
def path(tmpdir):
    found = tmpdir.join("x.conf")
    found.write("old\n")
    return found


def lay_leftovers(path):
    for name in LEFT + OTHERS:
        path.dirpath().join(name).write("")


def names(path):
    return sorted(found.basename for found in path.dirpath().listdir())


@pytest.mark.parametrize("clean", [lambda path: _file_lock.lock(path).__enter__(), _file_lock.tidy])
def test_what_a_killed_run_left_is_removed_and_nothing_else(path, clean):
    lay_leftovers(path)
    lock = clean(str(path))
    assert names(path) == sorted(["x.conf"] + OTHERS)
    del lock


def test_what_another_run_keeps_is_no_leftover(path):
    lay_leftovers(path)
    directory = os.open(str(path.dirpath()), os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        _file_lock.tidy(str(path))
    finally:
        os.close(directory)
    assert names(path) == sorted(["x.conf"] + LEFT + OTHERS)


def test_where_there_is_no_directory_nothing_is_tidy(tmpdir):
    _file_lock.tidy(str(tmpdir.join("none", "x.conf")))


def test_who_has_the_lock_may_lock_another_file_beside(path):
    with _file_lock.lock(str(path)):
        lay_leftovers(path)
        with _file_lock.lock(str(path.dirpath().join("y.conf")), seconds=0), _file_lock.lock(str(path), seconds=0):
            assert names(path) == sorted(["x.conf"] + LEFT + OTHERS), "what this run keeps is no leftover"
