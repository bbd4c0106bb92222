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
import contextlib
import os

from ansible_collections.longlived.tcp.plugins.module_utils import _keepalive, _runtime, _safe_file, _sysctl_d
from ansible_collections.longlived.tcp.plugins.module_utils._boot import Boot, place, shown, values_of
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._keepalive import NAMES, key

# What is asked for: `present`, or else absent; `values` by name; `path` of the file; whether the
# `runtime` is to follow; whether another source that wins at boot is `tolerated`; and how to run a
# program, as AnsibleModule.run_command does it.
Request = collections.namedtuple("Request", "present values path runtime tolerated run_command")

# What will be done: `found` is the file as it is, `content` its new bytes (None: no file), `loadable`
# whether sysctl -p on them touches nobody else's key, `before` and `after` the runtime values, `boot` the
# settings of the next boot, `overriding` those of `boot` that are not what was asked for, `old_text` and
# `new_text` what of the file may be shown: a file's own comments and lines, of a shared one our lines only.
Decision = collections.namedtuple(
    "Decision", "request found content loadable before after boot overriding warnings old_text new_text"
)


class ChangeError(UserError):
    """Why the change is refused."""


def changes(decision):
    return decision.content != decision.found.content or decision.after != decision.before


def run(request, backup=False):
    """Decide and carry out; return the decision and the name of the backup file, if any."""
    decision = decide(request)
    if not changes(decision):
        return decision, None
    with _directory_for(decision), _lock_for(decision):
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
        _check_is_read(boot, request.path, found.path)
        content = _sysctl_d.with_values(found.content, request.values, boot.rules)
    else:
        content = _content_without(request.path, found, boot.rules)
    boot = boot.replacing(found.path, content)
    settings = boot.settings()
    overriding = [(name, settings[name]) for name in NAMES if request.present and settings[name].value != request.values[name]]
    if overriding and not request.tolerated:
        raise ChangeError(" ".join(_overridden(request, name, setting) for name, setting in overriding))
    after = before
    if request.runtime:
        after = dict(request.values) if request.present else values_of(settings)
    loadable = request.present and not _has_glob(found.path) and _sysctl_d.holds_only_ours(content, boot.rules)
    texts = [_shown_text(one, boot.rules) for one in (found.content, content)]
    decision = Decision(request, found, content, loadable, before, after, settings, overriding, boot.warnings(), *texts)
    _check_possible(decision)
    return decision


def _shown_text(content, rules):
    if content is None:
        return ""
    if _sysctl_d.holds_only_ours(content, rules):
        return content.decode("utf-8", "replace")
    return _sysctl_d.own_text(content, rules)


def _has_glob(path):
    """Whether sysctl(8) would take the name of a file as a pattern."""
    return any(character in path for character in "*?[]{}\\~")


def _check_path(path):
    if not path:
        raise ChangeError("sysctl_file is empty: name a file in /etc/sysctl.d, or leave the option out.")
    if _has_glob(path):
        raise ChangeError(
            "The name %s holds glob characters, which sysctl -p would expand: choose a name without any of *?[]{}\\~." % shown(path)
        )
    if any(ord(character) < 32 for character in path):
        raise ChangeError("The name %r holds a control character: choose a name without." % path)


def _check_is_read(boot, path, real):
    name = shown(path)
    if boot.masked:
        raise ChangeError("No boot reads %s, since %s masks systemd-sysctl.service: systemctl unmask it." % (name, boot.masked))
    if _sysctl_d.is_volatile(path) or _sysctl_d.is_volatile(real):
        raise ChangeError("No boot reads %s, which is gone by then: use a file in /etc/sysctl.d." % name)
    if boot.tree.reads(path):
        return
    masking = boot.tree.masked_by(path)
    if masking:
        raise ChangeError("No boot reads %s, since %s of the same name hides it: choose another name." % (name, shown(masking)))
    if path == _sysctl_d.SYSCTL_CONF:
        raise ChangeError(
            "No boot reads %s on this host, as no link in sysctl.d leads to it: use a file in /etc/sysctl.d, such as %s."
            % (name, "/etc/sysctl.d/99-tcp-keepalive.conf")
        )
    raise ChangeError("No boot reads %s: choose a name that ends in .conf, without a dot in front, in /etc/sysctl.d." % name)


def _content_without(path, found, rules):
    """The file's bytes without our keys; None where nothing is left of a drop-in that held them, or was made for them."""
    if found.content is None:
        return None
    content = _sysctl_d.without_values(found.content, rules)
    is_drop_in = os.path.dirname(path) in _sysctl_d.DIRECTORIES and not os.path.islink(path)
    was_ours = content != found.content or content.strip() != b""  # an empty file masks another one
    return None if is_drop_in and was_ours and _sysctl_d.holds_nothing(content) else content


def _overridden(request, name, setting):
    wanted = "%s = %d in %s has no effect at the next boot" % (key(name), request.values[name], shown(request.path))
    if setting.file is None:
        return "%s, which gives it the kernel's default, %s: look for a line that excludes it." % (wanted, setting.value)
    return "%s, as %s sets it to %s: remove or change that line, or choose a sysctl_file that is read later." % (
        wanted,
        place(setting),
        setting.value,
    )


def _check_possible(decision):
    if decision.content != decision.found.content:
        # A directory that is to be made is judged like a file that is to be made.
        missing = _missing_directory(decision)
        _safe_file.check_replaceable(_safe_file.Found(missing, None, None) if missing else decision.found)
    if decision.after != decision.before:
        _runtime.check_writable()


def _missing_directory(decision):
    """The directory of sysctl.d's that a minimal system lacks and the new file needs, or None."""
    directory = os.path.dirname(decision.found.path)
    needed = decision.content is not None and directory in _sysctl_d.DIRECTORIES and not os.path.lexists(directory)
    return directory if needed else None


# --- acting ------------------------------------------------------------------------------------


@contextlib.contextmanager
def _directory_for(decision):
    """Make the missing directory, and take it away again if nothing comes of it."""
    missing = _missing_directory(decision)
    if not missing:
        yield
        return
    try:
        os.mkdir(missing)
        os.chmod(missing, 0o755)  # whatever the umask
    except (IOError, OSError) as error:
        raise ChangeError("Cannot make the directory %s: %s." % (missing, error.strerror))
    try:
        yield
    except BaseException:
        os.rmdir(missing)
        raise


@contextlib.contextmanager
def _lock_for(decision):
    if os.path.isdir(os.path.dirname(decision.found.path)):
        with _safe_file.lock(decision.found.path):
            yield
    else:
        yield  # absent, and no file could be there: only the running kernel changes


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
    if decision.after == decision.before:
        return
    program = _runtime.sysctl_program()
    said = ""
    if decision.loadable and program:
        said = _runtime.load(decision.request.run_command, program, path)
    else:
        _runtime.write(decision.after)
    now = _runtime.read()
    if now != decision.after:
        wrong = ", ".join(
            "%s is %d instead of %d" % (key(name), now[name], decision.after[name]) for name in NAMES if now[name] != decision.after[name]
        )
        raise ChangeError("The kernel did not take the values: %s%s." % (wrong, " (%s)" % said.rstrip(".") if said else ""))
