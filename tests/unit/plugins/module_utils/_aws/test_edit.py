# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an edit makes of a file, and what is refused.

What is claimed here about botocore is compared with the real one in tests/botocore.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._aws import edit as _edit
from ansible_collections.longlived.tcp.plugins.module_utils._aws import settings as _settings

from .documents import ON, parse, refusal


def edit(text, profiles, settings, state="present"):
    """The text after an edit; the same text if nothing is to be changed."""
    document = parse(text)
    edited = _edit.edit(document, profiles, _settings.check_settings(settings, state), state)
    if not edited.changed:
        return text
    return None if edited.content is None else edited.content.decode("utf-8")


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
    edited = _edit.edit(parse(text), ["default", "b", "d"], _settings.check_settings(ON, "present"), "present")
    assert edited.before == "[default]\ntcp_keepalive = no\n[profile b]\n"
    assert edited.after == (
        "[default]\ntcp_keepalive = true\n[profile b]\ntcp_keepalive = true\n# Added by longlived.tcp\n[profile d]\ntcp_keepalive = true\n"
    )


def test_a_large_file_is_read_and_edited():
    text = "".join("[profile p%d]\nregion = eu-west-1\ns3 =\n    a = 1\n\n" % number for number in range(20000))
    assert edit(text, ["p7"], ON) == text.replace("[profile p8]", "tcp_keepalive = true\n\n[profile p8]").replace("\n\ntcp", "\ntcp")
