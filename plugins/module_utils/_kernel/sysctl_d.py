# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sysctl.d(5): one file as systemd-sysctl reads it.

Only the three keepalive keys are looked at; every other line stays as it is, byte for byte. Files are decoded as latin-1,
which keeps every byte and its place.

What a file means depends on systemd's version (`Rules`): globs, exclusions and the leading dash are
younger than the systemd 219 of Amazon Linux 2.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import os
import re

from ansible_collections.longlived.tcp.plugins.module_utils._kernel.glob import alternatives, is_glob, matches
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import NAMES, key

# In order of precedence. The last one is read by systemd before 255, which knew hosts where /lib is no link to
# /usr/lib; where it is one, the two hold the same names and the last is masked.
DIRECTORIES = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")

PROC_SYS = "/proc/sys"

BLANKS = " \t\n\r"
_LINE = re.compile("[^\n\r\0]+")
_LINE_WITH_RETURNS = re.compile("[^\n\0]+")
_OLD_LINE = re.compile("[^\n]{0,2046}(?:\n|[^\n]|$)")  # what fgets() takes at once: 2047 characters at most
_LONGEST_LINE = 1048576  # from this length on, systemd gives the rest of the file up
_PATHS = dict((key(name).replace(".", "/"), name) for name in NAMES)

# What a version of systemd-sysctl understands: `dash` ("-key = value" ignores errors), `globs` (also "-key"
# alone, which excludes), `blanks` (of "- key = value", which others take for a key that begins with one), `climbs` (".." in a
# path leads upwards; else it is refused, and a glob with a name that no file can have ends the program), `conf_last` (reads
# /etc/sysctl.conf after all others), `fgets` (only \n or 2047 characters end a line), `returns` (a lone \r ends one too), `hides`
# (a directory hides files of its name), and the `directories` that it reads. What 219 and 239 do was tried with the programs
# of RHEL 7 and 8. `returns` came with 240 (systemd pull request 11129), `hides` between these two.
Rules = collections.namedtuple("Rules", "dash globs blanks climbs conf_last fgets returns hides directories")

# One assignment: of `key`, normalized to slashes, with the `text` of its value (None: "-key" alone), in
# line `number`, whose bytes are start:end and whose value's bytes are value_start:value_end.
Line = collections.namedtuple("Line", "number key text start end value_start value_end")


def rules_for(version, conf_last=False):
    """The rules of a systemd version, as in 252; None stands for one that cannot be told, taken as new."""
    if version is None:
        version = 257
    return Rules(
        dash=version >= 239,
        globs=version >= 246,
        blanks=version >= 246,
        climbs=version < 249,
        conf_last=conf_last and version < 220,
        fgets=version < 236,
        returns=version >= 240,
        hides=version > 219,
        directories=DIRECTORIES if version < 255 else DIRECTORIES[:-1],
    )


def parse(content, rules):
    """The assignments in a file's bytes, in order; comments and other lines are left out."""
    text = content.decode("latin-1")
    lines, number, counted = [], 1, 0
    for start, end in spans(text, rules):
        number += text.count("\n", counted, start)
        counted = start
        line = _parse_line(text, start, end, number, rules)
        if line:
            lines.append(line)
    return lines


def spans(text, rules):
    """Where the lines that hold anything start and end."""
    if rules.fgets:
        for match in _OLD_LINE.finditer(text):
            end = text.find("\0", match.start(), match.end())
            yield match.start(), match.end() if end < 0 else end
        return
    for match in (_LINE if rules.returns else _LINE_WITH_RETURNS).finditer(text):
        if match.end() - match.start() >= _LONGEST_LINE:
            return
        yield match.start(), match.end()


def _parse_line(text, start, end, number, rules):
    first = start
    while first < end and text[first] in BLANKS:
        first += 1
    if first == end or text[first] in "#;":
        return None
    dash = rules.dash and text[first] == "-"
    equals = text.find("=", first, end)
    if equals < 0 and not (dash and rules.globs):
        return None
    name = text[first : equals if equals >= 0 else end].strip(BLANKS)
    if dash:
        name = name[1:].strip(BLANKS) if rules.blanks else name[1:]
    name = _normalized(name, rules)
    if equals < 0:
        return Line(number, name, None, start, end, end, end)
    value = text[equals + 1 : end]
    value_start = equals + 1 + len(value) - len(value.lstrip(BLANKS))
    value = value.strip(BLANKS)
    return Line(number, name, value, start, end, value_start, value_start + len(value))


def _normalized(name, rules):
    """A key with slashes: where its first separator is a dot, dots and slashes swap their roles."""
    first = next((c for c in name if c in "/."), "/")
    if first == ".":
        name = "".join({".": "/", "/": "."}.get(c, c) for c in name)
    if not rules.globs:
        return name
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def exact(key_, rules):
    """Our name that a key is, or None."""
    if not rules.globs and key_.endswith(("/", "/.")):
        return None  # the kernel would look for a directory
    return _PATHS.get(_followed(key_) if rules.climbs and ".." in key_ else resolved(key_, rules))


def _followed(path):
    """What a path below /proc/sys leads to as the kernel follows it: only from a directory that is there, and above it too."""
    reached = PROC_SYS
    for part in path.split("/"):
        if part == "..":
            if not os.path.isdir(reached):
                return None
            reached = os.path.dirname(reached)
        elif part not in ("", "."):
            reached = os.path.join(reached, part)
    return reached[len(PROC_SYS) + 1 :] if reached.startswith(PROC_SYS + "/") else None


def resolved(path, rules):
    """What a pattern below /proc/sys leads to; None where systemd refuses it."""
    parts = []
    for part in path.split("/"):
        if part == "..":
            if not rules.climbs:
                return None
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def names_of(line, rules):
    """Our names that a line's key means, exactly or as a glob."""
    if rules.globs and is_glob(line.key):
        patterns = [resolved(pattern, rules) for pattern in alternatives(line.key)]
        return [name for path, name in sorted(_PATHS.items()) if any(matches(one, path) for one in patterns if one is not None)]
    name = exact(line.key, rules)
    return [name] if name else []
