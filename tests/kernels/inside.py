# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Process 1 of a machine that QEMU runs: tries what the collection does there, writes a line of JSON to the console, ends.

The collection's own code is under its own name below /collections, Python is a Debian package, and there is nothing else.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

sys.path.insert(0, "/collections")

REPORT = "REPORT "
SCRIPT = "/collections/ansible_collections/longlived/tcp/plugins/module_utils/_bpf/keepalive_default.py"
OWN, FAR, FAR6 = "198.51.100.2", "192.0.2.1", "2001:db8::1"
VALUES = {"time": 45, "intvl": 45, "probes": 9}
SYSCTLS = "/proc/sys/net/ipv4/tcp_keepalive_"
CLONE_NEWNET, CLONE_NEWUSER, CLONE_NEWNS = 0x40000000, 0x10000000, 0x20000
POWER_OFF = 0x4321FEDC
IPPROTO_MPTCP = 262

libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def mount(kind: str, where: str, options: str = "") -> None:
    os.makedirs(where, exist_ok=True)
    checked(libc.mount(kind.encode(), where.encode(), kind.encode(), 0, options.encode()))


@contextmanager
def mounted(kind: str, where: str, options: str = "") -> Iterator[None]:
    mount(kind, where, options)
    try:
        yield
    finally:
        checked(libc.umount2(where.encode(), 0))


def in_child(function: Callable[[], object], before: Callable[[], object] = lambda: None) -> object:
    receive, send = os.pipe()
    if os.fork() == 0:
        try:
            before()
            answer = function()
        except BaseException:
            answer = traceback.format_exc()
        os.write(send, json.dumps(answer).encode())
        os._exit(0)
    os.close(send)
    with os.fdopen(receive) as stream:
        found: object = json.load(stream)
    os.wait()
    return found


# --- what a connection gets ------------------------------------------------------------------------


def settings(one: socket.socket) -> list[int]:
    options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    return [one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), *(one.getsockopt(socket.IPPROTO_TCP, option) for option in options)]


def connected(address: str = FAR) -> list[int]:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as one:
        one.connect_ex((address, 9))
        return settings(one)


def accepted() -> list[int]:
    with socket.create_server((OWN, 0)) as listener, socket.create_connection(listener.getsockname()), listener.accept()[0] as one:
        return settings(one)


def timers_of_mptcp() -> int | str:
    """How many keepalive timers run for the subflows of an MPTCP connection; the sockets themselves do not show it."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP) as listener:
            listener.bind((OWN, 0))
            listener.listen()
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP) as one:
                one.connect(listener.getsockname())
                with open("/proc/net/tcp") as lines:
                    return sum(line.split()[5].startswith("02:") for line in list(lines)[1:])
    except OSError as error:
        return str(error)


def namespace(*values: int) -> Callable[[], None]:
    """A network namespace with these values, as a container has it."""

    def enter() -> None:
        checked(libc.unshare(CLONE_NEWNET))
        for name, value in zip(VALUES, values, strict=False):
            with open(SYSCTLS + name, "w") as stream:
                stream.write(str(value))

    return enter


def truths() -> dict[str, object]:
    return {
        "host": connected(),
        "host, IPv6": connected(FAR6),
        "container": in_child(connected, namespace()),
        "container at 300/30/5": in_child(connected, namespace(300, 30, 5)),
        "loopback": connected("127.0.0.1"),
        "accepted": accepted(),
        "mptcp": timers_of_mptcp(),
    }


# --- what the collection does ----------------------------------------------------------------------


def life() -> dict[str, object]:
    """Attached, again, other values, taken out, taken out again: each with what came of it."""
    from ansible_collections.longlived.tcp.plugins.module_utils._bpf import default

    request = default.Request(True, True, False, VALUES, 350, True, False, None)
    found: dict[str, object] = {"before": truths()}

    def step(name: str, asked: object) -> None:
        with default.applied(asked) as decision:
            found[name] = [" ".join(words) for words in decision.steps]

    step("attach", request)
    found["after"], found["state"] = truths(), default.state(request)
    step("again", request)
    step("other values", request._replace(values={**VALUES, "time": 60}))
    step("absent", request._replace(present=False))
    step("absent again", request._replace(present=False))
    found["gone"] = truths()
    return found


def script() -> dict[str, object]:
    """As a boot runs it."""

    def run(*arguments: str) -> str:
        done = subprocess.run([sys.executable, "-I", SCRIPT, *arguments], capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    said = [run("attach", "connect4,connect6", "45/45/9", "311")]
    attached = in_child(connected, namespace())
    said.append(run("detach"))
    return {"said": said, "attached": attached, "detached": in_child(connected, namespace())}


def refused(before: Callable[[], object]) -> object:
    """The sentence with which it refuses, and that nothing was attached."""
    from ansible_collections.longlived.tcp.plugins.module_utils._bpf import default

    def attempt() -> str:
        try:
            with default.applied(default.Request(True, False, False, VALUES, 350, True, False, None)):
                return "attached"
        except default.DefaultError as error:
            return str(error)

    return in_child(attempt, before)


def ordinary_user() -> None:
    os.setgid(1000)
    os.setuid(1000)


def user_namespace() -> None:
    checked(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS))


def net_cls() -> None:
    """In a group of cgroup v1's net_cls, which makes kernels before 5.15 skip the programs of a cgroup2 slice."""
    os.makedirs("/v1/group", exist_ok=True)
    with open("/v1/group/net_cls.classid", "w") as stream:
        stream.write("65537")
    with open("/v1/group/cgroup.procs", "w") as stream:
        stream.write("0")


def everything() -> dict[str, object]:
    found: dict[str, object] = {"release": os.uname().release, "machine": os.uname().machine}
    found["not mounted"] = life()
    with mounted("cgroup2", "/cgroup"):
        found["mounted"] = life()
        found["ordinary user"] = refused(ordinary_user)
        found["user namespace"] = refused(user_namespace)
    try:
        with mounted("cgroup", "/v1", "net_cls"):
            found["net_cls"] = in_child(life, net_cls)
            os.rmdir("/v1/group")
    except OSError as error:
        found["net_cls"] = str(error)
    found["script"] = script()
    return found


def main() -> None:
    os.environ["PATH"] = "/usr/bin:/bin"
    mount("proc", "/proc")
    mount("sysfs", "/sys")
    mount("devtmpfs", "/dev")
    os.makedirs("/run", exist_ok=True)
    os.makedirs("/etc/systemd/system", exist_ok=True)
    from ansible_collections.longlived.tcp.plugins.module_utils._bpf import proof

    # The host's own loopback device, up, with an address that is not a loopback address.
    proof._OWN = OWN
    proof._give_address()
    proof._OWN = "192.0.2.1"
    with open("/dev/console", "w") as console:
        try:
            print(REPORT + json.dumps(everything()), file=console, flush=True)
        except BaseException:
            print(REPORT + json.dumps({"error": traceback.format_exc()}), file=console, flush=True)
    os.sync()
    libc.reboot(POWER_OFF)


if __name__ == "__main__":
    main()
