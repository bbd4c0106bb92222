# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sysctl.d(5) as systemd-sysctl reads it: parse one file, edit it, and tell who wins at boot.

Only the three keepalive keys are looked at; every other line is somebody else's and stays as it is,
byte for byte. Files are decoded as latin-1, which keeps every byte and its place.

What a file means depends on systemd's version (`Rules`): globs, exclusions and the leading dash are
younger than the systemd 219 of Amazon Linux 2.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import os
import re

from ansible_collections.longlived.tcp.plugins.module_utils._glob import alternatives, is_glob, matches
from ansible_collections.longlived.tcp.plugins.module_utils._keepalive import NAMES, kernel_value, key

# In order of precedence. The last one is read by systemd before 255, which knew hosts where /lib is no link to
# /usr/lib; where it is one, the two hold the same names and the last is masked.
DIRECTORIES = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")

# What lies here is gone at the next boot, unless something makes it anew before systemd-sysctl runs.
VOLATILE = ("/run/", "/var/run/", "/tmp/", "/dev/", "/proc/", "/sys/")

SYSCTL_CONF = "/etc/sysctl.conf"

HEADER = (
    "# TCP keepalive for connections across appliances that forget idle ones (NAT, load balancer, firewall).\n"
    "# Managed by the Ansible collection longlived.tcp, module keepalive_sysctl.\n"
)

_BLANKS = " \t\n\r"
_LINE = re.compile("[^\n\r\0]+")
_OLD_LINE = re.compile("[^\n]{0,2046}(?:\n|[^\n]|$)")  # what fgets() takes at once: 2047 characters at most
_LONGEST_NAME = 255
_LONGEST_LINE = 1048576  # from this length on, systemd gives the rest of the file up
_END_OF_LINE = re.compile("\r\n|\n|\r")
_PATHS = dict((key(name).replace(".", "/"), name) for name in NAMES)

# What a version of systemd-sysctl understands: `dash` ("-key = value" ignores errors), `globs` (also "-key"
# alone, which excludes), `climbs` (".." in a path leads upwards; else it is refused, and a glob with a name that
# no file can have ends the program), `conf_last` (reads /etc/sysctl.conf after all others), `fgets` (only \n or
# 2047 characters end a line), and the `directories` that it reads.
Rules = collections.namedtuple("Rules", "dash globs climbs conf_last fgets directories")

# One assignment: of `key`, normalized to slashes, with the `text` of its value (None: "-key" alone), in
# line `number`, whose bytes are start:end and whose value's bytes are value_start:value_end.
Line = collections.namedtuple("Line", "number key text start end value_start value_end")

# Who gives a key its value: `file` is None for the kernel's own default. `read_as` is the name under
# which a boot reads the file, another one than `file` where that is a link.
Setting = collections.namedtuple("Setting", "value file line read_as")

Assignment = collections.namedtuple("Assignment", "name value text file line read_as")


def rules_for(version, conf_last=False):
    """The rules of a systemd version, as in 252; None stands for one that cannot be told, taken as new."""
    if version is None:
        version = 257
    return Rules(
        dash=version >= 239,
        globs=version >= 246,
        climbs=version < 249,
        conf_last=conf_last and version < 220,
        fgets=version < 236,
        directories=DIRECTORIES if version < 255 else DIRECTORIES[:-1],
    )


# --- one file ----------------------------------------------------------------------------------


def parse(content, rules):
    """The assignments in a file's bytes, in order; comments and lines that are none are left out."""
    text = content.decode("latin-1")
    lines, number, counted = [], 1, 0
    for start, end in _spans(text, rules):
        number += text.count("\n", counted, start)
        counted = start
        line = _parse_line(text, start, end, number, rules)
        if line:
            lines.append(line)
    return lines


def _spans(text, rules):
    """Where the lines that hold anything start and end."""
    if rules.fgets:
        for match in _OLD_LINE.finditer(text):
            end = text.find("\0", match.start(), match.end())
            yield match.start(), match.end() if end < 0 else end
        return
    for match in _LINE.finditer(text):
        if match.end() - match.start() >= _LONGEST_LINE:
            return
        yield match.start(), match.end()


