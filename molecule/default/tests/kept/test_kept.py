# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host whose idle connections are kept alive, before and after a reboot."""

from __future__ import annotations

from testinfra.host import Host

VALUES = {"time": "45", "intvl": "45", "probes": "9"}
DROP_IN = "/etc/sysctl.d/99-tcp-keepalive.conf"


def test_the_kernel_has_the_values(host: Host) -> None:
    for name, value in VALUES.items():
        assert host.file(f"/proc/sys/net/ipv4/tcp_keepalive_{name}").content_string.strip() == value


def test_the_drop_in_holds_them(host: Host) -> None:
    lines = host.file(DROP_IN).content_string.splitlines()
    for name, value in VALUES.items():
        assert f"net.ipv4.tcp_keepalive_{name} = {value}" in lines


def test_everybody_may_read_the_drop_in_and_root_alone_may_write_it(host: Host) -> None:
    drop_in = host.file(DROP_IN)
    assert (drop_in.user, drop_in.group, drop_in.mode) == ("root", "root", 0o644)


def test_no_temporary_file_stays(host: Host) -> None:
    assert host.run("find /etc/sysctl.d -name '.*' -type f").stdout == ""


def test_a_new_connection_has_them(host: Host) -> None:
    # What the kernel says of a real connection, to the host's own sshd.
    python = "python3" if host.exists("python3") else "python"
    program = (
        "import socket, subprocess\n"
        "s = socket.create_connection(('127.0.0.1', 22))\n"
        "s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)\n"
        "print(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE), s.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),"
        " s.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT))\n"
    )
    # Python 2 prints a tuple.
    assert host.check_output(f'{python} -c "{program}"').strip("()").replace(",", "").split() == list(VALUES.values())
