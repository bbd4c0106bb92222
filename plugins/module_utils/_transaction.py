# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Set or remove the three values, in the kernel and in a sysctl.d file, as one transaction.

`decide` looks at everything and changes nothing; `carry_out` does just what was decided. The file
comes last and with one rename(2): whatever fails before it leaves the old file, and the running
kernel gets its old values back.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import os

from ansible_collections.longlived.tcp.plugins.module_utils import _keepalive, _runtime, _safe_file, _sysctl_d
from ansible_collections.longlived.tcp.plugins.module_utils._boot import Boot, place, shown, values_of
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._keepalive import NAMES, key

# What is asked for: `present`, or else absent; `values` by name; `path` of the file; whether the
# `runtime` is to follow; whether another source that wins at boot is `tolerated`.
Request = collections.namedtuple("Request", "present values path runtime tolerated")

# What will be done: `found` is the file as it is, `content` its new bytes (None: no file), `loadable`
# whether sysctl -p on them touches nobody else's key, `before` and `after` the runtime values, `boot` the
# settings of the next boot, `overriding` those of `boot` that are not what was asked for.
Decision = collections.namedtuple("Decision", "request found content loadable before after boot overriding warnings")


class ChangeError(UserError):
    """Why the change is refused."""


def changes(decision):
    return decision.content != decision.found.content or decision.after != decision.before


def run(request, backup=False):
    """Decide and carry out; return the decision and the name of the backup file, if any."""
    decision = decide(request)
    if not changes(decision):
        return decision, None
    directory = os.path.dirname(decision.found.path)
    if not os.path.isdir(directory):
        os.mkdir(directory, 0o755)
    with _safe_file.lock(request.path):
        decision = decide(request)  # somebody else may have been faster
        return decision, carry_out(decision, backup) if changes(decision) else None


# --- deciding ----------------------------------------------------------------------------------


def decide(request):
    if request.present:
        _keepalive.check(request.values)
    _check_path(request.path)
    found = _safe_file.read(request.path)
    boot = Boot.load()
    before = _runtime.read() if request.runtime else _runtime.read_or_none()
    if request.present:
        _check_is_read(boot.tree, request.path)
        content = _sysctl_d.with_values(found.content, request.values, boot.rules)
    else:
        content = _content_without(request.path, found)
    boot = boot.replacing(found.path, content)
    settings = boot.settings()
    overriding = [(name, settings[name]) for name in NAMES if request.present and settings[name].value != request.values[name]]
    if overriding and not request.tolerated:
        raise ChangeError(" ".join(_overridden(request, name, setting) for name, setting in overriding))
    after = before
    if request.runtime:
        after = dict(request.values) if request.present else values_of(settings)
    loadable = request.present and _sysctl_d.holds_only_ours(content, boot.rules)
    decision = Decision(request, found, content, loadable, before, after, settings, overriding, boot.warnings())
    _check_possible(decision)
    return decision


def _check_path(path):
    if any(character in path for character in "*?[]{}\\~"):
        raise ChangeError("The name %s holds glob characters, which sysctl -p would expand: choose a name without any of *?[]{}\\~." % path)
    if any(ord(character) < 32 for character in path):
        raise ChangeError("The name %r holds a control character: choose a name without." % path)


def _check_is_read(tree, path):
    if tree.reads(path):
        return
    masking = tree.masked_by(path)
    if masking:
        raise ChangeError("No boot reads %s, since %s of the same name hides it: choose another name." % (path, shown(masking)))
    if path == _sysctl_d.SYSCTL_CONF:
        raise ChangeError(
            "No boot reads %s on this host, as no link in sysctl.d leads to it: use a file in /etc/sysctl.d, such as %s."
            % (path, "/etc/sysctl.d/99-tcp-keepalive.conf")
        )
    raise ChangeError("No boot reads %s: choose a name that ends in .conf, without a dot in front, in /etc/sysctl.d." % path)


def _content_without(path, found):
    """The file's bytes without our keys; None where nothing else is left in a drop-in."""
    if found.content is None:
        return None
    content = _sysctl_d.without_values(found.content)
    is_drop_in = path != _sysctl_d.SYSCTL_CONF and not os.path.islink(path) and os.path.dirname(path) in _sysctl_d.DIRECTORIES
    return None if is_drop_in and _sysctl_d.holds_nothing(content) else content


def _overridden(request, name, setting):
    wanted = "%s = %d in %s has no effect at the next boot" % (key(name), request.values[name], request.path)
    if setting.file is None:
        return "%s, which gives it the kernel's default, %s: look for a line that excludes it." % (wanted, setting.value)
    return "%s, as %s sets it to %s: remove or change that line, or choose a sysctl_file that is read later." % (
        wanted,
        place(setting),
        setting.value,
    )


def _check_possible(decision):
    if decision.content != decision.found.content and not _directory_to_make(decision.found.path):
        _safe_file.check_replaceable(decision.found)
    if decision.request.runtime and changes(decision):
        _runtime.check_writable()


def _directory_to_make(path):
    """Whether the directory is one of sysctl.d's that a minimal system merely lacks."""
    directory = os.path.dirname(path)
    return directory in _sysctl_d.DIRECTORIES and not os.path.lexists(directory) and os.path.isdir(os.path.dirname(directory))


# --- acting ------------------------------------------------------------------------------------


def carry_out(decision, backup=False):
    """Do what was decided; return the name of the backup file or None."""
    saved = None
    if backup and decision.found.content is not None and decision.content != decision.found.content:
        saved = _safe_file.back_up(decision.found)
    try:
        if decision.request.runtime:
            with _runtime.restored_on_failure(decision.before):
                _change(decision)
        else:
            _change(decision)
    except BaseException:
        if saved:
            os.unlink(saved)
        raise
    return saved


def _change(decision):
    found, content = decision.found, decision.content
    if content == found.content:
        _load(decision, found.path)
    elif content is None:
        _load(decision, None)
        _safe_file.remove(found)
    else:
        with _safe_file.stage(found, content) as staged:
            _load(decision, staged.path)
            staged.commit()


def _load(decision, path):
    """Give the running kernel the values: from the file if it holds nobody else's key, and prove it."""
    if not decision.request.runtime:
        return
    program = _runtime.sysctl_program()
    said = ""
    if decision.loadable and program:
        said = _runtime.load(program, path)
    elif decision.after != decision.before:
        _runtime.write(decision.after)
    now = _runtime.read()
    if now != decision.after:
        wrong = ", ".join(
            "%s is %d instead of %d" % (key(name), now[name], decision.after[name]) for name in NAMES if now[name] != decision.after[name]
        )
        raise ChangeError("The kernel did not take the values: %s%s." % (wrong, " (%s)" % said.rstrip(".") if said else ""))
