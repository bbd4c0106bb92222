# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users' ~/.aws/config, with the ~/.aws/credentials that botocore merges over it: each read and
written with its user's own rights.

    changes = [plan(place, request) for place in places(["alice"], None)]   # decides; changes nothing
    with applied(changes):                                                  # all of them or none
        ...                                                                 # whatever raises in here undoes them
    rows = effective(["alice"])                                             # only looks
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib
import os
import sys

from ansible_collections.longlived.tcp.plugins.module_utils import (
    _aws_config,
    _aws_effective,
    _aws_environment,
    _aws_settings,
    _safe_file,
    _users,
)
from ansible_collections.longlived.tcp.plugins.module_utils._all_or_nothing import attempt, every
from ansible_collections.longlived.tcp.plugins.module_utils._aws_text import message
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError

NEW_FILE, NEW_DIRECTORY = 0o600, 0o700


class Place:
    """A file, whose rights count there, and the credentials file that is merged over it."""

    def __init__(self, user, path, credentials):
        self.user = user
        self.path = path
        self.credentials = credentials


class Request:
    """What was asked for every file, checked."""

    def __init__(self, profiles, settings, state="present", create=True):
        self.profiles = _aws_settings.check_profiles(profiles)
        self.settings = _aws_settings.check_settings(settings, state)
        self.state = state
        self.create = create


class Change:
    """What will be done to a place: `edited` (None: nothing), and the `row` that tells of it."""

    def __init__(self, place, request, edit):
        self.place = place
        self.request = request
        self._edit = edit
        self.look()

    def look(self):
        """Read and decide; changes nothing."""
        place, request = self.place, self.request
        self.warnings = []
        self.found = _safe_file.read(place.path)
        document = _aws_config.parse(self.found.content, place.path)
        skipped = self.found.content is None and request.state == "present" and not request.create
        self.edited = None if skipped else self._edit(document, request.profiles, request.settings, request.state)
        credentials = self._credentials()
        self.row = {
            "path": place.path,
            "user": place.user.name,
            "changed": self.changed,
            "skipped": skipped,
            "effective": _aws_effective.effective(
                document, request.profiles, request.settings, credentials, None if skipped else request.state
            ),
        }
        if not skipped:
            self._warn_of(credentials, document)
        if self.changed:
            _check_writable(place, self.found)

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
            "before_header": self.place.path,
            "after_header": self.place.path,
            "before": self.edited.before,
            "after": self.edited.after,
        }

    def _credentials(self):
        """What is merged over the file; None where there is no such file, or none that can be read."""
        path = self.place.credentials
        try:
            content = None if path is None else _safe_file.read(path).content
            return None if content is None else _aws_config.parse(content, path)
        except UserError as error:
            self.warnings.append("botocore merges %s over %s, but: %s" % (path, self.place.path, error))
            return None

    def _warn_of(self, credentials, document):
        place, request = self.place, self.request
        if credentials:
            form = "%s, line %d: this file is merged over %s and hides %s of profile %s: correct it there."
            for profile, name, line in _aws_effective.hidden(document, request.profiles, request.settings, credentials, request.state):
                self.warnings.append(message(form, place.credentials, line, place.path, name, profile))
        self.warnings.extend(_aws_environment.hiding(request.settings, place.user.home, place.credentials and place.path))


def places(users, path):
    """Where to look: each user's file once, or the one file at `path`."""
    if path is not None:
        user = _users.in_charge_of(path) if os.geteuid() == 0 else _users.by_id(os.geteuid())
        return [Place(user, path, None)]
    found = []
    for user in [_users.find(name) for name in users]:
        if user.home not in [place.user.home for place in found]:
            found.append(_place_of(user))
    return found


def _place_of(user):
    directory = os.path.join(user.home, ".aws")
    return Place(user, os.path.join(directory, "config"), os.path.join(directory, "credentials"))


# --- deciding ----------------------------------------------------------------------------------


def plan(place, request):
    """The `Change` for that place; raise `UserError` where it could not be made."""
    # Here, and not above: who only looks need not compile it. And not as the place's user, who may not read where we come from.
    from ansible_collections.longlived.tcp.plugins.module_utils._aws_config_edit import edit

    with _rights_at(place):
        return Change(place, request, edit)


