# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalive_sysctl on whole hosts: what it refuses, with one clear sentence and nothing changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.hosts import Host
from tests.managed.playbooks import refusal_of, run_module
from tests.managed.state import DROP_IN, KERNEL_DEFAULTS, mounted_over, read_only, runtime, snapshot, write


@dataclass(frozen=True)
class Case:
    """`prepare` is run by sh on the host; `says` are parts of the message."""

    name: str
    says: tuple[str, ...]
    prepare: str = ""
    options: dict[str, Any] = field(default_factory=dict)


REFUSED = [
    Case("time 0", ("time is 0", "from 1 to 32767"), options={"time": 0}),
    Case("time too long", ("time is 32768", "from 1 to 32767"), options={"time": 32768}),
    Case("negative intvl", ("intvl is -1", "from 1 to 32767"), options={"intvl": -1}),
    Case("probes 128", ("probes is 128", "from 1 to 127"), options={"probes": 128}),
    Case("text", ("probes", "int"), options={"probes": "nine"}),
    Case("a newline that would add a key", ("time", "int"), options={"time": "45\nkernel.panic = 1"}),
    Case("no .conf", ("No boot reads /etc/sysctl.d/x.txt", ".conf"), options={"sysctl_file": "/etc/sysctl.d/x.txt"}),
    Case("hidden", ("No boot reads /etc/sysctl.d/.x.conf",), options={"sysctl_file": "/etc/sysctl.d/.x.conf"}),
    Case("elsewhere", ("No boot reads /opt/x.conf",), options={"sysctl_file": "/opt/x.conf"}),
    Case("a boolean", ("time is True", "must be a number from 1 to 32767"), options={"time": True}),
    Case("empty", ("sysctl_file is empty",), options={"sysctl_file": ""}),
    Case("in /run", ("No boot reads /run/sysctl.d/99-x.conf", "gone by then"), options={"sysctl_file": "/run/sysctl.d/99-x.conf"}),
    Case(
        "a link into /run",
        ("No boot reads /etc/sysctl.d/99-x.conf", "gone by then"),
        prepare="touch /run/x.conf; ln -s /run/x.conf /etc/sysctl.d/99-x.conf",
        options={"sysctl_file": "/etc/sysctl.d/99-x.conf"},
    ),
    Case(
        "systemd-sysctl masked",
        (f"No boot reads {DROP_IN}", "/etc/systemd/system/systemd-sysctl.service masks", "systemctl unmask"),
        prepare="ln -sf /dev/null /etc/systemd/system/systemd-sysctl.service",
    ),
    Case(
        "non-ASCII, overridden",
        ("/etc/sysctl.d/50-ä.conf", "/etc/sysctl.d/99-zzz.conf line 1"),
        prepare="echo net.ipv4.tcp_keepalive_time=7 > /etc/sysctl.d/99-zzz.conf",
        options={"sysctl_file": "/etc/sysctl.d/50-ä.conf"},
    ),
    Case("no such directory", ("No boot reads /nodir/x.conf",), options={"sysctl_file": "/nodir/x.conf"}),
    Case("absent in a directory that may not be made", ("/etc/sysctl.d", "immutable"), prepare="rm -rf /etc/sysctl.d; chattr +i /etc"),
    Case("relative", ("x.conf is not an absolute path",), options={"sysctl_file": "x.conf"}),
    Case("glob characters", ("holds glob characters",), options={"sysctl_file": "/etc/sysctl.d/a[1].conf"}),
    Case(
        "hidden by a file of the same name",
        ("No boot reads /usr/lib/sysctl.d/50-x.conf", "/etc/sysctl.d/50-x.conf"),
        prepare="touch /etc/sysctl.d/50-x.conf",
        options={"sysctl_file": "/usr/lib/sysctl.d/50-x.conf"},
    ),
    Case("a directory", (f"{DROP_IN} is a directory",), prepare=f"mkdir {DROP_IN}"),
    Case("a dangling link", (f"{DROP_IN} is a link to /nowhere", "does not exist"), prepare=f"ln -s /nowhere {DROP_IN}"),
    Case("a link to itself", (f"{DROP_IN} is a link that leads back to itself",), prepare=f"ln -s {DROP_IN} {DROP_IN}"),
    Case("a FIFO", (f"{DROP_IN} is not a regular file",), prepare=f"mkfifo {DROP_IN}"),
    Case("an immutable file", (f"{DROP_IN}", "immutable", "chattr -i"), prepare=f"touch {DROP_IN}; chattr +i {DROP_IN}"),
    Case("an immutable directory", ("/etc/sysctl.d", "immutable", "chattr -i"), prepare="chattr +i /etc/sysctl.d"),
    Case(
        "overridden in /etc",
        ("/etc/sysctl.d/99-zzz.conf line 2", "sets it to 100", "remove or change that line"),
        prepare="printf '# x\\nnet.ipv4.tcp_keepalive_time = 100\\n' > /etc/sysctl.d/99-zzz.conf",
    ),
    Case(
        "overridden in /usr/lib",
        ("/usr/lib/sysctl.d/99-zzz.conf line 1", "sets it to 3"),
        prepare="mkdir -p /usr/lib/sysctl.d; echo net.ipv4.tcp_keepalive_probes=3 > /usr/lib/sysctl.d/99-zzz.conf",
    ),
    Case(
        "overridden through a link",
        ("/etc/elsewhere line 1, read as /etc/sysctl.d/99-zzz.conf", "sets it to 100"),
        prepare="echo net.ipv4.tcp_keepalive_intvl=100 > /etc/sysctl.d/elsewhere; mv /etc/sysctl.d/elsewhere /etc/elsewhere;"
        "ln -s ../elsewhere /etc/sysctl.d/99-zzz.conf",
    ),
]


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
def test_refuses_and_changes_nothing(host: Host, case: Case, check: bool) -> None:
    if case.prepare:
        host.enter(["sh", "-c", case.prepare])
    before = snapshot(host)
    message = refusal_of(host, "keepalive_sysctl", check=check, **case.options)
    assert snapshot(host) == before
    for part in case.says:
        assert part in message


