# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What else may set the three values at or after a boot, and has no rank that can be worked out.

The kernel command line, a systemd credential, a systemd-sysctl.service that is not the distribution's, and whatever
search.py finds. Each is a row of `key` (None: any of the three), `value` (None: not known), `file`, `line`, `by`, `when`
and `certain`.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

from ansible_collections.longlived.tcp.plugins.module_utils._kernel.systemd import (
    SERVICE,
    UNIT_DIRECTORIES,
    is_mask,
    names_in,
    text_of,
)
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import NAMES, kernel_value, key

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

# Dots and slashes are both separators in every one of these sources.
KEY = r"net[./]ipv4[./]tcp_keepalive_(%s)\b" % "|".join(NAMES)

_ASSIGNED = re.compile(KEY + r"[ \t]*=[ \t]*(\S*)")

# Lines of a unit that leave what systemd-sysctl does as it is.
_HARMLESS = re.compile(r"\s*($|[#;\[]|(Description|Documentation|After|Before|Wants|Requires|PartOf|Timeout\w+|Restart\w*|Nice|Slice)\s*=)")


def row(by, when, path, line, name, value, certain=False):
    return dict(key=name and key(name), value=value, file=path, line=line, by=by, when=when, certain=certain)


def seen():
    """The rows of what is known by its place; see search.py for the others."""
    return _command_line() + _credentials() + _changed_service()


def _command_line():
    """As the kernel reads it: `sysctl.` or `sysctl/` in front, quotes around all of it or around the value."""
    rows = []
    for word in text_of(COMMAND_LINE).partition(" -- ")[0].split():
        match = re.match(r'"?sysctl[./]' + KEY + r'="?([^"]*)', word)
        if match:
            rows.append(row("kernel command line", "before systemd-sysctl", COMMAND_LINE, 1, match.group(1), kernel_value(*match.groups())))
    return rows


def _credentials():
    by, when, rows = "systemd credential sysctl.extra", "with systemd-sysctl", []
    for path in CREDENTIALS:
        for number, line in enumerate(text_of(path).splitlines(), 1):
            match = _ASSIGNED.search(line)
            if match and not line.lstrip().startswith(("#", ";")):
                rows.append(row(by, when, path, number, match.group(1), kernel_value(*match.groups())))
    rows.extend(row(by, when, path, None, None, None) for path in ENCRYPTED_CREDENTIALS if os.path.exists(path))
    return rows


def _changed_service():
    """The lines by which a unit of the administrator's, or a drop-in of anyone's, changes what systemd-sysctl.service runs."""
    paths, hidden = [], set()
    for directory in UNIT_DIRECTORIES:
        vendor = directory in UNIT_DIRECTORIES[2:]
        paths += [os.path.join(directory, SERVICE)] if not vendor else []
        drop_ins = os.path.join(directory, SERVICE + ".d")
        for name in names_in(drop_ins):
            if name.endswith(".conf") and name not in hidden:
                hidden.add(name)
                paths.append(os.path.join(drop_ins, name))
    return [one for path in paths if not is_mask(path) for one in _changes(path)]


def _changes(path):
    by, when = "changed unit " + SERVICE, "with systemd-sysctl"
    for number, line in enumerate(text_of(path).splitlines(), 1):
        if _HARMLESS.match(line):
            continue
        named = [match.groups() for match in _ASSIGNED.finditer(line)]
        for name, text in named:
            yield row(by, when, path, number, name, kernel_value(name, text.strip("\"'")))
        if not named:
            yield row(by, when, path, number, None, None)


def may_change(found, boot):
    """Whether what a row sets may be another value than that of `boot`, a row of its key; any file beats the command line."""
    if found["certain"] or boot is None:
        return not found["certain"]
    return found["value"] != boot["value"] and (found["file"] != COMMAND_LINE or boot["file"] is None)


def describe(found, boot):
    """One sentence about a row that may change `boot`, a row of its key (None: no key is named)."""
    where = found["file"] if found["line"] is None else "%s line %d" % (found["file"], found["line"])
    if boot is None:
        return "What the next boot gives is not certain, as %s (%s) acts %s, and what it sets is not known: reboot to see it." % (
            where,
            found["by"],
            found["when"],
        )
    value = "another value than" if found["value"] is None else "%s instead of" % found["value"]
    return "%s may be %s %s after the next boot, as %s sets it (%s, %s): remove or change that line." % (
        found["key"],
        value,
        boot["value"],
        where,
        found["by"],
        found["when"],
    )
