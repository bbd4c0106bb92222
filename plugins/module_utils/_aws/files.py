# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users' ~/.aws/config, with the ~/.aws/credentials that botocore merges over it: each read with its user's own rights."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib
import os

from ansible_collections.longlived.tcp.plugins.module_utils import _users
from ansible_collections.longlived.tcp.plugins.module_utils._aws import config, effective, environment
from ansible_collections.longlived.tcp.plugins.module_utils._aws import settings as _settings
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._regular_file import SafeFileError, read


class Target:
    """A file, whose rights count there, and the credentials file that is merged over it."""

    def __init__(self, user, path, credentials):
        self.user = user
        self.path = path
        self.credentials = credentials


def targets(users, path):
    """The files that are meant: each user's file once, or the one file at `path`."""
    if path is not None:
        user = _users.in_charge_of(path) if os.geteuid() == 0 else _users.by_id(os.geteuid())
        return [Target(user, path, None)]
    found = []
    for user in [_users.find(name) for name in users]:
        if user.home not in [target.user.home for target in found]:
            found.append(target_of(user))
    return found


def target_of(user):
    directory = os.path.join(user.home, ".aws")
    return Target(user, os.path.join(directory, "config"), os.path.join(directory, "credentials"))


@contextlib.contextmanager
def rights_of(target):
    """Act as the target's user, and say in words what the kernel refuses in between two of our looks."""
    with _users.acting_as(target.user):
        try:
            yield
        except (IOError, OSError) as error:
            reason = error.strerror or error
            raise SafeFileError("Cannot use %s: %s: something changes there at this moment; run again." % (target.path, reason))


def effective_rows(users, profiles=("default",), settings=("tcp_keepalive",), warn=None):
    """What botocore resolves for those users: rows like those of a `Change`; nothing is changed.

    `warn`, if given, is called with each warning.
    """
    profiles = _settings.check_profiles(profiles)
    settings = _settings.check_settings(dict.fromkeys(settings), "absent")
    rows, told = [], []
    for target in targets(users, None):
        warnings = []
        rows.append(_effective_row(target, profiles, settings, warnings))
        for found in rows[-1]["effective"].values():
            warnings.extend(environment.hiding(found, target.user.home, target.path))
        for warning in warnings:
            if warn and warning not in told:
                warn(warning)
                told.append(warning)
    return rows


def _effective_row(target, profiles, settings, warnings):
    with rights_of(target):
        found = read(target.path)
        document = config.parse(found.content, target.path)
        credentials = None
        try:
            credentials = config.parse(read(target.credentials).content, target.credentials)
        except UserError as error:
            warnings.append("botocore merges %s over %s, but: %s" % (target.credentials, target.path, error))
    return {
        "path": target.path,
        "user": target.user.name,
        "exists": found.content is not None,
        "changed": False,
        "effective": effective.effective(document, profiles, settings, credentials),
    }
