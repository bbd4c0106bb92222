# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sysctl.d(5), rule by rule. What systemd 247, 252 and 257 do was tried, see tests/sysctl_d; 219 by its source."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils import _sysctl_d
from ansible_collections.longlived.tcp.plugins.module_utils._keepalive import KERNEL_DEFAULTS

NEW = _sysctl_d.rules_for(None)
OLD = _sysctl_d.rules_for(219)
RED_HAT = _sysctl_d.rules_for(219, conf_last=True)
VALUES = dict(time=45, intvl=45, probes=9)
OURS = b"net.ipv4.tcp_keepalive_time = 45\nnet.ipv4.tcp_keepalive_intvl = 45\nnet.ipv4.tcp_keepalive_probes = 9\n"
KEY = b"net.ipv4.tcp_keepalive_time"
BASE = (("etc", "sysctl.d"), ("run", "sysctl.d"), ("usr", "lib", "sysctl.d"))


class Root:
    """A directory that stands for /, with the files of sysctl.d in it."""

    def __init__(self, path):
        self._path = os.path.realpath(str(path))
        self.directories = tuple(os.path.join(self._path, *parts) for parts in BASE)
        for directory in self.directories:
            os.makedirs(directory)

    def path(self, name):
        return os.path.join(self._path, *name.split("/"))

    def write(self, files):
        for name, content in files.items():
            if content is None:
                os.mkdir(self.path(name))
            elif content.startswith(b"-> "):
                os.symlink(content[3:].decode("ascii"), self.path(name))
            else:
                with open(self.path(name), "wb") as stream:
                    stream.write(content)
        return self

    def tree(self):
        return _sysctl_d.Tree.load(self.directories, self.path("etc/sysctl.conf"))

    def boot(self, rules=NEW):
        return self.tree().boot(rules, KERNEL_DEFAULTS)["time"]


@pytest.fixture
def root(tmp_path_factory):
    return Root(tmp_path_factory.mktemp("root"))


def time_after(content, rules):
    """The value that one file gives."""
    file = _sysctl_d._File("x", "x", content)
    return _sysctl_d._winners([file], rules, KERNEL_DEFAULTS)["time"].value


# --- one file ----------------------------------------------------------------------------------

EVERYWHERE = [
    (b"KEY=45", 45),
    (b" \tKEY \t=\t 45 \t\r\n", 45),
    (b"net/ipv4/tcp_keepalive_time = 45", 45),
    (b"net/ipv4.tcp_keepalive_time = 45", 7200),
    (b"net.ipv4/tcp_keepalive_time = 45", 7200),
    (b"#KEY=45", 7200),
    (b" ;KEY=45", 7200),
    (b"KEY=45 # c", 45),
    (b"KEY=45# c", 7200),
    (b'KEY="45"', 7200),
    (b"KEY=", 7200),
    (b"KEY=100\nKEY=", 7200),
    (b"KEY", 7200),
    (b"KEY 45", 7200),
    (b"KEY=100\nKEY=45", 45),
    (b"\xef\xbb\xbfKEY=45", 7200),
    (b"\xef\xbb\xbf\nKEY=45", 45),
    (b"x=\xff\xfe\nKEY=45", 45),
    (b"KEY=45\nNET.ipv4.tcp_keepalive_time=100", 45),
]
SINCE_246 = [
    (b"-KEY=45", 45),
    (b"- KEY=45", 45),
    (b"--KEY=45", 7200),
    (b"KEY=45\n-KEY", 7200),
    (b"-KEY\nKEY=45", 45),
    (b"KEY=45\nnet.ipv4.tcp_keepalive_*=100", 45),
    (b"net.ipv4.tcp_keepalive_*=45", 45),
    (b"net.ipv4.tcp_keepalive_*=45\n-KEY", 7200),
    (b"net.ipv4.tcp_keepalive_*=45\n-net.ipv4.tcp_keepalive_*", 7200),
    (b"net.ipv4.tcp_keepalive_*=45\n-net.ipv4.tcp_keepalive_t*", 45),
    (b"net.ipv4.tcp_keepalive_*=45\nnet.ipv4.tcp_keepalive_t*=100", 100),
    (b"net.ipv4.tcp_keepalive_t*=1\nnet.ipv4.tcp_keepalive_ti*=2\nnet.ipv4.tcp_keepalive_t*=3", 3),
    (b"net.ipv4.tcp_keepalive_t*=1\nnet.ipv4.tcp_keepalive_ti*=2\nnet.ipv4.tcp_keepalive_t*=1", 2),
    (b"net.ipv4.tcp_keepalive_{time,x}=45", 7200),
    (b"n*t.ipv4.tcp_keepalive_{time,x}=45", 45),
    (b"/net/ipv4/tcp_keepalive_time=45", 45),
    (b"net//ipv4/./tcp_keepalive_time/=45", 45),
    (b"net//ipv4/tcp_keepalive_time=1\nKEY=2\nnet//ipv4/tcp_keepalive_time=1", 1),
    (b"net//ipv4/tcp_keepalive_time=2\nKEY=1\nnet//ipv4/tcp_keepalive_time=2", 2),
    (b"x=1\rKEY=45", 45),
    (b"x=1\0KEY=45", 45),
    (b"KEY=45\rx=1", 45),
    (b"#" * 1048575 + b"\nKEY=45", 45),
    (b"#" * 1048576 + b"\nKEY=45", 7200),
]
BEFORE_236 = [
    (b"-KEY=45", 7200),
    (b"KEY=45\n-KEY", 45),
    (b"net.ipv4.tcp_keepalive_*=45", 7200),
    (b"KEY=45\nnet.ipv4.tcp_keepalive_*=100", 45),
    (b"/net/ipv4/tcp_keepalive_time=45", 45),
    (b"net//ipv4/./tcp_keepalive_time=45", 45),
    (b"net/ipv4/../ipv4/tcp_keepalive_time=45", 45),
    (b"net/ipv4/tcp_keepalive_time/=45", 7200),
    (b"net//ipv4/tcp_keepalive_time=1\nKEY=2\nnet//ipv4/tcp_keepalive_time=1", 2),
    (b"x=1\rKEY=45", 7200),
    (b"KEY=45\rx=1", 7200),
    (b"KEY=45\r\n", 45),
    (b"KEY=45\0x\nx=1", 45),
    (b"x=1\0KEY=45", 7200),
    (b"#" * 2047 + b"KEY=45", 45),
    (b"#" * 2046 + b"KEY=45", 7200),
    (b"#" * 2046 + b"\nKEY=45", 45),
    (b"KEY=4" + b" " * 2015 + b"5\n", 4),
]


