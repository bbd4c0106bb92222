# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Set or remove the three values, in the kernel and in sysctl.d files, as one transaction.

`decide` looks at everything and changes nothing; `applied` does just what was decided, for a block
that may still fail. The files come last, each with one rename(2): whatever fails puts the old ones
back, and gives the running kernel its old values.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import contextlib
import os

from ansible_collections.longlived.tcp.plugins.module_utils import _file_lock, _safe_file
from ansible_collections.longlived.tcp.plugins.module_utils._all_or_nothing import every, undone_by
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import edit, precedence, runtime
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import values as _values
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.boot import Boot, printable, source_of, values_of
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.sysctl_d import DIRECTORIES
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import NAMES, SYSCTL_FILE, key
from ansible_collections.longlived.tcp.plugins.module_utils._regular_file import Found, read

# What is asked for: `present`, or else absent; `values` by name; `path` of the file; whether the
# `runtime` is to follow; whether another source that wins at boot is `tolerated`; and how to run a
# program, as AnsibleModule.run_command does it.
Request = collections.namedtuple("Request", "present values path runtime tolerated run_command")

# One file: as it is, its new bytes (None: no file), and what of both may be shown: a file's own comments and
# lines, of a shared one our lines only.
_FileChange = collections.namedtuple("_FileChange", "found content old_text new_text")

# What will be done: to `files`, of which the first is the one at the request's path; `loadable` tells whether
# sysctl -p on that one touches no other key; `before` and `after` are the runtime values, `boot` the
# settings of the next boot, `overriding` those of `boot` that are not what was asked for, `next` all that the next boot
# reads.
Decision = collections.namedtuple("Decision", "request files loadable before after boot overriding warnings next")


class FileChange(_FileChange):
    __slots__ = ()

    @property
    def changed(self):
        return self.content != self.found.content


class ChangeError(UserError):
    """Why the change is refused."""


def changes(decision):
    return any(file.changed for file in decision.files) or decision.after != decision.before


def run(request, backup=False):
    """Decide and carry out; return the decision and the name of the backup file, if any."""
    with applied(request, backup) as done:
        return done


@contextlib.contextmanager
def applied(request, backup=False, decision=None):
    """The same for the time of a block: if it raises, the kernel and the files are as they were. With a `decision` that was
    made already, the first look is left out."""
    decision = decision or decide(request)
    if not changes(decision):
        for path in _paths(decision):
            _file_lock.tidy(path)
        yield decision, None
        return
    with _directory_for(decision), _locks_for(decision):
        decision = decide(request)  # another run may have been faster
        with _carried_out(decision, backup) as saved:
            yield decision, saved


def native_path(text):
    """The name of a file, which a module gets as text, as the file system has it, whatever the locale: ssh often sets none."""
    if bytes is str or not text:  # on Python 2 native text is bytes
        return os.path.normpath(text) if text else text
    return os.path.normpath(os.fsdecode(text.encode("utf-8", "surrogateescape")))


# --- deciding ----------------------------------------------------------------------------------


def decide(request, boot=None):
    """`boot` is what a look has just found, for who has looked."""
    if request.present:
        _values.check(request.values)
    _check_path(request.path)
    boot = boot or Boot.of_this_host()
    before = runtime.read() if request.runtime else runtime.read_or_none()
    files = [_with_values(request, boot)] if request.present else _without_values(request.path, boot)
    for file in files:
        boot = boot.replacing(file.found.path, file.content)
    settings = boot.settings()
    overriding = [(name, settings[name]) for name in NAMES if request.present and settings[name].value != request.values[name]]
    if overriding and not request.tolerated:
        raise ChangeError(" ".join(_overridden(request, name, setting) for name, setting in overriding))
    after = before
    if request.runtime:
        after = dict(request.values) if request.present else values_of(settings)
    main = files[0]
    loadable = request.present and not _has_glob(main.found.path) and edit.holds_only_ours(main.content, boot.rules)
    warnings = boot.warnings() + [_decides(*one) for one in overriding] + ([] if request.present else _remaining(settings, boot))
    decision = Decision(request, files, loadable, before, after, settings, overriding, warnings, boot)
    _check_possible(decision)
    return decision


def _with_values(request, boot):
    found = read(request.path)
    _check_is_read(boot, request.path, found.path)
    return _change(found, edit.with_values(found.content, request.values, boot.rules), boot.rules)


def _without_values(path, boot):
    """The file at `path`, and each other one that this collection made and that holds a value."""
    main = _without(path, boot.rules)
    others = [_without(one, boot.rules) for one in boot.tree.headed()]
    return [main] + [other for other in others if other.changed and other.found.path != main.found.path]


def _without(path, rules):
    found = read(path)
    return _change(found, _content_without(path, found, rules), rules)


def _change(found, content, rules):
    return FileChange(found, content, *[_shown_text(one, rules) for one in (found.content, content)])


def _shown_text(content, rules):
    if content is None:
        return ""
    if edit.holds_only_ours(content, rules):
        return content.decode("utf-8", "replace")
    return edit.own_text(content, rules)


def _has_glob(path):
    """Whether sysctl(8) would take the name of a file as a pattern."""
    return any(character in path for character in "*?[]{}\\~")


def _check_path(path):
    if not path:
        raise ChangeError("sysctl_file is empty: name a file in /etc/sysctl.d, or leave the option out.")
    if _has_glob(path):
        raise ChangeError(
            "The name %s holds glob characters, which sysctl -p would expand: choose a name without any of *?[]{}\\~." % printable(path)
        )
    if any(ord(character) < 32 for character in path):
        raise ChangeError("The name %r holds a control character: choose a name without." % path)


