# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Change settings in a `Document` of _aws_config, and not one other byte.

    edited = edit(document, profiles, settings, "present")
    edited.content                              # the new bytes; None: no file is left
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.longlived.tcp.plugins.module_utils._aws.config import DELIMITER, NESTED_LINE_ENDS, Document
from ansible_collections.longlived.tcp.plugins.module_utils._aws.effective import after, chosen, satisfied
from ansible_collections.longlived.tcp.plugins.module_utils._aws.settings import is_secret, same
from ansible_collections.longlived.tcp.plugins.module_utils._aws.text import BLANKS

MARKER = u"# Added by longlived.tcp"

# An option that we create holds its settings four deep; below an existing empty option we write them
# two deep. So `absent` knows whether the option itself was there before.
OWN_DEPTH, GUEST_DEPTH = u"    ", u"  "

# Names that a header can hold as they are.
PLAIN_PROFILE = re.compile(u"[A-Za-z0-9_@%+:,./-]+\\Z")


class Edited:
    """The `content` after an edit (None: no file is left), and the changed lines before and after it,
    below their headers, for a diff."""

    def __init__(self, content, before, after, changed=True):
        self.changed = changed
        self.content = content
        self.before = before
        self.after = after


class Edit:
    """Changes to a document's lines, collected first and made at once."""

    def __init__(self, document):
        self.document = document
        self.removed = set()  # line numbers
        self.replaced = {}  # line number: the new line, without its end
        self.added = {}  # line number: new lines to stand behind it
        self.appended = []  # new sections: lists of lines
        self.touched = []  # (section, settings, state)
        self.pieces = []  # for the diff: (header, old lines, new lines)

    def __bool__(self):
        return bool(self.removed or self.replaced or self.added or self.appended)

    __nonzero__ = __bool__

    def replace(self, number, body):
        if body != self.document.body(number):
            self.replaced[number] = body

    def add(self, number, bodies):
        self.added.setdefault(number, []).extend(bodies)

    def note(self, section):
        """Keep what changed in that section for the diff."""
        numbers = range(section.line, section.end)
        old = [self.document.body(number) for number in numbers if number in self.removed or number in self.replaced]
        new = []
        for number in numbers:
            new.extend([self.replaced[number]] if number in self.replaced else [])
            new.extend(self.added.get(number, []))
        if old or new:
            self.pieces.append((self.document.body(section.line), old, new))

    def lines(self):
        """The lines of the document, changed: each with what was added behind it, empty where removed."""
        document = self.document
        lines = list(document.lines)
        if document.open_end and lines:
            lines[-1] += document.line_end(len(lines) - 1)
        for number in self.removed:
            lines[number] = u""
        for number, body in self.replaced.items():
            lines[number] = body + document.line_end(number)
        for number, bodies in self.added.items():
            lines[number] += u"".join(body + document.line_end(number) for body in bodies)
        return lines

    def text(self):
        """The new text. Where the last line had no end, the last line will have none again."""
        document, lines = self.document, self.lines()
        self._check(lines)
        end = document.line_end(len(document.lines) - 1)
        for bodies in self.appended:
            # Always one empty line in front, so that `absent` knows how many to take away.
            lines.extend(body + end for body in ([u""] if lines else []) + bodies)
        text = u"".join(lines)
        return re.sub(u"(\r\n|\r|\n)\\Z", u"", text) if document.open_end else text

    def _check(self, lines):
        """Read the changed sections again: what was asked must be in them, and nothing else be different."""
        document = self.document
        for section, settings, state in self.touched:
            if section.line in self.removed:
                continue
            following = document.lines[section.end : section.end + 1]  # the next header must still be one
            again = Document(document.path, u"".join(lines[section.line : section.end] + following), True)
            expected = dict((name, document.value(number)) for name, number in section.options.items())
            expected.update((name, after(expected.get(name, document.inherited(name)), settings[name], state)) for name in settings)
            found = dict((name, again.value(number)) for name, number in again.sections[0].options.items())
            found.update((name, document.inherited(name)) for name in set(expected) - set(found))
            if len(again.sections) != 1 + len(following) or _held(found) != _held(expected):
                raise document.complaint(section.line, u"this section cannot be changed safely; change it by hand")


def _held(settings):
    """The settings that have a value: an emptied nested section is none, whether its name is left or not."""
    held = ((name, _held(value) if isinstance(value, dict) else value) for name, value in settings.items())
    return dict((name, value) for name, value in held if value)


