# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keepalive for every new TCP connection of a cgroup, whatever its program asks.

    keepalive_default.py attach HOOKS TIME/INTVL/PROBES MOST [loopback]
    keepalive_default.py detach

Attaches cgroup BPF programs to the root of the cgroup2 hierarchy; they last until the next boot. HOOKS are connect4, connect6 and
accept, with commas between. A program turns SO_KEEPALIVE on, and sets TIME, INTVL and PROBES, all three, on a socket whose own time
or interval is longer than MOST seconds. Connections to 127.0.0.0/8 and ::1 are left out, unless `loopback`.

The module socket_keepalive_default runs this file, and a boot runs a copy of it: it is alone there, so it has no other file of the
collection, nothing but the standard library of Python 2.7 and 3, and no defaults of its own. Numbers are the kernel's
(include/uapi/linux/bpf.h).
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import ctypes
import errno
import os
import platform
import re
import struct
import sys


class BpfError(EnvironmentError):
    """What the kernel refused; `doing` says at what, `log` is the verifier's."""

    def __init__(self, number, doing, log=""):
        EnvironmentError.__init__(self, number, os.strerror(number))
        self.doing, self.log = doing, log

    def __str__(self):
        return "%s: %s" % (self.doing, self.strerror)


# --- the system call ---------------------------------------------------------------------------

_BPF = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "loongarch64": 280, "ppc64le": 361, "ppc64": 361, "s390x": 351}
_FSOPEN, _FSCONFIG, _FSMOUNT = 430, 431, 432  # on every machine
_FSCONFIG_CMD_CREATE, _CLOEXEC = 6, 1

_PROG_LOAD, _PROG_ATTACH, _PROG_DETACH, _PROG_GET_FD_BY_ID, _OBJ_GET_INFO_BY_FD, _PROG_QUERY = 5, 8, 9, 13, 15, 16
_ALLOW_MULTI, _REPLACE = 2, 4

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _syscall(number, doing, *arguments):
    while True:
        result = _libc.syscall(ctypes.c_long(number), *arguments)
        if result >= 0:
            return result
        if ctypes.get_errno() not in (errno.EINTR, errno.EAGAIN):
            raise BpfError(ctypes.get_errno(), doing)


def _bpf(command, attributes, doing):
    """`attributes` are bytes, or a buffer that the kernel writes to."""
    if ctypes.sizeof(ctypes.c_void_p) != 8 or platform.machine() not in _BPF:
        raise BpfError(errno.ENOSYS, doing)
    if isinstance(attributes, bytes):
        attributes = ctypes.create_string_buffer(attributes, len(attributes))
    size = ctypes.c_ulong(ctypes.sizeof(attributes))
    return _syscall(_BPF[platform.machine()], doing, ctypes.c_long(command), ctypes.byref(attributes), size)


# --- the programs ------------------------------------------------------------------------------

CONNECT4, CONNECT6, ACCEPT = HOOKS = ("connect4", "connect6", "accept")

# The type of a hook's programs, where they are attached, and their name, by which they are ours.
_TYPES = {CONNECT4: 18, CONNECT6: 18, ACCEPT: 13}
_ATTACH_TYPES = {CONNECT4: 10, CONNECT6: 11, ACCEPT: 3}
_NAMES = {CONNECT4: b"longlived_con4", CONNECT6: b"longlived_con6", ACCEPT: b"longlived_acpt"}

R0, R1, R2, R3, R4, R5, R6, R7, R8, _R9, FP = range(11)
_LOAD_WORD, _STORE_WORD, _CALL, _EXIT = 0x61, 0x62, 0x85, 0x95
_MOV, _COPY, _ADD, _AND = 0xB7, 0xBF, 0x07, 0x57
# Comparisons are of 32 bits (Linux 5.1): of 64, the number compared with is sign-extended, and 0xffff0000 never equal.
_JUMP, _IF_EQUAL, _UNLESS_EQUAL, _IF_GREATER = 0x05, 0x16, 0x56, 0x26

_SETSOCKOPT, _GETSOCKOPT = 49, 57  # helpers: Linux 5.9 for keepalive, and 6.1
_SOL_SOCKET, _SO_KEEPALIVE, _SOL_TCP, _IPPROTO_TCP = 1, 9, 6, 6
_VALUES = (4, 5, 6)  # TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT
_VALUE_AT = -8  # on the stack

# struct bpf_sock_addr, struct bpf_sock_ops
_ADDR_IP4, _ADDR_IP6, _ADDR_PROTOCOL = 4, 8, 36
_OPS_OP, _OPS_FAMILY, _OPS_IP4, _OPS_IP6 = 0, 20, 24, 32
_OP_ACCEPTED, _AF_INET = 5, 2


