# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instructions as the kernel takes them. What they do is tried with real sockets in tests/new_sockets."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import io
import os
import struct
import subprocess
import sys

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._bpf import keepalive_default as kd

PROGRAMS = [(hook, loopback, asks) for hook in kd.HOOKS for loopback in (False, True) for asks in (False, True)]


def instructions(code):
    return [struct.unpack_from("=BBhi", code, at) for at in range(0, len(code), 8)]


@pytest.mark.parametrize(("hook", "loopback", "asks"), PROGRAMS)
def test_every_jump_leads_forward_and_stays_inside(hook, loopback, asks):
    rows = instructions(kd.program(hook, (45, 45, 9), 311, loopback, asks))
    for place, (code, _registers, offset, _number) in enumerate(rows):
        if code in (kd._JUMP, kd._IF_EQUAL, kd._UNLESS_EQUAL, kd._IF_GREATER):
            assert 0 <= offset < len(rows) - place
    assert rows[-1][0] == kd._EXIT


@pytest.mark.parametrize("hook", kd.HOOKS)
def test_times_are_set_only_where_the_program_can_ask(hook):
    rows = instructions(kd.program(hook, (45, 45, 9), 311, True, False))
    assert [number for code, _registers, _offset, number in rows if code == kd._CALL] == [kd._SETSOCKOPT]


@pytest.mark.parametrize(("order", "registers"), [("little", 0x61), ("big", 0x16)])
def test_the_byte_order_of_the_registers(monkeypatch, order, registers):
    monkeypatch.setattr(kd.sys, "byteorder", order)
    assembler = kd.Assembler()
    assembler.copy(kd.R1, kd.R6)
    assert instructions(assembler.code())[0][1] == registers


def test_an_error_says_at_what():
    error = kd.BpfError(errno.EPERM, "Cannot attach to connect4")
    assert str(error) == "Cannot attach to connect4: %s" % os.strerror(errno.EPERM)


def test_a_machine_without_a_number(monkeypatch):
    monkeypatch.setattr(kd.platform, "machine", lambda: "sparc")
    with pytest.raises(kd.BpfError) as error:
        kd.query(0, "connect4")
    assert error.value.errno == errno.ENOSYS


def test_an_exclusive_owner_is_named():
    assert str(kd.Taken("connect4", 7)) == "connect4 is taken by program 7, which was attached without BPF_F_ALLOW_MULTI"


@pytest.mark.parametrize("words", [(), ("--help",), ("detatch",), ("detach", "connect4"), ("attach",), ("attach", "connect4", "45/45/9")])
def test_nothing_is_done_for_who_asks_for_something_else(monkeypatch, words):
    monkeypatch.setattr(kd, "open_root", lambda: pytest.fail("it would detach"))
    with pytest.raises(SystemExit) as usage:
        kd.main(*words)
    assert "keepalive_default.py detach" in str(usage.value)


MOUNTS = b"""\
30 24 0:26 / /media/M\xfcller rw - vfat /dev/sdb1 rw
31 24 0:27 /inner /sys/fs/cgroup rw - cgroup2 cgroup2 rw
32 24 0:28 / %s rw - cgroup2 cgroup2 rw
"""


def test_a_mount_whose_name_is_in_another_encoding(monkeypatch, tmpdir):
    tmpdir.join("its own").mkdir()
    tmpdir.join("mountinfo").write_binary(MOUNTS % str(tmpdir.join("its own")).replace(" ", "\\040").encode("ascii"))
    monkeypatch.setattr(kd, "open", lambda path, *mode: io.open(str(tmpdir.join("mountinfo")), *mode), raising=False)
    descriptor = kd.open_root()
    try:
        assert os.path.samestat(os.fstat(descriptor), os.stat(str(tmpdir.join("its own"))))
    finally:
        os.close(descriptor)


def test_the_file_runs_alone():
    """As a boot does: no other file of the collection, and a message where it is asked for something else."""
    options = ["-I"] if sys.version_info[0] == 3 else ["-E", "-s", "-B"]
    script = os.path.splitext(kd.__file__)[0] + ".py"
    process = subprocess.Popen([sys.executable] + options + ["-c", "import runpy; runpy.run_path(%r)" % script], stderr=subprocess.PIPE)
    assert (process.communicate()[1], process.returncode) == (b"", 0)
