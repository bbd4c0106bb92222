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
from ansible_collections.longlived.tcp.plugins.module_utils._aws.environment import Environment
from ansible_collections.longlived.tcp.plugins.module_utils._aws.text import message
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._regular_file import SafeFileError, read


class Target:
    """A file, whose rights count there, and what else its user's botocore finds (None for a file outside any home)."""

    def __init__(self, user, path, environment):
        self.user = user
        self.path = path
        self.environment = environment

    @property
    def credentials(self):
        """The credentials file that is merged over it."""
        return self.environment and self.environment.credentials

    @property
    def read(self):
        """The file that botocore reads: this one, unless a variable names another one."""
        moved = self.environment and self.environment.moved(self.path)
        return self.environment.config if moved else self.path


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
    if not os.path.isabs(user.home):
        raise _users.UnknownUser(
            "The password database gives %s no home directory: give the user one (usermod --home), or leave the user out." % user.name
        )
    return Target(user, os.path.join(user.home, ".aws", "config"), Environment.of(user))


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
        for warning in warnings:
            if warn and warning not in told:
                warn(warning)
                told.append(warning)
    return rows


def _effective_row(target, profiles, settings, warnings):
    with rights_of(target):
        content = read(target.read).content
        document = config.parse(content, target.read)
        credentials = merged(target, warnings)
        found = effective.effective(document, profiles, settings, credentials)
        for values in found.values():
            warnings.extend(target.environment.hiding(values))
            warnings.extend(elsewhere(target, values, found, document, credentials))
        warnings.extend(target.environment.moved(target.path))
    return {
        "path": target.read,
        "user": target.user.name,
        "exists": content is not None,
        "changed": False,
        "effective": found,
        "active_profile": target.environment.active_profile,
    }


def merged(target, warnings):
    """The credentials file that is merged over a target's; None where there is none, or none that can be read."""
    path = target.credentials
    try:
        content = None if path is None else read(path).content
        return None if content is None else config.parse(content, path)
    except UserError as error:
        warnings.append("botocore merges %s over %s, but: %s" % (path, target.path, error))
        return None


def elsewhere(target, settings, profiles, document, credentials):
    """A sentence for each active profile that is none of `profiles` and has other `settings`."""
    warnings = []
    for profile, variable, line in target.environment.profiles():
        found = effective.effective(document, [profile], settings, credentials)[profile]
        other = sorted(name for name in settings if not effective.satisfied(settings[name], found[name]))
        if profile not in profiles and other:
            form = "%s, line %d: %s makes %s the active profile of %s, in which %s is not so: add it to the profiles."
            warnings.append(message(form, environment.PATH, line, variable, profile, target.user.name, ", ".join(other)))
    return warnings
