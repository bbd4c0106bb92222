# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands there after a block that fails: the old file itself, or what another program wrote meanwhile."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import stat

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils import _file_lock, _safe_file
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._regular_file import read

NEW = [b"new\n", None]


class Boom(Exception):
    pass


@pytest.fixture
def path(tmpdir):
    found = tmpdir.join("x.conf")
    found.write("old\n")
    os.chmod(str(found), 0o640)
    os.utime(str(found), (1000000000, 1000000000.5))
    return found


def refusing(number):
    def call(*_arguments, **_named):
        raise OSError(number, os.strerror(number))

    return call


def state(path):
    """What must be the same afterwards; the inode first."""
    if not path.check():
        return None
    status = os.lstat(str(path))
    return status.st_ino, status.st_mtime, stat.S_IMODE(status.st_mode), status.st_uid, path.read()


def change(path, content, then, before=list):
    with _file_lock.lock(str(path)):
        with _safe_file.stage(read(str(path)), content) as staged:
            before()
            staged.commit()
            then()


def fail(*_arguments):
    raise Boom()


def inside(context, block):
    with context as value:
        block(value)


@pytest.mark.parametrize("content", NEW)
def test_the_old_file_itself_comes_back(path, content):
    before = state(path)
    during = []

    def see():
        during.append(path.read() if path.check() else None)
        fail()

    with pytest.raises(Boom):
        change(path, content, see)
    assert during == [content and "new\n"]
    assert state(path) == before
    assert path.dirpath().listdir() == [path]


def test_a_new_file_goes_again(path):
    path.remove()
    with pytest.raises(Boom):
        change(path, b"new\n", fail)
    assert path.dirpath().listdir() == []


@pytest.mark.parametrize("content", NEW)
def test_the_old_file_is_let_go_when_all_is_well(path, content):
    change(path, content, lambda: None)
    assert path.dirpath().listdir() == ([] if content is None else [path])


@pytest.mark.parametrize("content", NEW)
@pytest.mark.parametrize("number", [errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EXDEV, errno.EEXIST])
def test_a_copy_comes_back_where_there_are_no_hard_links(path, monkeypatch, number, content):
    before = state(path)
    monkeypatch.setattr(_safe_file.os, "link", refusing(number))
    with pytest.raises(Boom):
        change(path, content, fail)
    assert state(path)[1:] == before[1:]
    assert path.dirpath().listdir() == [path]


@pytest.mark.parametrize("content", NEW)
def test_neither_a_link_nor_a_copy_can_be_had(path, monkeypatch, content):
    before = state(path)
    monkeypatch.setattr(_safe_file.os, "link", refusing(errno.EMLINK))
    with pytest.raises(UserError) as refused:
        change(path, content, fail, lambda: monkeypatch.setattr(_safe_file.os, "fsync", refusing(errno.ENOSPC)))
    assert "No space left on device; free space" in str(refused.value)
    assert state(path) == before
    assert path.dirpath().listdir() == [path]


@pytest.mark.parametrize("content", NEW)
@pytest.mark.parametrize("without_links", [False, True])
def test_what_another_program_writes_before_is_not_overwritten(path, monkeypatch, content, without_links):
    if without_links:
        monkeypatch.setattr(_safe_file.os, "link", refusing(errno.EPERM))
    with pytest.raises(UserError) as refused:
        change(path, content, fail, lambda: path.write("theirs\n"))
    assert str(refused.value).endswith("was changed by another program in the meantime; nothing was written, run again.")
    assert path.read() == "theirs\n"
    assert path.dirpath().listdir() == [path]


@pytest.mark.parametrize("content", NEW)
def test_what_another_program_writes_while_the_old_file_is_copied_is_not_overwritten(path, monkeypatch, content):
    def link(_old, _new):
        path.write("theirs\n")
        refusing(errno.EPERM)()

    monkeypatch.setattr(_safe_file.os, "link", link)
    with pytest.raises(UserError):
        change(path, content, fail)
    assert path.read() == "theirs\n"
    assert path.dirpath().listdir() == [path]


def replaced(path):
    path.dirpath().join("theirs").write("theirs\n")
    path.dirpath().join("theirs").rename(path)


@pytest.mark.parametrize("content", NEW)
@pytest.mark.parametrize("write", [lambda path: path.write("theirs\n"), replaced])
def test_what_another_program_writes_after_is_not_overwritten(path, content, write):
    def meanwhile():
        write(path)
        raise UserError("The rest failed.")

    with pytest.raises(UserError) as refused:
        change(path, content, meanwhile)
    assert str(refused.value) == (
        "The rest failed. %s is not put back, as another program has changed it meanwhile: look at it by hand." % path
    )
    assert path.read() == "theirs\n"
    assert path.dirpath().listdir() == [path]


@pytest.mark.parametrize(("old", "content", "says"), [
    (True, b"new\n", "The rest failed. Cannot put back {0}/.x.conf.longlived_tcp.tmp as {0}/x.conf: Device or resource busy; "),
    (True, None, "The rest failed. Cannot put back {0}/.x.conf.longlived_tcp.tmp as {0}/x.conf: Device or resource busy; "),
    (False, b"new\n", "The rest failed. Cannot remove {0}/x.conf: Device or resource busy; "),
])  # fmt: skip
def test_what_cannot_be_put_back_is_named(path, monkeypatch, old, content, says):
    if not old:
        path.remove()

    def meanwhile():
        for name in ("rename", "unlink"):
            monkeypatch.setattr(_safe_file.os, name, refusing(errno.EBUSY))
        raise UserError("The rest failed.")

    with pytest.raises(UserError) as refused:
        change(path, content, meanwhile)
    assert str(refused.value).startswith(says.format(path.dirpath()))


def test_another_hard_link_keeps_the_old_content(path):
    os.link(str(path), str(path.dirpath().join("other")))
    change(path, b"new\n", lambda: None)
    assert path.dirpath().join("other").read() == "old\n"


@pytest.mark.parametrize("before", [True, False])
def test_a_directory_that_was_made_goes_again(tmpdir, before):
    directory = tmpdir.join("made")
    if before:
        directory.mkdir()

    def block(_value):
        assert stat.S_IMODE(os.stat(str(directory)).st_mode) == 0o700 or before
        fail()

    with pytest.raises(Boom):
        inside(_safe_file.made(str(directory), 0o700), block)
    assert directory.check() == before


def test_a_backup_goes_again(path):
    def block(saved):
        assert open(saved).read() == "old\n"
        fail()

    with pytest.raises(Boom):
        inside(_safe_file.backed_up(read(str(path))), block)
    assert path.dirpath().listdir() == [path]
