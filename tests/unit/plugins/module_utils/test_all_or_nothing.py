# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._all_or_nothing import every, undone_by
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError


def steps(count, seen, fails=None, stuck=()):
    """So many steps, of which one fails, and some cannot be undone."""

    def undo(number):
        seen.append(-number)
        if number in stuck:
            raise UserError("%d is stuck." % number)

    @contextlib.contextmanager
    def step(number):
        if number == fails:
            raise UserError("%d failed." % number)
        seen.append(number)
        with undone_by(undo, number):
            yield number

    return [step(number) for number in range(1, count + 1)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 8, 3000])
def test_all_are_done_in_their_order(count):
    seen = []
    with every(steps(count, seen)) as values:
        assert values == list(range(1, count + 1))
    assert seen == values


@pytest.mark.parametrize(("fails", "stuck", "seen", "says"), [
    (1, (), [], "1 failed."),
    (4, (), [1, 2, 3, -3, -2, -1], "4 failed."),
    (None, (), [1, 2, 3, 4, -4, -3, -2, -1], "The block failed."),
    (None, (3,), [1, 2, 3, 4, -4, -3, -2, -1], "The block failed. 3 is stuck."),
    (4, (1, 3), [1, 2, 3, -3, -2, -1], "4 failed. 3 is stuck. 1 is stuck."),
])  # fmt: skip
def test_what_was_done_is_undone_in_reverse_whatever_is_stuck(fails, stuck, seen, says):
    found = []
    with pytest.raises(UserError) as failed:
        with every(steps(4, found, fails, stuck)):
            raise UserError("The block failed.")
    assert (found, str(failed.value)) == (seen, says)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit, ValueError])
def test_whatever_is_raised(error):
    seen = []
    with pytest.raises(error):
        with every(steps(2, seen, stuck=(2,))):
            raise error()
    assert seen == [1, 2, -2, -1]
