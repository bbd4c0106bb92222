# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables of files: what botocore reads in them, what an edit makes of them, what is refused.

What is claimed here about botocore is compared with the real one in tests/botocore.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


import pytest
from ansible_collections.longlived.tcp.plugins.module_utils import _aws_config, _aws_config_edit, _aws_effective, _aws_settings
from ansible_collections.longlived.tcp.plugins.module_utils._aws_text import AwsConfigError

ON = {"tcp_keepalive": True}


def parse(text):
    return _aws_config.parse(None if text is None else text.encode("utf-8"), "config")


def edit(text, profiles, settings, state="present"):
    """The text after an edit; the same text if nothing is to be changed."""
    document = parse(text)
    edited = _aws_config_edit.edit(document, profiles, _aws_settings.check_settings(settings, state), state)
    if not edited.changed:
        return text
    return None if edited.content is None else edited.content.decode("utf-8")


def refusal(function, *arguments):
    with pytest.raises(AwsConfigError) as caught:
        function(*arguments)
    return str(caught.value)


# --- reading -----------------------------------------------------------------------------------

READ = [
    ("[default]\nregion = a\n", {"default": {"region": "a"}}),
    ("[default]\nREGION: a\n", {"default": {"region": "a"}}),
    ("[default] # why\nregion=a # b\n", {"default": {"region": "a # b"}}),
    ("[profile default]\nregion = a\n[default]\nregion = b\n", {"default": {"region": "b"}}),
    ("[default]\nregion = b\n[profile default]\noutput = a\n", {"default": {"output": "a"}}),
    ("[ default ]\nregion = a\n", {}),
    ("[profile\ta]\nregion = a\n", {"a": {"region": "a"}}),
    ("[profile 'a b']\nregion = a\n", {"a b": {"region": "a"}}),
    ("[profile a\\ b]\nregion = a\n", {"a b": {"region": "a"}}),
    ('[profile "a]b"]\nregion = a\n', {"a]b": {"region": "a"}}),
    ('[profile "a]\nregion = a\n[profile a b]\n[profile]\n[sso-session a]\n[services a]\n[plugins]\n', {}),
    (u"[profile \u00e9]\nregion = \u00fc\n", {u"\u00e9": {"region": u"\u00fc"}}),
    ("[default]\ns3 =\n  a = 1\n  # no\n\n  tcp_keepalive = true\n", {"default": {"s3": {"a": "1", "tcp_keepalive": "true"}}}),
    ("[default]\nregion = a\n  [profile b]\n", {"default": {"region": "a\n[profile b]"}}),
    ("  [default]\n  region = a\noutput = b\n", {"default": {"region": "a", "output": "b"}}),
    ("[default]\r\nregion = a\r\n\r\n", {"default": {"region": "a"}}),
    ("[default]\rregion = a\r", {"default": {"region": "a"}}),
    ("[DEFAULT]\noutput = a\n[default]\n", {"default": {"output": "a"}}),
    (u"[default]\nregion\u00a0=\u00a0a\u00a0\n", {"default": {"region": "a"}}),
    (u"[default]\nre\u0130ion = a\n", {"default": {u"rei\u0307ion": "a"}}),
    ("# only a comment", {}),
    ("", {}),
]


@pytest.mark.parametrize(("text", "profiles"), READ)
def test_what_botocore_reads(text, profiles):
    document = parse(text)
    assert dict((name, document.resolve(name)) for name in document.profiles()) == profiles


