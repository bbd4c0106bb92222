# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TuneD's profiles: the files, what they include, and the [sysctl] options that are left once they are merged."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import os
import re

from ansible_collections.longlived.tcp.plugins.module_utils._kernel.systemd import text_of

# The highest precedence first; those with "profiles" came with TuneD 2.23.
DIRECTORIES = ("/etc/tuned/profiles", "/etc/tuned", "/usr/lib/tuned/profiles", "/usr/lib/tuned")

TRUE = ("True", "true", "1")

# One option: its text, where it stands, and whether its profile is certain to be loaded.
Option = collections.namedtuple("Option", "text path line certain")

_SAFE_NAME = re.compile(r"[a-zA-Z0-9_.-]+$")
_SECTION = re.compile(r"\[(.+)\]")
_FUNCTION = re.compile(r"\$\{f:")
_CPUINFO = "/proc/cpuinfo"


class ProfileError(Exception):
    """What TuneD refuses to load: it then applies nothing."""


def reapplies(text):
    """Whether sysctl.d is applied again, by the text of tuned-main.conf; TuneD does not start where that cannot be read."""
    option = parse("[main]\n" + text, "tuned-main.conf")["main"].get("reapply_sysctl")
    return option is None or option.text.strip().lower() in ("1", "yes", "true", "on")


# --- one file ----------------------------------------------------------------------------------


def parse(text, path, certain=True):
    """The sections of a file, each with its options by name, as Python's configparser reads them for TuneD."""
    found, defaults = collections.OrderedDict(), collections.OrderedDict()
    section = option = None
    indent = 0
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        content, commented = _without_comment(line)
        own = len(line) - len(line.lstrip())
        if not content:
            if not commented and option is not None:
                section[option] = section[option]._replace(text=section[option].text + "\n")
        elif option is not None and own > indent:
            section[option] = section[option]._replace(text=section[option].text + "\n" + content)
        else:
            indent, header = own, _SECTION.match(content)
            if header:
                section = defaults if header.group(1) == "DEFAULT" else found.setdefault(header.group(1), collections.OrderedDict())
                option = None
                continue
            option, equals, value = content.partition("=")
            option = option.rstrip()
            if section is None or not equals or not option:
                raise ProfileError(path)
            section[option] = Option(value.strip(), path, number, certain)
    for options in found.values():
        for name, one in defaults.items():
            options.setdefault(name, one)
    return found


def _without_comment(line):
    """What a line holds, and whether a comment was cut off: # after a blank, or # or ; in front."""
    match = re.search(r"(?:^|(?<=\s))#", line)
    if line.strip().startswith(";"):
        return "", True
    return (line[: match.start()] if match else line).strip(), bool(match)


# --- the files of a profile --------------------------------------------------------------------


# The units of the merged profiles by name, and whether it is certain that they are loaded.
Loaded = collections.namedtuple("Loaded", "units certain")


def load(names):
    """What TuneD makes of these profiles; raise `ProfileError` where it loads none of them."""
    loader = _Loader()
    profiles = loader.with_included([name for name in names if _SAFE_NAME.match(name)], True)
    if not profiles:
        raise ProfileError("none")
    units = profiles[0]
    for later in profiles[1:]:
        _merge(units, later)
    return Loaded(units, loader.certain)


class _Loader:
    def __init__(self):
        self.certain = True
        self._known = []

    def with_included(self, names, certain):
        """The units of each profile, those of the profiles that it includes before it."""
        found = []
        for name in names:
            path = self._file_of(name, certain)
            if path is None:
                continue
            self._known.append(path)
            config = parse(_placed(text_of(path), os.path.dirname(path)), path, certain)
            main = config.pop("main", {})
            if "include" in main:
                found.extend(self._included(main["include"].text.rstrip(), certain))
            found.append(collections.OrderedDict((section, Unit(section, options)) for section, options in config.items()))
        return found

    def _included(self, text, certain):
        if "${" not in text:
            return self.with_included(re.split(r"\s*[,;]\s*", text), certain)
        # One of the arguments of a function may be it. Where none is a profile, TuneD may load nothing at all.
        found = self.with_included(re.findall(r"[a-zA-Z0-9_.-]+", text), False)
        self.certain = self.certain and bool(found) and _FUNCTION.search(text) is not None
        return found

    def _file_of(self, name, needed):
        """The file of a profile that was not loaded yet; None where there is none that is needed."""
        skipped = not needed or name.startswith("-")
        base = os.path.basename(name[1:] if name.startswith("-") else name)
        base = base if isinstance(base, str) else base.encode("utf-8")  # Python 2
        for directory in DIRECTORIES:
            path = os.path.normpath(os.path.join(directory, base, "tuned.conf"))
            if path in self._known:
                skipped = True
            elif os.path.isfile(path):
                return path
        if not skipped:
            raise ProfileError(name)
        return None


