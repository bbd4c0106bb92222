# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What /etc/environment keeps botocore from."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils import _users
from ansible_collections.longlived.tcp.plugins.module_utils._aws import environment


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", {}),
        (b"# A=1\n", {}),
        (b"A=1\nexport A=2\n", {"A": ("2", 2)}),
        (b"A='false' # no\n", {"A": ("false", 1)}),
        (b'A="x"\n', {"A": ("x", 1)}),
    ],
)
def test_variables(content, found):
    assert environment.read(content) == found


@pytest.fixture
def written(monkeypatch, tmpdir):
    monkeypatch.setattr(environment, "PATH", str(tmpdir.join("environment")))
    return tmpdir.join("environment")


def of(home="/home/me"):
    return environment.Environment.of(_users.User("me", 1, 1, home))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("BOTOCORE_TCP_KEEPALIVE=true\n", None),
        ("BOTOCORE_TCP_KEEPALIVE=false\n", "hides tcp_keepalive of every profile in botocore: remove it there."),
    ],
)
def test_what_hides_a_setting(written, content, says):
    written.write(content)
    warnings = of().hiding({"tcp_keepalive": u"true"})
    assert len(warnings) == (1 if says else 0)
    assert not says or warnings[0].endswith(says)


def test_no_file_hides_nothing(written):
    assert of().hiding({"tcp_keepalive": u"true"}) == []
    assert (of().config, of().credentials, of().active_profile) == ("/home/me/.aws/config", "/home/me/.aws/credentials", "default")


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("/etc/aws", "/etc/aws"),
        ("~/.aws/config", "/home/me/.aws/config"),
        ("$HOME/x", "/home/me/x"),
        ("${HOME}/x", "/home/me/x"),
        ("~root/x", "/root/x"),
        ("~no-such-user/x", "/home/me/~no-such-user/x"),
        ("/srv/$USER/x", "/srv/me/x"),
        ("/srv/$OTHER/x", "/srv/other/x"),
        ("/srv/$NOTHING/x", "/srv/$NOTHING/x"),
        ("", "/home/me/.aws/config"),
    ],
)
def test_where_a_file_is(written, value, path):
    written.write("OTHER=other\nAWS_CONFIG_FILE=%s\nAWS_SHARED_CREDENTIALS_FILE=%s\n" % (value, value))
    assert of().config == path
    assert of().credentials == (path if value else path.replace("config", "credentials"))
    assert bool(of().moved("/home/me/.aws/config")) is (path != "/home/me/.aws/config")


def test_the_same_file_by_another_name(written, tmpdir):
    tmpdir.join(".aws", "config").write("", ensure=True)
    tmpdir.join("link").mksymlinkto(tmpdir.join(".aws", "config"))
    written.write("AWS_CONFIG_FILE=%s\n" % tmpdir.join("link"))
    assert of(str(tmpdir)).moved(str(tmpdir.join(".aws", "config"))) == []


@pytest.mark.parametrize(
    ("content", "active", "variables"),
    [
        ("AWS_PROFILE=prod\n", "prod", ["AWS_PROFILE"]),
        ("AWS_DEFAULT_PROFILE=prod\n", "prod", ["AWS_DEFAULT_PROFILE"]),
        ("AWS_PROFILE=a\nAWS_DEFAULT_PROFILE=b\n", "b", ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"]),
    ],
)
def test_the_active_profile(written, content, active, variables):
    written.write(content)
    assert of().active_profile == active
    assert [variable for _profile, variable, _line in of().profiles()] == variables


def test_a_link_that_changes_between_two_looks_moves_nothing(written, monkeypatch):
    leads_to = iter(range(9))
    monkeypatch.setattr(environment.os.path, "realpath", lambda path: "%s%d" % (path, next(leads_to)))
    assert of().moved("/home/me/.aws/config") == []
