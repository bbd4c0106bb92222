# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""This host's systemd: its version, whether Red Hat has patched it, whether its systemd-sysctl runs at all, and what it starts."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import glob
import os
import re

SYSTEMD_LIBRARIES = (
    "/usr/lib/systemd/libsystemd-shared-*.so",
    "/usr/lib/*/systemd/libsystemd-shared-*.so",
    "/lib/systemd/libsystemd-shared-*.so",
    "/usr/lib64/systemd/libsystemd-shared-*.so",
)

SYSTEMD_SYSCTL = ("/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl")

SERVICE = "systemd-sysctl.service"

# Where units lie that outlast a boot, the highest precedence first, see systemd.unit(5).
UNIT_DIRECTORIES = ("/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")

_STARTED_FROM = (".wants", ".requires", ".upholds")


def version():
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
    return bool(re.search(r"^ID(_LIKE)?=.*\b(rhel|fedora|centos)\b", text_of("/etc/os-release"), re.MULTILINE))


def masked_service():
    """The path that masks systemd-sysctl.service, so that no boot reads any sysctl.d file; None if none does."""
    path = os.path.join(UNIT_DIRECTORIES[0], SERVICE)
    return path if is_mask(path) else None


def is_mask(path):
    """Whether a unit, or a drop-in of one, is there to hide others of its name."""
    return os.path.lexists(path) and (os.path.realpath(path) == "/dev/null" or (os.path.isfile(path) and os.path.getsize(path) == 0))


def started():
    """The names of the units that others pull in, as `systemctl enable` has it."""
    found = set()
    for directory in UNIT_DIRECTORIES:
        for name in names_in(directory):
            if name.endswith(_STARTED_FROM):
                found.update(names_in(os.path.join(directory, name)))
    return found


def unit_file(unit):
    """The file of a unit; None where there is none, or it is masked."""
    for directory in UNIT_DIRECTORIES:
        path = os.path.join(directory, unit)
        if os.path.lexists(path):
            return None if is_mask(path) else path
    return None


def starts_at_boot(unit):
    return unit_file(unit) is not None and unit in started()


def names_in(directory):
    """The names in a directory, sorted; none where it is missing or forbidden."""
    try:
        return sorted(os.listdir(directory))
    except (IOError, OSError):
        return []


def text_of(path):
    """A text file's content; nothing where it is missing or forbidden."""
    try:
        with open(path, "rb") as stream:
            return stream.read().decode("utf-8", "replace")
    except (IOError, OSError):
        return ""
