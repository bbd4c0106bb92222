# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several steps of which either all count or none does.

    with every([step(one) for one in many]):    # each step is a context manager: done when entered,
        ...                                     # undone when its block raises, which is also when a later one fails
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError


def every(contexts):
    """Enter all of them in their order and leave them in the reverse: contextlib.ExitStack, which Python 2 lacks."""
    if not contexts:
        return _none()
    if len(contexts) == 1:
        return _one(contexts[0])
    # In halves: one inside the other, a thousand of them would be too deep for Python.
    middle = len(contexts) // 2
    return _both(every(contexts[:middle]), every(contexts[middle:]))


@contextlib.contextmanager
def _none():
    yield []


@contextlib.contextmanager
def _one(context):
    with context as value:
        yield [value]


@contextlib.contextmanager
def _both(first, second):
    with first as some:
        with second as others:
            yield some + others


@contextlib.contextmanager
def undone_by(undo, *arguments):
    """Call `undo` if the block raises; what it raises itself is one more sentence of the error that is on its way."""
    try:
        yield
    except BaseException as error:
        attempt(error, undo, *arguments)
        raise


def attempt(error, undo, *arguments):
    # A function of its own: after an inner `except`, Python 2 would raise the inner error again.
    try:
        undo(*arguments)
    except UserError as why:
        if isinstance(error, UserError):
            error.also(why)
