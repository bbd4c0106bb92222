# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The unit that attaches the programs at every boot, and its script, which is keepalive_default.py as it stands here."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import contextlib
import os
import pkgutil

from ansible_collections.longlived.tcp.plugins.module_utils._all_or_nothing import every, undone_by
from ansible_collections.longlived.tcp.plugins.module_utils._bpf.traces import UNIT
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._file_lock import lock
from ansible_collections.longlived.tcp.plugins.module_utils._regular_file import because, read
from ansible_collections.longlived.tcp.plugins.module_utils._safe_file import check_replaceable, made, stage

LINK = "/etc/systemd/system/sysinit.target.wants/longlived-tcp-keepalive.service"
SCRIPT = "keepalive_default.py"

# The second one is for hosts whose /usr is read-only, and for those that mount /usr/local later: to wait for the network at a boot
# that waits for the unit is a cycle, which systemd breaks by leaving out one of the two.
DIRECTORIES = ("/usr/local/lib/longlived-tcp", "/etc/longlived-tcp")

# systemd itself, with and without a merged /usr.
SYSTEMD = ("/usr/lib/systemd/systemd", "/lib/systemd/systemd")

# What runs the script, with the options that keep everything else than the standard library out.
INTERPRETERS = (
    ("/usr/bin/python3", "-I"),
    ("/usr/libexec/platform-python", "-I"),
    ("/usr/bin/python2.7", "-E -s -B"),
)

_UNIT_TEXT = """\
# Managed by the Ansible collection longlived.tcp, module socket_keepalive_default.
[Unit]
Description=TCP keepalive for every new connection
DefaultDependencies=no
RequiresMountsFor=%(script)s
Before=sysinit.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutSec=10
ExecStart=%(command)s attach %(arguments)s
ExecStop=%(command)s detach

[Install]
WantedBy=sysinit.target
"""


class BootError(UserError):
    """Why the boot cannot be prepared."""


# The files with their new content (None: none), each with the mode of a new one; whether the unit is enabled, and is to be;
# a directory that has to be made, or None; and what is to be removed at the end if it is empty.
Decision = collections.namedtuple("Decision", "files enabled enable missing directory")


def changed(decision):
    return bool(steps(decision))


def steps(decision):
    """What has to be done, as words."""
    words = [
        ("remove" if content is None else "write", found.path) for found, content, _mode in decision.files if content != found.content
    ]
    return words + [("enable" if decision.enable else "disable", UNIT)] * (decision.enabled != decision.enable)


def foreseen(decision):
    """What `state` says once it is done."""
    if not decision.enable:
        return dict(unit=None, script=None, enabled=False)
    return dict(unit=UNIT, script=os.path.join(decision.directory, SCRIPT), enabled=True)


def state():
    """What a boot would run: {unit, script, enabled}, paths or None; `script` only if it is the one of this collection, unchanged."""
    script = next((path for path in _scripts() if os.path.isfile(path)), None)
    ours = script is not None and read(script).content == _script_text()
    return dict(unit=UNIT if os.path.isfile(UNIT) else None, script=script if ours else None, enabled=_is_enabled())


def decide(arguments):
    """What has to be done for a boot with these arguments of the script, or without the unit (None)."""
    directory = _directory()
    script = os.path.join(directory, SCRIPT)
    if arguments is None:
        files = [(read(path), None, 0o644) for path in [UNIT] + _scripts()]
        decision = Decision([row for row in files if row[0].content is not None], _is_enabled(), False, None, directory)
    else:
        if not _has_systemd():
            raise BootError(
                "This host has no systemd, which would attach the programs at boot: attach them by the module socket_keepalive_default"
                " with at_boot: false."
            )
        _check_owners(script)
        _check_owners(UNIT)
        command = "%s %s %s" % (_interpreter() + (script,))
        unit = _UNIT_TEXT % dict(script=script, command=command, arguments=arguments)
        files = [(read(script), _script_text(), 0o755), (read(UNIT), unit.encode("ascii"), 0o644)]
        missing = None if os.path.isdir(directory) else directory
        decision = Decision(files, _is_enabled(), True, missing, directory)
    for found, content, _mode in decision.files:
        if content != found.content and os.path.isdir(os.path.dirname(found.path)):
            check_replaceable(found)
    return decision