@pytest.mark.parametrize(("content", "value"), EVERYWHERE + SINCE_246)
def test_one_file(content, value):
    assert time_after(content.replace(b"KEY", KEY), NEW) == value


@pytest.mark.parametrize(("content", "value"), EVERYWHERE + BEFORE_236)
def test_one_file_in_systemd_219(content, value):
    assert time_after(content.replace(b"KEY", KEY), OLD) == value


@pytest.mark.parametrize(
    ("content", "version", "value"),
    [
        (b"net/ipv4/../ipv4/tcp_keepalive_time=45", 247, 45),
        (b"net/ipv4/../ipv4/tcp_keepalive_time=45", 252, 7200),
        (b"net/ipv4/../ipv4/tcp_keepalive_t*=45", 247, 45),
        (b"net/ipv4/../ipv4/tcp_keepalive_t*=45", 252, 7200),
        (b"net/ipv4/{.,..}/tcp_keepalive_t*=45", 247, 45),
        (b"net/ipv4/{.,..}/tcp_keepalive_t*=45", 257, 45),
        (b"x" * 255 + b"*=1\nKEY=45", 247, 45),
        (b"x" * 255 + b"*=1\nKEY=45", 252, 7200),
        (b"x" * 254 + b"*=1\nKEY=45", 252, 45),
        (b"-KEY=45", 237, 7200),
        (b"-KEY=45", 239, 45),
        (b"- KEY=45", 239, 7200),
    ],
)
def test_versions_that_differ(content, version, value):
    assert time_after(content.replace(b"KEY", KEY), _sysctl_d.rules_for(version)) == value


def test_a_line_is_where_it_says():
    content = b"# a\r\n\r\n  " + KEY + b" =  45 # c\r\n"
    (line,) = _sysctl_d.parse(content, NEW)
    assert (line.number, line.key, line.text) == (3, "net/ipv4/tcp_keepalive_time", "45 # c")
    assert content[line.value_start : line.value_end] == b"45 # c"
    assert content[line.start : line.end] == b"  " + KEY + b" =  45 # c"


