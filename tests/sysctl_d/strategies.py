# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Generated sysctl.d files, odd in every way that was ever seen and in some that were not."""

from __future__ import annotations

from hypothesis import strategies as st

from .layout import CONF, DIRECTORIES, ELSEWHERE, Directory, Entry, Layout, Link

# isort: split
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import precedence

OURS = ("net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes")
OTHERS = ("net.ipv4.tcp_syn_retries", "net.ipv4.tcp_orphan_retries", "net.ipv4.tcp_sack", "net.ipv4.tcp_retries2")

ours = st.sampled_from(OURS)
blanks = st.text(" \t", max_size=2)


# --- keys --------------------------------------------------------------------------------------


@st.composite
def _respelled(draw: st.DrawFn, key: str) -> str:
    """The same key in other words, or what looks like it and is not."""
    change = draw(st.integers(0, 12))
    if change == 0:
        return key.replace(".", "/")
    if change == 1:
        return key.replace(".", draw(st.sampled_from(["//", "..", "/./", "./.", "/.", "./", "/../ipv4/"])), draw(st.integers(1, 2)))
    if change == 2:
        return draw(st.sampled_from(["/", "//", ".", "..", "./", "/.", "/./", "././"])) + draw(
            st.sampled_from([key, key.replace(".", "/")])
        )
    if change == 3:
        head, _dot, tail = key.rpartition(".")
        return head.replace(".", "/") + draw(st.sampled_from([".", "/../", "/", "/../ipv4/"])) + tail
    if change == 4:
        return draw(st.sampled_from([key, key.replace(".", "/")])) + draw(st.sampled_from(["/", ".", "//", " ", "x", "\\"]))
    if change == 5:
        return key.replace(".", "/", 1)
    if change == 6:
        return key.upper()
    if change == 7:
        return "/proc/sys/" + key.replace(".", "/")
    if change == 8:
        return key.replace("_", draw(st.sampled_from(["\\_", "-", " _", "_\t"])), 1)
    return key


@st.composite
def _one_glob(draw: st.DrawFn, key: str) -> str:
    """The key with a part of it replaced by a pattern that may match it."""
    start = draw(st.integers(0, len(key)))
    end = draw(st.integers(start, min(len(key), start + 12)))
    part = key[start:end]
    first = part[:1] or "x"
    patterns = [
        "*",
        "**",
        "?" * len(part),
        "?*",
        f"[{first}]{part[1:]}",
        f"[!{first}]{part[1:]}",
        f"[^{first}]{part[1:]}",
        f"[a-z]{part[1:]}",
        f"[!a-m]{part[1:]}",
        f"[^q]{part[1:]}",
        f"[]{first}]{part[1:]}",
        f"[{first}-]{part[1:]}",
        f"[z-a{first}]{part[1:]}",
        f"[[:alpha:]]{part[1:]}",
        f"[[:lower:]_]{part[1:]}",
        f"[[.{first}.]]{part[1:]}",
        f"[[={first}=]]{part[1:]}",
        f"[\\{first}]{part[1:]}",
        f"[{part}",
        f"[]{part}",
        f"[{part}]",
        f"\\{part}",
        f"{{{part},x}}",
        f"{{x,{part}}}",
        f"{{{part}}}",
        f"{{{part}",
        f"{part}}}",
        f"{{,{part}}}",
        f"{{{part},}}",
        f"{{x,{{{part},y}}}}",
        f"{{x,{part}*}}",
        "{time,intvl}",
        "*{e,l,s}",
        "[./]",
    ]
    return key[:start] + draw(st.sampled_from(patterns)) + key[end:]


@st.composite
def _glob(draw: st.DrawFn, key: str) -> str:
    key = draw(_one_glob(key))
    if draw(st.booleans()):
        key = draw(_one_glob(key))
    return draw(_respelled(key))


@st.composite
def keys(draw: st.DrawFn) -> str:
    chosen = draw(st.sampled_from([*OURS, *OURS, *OURS, OTHERS[0], "net.ipv4.nothing"]))
    return draw(st.one_of(st.just(chosen), st.just(chosen), _respelled(chosen), _glob(chosen)))


# --- values ------------------------------------------------------------------------------------

