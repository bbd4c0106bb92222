# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What else may set the three values at or after a boot: seen, but not ranked.

sysctl.d(5) files can be ranked, see _sysctl_d.py. The kernel command line, a systemd credential and
tuned act before, beside and after them; saying that they are at work is all that can be promised.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import glob
import os
import re

from ansible_collections.longlived.tcp.plugins.module_utils._keepalive import NAMES, key

# systemd-sysctl.service loads the credential sysctl.extra from these, see systemd.exec(5) and
# systemd.system-credentials(7); .encrypted ones cannot be read here.
CREDENTIALS = (
    "/run/credentials/@system/sysctl.extra",
    "/run/credentials/systemd-sysctl.service/sysctl.extra",
    "/etc/credstore/sysctl.extra",
    "/run/credstore/sysctl.extra",
    "/usr/lib/credstore/sysctl.extra",
)
ENCRYPTED_CREDENTIALS = (
    "/run/credentials/@encrypted/sysctl.extra",
    "/etc/credstore.encrypted/sysctl.extra",
    "/run/credstore.encrypted/sysctl.extra",
    "/usr/lib/credstore.encrypted/sysctl.extra",
)

COMMAND_LINE = "/proc/cmdline"
TUNED_PROFILE = "/etc/tuned/active_profile"
TUNED_DIRECTORIES = ("/etc/tuned/profiles", "/etc/tuned", "/usr/lib/tuned/profiles", "/usr/lib/tuned")

SYSTEMD_LIBRARIES = (
    "/usr/lib/systemd/libsystemd-shared-*.so",
    "/usr/lib/*/systemd/libsystemd-shared-*.so",
    "/lib/systemd/libsystemd-shared-*.so",
    "/usr/lib64/systemd/libsystemd-shared-*.so",
)
# Where an administrator replaces or masks a unit, see systemd.unit(5).
SERVICE = "systemd-sysctl.service"
SERVICE_DIRECTORIES = ("/etc/systemd/system", "/run/systemd/system")

SYSTEMD_SYSCTL = ("/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl")

# Dots and slashes are both separators in every one of these sources.
_OUR_KEY = re.compile(r"net[./]ipv4[./]tcp_keepalive_(%s)\b" % "|".join(NAMES))


def systemd_version():
    """The version of the host's systemd as a number; None where there is none or it cannot be told.

    It is read from the name of systemd's own library, which no process has to be started for. That
    library came with version 231: a systemd without it is older, and taken as the 219 of RHEL 7 and
    Amazon Linux 2.
    """
    for pattern in SYSTEMD_LIBRARIES:
        for path in glob.glob(pattern):
            match = re.search(r"libsystemd-shared-(\d+)", path)
            if match:
                return int(match.group(1))
    return 219 if any(os.path.exists(path) for path in SYSTEMD_SYSCTL) else None


def is_red_hat_family():
    """Whether the host's os-release(5) calls it a relative of RHEL, whose systemd 219 was patched."""
    return bool(re.search(r"^ID(_LIKE)?=.*\b(rhel|fedora|centos)\b", _read("/etc/os-release"), re.MULTILINE))


def masked_service():
    """The path that masks systemd-sysctl.service, so that no boot reads any sysctl.d file; None if none does."""
    path = os.path.join(SERVICE_DIRECTORIES[0], SERVICE)
    masked = os.path.lexists(path) and (os.path.realpath(path) == "/dev/null" or (os.path.isfile(path) and os.path.getsize(path) == 0))
    return path if masked else None


def seen():
    """A list of `{source, file, detail}`, one for each such source that touches our keys or may do so."""
    return _command_line() + _credentials() + _tuned() + _replaced_service()


def _replaced_service():
    rows = []
    for directory in SERVICE_DIRECTORIES:
        path = os.path.join(directory, SERVICE)
        for changed in [path] * (os.path.isfile(path) and os.path.getsize(path) > 0) + sorted(glob.glob(path + ".d/*.conf")):
            rows.append(_row("changed unit " + SERVICE, changed, "what it runs was not looked at"))
    return rows


def _command_line():
    words = [word for word in _read(COMMAND_LINE).split() if word.startswith("sysctl.") and _OUR_KEY.search(word)]
    return [_row("kernel command line", COMMAND_LINE, word) for word in words]


def _credentials():
    rows = []
    for path in CREDENTIALS:
        if os.path.exists(path):
            lines = [line.strip() for line in _read(path).splitlines() if _OUR_KEY.search(line)]
            rows.extend(_row("systemd credential sysctl.extra", path, line) for line in lines)
    for path in ENCRYPTED_CREDENTIALS:
        if os.path.exists(path):
            rows.append(_row("systemd credential sysctl.extra", path, "encrypted, its content cannot be read"))
    return rows


def _tuned():
    rows = []
    waiting, known = _read(TUNED_PROFILE).split(), set()
    while waiting:
        profile = waiting.pop(0)
        path = _tuned_file(profile)
        if path is None or path in known:
            continue
        known.add(path)
        for line in (text.strip() for text in _read(path).splitlines()):
            if line.startswith("include="):
                waiting.extend(re.split(r"[\s,]+", line[len("include=") :]))
            elif _OUR_KEY.match(line):
                rows.append(_row("tuned profile %s" % profile, path, line))
    return rows


def _tuned_file(profile):
    for directory in TUNED_DIRECTORIES:
        path = os.path.join(directory, profile, "tuned.conf")
        if os.path.isfile(path):
            return path
    return None


def _row(source, path, detail):
    return {"source": source, "file": path, "detail": detail}


def _read(path):
    """A text file's content; nothing where it is missing or forbidden."""
    try:
        with open(path, "rb") as stream:
            return stream.read().decode("utf-8", "replace")
    except (IOError, OSError):
        return ""


def describe(row):
    """One sentence about a row of `seen`."""
    return "%s may set %s as well (%s: %s); where it ranks cannot be told from here." % (
        row["source"][0].upper() + row["source"][1:],
        key("*"),
        row["file"],
        row["detail"],
    )
