# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our three keys in one sysctl.d file: written, removed, and every other byte as it was."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.longlived.tcp.plugins.module_utils._kernel.precedence import HEADER, File, winners
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.sysctl_d import BLANKS, exact, parse, rules_for, spans
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import NAMES, kernel_value, key

_END_OF_LINE = re.compile("\r\n|\n|\r")


def with_values(content, values, rules):
    """The bytes of a file (None: there is none) after it gives each of our keys its value.

    A line that gives it already stays; else the key's last line gets the new value, with its
    spelling and comment; a key without a line gets one at the end.
    """
    if content is None:
        return (HEADER + "".join(_assignment(name, values) + "\n" for name in NAMES)).encode("latin-1")
    text = content.decode("latin-1")
    lines = own_lines(content, rules)
    last = sorted((lines[name][-1], name) for name in NAMES if lines[name])
    for line, name in sorted(last, key=lambda pair: -pair[0].start):
        if kernel_value(name, line.text) != values[name]:
            text = text[: line.value_start] + _new_text(name, line.text, values[name]) + text[line.value_end :]
    # A line further down, such as an exclusion, may still take the value away.
    alone = winners([File(None, None, text.encode("latin-1"))], rules, dict.fromkeys(NAMES))
    return _appended(text, [_assignment(name, values) for name in NAMES if alone[name].value != values[name]]).encode("latin-1")


def without_values(content, rules):
    """The bytes of a file after every line that assigns one of our keys has left it.

    Also a line that only younger versions read: the next upgrade would. What `with_values` appended goes
    as it came, so that a file that had no final newline has none.
    """
    text = content.decode("latin-1")
    lines = [line for found in own_lines(content, rules_for(None)._replace(climbs=rules.climbs)).values() for line in found]
    for line in sorted(lines, key=lambda line: -line.start):
        ending = _END_OF_LINE.match(text, line.end)
        head, tail = text[: line.start], text[ending.end() if ending else line.end :]
        if not ending and not tail and head.endswith("\n"):
            head = head[: -len(_ending(head[:-1]))]
        text = head + tail
    return text.encode("latin-1")


def holds_only_ours(content, rules):
    """Whether a file assigns our three keys and nothing else, globs and unreadable lines included."""
    own = set(line.start for lines in own_lines(content, rules).values() for line in lines)
    text = content.decode("latin-1")
    for start, end in spans(text, rules):
        line = text[start:end].strip(BLANKS)
        if line and line[0] not in "#;" and start not in own:
            return False
    return True


def holds_nothing(content):
    """Whether a file is empty but for blanks and our own header."""
    return content.decode("latin-1").strip(BLANKS) in ("", HEADER.strip())


def own_text(content, rules):
    """The lines of a file that assign our keys, as they stand; the other lines of a shared file are left out."""
    text = content.decode("latin-1")
    lines = sorted(line.start for lines in own_lines(content, rules).values() for line in lines)
    ends = dict(spans(text, rules))
    return "".join(text[start : ends[start]].strip(BLANKS) + "\n" for start in lines)


def own_lines(content, rules):
    """For each of our names the lines that assign exactly it."""
    found = dict((name, []) for name in NAMES)
    for line in parse(content, rules):
        name = exact(line.key, rules)
        if name and line.text is not None:
            found[name].append(line)
    return found


def _assignment(name, values):
    return "%s = %d" % (key(name), values[name])


def _new_text(name, old, value):
    """The old value's text with its number replaced, so that a comment behind it stays."""
    rest = old[len(old.split(None, 1)[0]) :] if old else ""
    kept = "%d%s" % (value, rest)
    return kept if kernel_value(name, kept) == value else "%d" % value


def _appended(text, lines):
    if not lines:
        return text
    ending = _ending(text)
    open_end = bool(text) and text[-1] != "\n"  # a lone \r ends no line for sysctl(8)
    return text + (ending if open_end else "") + ending.join(lines) + ("" if open_end else ending)


def _ending(text):
    """How a text ends its lines."""
    return "\r\n" if "\r\n" in text else "\n"
