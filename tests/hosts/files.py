# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a testbed: keys, ssh configuration and inventory, and what makes each host itself."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import uuid
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from . import proxy_command

if TYPE_CHECKING:
    from .testbed import Host, Testbed


def write(testbed: Testbed) -> dict[str, dict[str, str]]:
    """Write the testbed's own files; return the files that go into each host, by its name."""
    hosts = list(testbed.values())
    key = testbed.state / "id_ed25519"
    login_key = _key_pair(key, f"{testbed.name} login")
    (testbed.state / "cp").mkdir(mode=0o700)
    inside = {}
    known_hosts = []
    for host in hosts:
        path = testbed.state / "host_key"
        public = _key_pair(path, f"root@{host.name}")
        inside[host.name] = {
            "/etc/hostname": f"{host.name}\n",
            "/etc/hosts": _etc_hosts(host, hosts),
            "/etc/machine-id": f"{uuid.uuid4().hex}\n",
            "/etc/systemd/network/10-host0.network": _network(host),
            "/etc/ssh/ssh_host_ed25519_key": path.read_text(),
            "/etc/ssh/ssh_host_ed25519_key.pub": public,
            f"/home/{host.login}/.ssh/authorized_keys": login_key,
        }
        known_hosts.append(f"{_alias(host)} {public}")
        path.unlink()
        path.with_suffix(".pub").unlink()
    (testbed.state / "known_hosts").write_text("".join(known_hosts))
    testbed.ssh_config.write_text(_ssh_config(testbed, hosts))
    testbed.inventory.write_text(_inventory(testbed, hosts))
    listed = ",\n".join(f' {{"kind": "{host.kind.name}", "name": "{host.name}"}}' for host in hosts)
    (testbed.state / "hosts.json").write_text(f"[\n{listed}\n]\n")
    return inside


def write_private(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _key_pair(path: Path, comment: str) -> str:
    command = [
        "ssh-keygen",
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-C",
        comment,
        "-f",
        str(path),
    ]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path.with_suffix(".pub").read_text()


def _alias(host: Host) -> str:
    """A name that no host of another testbed has."""
    return f"{host.name}.{host.testbed.name}"


def _etc_hosts(host: Host, hosts: list[Host]) -> str:
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
    for other in hosts:
        lines.append(f"{other.address} {other.name}")
        lines.append(f"{other.address6} {other.name}")
    return "\n".join(lines) + "\n"


def _network(host: Host) -> str:
    return f"""\
[Match]
Name=host0

[Link]
RequiredForOnline=no

[Network]
Address={host.address}/24
Address={host.address6}/64
IPv6AcceptRA=no
IPv6DuplicateAddressDetection=0
LLMNR=no
"""


def _ssh_config(testbed: Testbed, hosts: list[Host]) -> str:
    command = [sys.executable, "-ISE", proxy_command.__file__, str(testbed.supervisor_socket)]
    lines = [
        f"IdentityFile {testbed.state / 'id_ed25519'}",
        "IdentitiesOnly yes",
        f"UserKnownHostsFile {testbed.state / 'known_hosts'}",
        "GlobalKnownHostsFile /dev/null",
        "StrictHostKeyChecking yes",
        "UpdateHostKeys no",
        "PreferredAuthentications publickey",
        "LogLevel ERROR",
        f"ProxyCommand {shlex.join(command)} %h %p",
        "ProxyUseFdpass yes",
        "# A connection to a host that has gone without a word ends in 15 seconds.",
        "ServerAliveInterval 5",
    ]
    for host in hosts:
        lines += [
            "",
            f"Host {host.name} {_alias(host)}",
            f"    HostName {host.address}",
            f"    HostKeyAlias {_alias(host)}",
            f"    User {host.login}",
        ]
    return "\n".join(lines) + "\n"


def _inventory(testbed: Testbed, hosts: list[Host]) -> str:
    lines = [
        "all:",
        "  vars:",
        f"    ansible_ssh_private_key_file: {testbed.state / 'id_ed25519'}",
        f"    ansible_ssh_common_args: -F {testbed.ssh_config}",
        f"    ansible_control_path_dir: {testbed.state / 'cp'}",
        "  children:",
    ]
    by_kind = sorted(hosts, key=lambda host: host.kind.name)
    for kind, members in groupby(by_kind, key=lambda host: host.kind):
        lines += [
            f"    {kind.name}:",
            "      vars:",
            f"        ansible_user: {kind.login}",
            f"        ansible_python_interpreter: {kind.python}",
            "      hosts:",
        ]
        for host in members:
            lines += [
                f"        {host.name}:",
                f"          ansible_host: {_alias(host)}",
            ]
    return "\n".join(lines) + "\n"
