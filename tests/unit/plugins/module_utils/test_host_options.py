# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the options of a task mean."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._host_options import idle_timeout, new_sockets, users


@pytest.mark.parametrize(
    ("options", "whose"),
    [
        (dict(aws_users=["alice"], aws_users_default=[], parts=["aws"]), (["alice"], True)),
        (dict(aws_users=[], aws_users_default=["@login"], parts=["aws"]), (["@login"], False)),
        (dict(aws_users=[], aws_users_default=[], parts=["aws"]), ([], False)),
        (dict(aws_users=["alice"], aws_users_default=[], parts=["sysctl"]), ([], False)),
    ],
)
def test_whose_files_are_meant(options, whose):
    assert users(options) == whose


def test_what_the_path_is_measured_against():
    assert [idle_timeout(dict(path=path)) for path in ([], [60], ["60"])] == [350, 60, 60]


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        (dict(), None),
        (dict(new_sockets="connect"), "connect"),
        (dict(new_sockets="absent"), "absent"),
        (dict(new_sockets="connect", parts=["sysctl"]), None),
        # A rollback takes out what is there.
        (dict(state="absent"), "absent"),
        (dict(state="absent", new_sockets="connect"), "absent"),
    ],
)
def test_what_is_asked_for_new_connections(options, asked):
    assert new_sockets(dict(dict(state="present", new_sockets="leave", parts=["new_sockets"]), **options)) == asked