@pytest.mark.parametrize(("content", "line", "reason"), [
    (b"region = a\n", 1, "no section header"),
    (b"\n\xef\xbb\xbf[default]\n", 2, "no section header"),
    (b"[default]\nSECRET\n", 2, "neither"),
    (b"[default]\n= SECRET\n", 2, "neither"),
    (b"[]\n", 1, "no section header"),
    (b"[default]\na = 1\n[b]\n[default]\n", 4, "same section as line 1"),
    (b"[default]\na = 1\nA: SECRET\n", 3, "setting of line 2"),
    (b"[DEFAULT]\na = 1\n[b]\n[DEFAULT]\na = SECRET\n", 5, "setting of line 2"),
    (b"[default]\ns3 =\n  a = 1\n  SECRET\n", 4, "nested section of line 2"),
    (b"[default]\na = 1\nregion = \xe9\n", 3, "UTF-8"),
    (b"[default]\r\nregion = \xed\xa0\x80\r\n", 2, "UTF-8"),
    (u"[default]\n".encode("utf-16"), 1, "UTF-8"),
])  # fmt: skip
def test_what_botocore_refuses_is_refused_with_its_line(content, line, reason):
    message = refusal(_aws_config.parse, content, "/home/a/config")
    assert message.startswith("/home/a/config, line %d: botocore cannot read this file: " % line)
    assert reason in message
    assert "SECRET" not in message


# --- editing -----------------------------------------------------------------------------------

ADDED = "# Added by longlived.tcp\n"

# (before, profiles, settings, after); `absent` makes the first of the last where `back` says so.
PRESENT = [
    # no file, an empty file, a missing section
    (None, ["default"], ON, ADDED + u"[default]\ntcp_keepalive = true\n"),
    (u"", ["default"], ON, ADDED + u"[default]\ntcp_keepalive = true"),
    (u"[a]\nb=1\n", ["x"], ON, u"[a]\nb=1\n\n" + ADDED + u"[profile x]\ntcp_keepalive = true\n"),
    (u"[a]\nb=1", ["x"], ON, u"[a]\nb=1\n\n" + ADDED + u"[profile x]\ntcp_keepalive = true"),
    (u"[a]\r\nb=1\r\n", ["x y"], ON, u"[a]\r\nb=1\r\n\r\n# Added by longlived.tcp\r\n[profile \"x y\"]\r\ntcp_keepalive = true\r\n"),
    (None, ["q\"\\'"], ON, ADDED + u"[profile \"q\\\"\\\\'\"]\ntcp_keepalive = true\n"),
    (u"[ default ]\n", ["default"], ON, u"[ default ]\n\n" + ADDED + u"[default]\ntcp_keepalive = true\n"),
    # behind the last setting, before what belongs to the next section
    (u"[default]\nregion = a\n\n# b\n[b]\n", ["default"], ON, u"[default]\nregion = a\ntcp_keepalive = true\n\n# b\n[b]\n"),
    (u"[default]\n", ["default"], ON, u"[default]\ntcp_keepalive = true\n"),
    (u"[default]", ["default"], ON, u"[default]\ntcp_keepalive = true"),
    (u"[default]\nregion = a", ["default"], ON, u"[default]\nregion = a\ntcp_keepalive = true"),
    (u"[default]\r\nregion = a\r\n", ["default"], ON, u"[default]\r\nregion = a\r\ntcp_keepalive = true\r\n"),
    # never into a nested section, nor so that something becomes part of ours
    (u"[default]\ns3 =\n  a = 1\n", ["default"], ON, u"[default]\ns3 =\n  a = 1\ntcp_keepalive = true\n"),
    (u"[default]\n  s3 =\n    tcp_keepalive = 1\n", ["default"], ON, u"[default]\n  s3 =\n    tcp_keepalive = 1\n  tcp_keepalive = true\n"),
    (u"[default]\n\t[b]\n\tc = 1\n", ["default"], ON, u"[default]\n\ttcp_keepalive = true\n\t[b]\n\tc = 1\n"),
    # the section that counts
    (u"[default]\na=1\n[profile default]\nb=1\n", ["default"], ON, u"[default]\na=1\n[profile default]\nb=1\ntcp_keepalive = true\n"),
    (u"[profile 'a b']\n", ["a b"], ON, u"[profile 'a b']\ntcp_keepalive = true\n"),
    # several at once
    (
        u"[default]\nregion = a\n[sso-session s]\nx = 1\n[profile b]\n", ["*"], ON,
        u"[default]\nregion = a\ntcp_keepalive = true\n[sso-session s]\nx = 1\n[profile b]\ntcp_keepalive = true\n",
    ),
    # nested
    (u"[default]\n", ["default"], {"s3": {"b": 1, "a": ""}}, u"[default]\ns3 =\n    a =\n    b = 1\n"),
    (u"[default]\ns3=\n\tx = 1\n\n", ["default"], {"s3": {"a": 5}}, u"[default]\ns3=\n\tx = 1\n\ta = 5\n\n"),
    (u"[default]\ns3 =\n  x = 1", ["default"], {"s3": {"a": 5}, "region": "b"}, u"[default]\ns3 =\n  x = 1\n  a = 5\nregion = b"),
    (u"[default]\ns3 =\noutput = x\n", ["default"], {"s3": {"a": 5}}, u"[default]\ns3 =\n  a = 5\noutput = x\n"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "profiles", "settings", "after"), PRESENT)
