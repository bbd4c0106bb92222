# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bounded search for what sets the three values later: units, rc.local, cron, network scripts, cloud-init and the like.

Every file of a known place is read once and most are done with then: only those that hold `tcp_keepalive_` or call
sysctl(8) are looked at line by line. A script or a file for sysctl that such a line names is read as well.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import os
import re

from ansible_collections.longlived.tcp.plugins.module_utils._kernel.other_writers import KEY, row
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.systemd import (
    SERVICE,
    UNIT_DIRECTORIES,
    is_mask,
    names_in,
    started,
    text_of,
)
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import kernel_value

MOST_FILES = 5000
MOST_BYTES = 1 << 18  # of one file

# A place: whose it is, when it acts, a file or a directory, which files in it count (None: those that can be executed),
# whether those in directories below do, and whether a script that a line names is read as well.
Place = collections.namedtuple("Place", "by when path names deep follows")

_ANY = re.compile("")
_CONF = re.compile(r".*\.conf\Z")
_RULES = re.compile(r".*\.rules\Z")

_CRON = ("cron", "when cron runs it")
_INTERFACE = "when an interface comes up"

PLACES = (
    Place("rc.local", "at the end of the boot", "/etc/rc.local", None, False, True),
    Place("rc.local", "at the end of the boot", "/etc/rc.d/rc.local", None, False, True),
    Place(_CRON[0], _CRON[1], "/etc/crontab", _ANY, False, True),
    Place(_CRON[0], _CRON[1], "/etc/cron.d", _ANY, False, True),
    Place(_CRON[0], _CRON[1], "/var/spool/cron", _ANY, True, True),
    Place(_CRON[0], _CRON[1], "/etc/cron.hourly", None, False, False),
    Place(_CRON[0], _CRON[1], "/etc/cron.daily", None, False, False),
    Place("ifupdown", _INTERFACE, "/etc/network", _ANY, True, True),
    Place("NetworkManager", _INTERFACE, "/etc/NetworkManager/dispatcher.d", None, True, False),
    Place("NetworkManager", _INTERFACE, "/usr/lib/NetworkManager/dispatcher.d", None, True, False),
    Place("networkd-dispatcher", _INTERFACE, "/etc/networkd-dispatcher", None, True, False),
    Place("udev", "when a device appears", "/etc/udev/rules.d", _RULES, False, False),
    Place("modprobe", "when a module is loaded", "/etc/modprobe.d", _CONF, False, False),
    Place("systemd-tmpfiles", "during the boot", "/etc/tmpfiles.d", _CONF, False, False),
    Place("systemd-tmpfiles", "during the boot", "/usr/lib/tmpfiles.d", _CONF, False, False),
    Place("cloud-init", "during the boot", "/var/lib/cloud/scripts/per-boot", None, False, False),
)

# Scripts of a System V init, which systemd runs where there is no unit of the name, and who starts them.
INIT_SCRIPTS, STARTED_INIT_SCRIPTS = "/etc/init.d", ("/etc/rc3.d", "/etc/rc.d/rc3.d")

# What cloud-init does at every boot, and not only at an instance's first, is the section bootcmd of these.
CLOUD_CONFIGS = ("/etc/cloud/cloud.cfg", "/etc/cloud/cloud.cfg.d", "/var/lib/cloud/instance/cloud-config.txt")

# saptune applies the notes that this file names, an own note or an override before a shipped one.
SAPTUNE = "/etc/sysconfig/saptune"
SAPTUNE_NOTES = (
    "/etc/saptune/override/%s",
    "/etc/saptune/extra/%s.conf",
    "/var/lib/saptune/working/notes/%s",
    "/usr/share/saptune/notes/%s",
)

_TOLD = (b"tcp_keepalive_", b"sysctl")
_NAMED = re.compile(KEY)
_VALUE = re.compile(r"""[ \t]*["']?[ \t]*=[ \t]*["']?(-?\w+)""")
_WRITTEN = re.compile(r"""(?:echo|printf)(?:[ \t]+-\w+)*[ \t]+["']?(-?\d+)""")
_TMPFILES = re.compile(r"""[wF][+!=~^-]*[ \t]+\S+(?:[ \t]+\S+){4}[ \t]+(\S+)""")
_READS = re.compile(r"""\b(?:cat|grep|head|awk|read)\b[^>|;&]*\Z|\bsysctl(?:\s+(?:-[neNb]+|--values|--names))*\s+\Z""")
_LOADS = re.compile(r"""\bsysctl\b[^;&|]*?(?:\s-\w*p|\s--load|\s--system)\b[\s=]*([^\s;&|"']*)""")
_EXEC = re.compile(r"Exec")
_SETS = re.compile(r"[^=]*=")
_SCRIPT = re.compile(r"(?<![\w./])(/[\w.+@/-]+)")


class _Stopped(Exception):
    """The search has read as many files as it may."""


def found():
    """The rows, and the path at which the search stopped; None where it went through."""
    search = _Search()
    try:
        search.go()
    except _Stopped as stopped:
        return search.rows, str(stopped)
    return search.rows, None


def describe(stopped):
    return (
        "The search for other programs that set net.ipv4.tcp_keepalive_* stopped after %d files, at %s: what comes after it was not"
        " looked at." % (MOST_FILES, stopped)
    )


