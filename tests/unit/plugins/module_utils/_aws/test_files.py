# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose files are meant, and what botocore resolves there."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils import _users
from ansible_collections.longlived.tcp.plugins.module_utils._aws import environment, files


@pytest.fixture
def homes(monkeypatch, tmpdir):
    monkeypatch.setattr(_users, "find", lambda name: _users.User(name, os.geteuid(), os.getegid(), str(tmpdir.join(name.lower()))))
    monkeypatch.setattr(environment, "PATH", str(tmpdir.join("environment")))
    for name in ("alice", "bob"):
        tmpdir.join(name).mkdir()
    return tmpdir


def test_each_users_file_once(homes):
    targets = files.targets(["alice", "bob", "ALICE"], None)
    assert [target.path for target in targets] == [str(homes.join(name, ".aws", "config")) for name in ("alice", "bob")]
    assert targets[0].credentials == str(homes.join("alice", ".aws", "credentials"))


def test_one_file_instead_of_users(tmpdir):
    (target,) = files.targets(["alice"], str(tmpdir.join("config")))
    assert (target.path, target.credentials) == (str(tmpdir.join("config")), None)


def test_what_botocore_resolves(homes):
    homes.join("bob", ".aws", "config").write("[default]\ntcp_keepalive = true\n", ensure=True)
    rows = files.effective_rows(["alice", "bob"])
    assert [(row["user"], row["exists"], row["effective"]["default"]["tcp_keepalive"]) for row in rows] == [
        ("alice", False, None), ("bob", True, "true"),
    ]  # fmt: skip


def test_what_the_system_refuses_is_a_sentence(homes):
    (target,) = files.targets(["alice"], None)
    with pytest.raises(files.SafeFileError) as error:
        with files.rights_of(target):
            raise OSError(20, "Not a directory")
    assert str(error.value).startswith("Cannot use %s: Not a directory" % target.path)