# No seconds between INT_MAX / 1000 and INT_MAX / 100: what a kernel makes of them depends on its HZ.
_NUMBERS = ("45", "100", "350", "7200", "75", "9", "1", "0", "-1", "255", "256", "32767", "32768", "2147483", "21474837", "99999999999")
_ODD = (
    *("", "045", "0x2d", "0X2D", "0x", "055", "08", "-0", "--1", "+45", "- 5", '"45"', "'45'", "45s", "45.0", "4 5", "1e2"),
    *("45 46", "45\t46", "45 # c", "45 ; c", "45# c", "45,46", "=45", "45 = 46", "0x2d 9", "x45", "\\45", "$(echo 45)"),
    *("18446744073709551661", "4294967341", "0000000000000000045", "00000000000000000045", "000000000000000000045"),
    *("0x0000000000000002d", "0x00000000000000002d", "0x000000000000000002d", "-0000000000000000001", "-00000000000000000001"),
    *("45\v", "\v45", "\f45", "45\f46", "\x1c45", "\x8545", "\xa045", "45\xa0", "45\xa046", "\xc2\xa045", "\u0664\u0665", "45\x00", "45\r"),
)
values = st.one_of(
    st.sampled_from(_NUMBERS),
    st.sampled_from(_NUMBERS),
    st.sampled_from(_ODD),
    st.integers(1, 300).map(str),
    st.text("0123456789x -+#", max_size=8),
)


# --- files -------------------------------------------------------------------------------------


def _encoded(text: str) -> bytes:
    return text.encode("latin-1") if all(ord(character) < 256 for character in text) else text.encode()


@st.composite
def _assignment(draw: st.DrawFn) -> str:
    dash = draw(st.sampled_from(["", "", "", "", "-", "- ", "--"]))
    equals = draw(st.sampled_from(["=", " = ", "=\t", "  =", " =  "]))
    return draw(blanks) + dash + draw(keys()) + equals + draw(values) + draw(blanks)


@st.composite
def _exclusion(draw: st.DrawFn) -> str:
    return draw(blanks) + draw(st.sampled_from(["-", "- ", "--"])) + draw(keys()) + draw(blanks)


@st.composite
def _padded(draw: st.DrawFn) -> str:
    """A line longer than the buffers of old programs: 1024, 2048, 4096."""
    length = draw(st.sampled_from([1000, 1023, 2040, 2047, 2048, 4090, 4096, 9000]))
    line = draw(_assignment())
    where = draw(st.integers(0, 3))
    if where == 0:
        return "#" + "x" * length + line
    if where == 1:
        return " " * length + line
    if where == 2:
        return line + " " * length + draw(st.sampled_from(["", "x"]))
    return line.replace("=", "=" + " " * length, 1)


lines = st.one_of(
    _assignment(),
    _assignment(),
    _assignment(),
    _exclusion(),
    st.sampled_from(
        ["", "# comment", "; comment", "nonsense", "=", "=45", "-", "- = 4", "[section]", " \t", "#", "-*", "*", "* = 3", "** = 4"]
    ),
    st.builds("{}{}".format, st.sampled_from(["#", ";", " #", "# ", "-#"]), _assignment()),
    st.builds("{} = {}".format, st.sampled_from(OTHERS), st.integers(1, 5)),
    _padded(),
)
endings = st.sampled_from(["\n"] * 12 + ["\r\n", "\r\n", "\r", "\n\r", "\n\n", "\0", "\0\n", "\r\0", "\r\r\n"])


@st.composite
def contents(draw: st.DrawFn, at_most: int = 6) -> bytes:
    text = draw(st.sampled_from([b""] * 12 + [b"\xef\xbb\xbf", b"\xff\xfe", b"\n\n"]))
    for line in draw(st.lists(lines, max_size=at_most)):
        text += _encoded(line) + _encoded(draw(endings))
    return text.rstrip(b"\n") if draw(st.integers(0, 4)) == 0 else text


# --- trees -------------------------------------------------------------------------------------

_NAMES = (
    *(
        b"10-a.conf",
        b"50-b.conf",
        b"60-c.conf",
        b"99-sysctl.conf",
        b"99-tcp-keepalive.conf",
        b"99-zzz.conf",
        b"9-.conf",
        b"10-.conf",
        b"100-.conf",
    ),
    *(
        b"a.conf",
        b"Z.conf",
        b"_.conf",
        b"~.conf",
        b".hidden.conf",
        b".conf",
        b"x.conf~",
        b"x.conf.bak",
        b"x.CONF",
        b"README",
        b"a",
        b"-.conf",
    ),
    *(
        b"\xff\xfe.conf",
        b"\xc3\xa4.conf",
        b"\xf0\x9f\x90\xa7.conf",
        b"\xee\x80\x80.conf",
        b"with space.conf",
        b" .conf",
        b"new\nline.conf",
        b"[a].conf",
    ),
    *(b"lost+found", b"x.conf.rpmnew", b"x.rpmsave.conf", b"#x.conf", b"x~.conf", b"99-sysctl.conf.conf"),
)
names = st.sampled_from([*_NAMES, *_NAMES[:8]])