class Assembler:
    """Instructions by what they do, with labels to jump to."""

    def __init__(self):
        self._lines, self._labels = [], {}

    def _add(self, code, target=0, source=0, offset=0, number=0):
        self._lines.append((code, target, source, offset, number))

    def label(self, name):
        self._labels[name] = len(self._lines)

    def load(self, target, source, offset):
        self._add(_LOAD_WORD, target, source, offset)

    def mov(self, target, number):
        self._add(_MOV, target, number=number)

    def copy(self, target, source):
        self._add(_COPY, target, source)

    def keep_bits(self, target, number):
        self._add(_AND, target, number=number)

    def jump(self, label):
        self._add(_JUMP, offset=label)

    def jump_if_equal(self, register, number, label):
        self._add(_IF_EQUAL, register, offset=label, number=number)

    def jump_unless_equal(self, register, number, label):
        self._add(_UNLESS_EQUAL, register, offset=label, number=number)

    def jump_if_greater(self, register, number, label):
        self._add(_IF_GREATER, register, offset=label, number=number)

    def socket_option(self, helper, level, option, value=None):
        """Set an option to a value, or get it into the stack; R6 is the program's context."""
        if value is not None:
            self._add(_STORE_WORD, FP, offset=_VALUE_AT, number=value)
        self.copy(R1, R6)
        self.mov(R2, level)
        self.mov(R3, option)
        self.copy(R4, FP)
        self._add(_ADD, R4, number=_VALUE_AT)
        self.mov(R5, 4)
        self._add(_CALL, number=helper)

    def end(self):
        """The connection goes on."""
        self.mov(R0, 1)
        self._add(_EXIT)

    def code(self):
        """As the kernel takes it, in this machine's byte order."""
        made = []
        for place, (code, target, source, offset, number) in enumerate(self._lines):
            far = self._labels[offset] - place - 1 if offset in self._labels else offset
            registers = (source << 4 | target) if sys.byteorder == "little" else (target << 4 | source)
            made.append(struct.pack("=BBhi", code, registers, far, number - (1 << 32) if number >= 1 << 31 else number))
        return b"".join(made)


def program(hook, values, most, loopback, asks=True):
    """The instructions for a hook. `values` are time, intvl and probes, and `asks` is false for a kernel on which a program cannot
    ask for a socket's values (before 6.1): there only SO_KEEPALIVE is set."""
    assembler = Assembler()
    assembler.copy(R6, R1)
    if hook == ACCEPT:
        assembler.load(R7, R6, _OPS_OP)
        assembler.jump_unless_equal(R7, _OP_ACCEPTED, "end")
        if not loopback:
            assembler.load(R7, R6, _OPS_FAMILY)
            assembler.jump_unless_equal(R7, _AF_INET, "ipv6")
            _end_for_loopback4(assembler, _OPS_IP4)
            assembler.jump("far")
            assembler.label("ipv6")
            _end_for_loopback6(assembler, _OPS_IP6)
    else:
        assembler.load(R7, R6, _ADDR_PROTOCOL)
        assembler.jump_unless_equal(R7, _IPPROTO_TCP, "end")
        if not loopback and hook == CONNECT4:
            _end_for_loopback4(assembler, _ADDR_IP4)
        elif not loopback:
            _end_for_loopback6(assembler, _ADDR_IP6)
    assembler.label("far")
    assembler.socket_option(_SETSOCKOPT, _SOL_SOCKET, _SO_KEEPALIVE, 1)
    if asks:
        for option in _VALUES[:2]:
            assembler.socket_option(_GETSOCKOPT, _SOL_TCP, option)
            assembler.jump_unless_equal(R0, 0, "end")
            assembler.load(R7, FP, _VALUE_AT)
            assembler.jump_if_greater(R7, most, "set")
        assembler.jump("end")
        assembler.label("set")
        for option, value in zip(_VALUES, values):
            assembler.socket_option(_SETSOCKOPT, _SOL_TCP, option, value)
    assembler.label("end")
    assembler.end()
    return assembler.code()


def _network_order(word):
    """As this machine reads it."""
    return struct.unpack("=I", struct.pack(">I", word))[0]


def _end_for_loopback4(assembler, ip4):
    """127.0.0.0/8."""
    assembler.load(R7, R6, ip4)
    assembler.keep_bits(R7, _network_order(0xFF000000))
    assembler.jump_if_equal(R7, _network_order(0x7F000000), "end")


def _end_for_loopback6(assembler, ip6):
    """::1, and ::ffff:127.0.0.0/104."""
    for word in (0, 4):
        assembler.load(R7, R6, ip6 + word)
        assembler.jump_unless_equal(R7, 0, "far")
    assembler.load(R7, R6, ip6 + 8)
    assembler.load(R8, R6, ip6 + 12)
    assembler.jump_if_equal(R7, _network_order(0xFFFF), "mapped")
    assembler.jump_unless_equal(R7, 0, "far")
    assembler.jump_if_equal(R8, _network_order(1), "end")
    assembler.jump("far")
    assembler.label("mapped")
    assembler.keep_bits(R8, _network_order(0xFF000000))
    assembler.jump_if_equal(R8, _network_order(0x7F000000), "end")


