# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What writes the values after systemd-sysctl, on a whole host: what is said of the next boot is what a reboot gives."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosts import Host, Testbed, unavailable
from tests.hosts.debian_package import archives
from tests.managed.conftest import KEEP, KINDS, PUT_BACK
from tests.managed.playbooks import play, refusal_of, run_module
from tests.managed.state import KEPT_ALIVE, boot_value, write

KIND = "debian12"
ARCHIVES = Path("/opt/archives")
INSTALL = f"dpkg --install {ARCHIVES}/*.deb"
TIME = "net.ipv4.tcp_keepalive_time"
PROFILE = "/etc/tuned/site/tuned.conf"

OFF = """
systemctl --quiet disable --now tuned.service ufw.service 2>/dev/null
rm -rf /etc/tuned/site /etc/tuned/base /etc/tuned/active_profile /etc/rc.local /etc/cron.d/tune /etc/systemd/system/tune.service
rm -rf /etc/systemd/system/multi-user.target.wants/tune.service /usr/lib/systemd/system/systemd-sysctl.service.d
sed -i 's/^ENABLED=.*/ENABLED=no/' /etc/ufw/ufw.conf
sed -i 's,^#*net/ipv4/tcp_keepalive_intvl,#net/ipv4/tcp_keepalive_intvl,' /etc/ufw/sysctl.conf
systemctl daemon-reload
"""


@pytest.fixture(scope="module")
def machine() -> Iterator[Host]:
    if KIND not in KINDS:
        pytest.skip("it takes Debian 12: KEEPALIVE_KINDS names others")
    if reason := unavailable(KIND):
        pytest.skip(reason)
    if (packages := archives(("tuned", "ufw"), KIND)) is None:
        pytest.skip("apt of this machine has no tuned and ufw of Debian 12")
    with Testbed.up([KIND], name=f"writers-{os.getpid()}", binds=[(packages, ARCHIVES)]) as testbed:
        (host,) = testbed.values()
        # Twice: one of them has to be there before another is unpacked.
        host.enter(["sh", "-c", f"export DEBIAN_FRONTEND=noninteractive; {INSTALL} || {INSTALL}"])
        host.enter(["sed", "-i", 's/^DEFAULT_INPUT_POLICY=.*/DEFAULT_INPUT_POLICY="ACCEPT"/', "/etc/default/ufw"])  # ssh goes on
        host.enter(["sh", "-c", KEEP])
        yield host


@pytest.fixture
def host(machine: Host) -> Host:
    machine.enter(["sh", "-c", OFF], check=False)
    machine.enter(["sh", "-c", PUT_BACK])
    return machine


def script(host: Host, text: str) -> None:
    host.enter(["sh", "-ec", text])


def foreseen(info: dict[str, Any]) -> dict[str, int]:
    return {name: row["value"] for name, row in info["boot"].items()}


def test_ufws_own_line(host: Host) -> None:
    run_module(host, "keepalive_sysctl")
    script(host, "sed -i 's/^ENABLED=.*/ENABLED=yes/' /etc/ufw/ufw.conf; systemctl --quiet enable ufw.service")
    script(host, "sed -i 's,^#net/ipv4/tcp_keepalive_intvl,net/ipv4/tcp_keepalive_intvl,' /etc/ufw/sysctl.conf")
    info = run_module(host, "keepalive_info")
    (row,) = info["other_writers"]
    assert {name: row[name] for name in ("key", "value", "file", "by", "certain")} == {
        "key": "net.ipv4.tcp_keepalive_intvl", "value": 1800, "file": "/etc/ufw/sysctl.conf", "by": "ufw", "certain": True,
    }  # fmt: skip
    assert foreseen(info) == {"time": 45, "intvl": 1800, "probes": 9}
    assert "as /etc/ufw/sysctl.conf line " in refusal_of(host, "keepalive_sysctl")
    assert boot_value(host) == {"time": 45, "intvl": 1800, "probes": 9}


def test_verification_fails_where_ufw_wins_and_names_who_else_writes(host: Host) -> None:
    run_module(host, "keepalive_sysctl")
    write(host, "/etc/cron.d/tune", f"@reboot root /sbin/sysctl -w {TIME}=603\n")
    played = play("longlived.tcp.verify", host.testbed.inventory, keepalive_verify_parts="sysctl")
    assert played.status == 0 and "may be changed at boot by /etc/cron.d/tune line 1 (cron)" in played.output
    script(host, "sed -i 's/^ENABLED=.*/ENABLED=yes/' /etc/ufw/ufw.conf; systemctl --quiet enable ufw.service")
    script(host, "sed -i 's,^#net/ipv4/tcp_keepalive_intvl,net/ipv4/tcp_keepalive_intvl,' /etc/ufw/sysctl.conf")
    played = play("longlived.tcp.verify", host.testbed.inventory, keepalive_verify_parts="sysctl")
    assert played.status == 2 and "(ufw applies it after systemd-sysctl) sets it; remove or change that line." in played.output


