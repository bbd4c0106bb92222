# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of all sysctl.d files wins at boot: their order, what masks what, and the last line of each key."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import os

from ansible_collections.longlived.tcp.plugins.module_utils._kernel.glob import is_glob
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.sysctl_d import DIRECTORIES, exact, names_of, parse
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import NAMES, kernel_value, key

# What lies here is gone at the next boot, unless something creates it again before systemd-sysctl runs.
VOLATILE = ("/run/", "/var/run/", "/tmp/", "/dev/", "/proc/", "/sys/")

SYSCTL_CONF = "/etc/sysctl.conf"

HEADER = (
    "# TCP keepalive for connections across appliances that forget idle ones (NAT, load balancer, firewall).\n"
    "# Managed by the Ansible collection longlived.tcp, module keepalive_sysctl.\n"
)

_LONGEST_NAME = 255

# Who gives a key its value: `file` is None for the kernel's own default. `read_as` is the name under
# which a boot reads the file, another one than `file` where that is a link. `by` is who applies it after systemd-sysctl.
Setting = collections.namedtuple("Setting", "value file line read_as by")
Setting.__new__.__defaults__ = (None,)

Assignment = collections.namedtuple("Assignment", "name value text file line read_as")

# A file that a boot reads: its name there, the name of the file behind a link, its bytes (None: unreadable).
File = collections.namedtuple("File", "read_as path content")


class Tree:
    """The files that a boot reads, with those that they mask."""

    def __init__(self, entries, conf=None):
        self._entries = entries  # a dict of name to File for each directory, highest precedence first
        self._conf = conf  # /etc/sysctl.conf, which some programs read last

    @classmethod
    def on_disk(cls, directories=DIRECTORIES, conf=SYSCTL_CONF, hides=True):
        """What is there now; `lasting` is what of it will be there at the next boot. `hides`: a directory hides files of its name."""
        entries = []
        for directory in directories:
            try:
                names = os.listdir(directory)
            except (IOError, OSError):
                names = []
            # Hidden names too: TuneD reads them.
            paths = [(name, os.path.join(directory, name)) for name in names if name.endswith(".conf")]
            entries.append((directory, dict((name, entry(path)) for name, path in paths if hides or not _is_directory(path))))
        return cls(entries, entry(conf) if os.path.lexists(conf) else None)

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
            for name, file in files.items()
            if is_read_name(name) and (is_volatile(directory + "/") or (is_volatile(file.path) and file.content))
        ]

    def files(self):
        """What is read, in that order: the first directory that has a name masks the others."""
        chosen = {}
        for _directory, files in reversed(self._entries):
            chosen.update(files)
        return [chosen[name] for name in sorted(chosen, key=_bytewise) if is_read_name(name)]

    def reapplied(self):
        """What TuneD applies again, in that order: drop-ins of /run and /etc, hidden ones too, and /etc/sysctl.conf."""
        known, files = dict(self._entries), {}
        for directory in DIRECTORIES[:2]:  # unlike systemd, it prefers /run
            files.update(known.get(directory, {}))
        return [files[name] for name in sorted(files, key=_bytewise)] + ([self._conf] if self._conf is not None else [])

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
            entries[slot][1].setdefault(os.path.basename(path), File(path, real, content))
        conf = self._conf
        if conf is not None and conf.path == real:
            conf = None if content is None else conf._replace(content=content)
        return Tree(entries, conf)

    def boot(self, rules, defaults):
        """For each name the `Setting` that the next boot gives."""
        return winners(self._read(rules.conf_last), rules, defaults)

    def procps(self, rules, defaults):
        """The same for `sysctl --system` of procps, which reads /etc/sysctl.conf last."""
        return by_procps(self._read(True), rules, _of_kernel(defaults))

    def assignments(self, rules):
        """Every line that sets one of our keys, in the order in which a boot reads them."""
        return assignments(self._read(rules.conf_last), rules)

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


def _is_directory(path):
    return os.path.isdir(path) and not os.path.islink(path)


def entry(path):
    """The entry at `path`; a directory or a dangling link masks like an empty file."""
    real = os.path.realpath(path)
    if not os.path.isfile(real):
        return File(path, real, b"")
    try:
        with open(real, "rb") as stream:
            return File(path, real, stream.read())
    except (IOError, OSError):
        return File(path, real, None)


def ours(file, rules):
    """Our names that one file sets, by name or by a glob."""
    return sorted(set(assignment.name for assignment in assignments([file], rules)))


def assignments(files, rules):
    found = []
    for file in files:
        for line in parse(file.content or b"", rules):
            if line.text is not None:
                found.extend(_as_assignment(name, file, line) for name in names_of(line, rules))
    return found


def _as_assignment(name, file, line):
    return Assignment(name, kernel_value(name, line.text), line.text, file.path, line.number, file.read_as)


def _setting(assignment):
    return Setting(assignment.value, assignment.file, assignment.line, assignment.read_as)


def winners(files, rules, defaults):
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
    current = _of_kernel(defaults)
    for file, line in options.values():
        if line.text is None:
            continue
        if is_glob(line.key) and rules.globs and not rules.climbs and max(map(len, line.key.split("/"))) > _LONGEST_NAME:
            break
        for name in names_of(line, rules):
            if rules.globs and is_glob(line.key) and key(name).replace(".", "/") in options:
                continue
            assignment = _as_assignment(name, file, line)
            if assignment.value is not None:  # what the kernel refuses leaves the value as it was
                current[name] = _setting(assignment)
    return current


def by_procps(files, rules, before):
    """What sysctl(8) makes of the values `before`: line by line, and only \n ends a line."""
    rules = rules._replace(dash=True, blanks=False, climbs=True, fgets=True)
    lines = [(file, line) for file in files for line in parse(file.content or b"", rules)]
    named = set(exact(line.key, rules) for _file, line in lines)
    current = dict(before)
    for file, line in lines:
        for name in names_of(line, rules) if line.text is not None else ():
            assignment = _as_assignment(name, file, line)
            if assignment.value is not None and not (is_glob(line.key) and name in named):
                current[name] = _setting(assignment)
    return current


def _of_kernel(defaults):
    return dict((name, Setting(defaults[name], None, None, None)) for name in NAMES)
