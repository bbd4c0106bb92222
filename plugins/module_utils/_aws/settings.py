# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was asked for, checked: profiles, and settings as text that botocore will give back."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.longlived.tcp.plugins.module_utils._aws.text import BLANKS, AwsConfigError, message, printable, text_of

SETTING = re.compile(u"[a-z0-9_][a-z0-9_.-]*\\Z")
NESTED_SETTING = re.compile(u"[A-Za-z0-9_][A-Za-z0-9_.-]*\\Z")
UNWRITABLE = re.compile(u"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")

# Settings that are credentials or name a place of one. `credential_source` and `role_arn` are not.
SECRET = re.compile(u"secret|token|passw|access_key|private_key|api_key|credential_process|external_id", re.IGNORECASE)


class SecretRefused(AwsConfigError):
    """The request holds credentials; `texts` are what must not be shown."""

    def __init__(self, message, texts):
        AwsConfigError.__init__(self, message)
        self.texts = texts


def check_settings(settings, state):
    """The asked settings as text, as botocore will give them back; raise for what it could not."""
    if not settings:
        raise AwsConfigError(u"settings is empty: name at least one setting, such as tcp_keepalive.")
    secrets = _secrets(settings)
    if secrets:
        names = u", ".join(sorted(where for where, value in secrets))
        raise SecretRefused(
            message(u"settings holds credentials (%s): they belong in no playbook and are not written.", names),
            _texts([value for where, value in secrets]),
        )
    checked = {}
    for given, value in settings.items():
        name = _name(given, SETTING, u"")
        if isinstance(value, dict):
            if not value:
                raise AwsConfigError(u"settings.%s is an empty dictionary: name at least one setting in it." % name)
            checked[name] = dict((_name(key, NESTED_SETTING, name + u"."), _value(name, key, inner, state)) for key, inner in value.items())
        else:
            checked[name] = _value(name, None, value, state)
    return checked


def check_profiles(profiles):
    """The asked profiles, each once, as text."""
    checked = []
    for profile in [text_of(given) for given in profiles]:
        if not profile or UNWRITABLE.search(profile):
            raise AwsConfigError(
                u"profiles: %s is no name of a profile: it is empty or holds a line end or control character." % printable(profile)
            )
        if profile not in checked:
            checked.append(profile)
    if not checked:
        raise AwsConfigError(u"profiles is empty: name at least one profile, such as default.")
    return checked


def is_secret(name):
    return SECRET.search(name) is not None


def _secrets(value, where=u""):
    """(name, value) of each setting that is a credential, however deep."""
    if not isinstance(value, dict):
        return [(where, value)] if is_secret(where) else []
    found = []
    for name, inner in value.items():
        found.extend(_secrets(inner, u"%s.%s" % (where, text_of(name)) if where else text_of(name)))
    return found


def _texts(value):
    """All texts and numbers in a value."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [text for inner in value for text in _texts(inner)]
    return [text_of(value)] if value else []


def _name(name, pattern, inside):
    name = text_of(name)
    if pattern.match(name):
        return name
    if SETTING.match(name.lower()):
        raise AwsConfigError(u"settings: botocore reads names of settings in lower case: write %s, not %s." % (name.lower(), name))
    raise AwsConfigError(u"settings: %s%s is no name of a setting: letters, digits, '_', '-' and '.' only." % (inside, printable(name)))


def _value(name, key, value, state):
    where = name if key is None else u"%s.%s" % (name, text_of(key))
    if state == u"absent":
        return None
    if isinstance(value, bool):
        return u"true" if value else u"false"
    if value is None or isinstance(value, (list, tuple, dict)):
        or_more = u", or a dictionary of such" if key is None else u""
        raise AwsConfigError(u"settings.%s must be a string, a number or a boolean%s." % (where, or_more))
    text = text_of(value)
    if UNWRITABLE.search(text):
        raise AwsConfigError(u"settings.%s holds a line end or a control character: a value is one line." % where)
    if text != text.strip(BLANKS):
        raise AwsConfigError(u"settings.%s begins or ends with a blank: botocore would read it without." % where)
    return text


def same(asked, found):
    """Whether botocore gives what was asked when it reads `found`: booleans count in any case."""
    if found is None or isinstance(found, dict):
        return False
    return found == asked or (asked in (u"true", u"false") and found.lower() == asked)
