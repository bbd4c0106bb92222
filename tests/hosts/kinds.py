# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of hosts, as data: which Debian, with which packages, files and users."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class File:
    path: str
    text: str
    mode: int = 0o644


@dataclass(frozen=True)
class Tree:
    """A root file system; whatever is written here is part of its identity in the cache."""

    suite: str
    packages: tuple[str, ...]
    files: tuple[File, ...]
    script: str
    """Run by sh inside the tree, once, after the files are there."""


@dataclass(frozen=True)
class Kind:
    name: str
    about: str
    tree: Tree
    login: str
    python: str
    python37: bool = False
    """Its only interpreter is the machine's own CPython 3.7, bound read-only."""


@dataclass(frozen=True)
class HostSpec:
    """One host that is asked for. `binds` are (source, destination), read-only."""

    kind: str
    name: str
    binds: tuple[tuple[Path, Path], ...] = field(default=())


NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")

_PACKAGES = (
    "acl",
    "attr",
    "dbus",
    "e2fsprogs",
    "iproute2",
    "openssh-server",
    "procps",
    "sudo",
    "systemd",
    "systemd-sysv",
)

# What CPython 3.7's extension modules link against.
_PYTHON37_LIBRARIES = (
    "libbz2-1.0",
    "libexpat1",
    "libffi8",
    "liblzma5",
    "libncursesw6",
    "libreadline8",
    "libsqlite3-0",
    "libssl3",
    "libuuid1",
    "zlib1g",
)

_QUIET = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "console-getty.service",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "systemd-networkd-wait-online.service",
)


def _users(login: str, groups: str) -> str:
    """The login user as cloud images make it, three ordinary users, no keys yet."""
    return f"""
for group in {groups}; do getent group $group >/dev/null || groupadd --system $group; done
useradd --create-home --shell /bin/bash --uid 1000 --groups {groups.replace(" ", ",")} {login}
useradd --create-home --shell /bin/bash --uid 1001 alice
useradd --create-home --shell /bin/bash --uid 1002 bob
useradd --create-home --shell /bin/bash --uid 1003 carol
install -d -m 0700 -o {login} -g {login} /home/{login}/.ssh
install -m 0600 -o {login} -g {login} /dev/null /home/{login}/.ssh/authorized_keys
"""


_SERVICES = f"""
rm -f /etc/ssh/ssh_host_*
install -m 0600 /dev/null /etc/ssh/ssh_host_ed25519_key
install -m 0644 /dev/null /etc/ssh/ssh_host_ed25519_key.pub
: > /etc/machine-id
rm -f /var/lib/dbus/machine-id && ln -s /etc/machine-id /var/lib/dbus/machine-id
systemctl --quiet enable systemd-networkd.service ssh.service
systemctl --quiet mask {" ".join(_QUIET)}
"""

_LEAN = """
rm -rf /var/cache/apt/archives/*.deb /var/cache/apt/*.bin /var/lib/apt/lists/*
rm -rf /usr/share/doc/* /usr/share/man/* /usr/share/locale/*
"""

_AL2_SYSCTL = """
rm -rf /etc/sysctl.d
mkdir /etc/sysctl.d
mv /root/00-defaults.conf /etc/sysctl.d/
ln -s ../sysctl.conf /etc/sysctl.d/99-sysctl.conf
"""


def _common_files(login: str) -> tuple[File, ...]:
    return (
        File("/etc/resolv.conf", "# This network has no name server.\n"),
        File("/etc/default/locale", "LANG=C.UTF-8\n"),
        File(
            "/etc/ssh/sshd_config.d/10-cloud.conf",
            "PermitRootLogin no\nPasswordAuthentication no\n",
        ),
        File(
            "/etc/systemd/journald.conf.d/10-small.conf",
            "[Journal]\nStorage=volatile\nRuntimeMaxUse=8M\n",
        ),
        File(
            "/etc/sudoers.d/90-cloud-init-users",
            f"{login} ALL=(ALL) NOPASSWD:ALL\n",
            0o440,
        ),
    )