def _parse_line(text, start, end, number, rules):
    first = start
    while first < end and text[first] in _BLANKS:
        first += 1
    if first == end or text[first] in "#;":
        return None
    dash = rules.dash and text[first] == "-"
    equals = text.find("=", first, end)
    if equals < 0 and not (dash and rules.globs):
        return None
    name = text[first : equals if equals >= 0 else end].strip(_BLANKS)
    if dash:
        name = name[1:].strip(_BLANKS) if rules.globs else name[1:]
    name = _normalized(name, rules)
    if equals < 0:
        return Line(number, name, None, start, end, end, end)
    value = text[equals + 1 : end]
    value_start = equals + 1 + len(value) - len(value.lstrip(_BLANKS))
    value = value.strip(_BLANKS)
    return Line(number, name, value, start, end, value_start, value_start + len(value))


def _normalized(name, rules):
    """A key with slashes: where its first separator is a dot, dots and slashes swap their roles."""
    first = next((c for c in name if c in "/."), "/")
    if first == ".":
        name = "".join({".": "/", "/": "."}.get(c, c) for c in name)
    if not rules.globs:
        return name
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def _exact(key_, rules):
    """Our name that a key is, or None."""
    if not rules.globs and key_.endswith(("/", "/.")):
        return None  # the kernel would look for a directory
    return _PATHS.get(_resolved(key_, rules))


def _resolved(path, rules):
    """What a path below /proc/sys leads to; None where systemd refuses it."""
    parts = []
    for part in path.split("/"):
        if part == "..":
            if not rules.climbs:
                return None
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _own_lines(content, rules):
    """For each of our names the lines that assign exactly it."""
    found = dict((name, []) for name in NAMES)
    for line in parse(content, rules):
        name = _exact(line.key, rules)
        if name and line.text is not None:
            found[name].append(line)
    return found


def holds_only_ours(content, rules):
    """Whether a file assigns our three keys and nothing else, globs and unreadable lines included."""
    own = set(line.start for lines in _own_lines(content, rules).values() for line in lines)
    text = content.decode("latin-1")
    for start, end in _spans(text, rules):
        line = text[start:end].strip(_BLANKS)
        if line and line[0] not in "#;" and start not in own:
            return False
    return True


def with_values(content, values, rules):
    """The bytes of a file (None: there is none) after it gives each of our keys its value.

    A line that gives it already stays; else the key's last line gets the new value, with its
    spelling and comment; a key without a line gets one at the end.
    """
    if content is None:
        return (HEADER + "".join(_assignment(name, values) + "\n" for name in NAMES)).encode("latin-1")
    text = content.decode("latin-1")
    lines = _own_lines(content, rules)
    last = sorted((lines[name][-1], name) for name in NAMES if lines[name])
    for line, name in sorted(last, key=lambda pair: -pair[0].start):
        if kernel_value(name, line.text) != values[name]:
            text = text[: line.value_start] + _new_text(name, line.text, values[name]) + text[line.value_end :]
    # A line further down, such as an exclusion, may still take the value away.
    alone = _winners([_File(None, None, text.encode("latin-1"))], rules, dict.fromkeys(NAMES))
    return _appended(text, [_assignment(name, values) for name in NAMES if alone[name].value != values[name]]).encode("latin-1")


def without_values(content, rules):
    """The bytes of a file after every line that assigns one of our keys has left it.

    Also a line that only younger versions read: the next upgrade would. What `with_values` appended goes
    as it came, so that a file that had no final newline has none.
    """
    text = content.decode("latin-1")
    lines = [line for found in _own_lines(content, rules_for(None)._replace(climbs=rules.climbs)).values() for line in found]
    for line in sorted(lines, key=lambda line: -line.start):
        ending = _END_OF_LINE.match(text, line.end)
        head, tail = text[: line.start], text[ending.end() if ending else line.end :]
        if not ending and not tail and head.endswith("\n"):
            head = head[: -len(_ending(head[:-1]))]
        text = head + tail
    return text.encode("latin-1")


def ours(file, rules):
    """Our names that one file sets, by name or by a glob."""
    return sorted(set(assignment.name for assignment in _assignments([file], rules)))


