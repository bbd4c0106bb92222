# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module as Ansible runs it, without Ansible: what it is given, and what it returns."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest


class _Ended(Exception):
    pass


class _Module:
    """What a module needs of AnsibleModule."""

    def __init__(self, options, check_mode, diff):
        self._options, self.check_mode, self._diff = options, check_mode, diff
        self.warnings = []

    def __call__(self, argument_spec, **_arguments):
        self.params = dict((name, option.get("default")) for name, option in argument_spec.items())
        self.params.update(self._options)
        return self

    def run_command(self, *_arguments, **_more):
        raise AssertionError("It runs a program.")

    def warn(self, warning):
        self.warnings.append(warning)

    def exit_json(self, **result):
        self.result = result
        raise _Ended()

    def fail_json(self, **result):
        self.result = dict(result, failed=True)
        raise _Ended()


def run(monkeypatch, module, check_mode=False, diff=False, **options):
    """What the module returns, with the warnings that it gave."""
    ansible = _Module(options, check_mode, diff)
    monkeypatch.setattr(module, "AnsibleModule", ansible)
    with pytest.raises(_Ended):
        module.main()
    return dict(ansible.result, warnings=ansible.warnings)
