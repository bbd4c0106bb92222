# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""glob(7) patterns as glob(3) of glibc reads them with GLOB_BRACE, in the C locale: does one match a path?

The standard library's fnmatch knows neither braces nor backslashes nor [[:classes:]], and lets * match
a slash. Only ASCII paths are asked for here.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
import string

_ASCII = "".join(chr(code) for code in range(128))
_CLASSES = {
    "alnum": string.ascii_letters + string.digits,
    "alpha": string.ascii_letters,
    "blank": " \t",
    "cntrl": "".join(chr(code) for code in range(32)) + "\x7f",
    "digit": string.digits,
    "graph": string.ascii_letters + string.digits + string.punctuation,
    "lower": string.ascii_lowercase,
    "print": string.ascii_letters + string.digits + string.punctuation + " ",
    "punct": string.punctuation,
    "space": string.whitespace,
    "upper": string.ascii_uppercase,
    "xdigit": string.hexdigits,
}
_NOTHING = "(?!)"


def is_glob(text):
    """Whether a text is a pattern: braces alone do not make one."""
    return any(c in text for c in "*?[")


def matches(pattern, path):
    """Whether a pattern without braces matches a path, both relative and with single slashes."""
    # Directory by directory: not even a bracket reaches across a slash.
    parts, names = pattern.split("/"), path.split("/")
    return len(parts) == len(names) and all(re.match(_expression(part) + "$", name) for part, name in zip(parts, names))


def alternatives(pattern):
    """The patterns without braces that one with {a,b} stands for; {a} is a, and what is not closed stays."""
    begin = _scan(pattern, 0, lambda text, at, depth: text[at] == "{")
    if begin is None:
        return [pattern]
    ends = [begin]
    while pattern[ends[-1]] != "}":
        end = _scan(pattern, ends[-1] + 1, lambda text, at, depth: depth == 0 and text[at] in ",}")
        if end is None:
            return [pattern]
        ends.append(end)
    found = []
    for start, end in zip(ends, ends[1:]):
        found.extend(alternatives(pattern[:begin] + pattern[start + 1 : end] + pattern[ends[-1] + 1 :]))
    return found


def _scan(text, at, wanted):
    """The first position from `at` on that is wanted, given its depth in braces; None if there is none."""
    depth = 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            at += 2
            continue
        if wanted(text, at, depth):
            return at
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return None


# --- one name ----------------------------------------------------------------------------------


def _expression(pattern):
    """A regular expression that matches the names which one part of a pattern, between slashes, matches."""
    expression, at = "", 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "*":
            expression += ".*"
        elif character == "?":
            expression += "."
        elif character == "[":
            bracket, at = _bracket(pattern, at)
            expression += bracket
        else:
            if character == "\\" and at < len(pattern):
                character = pattern[at]
                at += 1
            expression += re.escape(character)
    return expression


def _bracket(pattern, start):
    """What a bracket matches whose [ stands before `start`, and where it ends."""
    at = start
    negated = pattern[at : at + 1] in ("!", "^")
    at += int(negated)
    first, chosen, last = at, set(), None  # last: the character that may open a range
    while True:
        if at >= len(pattern):
            return "\\[", start  # unclosed: an ordinary character
        if pattern[at] == "]" and at > first:
            break
        special = re.compile("\\[:([a-z]+):\\]").match(pattern, at)
        if special:
            if special.group(1) not in _CLASSES:
                return _NOTHING, len(pattern)
            chosen.update(_CLASSES[special.group(1)])
            last, at = None, special.end()
            continue
        if last is not None and pattern[at] == "-" and pattern[at + 1 : at + 2] not in ("", "]"):
            end, at = _element(pattern, at + 1)
            if end is None:
                return _NOTHING, len(pattern)
            chosen.update(one for one in _ASCII if last <= one <= end)
            last = None
            continue
        last, at = _element(pattern, at)
        if last is None:
            return _NOTHING, len(pattern)
        chosen.add(last)
    if negated:
        chosen = set(_ASCII) - chosen
    return ("[%s]" % "".join(re.escape(one) for one in sorted(chosen)) if chosen else _NOTHING), at + 1


def _element(pattern, at):
    """One character of a bracket, maybe as [.a.], [=a=] or \\a, and what follows it; None if it is none."""
    named = re.compile("\\[([.=])(.)\\1\\]").match(pattern, at)
    if named:
        return named.group(2), named.end()
    if pattern[at : at + 2] in ("[.", "[="):
        return None, at
    if pattern[at] == "\\":
        at += 1
        if at >= len(pattern):
            return None, at
    return pattern[at], at + 1
