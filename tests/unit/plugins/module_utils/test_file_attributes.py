# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new file has what the old one had."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import stat

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils import _file_attributes
from ansible_collections.longlived.tcp.plugins.module_utils._regular_file import read


@pytest.fixture
def new(tmpdir):
    path = tmpdir.join("new")
    path.write("")
    descriptor = os.open(str(path), os.O_RDWR)
    yield str(path), descriptor
    os.close(descriptor)


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_where_there_was_no_file_the_mode_is_the_one_asked_for(tmpdir, new):
    path, descriptor = new
    _file_attributes.copy_attributes(read(str(tmpdir.join("none"))), path, descriptor, 0o640)
    assert mode(path) == 0o640


def test_the_mode_of_the_old_file_is_kept(tmpdir, new):
    path, descriptor = new
    old = tmpdir.join("old")
    old.write("")
    os.chmod(str(old), 0o604)
    _file_attributes.copy_attributes(read(str(old)), path, descriptor, 0o600)
    assert mode(path) == 0o604


def test_a_users_own_attribute_is_kept(tmpdir, new):
    path, descriptor = new
    old = tmpdir.join("old")
    old.write("")
    try:
        _file_attributes._xattrs.set(str(old), "user.note", b"mine")
    except (IOError, OSError):
        pytest.skip("this file system has no extended attributes")
    _file_attributes.copy_attributes(read(str(old)), path, descriptor, 0o600)
    assert _file_attributes._xattrs.get(path, "user.note") == b"mine"


def test_both_ways_to_the_attributes_say_the_same(tmpdir):
    path = str(tmpdir.join("x"))
    open(path, "w").close()
    libc = _file_attributes._LibcXattrs()
    assert [name if isinstance(name, str) else name.decode("ascii") for name in libc.names(path)] == _file_attributes._xattrs.names(path)
    assert libc.get(path, "user.none") is None
