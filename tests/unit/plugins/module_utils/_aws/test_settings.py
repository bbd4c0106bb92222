# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which settings and profiles can be asked for.

What is claimed here about botocore is compared with the real one in tests/botocore.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._aws import settings as _settings

from .documents import refusal


@pytest.mark.parametrize(("value", "text"), [
    (True, u"true"), (False, u"false"), (5, u"5"), (1.5, u"1.5"), ("a b", u"a b"), ("", u""), (u"\u00e9", u"\u00e9"),
    (u"\u00e9".encode("utf-8"), u"\u00e9"),
])  # fmt: skip
def test_values(value, text):
    assert _settings.check_settings({"region": value}, "present") == {"region": text}


@pytest.mark.parametrize(("settings", "reason"), [
    ({}, "empty"),
    ({"s3": {}}, "empty"),
    ({"region": None}, "must be"),
    ({"region": ["a"]}, "must be"),
    ({"s3": {"a": {}}}, "must be"),
    ({"region": "a\n[default]"}, "line end"),
    ({"region": "a\rb"}, "line end"),
    ({"region": u"a\u2028b"}, "line end"),
    ({"region": "a\0"}, "control character"),
    ({"region": " a"}, "blank"),
    ({"region": u"a\u00a0"}, "blank"),
    ({"Region": "a"}, "write region"),
    ({"a b": "a"}, "no name"),
    ({"a=b": "a"}, "no name"),
    ({"#a": "a"}, "no name"),
    ({"[a]": "a"}, "no name"),
    ({"a\nb": "a"}, "no name"),
    ({"": "a"}, "no name"),
    ({"s3": {"a=b": "a"}}, "no name"),
    ({"region": b"\xff"}, "UTF-8"),
])  # fmt: skip
def test_settings_that_botocore_could_not_give_back(settings, reason):
    assert reason in refusal(_settings.check_settings, settings, "present")


@pytest.mark.parametrize("settings", [
    {"aws_access_key_id": "HUSH"},
    {"aws_secret_access_key": "HUSH"},
    {"aws_session_token": "HUSH"},
    {"aws_security_token": "HUSH"},
    {"AWS_SECRET_ACCESS_KEY": "HUSH"},
    {"credential_process": "HUSH"},
    {"web_identity_token_file": "HUSH"},
    {"s3": {"secret": "HUSH"}},
    {"sso_session": "x", "proxy_password": "HUSH"},
    {"aws_session_token": ["HUSH"]},
    {"aws_session_token": {"a": [None, {"b": "HUSH"}]}},
    {"s3": {"deeper": {"token": "HUSH"}}},
])  # fmt: skip
@pytest.mark.parametrize("state", ["present", "absent"])
def test_credentials_are_refused_and_not_told(settings, state):
    with pytest.raises(_settings.SecretRefused) as caught:
        _settings.check_settings(settings, state)
    assert caught.value.texts == ["HUSH"]
    assert "HUSH" not in str(caught.value)


def test_text_of_other_alphabets_in_what_is_refused():
    bytes_or_text = u"h\u00fcsh".encode("utf-8") if str is bytes else u"h\u00fcsh"
    with pytest.raises(_settings.SecretRefused) as caught:
        _settings.check_settings({"s3": {bytes_or_text: 1}, "aws_session_token": bytes_or_text}, "present")
    assert caught.value.texts == [u"h\u00fcsh"]
    assert "no name" in refusal(_settings.check_settings, {"s3": {bytes_or_text: 1}}, "present")


@pytest.mark.parametrize("settings", [{"aws_session_token": []}, {"aws_session_token": None}])
def test_credentials_are_refused_whatever_their_value(settings):
    with pytest.raises(_settings.SecretRefused):
        _settings.check_settings(settings, "absent")


@pytest.mark.parametrize("name", ["role_arn", "credential_source", "source_profile", "sso_session", "tcp_keepalive", "region", "services"])
def test_settings_that_are_no_credentials(name):
    assert not _settings.is_secret(name)


@pytest.mark.parametrize(("profiles", "reason"), [([], "empty"), ([""], "no name"), (["a\nb"], "no name"), (["a\0"], "no name")])
def test_profiles_that_cannot_be(profiles, reason):
    assert reason in refusal(_settings.check_profiles, profiles)
