# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The unit and its script, in a directory that stands for the host."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import stat

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._bpf import boot


@pytest.fixture
def root(monkeypatch, tmpdir):
    for name in ("system", "lib"):
        tmpdir.join(name).mkdir()
    monkeypatch.setattr(boot, "UNIT", str(tmpdir.join("system", "keepalive.service")))
    monkeypatch.setattr(boot, "LINK", str(tmpdir.join("system", "sysinit.target.wants", "keepalive.service")))
    monkeypatch.setattr(boot, "DIRECTORIES", (str(tmpdir.join("lib", "own")), str(tmpdir.join("etc"))))
    monkeypatch.setattr(boot, "INTERPRETERS", (("/bin/sh", "-I"),))
    monkeypatch.setattr(boot, "_check_owners", lambda path: None)
    monkeypatch.setattr(boot, "_is_of_the_system", lambda directory: True)
    monkeypatch.setattr(boot, "_has_systemd", lambda: True)
    return tmpdir


def apply(arguments):
    decision = boot.decide(arguments)
    with boot.applied(decision):
        pass
    return decision


def files(root):
    return sorted(str(found.relto(root)) for found in root.visit(lambda path: path.check(file=1) or path.check(link=1)))


def test_made_and_made_again(root):
    old = os.umask(0o077)
    try:
        assert boot.changed(apply("connect4 45/45/9 311"))
    finally:
        os.umask(old)
    assert files(root) == ["lib/own/keepalive_default.py", "system/keepalive.service", "system/sysinit.target.wants/keepalive.service"]
    modes = [stat.S_IMODE(os.stat(str(root.join(*path.split("/")))).st_mode) for path in files(root)]
    assert modes == [0o755, 0o644, 0o644]
    script = str(root.join("lib", "own", "keepalive_default.py"))
    assert "ExecStart=/bin/sh -I %s attach connect4 45/45/9 311\n" % script in root.join("system", "keepalive.service").read()
    assert boot.state() == dict(unit=boot.UNIT, script=script, enabled=True)
    assert not boot.changed(boot.decide("connect4 45/45/9 311"))
    assert boot.changed(boot.decide("connect4 30/30/9 311"))


def test_a_script_that_was_changed_is_not_ours(root):
    apply("x")
    root.join("lib", "own", "keepalive_default.py").write("changed")
    assert boot.state()["script"] is None
    assert boot.changed(boot.decide("x"))


def test_taken_away(root):
    apply("x")
    assert boot.changed(apply(None))
    assert files(root) == [] and not root.join("lib", "own").check()
    assert not boot.changed(boot.decide(None))


@pytest.mark.parametrize("before", [None, "x"])
@pytest.mark.parametrize("after", [None, "y"])
def test_undone_where_the_block_raises(root, before, after):
    if before:
        apply(before)
    state = [(path, root.join(*path.split("/")).read()) for path in files(root)]
    with pytest.raises(ValueError):
        with boot.applied(boot.decide(after)):
            raise ValueError()
    assert [(path, root.join(*path.split("/")).read()) for path in files(root)] == state


def test_without_a_python(root, monkeypatch):
    monkeypatch.setattr(boot, "INTERPRETERS", (("/nowhere/python3", "-I"),))
    with pytest.raises(boot.BootError) as error:
        boot.decide("x")
    assert str(error.value) == "No Python for the boot: none of /nowhere/python3 is there."


@pytest.mark.parametrize(
    ("directories", "installed", "has"),
    [
        (["/run/systemd/system"], False, True),
        (["/etc/systemd/system"], True, True),
        # As Debian with another init.
        (["/etc/systemd/system"], False, False),
        ([], True, False),
    ],
)
def test_whose_the_next_boot_is(monkeypatch, directories, installed, has):
    monkeypatch.setattr(boot.os.path, "isdir", directories.__contains__)
    monkeypatch.setattr(boot, "SYSTEMD", ["/"] if installed else ["/nowhere"])
    assert boot._has_systemd() is has


def test_without_systemd(root, monkeypatch):
    monkeypatch.setattr(boot, "_has_systemd", lambda: False)
    with pytest.raises(boot.BootError) as error:
        boot.decide("x")
    assert str(error.value) == (
        "This host has no systemd, which would attach the programs at boot: attach them by the module socket_keepalive_default with"
        " at_boot: false."
    )


def test_taken_away_from_wherever_it_is(root):
    apply("x")
    root.join("etc").mkdir()
    root.join("etc", "keepalive_default.py").write("")
    apply(None)
    assert files(root) == [] and not root.join("lib", "own").check() and not root.join("etc").check()


def test_a_file_system_that_is_mounted_later(root, monkeypatch):
    """As /usr/local from the network: to wait for it at the boot is a cycle."""
    monkeypatch.setattr(boot, "_is_of_the_system", lambda directory: False)
    assert boot.decide("x").directory == str(root.join("etc"))


def test_what_no_boot_has_to_wait_for():
    assert boot._is_of_the_system("/usr") and boot._is_of_the_system("/")
    assert not boot._is_of_the_system("/proc")


class _Os(object):
    """The module, with a stat(2) that says something else."""

    def __init__(self, stat):
        self.stat = stat

    def __getattr__(self, name):
        return getattr(os, name)


@pytest.fixture
def roots(monkeypatch, tmpdir):
    """A directory, and all above it are taken for root's."""
    above = [str(one) for one in tmpdir.parts()]
    monkeypatch.setattr(boot, "os", _Os(lambda path: os.stat("/usr" if os.path.realpath(path) in above else path)))
    tmpdir.join("lib").mkdir()
    tmpdir.join("lib", "script.py").write("")
    for path in ("lib", "lib/script.py"):
        os.chmod(str(tmpdir.join(path)), 0o755)
        if os.geteuid() != 0:
            pytest.skip("what it makes has to be root's")
    return tmpdir


def others_may_write(path, to):
    with pytest.raises(boot.BootError) as error:
        boot._check_owners(str(path))
    assert str(error.value).startswith("%s may be written by others than root" % to)


@pytest.mark.parametrize("which", ["lib", "lib/script.py"])
@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_where_others_may_write(roots, which, mode):
    script = roots.join("lib", "script.py")
    boot._check_owners(str(script))
    os.chmod(str(roots.join(which)), mode)
    others_may_write(script, to=roots.join(which))


def test_what_is_anothers(roots):
    os.chown(str(roots.join("lib", "script.py")), 1, 0)
    others_may_write(roots.join("lib", "script.py"), to=roots.join("lib", "script.py"))


@pytest.mark.parametrize("linked", ["lib", "lib/script.py"])
def test_where_others_may_write_behind_a_link(roots, linked):
    roots.join("home").mkdir()
    roots.join(linked).move(roots.join("home", "there"))
    roots.join(linked).mksymlinkto("home/there" if linked == "lib" else "../home/there")
    os.chmod(str(roots.join("home")), 0o755)
    boot._check_owners(str(roots.join("lib", "script.py")))
    os.chown(str(roots.join("home")), 1, 1)
    others_may_write(roots.join("lib", "script.py"), to=roots.join("home"))