class _Search:
    def __init__(self):
        self.rows = []
        self._read = 0
        self._followed = set()

    def go(self):
        pulled = started()
        for place in PLACES:
            for path in _paths(place):
                self._look(place.by, place.when, path, place.follows)
        for path in _init_scripts():
            self._look("init script", "during the boot", path)
        for path in _cloud_configs():
            self._cloud_config(path)
        if "saptune.service" in pulled:
            for path in _saptune_notes(text_of(SAPTUNE)):
                self._look("saptune", "when saptune starts", path)
        for unit, path, follows in _units(pulled):
            self._look(unit, "when it starts", path, follows, _EXEC)

    def _text(self, path):
        """What a file holds, of which no more is read than a script or a list of settings has."""
        self._read += 1
        if self._read > MOST_FILES:
            raise _Stopped(path)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except (IOError, OSError):
            return b""
        try:
            return os.read(descriptor, MOST_BYTES)
        except (IOError, OSError):
            return b""
        finally:
            os.close(descriptor)

    def _look(self, by, when, path, follows=False, lines=_ANY):
        content = self._text(path)
        if follows or any(word in content for word in _TOLD):
            for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
                if lines.match(line) and not line.lstrip().startswith(("#", ";")):
                    self._line(by, when, path, number, line)
                    for script in _SCRIPT.findall(line) if follows else ():
                        self._script(by, when, script)

    def _line(self, by, when, path, number, line):
        for match in _NAMED.finditer(line):
            if not _READS.search(line[: match.start()].replace("/proc/sys/", "")) or _VALUE.match(line, match.end()):
                self.rows.append(row(by, when, path, number, match.group(1), _value(line, match)))
        for match in _LOADS.finditer(line):
            self._loaded(by, when, match.group(1) or "/etc/sysctl.conf")

    def _loaded(self, by, when, path):
        """A file that sysctl(8) is told to load."""
        if path not in self._followed:
            self._followed.add(path)
            self._look("%s, sysctl -p" % by, when, path, lines=_SETS)

    def _script(self, by, when, path):
        """A script that is run."""
        if path not in self._followed and os.path.isfile(path):
            self._followed.add(path)
            if self._text(path).startswith(b"#!"):
                self._look(by, when, path)

    def _cloud_config(self, path):
        inside = False
        for number, line in enumerate(self._text(path).decode("utf-8", "replace").splitlines(), 1):
            if re.match(r"\w", line):
                inside = line.startswith("bootcmd:")
            if inside and not line.lstrip().startswith("#"):
                self._line("cloud-init", "during the boot", path, number, line)


# --- where to look -----------------------------------------------------------------------------


def _paths(place):
    if not os.path.isdir(place.path):
        return [place.path] if os.path.isfile(place.path) and _counts(place, place.path) else []
    paths = []
    for name in names_in(place.path):
        path = os.path.join(place.path, name)
        if os.path.isdir(path):
            paths.extend(_paths(place._replace(path=path)) if place.deep else [])
        elif _counts(place, path):
            paths.append(path)
    return paths


def _counts(place, path):
    return os.access(path, os.X_OK) if place.names is None else place.names.match(path) is not None


def _init_scripts():
    linked = set(name[3:] for directory in STARTED_INIT_SCRIPTS for name in names_in(directory) if name.startswith("S"))
    for name in sorted(linked):
        if not any(os.path.lexists(os.path.join(directory, name + ".service")) for directory in UNIT_DIRECTORIES):
            yield os.path.join(INIT_SCRIPTS, name)


def _cloud_configs():
    return [one for path in CLOUD_CONFIGS for one in _paths(Place(None, None, path, _ANY, False, False))]


def _saptune_notes(text):
    """The files of the notes that saptune applies, by the text of its settings."""
    for names in re.findall(r'^(?:NOTE_APPLY_ORDER|TUNE_FOR_NOTES)="?([^"\n]*)', text, re.MULTILINE):
        for note in sorted(set(names.split())):
            paths = [pattern % os.path.basename(note) for pattern in SAPTUNE_NOTES]
            there = [path for path in paths if os.path.isfile(path)]
            if there:
                yield there[0]


def _units(pulled):
    """Services that the boot starts, by themselves or by a timer, a socket or a path, with their drop-ins: the name, a file,
    and whether it is the administrator's."""
    known = set()
    for directory in UNIT_DIRECTORIES:
        if os.path.realpath(directory) in known:
            continue
        known.add(os.path.realpath(directory))
        own = directory in UNIT_DIRECTORIES[:2]
        for name in names_in(directory):
            unit = name[:-2] if name.endswith(".service.d") else name
            if not unit.endswith(".service") or unit == SERVICE or not _is_pulled(unit, pulled):
                continue
            path = os.path.join(directory, name)
            if unit != name:
                for drop_in in names_in(path):
                    yield unit, os.path.join(path, drop_in), True
            elif unit not in known:
                known.add(unit)  # this one hides others of the name
                if not is_mask(path):
                    yield unit, path, own


def _is_pulled(unit, pulled):
    base = unit[: -len(".service")]
    return any(base + kind in pulled for kind in (".service", ".timer", ".socket", ".path"))


def _value(line, match):
    """The value that a line gives the key; None where it cannot be told."""
    assigned = _VALUE.match(line, match.end())
    written = None if assigned else _WRITTEN.search(line[: match.start()]) or _TMPFILES.match(line)
    return kernel_value(match.group(1), (assigned or written).group(1)) if assigned or written else None
