# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A message is text that can be printed, whatever bytes a name has."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError


def test_text_of_other_alphabets():
    assert str(UserError(u"caf\u00e9")) == ("caf\xc3\xa9" if bytes is str else u"caf\u00e9")


def test_a_name_that_is_not_utf_8():
    name = "caf\xe9" if bytes is str else b"caf\xe9".decode("utf-8", "surrogateescape")
    if bytes is not str:
        assert str(UserError(name)) == u"caf\ufffd"


def test_what_happened_on_the_way_is_said_too():
    error = UserError("It failed.")
    assert not error.more
    error.also("And so did that.")
    assert (str(error), error.more) == ("It failed. And so did that.", True)
