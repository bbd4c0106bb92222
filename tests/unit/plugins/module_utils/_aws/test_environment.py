# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What /etc/environment keeps botocore from."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
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


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("BOTOCORE_TCP_KEEPALIVE=true\n", None),
        ("BOTOCORE_TCP_KEEPALIVE=false\n", "hides tcp_keepalive of every profile in botocore: remove it there."),
        ("AWS_CONFIG_FILE=~/.aws/config\n", None),
        ("AWS_CONFIG_FILE=/etc/aws\n", "AWS_CONFIG_FILE has botocore read /etc/aws instead of /home/me/.aws/config."),
    ],
)
def test_what_hides_a_setting(written, content, says):
    written.write(content)
    warnings = environment.hiding({"tcp_keepalive": u"true"}, "/home/me", "/home/me/.aws/config")
    assert len(warnings) == (1 if says else 0)
    assert not says or warnings[0].endswith(says)


def test_no_file_hides_nothing(written):
    assert environment.hiding({"tcp_keepalive": u"true"}, "/home/me", None) == []
