# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of several users are changed together or not at all, each by its own user."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import shutil
import stat
import tempfile

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils import _safe_file, _users
from ansible_collections.longlived.tcp.plugins.module_utils._aws.change import Request, applied, plan
from ansible_collections.longlived.tcp.plugins.module_utils._aws.files import target_of
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError

REQUEST = Request(["default"], {"tcp_keepalive": True})


class Boom(Exception):
    pass


def need_root():
    if os.geteuid() != 0:
        pytest.skip("only root can act as another user")


class Homes:
    """Homes of alice and bob, who are two users where root runs the tests, with a file of alice's."""

    def __init__(self, root):
        self.root = root
        self.users = {}
        for number, name in enumerate(("alice", "bob")):
            uid = 60001 + number if os.geteuid() == 0 else os.geteuid()
            home = os.path.join(root, name)
            os.mkdir(home)
            os.chown(home, uid, -1)
            self.users[name] = _users.User(name, uid, uid if os.geteuid() == 0 else os.getegid(), home)
        self.write("alice", b"[default]\n")

    def path(self, name):
        return os.path.join(self.root, name, ".aws", "config")

    def write(self, name, content):
        with _users.acting_as(self.users[name]):
            if not os.path.isdir(os.path.dirname(self.path(name))):
                os.mkdir(os.path.dirname(self.path(name)))
            with open(self.path(name), "wb") as stream:
                stream.write(content)

    def plan(self):
        return [plan(target_of(self.users[name]), REQUEST) for name in ("alice", "bob")]

    def state(self):
        """Every entry with what must not differ: of a directory, only that it is there and whose it is."""
        found = {}
        for directory, directories, files in os.walk(self.root):
            for name in directories + files:
                path = os.path.join(directory, name)
                status = os.lstat(path)
                found[path] = (status.st_ino, stat.S_IMODE(status.st_mode), status.st_uid)
                if name in files:
                    with open(path, "rb") as stream:
                        found[path] += (status.st_mtime, stream.read())
        return found


@pytest.fixture
def homes():
    root = tempfile.mkdtemp(prefix="homes-")
    os.chmod(root, 0o755)  # pytest's own directories are closed to other users
    yield Homes(root)
    shutil.rmtree(root)


def apply(changes, block, backup=False):
    with applied(changes, backup):
        block()


def raising(error):
    def block():
        raise error

    return block


def hinder(monkeypatch, where, name, path, number=errno.ENOSPC):
    """The system refuses this act on what lies below that path, and there only."""
    real = getattr(where, name)

    def act(first, *others):
        if str(getattr(first, "path", first)).startswith(path) or (others and str(others[0]).startswith(path)):
            raise OSError(number, os.strerror(number))
        return real(first, *others)

    monkeypatch.setattr(where, name, act)


STEPS = [(_safe_file.os, "mkdir"), (_safe_file.tempfile, "mkstemp"), (_safe_file, "copy_attributes"), (_safe_file.os, "rename")]


@pytest.mark.parametrize("backup", [False, True])
@pytest.mark.parametrize(("where", "step"), STEPS)
def test_what_fails_for_one_user_changes_no_file_of_another(homes, monkeypatch, where, step, backup):
    if step == "mkstemp":
        real = _safe_file.tempfile.mkstemp

        def full(prefix, suffix, dir):
            if dir.startswith(homes.users["bob"].home):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(prefix=prefix, suffix=suffix, dir=dir)

        monkeypatch.setattr(where, step, full)
    else:
        hinder(monkeypatch, where, step, homes.users["bob"].home)
    changes, before = homes.plan(), homes.state()
    with pytest.raises(UserError) as failed:
        apply(changes, raising(AssertionError("it should not have come so far")), backup)
    assert homes.users["bob"].home in str(failed.value) and "No space left on device; free space" in str(failed.value)
    assert homes.state() == before


@pytest.mark.parametrize("backup", [False, True])
@pytest.mark.parametrize("error", [Boom, KeyboardInterrupt, SystemExit])
def test_a_block_that_fails_changes_no_file(homes, error, backup):
    changes, before = homes.plan(), homes.state()

    def block():
        assert b"tcp_keepalive = true\n" in homes.state()[homes.path("alice")][-1]
        assert os.lstat(homes.path("bob")).st_uid == homes.users["bob"].uid
        raise error()

    with pytest.raises(error):
        apply(changes, block, backup)
    assert homes.state() == before


def watched(act, seen):
    def call(first, *others):
        seen.append((os.geteuid(), first.split(os.sep)[3]))
        return act(first, *others)

    return call


def test_the_block_has_its_own_rights_and_every_step_the_users(homes, monkeypatch):
    need_root()
    seen = []
    for name in ("mkdir", "link", "rename", "unlink", "rmdir"):
        monkeypatch.setattr(_safe_file.os, name, watched(getattr(os, name), seen))

    def block():
        seen.append((os.geteuid(), "the block"))
        raise Boom()

    with pytest.raises(Boom):
        apply(homes.plan(), block, backup=True)
    owners = [(user.uid, name) for name, user in homes.users.items()]
    assert set(seen) == set([(0, "the block")] + owners)
    assert set(seen[seen.index((0, "the block")) + 1 :]) == set(owners)


def test_all_is_well(homes):
    apply(homes.plan(), list)
    assert [os.listdir(os.path.dirname(homes.path(name))) for name in ("alice", "bob")] == [["config"], ["config"]]
    apply(homes.plan(), list)


def test_what_a_killed_run_left_goes_with_the_next_one(homes):
    apply(homes.plan(), list)
    for name in ("alice", "bob"):
        with _users.acting_as(homes.users[name]):
            shutil.copy(homes.path(name), os.path.join(os.path.dirname(homes.path(name)), ".config.longlived_tcp.tmp"))
    apply(homes.plan(), list)
    assert [os.listdir(os.path.dirname(homes.path(name))) for name in ("alice", "bob")] == [["config"], ["config"]]


def test_the_file_that_stays_changed_is_named_and_the_others_are_put_back(homes, monkeypatch):
    changes, before = homes.plan(), homes.state()

    def block():
        hinder(monkeypatch, _safe_file.os, "unlink", homes.path("bob"), errno.EPERM)
        raise UserError("The rest failed.")

    with pytest.raises(UserError) as failed:
        apply(changes, block)
    assert str(failed.value).startswith("The rest failed. Cannot remove %s: Operation not permitted; " % homes.path("bob"))
    assert homes.state()[homes.path("alice")] == before[homes.path("alice")]


def test_rights_that_are_gone_are_told(homes, monkeypatch):
    need_root()

    def block():
        hinder(monkeypatch, _users.os, "initgroups", "bob", errno.EPERM)
        raise UserError("The rest failed.")

    with pytest.raises(UserError) as failed:
        apply(homes.plan(), block)
    assert str(failed.value).startswith("The rest failed. %s stays changed: Cannot act as bob: " % homes.path("bob"))


def test_two_links_to_one_file(homes):
    """The second change finds that nothing is left to do."""
    alice = homes.users["alice"]
    os.chown(homes.users["bob"].home, alice.uid, -1)
    homes.users["bob"] = _users.User("bob", alice.uid, alice.gid, homes.users["bob"].home)
    os.symlink(os.path.dirname(homes.path("alice")), os.path.dirname(homes.path("bob")))
    before = homes.state()
    with pytest.raises(Boom):
        apply(homes.plan(), raising(Boom()))
    assert homes.state() == before
    apply(homes.plan(), list)
    assert os.listdir(os.path.dirname(homes.path("alice"))) == ["config"]
