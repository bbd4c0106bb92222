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
def test_login(environ, name, monkeypatch):
    monkeypatch.setattr(_users, "recorded_login", lambda: None)
    assert _users.find("@login", environ).name == name


@pytest.mark.parametrize(("environ", "recorded", "name"), [
    ({}, NOBODY.uid, "nobody"),
    ({}, 0, "root"),
    ({"USER": "root", "SUDO_USER": ""}, NOBODY.uid, "nobody"),
    ({"SUDO_USER": "root"}, NOBODY.uid, "root"),
    ({"DOAS_USER": "root"}, NOBODY.uid, "root"),
    ({}, STRANGER.uid, pwd.getpwuid(os.geteuid()).pw_name),
])  # fmt: skip
def test_login_as_the_kernel_recorded_it(environ, recorded, name, monkeypatch):
    monkeypatch.setattr(_users, "recorded_login", lambda: recorded)
    assert _users.find("@login", environ).name == name


INITIAL = "         0          0 4294967295\n"


@pytest.mark.parametrize(("files", "recorded"), [
    ({}, 1000),
    ({"proc/self/loginuid": "0"}, 0),
    ({"proc/self/loginuid": "4294967295"}, None),
    ({"proc/self/loginuid": "4294967294"}, 4294967294),
    ({"proc/self/loginuid": None}, None),
    ({"proc/self/loginuid": ""}, None),
    ({"proc/self/uid_map": "         0     100000      65536\n"}, None),
    ({"proc/self/uid_map": "         0          0      65536\n"}, None),
    ({"proc/self/uid_map": "         0       1000          1\n         1     100000      65536\n"}, None),
    ({"proc/self/uid_map": None}, None),
    ({"run/systemd/container": "systemd-nspawn"}, None),
    ({"run/.containerenv": ""}, None),
    ({".dockerenv": ""}, None),
    ({"proc/1/environ": "TERM=linux\0container=lxc\0"}, None),
    ({"proc/1/environ": "container=lxc\0"}, None),
    ({"proc/1/environ": "HOME=/\0init=container=\0TERM=linux\0"}, 1000),
    ({"proc/1/environ": None}, 1000),
])  # fmt: skip
def test_what_the_kernel_recorded(files, recorded, tmpdir):
    usual = {"proc/self/uid_map": INITIAL, "proc/self/loginuid": "1000", "proc/1/environ": "HOME=/\0TERM=linux\0"}
    for name, text in dict(usual, **files).items():
        if text is not None:
            tmpdir.join(name).write(text, ensure=True)
    assert _users.recorded_login(str(tmpdir)) == recorded


def read(path):
    with open(path) as stream:
        return stream.read()


@root_only
def test_a_login_that_the_kernel_recorded(monkeypatch):
    """As after ssh and su: in a child, since a login is recorded once and for all."""
    if not os.path.exists("/proc/self/loginuid"):
        pytest.skip("this kernel records no logins")
    if read("/proc/self/loginuid") != str(_users.NO_LOGIN) or read("/proc/self/uid_map").split() != INITIAL.split():
        pytest.skip("a login is recorded here already, or this is no initial user namespace")
    monkeypatch.setattr(_users, "_in_container", lambda root: False)
    assert _users.find("@login", {}).uid == 0
    child = os.fork()
    if child == 0:
        try:
            with open("/proc/self/loginuid", "w") as stream:
                stream.write(str(NOBODY.uid))
            os._exit(_users.find("@login", {}).name != "nobody")
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0


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
    assert str(caught.value) == "Cannot act as nobody: Operation not permitted; run where root may change its user."
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
