# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which processes have which socket, read while something else is done where there are many."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import contextlib
import os

from ansible_collections.longlived.tcp.plugins.module_utils._sockets import inet_diag, processes
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.fork import meanwhile, pays

# One descriptor of a socket; `task` is the thread whose table it is in, most often the process itself. `inode` is the socket's,
# None where its cookie alone says which one is meant.
Owner = collections.namedtuple("Owner", "process task descriptor inode")
Owner.__new__.__defaults__ = (None,)

_NONE = (), ()


@contextlib.contextmanager
def owners_of(selection, everywhere=False, warn=None):
    """The `Owners` of the chosen processes' sockets, where the selection chooses processes, else those of all sockets.

    These are read by a second process during the block, and with `everywhere` only if they are asked for. `warn` is called
    with a sentence for each name that no process has.
    """
    if selection.names or selection.pids:
        seen = processes.read(selection.names, selection.pids)
        for name in seen.unmatched if warn else ():
            warn("processes has %s, and no process that can be seen is called so: compare it with what ps -e shows." % name)
        yield Owners(lambda: seen, seen.processes)
    elif everywhere:
        yield Owners(processes.read)
    else:
        with meanwhile(_all_but_a_copy_of(os.getpid()), begin=pays(inet_diag.number())) as read:
            owners = Owners(read)
            yield owners
            owners.processes_of(None)  # while there is a second process to ask


def _all_but_a_copy_of(reader):
    """A function that reads every process. The second one that does it has all that `reader` has, and is left out."""
    return lambda: processes.read(but={os.getpid()} - {reader})


class Owners:
    """Read when they are first asked for. `chosen` are the processes that a selection means, None: all."""

    def __init__(self, read, chosen=None):
        self._read, self._tables = read, None
        self.chosen = chosen
        self.unreadable = 0  # of how many processes this user may not see the descriptors

    def processes_of(self, inode):
        """The processes that have a socket, each once, by ascending id."""
        return self._known(inode)[0]

    def of(self, inode):
        """The same with a descriptor of each."""
        return [Owner(table.process, table.task, table.descriptors[inode], inode) for table in self._known(inode)[1]]

    def _known(self, inode):
        if self._tables is None:
            seen = self._read()
            self._tables, self.unreadable = _by_inode(seen.tables), seen.unreadable
        return self._tables.get(inode, _NONE)


def _by_inode(tables):
    """By a socket's inode the processes that have it and their tables; all sockets that only one table has share one entry."""
    known = {}
    for table in tables:
        own = dict.fromkeys(table.descriptors, ((table.process,), (table,)))
        for inode in [inode for inode in own if inode in known]:
            those, others = own[inode] = known[inode]
            if table.process not in those:
                own[inode] = those + (table.process,), others + (table,)
        known.update(own)
    return known
