# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work that a second process does while this one does other work: among 100,000 sockets each keeps a processor busy.

It is a copy of this process, which does the one piece of work, sends what came of it, and ends; it does not outlive this process.
Where it cannot be had, or does not come to its end, this process does the work itself: whatever the second one met with, this one
meets with as well, and fails as it would have failed alone. So the work has to be such that it may be done twice.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib
import ctypes
import os
import signal

try:
    import cPickle as pickle
except ImportError:
    import pickle

# Fewer are done before a second process has begun.
LEAST_SOCKETS = 10000

_PR_SET_PDEATHSIG = 1


def pays(sockets):
    """Whether work on so many sockets is worth a second process."""
    return sockets >= LEAST_SOCKETS and _processors() > 1


def _processors():
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # Python 2.7
        return os.sysconf("SC_NPROCESSORS_ONLN")


@contextlib.contextmanager
def meanwhile(work, begin=True):
    """A function for what `work` returns, which has to be data. A second process begins it now, or else that function does it."""
    second = _begun(work) if begin else None
    try:
        yield lambda: _result(second, work)
    finally:
        if second:
            second.end()


def wait_for_children():
    """Before a fork. A parent may have left SIGCHLD ignored: then no process is told how a child ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _begun(work):
    """The second process, None where there can be none."""
    wait_for_children()
    try:
        return _Second(work)
    except (IOError, OSError):
        return None


def _result(second, work):
    answer = second.answer() if second else None
    return work() if answer is None else pickle.loads(answer)


class _Second:
    def __init__(self, work):
        first = os.getpid()
        receive, send = os.pipe()
        try:
            self._pid = os.fork()
        except (IOError, OSError):
            os.close(receive)
            os.close(send)
            raise
        if self._pid == 0:
            os.close(receive)
            _do(work, first, send)
        os.close(send)
        self._sent = os.fdopen(receive, "rb")

    def answer(self):
        """All that it sent, None where it did not come to its end."""
        answer = self._sent.read()
        return answer if self._status() == 0 else None

    def end(self):
        """Whether it is done or its result is no longer needed."""
        if self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)  # until it is waited for, the number is its
            self._status()
        self._sent.close()

    def _status(self):
        pid, self._pid = self._pid, None
        return os.waitpid(pid, 0)[1]


def _do(work, first, send):
    """The second process. Nothing that the first one has begun is brought to an end here: no output of its, no `atexit`."""
    status = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == first:  # or it ended before that
            with os.fdopen(send, "wb") as stream:
                pickle.dump(work(), stream, pickle.HIGHEST_PROTOCOL)
            status = 0
    finally:
        os._exit(status)
