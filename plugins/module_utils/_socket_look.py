# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A look at the chosen connections of every network namespace that the chosen processes live in.

Or at all connections of all namespaces, for whoever counts them and asks for the owners of some.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import contextlib
import os
import time

from ansible_collections.longlived.tcp.plugins.module_utils import _network_namespaces, _runtime, _socket_owners, _tcp_sockets
from ansible_collections.longlived.tcp.plugins.module_utils._keepalive import NAMES
from ansible_collections.longlived.tcp.plugins.module_utils._meanwhile import meanwhile, pays
from ansible_collections.longlived.tcp.plugins.module_utils._own_connection import own_connection
from ansible_collections.longlived.tcp.plugins.module_utils._protection import IS_UNKNOWN, Judge
from ansible_collections.longlived.tcp.plugins.module_utils._socket_selection import Filter

# One connection: its `Socket`, the `Verdict` by its timer, and the `Namespace` that it is in.
Connection = collections.namedtuple("Connection", "socket verdict namespace")

# A network namespace: its inode, its three values, and the time.time() of the look.
Namespace = collections.namedtuple("Namespace", "inode runtime looked_at")

# Looking again at what is hidden stops after so many seconds in all, however many are hidden: busy hosts hide thousands, and
# each busy container some. Who only counts them waits for less.
LONGEST, LONGEST_COUNT = 2.0, 0.45


class Look:
    """The connections but the one that Ansible itself has come over, one after the other, and what could not be seen.

    `everywhere`: not only the chosen processes' connections, but only theirs have owners. `foreseen`: the three values
    that our own namespace is taken to have instead of those that it has. `warn` is called with a sentence for each name
    that no process has.
    """

    def __init__(self, selection, idle_timeout, everywhere=False, foreseen=None, warn=None):
        self._selection = selection
        self._idle_timeout = idle_timeout
        self._foreseen, self._has = foreseen, None
        by_process = bool(selection.names or selection.pids)
        self._owned_only = by_process and not everywhere
        self._owners = None  # until every process is read, beside the look
        if by_process or everywhere:
            seen = _socket_owners.read(selection.names, selection.pids) if by_process else _socket_owners.NO_PROCESSES
            self._know(seen)
            for name in seen.unmatched if warn else ():
                warn("processes has %s, and no process that can be seen is called so: compare it with what ps -e shows." % name)
        # Without a choice of processes our own namespace, which is the host's, is all that is looked at.
        self._inhabitants = _socket_owners.processes() if everywhere else seen.processes if by_process else []
        self._own = _network_namespaces.inode("self")
        self.unreadable_namespaces = 0
        self._patience = LONGEST_COUNT if everywhere else LONGEST

    def connections(self):
        """A generator: whoever stops early closes it, to be back in our own namespace."""
        read, new = _all_but_a_copy_of(os.getpid()), tuple.__new__
        with meanwhile(read, begin=self._owners is None and pays(_tcp_sockets.number())) as self._read:
            for inode, pids in self._places():
                for seen in self._of(inode, pids):
                    yield new(Connection, seen)
            self._known()

    # Asked before the last connection, these wait until every process is read.

    def processes_of(self, inode):
        return self._known().processes_of(inode)

    def owners_of(self, connection):
        return self._known().of(connection.socket.inode)

    def find_every_owner(self):
        """Read every process, for whoever counted first."""
        self._know(_socket_owners.read())

    def _known(self):
        if self._owners is None:
            self._know(self._read())
        return self._owners

    def _know(self, seen):
        self._owners, self.unreadable_processes = _socket_owners.Owners(seen.tables), seen.unreadable

    def as_foreseen(self, connection, options):
        """A socket's own `Options`; those that are the namespace's follow it."""
        if not self._foreseen or connection.namespace.inode != self._own:
            return options
        return options._replace(**dict((name, self._foreseen[name]) for name in NAMES if getattr(options, name) == self._has[name]))

    def _values(self, inode):
        has = _runtime.read()
        if not self._foreseen or inode != self._own:
            return has
        self._has = has
        return self._foreseen

    def _places(self):
        """Each namespace to look into with the processes that live there."""
        places = collections.defaultdict(list, {} if self._owned_only else {self._own: []})
        for process in self._inhabitants:
            if process.namespace is not None:
                places[process.namespace].append(process.pid)
        return sorted(places.items())

    def _of(self, inode, pids):
        """Of each chosen connection of a namespace what `Connection` has."""
        is_chosen = self._owners.processes_of if self._owned_only else lambda _inode: True
        hidden = []
        with self._counting_unreadable(), self._inside(inode, pids):
            takes = Filter(self._selection).takes  # by the addresses that this namespace has
            if inode == self._own:
                takes = own_connection().left_out(takes)
            namespace = Namespace(inode, self._values(inode), time.time())
            verdict_of = Judge(namespace.runtime, self._idle_timeout).verdict
            for sockets in _tcp_sockets.dump():
                for one in sockets:
                    if is_chosen(one.inode) and takes(one):
                        verdict = verdict_of(one)
                        if verdict is IS_UNKNOWN:
                            hidden.append(one)
                        else:
                            yield one, verdict, namespace
            for one in self._looked_at_again(hidden):
                yield one, verdict_of(one), namespace

    def _looked_at_again(self, hidden):
        if not hidden:
            return []
        begin = time.time()
        again = _tcp_sockets.look_again(hidden, self._patience)
        self._patience -= time.time() - begin
        return again.values()

    @contextlib.contextmanager
    def _counting_unreadable(self):
        try:
            yield
        except _network_namespaces.NamespaceError:
            self.unreadable_namespaces += 1
        except (IOError, OSError):
            pass  # the last process in it ended meanwhile

    @contextlib.contextmanager
    def _inside(self, inode, pids):
        if inode == self._own:
            yield
        else:
            with _network_namespaces.inside(inode, pids):
                yield


def _all_but_a_copy_of(reader):
    """A function that reads every process. The second one that does it has all that `reader` has, and is left out."""
    return lambda: _socket_owners.read(but={os.getpid()} - {reader})
