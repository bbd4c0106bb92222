# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What botocore resolves, and what hides it.

What is claimed here about botocore is compared with the real one in tests/botocore.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._aws import effective
from ansible_collections.longlived.tcp.plugins.module_utils._aws import settings as _settings

from .documents import ON, parse


@pytest.mark.parametrize(("text", "credentials", "settings", "state", "found"), [
    (u"", None, ON, None, {u"tcp_keepalive": None}),
    (u"[default]\ntcp_keepalive = True\n", None, ON, None, {u"tcp_keepalive": u"True"}),
    (u"[default]\ntcp_keepalive = True\n", None, ON, "present", {u"tcp_keepalive": u"True"}),
    (u"[default]\ntcp_keepalive = no\n", None, ON, "present", {u"tcp_keepalive": u"true"}),
    (u"[default]\ntcp_keepalive = no\n", None, ON, "absent", {u"tcp_keepalive": None}),
    (u"[default]\n", u"[default]\ntcp_keepalive = no\n", ON, "present", {u"tcp_keepalive": u"no"}),
    (u"[default]\n", u"[profile default]\ntcp_keepalive = no\n", ON, None, {u"tcp_keepalive": None}),
    (u"[default]\ns3 =\n  a = 1\n  b = 2\n", None, {"s3": {"a": 5}}, "present", {u"s3": {u"a": u"5"}}),
    (u"[default]\ns3 =\n  a = 1\n  b = 2\n", None, {"s3": {"a": 5}}, "absent", {u"s3": {u"a": None}}),
])  # fmt: skip
def test_effective(text, credentials, settings, state, found):
    merged = None if credentials is None else parse(credentials)
    asked = _settings.check_settings(settings, state or "present")
    assert effective.effective(parse(text), ["default"], asked, merged, state) == {"default": found}


def test_a_nested_section_shows_no_credential():
    document = parse("[default]\ns3 =\n  a = 1\n  token = SECRET\n")
    assert effective.effective(document, ["default"], {"s3": None}) == {"default": {"s3": {"a": "1"}}}


def test_a_value_of_several_lines_shows_no_credential():
    document = parse("[default]\ntcp_keepalive = no\n  aws_session_token = SECRET\n")
    assert effective.effective(document, ["default"], {"tcp_keepalive": None}) == {
        "default": {"tcp_keepalive": effective.HIDDEN}
    }


@pytest.mark.parametrize(("credentials", "state", "hidden"), [
    (u"[default]\naws_secret_access_key = x\ntcp_keepalive = false\n", "present", [("default", u"tcp_keepalive", 3)]),
    (u"[default]\ntcp_keepalive = TRUE\n", "present", []),
    (u"[default]\ntcp_keepalive = TRUE\n", "absent", [("default", u"tcp_keepalive", 2)]),
    (u"[b]\ntcp_keepalive = false\n", "present", []),
])  # fmt: skip
def test_hidden_by_the_credentials_file(credentials, state, hidden):
    asked = _settings.check_settings(ON, "present")
    assert list(effective.hidden(parse("[default]\n"), ["default"], asked, parse(credentials), state)) == hidden
