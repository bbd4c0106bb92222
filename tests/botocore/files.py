# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Generated ~/.aws/config files and requests: what people and tools write, and what nobody should."""

from __future__ import annotations

from hypothesis import strategies as st

PROFILES = ["default", "a", "b-1", "a b", 'q"q', "back\\slash", "it's", "x]y", "é", "#c", " lead", "p=q", "sso"]

ODD_HEADERS = [
    "[profile default]", '[profile "default"]', "[ default ]", "[default] # why", "[profile\ta]", "[profile  a]", "[profile 'a b']",
    '[profile "a b"]', "[profile a\\ b]", "[profiles b-1]", "[profile]", "[profile a b]", '[profile "broken]', "[Profile a]",
    "[sso-session s]", "[services x]", "[plugins]", "[preview]", "[DEFAULT]", "[profile \u00a0a]", "[default\u00a0]",
    "[profile é]", '[profile "x]y"]', "[profile b-1]]", "[a=b]", "[profile a] = x", "[default] # see [1]", "[profile a] [x]",
]  # fmt: skip

KEYS = [
    "region", "output", "tcp_keepalive", "TCP_KeepAlive", "max_attempts", "s3", "aws_secret_access_key", "cli_pager", "a b", "retry_mode",
]  # fmt: skip

VALUES = [
    "", "true", "True", "TRUE", "yes", "true # why", "us-east-1", "a = b", "%(x)s", "5", "SECRETSECRET", '"quoted"', "é ü", "a: b", "[x]",
]  # fmt: skip

NESTED = ["max_concurrent_requests = 5", "addressing_style=path", "payload: x = y", "Case = 1", "a = 1\x0cb = 2", "endpoint_url =", "x=#y"]

BLANK_LINES = ["", "   ", "\t", "# comment", "; comment", "  # indented comment", "#tcp_keepalive = true", "\x0c"]

indents = st.sampled_from(["", "", "", "", "  ", "\t", "    ", " \t", "\u00a0"])


@st.composite
def options(draw: st.DrawFn, key: str) -> list[str]:
    indent = draw(st.sampled_from(["", "", "", "", " ", "\t"]))
    delimiter = draw(st.sampled_from([" = ", "=", " =", ": ", ":", "\t=\t", " =   "]))
    trailing = draw(st.sampled_from(["", "", "", " ", "\t"]))
    if draw(st.integers(0, 3)):
        lines = [indent + key + delimiter + draw(st.sampled_from(VALUES)) + trailing]
        if not draw(st.integers(0, 7)):
            lines.append(indent + "  " + draw(st.sampled_from([*VALUES[1:], "aws_session_token = HUSH"])))
        return lines
    deeper = indent + draw(st.sampled_from(["  ", "    ", "\t"]))
    lines = [indent + key + delimiter]
    for line in draw(st.lists(st.sampled_from(NESTED), min_size=1, max_size=3)):
        lines.extend([draw(st.sampled_from(BLANK_LINES))] if not draw(st.integers(0, 5)) else [])
        lines.append(deeper + line)
    return lines


@st.composite
def sections(draw: st.DrawFn) -> list[str]:
    header = draw(st.one_of(st.sampled_from(["[default]", "[profile a]", "[profile b-1]"]), st.sampled_from(ODD_HEADERS)))
    lines = [draw(st.sampled_from(["", "", "", "", "", "  "])) + header]
    keys = draw(st.lists(st.sampled_from(KEYS), max_size=4, unique_by=str.lower))
    for key in keys:
        lines.extend([draw(st.sampled_from(BLANK_LINES))] if not draw(st.integers(0, 3)) else [])
        lines.extend(draw(options(key)))
    lines.extend(draw(st.lists(st.sampled_from(BLANK_LINES), max_size=2)))
    return lines


def _encode(lines: list[str], end: str, final: bool, encoding: str) -> bytes:
    text = end.join(lines) + (end if final and lines else "")
    return text.encode(encoding, "replace")


@st.composite
def written(draw: st.DrawFn) -> bytes:
    """Files as people, tools and editors leave them; most of them botocore can read."""
    lines = draw(st.lists(st.sampled_from(BLANK_LINES), max_size=2))
    seen = set()
    for section in draw(st.lists(sections(), max_size=5)):
        if section[0].strip() in seen and draw(st.integers(0, 9)):
            continue
        seen.add(section[0].strip())
        lines.extend(section)
    if not draw(st.integers(0, 15)):
        lines.insert(draw(st.integers(0, len(lines))), draw(st.sampled_from(["bogus", "= value", "tcp_keepalive = true", "[]", "\ufeff"])))
    end = draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"]))
    encoding = draw(st.sampled_from(["utf-8"] * 12 + ["utf-8-sig", "latin-1", "utf-16"]))
    return _encode(lines, end, draw(st.booleans()), encoding)


# Text in which every character means something to some reader of such files.
chaos = st.text(alphabet="[]=:#; \t\n\r\x0b\x0c\x1c\x85\u00a0\u2028ab\"'\\profileDEFAULT\u0130\u212a\U0001f600", max_size=60).map(
    lambda text: text.encode("utf-8")
)
mixed = st.tuples(written(), chaos).map(b"".join)
contents = st.one_of(written(), written(), written(), mixed, chaos.map(lambda tail: b"[default]\n" + tail), chaos)

scalars = st.one_of(
    st.booleans(), st.integers(-5, 10**6), st.sampled_from(["us-east-1", "json", "", "a = b", "# x", "; y", "%(z)s", "[q]", "é", "TRUE"])
)
requests = st.dictionaries(
    st.sampled_from(["tcp_keepalive", "region", "max_attempts", "cli_pager"]), scalars, min_size=1, max_size=3
).flatmap(
    lambda chosen: st.dictionaries(
        st.just("s3"),
        st.dictionaries(st.sampled_from(["max_concurrent_requests", "addressing_style", "Case", "b"]), scalars, min_size=1, max_size=2),
        max_size=1,
    ).map(lambda nested: {**chosen, **nested})
)
profiles = st.one_of(
    st.just(["default"]),
    st.lists(st.sampled_from(PROFILES), min_size=1, max_size=3, unique=True),
    st.just(["*"]),
    st.just(["*", "new one"]),
)
