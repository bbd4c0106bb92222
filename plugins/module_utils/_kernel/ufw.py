# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ufw, the firewall of Debian and Ubuntu: its unit runs `sysctl -p` on a file of its own, after systemd-sysctl.

The file is the one that IPT_SYSCTL names. It ships with a keepalive line that is a comment.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

from ansible_collections.longlived.tcp.plugins.module_utils._kernel.precedence import by_procps, entry
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.systemd import starts_at_boot, text_of

BY = "ufw"
UNIT = "ufw.service"

# Read in this order by /bin/sh, so that the second wins.
SETTINGS = ("/etc/default/ufw", "/etc/ufw/ufw.conf")

_ASSIGNMENT = re.compile(r"""^[ \t]*(?:export[ \t]+)?(\w+)=(?:"([^"]*)"|'([^']*)'|([^\s;#"']*))""", re.MULTILINE)


def loaded():
    """The file that ufw loads at the next boot, with its content; None where it loads none."""
    if not starts_at_boot(UNIT):
        return None
    path = sysctl_file([text_of(path) for path in SETTINGS])
    return entry(path) if path and os.path.exists(path) else None


def sysctl_file(texts):
    """The path of the file that ufw loads, by the text of its settings; None where it is not enabled or loads none."""
    found = {}
    for text in texts:
        for name, double, single, plain in _ASSIGNMENT.findall(text):
            found[name] = double or single or plain
    return found.get("IPT_SYSCTL") or None if found.get("ENABLED") in ("yes", "YES") else None


def applied(file, rules, before):
    """What ufw makes of the settings `before`."""
    after = by_procps([file], rules, before)
    return dict((name, one if one is before[name] else one._replace(by=BY)) for name, one in after.items())
