# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which connection is Ansible's own, by a process table that is made up. Real ones are in tests/sockets and tests/managed."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import socket

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import inet_diag, own_connection

OWN, FORWARDED, OTHER = 70, 71, 72
LISTENING = 60
ENDS = "192.0.2.7 51524 10.0.0.5 22"


def a_socket(inode, peer="192.0.2.7", peer_port=51524, local="10.0.0.5", local_port=22):
    family = socket.AF_INET6 if ":" in peer else socket.AF_INET
    source, destination = (socket.inet_pton(family, one).ljust(16, b"\0") for one in (local, peer))
    return inet_diag.Socket(
        family, 1, 2, 0, socket.htons(local_port), socket.htons(peer_port), source, destination, 0, inode, 7100000, 0, inode, 0
    )


SOCKETS = [a_socket(OWN), a_socket(FORWARDED, "10.20.0.9", 5432, "10.0.0.5", 41000), a_socket(OTHER, "192.0.2.7", 51525)]


class Table(object):
    """A /proc with these processes, the newest first: (name, environment, inodes of its sockets or None where it is closed)."""

    def __init__(self, place):
        self.place = place

    def of(self, *line):
        pids = [os.getpid()] + list(range(5000, 5000 + len(line) - 1))
        for (name, environ, inodes), pid, parent in zip(line, pids, pids[1:] + [1]):
            process = self.place.mkdir(str(pid))
            process.join("status").write("Name:\t%s\nUmask:\t0022\nState:\tS (sleeping)\nPPid:\t%d\n" % (name, parent))
            if environ is not None:
                process.join("environ").write("\0".join(("LANG=C", environ, "")))
            if inodes is not None:
                descriptors = process.mkdir("fd")
                for number, inode in enumerate(inodes):
                    os.symlink("socket:[%d]" % inode, str(descriptors.join(str(number + 4))))
                os.symlink("/dev/null", str(descriptors.join("0")))
        return own_connection.own_connection(str(self.place))


@pytest.fixture
def table(tmpdir):
    return Table(tmpdir)


MODULE, SUDO = ("python3", "", []), ("sudo", "", [])
SHELL, BARE_SHELL, CLOSED_SHELL = ("sh", "SSH_CONNECTION=" + ENDS, []), ("sh", "", []), ("sh", None, [])
LISTENER = ("sshd", "", [LISTENING])


@pytest.mark.parametrize(
    ("line", "left"),
    [
        # Over ssh, with and without sudo, as root, where no user's server stands below root's.
        ([MODULE, SUDO, SHELL, ("sshd", "", [OWN]), ("sshd", "", [OWN]), LISTENER], [FORWARDED, OTHER]),
        ([MODULE, SHELL, ("sshd-session", "", [OWN]), LISTENER], [FORWARDED, OTHER]),
        ([MODULE, SHELL, ("dropbear", "", [OWN]), ("dropbear", "", [LISTENING])], [FORWARDED, OTHER]),
        # What the session forwards is not the session, nor is what the listening server is about to hand over.
        ([MODULE, SHELL, ("sshd", "", [OWN, FORWARDED]), ("sshd", "", [OWN]), LISTENER], [FORWARDED, OTHER]),
        ([MODULE, SHELL, ("sshd", "", [OWN]), ("sshd", "", [LISTENING, OTHER])], [FORWARDED, OTHER]),
        # Only one of the two can be read.
        ([MODULE, SHELL, ("sshd", None, None), ("sshd", None, None), LISTENER], [FORWARDED, OTHER]),
        ([MODULE, BARE_SHELL, ("sshd", "", [OWN]), LISTENER], [FORWARDED, OTHER]),
        ([MODULE, CLOSED_SHELL, ("sshd", "", [OWN]), LISTENER], [FORWARDED, OTHER]),
        ([MODULE, CLOSED_SHELL, ("sshd", None, None), LISTENER], [OWN, FORWARDED, OTHER]),
        # What the environment says is not enough: no server has it.
        ([MODULE, ("sh", "SSH_CONNECTION=192.0.2.7 51525 10.0.0.5 22", []), ("sshd", "", [OWN]), LISTENER], [OWN, FORWARDED, OTHER]),
        # Not over ssh: from a terminal, and from tmux, which a login long ago has left behind.
        ([MODULE, BARE_SHELL, ("login", "", [])], [OWN, FORWARDED, OTHER]),
        ([MODULE, SHELL, ("tmux: server", "SSH_CONNECTION=" + ENDS, [])], [OWN, FORWARDED, OTHER]),
    ],
)
def test_which_is_left_out(table, line, left):
    takes = table.of(*line).left_out(lambda one: True)
    assert [one.inode for one in SOCKETS if takes(one)] == left


@pytest.mark.parametrize(
    ("said", "one"),
    [
        ("192.0.2.7 51524 10.0.0.5 22", a_socket(OWN)),
        ("192.0.2.7 51524 10.0.0.5 22", a_socket(OWN, peer="::ffff:192.0.2.7", local="::ffff:10.0.0.5")),
        ("::ffff:192.0.2.7 51524 ::ffff:10.0.0.5 22", a_socket(OWN)),
        ("2001:db8::7 51524 2001:db8::5 2222", a_socket(OWN, peer="2001:db8::7", local="2001:db8::5", local_port=2222)),
        ("fe80::7%eth0 51524 fe80::5%eth0 22", a_socket(OWN, peer="fe80::7", local="fe80::5")),
    ],
)
def test_how_the_ends_are_written(table, said, one):
    own = table.of(MODULE, ("sh", "SSH_CONNECTION=" + said, []), ("sshd", None, None))
    assert not own.left_out(lambda _one: True)(one)


@pytest.mark.parametrize("said", ["UNKNOWN 65535 UNKNOWN 65535", "", "192.0.2.7", "a b c d", "192.0.2.7 x 10.0.0.5 22"])
def test_ends_that_say_nothing(table, said):
    own = table.of(MODULE, ("sh", "SSH_CONNECTION=" + said, []), ("sshd", "", [OWN]), LISTENER)
    assert [one.inode for one in SOCKETS if own.left_out(lambda _one: True)(one)] == [FORWARDED, OTHER]


def test_nothing_that_was_not_chosen_comes_in(table):
    takes = table.of(MODULE, SHELL, ("sshd", "", [OWN]), LISTENER).left_out(lambda one: one.inode == OWN)
    assert not [one for one in SOCKETS if takes(one)]


def test_a_process_table_that_is_closed(table):
    assert own_connection.own_connection(str(table.place)).left_out(len) is len


def test_numbers_that_were_taken_anew_meanwhile(table):
    table.place.mkdir(str(os.getpid())).join("status").write("Name:\tpython\nPPid:\t77\n")
    table.place.mkdir("77").join("status").write("Name:\tsshd\nPPid:\t%d\n" % os.getpid())
    assert own_connection.own_connection(str(table.place)).left_out(len) is len