def own_text(content, rules):
    """The lines of a file that assign our keys, as they stand; a shared file's others are nobody's business."""
    text = content.decode("latin-1")
    lines = sorted(line.start for lines in _own_lines(content, rules).values() for line in lines)
    spans = dict(_spans(text, rules))
    return "".join(text[start : spans[start]].strip(_BLANKS) + "\n" for start in lines)


def holds_nothing(content):
    """Whether a file is empty but for blanks and our own header."""
    return content.decode("latin-1").strip(_BLANKS) in ("", HEADER.strip())


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


# --- all files: who wins ------------------------------------------------------------------------

# A file that a boot reads: its name there, the name of the file behind a link, its bytes (None: unreadable).
_File = collections.namedtuple("_File", "read_as path content")


class Tree:
    """The files that a boot reads, with those that they mask."""

    def __init__(self, entries, conf=None):
        self._entries = entries  # a dict of name to _File for each directory, highest precedence first
        self._conf = conf  # /etc/sysctl.conf, which some programs read last

    @classmethod
    def load(cls, directories=DIRECTORIES, conf=SYSCTL_CONF):
        """What is there now; `lasting` is what of it will be there at the next boot."""
        entries = []
        for directory in directories:
            try:
                names = os.listdir(directory)
            except (IOError, OSError):
                names = []
            entries.append((directory, dict((name, _load(os.path.join(directory, name))) for name in names if is_read_name(name))))
        return cls(entries, _load(conf) if os.path.lexists(conf) else None)

    def lasting(self):
        """The tree without what lies in a volatile place; a link into one then leads nowhere, and masks."""
        entries = [
            (directory, dict((name, file._replace(content=b"") if is_volatile(file.path) else file) for name, file in files.items()))
            for directory, files in self._entries
            if not is_volatile(directory + "/")
        ]
        return Tree(entries, self._conf)

    def volatile(self):
        """The files in volatile places that would set or hide one of our keys now."""
        return [
            file
            for directory, files in self._entries
            for file in files.values()
            if is_volatile(directory + "/") or (is_volatile(file.path) and file.content)
        ]

    def files(self):
        """What is read, in that order: the first directory that has a name masks the others."""
        chosen = {}
        for _directory, files in reversed(self._entries):
            chosen.update(files)
        return [chosen[name] for name in sorted(chosen, key=_bytewise)]

    def reads(self, path):
        """Whether a boot reads the file at `path`, or would if it were there."""
        real = os.path.realpath(path)
        if any(file.path == real for file in self.files()):
            return True
        # Not asked of the disk again: another run may have made the file since the tree was loaded.
        return self._slot(path) is not None and self.masked_by(path) is None

    def masked_by(self, path):
        """The name of the entry that hides `path`, or None; also None where `path` is in none of the directories."""
        name = os.path.basename(path)
        if self._slot(path) is None:
            return None
        for directory, files in self._entries:
            if os.path.realpath(directory) == os.path.realpath(os.path.dirname(path)):
                return None
            if name in files:
                return files[name].read_as
        return None

    def _slot(self, path):
        if not is_read_name(os.path.basename(path)):
            return None
        for index, (directory, _files) in enumerate(self._entries):
            if os.path.realpath(directory) == os.path.realpath(os.path.dirname(path)):
                return index
        return None

    def replacing(self, path, content):
        """The tree as it will be when the file at `path` has this content; None: when it is gone."""
        real = os.path.realpath(path)
        entries = []
        for directory, files in self._entries:
            entries.append(
                (
                    directory,
                    dict(
                        (name, file._replace(content=content) if file.path == real else file)
                        for name, file in files.items()
                        if not (content is None and file.path == real)
                    ),
                )
            )
        slot = self._slot(path)
        if content is not None and slot is not None:
            entries[slot][1].setdefault(os.path.basename(path), _File(path, real, content))
        conf = self._conf
        if conf is not None and conf.path == real:
            conf = None if content is None else conf._replace(content=content)
        return Tree(entries, conf)

    def boot(self, rules, defaults):
        """For each name the `Setting` that the next boot gives."""
        return _winners(self._read(rules.conf_last), rules, defaults)

    def procps(self, rules, defaults):
        """The same for `sysctl --system` of procps: line by line, /etc/sysctl.conf last, and only \\n ends a line."""
        rules = rules._replace(dash=True, climbs=True, fgets=True)
        lines = [(file, line) for file in self._read(True) for line in parse(file.content or b"", rules)]
        named = set(_exact(line.key, rules) for _file, line in lines)
        current = dict((name, Setting(defaults[name], None, None, None)) for name in NAMES)
        for file, line in lines:
            for name in _names_of(line, rules) if line.text is not None else ():
                assignment = _as_assignment(name, file, line)
                if assignment.value is not None and not (is_glob(line.key) and name in named):
                    current[name] = _setting(assignment)
        return current

    def assignments(self, rules):
        """Every line that sets one of our keys, in the order in which a boot reads them."""
        return _assignments(self._read(rules.conf_last), rules)

    def unreadable(self):
        """The names of files that are read at boot and that we cannot read."""
        return [file.read_as for file in self.files() if file.content is None]

    def headed(self):
        """The files of /etc/sysctl.d, no links, that begin with our header, or that we cannot read to see it."""
        return [
            file.read_as
            for file in self.files()
            if file.path == os.path.join(os.path.realpath(DIRECTORIES[0]), os.path.basename(file.read_as))
            and (file.content is None or file.content.startswith(HEADER.encode("latin-1")))
        ]

    def is_headed(self, path):
        return any(file.path == path and (file.content or b"").startswith(HEADER.encode("latin-1")) for file in self._read(True))

    def _read(self, conf_last):
        return self.files() + ([self._conf] if conf_last and self._conf is not None else [])