def _placed(text, directory):
    return re.sub(r"(?<!\\)\$\{i:PROFILE_DIR\}", lambda _match: directory, text)


# --- merging -----------------------------------------------------------------------------------


class Unit:
    """A section: what TuneD calls a unit of a profile."""

    def __init__(self, name, options):
        options = collections.OrderedDict(options)
        self.type = _popped(options, "type", name)
        self.enabled = _popped(options, "enabled", "true") in TRUE
        self.replaces = _popped(options, "replace", "false") in TRUE
        dropped = _popped(options, "drop", None)
        self.dropped = re.split(r"\b\s*[,;]\s*", dropped) if dropped is not None else []
        self.uname = _popped(options, "uname_regex", None)
        self.cpuinfo = _popped(options, "cpuinfo_regex", None)
        self.options = options

    def merge(self, later):
        self.type, self.enabled = later.type, later.enabled
        self.uname = self.uname if later.uname is None else later.uname
        self.cpuinfo = self.cpuinfo if later.cpuinfo is None else later.cpuinfo
        for name in later.dropped:
            self.options.pop(name, None)
        self.options.update(later.options)

    def matches(self):
        return _found(self.uname, " ".join(os.uname())) and (self.cpuinfo is None or _found(self.cpuinfo, text_of(_CPUINFO)))


def _popped(options, name, default):
    return options.pop(name).text.rstrip() if name in options else default


def _found(pattern, text):
    if pattern is None:
        return True
    try:
        return re.search(pattern, text, re.MULTILINE) is not None
    except re.error:
        return False


def _merge(units, later):
    for name, unit in later.items():
        if unit.replaces or name not in units:
            units[name] = unit
        else:
            units[name].merge(unit)


# --- what they set -----------------------------------------------------------------------------


def sysctl_units(units):
    """The options of each [sysctl] that TuneD applies, in that order, with their variables."""
    units = collections.OrderedDict(units)
    variables = _variables(units.pop("variables", None))
    chosen = sorted([unit for unit in units.values() if unit.enabled and unit.matches()], key=_priority)
    return [
        [(name, _expanded(option, variables)) for name, option in unit.options.items() if name != "priority"]
        for unit in chosen
        if unit.type == "sysctl"
    ]


def _priority(unit):
    try:
        return int(unit.options["priority"].text) if "priority" in unit.options else 0
    except ValueError:
        raise ProfileError("priority")  # it ends TuneD


def _variables(unit):
    found = {}
    for name, option in unit.options.items() if unit else ():
        if name == "include":
            text = "[variables]\n" + text_of(os.path.normpath(option.text.rstrip()))
            try:
                included = parse(text, option.path)["variables"].items()
            except ProfileError:
                included = ()
        else:
            included = [(name, option)]
        for one, value in included:
            if re.match(r"\w+$", one):
                found[one] = _expanded(value, found)
    return found


def _expanded(option, variables):
    """An option with the values of its variables in it; what a function decides is not certain."""
    certain = [option.certain and not _FUNCTION.search(option.text)]

    def value(match):
        known = variables.get(match.group(1))
        if known is None:
            return match.group(0)
        certain.append(known.certain)
        return known.text.rstrip()

    text = re.sub('^"(.*)"$', r"\1", option.text.rstrip())
    text = re.sub(r"(?<!\\)\$\{(\w+)\}", value, text)
    return option._replace(text=text, certain=all(certain))
