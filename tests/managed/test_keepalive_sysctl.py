# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalive_sysctl on whole hosts: what it does when all is well."""

from __future__ import annotations

from tests.hosts import Host
from tests.managed.playbooks import run_module
from tests.managed.state import (
    DROP_IN,
    KEPT_ALIVE,
    KERNEL_DEFAULTS,
    boot_value,
    exists,
    mounted_over,
    read,
    read_only,
    runtime,
    snapshot,
    write,
)

OTHERS = "".join(f"# line {number} of somebody else's\nnet.ipv4.conf.all.secure_redirects=0\n" for number in range(100))


def assignments(values: dict[str, int]) -> str:
    return "".join(f"net.ipv4.tcp_keepalive_{name} = {value}\n" for name, value in values.items())


def test_sets_the_values_now_and_for_the_next_boot(host: Host) -> None:
    result = run_module(host, "keepalive_sysctl")
    assert result["changed"]
    assert result["runtime"] == {"before": KERNEL_DEFAULTS, "after": KEPT_ALIVE}
    assert result["sysctl_file"] == DROP_IN
    assert {name: row["value"] for name, row in result["boot"].items()} == KEPT_ALIVE
    assert {row["file"] for row in result["boot"].values()} == {DROP_IN}
    assert result["overridden_by"] == []
    assert runtime(host) == KEPT_ALIVE
    assert read(host, DROP_IN).endswith(assignments(KEPT_ALIVE))
    assert boot_value(host) == KEPT_ALIVE


def test_does_it_once(host: Host) -> None:
    run_module(host, "keepalive_sysctl")
    before = snapshot(host)
    assert not run_module(host, "keepalive_sysctl")["changed"]
    assert snapshot(host) == before


def test_repairs_what_drifted(host: Host) -> None:
    run_module(host, "keepalive_sysctl")
    host.enter(["sh", "-c", "echo 7200 > /proc/sys/net/ipv4/tcp_keepalive_time"])
    result = run_module(host, "keepalive_sysctl")
    assert result["changed"]
    assert result["runtime"]["before"]["time"] == 7200
    assert runtime(host) == KEPT_ALIVE


def test_check_mode_shows_it_and_changes_nothing(host: Host) -> None:
    before = snapshot(host)
    result = run_module(host, "keepalive_sysctl", check=True, time=50)
    assert snapshot(host) == before
    assert result["changed"]
    assert result["runtime"]["after"] == {**KEPT_ALIVE, "time": 50}
    file, kernel = result["diff"]
    assert file["before"] == ""
    assert "net.ipv4.tcp_keepalive_time = 50\n" in file["after"]
    assert (kernel["before"], kernel["after"]) == (assignments(KERNEL_DEFAULTS), assignments({**KEPT_ALIVE, "time": 50}))


def test_persists_only_for_an_image(host: Host) -> None:
    assert run_module(host, "keepalive_sysctl", runtime=False)["changed"]
    assert runtime(host) == KERNEL_DEFAULTS
    assert not run_module(host, "keepalive_sysctl", runtime=False)["changed"]
    assert boot_value(host) == KEPT_ALIVE


def test_absent_gives_back_what_a_boot_then_confirms(host: Host) -> None:
    write(host, "/etc/sysctl.d/50-site.conf", "net.ipv4.tcp_keepalive_time = 600\n")
    run_module(host, "keepalive_sysctl")
    result = run_module(host, "keepalive_sysctl", state="absent")
    assert result["changed"]
    assert not exists(host, DROP_IN)
    assert runtime(host) == {**KERNEL_DEFAULTS, "time": 600}
    assert boot_value(host) == {**KERNEL_DEFAULTS, "time": 600}
    assert not run_module(host, "keepalive_sysctl", state="absent")["changed"]


def test_in_a_shared_file_only_our_keys_change_and_no_other_is_loaded(host: Host) -> None:
    # Debian 13 has neither the file nor the link.
    host.enter(["ln", "-sfn", "../sysctl.conf", "/etc/sysctl.d/99-sysctl.conf"])
    write(host, "/etc/sysctl.conf", OTHERS)
    redirects = "/proc/sys/net/ipv4/conf/all/secure_redirects"
    loaded_before = read(host, redirects)
    result = run_module(host, "keepalive_sysctl", sysctl_file="/etc/sysctl.conf", backup=True)
    assert result["changed"]
    assert read(host, "/etc/sysctl.conf") == OTHERS + assignments(KEPT_ALIVE)
    assert read(host, redirects) == loaded_before != "0\n"
    assert read(host, result["backup_file"]) == OTHERS
    assert runtime(host) == KEPT_ALIVE
    assert not run_module(host, "keepalive_sysctl", sysctl_file="/etc/sysctl.conf")["changed"]
    assert run_module(host, "keepalive_sysctl", sysctl_file="/etc/sysctl.conf", state="absent")["changed"]
    assert read(host, "/etc/sysctl.conf") == OTHERS
    assert runtime(host) == KERNEL_DEFAULTS


