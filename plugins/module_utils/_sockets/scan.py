# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The chosen connections of every network namespace that the chosen processes live in, each judged by its timer.

Or all connections of all namespaces, for who counts them.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import contextlib
import time

from ansible_collections.longlived.tcp.plugins.module_utils._kernel import runtime
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import NAMES
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import inet_diag, namespaces, processes
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.own_connection import own_connection
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.selection import Filter
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.verdict import IS_UNKNOWN, Judge

# One connection: its `Socket`, the `Verdict` by its timer, and the `Namespace` that it is in.
Connection = collections.namedtuple("Connection", "socket verdict namespace")

# A network namespace: its inode, the three values that it is judged by, those that it has, and the time.time() of the scan.
Namespace = collections.namedtuple("Namespace", "inode runtime has scanned_at")

# Looking again at what is hidden stops after so many seconds in all, however many are hidden: busy hosts hide thousands, and
# each busy container some. Who only counts them waits for less.
LONGEST, LONGEST_COUNT = 2.0, 0.45


class Scan:
    """Iterate once. Who stops early closes the iterator, to be back in our own namespace.

    Left out is the connection that Ansible itself has come over, and, where `owners` are of chosen processes, what these do
    not have, unless `everywhere`. `foreseen`: the three values that our own namespace is judged by instead of those that it
    has. Afterwards `unreadable` is the number of namespaces that this user may not look into.
    """

    def __init__(self, selection, idle_timeout, owners, everywhere=False, foreseen=None):
        self._selection, self._idle_timeout, self._foreseen = selection, idle_timeout, foreseen
        owned_only = owners.chosen is not None and not everywhere
        self._is_meant = owners.processes_of if owned_only else lambda _inode: True
        self._own = namespaces.inode("self")
        # Without a choice of processes our own namespace, which is the host's, is all that is looked at.
        inhabitants = processes.everyone() if everywhere else owners.chosen or ()
        self._namespaces = collections.defaultdict(list, {} if owned_only else {self._own: []})
        for process in inhabitants:
            if process.namespace is not None:
                self._namespaces[process.namespace].append(process.pid)
        self._patience = LONGEST_COUNT if everywhere else LONGEST
        self.unreadable = 0

    def __iter__(self):
        new = tuple.__new__
        for inode, pids in sorted(self._namespaces.items()):
            for seen in self._within(inode, pids):
                yield new(Connection, seen)

    def _within(self, inode, pids):
        """Of each chosen connection of a namespace what `Connection` has."""
        hidden, is_meant = [], self._is_meant
        with self._counting_unreadable(), self._inside(inode, pids):
            takes = Filter(self._selection).takes  # by the addresses that this namespace has
            if inode == self._own:
                takes = own_connection().left_out(takes)
            namespace = self._namespace(inode)
            verdict_of = Judge(namespace.runtime, self._idle_timeout).verdict
            for sockets in inet_diag.dump():
                for one in sockets:
                    if is_meant(one.inode) and takes(one):
                        verdict = verdict_of(one)
                        if verdict is IS_UNKNOWN:
                            hidden.append(one)
                        else:
                            yield one, verdict, namespace
            for one in self._seen_again(hidden):
                yield one, verdict_of(one), namespace

    def _namespace(self, inode):
        has = runtime.read()
        return Namespace(inode, self._foreseen if self._foreseen and inode == self._own else has, has, time.time())

    def _seen_again(self, hidden):
        if not hidden:
            return []
        begin = time.time()
        again = inet_diag.look_again(hidden, self._patience)
        self._patience -= time.time() - begin
        return again.values()

    @contextlib.contextmanager
    def _counting_unreadable(self):
        try:
            yield
        except namespaces.NamespaceError:
            self.unreadable += 1
        except (IOError, OSError):
            pass  # the last process in it ended meanwhile

    @contextlib.contextmanager
    def _inside(self, inode, pids):
        if inode == self._own:
            yield
        else:
            with namespaces.inside(inode, pids):
                yield


def as_foreseen(options, namespace):
    """A socket's own `Options`, those that are its namespace's as the namespace is judged by."""
    if namespace.runtime is namespace.has:
        return options
    follows = [name for name in NAMES if getattr(options, name) == namespace.has[name]]
    return options._replace(**dict((name, namespace.runtime[name]) for name in follows))
