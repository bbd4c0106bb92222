# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The second process does the work, or it is done without it; nothing of it is left."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import select
import signal
import subprocess
import sys
import time

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import fork as _fork
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.fork import meanwhile


@pytest.fixture(autouse=True)
def nothing_left():
    opened = len(os.listdir("/proc/self/fd"))
    yield
    assert len(os.listdir("/proc/self/fd")) == opened
    with pytest.raises(OSError) as error:
        os.waitpid(-1, os.WNOHANG)
    assert error.value.errno == errno.ECHILD


def test_another_process_does_it():
    with meanwhile(lambda: (os.getpid(), u"\xe9" * 1000000)) as result:
        pid, text = result()
    assert pid != os.getpid()
    assert text == u"\xe9" * 1000000


def test_it_is_done_at_the_same_time():
    here, there = os.pipe()
    back, answer = os.pipe()
    with meanwhile(lambda: (os.write(there, b"?"), os.read(back, 1))) as result:
        assert os.read(here, 1) == b"?"
        os.write(answer, b"!")
        assert result() == (1, b"!")
    for descriptor in (here, there, back, answer):
        os.close(descriptor)


def test_what_is_not_begun_is_done_here_when_asked():
    done = []
    with meanwhile(lambda: done.append(os.getpid()), begin=False) as result:
        assert done == []
        result()
    assert done == [os.getpid()]


def test_what_fails_there_fails_here():
    def work():
        raise KeyError("processes")

    with pytest.raises(KeyError), meanwhile(work) as result:
        result()


@pytest.mark.parametrize("end", [lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: os._exit(1)])
def test_a_second_process_that_ends_early_is_done_without(end):
    first = os.getpid()

    def work():
        if os.getpid() != first:
            end()
        return "done by %d" % os.getpid()

    with meanwhile(work) as result:
        assert result() == "done by %d" % first


def test_where_there_can_be_no_second_process(monkeypatch):
    def fork():
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(_fork.os, "fork", fork)
    with meanwhile(os.getpid) as result:
        assert result() == os.getpid()


def test_where_whoever_started_this_ignores_how_children_end():
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with meanwhile(os.getpid) as result:
            assert result() != os.getpid(), "done twice"
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_nobody_waits_for_what_nobody_asks_for():
    begin = time.time()
    with meanwhile(lambda: time.sleep(60)):
        pass
    assert time.time() - begin < 30


@pytest.mark.parametrize("when", ["at once", "while it works"])
def test_it_ends_with_the_first_process(when):
    alive, held = os.pipe()
    first = os.fork()
    if first == 0:
        os.close(alive)

        def work():
            os.write(held, b".")
            time.sleep(60)

        with meanwhile(work):
            if when == "at once":
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)
    os.close(held)
    if when == "while it works":
        assert os.read(alive, 1) == b"."
        os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)
    begin = time.time()
    while select.select([alive], [], [], 30)[0] and os.read(alive, 1):
        pass  # until nobody holds the other end
    os.close(alive)
    assert time.time() - begin < 20


ENDINGS = """
import atexit, os, sys
sys.path.insert(0, %r)
from fork import meanwhile
atexit.register(lambda: sys.stdout.write("at exit\\n"))
sys.stdout.write("not flushed\\n")
with meanwhile(os.getpid) as result:
    assert result() != os.getpid()
"""


def test_it_brings_nothing_of_the_first_one_to_an_end():
    code = ENDINGS % os.path.dirname(_fork.__file__)
    assert subprocess.check_output([sys.executable, "-c", code]) == b"not flushed\nat exit\n"


@pytest.mark.parametrize(("sockets", "processors", "expected"), [(9999, 2, False), (10000, 2, True), (10000, 1, False)])
def test_few_sockets_are_not_worth_it(monkeypatch, sockets, processors, expected):
    monkeypatch.setattr(_fork, "_processors", lambda: processors)
    assert _fork.pays(sockets) is expected


def test_processors():
    assert 1 <= _fork._processors() <= os.sysconf("SC_NPROCESSORS_ONLN")