def edit(document, profiles, settings, state):
    """Make botocore resolve each of `settings` in each of `profiles` as asked; the `Edited` file."""
    change = Edit(document)
    for profile in chosen(document, profiles):
        section = document.profiles().get(profile)
        if section is not None:
            (_set_all if state == u"present" else _remove_all)(change, profile, section, settings)
            change.touched.append((section, settings, state))
        elif state == u"present":
            _append_section(change, profile, settings)
    return _edited(change)


def _edited(change):
    document = change.document
    if not change:
        return Edited(None, u"", u"", changed=False)
    text = change.text()
    # We created the file if nothing else is in it: an empty one would have had no line end.
    removed = not text and not document.open_end
    before = _shown_lines((header, old) for header, old, _new in change.pieces)
    after = _shown_lines((header, new) for header, _old, new in change.pieces)
    return Edited(None if removed else text.encode(u"utf-8"), before, after)


def _shown_lines(pieces):
    """Changed lines below the header of their section; a section that comes or goes has its own among them."""
    return u"".join(u"%s\n" % line for header, lines in pieces for line in ([header] if header else []) + lines)


# --- setting -----------------------------------------------------------------------------------


def _append_section(change, profile, settings):
    otherwise = change.document.otherwise(profile)
    if otherwise is not None:
        reason = u"with Python 3.9 and older botocore takes this header for the one of profile %s: remove what follows its first ']'"
        raise change.document.complaint(otherwise, reason % profile)
    bodies = [MARKER, header_of(profile)]
    for name in sorted(settings):
        bodies.extend(_new_option(u"", name, settings[name]))
    change.appended.append(bodies)
    change.pieces.append((None, [], bodies))


def _set_all(change, profile, section, settings):
    # What is there already first: a line for the last nested section goes before a new option.
    for name in sorted(settings, key=lambda name: (name not in section.options, name)):
        asked = settings[name]
        number = section.options.get(name)
        if number is None:
            _add_option(change, section, name, asked)
        elif isinstance(asked, dict):
            _set_nested(change, number, name, asked)
        else:
            _set_value(change, number, name, asked)
    change.note(section)


def _add_option(change, section, name, asked):
    document = change.document
    inherited = document.defaults.get(name)
    if inherited is not None:
        found = document.value(inherited)
        if satisfied(asked, found):
            return
        if isinstance(found, dict) or isinstance(asked, dict):
            reason = u"[DEFAULT] gives %s to every profile, and a second one in [%s] would hide all of it; change it there by hand"
            raise document.complaint(inherited, reason % (name, section.name))
    number, indentation = _insertion_point(document, section)
    change.add(number, _new_option(indentation, name, asked))


def _insertion_point(document, section):
    """The line behind which a new option goes, and the indentation that makes it an option there."""
    if section.options:
        last = max(section.options.values())
        return document.continued.get(last, [last])[-1], document.indentation(last)
    # Without an option above it the next header may be indented; below a shallower one it would be text.
    indentations = [document.indentation(section.line)]
    if section.end < len(document.lines):
        indentations.append(document.indentation(section.end))
    return section.line, max(indentations, key=len)


def header_of(profile):
    """The header of a new section for that profile."""
    if profile == u"default":
        return u"[default]"
    if PLAIN_PROFILE.match(profile):
        return u"[profile %s]" % profile
    return u'[profile "%s"]' % profile.replace(u"\\", u"\\\\").replace(u'"', u'\\"')


def _new_option(indentation, name, asked):
    if not isinstance(asked, dict):
        return [_assignment(indentation, name, asked)]
    return [_assignment(indentation, name, u"")] + [_assignment(indentation + OWN_DEPTH, key, asked[key]) for key in sorted(asked)]


def _assignment(indentation, name, value):
    return (u"%s%s = %s" % (indentation, name, value)).rstrip(u" ")


def _set_value(change, number, name, asked):
    document = change.document
    found = document.value(number)
    if same(asked, found):
        return
    if isinstance(found, dict):
        raise document.complaint(number, u"%s is a nested section here: give a dictionary, or remove it first" % name)
    body = document.body(number)
    change.replace(number, _with_value(body, DELIMITER.search(body).end(), asked))
    change.removed.update(_whole(document, number)[1:])


