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
import time

from ansible_collections.longlived.tcp.plugins.module_utils import _network_namespaces, _runtime, _socket_owners, _tcp_sockets
from ansible_collections.longlived.tcp.plugins.module_utils._keepalive import NAMES
from ansible_collections.longlived.tcp.plugins.module_utils._protection import IS_UNKNOWN, Judge
from ansible_collections.longlived.tcp.plugins.module_utils._socket_selection import Filter

# One connection: its `Socket`, its `Process`es, the `Verdict` by its timer, and the `Namespace` that it is in.
Connection = collections.namedtuple("Connection", "socket processes verdict namespace")

# A network namespace: its inode, its three values, and the time.time() of the look.
Namespace = collections.namedtuple("Namespace", "inode runtime looked_at")

# Looking again at what is hidden stops after so many seconds in all, however many are hidden: busy hosts hide thousands, and
# each busy container some. Who only counts them waits for less.
LONGEST, LONGEST_COUNT = 2.0, 0.45


class Look:
    """The connections, one after the other, and what could not be seen.

    `everywhere`: not only the chosen processes' connections, but only theirs have owners. `foreseen`: the three values
    that our own namespace is taken to have instead of those that it has. `warn` is called with a sentence for each name
    that no process has.
    """

    def __init__(self, selection, idle_timeout, everywhere=False, foreseen=None, warn=None):
        self._selection = selection
        self._idle_timeout = idle_timeout
        self._foreseen, self._has = foreseen, None
        by_process = bool(selection.names or selection.pids)
        self._owners = _socket_owners.Owners()
        chosen = self._owners.read(selection.names, selection.pids) if by_process or not everywhere else []
        for name in self._owners.unmatched if warn else ():
            warn("processes has %s, and no process that can be seen is called so: compare it with what ps -e shows." % name)
        self._owned_only = by_process and not everywhere
        # Without a choice of processes our own namespace, which is the host's, is all that is looked at.
        self._inhabitants = _socket_owners.processes() if everywhere else chosen if by_process else []
        self._own = _network_namespaces.inode("self")
        self.unreadable_processes = self._owners.unreadable
        self.unreadable_namespaces = 0
        self._patience = LONGEST_COUNT if everywhere else LONGEST

    def owners_of(self, connection):
        return self._owners.of(connection.socket.inode)

    def connections(self):
        """A generator: whoever stops early closes it, to be back in our own namespace."""
        return (connection for inode, pid in self._places() for connection in self._of(inode, pid))

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
        """Each namespace to look into with a process that lives there, None for our own."""
        places = {} if self._owned_only else {self._own: None}
        for process in self._inhabitants:
            if process.namespace is not None:
                places.setdefault(process.namespace, None if process.namespace == self._own else process.pid)
        return sorted(places.items())

    def _of(self, inode, pid):
        """The chosen connections of a namespace."""
        processes_of, owned_only, new = self._owners.processes_of, self._owned_only, tuple.__new__
        hidden = []
        with self._counting_unreadable(), _inside(pid):
            takes = Filter(self._selection).takes  # by the addresses that this namespace has
            namespace = Namespace(inode, self._values(inode), time.time())
            verdict_of = Judge(namespace.runtime, self._idle_timeout).verdict
            for sockets in _tcp_sockets.dump():
                for one in sockets:
                    processes = processes_of(one.inode)
                    if (processes or not owned_only) and takes(one):
                        verdict = verdict_of(one)
                        if verdict is IS_UNKNOWN:
                            hidden.append(one)
                        else:
                            yield new(Connection, (one, processes, verdict, namespace))
            for one in self._looked_at_again(hidden):
                yield Connection(one, processes_of(one.inode), verdict_of(one), namespace)

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
def _inside(pid):
    if pid is None:
        yield
    else:
        with _network_namespaces.inside(pid):
            yield
