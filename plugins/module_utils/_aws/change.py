# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change of users' ~/.aws/config: decided first, then all files or none, each with its user's own rights.

    changes = [plan(target, request) for target in targets(["alice"], None)]    # decides; changes nothing
    with applied(changes):                                                      # all of them or none
        ...                                                                     # whatever raises in here undoes them
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib
import os
import sys

from ansible_collections.longlived.tcp.plugins.module_utils._all_or_nothing import attempt, every
from ansible_collections.longlived.tcp.plugins.module_utils._aws import config, effective
from ansible_collections.longlived.tcp.plugins.module_utils._aws import settings as _settings
from ansible_collections.longlived.tcp.plugins.module_utils._aws.edit import edit
from ansible_collections.longlived.tcp.plugins.module_utils._aws.environment import Environment
from ansible_collections.longlived.tcp.plugins.module_utils._aws.files import elsewhere, merged, rights_of
from ansible_collections.longlived.tcp.plugins.module_utils._aws.text import message
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._file_lock import lock, tidy
from ansible_collections.longlived.tcp.plugins.module_utils._regular_file import Found, SafeFileError, read
from ansible_collections.longlived.tcp.plugins.module_utils._safe_file import backed_up, check_replaceable, made, stage

NEW_FILE, NEW_DIRECTORY = 0o600, 0o700


class Request:
    """What was asked for every file, checked."""

    def __init__(self, profiles, settings, state="present", create=True):
        self.profiles = _settings.check_profiles(profiles)
        self.settings = _settings.check_settings(settings, state)
        self.state = state
        self.create = create


class Change:
    """What will be done to a target: `edited` (None: nothing), the `row` that tells of it, and in sentences what keeps botocore
    from what was asked for (`hindrances`) and what else is to be known (`warnings`)."""

    def __init__(self, target, request, edit):
        self.target = target
        self.request = request
        self._edit = edit
        self.decide()

    def decide(self):
        """Read and decide; changes nothing."""
        target, request = self.target, self.request
        self.warnings, self.hindrances = [], []
        self.found = read(target.path)
        document = config.parse(self.found.content, target.path)
        credentials = merged(target, self.hindrances)
        profiles = self._profiles(document, credentials)
        skipped = self.found.content is None and request.state == "present" and not request.create
        self.edited = None if skipped else self._edit(document, profiles, request.settings, request.state)
        self.row = {
            "path": target.path,
            "user": target.user.name,
            "changed": self.changed,
            "skipped": skipped,
            "effective": self._resolved(document, profiles, credentials, None if skipped else request.state),
        }
        if target.environment:
            self.row["active_profile"] = target.environment.active_profile
        if not skipped:
            self._say_what_hides(credentials, document, profiles)
        if self.changed:
            _check_writable(target, self.found)

    def _profiles(self, document, credentials):
        """The profiles that are meant; one that only the credentials file has is added to this one, if it can be."""
        found = []
        for profile in effective.chosen(document, self.request.profiles, credentials):
            try:
                found.extend(_settings.check_profiles([profile]) if profile not in document.profiles() else [profile])
            except UserError as error:
                self.warnings.append(message("%s: a profile is left out: %s", self.target.credentials, error))
        return found

    def _resolved(self, document, profiles, credentials, state):
        """What botocore resolves afterwards, which may read another file."""
        path = self.target.read
        if path != self.target.path:
            document, state = config.parse(read(path).content, path), None
        return effective.effective(document, profiles, self.request.settings, credentials, state)

    @property
    def changed(self):
        return self.edited is not None and self.edited.changed

    @property
    def foreseen(self):
        """What `effective` tells of the file once this is applied."""
        content = self.edited.content if self.changed else self.found.content
        shown = dict((name, self.row[name]) for name in ("user", "effective", "active_profile"))
        return dict(shown, path=self.target.read, exists=content is not None, changed=False)

    @property
    def diff(self):
        return {
            "before_header": self.target.path,
            "after_header": self.target.path,
            "before": self.edited.before,
            "after": self.edited.after,
        }

    def _say_what_hides(self, credentials, document, profiles):
        """What keeps botocore from what was asked for hinders; another profile that is active is only told."""
        target, request = self.target, self.request
        if credentials:
            form = "%s, line %d: this file is merged over %s and hides %s of profile %s: correct it there."
            for profile, name, line in effective.hidden(document, profiles, request.settings, credentials, request.state):
                self.hindrances.append(message(form, target.credentials, line, target.path, name, profile))
        if target.environment:
            self.hindrances.extend(target.environment.hiding(request.settings))
            self.hindrances.extend(target.environment.moved(target.path))
            if request.state == "present":
                self.warnings.extend(elsewhere(target, request.settings, profiles, document, credentials))
        else:
            self.hindrances.extend(Environment.of(target.user).hiding(request.settings))