def test_present_and_back(before, profiles, settings, after):
    assert edit(before, profiles, settings) == after
    assert edit(after, profiles, settings) == after
    assert edit(after, profiles, settings, "absent") == before


@pytest.mark.parametrize(("before", "settings", "after"), [
    (u"[default]\ntcp_keepalive = false\n", ON, u"[default]\ntcp_keepalive = true\n"),
    (u"[default]\nTCP_KeepAlive:\tfalse \t\r\n", ON, u"[default]\nTCP_KeepAlive:\ttrue \t\r\n"),
    (u"[default]\ntcp_keepalive = true # why\n", ON, u"[default]\ntcp_keepalive = true\n"),
    (u"[default]\ntcp_keepalive=\nb=1\n", ON, u"[default]\ntcp_keepalive=true\nb=1\n"),
    (u"[default]\ntcp_keepalive =\nb=1\n", ON, u"[default]\ntcp_keepalive = true\nb=1\n"),
    (u"[default]\ntcp_keepalive = a\n# c\n  b\n\nx = 1\n", ON, u"[default]\ntcp_keepalive = true\n# c\n\nx = 1\n"),
    (u"[default]\ntcp_keepalive = TRUE\n", ON, u"[default]\ntcp_keepalive = TRUE\n"),
    (u"[DEFAULT]\ntcp_keepalive = true\n[default]\n", ON, u"[DEFAULT]\ntcp_keepalive = true\n[default]\n"),
    (u"[DEFAULT]\ntcp_keepalive = false\n[default]\n", ON, u"[DEFAULT]\ntcp_keepalive = false\n[default]\ntcp_keepalive = true\n"),
    (u"[default]\nregion = a\n  b", {"region": "c", "output": "d"}, u"[default]\nregion = c\noutput = d"),
    (u"[default]\ns3 =\n a = 1\n # c\n a = 2\n b = 3\n", {"s3": {"a": 5}}, u"[default]\ns3 =\n a = 1\n # c\n a = 5\n b = 3\n"),
    (u"[default]\nregion = \n", {"region": ""}, u"[default]\nregion = \n"),
    (u"[default]\nregion = a\n", {"region": ""}, u"[default]\nregion = \n"),
    (u"[default]\n", {"region": "; a = #%(b)s"}, u"[default]\nregion = ; a = #%(b)s\n"),
])  # fmt: skip
def test_present_where_the_setting_is(before, settings, after):
    assert edit(before, ["default"], settings) == after
    assert edit(after, ["default"], settings) == after


