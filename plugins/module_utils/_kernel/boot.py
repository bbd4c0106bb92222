# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the next boot of this host gives the three values, and what can be said of how sure that is."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections

from ansible_collections.longlived.tcp.plugins.module_utils._kernel import other_writers, search, systemd, tuned, ufw
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.precedence import Setting, Tree, ours
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.sysctl_d import rules_for
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import KERNEL_DEFAULTS, NAMES, SAFE_SECONDS, key

# Who writes after systemd-sysctl: what ufw and TuneD apply (None: nothing), the rows of those that have no rank, and where
# the search for them stopped (None: nowhere).
Later = collections.namedtuple("Later", "ufw tuned rows stopped")
NOBODY = Later(None, None, (), None)


class Boot:
    """What the next boot reads, under the rules of the host's systemd, and what others make of it afterwards."""

    def __init__(self, tree, rules, systemd, masked, volatile, later=NOBODY):
        self.tree = tree
        self.rules = rules
        self.systemd = systemd
        self.masked = masked
        self.volatile = volatile
        self._later = later

    @classmethod
    def of_this_host(cls):
        version = systemd.version()
        rules = rules_for(version, conf_last=systemd.is_red_hat_family())
        now = Tree.on_disk(rules.directories, hides=rules.hides)
        rows, stopped = search.found()
        later = Later(ufw.loaded(), tuned.loaded(), other_writers.seen() + rows, stopped)
        return cls(now.lasting(), rules, version, systemd.masked_service(), now.volatile(), later)

    def replacing(self, path, content):
        """The same host once the file at `path` has this content, or is gone (None)."""
        return Boot(self.tree.replacing(path, content), self.rules, self.systemd, self.masked, self.volatile, self._later)

    def settings(self):
        return self._applied().settings

    def _applied(self):
        """systemd-sysctl, then ufw, then TuneD."""
        settings = self._by_systemd()
        if self._later.ufw:
            settings = ufw.applied(self._later.ufw, self.rules, settings)
        if self._later.tuned:
            return tuned.applied(self._later.tuned, self.tree.reapplied(), settings)
        return tuned.Applied(settings, {})

    def _by_systemd(self):
        if self.masked:
            return dict((name, Setting(KERNEL_DEFAULTS[name], None, None, None)) for name in NAMES)
        return self.tree.boot(self.rules, KERNEL_DEFAULTS)

    def other_writers(self):
        """A row for each line that sets one of our keys after systemd-sysctl, or may do so; those that are `certain` decide."""
        applied = self._applied()
        ranked = [(applied.settings[name], name, True) for name in NAMES if applied.settings[name].by]
        ranked += [(applied.uncertain[name], name, False) for name in NAMES if name in applied.uncertain]
        rows = [
            other_writers.row(one.by, "after systemd-sysctl", printable(one.file), one.line, name, one.value, certain)
            for one, name, certain in ranked
        ]
        return rows + [dict(row, file=printable(row["file"])) for row in self._later.rows]

    def assignments(self):
        return [] if self.masked else self.tree.assignments(self.rules)

    def warnings(self):
        """A sentence for each reason why a boot, or another program, may decide otherwise."""
        boot = self.settings()
        rows = dict((key(name), row) for name, row in as_rows(boot).items())
        others = [(row, rows.get(row["key"])) for row in self.other_writers()]
        found = [other_writers.describe(*one) for one in others if other_writers.may_change(*one)]
        if self._later.stopped:
            found.append(search.describe(self._later.stopped))
        for path in self.tree.unreadable():
            found.append("%s cannot be read, and what it sets at boot is not known: run as root (become: true)." % printable(path))
        if self.masked:
            found.append("%s masks systemd-sysctl.service, so that no boot reads any sysctl.d file: systemctl unmask it." % self.masked)
        for file in self.volatile:
            names = ours(file, self.rules)
            if names:
                found.append(
                    "%s sets %s now, but is gone at the next boot, unless something makes it anew before: put the setting below /etc."
                    % (printable(file.read_as), " and ".join(key(name) for name in names))
                )
        if self.systemd is None:
            found.append("This host has no systemd; the boot values are those that sysctl.d(5) gives its files.")
        procps = self.tree.procps(self.rules, KERNEL_DEFAULTS)
        for name in NAMES:
            if boot[name].value > SAFE_SECONDS:
                found.append(
                    "%s sets %s to %d, which this kernel may refuse (it depends on its HZ) and then keep its default."
                    % (source_of(boot[name]), key(name), boot[name].value)
                )
            if procps[name].value != boot[name].value and not self.masked:
                found.append(
                    "A boot sets %s to %s (%s), but 'sysctl --system' would set it to %s (%s)."
                    % (key(name), boot[name].value, source_of(boot[name]), procps[name].value, source_of(procps[name]))
                )
        return found


def source_of(setting):
    """Where a setting stands, for a sentence."""
    if setting.file is None:
        return "the kernel's default"
    link = "" if setting.read_as == setting.file else ", read as %s" % printable(setting.read_as)
    later = " (%s applies it after systemd-sysctl)" % setting.by if setting.by else ""
    return "%s line %d%s%s" % (printable(setting.file), setting.line, link, later)


def as_rows(settings):
    """Settings by name as a module returns them."""
    return dict(
        (name, {"value": one.value, "file": printable(one.file), "line": one.line, "read_as": printable(one.read_as), "by": one.by})
        for name, one in settings.items()
    )


def values_of(settings):
    return dict((name, settings[name].value) for name in NAMES)


def printable(path):
    """A path as native text that every terminal and JSON reader takes, whatever its bytes are."""
    if path is None:
        return None
    if bytes is str:  # Python 2: native text is bytes, of which UTF-8 is asked
        return path.decode("utf-8", "replace").encode("utf-8")
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
