# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What else may set the three values at or after a boot: seen, but not ranked.

sysctl.d(5) files can be ranked, see precedence.py. The kernel command line, a systemd credential and
tuned act before, beside and after them; saying that they are at work is all that can be promised.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import glob
import os
import re

from ansible_collections.longlived.tcp.plugins.module_utils._kernel.systemd import SERVICE, SERVICE_DIRECTORIES, text_of
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import NAMES, key

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

# Dots and slashes are both separators in every one of these sources.
_OUR_KEY = re.compile(r"(%s)\b" % "|".join(key(name).replace(".", "[./]") for name in NAMES))


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
    words = [word for word in text_of(COMMAND_LINE).split() if word.startswith("sysctl.") and _OUR_KEY.search(word)]
    return [_row("kernel command line", COMMAND_LINE, word) for word in words]


def _credentials():
    rows = []
    for path in CREDENTIALS:
        if os.path.exists(path):
            lines = [line.strip() for line in text_of(path).splitlines() if _OUR_KEY.search(line)]
            rows.extend(_row("systemd credential sysctl.extra", path, line) for line in lines)
    for path in ENCRYPTED_CREDENTIALS:
        if os.path.exists(path):
            rows.append(_row("systemd credential sysctl.extra", path, "encrypted, its content cannot be read"))
    return rows


def _tuned():
    rows = []
    waiting, known = text_of(TUNED_PROFILE).split(), set()
    while waiting:
        profile = waiting.pop(0)
        path = _tuned_file(profile)
        if path is None or path in known:
            continue
        known.add(path)
        for line in (text.strip() for text in text_of(path).splitlines()):
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


def describe(row):
    """One sentence about a row of `seen`."""
    return "%s may set %s as well (%s: %s); where it ranks cannot be told from here." % (
        row["source"][0].upper() + row["source"][1:],
        key("*"),
        row["file"],
        row["detail"],
    )