# --- editing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (None, _sysctl_d.HEADER.encode("ascii") + OURS),
        (b"", OURS),
        (OURS, OURS),
        (b"x = 1", b"x = 1\n" + OURS[:-1]),
        (b"x = 1\n", b"x = 1\n" + OURS),
        (b"x = 1\r\n", b"x = 1\r\n" + OURS.replace(b"\n", b"\r\n")),
        (b"x = 1\r", b"x = 1\r\n" + OURS[:-1]),
        (OURS.replace(b"= 9", b"= 8 # why"), OURS.replace(b"= 9", b"= 9 # why")),
        (OURS.replace(b"= 9", b'= "8"'), OURS),
        (OURS.replace(b"= 9", b"="), OURS.replace(b"= 9", b"=9")),
        (OURS.replace(b"= 9", b"= 8\xa046"), OURS),
        (OURS.replace(b" = 45", b"\t=\t0x2d"), OURS.replace(b" = 45", b"\t=\t0x2d")),
        (KEY + b"=1\n" + OURS, KEY + b"=1\n" + OURS),
        (OURS + KEY + b"=1\n", OURS + KEY + b"=45\n"),
        (OURS + b"-" + KEY + b"\n", OURS + b"-" + KEY + b"\n" + KEY + b" = 45\n"),
        (OURS + b"net.ipv4.tcp_keepalive_*=1\n", OURS + b"net.ipv4.tcp_keepalive_*=1\n"),
        (b"\xff\x00\n" + OURS, b"\xff\x00\n" + OURS),
    ],
)
def test_with_values(old, new):
    assert _sysctl_d.with_values(old, VALUES, NEW) == new
    assert _sysctl_d.with_values(new, VALUES, NEW) == new


@pytest.mark.parametrize(
    "old", [b"", b"x = 1", b"x = 1\n", b"\n", b"x = 1\r\n", b"x = 1\r\ny = 2", b"x = 1\r", b"\r", b"# c\n\n", b"\xef\xbb\xbf", b"x=1\n\0"]
)
@pytest.mark.parametrize("rules", [NEW, OLD], ids=["new", "old"])
def test_undoing(old, rules):
    assert _sysctl_d.without_values(_sysctl_d.with_values(old, VALUES, rules), rules) == old


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OURS, b""),
        (b"x = 1\n" + OURS + b"y = 2\n", b"x = 1\ny = 2\n"),
        (b"#" + KEY + b"=1\n" + OURS, b"#" + KEY + b"=1\n"),
        (KEY + b"=1\n\n" + OURS, b"\n"),
        (OURS.replace(b"\n", b"\r\n") + b"x = 1\r\n", b"x = 1\r\n"),
        (b"net.ipv4.tcp_keepalive_*=1\n" + OURS, b"net.ipv4.tcp_keepalive_*=1\n"),
        (b"-" + KEY + b"=1\n" + OURS, b""),
    ],
)
@pytest.mark.parametrize("rules", [NEW, OLD], ids=["new", "old"])
def test_without_values(old, new, rules):
    assert _sysctl_d.without_values(old, rules) == new


def test_a_path_that_climbs_is_ours_where_systemd_follows_it():
    old = b"net/ipv4/../ipv4/tcp_keepalive_time=1\n"
    assert _sysctl_d.without_values(old, _sysctl_d.rules_for(248)) == b""
    assert _sysctl_d.without_values(old, _sysctl_d.rules_for(249)) == old


@pytest.mark.parametrize(
    ("content", "only"),
    [
        (OURS, True),
        (_sysctl_d.HEADER.encode("ascii") + OURS, True),
        (OURS + b"; c\n \t\n", True),
        (OURS + b"x = 1\n", False),
        (OURS + b"net.ipv4.tcp_keepalive_* = 1\n", False),
        (OURS + b"-" + KEY + b"\n", False),
        (OURS + b"nonsense\n", False),
        (OURS + b"\xef\xbb\xbf" + KEY + b"=1\n", False),
        (b"", True),
    ],
)
def test_holds_only_ours(content, only):
    assert _sysctl_d.holds_only_ours(content, NEW) == only


@pytest.mark.parametrize(
    ("content", "nothing"), [(b"", True), (b"\n \r\n", True), (_sysctl_d.HEADER.encode("ascii"), True), (b"# c\n", False)]
)
def test_holds_nothing(content, nothing):
    assert _sysctl_d.holds_nothing(content) == nothing


# --- all files -----------------------------------------------------------------------------------

A, B = KEY + b"=1\n", KEY + b"=2\n"