def test_in_a_shared_file_an_old_value_is_replaced_where_it_stands(host: Host) -> None:
    path = "/etc/sysctl.d/99-z-site.conf"
    write(host, path, "kernel.sysrq=0\nnet/ipv4/tcp_keepalive_time\t=  7200 # seconds\nnet.ipv4.tcp_keepalive_probes=3\n")
    run_module(host, "keepalive_sysctl", sysctl_file=path)
    assert read(host, path) == (
        "kernel.sysrq=0\nnet/ipv4/tcp_keepalive_time\t=  45 # seconds\nnet.ipv4.tcp_keepalive_probes=9\nnet.ipv4.tcp_keepalive_intvl = 45\n"
    )
    assert boot_value(host) == KEPT_ALIVE


def test_a_drop_in_with_another_key_counts_as_shared(host: Host) -> None:
    run_module(host, "keepalive_sysctl")
    with_another = read(host, DROP_IN) + "net.ipv4.conf.all.secure_redirects = 0\n"
    write(host, DROP_IN, with_another)
    run_module(host, "keepalive_sysctl", time=50)
    assert read(host, "/proc/sys/net/ipv4/conf/all/secure_redirects") == "1\n"
    assert read(host, DROP_IN) == with_another.replace("time = 45", "time = 50")
    run_module(host, "keepalive_sysctl", state="absent")
    assert "secure_redirects = 0" in read(host, DROP_IN)
    assert "tcp_keepalive_" not in read(host, DROP_IN)


def test_a_file_keeps_mode_owner_acl_and_attributes_and_a_link_stays_one(host: Host) -> None:
    write(host, "/etc/sysctl.d/real", "")
    host.enter(
        ["sh", "-c", "cd /etc/sysctl.d && chmod 640 real && chown alice:bob real && setfacl -m u:carol:r real && ln -s real 98-link.conf"]
    )
    facl = host.enter(["getfacl", "-p", "/etc/sysctl.d/real"]).stdout
    run_module(host, "keepalive_sysctl", sysctl_file="/etc/sysctl.d/98-link.conf")
    assert read(host, "/etc/sysctl.d/real") == assignments(KEPT_ALIVE)
    assert host.enter(["readlink", "/etc/sysctl.d/98-link.conf"]).stdout == "real\n"
    assert host.enter(["getfacl", "-p", "/etc/sysctl.d/real"]).stdout == facl
    assert "user:carol:r--" in facl


def test_the_same_value_elsewhere_is_no_complaint(host: Host) -> None:
    write(host, "/etc/sysctl.d/99-zzz.conf", assignments(KEPT_ALIVE))
    result = run_module(host, "keepalive_sysctl")
    assert result["changed"]
    assert result["overridden_by"] == []
    assert {row["file"] for row in result["boot"].values()} == {"/etc/sysctl.d/99-zzz.conf"}


def test_an_override_can_be_tolerated(host: Host) -> None:
    write(host, "/etc/sysctl.d/99-zzz.conf", "\nnet.ipv4.tcp_keepalive_time = 100\n")
    result = run_module(host, "keepalive_sysctl", overridden="warn")
    row = {"key": "net.ipv4.tcp_keepalive_time", "value": 100, "file": "/etc/sysctl.d/99-zzz.conf", "line": 2}
    assert result["overridden_by"] == [row]
    assert "/etc/sysctl.d/99-zzz.conf line 2" in " ".join(result["warnings"])
    assert runtime(host) == KEPT_ALIVE
    assert boot_value(host) == {**KEPT_ALIVE, "time": 100}


def test_starts_one_process_at_most_and_none_when_nothing_changes(host: Host) -> None:
    counter = '#!/bin/sh\necho run >> /run/sysctl-runs\nexec /run/sysctl-itself "$@"\n'
    write(host, "/run/sysctl-counter", counter)
    host.enter(["sh", "-c", "rm -f /run/sysctl-runs; cp -L /usr/sbin/sysctl /run/sysctl-itself; chmod 755 /run/sysctl-counter"])
    with mounted_over(host, "/run/sysctl-counter", "/usr/sbin/sysctl"):
        run_module(host, "keepalive_sysctl")
        assert read(host, "/run/sysctl-runs") == "run\n"
        run_module(host, "keepalive_sysctl")
        assert read(host, "/run/sysctl-runs") == "run\n"


def test_a_host_without_the_sysctl_program_is_served_as_well(host: Host) -> None:
    with mounted_over(host, "/dev/null", "/usr/sbin/sysctl"):
        run_module(host, "keepalive_sysctl")
    assert runtime(host) == KEPT_ALIVE
    assert read(host, DROP_IN).endswith(assignments(KEPT_ALIVE))


