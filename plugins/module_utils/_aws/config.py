# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""~/.aws/config as botocore reads it.

    document = parse(content, path)             # bytes, or None where there is no file
    document.resolve(u"default")                # {u"region": u"eu-west-1", u"s3": {u"...": u"..."}}

botocore reads the file with Python's `RawConfigParser` and then sorts sections into profiles. What
follows from that, and what other editors get wrong:

- A line that is indented deeper than the option above it belongs to that option's value, whatever
  it looks like: a header or a setting in there is text.
- A profile's section is any whose name starts with `profile` and which a shell would split into
  two words, or `[default]`. Where several name the same profile the last one hides the others.
- `[DEFAULT]`, in capitals, is inherited by every section.
- Nothing but a whole line is a comment; names of settings are read in lower case; lines end at CR,
  LF or CRLF; blanks are all that Unicode calls so.
- One bad line and botocore reads nothing at all: so such a file is refused here as well.
- A header ends at the last `]` of its line; up to Python 3.9, at the first one.

Nothing in here opens a file or quotes a line: lines may hold secrets.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import gc
import re
import shlex

from ansible_collections.longlived.tcp.plugins.module_utils._aws.text import BLANKS, INLINE_BLANKS, AwsConfigError, decoded, text_of

# One line: indentation, then a header or a name before a delimiter; neither in a comment.
ROW = re.compile(u"([%s]*)(?:[#;]|\\[([^\r\n]+)\\]|([^=:\r\n]*)[=:])?[^\r\n]*(?:\r\n|\r|\n|\\Z)" % INLINE_BLANKS)
BYTE_ORDER_MARK = u"\ufeff"
LINE = re.compile(u"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
LINE_END = re.compile(u"[\r\n]*\\Z")
DELIMITER = re.compile(u"[=:]")

# Where str.splitlines() ends a line, which botocore uses inside a nested section.
NESTED_LINE_ENDS_ONLY = re.compile(u"[\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")
NESTED_LINE_ENDS = re.compile(u"[\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")

# What shlex.split() makes two plain words of, without asking it: it takes 30 microseconds a name.
TWO_WORDS = re.compile(u'[ \t\r\n]*[^ \t\r\n\'"\\\\]+[ \t\r\n]+(?:([^ \t\r\n\'"\\\\]+)|"([^"\\\\]*)")[ \t\r\n]*\\Z')


class Section:
    """A header, the lines up to the next one, and the line of each option in between."""

    __slots__ = (u"name", u"line", u"end", u"options")

    def __init__(self, name, line, options):
        self.name = name
        self.line = line
        self.end = None
        self.options = options


class Document:
    """The lines of a file with what botocore sees in them. Line numbers count from 0."""

    def __init__(self, path, text, exists):
        self.path = path
        self.exists = exists
        # Whether the last line lacks its end; an empty file counts, a file yet to be created does not.
        self.open_end = exists and text[-1:] not in (u"\n", u"\r")
        self.lines = _lines(text)
        self.sections = []
        self.defaults = {}
        self.continued = {}
        self._profiles = None
        self._hiding = set()
        self._otherwise = {}
        self._named = None
        self._scan(text)

    def _scan(self, text):
        """Find sections, options and continuation lines, by RawConfigParser's rules.

        Everything in this loop is paid 50,000 times for a file of 1 MB.
        """
        lines, continued, blanks, known = self.lines, self.continued, BLANKS, {}
        nothing = (u"", u"#", u";")
        lower = _lower if u"\u0130" in text else type(text).lower
        options, option_line, level = None, None, 0
        for number, (indentation, header, raw) in enumerate(ROW.findall(text)):
            if not raw and not header and (number >= len(lines) or lines[number].strip(blanks)[:1] in nothing):
                continue
            if option_line is not None and len(indentation) > level:
                continued.setdefault(option_line, []).append(number)
                continue
            level = len(indentation)
            if header:
                options, option_line = self._open_section(header, number, known), None
                continue
            if options is None and text.startswith(BYTE_ORDER_MARK):
                raise self.refusal(0, u"it begins with a byte-order mark; remove it (sed -i '1s/^\\xef\\xbb\\xbf//')")
            if options is None:
                raise self.refusal(number, u"there is no section header, such as [default], above it; add one")
            name = lower(raw.rstrip(blanks))
            if not name:
                raise self.refusal(number, u"it is neither a comment, a section header nor 'name = value'; correct it")
            if name in options:
                raise self.refusal(
                    number, u"it repeats the setting of line %d in the same section; remove one of them" % (options[name] + 1)
                )
            options[name] = option_line = number
        self._close_sections()
        self._check_nested()

    def _open_section(self, name, number, known):
        """The options of a new section; only [DEFAULT] may come again, and goes on then."""
        if name in known:
            raise self.refusal(number, u"it begins the same section as line %d; make them one section" % (known[name] + 1))
        if name != u"DEFAULT":
            known[name] = number
        options = self.defaults if name == u"DEFAULT" else {}
        self.sections.append(Section(name, number, options))
        return options

    def _close_sections(self):
        end = len(self.lines)
        for section in reversed(self.sections):
            section.end = end
            end = section.line

    def _check_nested(self):
        for first, more in self.continued.items():
            if self.first_value(first):
                continue
            for number in more:
                for part in NESTED_LINE_ENDS.split(self.lines[number].strip(BLANKS)):
                    if part.strip(BLANKS) and u"=" not in part:
                        raise self.refusal(number, u"it belongs to the nested section of line %d but has no '='; correct it" % (first + 1))

    def refusal(self, number, reason):
        return self.complaint(number, u"botocore cannot read this file: %s" % reason)

    def complaint(self, number, reason):
        return AwsConfigError(u"%s, line %d: %s." % (self.path, number + 1, reason))

    # What a line holds.

    def body(self, number):
        """A line without its end."""
        return self.lines[number].rstrip(u"\r\n")

    def indentation(self, number):
        line = self.lines[number]
        return line[: len(line) - len(line.lstrip(INLINE_BLANKS))]

    def line_end(self, number):
        """The line end to use after line `number`: its own, else the one before it."""
        for at in (number, number - 1):
            if 0 <= at < len(self.lines):
                end = LINE_END.search(self.lines[at]).group()
                if end:
                    return end
        return u"\n"

    def is_blank(self, number):
        return not self.lines[number].strip(BLANKS)

    def first_value(self, number):
        line = self.lines[number]
        return line[DELIMITER.search(line).end() :].strip(BLANKS)

    # What botocore sees.

    def value(self, number):
        """The value of the option on that line: text, or a dictionary for a nested section."""
        value = self.first_value(number)
        more = self.continued.get(number)
        if not more:
            return value
        parts = [value]
        for at in range(number + 1, more[-1] + 1):
            part = self.lines[at].strip(BLANKS)
            if part[:1] not in (u"#", u";"):
                parts.append(part)
        value = u"\n".join(parts)
        return value if not value.startswith(u"\n") else _nested(value)

    def profiles(self):
        """{name: its section}, the last of several sections for one profile."""
        if self._profiles is None:
            self._profiles = {}
            for section in self.sections:
                name = profile_of(section.name)
                if name in self._profiles:
                    self._hiding.add(name)
                if name is not None:
                    self._profiles[name] = section
                if u"]" in section.name:
                    self._otherwise[profile_of(section.name.split(u"]")[0])] = section.line
        return self._profiles

    def hiding(self):
        """The profiles that have several sections, of which the last hides the others."""
        self.profiles()
        return self._hiding

    def otherwise(self, profile):
        """The line that only Python 3.9 and older take for the header of that profile, None if there is none."""
        self.profiles()
        return self._otherwise.get(profile)

    def resolve(self, profile):
        """Everything botocore reads for a profile; None where the file does not know it."""
        section = self.profiles().get(profile)
        return None if section is None else dict((name, self.value(line)) for name, line in self._options(section).items())

    def get(self, profile, name):
        """One setting of a profile, and the line it stands on; None, None if it is not set."""
        return self._get(self.profiles().get(profile), name)

    def credential(self, profile, name):
        """The same in a credentials file, where a section is named exactly like its profile."""
        return self._get(self.credentialed().get(profile), name)

    def credentialed(self):
        """{name: its section} of a credentials file."""
        if self._named is None:
            self._named = dict((section.name, section) for section in self.sections if section.name != u"DEFAULT")
        return self._named

    def _get(self, section, name):
        line = None if section is None else section.options.get(name, self.defaults.get(name))
        return (None, None) if line is None else (self.value(line), line)

    def inherited(self, name):
        """What [DEFAULT] gives every profile."""
        return self.value(self.defaults[name]) if name in self.defaults else None

    def _options(self, section):
        options = dict(self.defaults)
        options.update(section.options)
        return options


def parse(content, path):
    """The document in `content` (bytes; None: no such file); raise where botocore would."""
    collecting = gc.isenabled()
    # All that is built here stays: the collector would walk it again and again, for half of the time.
    gc.disable()
    try:
        return Document(text_of(path), decoded(content or b""), content is not None)
    except UnicodeDecodeError as error:
        line = len(LINE.findall(content[: error.start].decode(u"latin-1") + u"."))
        raise Document(text_of(path), u"", True).refusal(line - 1, u"it is not UTF-8; convert it (iconv -t UTF-8)")
    finally:
        if collecting:
            gc.enable()


def _lines(text):
    """The lines of a text with their ends. str.splitlines() is fast, but knows more line ends."""
    return LINE.findall(text) if NESTED_LINE_ENDS_ONLY.search(text) else text.splitlines(True)


def _lower(text):
    """str.lower() as Python 3 has it: Python 2 makes a plain i of the dotted capital one."""
    return text.replace(u"\u0130", u"i\u0307").lower()


def _nested(value):
    settings = {}
    for line in NESTED_LINE_ENDS.split(value):
        if line.strip(BLANKS):
            name, value = line.split(u"=", 1)
            settings[name.strip(BLANKS)] = value.strip(BLANKS)
    return settings


def profile_of(section):
    """The profile that a section of that name holds; None if it holds none."""
    if section == u"default":
        return section
    if not section.startswith(u"profile"):
        return None
    plain = TWO_WORDS.match(section)
    if plain:
        return plain.group(1) if plain.group(2) is None else plain.group(2)
    try:
        # Python 2's shlex knows bytes only, Python 3's text only.
        words = shlex.split(section if str is not bytes else section.encode(u"utf-8"))
    except ValueError:
        return None
    return text_of(words[1]) if len(words) == 2 else None