def _check_is_read(boot, path, real):
    name = printable(path)
    if boot.masked:
        raise ChangeError("No boot reads %s, since %s masks systemd-sysctl.service: systemctl unmask it." % (name, boot.masked))
    if precedence.is_volatile(path) or precedence.is_volatile(real):
        raise ChangeError("No boot reads %s, which is gone by then: use a file in /etc/sysctl.d." % name)
    if boot.tree.reads(path):
        return
    masking = boot.tree.masked_by(path)
    if masking:
        raise ChangeError("No boot reads %s, since %s of the same name hides it: choose another name." % (name, printable(masking)))
    if path == precedence.SYSCTL_CONF:
        raise ChangeError(
            "No boot reads %s on this host, as no link in sysctl.d leads to it: use a file in /etc/sysctl.d, such as %s."
            % (name, SYSCTL_FILE)
        )
    raise ChangeError("No boot reads %s: choose a name that ends in .conf, without a dot in front, in /etc/sysctl.d." % name)


def _content_without(path, found, rules):
    """The file's bytes without our keys; None where nothing is left of a drop-in that held them, or was made for them."""
    if found.content is None:
        return None
    content = edit.without_values(found.content, rules)
    is_drop_in = os.path.dirname(path) in DIRECTORIES and not os.path.islink(path)
    was_ours = content != found.content or content.strip() != b""  # an empty file masks another one
    return None if is_drop_in and was_ours and edit.holds_nothing(content) else content


def _overridden(request, name, setting):
    wanted = "%s = %d in %s has no effect at the next boot" % (key(name), request.values[name], printable(request.path))
    if setting.file is None:
        return "%s, which gives it the kernel's default, %s: look for a line that excludes it." % (wanted, setting.value)
    return "%s, as %s sets it to %s: remove or change that line%s." % (
        wanted,
        source_of(setting),
        setting.value,
        "" if setting.by else ", or choose a sysctl_file that is read later",
    )


def _decides(name, setting):
    return "At the next boot %s will be %s, not what this task sets: %s decides." % (key(name), setting.value, source_of(setting))


def _remaining(settings, boot):
    """A sentence for each key that a file still sets once ours have left."""
    return [_stays(name, settings[name], boot.tree.is_headed(settings[name].file)) for name in NAMES if settings[name].file is not None]


def _stays(name, setting, headed):
    return "%s stays at %s at the next boot: %s sets it%s; remove the line if the value is not meant." % (
        key(name),
        setting.value,
        source_of(setting),
        "" if headed else ", and that file does not bear this collection's header",
    )


def _check_possible(decision):
    for file in decision.files:
        if file.changed:
            # A directory that is to be made is judged like a file that is to be made.
            missing = _missing_directory(file)
            _safe_file.check_replaceable(Found(missing, None, None) if missing else file.found)
    if decision.after != decision.before:
        runtime.check_writable()


def _missing_directory(file):
    """The directory of sysctl.d's that a minimal system lacks and the new file needs, or None."""
    directory = os.path.dirname(file.found.path)
    needed = file.content is not None and directory in DIRECTORIES and not os.path.lexists(directory)
    return directory if needed else None


# --- telling -----------------------------------------------------------------------------------


def rows(overriding):
    """What a module returns of those settings."""
    return [dict(key=key(name), value=one.value, file=printable(one.file), line=one.line) for name, one in overriding]


def diff(decision):
    """What changes as Ansible shows it, each file and the running kernel under a header of its own."""
    files = [_difference(printable(file.found.path), file.old_text, file.new_text) for file in decision.files]
    return files + [_difference("running kernel", _lines(decision.before), _lines(decision.after))]


def _difference(header, before, after):
    return dict(before_header=header, after_header=header, before=before, after=after)


def _lines(values):
    return "".join("%s = %s\n" % (key(name), values[name]) for name in NAMES)


# --- acting ------------------------------------------------------------------------------------


def _directory_for(decision):
    missing = _missing_directory(decision.files[0])
    return every([_safe_file.made(missing, 0o755)] if missing else [])


def _locks_for(decision):
    """Locks on what is changed, in an order that is every run's."""
    return every([_file_lock.lock(path) for path in _paths(decision) if os.path.isdir(os.path.dirname(path))])


def _paths(decision):
    # The default as well: files with our header, which lie beside it, may have come or gone.
    return sorted(set(os.path.realpath(path) for path in [SYSCTL_FILE] + [file.found.path for file in decision.files]), key=os.path.split)


@contextlib.contextmanager
def _carried_out(decision, backup):
    """What was decided, for as long as the block does not raise; the name of the backup file or None."""
    changed = [file for file in decision.files if file.changed]
    main = decision.files[0]
    with _safe_file.backed_up(main.found, backup and main.changed) as saved, _kernel_back_after_failure(decision):
        with every([_safe_file.stage(file.found, file.content) for file in changed]) as staged:
            _load(decision, staged[0].path if staged else main.found.path)
            for one in staged:
                one.commit()
            yield saved


def _kernel_back_after_failure(decision):
    return every([undone_by(runtime.restore, decision.before)] if decision.after != decision.before else [])


def _load(decision, path):
    """Give the running kernel the values: from the file if it holds no other key, and prove it."""
    if decision.after == decision.before:
        return
    program = runtime.sysctl_program()
    said = ""
    if decision.loadable and program:
        said = runtime.sysctl_p(decision.request.run_command, program, path)
    else:
        runtime.write(decision.after)
    now = runtime.read()
    if now != decision.after:
        wrong = ", ".join(
            "%s is %d instead of %d" % (key(name), now[name], decision.after[name]) for name in NAMES if now[name] != decision.after[name]
        )
        raise ChangeError("The kernel did not take the values: %s%s." % (wrong, " (%s)" % said.rstrip(".") if said else ""))
