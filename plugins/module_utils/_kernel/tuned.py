# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TuneD: its daemon applies the [sysctl] of its active profile after systemd-sysctl.

With `reapply_sysctl`, which is the default, it then applies /etc/sysctl.d and /etc/sysctl.conf again, by rules of its
own. What a function of a profile decides is not certain.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections

from ansible_collections.longlived.tcp.plugins.module_utils._kernel.precedence import Setting
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.systemd import starts_at_boot, text_of
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import NAMES, kernel_value, key

BY = "TuneD"
UNIT = "tuned.service"

MAIN = "/etc/tuned/tuned-main.conf"
ACTIVE_PROFILE = "/etc/tuned/active_profile"
POST_LOADED_PROFILE = "/etc/tuned/post_loaded_profile"

_PATHS = dict((key(name).replace(".", "/"), name) for name in NAMES)

# The options of each [sysctl] in the order in which they are applied, whether sysctl.d is applied again after each, and
# whether any of it is certain.
Loaded = collections.namedtuple("Loaded", "units reapplies certain")

# What TuneD makes of the boot: the settings, and by name those that it may make of it.
Applied = collections.namedtuple("Applied", "settings uncertain")


def loaded():
    """What TuneD applies at the next boot; None where it applies nothing."""
    if not starts_at_boot(UNIT):
        return None
    # Here, and not above: most hosts have no TuneD, and need not compile it.
    from ansible_collections.longlived.tcp.plugins.module_utils._kernel import tuned_profile

    names = text_of(ACTIVE_PROFILE).split() + text_of(POST_LOADED_PROFILE).split()
    try:
        profile = tuned_profile.load(names)
        return Loaded(tuned_profile.sysctl_units(profile.units), tuned_profile.reapplies(text_of(MAIN)), profile.certain)
    except tuned_profile.ProfileError:
        return None


def applied(loaded_, files, before):
    """What TuneD makes of the settings `before`, with the `files` that it applies again."""
    current, uncertain = dict(before), {}
    for options in loaded_.units:
        for name, setting, certain in _of_profile(options, current):
            if certain:
                current[name] = setting
                uncertain.pop(name, None)
            else:
                uncertain[name] = setting
        for name, setting in _again(files) if loaded_.reapplies else ():
            uncertain.pop(name, None)
            if current[name].value != setting.value or current[name].by is not None:
                current[name] = setting
    if loaded_.certain:
        return Applied(current, uncertain)
    uncertain.update((name, one) for name, one in current.items() if one is not before[name])
    return Applied(dict(before), uncertain)


def _of_profile(options, current):
    """What the options of one [sysctl] set."""
    for option, found in options:
        name = _PATHS.get(_path(option))
        if name is None:
            continue
        text = _compared(found.text, current[name].value)
        value = None if text is None else kernel_value(name, text)
        if value is not None or not found.certain:
            yield name, Setting(value, found.path, found.line, found.path, BY), found.certain


def _compared(text, current):
    """`>60` sets 60 where less is set already, `<60` where more is; None: nothing is set."""
    if len(text) > 1 and text[0] in "<>":
        try:
            wanted = int(text[1:])
        except ValueError:
            return text
        return text[1:] if (wanted > current if text[0] == ">" else wanted < current) else None
    return text


def _again(files):
    """The settings in files of sysctl.d as TuneD reads them: every dot is a slash, a dash or a glob means nothing."""
    for file in files:
        try:
            text = (file.content or b"").decode("utf-8")
        except ValueError:
            return  # it stops at a file that is not UTF-8
        for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
            option, equals, value = line.strip().partition("=")
            if not equals or not option or option[0] in "#;":
                continue
            if "\0" in option:
                return
            name = _PATHS.get(_path(option.strip()))
            found = kernel_value(name, value.strip().encode("utf-8").decode("latin-1")) if name else None
            if found is not None:
                yield name, Setting(found, file.path, number, file.read_as, BY)


def _path(option):
    """The path below /proc/sys of an option."""
    path = option.replace(".", "/")
    return None if path.endswith("/") else "/".join(part for part in path.split("/") if part)