def test_sysctl_conf_is_refused_where_no_boot_reads_it(host: Host) -> None:
    host.enter(["sh", "-c", "rm -f /etc/sysctl.d/99-sysctl.conf; touch /etc/sysctl.conf"])
    before = snapshot(host)
    message = refusal_of(host, "keepalive_sysctl", sysctl_file="/etc/sysctl.conf")
    assert "No boot reads /etc/sysctl.conf on this host" in message
    assert DROP_IN in message
    assert snapshot(host) == before


def test_proc_sys_mounted_read_only(host: Host) -> None:
    before = snapshot(host)
    with read_only(host, "/proc/sys/net"):
        message = refusal_of(host, "keepalive_sysctl")
    assert "/proc/sys is mounted read-only" in message
    assert snapshot(host) == before


def test_a_kernel_without_the_keys(host: Host) -> None:
    before = snapshot(host)
    host.enter(["mkdir", "-p", "/run/empty"])
    with mounted_over(host, "/run/empty", "/proc/sys/net/ipv4"):
        for module in ("keepalive_sysctl", "keepalive_info"):
            assert "This kernel has no net.ipv4.tcp_keepalive_time" in refusal_of(host, module)
    assert snapshot(host) == before


def test_a_file_system_mounted_read_only(host: Host) -> None:
    before = snapshot(host)
    with mounted_over(host, "/etc/sysctl.d", "/etc/sysctl.d"), read_only(host, "/etc/sysctl.d"):
        message = refusal_of(host, "keepalive_sysctl")
    assert f"Cannot write {DROP_IN}: its file system is mounted read-only" in message
    assert snapshot(host) == before


def test_without_root(host: Host) -> None:
    before = snapshot(host)
    message = refusal_of(host, "keepalive_sysctl", become=False)
    assert "no permission" in message
    assert snapshot(host) == before


def test_an_unreadable_file_is_named_when_somebody_else_asks(host: Host) -> None:
    write(host, "/etc/sysctl.d/98-secret.conf", "net.ipv4.tcp_keepalive_time = 100\n")
    host.enter(["chmod", "600", "/etc/sysctl.d/98-secret.conf"])
    info = run_module(host, "keepalive_info", become=False)
    assert "/etc/sysctl.d/98-secret.conf cannot be read" in " ".join(info["warnings"])


def test_a_file_that_something_is_mounted_on(host: Host) -> None:
    write(host, DROP_IN, "")
    before = snapshot(host)
    with mounted_over(host, DROP_IN, DROP_IN):
        for check in (True, False):
            assert f"Cannot replace {DROP_IN}: something is mounted on it" in refusal_of(host, "keepalive_sysctl", check=check)
    assert snapshot(host) == before


def test_absent_where_no_file_could_be_makes_nothing(host: Host) -> None:
    host.enter(["sh", "-c", "echo 45 > /proc/sys/net/ipv4/tcp_keepalive_time"])
    assert run_module(host, "keepalive_sysctl", state="absent", sysctl_file="/nodir/a/x.conf")["changed"]
    assert host.enter(["test", "-e", "/nodir"], check=False).returncode == 1
    assert runtime(host) == KERNEL_DEFAULTS
