# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All files of sysctl.d(5), rule by rule: which one wins. Tried with systemd 247, 252 and 257, see tests/sysctl_d."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import precedence, sysctl_d
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import KERNEL_DEFAULTS

NEW = sysctl_d.rules_for(None)
OLD = sysctl_d.rules_for(219)
RED_HAT = sysctl_d.rules_for(219, conf_last=True)
KEY = b"net.ipv4.tcp_keepalive_time"
BASE = (("etc", "sysctl.d"), ("run", "sysctl.d"), ("usr", "lib", "sysctl.d"))
A, B = KEY + b"=1\n", KEY + b"=2\n"


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
        return precedence.Tree.on_disk(self.directories, self.path("etc/sysctl.conf"))

    def boot(self, rules=NEW):
        return self.tree().boot(rules, KERNEL_DEFAULTS)["time"]


@pytest.fixture
def root(tmp_path_factory):
    return Root(tmp_path_factory.mktemp("root"))


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
    assert root.boot() == (1, root.path("etc/sysctl.conf"), 2, root.path("etc/sysctl.d/99-sysctl.conf"), None)


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
    assert tree.replacing(new, A).boot(NEW, KERNEL_DEFAULTS)["time"] == (1, new, 1, new, None)
    assert tree.replacing(root.path("usr/lib/sysctl.d/b.conf"), None).boot(NEW, KERNEL_DEFAULTS)["time"].value == 1
    assert tree.replacing(root.path("etc/sysctl.d/b.conf"), b"").boot(NEW, KERNEL_DEFAULTS)["time"].value == 1


def test_procps_reads_sysctl_conf_last_and_line_by_line(root):
    root.write({"etc/sysctl.conf": A, "etc/sysctl.d/99.conf": B + b"net.ipv4.tcp_keepalive_*=3\n"})
    tree = root.tree()
    assert tree.boot(NEW, KERNEL_DEFAULTS)["time"].value == 2
    assert tree.procps(NEW, KERNEL_DEFAULTS)["time"].value == 1
    assert tree.procps(NEW, KERNEL_DEFAULTS)["intvl"].value == 3


@pytest.mark.parametrize(("hides", "entry", "expected"), [(True, None, 7200), (False, None, 1), (False, b"-> .", 7200)])
def test_a_directory_of_a_files_name(root, hides, entry, expected):
    """systemd 219 passes it over, unless a link leads to it."""
    root.write({"usr/lib/sysctl.d/a.conf": A, "etc/sysctl.d/a.conf": entry})
    tree = precedence.Tree.on_disk(root.directories, root.path("etc/sysctl.conf"), hides)
    assert tree.boot(NEW, KERNEL_DEFAULTS)["time"].value == expected
