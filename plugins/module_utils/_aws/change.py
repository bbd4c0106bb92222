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
from ansible_collections.longlived.tcp.plugins.module_utils._aws import config, effective, environment
from ansible_collections.longlived.tcp.plugins.module_utils._aws import settings as _settings
from ansible_collections.longlived.tcp.plugins.module_utils._aws.edit import edit
from ansible_collections.longlived.tcp.plugins.module_utils._aws.files import rights_of
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
    """What will be done to a target: `edited` (None: nothing), and the `row` that tells of it."""

    def __init__(self, target, request, edit):
        self.target = target
        self.request = request
        self._edit = edit
        self.decide()

    def decide(self):
        """Read and decide; changes nothing."""
        target, request = self.target, self.request
        self.warnings = []
        self.found = read(target.path)
        document = config.parse(self.found.content, target.path)
        skipped = self.found.content is None and request.state == "present" and not request.create
        self.edited = None if skipped else self._edit(document, request.profiles, request.settings, request.state)
        credentials = self._credentials()
        self.row = {
            "path": target.path,
            "user": target.user.name,
            "changed": self.changed,
            "skipped": skipped,
            "effective": effective.effective(
                document, request.profiles, request.settings, credentials, None if skipped else request.state
            ),
        }
        if not skipped:
            self._warn_of(credentials, document)
        if self.changed:
            _check_writable(target, self.found)

    @property
    def changed(self):
        return self.edited is not None and self.edited.changed

    @property
    def foreseen(self):
        """What `effective` tells of the file once this is applied."""
        content = self.edited.content if self.changed else self.found.content
        shown = dict((name, self.row[name]) for name in ("path", "user", "effective"))
        return dict(shown, exists=content is not None, changed=False)

    @property
    def diff(self):
        return {
            "before_header": self.target.path,
            "after_header": self.target.path,
            "before": self.edited.before,
            "after": self.edited.after,
        }

    def _credentials(self):
        """What is merged over the file; None where there is no such file, or none that can be read."""
        path = self.target.credentials
        try:
            content = None if path is None else read(path).content
            return None if content is None else config.parse(content, path)
        except UserError as error:
            self.warnings.append("botocore merges %s over %s, but: %s" % (path, self.target.path, error))
            return None

    def _warn_of(self, credentials, document):
        target, request = self.target, self.request
        if credentials:
            form = "%s, line %d: this file is merged over %s and hides %s of profile %s: correct it there."
            for profile, name, line in effective.hidden(document, request.profiles, request.settings, credentials, request.state):
                self.warnings.append(message(form, target.credentials, line, target.path, name, profile))
        self.warnings.extend(environment.hiding(request.settings, target.user.home, target.credentials and target.path))


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