def test_info_tells_who_decides(host: Host) -> None:
    run_module(host, "keepalive_sysctl")
    info = run_module(host, "keepalive_info")
    assert not info["changed"]
    assert info["runtime"] == KEPT_ALIVE
    assert info["boot"]["time"] == {"value": 45, "file": DROP_IN, "line": 3, "read_as": DROP_IN, "by": None}
    assert [row["line"] for row in info["assignments"]] == [3, 4, 5]
    assert info["consistent"] is True
    assert info["lost_probes_survived"] == 5
    assert info["detection_time"] == 450
    assert info["boot_id"] == host.boot_id()
    host.enter(["sh", "-c", "echo 7200 > /proc/sys/net/ipv4/tcp_keepalive_time"])
    drifted = run_module(host, "keepalive_info")
    assert drifted["consistent"] is False
    assert drifted["lost_probes_survived"] is None


def test_what_is_in_run_does_not_count_for_the_next_boot(host: Host) -> None:
    write(host, "/run/sysctl.d/99-zzz.conf", "net.ipv4.tcp_keepalive_time = 100\n")
    result = run_module(host, "keepalive_sysctl")
    assert result["overridden_by"] == []
    assert "/run/sysctl.d/99-zzz.conf sets net.ipv4.tcp_keepalive_time now, but is gone at the next boot" in " ".join(result["warnings"])
    assert boot_value(host) == KEPT_ALIVE


def test_a_masked_systemd_sysctl_is_seen(host: Host) -> None:
    run_module(host, "keepalive_sysctl")
    host.enter(["ln", "-sf", "/dev/null", "/etc/systemd/system/systemd-sysctl.service"])
    info = run_module(host, "keepalive_info")
    assert {name: row["value"] for name, row in info["boot"].items()} == KERNEL_DEFAULTS
    assert info["consistent"] is False
    assert "masks systemd-sysctl.service, so that no boot reads any sysctl.d file" in " ".join(info["warnings"])
    assert boot_value(host) == KERNEL_DEFAULTS


def test_a_source_that_cannot_be_ranked_is_reported(host: Host) -> None:
    write(host, "/etc/credstore/sysctl.extra", "net.ipv4.tcp_keepalive_time = 123\n")
    try:
        info = run_module(host, "keepalive_info")
    finally:
        host.enter(["rm", "-rf", "/etc/credstore/sysctl.extra"])
    assert [(row["by"], row["file"], row["line"], row["value"], row["certain"]) for row in info["other_writers"]] == [
        ("systemd credential sysctl.extra", "/etc/credstore/sysctl.extra", 1, 123, False),
    ]
    assert "net.ipv4.tcp_keepalive_time may be 123 instead of 7200 after the next boot" in " ".join(info["warnings"])


def test_nobody_elses_line_is_in_a_diff(host: Host) -> None:
    secret = "net.ipv6.conf.all.stable_secret = 2001:db8::1"
    write(host, "/etc/sysctl.d/99-z-site.conf", f"{secret}\nnet.ipv4.tcp_keepalive_time = 7200\n{secret}\n")
    result = run_module(host, "keepalive_sysctl", sysctl_file="/etc/sysctl.d/99-z-site.conf")
    assert "stable_secret" not in str(result)
    file, _kernel = result["diff"]
    assert file["before"] == "net.ipv4.tcp_keepalive_time = 7200\n"
    assert file["after"] == assignments(KEPT_ALIVE)


def test_an_empty_mask_that_never_held_our_keys_stays(host: Host) -> None:
    write(host, "/usr/lib/sysctl.d/99-tcp-keepalive.conf", "net.ipv4.tcp_keepalive_time = 99\n")
    write(host, DROP_IN, "")
    run_module(host, "keepalive_sysctl", state="absent")
    assert exists(host, DROP_IN)
    assert runtime(host) == KERNEL_DEFAULTS


def test_a_link_to_a_name_with_glob_characters_loads_nobody_elses_file(host: Host) -> None:
    write(host, "/opt/a[1]/x.conf", "")
    write(host, "/opt/a1/x.conf", "net.ipv4.conf.all.secure_redirects = 0\n")
    host.enter(["ln", "-s", "/opt/a[1]/x.conf", "/etc/sysctl.d/99-x.conf"])
    run_module(host, "keepalive_sysctl", sysctl_file="/etc/sysctl.d/99-x.conf")
    assert runtime(host) == KEPT_ALIVE
    assert read(host, "/proc/sys/net/ipv4/conf/all/secure_redirects") == "1\n"


def test_values_that_run_already_need_no_writable_proc_sys(host: Host) -> None:
    host.enter(["sh", "-c", "cd /proc/sys/net/ipv4; echo 45 > tcp_keepalive_time; echo 45 > tcp_keepalive_intvl"])
    with read_only(host, "/proc/sys/net"):
        assert run_module(host, "keepalive_sysctl")["changed"]
    assert read(host, DROP_IN).endswith(assignments(KEPT_ALIVE))


def test_a_name_beyond_ascii_works(host: Host) -> None:
    path = "/etc/sysctl.d/99-\u00e4.conf"
    assert run_module(host, "keepalive_sysctl", sysctl_file=path)["sysctl_file"] == path
    assert not run_module(host, "keepalive_sysctl", sysctl_file=path)["changed"]
    run_module(host, "keepalive_sysctl", sysctl_file="/etc//sysctl.d/99-\u00e4.conf", state="absent")
    assert not exists(host, path)