@contextlib.contextmanager
def applied(decision):
    """Do it for the time of a block: if that raises, everything is as it was. The unit is enabled last, and disabled first."""
    if not changed(decision):
        yield
        return
    with every([made(decision.missing, 0o755)] if decision.missing else []):
        directories = sorted(set(os.path.dirname(found.path) for found, _content, _mode in decision.files) | set([os.path.dirname(UNIT)]))
        with every([lock(os.path.join(directory, "x")) for directory in directories]):
            with every([_disabled()] if decision.enabled and not decision.enable else []):
                new = [row for row in decision.files if row[1] != row[0].content]
                with every([stage(*row) for row in new]) as staged:
                    for one in staged:
                        one.commit()
                    with every([_enabled()] if decision.enable and not decision.enabled else []):
                        yield
    if not decision.enable:
        for directory in DIRECTORIES:
            _remove_if_empty(directory)


def _scripts():
    return [os.path.join(directory, SCRIPT) for directory in DIRECTORIES]


def _script_text():
    return pkgutil.get_data(__name__.rpartition(".")[0], SCRIPT)


def _directory():
    """Where the script is, or else where it can be."""
    for directory in DIRECTORIES:
        if os.path.exists(os.path.join(directory, SCRIPT)):
            return directory
    above = os.path.dirname(DIRECTORIES[0])
    writable = os.path.isdir(above) and not os.statvfs(above).f_flag & 1  # ST_RDONLY, which Python 2 does not name
    return DIRECTORIES[0 if writable and _is_of_the_system(above) else 1]


def _is_of_the_system(directory):
    """Whether it is on the file system of / or /usr, which no boot has to wait for."""
    return os.stat(directory).st_dev in [os.stat(one).st_dev for one in ("/", "/usr") if os.path.isdir(one)]


def _interpreter():
    for path, options in INTERPRETERS:
        if os.access(path, os.X_OK):
            return path, options
    raise BootError("No Python for the boot: none of %s is there." % ", ".join(path for path, _options in INTERPRETERS))


def _has_systemd():
    """Whether it runs, or else is installed, as in an image. Debian's packages make the directory for units without it."""
    return os.path.isdir("/run/systemd/system") or (os.path.isdir("/etc/systemd/system") and any(map(os.path.exists, SYSTEMD)))


def _check_owners(path):
    """Root runs at boot what is there: refuse where another user may write to it, or replace it."""
    for one in _leading_to(path):
        if os.path.exists(one):
            status = os.stat(one)
            if status.st_uid != 0 or status.st_mode & 0o022:
                raise BootError(
                    "%s may be written by others than root, and root runs at boot what is there: correct its owner or mode."
                    % os.path.realpath(one)
                )


def _leading_to(path):
    """A path, all directories above it, and the same of whatever a link among them leads to."""
    paths = [path]
    if os.path.islink(path) and os.path.exists(path):
        paths += _leading_to(os.path.join(os.path.dirname(path), os.readlink(path)))
    return paths + (_leading_to(os.path.dirname(path)) if path != "/" else [])


def _is_enabled():
    return os.path.lexists(LINK)


@contextlib.contextmanager
def _enabled():
    with made(os.path.dirname(LINK), 0o755):
        _link()
        with undone_by(_unlink):
            yield


@contextlib.contextmanager
def _disabled():
    _unlink()
    with undone_by(_link):
        yield


def _link():
    try:
        os.symlink(UNIT, LINK)
    except (IOError, OSError) as error:
        raise because("create", LINK, error)


def _unlink():
    try:
        os.unlink(LINK)
    except (IOError, OSError) as error:
        raise because("remove", LINK, error)


def _remove_if_empty(directory):
    try:
        os.rmdir(directory)
    except (IOError, OSError):
        pass
