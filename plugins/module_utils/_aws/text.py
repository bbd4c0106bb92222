# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text in ~/.aws/config and in messages about it, the same in Python 2 and 3."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError

# Python's str.isspace(), written out: Python 2 has another idea of it.
INLINE_BLANKS = (
    u" \t\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680"
    u"\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
BLANKS = INLINE_BLANKS + u"\r\n"


class AwsConfigError(UserError):
    """What is wrong with a file or a request and what to do, in one sentence for a person."""


def message(form, *parts):
    """A native string with texts of either kind in it: Python 2 does not mix them by itself."""
    text = form % tuple(part if isinstance(part, int) else text_of(part) for part in parts)
    return text if str is not bytes or isinstance(text, bytes) else text.encode(u"utf-8")


def text_of(value):
    """Text of any scalar, in either Python; text that no UTF-8 file can hold is refused."""
    if not isinstance(value, (bytes, type(u""))):
        value = repr(value) if isinstance(value, float) else u"%s" % (value,)
    try:
        content = value if isinstance(value, bytes) else value.encode(u"utf-8")
        return decoded(content)
    except UnicodeError:
        raise AwsConfigError(u"A name, value or path is no valid text (UTF-8).")


def decoded(content):
    """Text of UTF-8 as strict as Python 3 has it: Python 2 lets surrogates pass."""
    surrogate = re.search(b"\xed[\xa0-\xbf]", content)
    if surrogate:
        raise UnicodeDecodeError("utf-8", content, surrogate.start(), surrogate.end(), "surrogate")
    return content.decode(u"utf-8")


def printable(text):
    """Text within quotes, on one line."""
    return u"'%s'" % text.encode(u"unicode_escape").decode(u"ascii")
