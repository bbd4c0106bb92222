# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keepalive for every new connection on whole hosts: now, after a real reboot, and taken out again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hosts import Host
from tests.managed.playbooks import play, refusal_of, run_module
from tests.managed.state import exists, read, write

MODULE = "socket_keepalive_default"
UNIT = "/etc/systemd/system/longlived-tcp-keepalive.service"
LINK = "/etc/systemd/system/sysinit.target.wants/longlived-tcp-keepalive.service"
SCRIPT = "/usr/local/lib/longlived-tcp/keepalive_default.py"
GIVEN = {"keepalive": True, "time": 45, "intvl": 45, "probes": 9}
KERNELS = {"keepalive": False, "time": 7200, "intvl": 75, "probes": 9}


@pytest.fixture
def untouched(host: Host) -> Iterator[Host]:
    yield host
    run_module(host, MODULE, state="absent")
    host.enter(["chmod", "755", "/usr/local/lib"])


def new_connections(host: Host) -> dict[str, object]:
    """What a new connection gets, by a module that changes nothing."""
    found: dict[str, object] = run_module(host, MODULE, check=True)["new_connections"]
    return found


def nothing_is_left(host: Host) -> bool:
    return not any(exists(host, path) for path in (UNIT, LINK, SCRIPT, SCRIPT.rpartition("/")[0]))


def test_now_after_a_reboot_and_taken_out(untouched: Host) -> None:
    host = untouched
    assert new_connections(host) == {"host": KERNELS, "container": KERNELS}
    done = run_module(host, MODULE)
    assert done["changed"] and done["scope"] == "container"
    assert done["new_connections"] == {"host": GIVEN, "container": GIVEN}
    assert [row["hook"] for row in done["attached"]] == ["connect4", "connect6"]
    assert done["boot"] == {"unit": UNIT, "script": SCRIPT, "enabled": True}
    assert not run_module(host, MODULE)["changed"]

    host.reboot()
    assert host.enter(["systemctl", "is-active", UNIT.rpartition("/")[2]]).stdout.strip() == "active"
    assert not run_module(host, MODULE)["changed"], "the boot has attached what the module attaches"
    assert new_connections(host) == {"host": GIVEN, "container": GIVEN}

    gone = run_module(host, MODULE, state="absent")
    assert gone["changed"] and gone["attached"] == []
    assert gone["new_connections"] == {"host": KERNELS, "container": KERNELS}
    assert nothing_is_left(host)
    assert not run_module(host, MODULE, state="absent")["changed"]


def test_a_check_run_changes_nothing_and_foresees_the_same(untouched: Host) -> None:
    check = run_module(untouched, MODULE, check=True)
    assert check["changed"] and check["attached"] == []
    assert nothing_is_left(untouched)
    assert check["diff"] == run_module(untouched, MODULE)["diff"]


def test_other_values_replace_the_programs_and_the_unit(untouched: Host) -> None:
    run_module(untouched, MODULE)
    done = run_module(untouched, MODULE, time=30, intvl=30, probes=5, idle_timeout=240, accepted=True)
    assert done["changed"]
    assert done["new_connections"]["accepted"] == {"keepalive": True, "time": 30, "intvl": 30, "probes": 5}
    assert "attach connect4,connect6,accept 30/30/5 213\n" in read(untouched, UNIT)


def test_without_the_boot_and_for_the_boot_alone(untouched: Host) -> None:
    assert run_module(untouched, MODULE, at_boot=False)["boot"] == {"unit": None, "script": None, "enabled": False}
    image = run_module(untouched, MODULE, runtime=False)
    assert image["changed"] and image["boot"]["enabled"] and "attached" not in image


def test_a_directory_that_others_may_write_to_is_refused(untouched: Host) -> None:
    untouched.enter(["chmod", "777", "/usr/local/lib"])
    assert "/usr/local/lib may be written by others than root" in refusal_of(untouched, MODULE)
    assert nothing_is_left(untouched)
    assert new_connections_without_boot(untouched) == {"host": KERNELS, "container": KERNELS}