def is_volatile(path):
    """Whether a path leads to where nothing outlasts a boot."""
    return os.path.realpath(path).startswith(VOLATILE) or path.startswith(VOLATILE)


def is_read_name(name):
    """Whether a boot reads a file of this name."""
    return name.endswith(".conf") and not name.startswith(".")


def _bytewise(name):
    return name if isinstance(name, bytes) else os.fsencode(name)


def _load(path):
    """The entry at `path`; a directory or a dangling link masks like an empty file."""
    real = os.path.realpath(path)
    if not os.path.isfile(real):
        return _File(path, real, b"")
    try:
        with open(real, "rb") as stream:
            return _File(path, real, stream.read())
    except (IOError, OSError):
        return _File(path, real, None)


def _setting(assignment):
    return Setting(assignment.value, assignment.file, assignment.line, assignment.read_as)


def _assignments(files, rules):
    found = []
    for file in files:
        for line in parse(file.content or b"", rules):
            if line.text is not None:
                found.extend(_as_assignment(name, file, line) for name in _names_of(line, rules))
    return found


def _names_of(line, rules):
    """Our names that a line's key means, exactly or as a glob."""
    if rules.globs and is_glob(line.key):
        patterns = [_resolved(pattern, rules) for pattern in alternatives(line.key)]
        return [name for path, name in sorted(_PATHS.items()) if any(matches(one, path) for one in patterns if one is not None)]
    name = _exact(line.key, rules)
    return [name] if name else []


def _as_assignment(name, file, line):
    return Assignment(name, kernel_value(name, line.text), line.text, file.path, line.number, file.read_as)


def _winners(files, rules, defaults):
    """What systemd-sysctl does: collect the last line of each key, then write them all once.

    A glob is written to what it matches unless a line names that very key, even as an exclusion. A
    key that is assigned again with another value moves to the end; with the same value it stays.
    """
    options = collections.OrderedDict()
    for file in files:
        for line in parse(file.content or b"", rules):
            old = options.get(line.key)
            if old is not None and old[1].text != line.text:
                del options[line.key]
            options[line.key] = (file, line)
    current = dict((name, Setting(defaults[name], None, None, None)) for name in NAMES)
    for file, line in options.values():
        if line.text is None:
            continue
        if is_glob(line.key) and rules.globs and not rules.climbs and max(map(len, line.key.split("/"))) > _LONGEST_NAME:
            break
        for name in _names_of(line, rules):
            if rules.globs and is_glob(line.key) and key(name).replace(".", "/") in options:
                continue
            assignment = _as_assignment(name, file, line)
            if assignment.value is not None:  # what the kernel refuses leaves the value as it was
                current[name] = _setting(assignment)
    return current