@pytest.mark.parametrize(("before", "profiles", "settings", "after"), [
    (None, ["default", "*"], ON, None),
    (u"[default]\nregion = a\n", ["default", "b"], ON, u"[default]\nregion = a\n"),
    # a section that somebody else wrote stays, with its comments
    (u"[default]\ntcp_keepalive = true\n", ["default"], ON, u"[default]\n"),
    (u"[default]\ntcp_keepalive = a\n# c\n  b\n\nx = 1\n", ["default"], ON, u"[default]\n# c\n\nx = 1\n"),
    (ADDED + u"[default]\ntcp_keepalive = true\nregion = a\n", ["default"], ON, ADDED + u"[default]\nregion = a\n"),
    (ADDED + u"[default]\ntcp_keepalive = true\n# mine\n", ["default"], ON, u"# mine\n"),
    # the section that it hides would come to light
    (
        u"[default]\na = 1\n\n" + ADDED + u"[profile default]\ntcp_keepalive = true\n", ["default"], ON,
        u"[default]\na = 1\n\n" + ADDED + u"[profile default]\n",
    ),
    # two of three that were added
    (
        u"[a]\n\n" + ADDED + u"[profile b]\ntcp_keepalive = true\n\n" + ADDED + u"[profile c]\ntcp_keepalive = true\n", ["b"], ON,
        u"[a]\n\n" + ADDED + u"[profile c]\ntcp_keepalive = true\n",
    ),
    # nested: only what was named, unless the name is that of the whole
    (u"[default]\ns3 =\n  a = 1\n  b = 2\n  a = 3\n", ["default"], {"s3": {"a": None}}, u"[default]\ns3 =\n  b = 2\n"),
    (u"[default]\ns3 =\n  a = 1\n", ["default"], {"s3": {"a": None}}, u"[default]\ns3 =\n"),
    (u"[default]\ns3 =\n  a = 1\n  b = 2\nx = 1\n", ["default"], {"s3": None}, u"[default]\nx = 1\n"),
    (u"[default]\ns3 = x\n", ["default"], {"s3": {"a": 1}}, u"[default]\ns3 = x\n"),
])  # fmt: skip
def test_absent(before, profiles, settings, after):
    assert edit(before, profiles, settings, "absent") == after
    assert edit(after, profiles, settings, "absent") == after


@pytest.mark.parametrize(("text", "settings", "state", "reason"), [
    (u"[default]\ns3 =\n  a = 1\n", {"s3": True}, "present", "line 2: s3 is a nested section"),
    (u"[default]\ns3 = x\n", {"s3": {"a": 1}}, "present", "line 2: s3 has a value"),
    (u"[DEFAULT]\ns3 =\n  b = 1\n[default]\n", {"s3": {"a": 1}}, "present", "line 2: [DEFAULT] gives s3"),
    (u"[DEFAULT]\ntcp_keepalive = true\n[default]\n", ON, "absent", "line 2: [DEFAULT] gives tcp_keepalive"),
    (u"[default]\ns3 =\n  a = 1\x0cb = 2\n", {"s3": {"a": 5}}, "present", "line 3: it holds several settings"),
    # Lines that an accident of indentation makes part of a value: neither removed nor shown.
    (u"[default]\ntcp_keepalive = no\n\n  aws_session_token = HUSH\n", ON, "present", "line 4: this line looks like a credential"),
    (u"[default]\ntcp_keepalive = no\n  aws_session_token = HUSH\n", ON, "absent", "line 3: this line looks like a credential"),
    (u"[default]\ns3 =\n  token = HUSH\n", {"s3": None}, "absent", "line 3: this line looks like a credential"),
    # To botocore with Python 3.9 a section that was added would be this one again, and the file unreadable.
    (u"[default] # see [1]\nregion = a\n", ON, "present", "line 1: with Python 3.9 and older botocore takes this header for the one of"),
])  # fmt: skip
def test_what_cannot_be_done_is_refused_with_its_line(text, settings, state, reason):
    message = refusal(edit, text, ["default"], settings, state)
    assert reason in message and "HUSH" not in message


def test_a_diff_holds_headers_and_changed_lines_only():
    text = "[default]\naws_secret_access_key = SECRET\ntcp_keepalive = no\n[profile b]\naws_session_token = SECRET\n[profile c]\n"
    edited = _aws_config_edit.edit(parse(text), ["default", "b", "d"], _aws_settings.check_settings(ON, "present"), "present")
    assert edited.before == "[default]\ntcp_keepalive = no\n[profile b]\n"
    assert edited.after == (
        "[default]\ntcp_keepalive = true\n[profile b]\ntcp_keepalive = true\n# Added by longlived.tcp\n[profile d]\ntcp_keepalive = true\n"
    )


