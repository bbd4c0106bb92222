# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers beside a host that is right: a network namespace of their own, with the kernel's defaults."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.hosts import Host
from tests.managed.playbooks import play, run_module
from tests.managed.state import KEPT_ALIVE, KERNEL_DEFAULTS, runtime

# A program with an established connection, which tells systemd when it has it, as a service of
# Type=notify does. It runs on Python 2 as well.
PROGRAM = """
import os, signal, socket
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(1)
client = socket.create_connection(server.getsockname())
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.connect(os.environ["NOTIFY_SOCKET"].replace("@", chr(0), 1))
notify.send(b"READY=1")
signal.pause()
"""


@contextlib.contextmanager
def container(host: Host, unit: str) -> Iterator[None]:
    properties = ["--property=PrivateNetwork=yes", "--property=Type=notify", "--property=NotifyAccess=all"]
    host.enter(["systemd-run", f"--unit={unit}", *properties, host.python, "-c", PROGRAM])
    try:
        yield
    finally:
        host.enter(["systemctl", "stop", unit])


def test_a_container_is_seen_with_its_own_values(host: Host) -> None:
    run_module(host, "keepalive_sysctl")
    with container(host, "beside"):
        (row,) = run_module(host, "keepalive_info", namespaces=True)["namespaces"]
        assert row["runtime"] == KERNEL_DEFAULTS
        assert row["lost_probes_survived"] is None
        assert row["unit"] == "beside.service"
        assert host.enter(["cat", f"/proc/{row['pid']}/comm"]).stdout.strip() == row["name"]
        # Looking there has left neither the host nor the container with other values.
        assert runtime(host) == KEPT_ALIVE
        assert run_module(host, "keepalive_info", namespaces=True)["namespaces"] == [row]
    assert run_module(host, "keepalive_info", namespaces=True)["namespaces"] == []
    assert "namespaces" not in run_module(host, "keepalive_info")


def test_a_namespace_without_tcp_sockets_is_left_out(host: Host) -> None:
    host.enter(["systemd-run", "--unit=quiet", "--property=PrivateNetwork=yes", "sleep", "300"])
    try:
        assert run_module(host, "keepalive_info", namespaces=True)["namespaces"] == []
    finally:
        host.enter(["systemctl", "stop", "quiet"])


def test_the_playbook_says_so_in_its_last_line(host: Host) -> None:
    with container(host, "beside"):
        done = play("longlived.tcp.keepalive", host.testbed.inventory, "--limit", host.name)
    assert done.status == 0, done.output
    assert "not kept alive in 1 container: beside.service (pid " in done.output
    assert ") with 7200/75/9" in done.output


def test_without_root_it_says_what_it_could_not_see(host: Host) -> None:
    with container(host, "beside"):
        info = run_module(host, "keepalive_info", become=False, namespaces=True)
    assert info["namespaces"] == []
    assert "Not root: only the network namespaces of this user's own processes" in " ".join(info["warnings"])