def _set_nested(change, number, name, asked):
    document = change.document
    found = document.value(number)
    if found == u"":
        depth = document.indentation(number) + GUEST_DEPTH
        change.add(number, [_assignment(depth, key, asked[key]) for key in sorted(asked)])
        return
    if not isinstance(found, dict):
        raise document.complaint(number, u"%s has a value here and is no nested section: remove it first" % name)
    for key in sorted(asked):
        if same(asked[key], found.get(key)):
            continue
        lines = _lines_of(document, number, key)
        if lines:
            body = document.body(lines[-1])
            change.replace(lines[-1], _with_value(body, body.index(u"=") + 1, asked[key]))
        else:
            last = document.continued[number][-1]
            change.add(last, [_assignment(document.indentation(last), key, asked[key])])


def _lines_of(document, number, key):
    """The lines that set `key` in the nested section of line `number`; the last one counts."""
    found = []
    for at in document.continued[number]:
        parts = [part for part in NESTED_LINE_ENDS.split(document.body(at)) if part.strip(BLANKS)]
        if key not in [part.split(u"=", 1)[0].strip(BLANKS) for part in parts]:
            continue
        if len(parts) > 1:
            raise document.complaint(at, u"it holds several settings, parted by a control character; write each on its own line")
        found.append(at)
    return found


def _with_value(body, start, value):
    """The line with another value, its spacing kept; `start` is where the delimiter ends."""
    behind = body[start:]
    old = behind.strip(BLANKS)
    if old:
        at = start + behind.index(old)
        return body[:at] + value + body[at + len(old) :]
    spaced = not behind and body[: start - 1].endswith(u" ")
    return body + (u" " if spaced and value else u"") + value


# --- removing ----------------------------------------------------------------------------------


def _remove_all(change, profile, section, settings):
    document = change.document
    ours = _is_ours(document, profile, section)
    removed, gone = set(), []
    for name in sorted(settings):
        number = section.options.get(name)
        lines = _lines_to_remove(document, number, settings[name], hides=name in document.defaults and not ours)
        if number is None or number in lines:
            gone.append(name)
        removed.update(lines)
    change.removed.update(removed)
    if ours and removed and removed.issuperset(section.options.values()):
        _remove_section(change, section, removed)
        return
    for name in gone:
        _refuse_inherited(document, profile, name, settings[name])
    change.note(section)


def _is_ours(document, profile, section):
    """Whether we added that section, and it hides no other one that would come to light."""
    return section.line > 0 and document.lines[section.line - 1].strip(BLANKS) == MARKER and profile not in document.hiding()


def _remove_section(change, section, removed):
    """With the comment and the one empty line that we put above it."""
    document, marker = change.document, section.line - 1
    change.removed.update([section.line, marker])
    if marker and document.is_blank(marker - 1):
        change.removed.add(marker - 1)
    change.pieces.append((None, [document.body(number) for number in [marker, section.line] + sorted(removed)], []))


def _refuse_inherited(document, profile, name, asked):
    inherited = document.defaults.get(name)
    if inherited is None:
        return
    found = document.value(inherited)
    if not isinstance(asked, dict) or (isinstance(found, dict) and set(asked) & set(found)):
        reason = u"[DEFAULT] gives %s to every profile, so it cannot be removed from %s alone; remove that line by hand"
        raise document.complaint(inherited, reason % (name, profile))


def _lines_to_remove(document, number, asked, hides):
    """The lines of the option on line `number` that go. Of a nested section those that were asked for,
    and the option itself if we wrote it and it `hides` no inherited one."""
    if number is None:
        return []
    if not isinstance(asked, dict):
        return _whole(document, number)
    if not isinstance(document.value(number), dict):
        return []
    lines = set()
    for key in asked:
        lines.update(_lines_of(document, number, key))
    depth = document.indentation(number) + OWN_DEPTH
    ours = not hides and lines == set(document.continued[number]) and all(document.indentation(at) == depth for at in lines)
    return lines | set([number]) if ours else lines


def _whole(document, number):
    """The lines of the option on line `number`, all of which are about to go; none may be a credential,
    which came to belong to that option by an accident of indentation."""
    more = document.continued.get(number, [])
    for at in more:
        if is_secret(document.lines[at]):
            reason = u"this line looks like a credential, and its indentation makes it part of the value of line %d; correct that by hand"
            raise document.complaint(at, reason % (number + 1))
    return [number] + more
