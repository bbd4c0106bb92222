# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the next boot of this host gives the three values, and what can be said of how sure that is."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.longlived.tcp.plugins.module_utils._kernel import other_writers, systemd
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.precedence import Setting, Tree, ours
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.sysctl_d import rules_for
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import KERNEL_DEFAULTS, NAMES, SAFE_SECONDS, key


class Boot:
    """What the next boot reads, under the rules of the host's systemd."""

    def __init__(self, tree, rules, systemd, masked, volatile):
        self.tree = tree
        self.rules = rules
        self.systemd = systemd
        self.masked = masked
        self.volatile = volatile

    @classmethod
    def of_this_host(cls):
        version = systemd.version()
        rules = rules_for(version, conf_last=systemd.is_red_hat_family())
        now = Tree.on_disk(rules.directories)
        return cls(now.lasting(), rules, version, systemd.masked_service(), now.volatile())

    def replacing(self, path, content):
        """The same host once the file at `path` has this content, or is gone (None)."""
        return Boot(self.tree.replacing(path, content), self.rules, self.systemd, self.masked, self.volatile)

    def settings(self):
        if self.masked:
            return dict((name, Setting(KERNEL_DEFAULTS[name], None, None, None)) for name in NAMES)
        return self.tree.boot(self.rules, KERNEL_DEFAULTS)

    def assignments(self):
        return [] if self.masked else self.tree.assignments(self.rules)

    def warnings(self):
        """A sentence for each reason why a boot, or another program, may decide otherwise."""
        found = [other_writers.describe(row) for row in other_writers.seen()]
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
        boot, procps = self.settings(), self.tree.procps(self.rules, KERNEL_DEFAULTS)
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
    return "%s line %d%s" % (printable(setting.file), setting.line, link)


def as_rows(settings):
    """Settings by name as a module returns them."""
    return dict(
        (name, {"value": one.value, "file": printable(one.file), "line": one.line, "read_as": printable(one.read_as)})
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
