# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is meant by a name, who is in charge of a path, and whose rights count meanwhile."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


import errno
import os
import pwd

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils import _users

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as somebody else")

NOBODY = _users.User("nobody", pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid, pwd.getpwnam("nobody").pw_dir)
STRANGER = _users.User("#54321", 54321, 54322, None)


@pytest.mark.parametrize(("environ", "name"), [
    ({}, pwd.getpwuid(os.geteuid()).pw_name),
    ({"SUDO_USER": ""}, pwd.getpwuid(os.geteuid()).pw_name),
    ({"SUDO_USER": "nobody"}, "nobody"),
    ({"DOAS_USER": "nobody"}, "nobody"),
    ({"SUDO_USER": "nobody", "DOAS_USER": "root"}, "nobody"),
    ({"USER": "nobody", "LOGNAME": "nobody"}, pwd.getpwuid(os.geteuid()).pw_name),
])  # fmt: skip
def test_login(environ, name):
    assert _users.find("@login", environ).name == name


def test_a_user_by_name():
    root = _users.find("root")
    assert (root.uid, root.gid, root.home) == (0, 0, pwd.getpwuid(0).pw_dir)


@pytest.mark.parametrize(("name", "environ"), [
    ("no-such-user", {}), ("", {}), ("a\0b", {}), (u"\u00e9\udce9", {}), ("@login", {"SUDO_USER": "no-such-user"}), ("@LOGIN", {}),
])  # fmt: skip
def test_unknown_users(name, environ):
    with pytest.raises(_users.UnknownUser):
        _users.find(name, environ)


def test_who_is_in_charge_of_roots_own_path():
    assert _users.in_charge_of("/etc/aws/config").uid == 0


@root_only
def test_who_is_in_charge_is_the_first_owner_but_root(tmp_path_of_everyone):
    home = os.path.join(tmp_path_of_everyone, "home")
    os.mkdir(home)
    assert _users.in_charge_of(os.path.join(home, "config")).uid == 0
    os.chown(home, NOBODY.uid, NOBODY.gid)
    os.symlink("/etc", os.path.join(home, "link"))
    assert _users.in_charge_of(os.path.join(home, "config")).uid == NOBODY.uid
    assert _users.in_charge_of(os.path.join(home, "link", "passwd")).uid == NOBODY.uid
    os.chown(home, STRANGER.uid, STRANGER.gid)
    assert _users.in_charge_of(os.path.join(home, "link", "passwd")).uid == STRANGER.uid


@root_only
def test_a_link_is_its_owners_and_so_is_what_it_leads_to(tmp_path_of_everyone):
    home, theirs, ours = [os.path.join(tmp_path_of_everyone, name) for name in ("home", "theirs", "ours")]
    os.mkdir(home)
    os.chown(home, NOBODY.uid, NOBODY.gid)
    os.symlink("/etc", theirs)
    os.lchown(theirs, NOBODY.uid, NOBODY.gid)
    os.symlink(home, ours)
    assert _users.in_charge_of(os.path.join(theirs, "passwd")).uid == NOBODY.uid
    assert _users.in_charge_of(os.path.join(ours, "new")).uid == NOBODY.uid


@root_only
def test_who_is_on_the_way_is_in_charge_whatever_is_at_the_end(tmp_path_of_everyone):
    home, ours, mine = [os.path.join(tmp_path_of_everyone, name) for name in ("home", "ours", "mine")]
    os.mkdir(home)
    os.symlink("/etc/passwd", os.path.join(home, "theirs"))
    os.symlink(os.path.join(home, "theirs"), ours)
    open(os.path.join(home, "roots"), "w").close()
    os.symlink("home/roots", mine)
    os.chown(home, NOBODY.uid, NOBODY.gid)
    assert _users.in_charge_of(ours).uid == NOBODY.uid
    assert _users.in_charge_of(mine).uid == NOBODY.uid
    os.symlink("home", os.path.join(tmp_path_of_everyone, "link"))
    assert _users.in_charge_of(os.path.join(tmp_path_of_everyone, "link", "..", "ours")).uid == NOBODY.uid
    os.symlink("round", os.path.join(tmp_path_of_everyone, "round"))
    assert _users.in_charge_of(os.path.join(tmp_path_of_everyone, "round")).uid == 0


@pytest.fixture
def tmp_path_of_everyone(tmpdir):
    """A directory that another user can reach: those that pytest makes are for their owner only."""
    path = tmpdir
    while str(path) not in ("/", "/tmp"):
        os.chmod(str(path), 0o755)
        path = path.dirpath()
    return str(tmpdir)


def identity():
    return os.getresuid(), os.getresgid(), sorted(os.getgroups())


@root_only
@pytest.mark.parametrize("user", [NOBODY, STRANGER])
def test_acting_as_somebody_and_back(user, tmp_path_of_everyone):
    before = identity()
    mine = os.path.join(tmp_path_of_everyone, "mine")
    with _users.acting_as(user):
        assert identity() == ((0, user.uid, 0), (0, user.gid, 0), [user.gid])
        with pytest.raises(EnvironmentError) as caught:
            open(mine, "w").close()
        assert caught.value.errno == errno.EACCES
    assert identity() == before
    open(mine, "w").close()


@root_only
@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt])
def test_back_after_an_error(error):
    before = identity()
    with pytest.raises(error):
        with _users.acting_as(NOBODY):
            raise error()
    assert identity() == before


@root_only
@pytest.mark.parametrize("function", ["initgroups", "setegid", "seteuid"])
def test_back_where_the_kernel_refuses_halfway(function, monkeypatch):
    before = identity()
    real = getattr(os, function)

    def refuse(*arguments):
        if NOBODY.name in arguments or arguments[0] in (NOBODY.uid, NOBODY.gid):
            raise OSError(errno.EPERM, "Operation not permitted")
        return real(*arguments)

    monkeypatch.setattr(os, function, refuse)
    with pytest.raises(_users.UnknownUser) as caught:
        with _users.acting_as(NOBODY):
            raise AssertionError("acting as root")
    assert str(caught.value) == "Cannot act as nobody: Operation not permitted."
    assert identity() == before


@root_only
def test_root_acts_as_root():
    before = identity()
    with _users.acting_as(_users.find("root")):
        assert identity() == before


@root_only
def test_somebody_stays_somebody():
    with _users.acting_as(NOBODY):
        before = identity()
        with _users.acting_as(STRANGER):
            assert identity() == before
        assert identity() == before