@st.composite
def _targets(draw: st.DrawFn) -> bytes:
    """Where a link leads: to what may or may not be there."""
    # fmt: off
    return draw(st.one_of(
        st.sampled_from([b"/dev/null", b"../sysctl.conf", b"../sysctl.conf", CONF, b"nowhere", b"/nowhere", b".", b"..", b"a.conf"]),
        st.builds(lambda directory, name: directory + b"/" + name, st.sampled_from([*DIRECTORIES, ELSEWHERE]), names),
        names,
    ))
    # fmt: on


entries: st.SearchStrategy[Entry] = st.one_of(
    contents(), contents(), contents(), contents(), st.just(b""), st.just(Directory()), _targets().map(Link), st.just(Link(b"/dev/null"))
)


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    split = draw(st.integers(0, 3)) == 0
    directories = [*(DIRECTORIES if split else DIRECTORIES[:-1]), ELSEWHERE]
    paths = st.builds(lambda directory, name: directory + b"/" + name, st.sampled_from(directories), names)
    tree = draw(st.dictionaries(paths, entries, max_size=8))
    if draw(st.booleans()):
        tree[CONF] = draw(st.one_of(contents(), entries))
        if draw(st.booleans()):
            tree[b"/etc/sysctl.d/99-sysctl.conf"] = Link(b"../sysctl.conf")
    return Layout(tree, split)


@st.composite
def headed_layouts(draw: st.DrawFn) -> Layout:
    """Trees in which some files begin with this collection's header."""
    found = draw(layouts())
    headed = contents().map(lambda content: precedence.HEADER.encode() + content)
    ours = st.dictionaries(names.map(lambda name: b"/etc/sysctl.d/" + name), headed, min_size=1, max_size=4)
    elsewhere = {path: draw(headed) for path, entry in found.entries.items() if isinstance(entry, bytes) and draw(st.booleans())}
    return Layout({**found.entries, **elsewhere, **draw(ours)}, found.split)


# --- files that every program reads alike ----------------------------------------------------------


@st.composite
def _plain_line(draw: st.DrawFn) -> str:
    key = draw(st.sampled_from([*OURS, *OTHERS]))
    key = draw(st.sampled_from([key, key.replace(".", "/")]))
    text = str(draw(st.integers(1, 9))) + draw(
        st.sampled_from(["", "", " ", "\t", " # why", " ; why"]) if key.startswith("net") else st.just("")
    )
    return draw(blanks) + key + draw(st.sampled_from(["=", " = ", "\t=\t"])) + text


@st.composite
def shared_files(draw: st.DrawFn, at_most: int = 8) -> bytes:
    """As people write /etc/sysctl.conf: no two programs differ about it."""
    plain = st.one_of(
        _plain_line(), _plain_line(), st.sampled_from(["", "# comment", "; comment", "#net.ipv4.tcp_keepalive_time=1", "  # x = 1"])
    )
    ending = draw(st.sampled_from([b"\n", b"\n", b"\r\n"]))
    found = ending.join(line.encode() for line in draw(st.lists(plain, max_size=at_most)))
    return found + draw(st.sampled_from([b"", ending]))


@st.composite
def plain_layouts(draw: st.DrawFn) -> Layout:
    """Trees of such files, with the masks that people make."""
    plain = st.one_of(shared_files(), shared_files(), st.just(b""), st.just(Link(b"/dev/null")))
    paths = st.builds(lambda directory, name: directory + b"/" + name, st.sampled_from(DIRECTORIES[:4]), st.sampled_from(_NAMES[:9]))
    tree: dict[bytes, Entry] = dict(draw(st.dictionaries(paths, plain, max_size=6)))
    if draw(st.booleans()):
        tree[CONF] = draw(shared_files())
        if draw(st.booleans()):
            tree[b"/etc/sysctl.d/99-sysctl.conf"] = Link(b"../sysctl.conf")
    return Layout(tree)
