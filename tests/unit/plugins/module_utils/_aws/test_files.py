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


def test_a_user_without_a_home_is_named(monkeypatch):
    monkeypatch.setattr(_users, "find", lambda name: _users.User(name, 1, 1, ""))
    with pytest.raises(_users.UnknownUser) as error:
        files.targets(["alice"], None)
    assert str(error.value).startswith("The password database gives alice no home directory: ")


def looked(homes, **written):
    for name, text in written.items():
        homes.join("environment" if name == "environment" else "bob/.aws/" + name).write(text, ensure=True)
    warnings = []
    (row,) = files.effective_rows(["bob"], warn=warnings.append)
    return row, warnings


KEPT = "[default]\ntcp_keepalive = true\n"


def test_the_active_profile_is_another_one(homes):
    row, (warning,) = looked(homes, config=KEPT, environment="X=1\nAWS_PROFILE=prod\n")
    assert row["active_profile"] == "prod"
    assert warning.endswith(
        ", line 2: AWS_PROFILE makes prod the active profile of bob, in which tcp_keepalive is not so: add it to the profiles."
    )
    row, warnings = looked(homes, config=KEPT + "[profile prod]\ntcp_keepalive = true\n")
    assert (row["active_profile"], warnings) == ("prod", [])


def test_a_moved_config_file_is_what_counts(homes):
    other = homes.join("other")
    other.write("[default]\ntcp_keepalive = false\n")
    row, (warning,) = looked(homes, config=KEPT, environment="AWS_CONFIG_FILE=%s\n" % other)
    assert (row["path"], row["effective"]) == (str(other), {"default": {"tcp_keepalive": "false"}})
    assert "AWS_CONFIG_FILE has botocore read %s instead of " % other in warning


def test_a_moved_credentials_file_is_what_counts(homes):
    homes.join("other").write("[default]\ntcp_keepalive = false\n")
    row, warnings = looked(
        homes,
        config=KEPT,
        credentials=KEPT,
        environment="AWS_SHARED_CREDENTIALS_FILE=%s\nAWS_CONFIG_FILE=~/.aws/config\n" % homes.join("other"),
    )
    assert (row["effective"]["default"]["tcp_keepalive"], warnings) == ("false", [])