@contextlib.contextmanager
def _rights_at(place):
    """Act as the place's user, and say in words what the kernel refuses in between two of our looks."""
    with _users.acting_as(place.user):
        try:
            yield
        except (IOError, OSError) as error:
            reason = error.strerror or error
            raise _safe_file.SafeFileError("Cannot use %s: %s: something changes there at this moment; run again." % (place.path, reason))


def effective(users, profiles=("default",), settings=("tcp_keepalive",), warn=None):
    """What botocore resolves for those users: rows like those of a `Change`; nothing is changed.

    `warn`, if given, is called with each warning.
    """
    profiles = _aws_settings.check_profiles(profiles)
    settings = _aws_settings.check_settings(dict.fromkeys(settings), "absent")
    rows, told = [], []
    for place in places(users, None):
        warnings = []
        rows.append(_look(place, profiles, settings, warnings))
        for found in rows[-1]["effective"].values():
            warnings.extend(_aws_environment.hiding(found, place.user.home, place.path))
        for warning in warnings:
            if warn and warning not in told:
                warn(warning)
                told.append(warning)
    return rows


def _look(place, profiles, settings, warnings):
    with _rights_at(place):
        found = _safe_file.read(place.path)
        document = _aws_config.parse(found.content, place.path)
        credentials = None
        try:
            credentials = _aws_config.parse(_safe_file.read(place.credentials).content, place.credentials)
        except UserError as error:
            warnings.append("botocore merges %s over %s, but: %s" % (place.credentials, place.path, error))
    return {
        "path": place.path,
        "user": place.user.name,
        "exists": found.content is not None,
        "changed": False,
        "effective": _aws_effective.effective(document, profiles, settings, credentials),
    }


def _check_writable(place, found):
    """Raise where `applied` could not write: check mode tells the truth, and nobody's file is changed in vain."""
    home = place.user.home
    if place.credentials is not None and not os.path.isdir(home):
        raise _safe_file.SafeFileError(
            "%s, the home directory of %s, does not exist: create it or leave the user out." % (home, place.user.name)
        )
    if found.content is None:
        first_to_make = (_missing_directories(found.path) + [found.path])[0]
        _safe_file.check_replaceable(_safe_file.Found(first_to_make, None, None))
        return
    _check_owner(found)
    _safe_file.check_replaceable(found)


def _check_owner(found):
    """A file that replaces another keeps its owner and group, which only its owner or root can do."""
    if os.geteuid() == 0:
        return
    if found.stat.st_uid != os.geteuid():
        raise _safe_file.SafeFileError(
            "%s belongs to user id %d and not to user id %d, who would have to write it: correct its owner or the link that leads to it."
            % (found.path, found.stat.st_uid, os.geteuid())
        )
    if found.stat.st_gid not in os.getgroups() + [os.getegid()]:
        raise _safe_file.SafeFileError(
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
    with every([_as_user(change.place, _applied(change, backup) if change.changed else _tidied(change)) for change in ordered]):
        yield


@contextlib.contextmanager
def _tidied(change):
    _safe_file.tidy(change.found.path)
    yield


@contextlib.contextmanager
def _as_user(place, context):
    """Enter and leave a context with the place's rights; its block has our own."""
    with _rights_at(place):
        context.__enter__()
    try:
        yield
    except BaseException as error:
        attempt(error, _leave, place, context, *sys.exc_info())
        raise
    _leave(place, context, None, None, None)


def _leave(place, context, *raised):
    try:
        with _rights_at(place):
            context.__exit__(*raised)
    except UserError as error:
        raise _safe_file.SafeFileError("%s stays changed: %s" % (place.path, error))


@contextlib.contextmanager
def _applied(change, backup):
    with every([_safe_file.made(directory, NEW_DIRECTORY) for directory in _missing_directories(change.found.path)]):
        with _safe_file.lock(change.place.path):
            if _safe_file.read(change.place.path).identity != change.found.identity:
                change.look()  # somebody was faster: what they wrote counts
            with _written(change, backup) if change.changed else every([]):
                yield


@contextlib.contextmanager
def _written(change, backup):
    with _safe_file.backed_up(change.found, backup) as saved:
        if saved:
            change.row["backup_file"] = saved
        with _safe_file.stage(change.found, _content(change), NEW_FILE) as staged:
            staged.commit()
            yield


def _content(change):
    """The new bytes; None where the file goes, but a link keeps a file to lead to."""
    content = change.edited.content
    return b"" if content is None and os.path.islink(change.place.path) else content
