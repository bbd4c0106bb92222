# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A look at the chosen connections of every network namespace that the chosen processes live in."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import contextlib
import time

from ansible_collections.longlived.tcp.plugins.module_utils import _network_namespaces, _runtime, _socket_owners, _tcp_sockets
from ansible_collections.longlived.tcp.plugins.module_utils._protection import IS_UNKNOWN, Judge
from ansible_collections.longlived.tcp.plugins.module_utils._socket_selection import Filter

# One connection: its `Socket`, its `Process`es, the `Verdict` by its timer, and the `Namespace` that it is in.
Connection = collections.namedtuple("Connection", "socket processes verdict namespace")

# A network namespace: its inode, its three values, and the time.time() of the look.
Namespace = collections.namedtuple("Namespace", "inode runtime looked_at")


class Look:
    """The connections, one after the other, and what could not be seen."""

    def __init__(self, selection, idle_timeout):
        self._selection = selection
        self._idle_timeout = idle_timeout
        self._by_process = bool(selection.names or selection.pids)
        self._processes = _socket_owners.processes(selection.names, selection.pids)
        self._owners = _socket_owners.Owners(self._processes)
        self.unreadable_processes = self._owners.unreadable
        self.unreadable_namespaces = 0

    def owners_of(self, connection):
        return self._owners.of(connection.socket.inode)

    def connections(self):
        for inode, pid in self._places():
            try:
                with _inside(pid):
                    namespace = Namespace(inode, _runtime.read(), time.time())
                    for connection in self._of(namespace):
                        yield connection
            except _network_namespaces.NamespaceError:
                self.unreadable_namespaces += 1
            except (IOError, OSError):
                continue  # the last process in it ended meanwhile

    def _places(self):
        """Each namespace to look into with a process that lives there, None for our own.

        All of them where processes are chosen; otherwise our own, which is the host's.
        """
        own = _network_namespaces.inode("self")
        if not self._by_process:
            return [(own, None)]
        places = {}
        for process in self._processes:
            if process.namespace is not None:
                places.setdefault(process.namespace, None if process.namespace == own else process.pid)
        return sorted(places.items())

    def _of(self, namespace):
        takes = Filter(self._selection).takes
        verdict_of = Judge(namespace.runtime, self._idle_timeout).verdict
        processes_of, by_process, new = self._owners.processes_of, self._by_process, tuple.__new__
        hidden = []
        for sockets in _tcp_sockets.dump():
            for one in sockets:
                processes = processes_of(one.inode)
                if (processes or not by_process) and takes(one):
                    verdict = verdict_of(one)
                    if verdict is IS_UNKNOWN:
                        hidden.append(one)
                    else:
                        yield new(Connection, (one, processes, verdict, namespace))
        for one in _tcp_sockets.look_again(hidden).values():
            yield Connection(one, processes_of(one.inode), verdict_of(one), namespace)


@contextlib.contextmanager
def _inside(pid):
    if pid is None:
        yield
    else:
        with _network_namespaces.inside(pid):
            yield
