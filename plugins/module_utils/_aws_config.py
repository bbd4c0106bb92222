# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""~/.aws/config as botocore reads it, editable to the byte.

    document = parse(content, path)             # bytes, or None where there is no file
    document.resolve(u"default")                # {u"region": u"eu-west-1", u"s3": {u"...": u"..."}}
    edited = edit(document, profiles, settings, "present")
    edited.content                              # the new bytes; None: no file is left

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

Nothing in here opens a file or quotes a line: lines may hold secrets.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import gc
import re
import shlex

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError

MARKER = u"# Added by longlived.tcp"

# An option that we create holds its settings four deep; below somebody's empty option we write them
# two deep. So `absent` knows whether the option itself was there before.
OWN_DEPTH, GUEST_DEPTH = u"    ", u"  "

# Python's str.isspace(), written out: Python 2 has another idea of it.
INLINE_BLANKS = (
    u" \t\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680"
    u"\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
BLANKS = INLINE_BLANKS + u"\r\n"

# One line: indentation, then a header or a name before a delimiter; neither in a comment.
ROW = re.compile(u"([%s]*)(?:[#;]|\\[([^\r\n]+)\\]|([^=:\r\n]*)[=:])?[^\r\n]*(?:\r\n|\r|\n|\\Z)" % INLINE_BLANKS)
LINE = re.compile(u"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
LINE_END = re.compile(u"[\r\n]*\\Z")
DELIMITER = re.compile(u"[=:]")

# Where str.splitlines() ends a line, which botocore uses inside a nested section.
NESTED_LINE_ENDS_ONLY = re.compile(u"[\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")
NESTED_LINE_ENDS = re.compile(u"[\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")

# What shlex.split() makes two plain words of, without asking it: it takes 30 microseconds a name.
TWO_WORDS = re.compile(u'[ \t\r\n]*[^ \t\r\n\'"\\\\]+[ \t\r\n]+(?:([^ \t\r\n\'"\\\\]+)|"([^"\\\\]*)")[ \t\r\n]*\\Z')
PLAIN_PROFILE = re.compile(u"[A-Za-z0-9_@%+:,./-]+\\Z")

SETTING = re.compile(u"[a-z0-9_][a-z0-9_.-]*\\Z")
NESTED_SETTING = re.compile(u"[A-Za-z0-9_][A-Za-z0-9_.-]*\\Z")
UNWRITABLE = re.compile(u"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")

# Settings that are credentials or name a place of one. `credential_source` and `role_arn` are not.
SECRET = re.compile(u"secret|token|passw|access_key|private_key|api_key|credential_process|external_id", re.IGNORECASE)

# botocore's environment variables that hide a setting of the file; the AWS CLI's are the last two.
ENVIRONMENT = {
    u"account_id_endpoint_mode": u"AWS_ACCOUNT_ID_ENDPOINT_MODE",
    u"auth_scheme_preference": u"AWS_AUTH_SCHEME_PREFERENCE",
    u"ca_bundle": u"AWS_CA_BUNDLE",
    u"defaults_mode": u"AWS_DEFAULTS_MODE",
    u"disable_host_prefix_injection": u"AWS_DISABLE_HOST_PREFIX_INJECTION",
    u"disable_request_compression": u"AWS_DISABLE_REQUEST_COMPRESSION",
    u"ec2_metadata_service_endpoint": u"AWS_EC2_METADATA_SERVICE_ENDPOINT",
    u"ec2_metadata_service_endpoint_mode": u"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    u"ec2_metadata_v1_disabled": u"AWS_EC2_METADATA_V1_DISABLED",
    u"endpoint_discovery_enabled": u"AWS_ENDPOINT_DISCOVERY_ENABLED",
    u"endpoint_url": u"AWS_ENDPOINT_URL",
    u"ignore_configured_endpoint_urls": u"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    u"imds_use_ipv6": u"AWS_IMDS_USE_IPV6",
    u"max_attempts": u"AWS_MAX_ATTEMPTS",
    u"metadata_service_num_attempts": u"AWS_METADATA_SERVICE_NUM_ATTEMPTS",
    u"metadata_service_timeout": u"AWS_METADATA_SERVICE_TIMEOUT",
    u"region": u"AWS_DEFAULT_REGION",
    u"request_checksum_calculation": u"AWS_REQUEST_CHECKSUM_CALCULATION",
    u"request_min_compression_size_bytes": u"AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES",
    u"response_checksum_validation": u"AWS_RESPONSE_CHECKSUM_VALIDATION",
    u"retry_mode": u"AWS_RETRY_MODE",
    u"role_arn": u"AWS_ROLE_ARN",
    u"role_session_name": u"AWS_ROLE_SESSION_NAME",
    u"sdk_ua_app_id": u"AWS_SDK_UA_APP_ID",
    u"sigv4a_signing_region_set": u"AWS_SIGV4A_SIGNING_REGION_SET",
    u"sts_regional_endpoints": u"AWS_STS_REGIONAL_ENDPOINTS",
    u"tcp_keepalive": u"BOTOCORE_TCP_KEEPALIVE",
    u"use_dualstack_endpoint": u"AWS_USE_DUALSTACK_ENDPOINT",
    u"use_fips_endpoint": u"AWS_USE_FIPS_ENDPOINT",
    u"cli_pager": u"AWS_PAGER",
    u"output": u"AWS_DEFAULT_OUTPUT",
}


class AwsConfigError(UserError):
    """What is wrong with a file or a request and what to do, in one sentence for a person."""


def message(form, *parts):
    """A native string with texts of either kind in it: Python 2 does not mix them by itself."""
    text = form % tuple(part if isinstance(part, int) else _text(part) for part in parts)
    return text if str is not bytes or isinstance(text, bytes) else text.encode(u"utf-8")


class SecretRefused(AwsConfigError):
    """The request holds credentials; `texts` are what must not be shown."""

    def __init__(self, message, texts):
        AwsConfigError.__init__(self, message)
        self.texts = texts


# --- what was asked ----------------------------------------------------------------------------


def check_settings(settings, state):
    """The asked settings as text, as botocore will give them back; raise for what it could not."""
    if not settings:
        raise AwsConfigError(u"settings is empty: name at least one setting, such as tcp_keepalive.")
    secrets = sorted(_secrets(settings))
    if secrets:
        raise SecretRefused(
            message(
                u"settings holds credentials (%s): they belong in no playbook and are not written.",
                u", ".join(where for where, text in secrets),
            ),
            [text for where, text in secrets if text],
        )
    checked = {}
    for given, value in settings.items():
        name = _name(given, SETTING, u"")
        if isinstance(value, dict):
            if not value:
                raise AwsConfigError(u"settings.%s is an empty dictionary: name at least one setting in it." % name)
            checked[name] = dict((_name(key, NESTED_SETTING, name + u"."), _value(name, key, inner, state)) for key, inner in value.items())
        else:
            checked[name] = _value(name, None, value, state)
    return checked


def check_profiles(profiles):
    """The asked profiles, each once, as text."""
    checked = []
    for profile in [_text(given) for given in profiles]:
        if not profile or UNWRITABLE.search(profile):
            raise AwsConfigError(
                u"profiles: %s is no name of a profile: it is empty or holds a line end or control character." % _shown(profile)
            )
        if profile not in checked:
            checked.append(profile)
    if not checked:
        raise AwsConfigError(u"profiles is empty: name at least one profile, such as default.")
    return checked


def is_secret(name):
    return SECRET.search(name) is not None


def _secrets(settings):
    """(name, value as text) of each setting that is a credential."""
    for name, value in settings.items():
        inner = value.items() if isinstance(value, dict) else [(None, value)]
        for key, secret in inner:
            where = name if key is None else u"%s.%s" % (name, key)
            if is_secret(_text(where)):
                yield where, u"%s" % (secret,)


def _name(name, pattern, inside):
    name = _text(name)
    if pattern.match(name):
        return name
    if SETTING.match(name.lower()):
        raise AwsConfigError(u"settings: botocore reads names of settings in lower case: write %s, not %s." % (name.lower(), name))
    raise AwsConfigError(u"settings: %s%s is no name of a setting: letters, digits, '_', '-' and '.' only." % (inside, _shown(name)))


def _value(name, key, value, state):
    where = name if key is None else u"%s.%s" % (name, _text(key))
    if state == u"absent":
        return None
    if isinstance(value, bool):
        return u"true" if value else u"false"
    if value is None or isinstance(value, (list, tuple, dict)):
        or_more = u", or a dictionary of such" if key is None else u""
        raise AwsConfigError(u"settings.%s must be a string, a number or a boolean%s." % (where, or_more))
    text = _text(value)
    if UNWRITABLE.search(text):
        raise AwsConfigError(u"settings.%s holds a line end or a control character: a value is one line." % where)
    if text != text.strip(BLANKS):
        raise AwsConfigError(u"settings.%s begins or ends with a blank: botocore would read it without." % where)
    return text


def _text(value):
    """Text of any scalar, in either Python; text that no UTF-8 file can hold is refused."""
    if not isinstance(value, (bytes, type(u""))):
        value = repr(value) if isinstance(value, float) else u"%s" % (value,)
    try:
        content = value if isinstance(value, bytes) else value.encode(u"utf-8")
        return _decode(content)
    except UnicodeError:
        raise AwsConfigError(u"A name, value or path is no valid text (UTF-8).")


def _shown(text):
    """Text within quotes, on one line."""
    return u"'%s'" % text.encode(u"unicode_escape").decode(u"ascii")


def same(asked, found):
    """Whether botocore gives what was asked when it reads `found`: booleans count in any case."""
    if found is None or isinstance(found, dict):
        return False
    return found == asked or (asked in (u"true", u"false") and found.lower() == asked)


# --- reading -----------------------------------------------------------------------------------


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
        return self._profiles

    def hiding(self):
        """The profiles that have several sections, of which the last hides the others."""
        self.profiles()
        return self._hiding

    def resolve(self, profile):
        """Everything botocore reads for a profile; None where the file does not know it."""
        section = self.profiles().get(profile)
        return None if section is None else dict((name, self.value(line)) for name, line in self._options(section).items())

    def get(self, profile, name):
        """One setting of a profile, and the line it stands on; None, None if it is not set."""
        return self._get(self.profiles().get(profile), name)

    def credential(self, profile, name):
        """The same in a credentials file, where a section is named exactly like its profile."""
        if self._named is None:
            self._named = dict((section.name, section) for section in self.sections if section.name != u"DEFAULT")
        return self._get(self._named.get(profile), name)

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
        return Document(_text(path), _decode(content or b""), content is not None)
    except UnicodeDecodeError as error:
        line = len(LINE.findall(content[: error.start].decode(u"latin-1") + u"."))
        raise Document(_text(path), u"", True).refusal(line - 1, u"it is not UTF-8; convert it (iconv -t UTF-8)")
    finally:
        if collecting:
            gc.enable()


def _decode(content):
    """Text of UTF-8 as strict as Python 3 has it: Python 2 lets surrogates pass."""
    surrogate = re.search(b"\xed[\xa0-\xbf]", content)
    if surrogate:
        raise UnicodeDecodeError("utf-8", content, surrogate.start(), surrogate.end(), "surrogate")
    return content.decode(u"utf-8")


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
    return _text(words[1]) if len(words) == 2 else None


def header_of(profile):
    """The header of a new section for that profile."""
    if profile == u"default":
        return u"[default]"
    if PLAIN_PROFILE.match(profile):
        return u"[profile %s]" % profile
    return u'[profile "%s"]' % profile.replace(u"\\", u"\\\\").replace(u'"', u'\\"')


# --- editing -----------------------------------------------------------------------------------


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
            expected.update((name, _after(expected.get(name, document.inherited(name)), settings[name], state)) for name in settings)
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


def chosen(document, profiles):
    """The names of the profiles meant by `profiles`, in which '*' is every one and default."""
    if u"*" not in profiles:
        return profiles
    return sorted(set(document.profiles()) | set(profiles) - set([u"*"]) | set([u"default"]))


def effective(document, profiles, settings, credentials=None, state=None):
    """{profile: {setting: what botocore resolves, None if unset}}, after an `edit` to `state` if given.

    Of a nested section only what was asked for; never a credential.
    """
    rows = {}
    for profile in chosen(document, profiles):
        rows[profile] = {}
        for name, asked in settings.items():
            found = _after(document.get(profile, name)[0], asked, state)
            hiding = credentials.credential(profile, name)[0] if credentials else None
            rows[profile][name] = _part(found if hiding is None else hiding, asked)
    return rows


def hidden(document, profiles, settings, credentials, state):
    """(profile, setting, line) of what the credentials file gives another value than asked."""
    for profile in chosen(document, profiles):
        for name in sorted(settings):
            found, line = credentials.credential(profile, name)
            if found is not None and (state == u"absent" or not _satisfied(settings[name], found)):
                yield profile, name, line + 1


def _after(found, asked, state):
    """The value that `edit` leaves of `found`."""
    if state is None:
        return found
    if not isinstance(asked, dict):
        return None if state == u"absent" else found if same(asked, found) else asked
    if state == u"absent" and not isinstance(found, dict):
        return found
    values = dict(found) if isinstance(found, dict) else {}
    for key in asked:
        values[key] = _after(values.get(key), asked[key], state)
    return values


def _part(found, asked):
    if isinstance(asked, dict):
        return dict((key, found.get(key) if isinstance(found, dict) else None) for key in asked)
    if isinstance(found, dict):
        return dict((key, value) for key, value in found.items() if not is_secret(key))
    return found


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


# Setting.


def _append_section(change, profile, settings):
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
        if _satisfied(asked, found):
            return
        if isinstance(found, dict) or isinstance(asked, dict):
            reason = u"[DEFAULT] gives %s to every profile, and a second one in [%s] would hide all of it; change it there by hand"
            raise document.complaint(inherited, reason % (name, section.name))
    number, indentation = _place(document, section)
    change.add(number, _new_option(indentation, name, asked))


def _place(document, section):
    """The line behind which a new option goes, and the indentation that makes it an option there."""
    if section.options:
        last = max(section.options.values())
        return document.continued.get(last, [last])[-1], document.indentation(last)
    # Without an option above it the next header may be indented; below a shallower one it would be text.
    indentations = [document.indentation(section.line)]
    if section.end < len(document.lines):
        indentations.append(document.indentation(section.end))
    return section.line, max(indentations, key=len)


def _new_option(indentation, name, asked):
    if not isinstance(asked, dict):
        return [_assignment(indentation, name, asked)]
    return [_assignment(indentation, name, u"")] + [_assignment(indentation + OWN_DEPTH, key, asked[key]) for key in sorted(asked)]


def _assignment(indentation, name, value):
    return (u"%s%s = %s" % (indentation, name, value)).rstrip(u" ")


def _satisfied(asked, found):
    if not isinstance(asked, dict):
        return same(asked, found)
    return isinstance(found, dict) and all(same(asked[key], found.get(key)) for key in asked)


def _set_value(change, number, name, asked):
    document = change.document
    found = document.value(number)
    if same(asked, found):
        return
    if isinstance(found, dict):
        raise document.complaint(number, u"%s is a nested section here: give a dictionary, or remove it first" % name)
    body = document.body(number)
    change.replace(number, _with_value(body, DELIMITER.search(body).end(), asked))
    change.removed.update(document.continued.get(number, []))


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


# Removing.


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
    everything = [number] + document.continued.get(number, [])
    if not isinstance(asked, dict):
        return everything
    if not isinstance(document.value(number), dict):
        return []
    lines = set()
    for key in asked:
        lines.update(_lines_of(document, number, key))
    depth = document.indentation(number) + OWN_DEPTH
    whole = not hides and lines == set(everything[1:]) and all(document.indentation(at) == depth for at in lines)
    return everything if whole else lines