# --- what was asked ----------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "text"), [
    (True, u"true"), (False, u"false"), (5, u"5"), (1.5, u"1.5"), ("a b", u"a b"), ("", u""), (u"\u00e9", u"\u00e9"),
    (u"\u00e9".encode("utf-8"), u"\u00e9"),
])  # fmt: skip
def test_values(value, text):
    assert _aws_settings.check_settings({"region": value}, "present") == {"region": text}


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
    assert reason in refusal(_aws_settings.check_settings, settings, "present")


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
    with pytest.raises(_aws_settings.SecretRefused) as caught:
        _aws_settings.check_settings(settings, state)
    assert caught.value.texts == ["HUSH"]
    assert "HUSH" not in str(caught.value)


def test_text_of_other_alphabets_in_what_is_refused():
    bytes_or_text = u"h\u00fcsh".encode("utf-8") if str is bytes else u"h\u00fcsh"
    with pytest.raises(_aws_settings.SecretRefused) as caught:
        _aws_settings.check_settings({"s3": {bytes_or_text: 1}, "aws_session_token": bytes_or_text}, "present")
    assert caught.value.texts == [u"h\u00fcsh"]
    assert "no name" in refusal(_aws_settings.check_settings, {"s3": {bytes_or_text: 1}}, "present")


@pytest.mark.parametrize("settings", [{"aws_session_token": []}, {"aws_session_token": None}])
def test_credentials_are_refused_whatever_their_value(settings):
    with pytest.raises(_aws_settings.SecretRefused):
        _aws_settings.check_settings(settings, "absent")


@pytest.mark.parametrize("name", ["role_arn", "credential_source", "source_profile", "sso_session", "tcp_keepalive", "region", "services"])
def test_settings_that_are_no_credentials(name):
    assert not _aws_settings.is_secret(name)


@pytest.mark.parametrize(("profiles", "reason"), [([], "empty"), ([""], "no name"), (["a\nb"], "no name"), (["a\0"], "no name")])
def test_profiles_that_cannot_be(profiles, reason):
    assert reason in refusal(_aws_settings.check_profiles, profiles)


# --- what is in force --------------------------------------------------------------------------


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
    asked = _aws_settings.check_settings(settings, state or "present")
    assert _aws_effective.effective(parse(text), ["default"], asked, merged, state) == {"default": found}


def test_a_nested_section_shows_no_credential():
    document = parse("[default]\ns3 =\n  a = 1\n  token = SECRET\n")
    assert _aws_effective.effective(document, ["default"], {"s3": None}) == {"default": {"s3": {"a": "1"}}}


def test_a_value_of_several_lines_shows_no_credential():
    document = parse("[default]\ntcp_keepalive = no\n  aws_session_token = SECRET\n")
    assert _aws_effective.effective(document, ["default"], {"tcp_keepalive": None}) == {
        "default": {"tcp_keepalive": _aws_effective.HIDDEN}
    }


@pytest.mark.parametrize(("credentials", "state", "hidden"), [
    (u"[default]\naws_secret_access_key = x\ntcp_keepalive = false\n", "present", [("default", u"tcp_keepalive", 3)]),
    (u"[default]\ntcp_keepalive = TRUE\n", "present", []),
    (u"[default]\ntcp_keepalive = TRUE\n", "absent", [("default", u"tcp_keepalive", 2)]),
    (u"[b]\ntcp_keepalive = false\n", "present", []),
])  # fmt: skip
def test_hidden_by_the_credentials_file(credentials, state, hidden):
    asked = _aws_settings.check_settings(ON, "present")
    assert list(_aws_effective.hidden(parse("[default]\n"), ["default"], asked, parse(credentials), state)) == hidden


def test_a_large_file_is_read_and_edited():
    text = "".join("[profile p%d]\nregion = eu-west-1\ns3 =\n    a = 1\n\n" % number for number in range(20000))
    assert edit(text, ["p7"], ON) == text.replace("[profile p8]", "tcp_keepalive = true\n\n[profile p8]").replace("\n\ntcp", "\ntcp")
