# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What botocore resolves for the asked settings, now and after an edit."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.longlived.tcp.plugins.module_utils._aws.settings import is_secret, same

HIDDEN = u"(holds a credential)"


def chosen(document, profiles, credentials=None):
    """The names of the profiles meant by `profiles`, in which '*' is every one and default."""
    if u"*" not in profiles:
        return profiles
    known = set(document.profiles()) | set(credentials.credentialed() if credentials else [])
    return sorted(known | set(profiles) - set([u"*"]) | set([u"default"]))


def effective(document, profiles, settings, credentials=None, state=None):
    """{profile: {setting: what botocore resolves, None if unset}}, after an `edit` to `state` if given.

    Of a nested section only what was asked for; never a credential.
    """
    rows = {}
    for profile in chosen(document, profiles, credentials):
        rows[profile] = {}
        for name, asked in settings.items():
            found = after(document.get(profile, name)[0], asked, state)
            hiding = credentials.credential(profile, name)[0] if credentials else None
            rows[profile][name] = _part(found if hiding is None else hiding, asked)
    return rows


def hidden(document, profiles, settings, credentials, state):
    """(profile, setting, line) of what the credentials file gives another value than asked."""
    for profile in chosen(document, profiles, credentials):
        for name in sorted(settings):
            found, line = credentials.credential(profile, name)
            if found is not None and (state == u"absent" or not satisfied(settings[name], found)):
                yield profile, name, line + 1


def after(found, asked, state):
    """The value that `edit` leaves of `found`."""
    if state is None:
        return found
    if not isinstance(asked, dict):
        return None if state == u"absent" else found if same(asked, found) else asked
    if state == u"absent" and not isinstance(found, dict):
        return found
    values = dict(found) if isinstance(found, dict) else {}
    for key in asked:
        values[key] = after(values.get(key), asked[key], state)
    return values


def _part(found, asked):
    if isinstance(asked, dict):
        return dict((key, found.get(key) if isinstance(found, dict) else None) for key in asked)
    if isinstance(found, dict):
        return dict((key, value) for key, value in found.items() if not is_secret(key))
    # By an accident of indentation, a line with a credential may belong to the value.
    return HIDDEN if found and u"\n" in found and is_secret(found) else found


def satisfied(asked, found):
    if not isinstance(asked, dict):
        return same(asked, found)
    return isinstance(found, dict) and all(same(asked[key], found.get(key)) for key in asked)