_AL2_FILES = (
    *_common_files("ec2-user"),
    File(
        "/usr/lib/os-release",
        """\
NAME="Amazon Linux"
VERSION="2"
ID="amzn"
ID_LIKE="centos rhel fedora"
VERSION_ID="2"
PRETTY_NAME="Amazon Linux 2"
ANSI_COLOR="0;33"
CPE_NAME="cpe:2.3:o:amazon:amazon_linux:2"
HOME_URL="https://amazonlinux.com/"
SUPPORT_END="2026-06-30"
""",
    ),
    File("/etc/system-release", "Amazon Linux release 2 (Karoo)\n"),
    File(
        "/etc/sysctl.conf",
        "# Comments only, as on Amazon Linux 2: settings belong into /etc/sysctl.d/.\n#\n# See sysctl.conf(5) and sysctl.d(5).\n",
    ),
    File(
        "/root/00-defaults.conf",
        """\
# All kernel messages on the console, a few at a time
kernel.printk = 8 4 1 7
kernel.printk_ratelimit_burst = 10
kernel.printk_ratelimit = 5

# Reboot half a minute after a panic
kernel.panic = 30

# Neighbour tables for large subnets
net.ipv4.neigh.default.gc_thresh1 = 0
net.ipv6.neigh.default.gc_thresh1 = 0
net.ipv4.neigh.default.gc_thresh2 = 15360
net.ipv6.neigh.default.gc_thresh2 = 15360
net.ipv4.neigh.default.gc_thresh3 = 16384
net.ipv6.neigh.default.gc_thresh3 = 16384
""",
    ),
)

_AL2_SCRIPT = _users("ec2-user", "adm wheel systemd-journal") + _SERVICES + _AL2_SYSCTL

_PYTHON2 = """
ln -s python2.7 /usr/bin/python2
ln -s python2 /usr/bin/python
"""


def _debian(suite: str) -> Tree:
    return Tree(
        suite=suite,
        packages=(*_PACKAGES, "python3"),
        files=_common_files("admin"),
        script=_users("admin", "adm systemd-journal") + _SERVICES + _LEAN,
    )


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            name="al2_like",
            about="stands in for Amazon Linux 2, and is not it: Debian 11 with Amazon Linux 2's "
            "os-release, sysctl files and user; Python 2.7.18 is its only interpreter",
            tree=Tree(
                suite="bullseye",
                packages=(*_PACKAGES, "python2.7"),
                files=_AL2_FILES,
                script=_AL2_SCRIPT + _PYTHON2 + _LEAN,
            ),
            login="ec2-user",
            python="/usr/bin/python",
        ),
        Kind(
            name="al2_like_py37",
            about="stands in for Amazon Linux 2, and is not it: Debian 12 with Amazon Linux 2's "
            "os-release, sysctl files and user; Python 3.7 is its only interpreter",
            tree=Tree(
                suite="bookworm",
                packages=(*_PACKAGES, *_PYTHON37_LIBRARIES),
                files=_AL2_FILES,
                script=_AL2_SCRIPT + _LEAN,
            ),
            login="ec2-user",
            python="/usr/bin/python3.7",
            python37=True,
        ),
        Kind(
            name="debian12",
            about="Debian 12 as it is: systemd 252, /etc/sysctl.conf and the link to it",
            tree=_debian("bookworm"),
            login="admin",
            python="/usr/bin/python3",
        ),
        Kind(
            name="debian13",
            about="Debian 13 as it is: systemd 257, no /etc/sysctl.conf",
            tree=_debian("trixie"),
            login="admin",
            python="/usr/bin/python3",
        ),
    )
}


class SpecError(ValueError):
    """What was asked for cannot be read."""


def parse_specs(texts: list[str]) -> list[HostSpec]:
    """`KIND`, `KIND:NAME`, `KIND*COUNT`, `KIND:NAME*COUNT`.

    A host without a name, or one of several, is numbered: debian12-1, debian12-2.
    """
    specs: list[HostSpec] = []
    numbers: dict[str, int] = {}
    for text in texts:
        parsed = re.fullmatch(r"(\w+)(?::([^*]+))?(?:\*(\d+))?", text)
        if parsed is None or parsed[1] not in KINDS:
            kinds = ", ".join(KINDS)
            raise SpecError(f"{text!r} is not KIND[:NAME][*COUNT] with KIND one of {kinds}")
        kind, stem, count = parsed[1], parsed[2], parsed[3]
        if stem and not count:
            specs.append(HostSpec(kind, stem))
            continue
        stem = stem or kind.replace("_", "-")
        for _host in range(int(count or 1)):
            numbers[stem] = numbers.get(stem, 0) + 1
            specs.append(HostSpec(kind, f"{stem}-{numbers[stem]}"))
    return specs