# --- the kernel's objects ----------------------------------------------------------------------

_LICENSE = ctypes.create_string_buffer(b"GPL")
_LOG_BYTES = 65536


def load(hook, code):
    """A descriptor of the program, which the kernel's verifier has accepted."""
    instructions, log = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(_LOG_BYTES)

    def attributes(verbose):
        where = (1, _LOG_BYTES, ctypes.addressof(log)) if verbose else (0, 0, 0)
        head = (_TYPES[hook], len(code) // 8, ctypes.addressof(instructions), ctypes.addressof(_LICENSE)) + where
        return struct.pack("=IIQQIIQII16sII", *(head + (0, 0, _NAMES[hook], 0, _ATTACH_TYPES[hook])))

    doing = "Cannot load the program for %s" % hook
    try:
        return _bpf(_PROG_LOAD, attributes(False), doing)
    except BpfError as error:
        if error.errno not in (errno.EACCES, errno.EINVAL):
            raise
    try:
        return _bpf(_PROG_LOAD, attributes(True), doing)
    except BpfError as error:
        error.log = log.value.decode("ascii", "replace")
        raise


def describe(descriptor):
    """What the kernel says of a program: its id, its name, and the tag that is the same for the same instructions."""
    found = ctypes.create_string_buffer(80)
    _bpf(_OBJ_GET_INFO_BY_FD, struct.pack("=IIQ", descriptor, len(found), ctypes.addressof(found)), "Cannot describe a program")
    _type, number, tag = struct.unpack_from("=II8s", found)
    return {"id": number, "tag": tag, "name": found.raw[64:80].split(b"\0")[0]}


def query(cgroup, hook):
    """The flags of a cgroup's hook, and the ids of the programs there."""
    count = 64
    while True:
        ids = (ctypes.c_uint32 * count)()
        asked = struct.pack("=IIIIQII", cgroup, _ATTACH_TYPES[hook], 0, 0, ctypes.addressof(ids), count, 0)
        attributes = ctypes.create_string_buffer(asked, 40)
        try:
            _bpf(_PROG_QUERY, attributes, "Cannot ask for the programs of %s" % hook)
        except BpfError as error:
            if error.errno != errno.ENOSPC:
                raise
            count *= 4
            continue
        return struct.unpack_from("=I", attributes, 12)[0], list(ids[: struct.unpack_from("=I", attributes, 24)[0]])


def programs(cgroup, hook):
    """Each program there, as `describe` has it, with a descriptor for the caller to close."""
    found = []
    for number in query(cgroup, hook)[1]:
        try:
            descriptor = _bpf(_PROG_GET_FD_BY_ID, struct.pack("=III", number, 0, 0), "Cannot open program %d" % number)
        except BpfError as error:
            if error.errno == errno.ENOENT:
                continue  # detached meanwhile
            raise
        found.append(dict(describe(descriptor), descriptor=descriptor))
    return found


def is_ours(one, hook):
    return one["name"] == _NAMES[hook]


def attach(cgroup, hook, descriptor, replaced=None):
    """Beside others; or in place of one, without a moment in between (Linux 5.6)."""
    flags = _ALLOW_MULTI if replaced is None else _ALLOW_MULTI | _REPLACE
    arguments = struct.pack("=IIIII", cgroup, descriptor, _ATTACH_TYPES[hook], flags, replaced or 0)
    _bpf(_PROG_ATTACH, arguments, "Cannot attach to %s" % hook)


def detach(cgroup, hook, descriptor):
    _bpf(_PROG_DETACH, struct.pack("=IIIII", cgroup, descriptor, _ATTACH_TYPES[hook], 0, 0), "Cannot detach from %s" % hook)


def _unescaped(path):
    """A path of mountinfo, in which blanks, line ends and backslashes are octal numbers."""
    return re.sub(br"\\([0-7]{3})", lambda found: struct.pack("B", int(found.group(1), 8) & 255), path)


def open_root():
    """A descriptor of the root of the cgroup2 hierarchy, wherever it is mounted, or nowhere."""
    with open("/proc/self/mountinfo", "rb") as lines:  # whose names are in no encoding that is known
        for line in lines:
            mount, _dash, kind = line.partition(b" - ")
            if kind.startswith(b"cgroup2 ") and mount.split()[3] == b"/":
                try:
                    return os.open(_unescaped(mount.split()[4]), os.O_RDONLY | os.O_DIRECTORY)
                except OSError:
                    continue
    # A mount that is nowhere in the tree, and gone with its descriptor (Linux 5.2).
    doing = "Cannot open the cgroup2 hierarchy"
    context = _syscall(_FSOPEN, doing, ctypes.c_char_p(b"cgroup2"), ctypes.c_uint(_CLOEXEC))
    try:
        _syscall(_FSCONFIG, doing, ctypes.c_int(context), ctypes.c_uint(_FSCONFIG_CMD_CREATE), None, None, ctypes.c_int(0))
        mount = _syscall(_FSMOUNT, doing, ctypes.c_int(context), ctypes.c_uint(_CLOEXEC), ctypes.c_uint(0))
    finally:
        os.close(context)
    try:
        return os.open("/proc/self/fd/%d" % mount, os.O_RDONLY | os.O_DIRECTORY)
    finally:
        os.close(mount)


# --- all hooks together ------------------------------------------------------------------------


class Taken(Exception):
    """Another owner's program, `number`, is alone on a hook: it was attached without BPF_F_ALLOW_MULTI."""

    def __init__(self, hook, number):
        Exception.__init__(self, "%s is taken by program %d, which was attached without BPF_F_ALLOW_MULTI" % (hook, number))
        self.hook, self.number = hook, number


class Hooks:
    """The hooks of a cgroup, and what has to be done so that each has its program of ours, or none.

    Everything is loaded, and so verified, before anything is attached. Use it in a `with` statement.
    """

    def __init__(self, cgroup, wanted):
        """`wanted` is the code by hook, None where no program of ours is to be. `kept` and `others` are ids by hook: the program of
        ours that stays, and those of other owners."""
        self._cgroup, self._opened, self.steps, self.kept, self.others = cgroup, [], [], {}, {}
        try:
            self._decide(wanted)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    def close(self):
        while self._opened:
            os.close(self._opened.pop())

    def _decide(self, wanted):
        for hook in sorted(wanted):
            flags, ids = query(self._cgroup, hook)
            if wanted[hook] is not None and ids and not flags & _ALLOW_MULTI:
                raise Taken(hook, ids[0])
        for hook in sorted(wanted):
            there = programs(self._cgroup, hook)
            self._opened.extend(one["descriptor"] for one in there)
            old = [one for one in there if is_ours(one, hook)]
            self.others[hook] = [one["id"] for one in there if one not in old]
            if wanted[hook] is not None:
                new = load(hook, wanted[hook])
                self._opened.append(new)
                tag = describe(new)["tag"]
                kept = [one for one in old if one["tag"] == tag][:1]
                if kept:
                    old.remove(kept[0])
                    self.kept[hook] = kept[0]["id"]
                else:
                    replaced = old.pop(0)["descriptor"] if old else None
                    self.steps.append((attach, hook, new, replaced))
            self.steps.extend((detach, hook, one["descriptor"]) for one in old)

    def apply(self):
        """Do the steps; where one fails, undo those before it."""
        done = []
        try:
            for step in self.steps:
                self._do(step)
                done.append(step)
        except BpfError:
            for step in reversed(done):
                self._undo(step)
            raise

    def undo(self):
        for step in reversed(self.steps):
            self._undo(step)

    def _do(self, step):
        step[0](self._cgroup, *step[1:])

    def _undo(self, step):
        if step[0] is detach:
            attach(self._cgroup, step[1], step[2])
        elif step[3] is None:
            detach(self._cgroup, step[1], step[2])
        else:
            attach(self._cgroup, step[1], step[3], step[2])


def codes(hooks, values, most, loopback):
    """What `Hooks` wants for these hooks: with values where the kernel's programs can ask for them."""
    asks = can_ask(hooks, values, most, loopback)
    return dict((hook, program(hook, values, most, loopback, asks) if hook in hooks else None) for hook in HOOKS)


def can_ask(hooks, values, most, loopback):
    """Whether a program can ask for a socket's values here (from Linux 6.1 on)."""
    try:
        for hook in hooks:
            os.close(load(hook, program(hook, values, most, loopback)))
    except BpfError as error:
        if error.errno != errno.EINVAL:
            raise
        return False
    return True


def main(action="", hooks="", values="", most="", *words):
    if not (action == "attach" and most or action == "detach" and not hooks):
        raise SystemExit(__doc__.partition("\n\n")[2].partition("\n\n")[0])
    cgroup = open_root()
    try:
        wanted = dict.fromkeys(HOOKS)
        if action == "attach":
            wanted = codes(hooks.split(","), [int(value) for value in values.split("/")], int(most), "loopback" in words)
        with Hooks(cgroup, wanted) as found:
            found.apply()
    finally:
        os.close(cgroup)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (EnvironmentError, Taken) as problem:
        raise SystemExit("%s: %s" % (sys.argv[0], problem))