@pytest.mark.parametrize(
    ("files", "value"),
    [
        ({"etc/sysctl.d/10.conf": A, "etc/sysctl.d/9.conf": B}, 2),
        ({"etc/sysctl.d/Z.conf": A, "etc/sysctl.d/a.conf": B}, 2),
        ({"etc/sysctl.d/50.conf": A, "usr/lib/sysctl.d/99.conf": B}, 2),
        ({"etc/sysctl.d/x.conf": A, "run/sysctl.d/x.conf": B}, 1),
        ({"run/sysctl.d/x.conf": A, "usr/lib/sysctl.d/x.conf": B}, 1),
        ({"etc/sysctl.d/x.conf": b"", "usr/lib/sysctl.d/x.conf": B}, 7200),
        ({"etc/sysctl.d/x.conf": b"-> /dev/null", "usr/lib/sysctl.d/x.conf": B}, 7200),
        ({"etc/sysctl.d/x.conf": b"-> nowhere", "usr/lib/sysctl.d/x.conf": B}, 7200),
        ({"etc/sysctl.d/x.conf": None, "usr/lib/sysctl.d/x.conf": B}, 7200),
        ({"etc/sysctl.d/.x.conf": A, "etc/sysctl.d/x.conf~": A, "etc/sysctl.d/x": A, "etc/sysctl.d/x.CONF": A}, 7200),
        ({"etc/sysctl.conf": A}, 7200),
        ({"etc/sysctl.conf": A, "etc/sysctl.d/99-sysctl.conf": b"-> ../sysctl.conf", "etc/sysctl.d/60.conf": B}, 1),
    ],
)
def test_who_wins(root, files, value):
    assert root.write(files).boot().value == value


def test_red_hat_reads_sysctl_conf_last(root):
    root.write({"etc/sysctl.conf": A, "etc/sysctl.d/99.conf": B})
    assert [root.boot(rules).value for rules in (NEW, OLD, RED_HAT)] == [2, 2, 1]


def test_the_winner_is_named_with_its_line_and_link(root):
    root.write({"etc/sysctl.conf": b"# c\n" + A, "etc/sysctl.d/99-sysctl.conf": b"-> ../sysctl.conf"})
    assert root.boot() == (1, root.path("etc/sysctl.conf"), 2, root.path("etc/sysctl.d/99-sysctl.conf"))


@pytest.mark.parametrize(("version", "count"), [(219, 5), (254, 5), (255, 4), (None, 4)])
def test_lib_is_read_by_old_versions(version, count):
    assert len(_sysctl_d.rules_for(version).directories) == count


@pytest.mark.parametrize(
    ("files", "name", "is_read"),
    [
        ({}, "etc/sysctl.d/x.conf", True),
        ({}, "usr/lib/sysctl.d/x.conf", True),
        ({}, "etc/sysctl.d/x", False),
        ({}, "etc/sysctl.d/.x.conf", False),
        ({}, "etc/x.conf", False),
        ({"etc/sysctl.d/x.conf": b""}, "usr/lib/sysctl.d/x.conf", False),
        ({"etc/sysctl.d/x.conf": b"", "usr/lib/sysctl.d/x.conf": A}, "usr/lib/sysctl.d/x.conf", False),
        ({"etc/sysctl.conf": A}, "etc/sysctl.conf", False),
        ({"etc/sysctl.conf": A, "etc/sysctl.d/99-sysctl.conf": b"-> ../sysctl.conf"}, "etc/sysctl.conf", True),
    ],
)
def test_reads(root, files, name, is_read):
    assert root.write(files).tree().reads(root.path(name)) == is_read


def test_a_file_that_another_run_has_just_made_is_read(root):
    tree = root.tree()
    root.write({"etc/sysctl.d/x.conf": A})
    assert tree.reads(root.path("etc/sysctl.d/x.conf"))


def test_replacing(root):
    root.write({"etc/sysctl.d/a.conf": A, "usr/lib/sysctl.d/b.conf": B})
    tree, new = root.tree(), root.path("etc/sysctl.d/c.conf")
    assert tree.boot(NEW, KERNEL_DEFAULTS)["time"].value == 2
    assert tree.replacing(new, A).boot(NEW, KERNEL_DEFAULTS)["time"] == (1, new, 1, new)
    assert tree.replacing(root.path("usr/lib/sysctl.d/b.conf"), None).boot(NEW, KERNEL_DEFAULTS)["time"].value == 1
    assert tree.replacing(root.path("etc/sysctl.d/b.conf"), b"").boot(NEW, KERNEL_DEFAULTS)["time"].value == 1


def test_procps_reads_sysctl_conf_last_and_line_by_line(root):
    root.write({"etc/sysctl.conf": A, "etc/sysctl.d/99.conf": B + b"net.ipv4.tcp_keepalive_*=3\n"})
    tree = root.tree()
    assert tree.boot(NEW, KERNEL_DEFAULTS)["time"].value == 2
    assert tree.procps(NEW, KERNEL_DEFAULTS)["time"].value == 1
    assert tree.procps(NEW, KERNEL_DEFAULTS)["intvl"].value == 3