def plan(target, request):
    """The `Change` for that target; raise `UserError` where it could not be made."""
    # Here, and not above: who only looks need not compile it. And not as the target's user, who may not read where we come from.

    with rights_of(target):
        return Change(target, request, edit)


def _check_writable(target, found):
    """Raise where `applied` could not write: check mode tells the truth, and no file is changed in vain."""
    home = target.user.home
    if target.credentials is not None and not os.path.isdir(home):
        raise SafeFileError(
            "%s, the home directory of %s, does not exist: create it or leave the user out." % (home, target.user.name)
        )
    if found.content is None:
        first_to_make = (_missing_directories(found.path) + [found.path])[0]
        check_replaceable(Found(first_to_make, None, None))
        return
    _check_owner(found)
    check_replaceable(found)


def _check_owner(found):
    """A file that replaces another keeps its owner and group, which only its owner or root can do."""
    if os.geteuid() == 0:
        return
    if found.stat.st_uid != os.geteuid():
        raise SafeFileError(
            "%s belongs to user id %d and not to user id %d, who would have to write it: correct its owner or the link that leads to it."
            % (found.path, found.stat.st_uid, os.geteuid())
        )
    if found.stat.st_gid not in os.getgroups() + [os.getegid()]:
        raise SafeFileError(
            "%s belongs to group id %d, of which its owner is no member: correct its group (chgrp)." % (found.path, found.stat.st_gid)
        )


def _missing_directories(path):
    """The directories above `path` that do not exist, the topmost first."""
    missing = []
    directory = os.path.dirname(path)
    while not os.path.isdir(directory) and directory != os.path.dirname(directory):
        missing.insert(0, directory)
        directory = os.path.dirname(directory)
    return missing


# --- acting ------------------------------------------------------------------------------------


@contextlib.contextmanager
def applied(changes, backup=False):
    """Do what was planned for the time of a block; where that fails, or the block, everything is as it was."""
    # In an order that is every run's: two that wait for each other's locks would wait for ever.
    ordered = sorted(changes, key=lambda change: os.path.split(change.found.path))
    with every([_as_user(change.target, _applied(change, backup) if change.changed else _tidied(change)) for change in ordered]):
        yield


@contextlib.contextmanager
def _tidied(change):
    tidy(change.found.path)
    yield


@contextlib.contextmanager
def _as_user(target, context):
    """Enter and leave a context with the target's rights; its block has our own."""
    with rights_of(target):
        context.__enter__()
    try:
        yield
    except BaseException as error:
        attempt(error, _leave, target, context, *sys.exc_info())
        raise
    _leave(target, context, None, None, None)


def _leave(target, context, *raised):
    try:
        with rights_of(target):
            context.__exit__(*raised)
    except UserError as error:
        raise SafeFileError("%s stays changed: %s" % (target.path, error))


@contextlib.contextmanager
def _applied(change, backup):
    with every([made(directory, NEW_DIRECTORY) for directory in _missing_directories(change.found.path)]):
        with lock(change.target.path):
            if read(change.target.path).identity != change.found.identity:
                change.decide()  # another program was faster, and what it wrote counts
            with _written(change, backup) if change.changed else every([]):
                yield


@contextlib.contextmanager
def _written(change, backup):
    with backed_up(change.found, backup) as saved:
        if saved:
            change.row["backup_file"] = saved
        with stage(change.found, _content(change), NEW_FILE) as staged:
            staged.commit()
            yield


def _content(change):
    """The new bytes; None where the file goes, but a link keeps a file to lead to."""
    content = change.edited.content
    return b"" if content is None and os.path.islink(change.target.path) else content
