# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of either Python, strictly UTF-8."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._aws import text


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, u"True"), (5, u"5"), (1.5, u"1.5"), (u"\u00e9", u"\u00e9"), (u"\u00e9".encode("utf-8"), u"\u00e9")],
)
def test_the_text_of_a_scalar(value, expected):
    assert text.text_of(value) == expected


@pytest.mark.parametrize("content", [b"\xff", b"\xed\xa0\x80"])
def test_what_is_not_utf_8(content):
    with pytest.raises(UnicodeError):
        text.decoded(content)
    with pytest.raises(text.AwsConfigError) as error:
        text.text_of(content)
    assert str(error.value) == "A name, value or path is no valid text (UTF-8)."


def test_a_message_mixes_both_kinds_of_text():
    assert text.message("%s, line %d: %s", b"a", 7, u"\u00e9") == ("a, line 7: \xc3\xa9" if bytes is str else u"a, line 7: \u00e9")


def test_a_line_end_does_not_end_a_sentence():
    assert text.printable(u"a\nb") == u"'a\\nb'"
