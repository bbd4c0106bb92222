# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ssh connection that this process has come over, which is Ansible's own: it ends with the run, and is in no danger.

It is the one that an ssh server among our ancestors has open. A server has others, those that it forwards: SSH_CONNECTION,
which it gives to the program that it starts, says which one it is. Either of the two may be closed to this user.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import errno
import os
import socket

from ansible_collections.longlived.tcp.plugins.module_utils._sockets.selection import mapped

# OpenSSH's up to 9.7 and those from 9.8 on, and dropbear's.
SERVERS = (b"sshd", b"sshd-session", b"sshd-auth", b"dropbear")

_ENDS = b"SSH_CONNECTION="
_SOCKET = "socket:["

# An address as sixteen bytes and a port, both ends of a connection.
Ends = collections.namedtuple("Ends", "peer peer_port local local_port")


class OwnConnection:
    """`inodes`: the sockets of the ssh servers among our ancestors, `ends`: the `Ends` of ours, each None where it is not known."""

    def __init__(self, inodes, ends):
        self._inodes = inodes
        self._ends = ends

    def left_out(self, takes):
        """The function `takes`, which chooses sockets of our own network namespace, without this one."""
        if self._inodes is None and self._ends is None:
            return takes
        return lambda one: takes(one) and not self._is(one)

    def _is(self, one):
        return (self._inodes is None or one.inode in self._inodes) and (self._ends is None or ends_of(one) == self._ends)


def ends_of(one):
    return Ends(mapped(one.family, one.destination), socket.ntohs(one.dport), mapped(one.family, one.source), socket.ntohs(one.sport))


def own_connection(proc="/proc"):
    """All that can be known of it."""
    line = _ancestors(proc)
    is_server = [name in SERVERS for _pid, name in line]
    if True not in is_server:
        return OwnConnection(None, None)
    servers = [pid for pid, name in line if name in SERVERS]
    return OwnConnection(_sockets(proc, servers), _ends(proc, [pid for pid, _name in line[: is_server.index(True)]]))


def _ancestors(proc):
    """This process and those that it comes from, (id, name), as far as they can be seen; the first process is no ssh server."""
    line, pid = [], os.getpid()
    while pid > 1 and pid not in [one for one, _name in line]:
        try:
            with open("%s/%d/status" % (proc, pid), "rb") as stream:
                status = dict(row.split(b":\t", 1) for row in stream.read().split(b"\n") if b":\t" in row)
            line.append((pid, status[b"Name"]))
            pid = int(status[b"PPid"])
        except (IOError, OSError, KeyError, ValueError):
            break
    return line


def _sockets(proc, pids):
    """The inodes of all their sockets, None where one of them is closed to this user."""
    found = set()
    for pid in pids:
        directory = "%s/%d/fd" % (proc, pid)
        try:
            links = [_link(directory, name) for name in os.listdir(directory)]
        except (IOError, OSError):
            return None
        found.update(int(link[len(_SOCKET) : -1]) for link in links if link.startswith(_SOCKET))
    return found


def _link(directory, name):
    try:
        return os.readlink(os.path.join(directory, name))
    except (IOError, OSError) as error:
        if error.errno != errno.ENOENT:
            raise
        return ""  # closed meanwhile


def _ends(proc, pids):
    """The `Ends` that the ssh server said, from the first process that still has them in its environment, the oldest first."""
    for pid in reversed(pids):
        try:
            with open("%s/%d/environ" % (proc, pid), "rb") as stream:
                said = [entry[len(_ENDS) :] for entry in stream.read().split(b"\0") if entry.startswith(_ENDS)]
        except (IOError, OSError):
            continue
        if said:
            return _parsed(said[0].decode("utf-8", "replace"))
    return None


def _parsed(text):
    """As OpenSSH and dropbear write it: 192.0.2.7 51524 10.0.0.5 22. None for what is no TCP connection."""
    try:
        peer, peer_port, local, local_port = text.split(" ")
        return Ends(_address(peer), int(peer_port), _address(local), int(local_port))
    except (ValueError, socket.error):
        return None


def _address(text):
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return mapped(family, socket.inet_pton(family, str(text.partition("%")[0])))