def new_connections_without_boot(host: Host) -> dict[str, object]:
    found: dict[str, object] = run_module(host, MODULE, check=True, at_boot=False)["new_connections"]
    return found


def test_the_playbook_through_a_reboot_and_back(untouched: Host) -> None:
    host = untouched

    def run(playbook: str, *arguments: str) -> str:
        done = play(f"longlived.tcp.{playbook}", host.testbed.inventory, "--limit", host.name, *arguments)
        assert done.status == 0, done.output
        return done.output

    asked = ("-e", "keepalive_new_sockets=connect")
    assert "new connections: keepalive" in run("keepalive", *asked, "--check", "--diff")
    assert nothing_is_left(host)
    rebooted = run("keepalive", *asked, "-e", "keepalive_reboot=always")
    assert f"{host.name}: rebooted; time/intvl/probes 45/45/9" in rebooted and "; new connections: keepalive" in rebooted
    assert new_connections(host) == {"host": GIVEN, "container": GIVEN}
    run("verify", *asked)
    # Who does not ask for it is told that it is there.
    assert "new connections: keepalive, by BPF programs of an earlier run" in run("verify")
    host.enter(["systemctl", "stop", UNIT.rpartition("/")[2]])
    wrong = play("longlived.tcp.verify", host.testbed.inventory, "--limit", host.name, *asked)
    assert wrong.status != 0 and "still to do: attach connect4, attach connect6" in wrong.output
    run("keepalive", *asked)
    run("rollback")
    assert nothing_is_left(host)
    assert new_connections(host) == {"host": KERNELS, "container": KERNELS}


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        (SCRIPT, "echo 'import time; time.sleep(600)' > {path}"),
        (SCRIPT, "echo 'raise SystemExit(1)' > {path}"),
        (UNIT, "sed -i s,/bin/p,/bin/no-p, {path}"),
    ],
    ids=["hangs", "fails", "has no interpreter"],
)
def test_a_script_that_does_not_work_delays_no_boot(untouched: Host, path: str, fault: str) -> None:
    run_module(untouched, MODULE)
    untouched.enter(["sh", "-c", fault.format(path=path)])
    untouched.reboot(timeout=60)
    wrong = play("longlived.tcp.verify", untouched.testbed.inventory, "--limit", untouched.name, "-e", "keepalive_new_sockets=connect")
    assert wrong.status != 0 and f"still to do: attach connect4, attach connect6, write {path}" in wrong.output
    assert run_module(untouched, MODULE)["changed"]


FIRST_SERVICE = """
[Unit]
DefaultDependencies=no
After=sysinit.target
Before=basic.target

[Service]
Type=oneshot
ExecStart={python} /root/first.py

[Install]
WantedBy=basic.target
"""
CONNECTS = """
import socket
one = socket.socket()
one.connect_ex(("192.0.2.1", 9))
open("/root/seen", "w").write(str(one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)))
"""


def test_the_first_service_that_connects_has_it(untouched: Host) -> None:
    write(untouched, "/root/first.py", CONNECTS)
    write(untouched, "/etc/systemd/system/first.service", FIRST_SERVICE.format(python=untouched.python))
    untouched.enter(["systemctl", "enable", "first.service"])
    try:
        untouched.reboot()
        assert read(untouched, "/root/seen") == "0"
        run_module(untouched, MODULE)
        untouched.reboot()
        assert read(untouched, "/root/seen") == "1"
    finally:
        untouched.enter(["systemctl", "disable", "first.service"])
        untouched.enter(["rm", "-f", "/etc/systemd/system/first.service", "/root/first.py", "/root/seen"])


def test_an_old_umask_changes_nothing(untouched: Host) -> None:
    write(untouched, "/etc/sudoers.d/umask", "Defaults umask_override, umask=0077\n")
    try:
        run_module(untouched, MODULE, runtime=False)
        modes = untouched.enter(["stat", "--format", "%a %n", SCRIPT.rpartition("/")[0], SCRIPT, UNIT]).stdout.split()
        assert modes[::2] == ["755", "755", "644"]
    finally:
        untouched.enter(["rm", "/etc/sudoers.d/umask"])
