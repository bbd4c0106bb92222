# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What botocore reads in a file, and what it refuses.

What is claimed here about botocore is compared with the real one in tests/botocore.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._aws import config

from .documents import parse, refusal

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
    message = refusal(config.parse, content, "/home/a/config")
    assert message.startswith("/home/a/config, line %d: botocore cannot read this file: " % line)
    assert reason in message
    assert "SECRET" not in message


@pytest.mark.parametrize("rest", [b"[default]\n", b"# why\n[default]\n", b"\n[default]\n", b"x = 1\n"])
def test_a_byte_order_mark_is_named(rest):
    with pytest.raises(config.AwsConfigError) as error:
        config.parse(b"\xef\xbb\xbf" + rest, "/c")
    assert "/c, line 1: botocore cannot read this file: it begins with a byte-order mark; remove it (sed -i " in str(error.value)
