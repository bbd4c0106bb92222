# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one kind of error that a user meets: a module turns it into its failure message."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


class UserError(Exception):
    """What is wrong, where, and what to do, in one sentence for a person."""

    def __init__(self, message):
        if bytes is str:
            # Python 2 prints an exception's text as ASCII, or not at all.
            message = message if isinstance(message, bytes) else message.encode("utf-8")
        else:
            # A name that is not UTF-8 must not make a message that cannot be printed.
            message = message.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        Exception.__init__(self, message)

    more = False
    """Whether something else happened while this one was on its way."""

    def also(self, other):
        """Say that, too."""
        self.more = True
        UserError.__init__(self, "%s %s" % (self, other))
