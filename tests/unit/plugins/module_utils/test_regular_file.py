# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file as it was found, and what is refused."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import pwd
import shutil
import tempfile

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils import _regular_file, _users


def refusal(path):
    with pytest.raises(_regular_file.SafeFileError) as error:
        _regular_file.read(str(path))
    return str(error.value)


def test_a_file_and_a_link_to_it(tmpdir):
    path, link = tmpdir.join("x.conf"), tmpdir.join("link.conf")
    path.write("old\n")
    os.symlink(str(path), str(link))
    for name in (path, link):
        found = _regular_file.read(str(name))
        assert (found.path, found.content) == (os.path.realpath(str(path)), b"old\n")
        assert found.identity == _regular_file.read(str(path)).identity


def test_a_file_that_is_missing(tmpdir):
    found = _regular_file.read(str(tmpdir.join("x.conf")))
    assert (found.content, found.stat, found.identity) == (None, None, None)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (os.mkdir, "is a directory, where a file is needed."),
        (os.mkfifo, "is not a regular file."),
        (lambda path: os.symlink("nowhere", path), "which does not exist: create that file or remove the link."),
        (lambda path: os.symlink(os.path.basename(path), path), "is a link that leads back to itself: remove it."),
        (lambda path: os.symlink("/dev/null", path), "is not a regular file."),
        # Says that it has 0 bytes, and would fill the memory.
        (lambda path: os.symlink("/proc/self/pagemap", path), "so it is no configuration file: look at it by hand."),
    ],
)
def test_what_is_refused(tmpdir, make, says):
    path = tmpdir.join("x.conf")
    make(str(path))
    assert refusal(path).endswith(says)


def test_a_relative_name():
    assert refusal("x.conf") == "x.conf is not an absolute path."


@pytest.mark.parametrize(("number", "remedy"), sorted(_regular_file._REMEDIES.items()))
def test_what_the_system_refuses_has_its_remedy(number, remedy):
    message = str(_regular_file.because("write", "/x", OSError(number, os.strerror(number))))
    assert message == "Cannot write /x: %s%s." % (os.strerror(number), remedy)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of root's")
@pytest.mark.parametrize(("directory", "file", "named"), [(0o755, 0o600, "config"), (0o700, 0o644, "")])
def test_a_file_of_another_user_names_the_owner(directory, file, named):
    root = tempfile.mkdtemp()
    path, daemon = os.path.join(root, "d", "config"), pwd.getpwuid(1)
    try:
        os.mkdir(os.path.dirname(path))
        open(path, "w").close()
        os.chmod(root, 0o755)
        os.chmod(path, file)
        os.chmod(os.path.dirname(path), directory)
        with _users.acting_as(_users.User(daemon.pw_name, 1, daemon.pw_gid, None)):
            with pytest.raises(_regular_file.SafeFileError) as error:
                _regular_file.read(path)
        what = os.path.join(root, "d", named).rstrip("/")
        assert str(error.value) == (
            "Cannot read %s: Permission denied; %s belongs to root: give it to %s (chown %s %s)."
            % (path, what, daemon.pw_name, daemon.pw_name, what)
        )
    finally:
        shutil.rmtree(root)