def test_ufw_that_is_not_enabled(host: Host) -> None:
    script(host, "sed -i 's,^#net/ipv4/tcp_keepalive_intvl,net/ipv4/tcp_keepalive_intvl,' /etc/ufw/sysctl.conf")
    run_module(host, "keepalive_sysctl")
    assert run_module(host, "keepalive_info")["other_writers"] == []
    assert boot_value(host) == KEPT_ALIVE


def tuned(host: Host, profile: str) -> None:
    write(host, PROFILE, profile)
    script(host, "echo site > /etc/tuned/active_profile; echo manual > /etc/tuned/profile_mode; systemctl --quiet enable tuned.service")


def applied(host: Host) -> dict[str, int]:
    """After a reboot, once TuneD has applied its profile."""
    host.reboot()
    script(host, "systemctl start tuned.service; for i in $(seq 50); do tuned-adm active | grep -q site && break; sleep 0.2; done; sleep 1")
    found = host.enter(["sh", "-c", "cd /proc/sys/net/ipv4; cat tcp_keepalive_time tcp_keepalive_intvl tcp_keepalive_probes"]).stdout
    return dict(zip(("time", "intvl", "probes"), map(int, found.split()), strict=True))


def test_tuned_applies_sysctl_conf_again(host: Host) -> None:
    run_module(host, "keepalive_sysctl")
    write(host, "/etc/sysctl.conf", f"{TIME} = 1800\n")
    tuned(host, "[sysctl]\nvm.swappiness = 10\n")
    info = run_module(host, "keepalive_info")
    assert foreseen(info) == {**KEPT_ALIVE, "time": 1800}
    assert info["boot"]["time"]["by"] == "TuneD"
    assert applied(host) == foreseen(info)


def test_a_drop_in_beats_tuneds_profile_without_a_warning(host: Host) -> None:
    run_module(host, "keepalive_sysctl")
    write(host, "/etc/tuned/base/tuned.conf", f"[sysctl]\n{TIME} = 60\nnet.ipv4.tcp_keepalive_probes = 5\n")
    tuned(host, "[main]\n; include = nothing\ninclude = base , base\n[sysctl]\nnet.ipv4.tcp_keepalive_probes = 9\n")
    info = run_module(host, "keepalive_info")
    assert (foreseen(info), info.get("warnings", [])) == (KEPT_ALIVE, [])
    assert applied(host) == KEPT_ALIVE


def test_tuneds_profile_where_no_file_says_anything(host: Host) -> None:
    write(host, "/etc/tuned/base/tuned.conf", f"[sysctl]\n{TIME} = 60\n")
    tuned(host, "[main]\ninclude = base\n")
    info = run_module(host, "keepalive_info")
    assert foreseen(info)["time"] == 60 == applied(host)["time"]


def test_a_drop_in_of_systemd_sysctl(host: Host) -> None:
    run_module(host, "keepalive_sysctl")
    drop_in = "/usr/lib/systemd/system/systemd-sysctl.service.d/vendor.conf"
    write(host, drop_in, f"[Service]\nExecStartPost=/sbin/sysctl -w {TIME}=600\n")
    info = run_module(host, "keepalive_info")
    (row,) = info["other_writers"]
    assert (row["value"], row["file"], row["line"], row["certain"]) == (600, drop_in, 2, False)
    assert f"{TIME} may be 600 instead of 45 after the next boot, as {drop_in} line 2 sets it" in " ".join(info["warnings"])
    assert boot_value(host)["time"] == 600


OTHERS = {
    "a unit": (
        "/etc/systemd/system/tune.service",
        f"[Service]\nType=oneshot\nExecStart=/sbin/sysctl -w {TIME}=601\n[Install]\nWantedBy=multi-user.target\n",
        "systemctl --quiet enable tune.service",
    ),
    "rc.local": ("/etc/rc.local", f"#!/bin/sh\n# since 2019\nsysctl -w {TIME}=602\n", "chmod 755 /etc/rc.local; systemctl daemon-reload"),
}


@pytest.mark.parametrize(("path", "text", "more"), OTHERS.values(), ids=OTHERS.keys())
def test_others_are_named(host: Host, path: str, text: str, more: str) -> None:
    run_module(host, "keepalive_sysctl")
    write(host, path, text)
    script(host, more)
    (row,) = run_module(host, "keepalive_info")["other_writers"]
    host.reboot()
    script(
        host, f"for i in $(seq 50); do [ $(cat /proc/sys/net/ipv4/tcp_keepalive_time) = {row['value']} ] && exit 0; sleep 0.2; done; exit 1"
    )
    assert (row["file"], row["line"], row["certain"]) == (path, 3, False)
