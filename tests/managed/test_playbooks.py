# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks and roles on whole hosts, typed as a user types them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.hosts import Host
from tests.managed.playbooks import Played, play
from tests.managed.state import DROP_IN, KEPT_ALIVE, KERNEL_DEFAULTS, boot_value, exists, read, runtime, snapshot, write

# An inventory whose host nobody can reach: whoever tries ends with "unreachable".
NOWHERE = "nowhere ansible_host=127.0.0.1 ansible_port=1\n"

OWN_PLAYBOOK = """
- name: A user's own playbook, with nothing else set
  hosts: all
  gather_facts: false
  tasks:
    - name: Keep idle connections alive
      ansible.builtin.include_role:
        name: longlived.tcp.keepalive
"""

MISTAKES = [
    ("-e keepalive_time=0", "keepalive_time is 0, and must be a whole number from 1 to 32767 seconds."),
    ("-e keepalive_intvl=40000", "keepalive_intvl is 40000, and must be a whole number from 1 to 32767 seconds."),
    ("-e keepalive_probes=nine", "keepalive_probes is nine, and must be a whole number from 1 to 127."),
    ("-e keepalive_probes=200", "keepalive_probes is 200, and must be a whole number from 1 to 127."),
    ("-e keepalive_tiem=45", "The roles have no variable keepalive_tiem: did you mean keepalive_time?"),
    ("-e keepalive_reboot_serial=0", "keepalive_reboot_serial is 0, and must be a whole number from 1 on"),
    ("-e keepalive_reboot=always -e ansible_connection=local", "A local connection cannot be rebooted through"),
    ("-e keepalive_reboot=sometimes", "keepalive_reboot must be one of: never, if_changed, always"),
    ("""-e '{"keepalive_path": ["alb"]}'""", "alb takes no notice of TCP keepalive probes"),
    ("""-e '{"keepalive_path": ["nta_gateway"]}'""", "nta_gateway is no appliance of the table"),
    (
        "-e keepalive_live_sockets=enable",
        "keepalive_live_sockets is enable, and nothing says for which connections: name programs in keepalive_live_processes",
    ),
    ("-e keepalive_live_sockets=rearm -e keepalive_live_peers=10.0.0.0/8,10.0.0.1/8", "keepalive_live_peers has 10.0.0.1/8"),
    ("-e keepalive_live_processes=[worker]", "keepalive_live_processes has [worker], whose brackets or quotes"),
    ("-e keepalive_live_sockets=all", "keepalive_live_sockets must be one of: leave, rearm, enable"),
    ("-e keepalive_state=gone", "keepalive_state must be one of: present, absent"),
]


def test_a_check_run_of_an_untouched_host_ends_well_and_changes_nothing(hosts: list[Host]) -> None:
    before = [snapshot(host) for host in hosts]
    done = play("longlived.tcp.keepalive", hosts[0].testbed.inventory, "--check", "--diff")
    assert done.status == 0, done.output
    assert all(row["changed"] == 1 for row in done.recap.values())
    assert "+net.ipv4.tcp_keepalive_time = 45" in done.output
    assert [snapshot(host) for host in hosts] == before


def test_keepalive_then_again_then_verify_then_rollback(hosts: list[Host]) -> None:
    inventory = hosts[0].testbed.inventory
    first = play("longlived.tcp.keepalive", inventory)
    assert first.status == 0, first.output
    for host in hosts:
        assert runtime(host) == KEPT_ALIVE
        assert f"{host.name}: time/intvl/probes 7200/75/9 -> 45/45/9; next boot: {DROP_IN}" in first.output
    again = play("longlived.tcp.keepalive", inventory)
    assert again.status == 0
    assert [row["changed"] for row in again.recap.values()] == [0] * len(hosts)
    assert play("longlived.tcp.verify", inventory).status == 0
    back = play("longlived.tcp.rollback", inventory)
    assert back.status == 0, back.output
    for host in hosts:
        assert not exists(host, DROP_IN)
        assert runtime(host) == KERNEL_DEFAULTS
        assert boot_value(host) == KERNEL_DEFAULTS


# What may happen to a host that is right, each with what the next run is asked for.
DRIFTS = {
    "the kernel": ("echo 60 > /proc/sys/net/ipv4/tcp_keepalive_time", {}),
    "the file": (f"rm {DROP_IN}", {}),
    "a file in front": (f"sed /time/s/45/60/ {DROP_IN} > /etc/sysctl.d/99-zzz.conf; sed -i /^net/d {DROP_IN}", {"keepalive_time": "60"}),
    "another file asked for": ("true", {"keepalive_sysctl_file": "/etc/sysctl.d/90-mine.conf", "keepalive_overridden": "warn"}),
    "AWS": ("sed -i /tcp_keepalive/d ~admin/.aws/config ~ec2-user/.aws/config", {}),
}


def kept_alive(host: Host, **variables: str) -> Played:
    done = play("longlived.tcp.keepalive", host.testbed.inventory, "--limit", host.name, **variables)
    assert done.status == 0, done.output
    return done


def test_a_host_that_is_right_is_only_looked_at(host: Host) -> None:
    assert kept_alive(host).recap[host.name]["changed"] == 1
    before = snapshot(host)
    done = kept_alive(host)
    assert done.recap[host.name]["changed"] == 0
    said = f"{host.name}: time/intvl/probes 45/45/9, unchanged; next boot: {DROP_IN}; {aws_config(host)}: tcp_keepalive = true"
    assert said in done.output
    assert snapshot(host) == before


@pytest.mark.parametrize("drift", DRIFTS)
def test_whatever_is_not_right_is_set(hosts: list[Host], drift: str) -> None:
    host = hosts[0]
    script, asked = DRIFTS[drift]
    kept_alive(host)
    host.enter(["sh", "-c", script], check=False)
    done = kept_alive(host, **asked)
    assert done.recap[host.name]["changed"] == 1, done.output


def test_one_host_drifted_beside_one_that_is_right(hosts: list[Host]) -> None:
    right, drifted = hosts[:2]
    play("longlived.tcp.keepalive", right.testbed.inventory)
    drifted.enter(["sh", "-c", "echo 60 > /proc/sys/net/ipv4/tcp_keepalive_time"])
    done = play("longlived.tcp.keepalive", right.testbed.inventory)
    assert done.status == 0, done.output
    assert (done.recap[right.name]["changed"], done.recap[drifted.name]["changed"]) == (0, 1)
    assert f"{right.name}: time/intvl/probes 45/45/9, unchanged" in done.output
    assert f"{drifted.name}: time/intvl/probes 60/45/9 -> 45/45/9" in done.output


def test_a_default_users_aws_config_that_cannot_be_read_keeps_no_kernel_from_its_values(hosts: list[Host]) -> None:
    host = hosts[0]
    host.enter(["mkdir", "-p", f"/home/{host.login}/.aws"])
    write(host, aws_config(host), "[default\nfoo\n")
    done = play("longlived.tcp.keepalive", host.testbed.inventory, "--limit", host.name)
    assert done.status == 2
    assert f"{aws_config(host)}, line 1: botocore cannot read this file" in done.output
    assert runtime(host) == boot_value(host) == KEPT_ALIVE


def test_what_hinders_a_user_who_was_named_is_refused(hosts: list[Host]) -> None:
    host = hosts[0]
    host.enter(["mkdir", "-p", f"/home/{host.login}/.aws"])
    write(host, aws_config(host), "[default\nfoo\n")
    before = snapshot(host)
    for users, says in (("alice,nosuch", "There is no user named nosuch"), (host.login, "line 1: botocore cannot read this file")):
        for how in ((), ("--check",)):
            done = play("longlived.tcp.keepalive", host.testbed.inventory, "--limit", host.name, *how, keepalive_aws_users=users)
            assert done.status == 2
            assert says in done.output
            assert snapshot(host) == before


def test_the_last_line_is_not_of_an_earlier_play(hosts: list[Host], tmp_path: Path) -> None:
    host = hosts[0]
    plays = tmp_path / "plays.yml"
    plays.write_text("".join(f"- ansible.builtin.import_playbook: longlived.tcp.{name}\n" for name in ("keepalive", "keepalive", "verify")))
    done = play(plays, host.testbed.inventory, "--limit", host.name)
    assert done.status == 0, done.output
    said = re.findall(r"time/intvl/probes ([^;]*);", done.output)
    assert said == ["7200/75/9 -> 45/45/9", "45/45/9, unchanged", "45/45/9"]


def test_a_reboot_proves_it(hosts: list[Host]) -> None:
    ids = {host.name: host.boot_id() for host in hosts}
    done = play("longlived.tcp.keepalive", hosts[0].testbed.inventory, keepalive_reboot="if_changed", keepalive_time="46")
    assert done.status == 0, done.output
    for host in hosts:
        assert host.boot_id() != ids[host.name]
        assert runtime(host) == {**KEPT_ALIVE, "time": 46}
        assert f"{host.name}: rebooted; time/intvl/probes 46/45/9; next boot: {DROP_IN}" in done.output
    # One host at a time: a play for each.
    assert done.output.count("PLAY [Keep idle TCP connections alive]") == len(hosts)
    ids = {host.name: host.boot_id() for host in hosts}
    play("longlived.tcp.keepalive", hosts[0].testbed.inventory, keepalive_reboot="if_changed", keepalive_time="46")
    assert ids == {host.name: host.boot_id() for host in hosts}


def test_the_role_alone_in_a_users_own_playbook(hosts: list[Host], tmp_path: Path) -> None:
    own = tmp_path / "own.yml"
    own.write_text(OWN_PLAYBOOK)
    done = play(own, hosts[0].testbed.inventory)
    assert done.status == 0, done.output
    assert [runtime(host) for host in hosts] == [KEPT_ALIVE] * len(hosts)
    assert [row["changed"] for row in play(own, hosts[0].testbed.inventory).recap.values()] == [0] * len(hosts)


@pytest.mark.parametrize("how", [(), ("--check",)], ids=["run", "check"])
def test_verify_fails_on_an_untouched_host_and_names_each_thing(host: Host, how: tuple[str, ...]) -> None:
    before = snapshot(host)
    done = play("longlived.tcp.verify", host.testbed.inventory, "--limit", host.name, *how)
    assert done.status == 2
    assert "net.ipv4.tcp_keepalive_time is 7200 in the running kernel" in done.output
    assert "net.ipv4.tcp_keepalive_time will be 7200 after the next boot, expected 45: no file that a boot reads sets it" in done.output
    assert snapshot(host) == before


def test_verify_names_the_file_and_line_that_will_win(host: Host) -> None:
    play("longlived.tcp.keepalive", host.testbed.inventory, "--limit", host.name)
    write(host, "/etc/sysctl.d/99-zzz.conf", "\n\nnet.ipv4.tcp_keepalive_probes = 3\n")
    done = play("longlived.tcp.verify", host.testbed.inventory, "--limit", host.name)
    assert done.status == 2
    assert (
        "net.ipv4.tcp_keepalive_probes will be 3 after the next boot, expected 9: /etc/sysctl.d/99-zzz.conf line 3 sets it" in done.output
    )
    assert "is 45 in the running kernel" not in done.output


def test_verify_can_report_only(host: Host) -> None:
    done = play("longlived.tcp.verify", host.testbed.inventory, "--limit", host.name, keepalive_verify_report_only="true")
    assert done.status == 0
    assert "net.ipv4.tcp_keepalive_time is 7200 in the running kernel" in done.output


@pytest.mark.parametrize(("argument", "says"), MISTAKES, ids=[argument for argument, _says in MISTAKES])
def test_a_mistake_is_refused_before_any_host_is_touched(tmp_path: Path, argument: str, says: str) -> None:
    inventory = tmp_path / "hosts.ini"
    inventory.write_text(NOWHERE)
    done = play("longlived.tcp.keepalive", inventory, *shlex.split(argument))
    assert says in done.output
    assert done.recap["nowhere"]["failed"] == 1
    assert done.recap["nowhere"]["unreachable"] == 0


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("keepalive_tiem=60", "no variable keepalive_tiem"),
        ("keepalive_verify_tiem=60", "no variable keepalive_verify_tiem"),
        ("keepalive_time=0", "keepalive_time is 0"),
        ("keepalive_verify_state=absnt", "value of keepalive_verify_state must be one of: present, absent"),
        ("keepalive_verify_probes=999", "keepalive_verify_probes is 999"),
        ("keepalive_verify_processes=[a]", "keepalive_verify_processes has [a], whose brackets"),
    ],
)
def test_verify_refuses_mistakes_as_well(hosts: list[Host], argument: str, says: str) -> None:
    host = hosts[0]
    done = play("longlived.tcp.verify", host.testbed.inventory, "--limit", host.name, "-e", argument)
    assert says in done.output
    assert done.recap[host.name]["failed"] == 1
    assert "in the running kernel" not in done.output, "what cannot be meant is not compared with anything"


def test_what_the_inventory_says_of_verification_counts(host: Host, tmp_path: Path) -> None:
    own = tmp_path / "hosts.yml"
    own.write_text(host.testbed.inventory.read_text())
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text(
        "keepalive_timeout: 65\nkeepalive_foreign_variables: [keepalive_timeout]\nkeepalive_verify_time: 60\n"
    )
    assert play("longlived.tcp.keepalive", own, "--limit", host.name).status == 0
    told = play("longlived.tcp.verify", own, "--limit", host.name)
    assert "net.ipv4.tcp_keepalive_time is 45 in the running kernel (/proc/sys/net/ipv4/tcp_keepalive_time), expected 60" in told.output


def test_a_tolerated_override_ends_well_and_says_so(host: Host) -> None:
    write(host, "/etc/sysctl.d/99-zzz.conf", "net.ipv4.tcp_keepalive_time = 100\n")
    done = play("longlived.tcp.keepalive", host.testbed.inventory, "--limit", host.name, keepalive_overridden="warn")
    assert done.status == 0, done.output
    assert runtime(host) == KEPT_ALIVE
    assert "/etc/sysctl.d/99-zzz.conf line 1 decides" in done.output
    assert f"-> 45/45/9; next boot 100/45/9: {DROP_IN}, /etc/sysctl.d/99-zzz.conf" in done.output


def test_values_from_the_command_line_work(host: Host) -> None:
    done = play(
        "longlived.tcp.keepalive",
        host.testbed.inventory,
        "--limit",
        host.name,
        keepalive_time="60",
        keepalive_intvl="20",
        keepalive_probes="5",
    )
    assert done.status == 0, done.output
    assert runtime(host) == {"time": 60, "intvl": 20, "probes": 5}


def test_a_path_decides_the_values(host: Host) -> None:
    path = '{"keepalive_path": ["nat_gateway", {"name": "nlb", "idle_timeout": 900}], "keepalive_lost_probes": 3}'
    done = play("longlived.tcp.keepalive", host.testbed.inventory, "--limit", host.name, "-e", path)
    assert done.status == 0, done.output
    assert runtime(host) == {"time": 233, "intvl": 20, "probes": 9}
    other = '{"keepalive_path": ["azure_lb"]}'
    told = play("longlived.tcp.verify", host.testbed.inventory, "--limit", host.name, "-e", other)
    assert told.status == 2
    assert "net.ipv4.tcp_keepalive_time is 233 in the running kernel (/proc/sys/net/ipv4/tcp_keepalive_time), expected 135" in told.output


def aws_config(host: Host) -> str:
    return f"/home/{host.login}/.aws/config"


def test_the_login_users_aws_config_is_set_where_there_is_one_and_given_back(host: Host) -> None:
    before = "[default]\nregion = eu-west-1\n"
    write(host, aws_config(host), before)
    host.enter(["chown", "-R", f"{host.login}:{host.login}", f"/home/{host.login}/.aws"])
    limit = ("--limit", host.name)
    told = play("longlived.tcp.verify", host.testbed.inventory, *limit)
    assert (
        f"botocore resolves tcp_keepalive of profile default to nothing for {host.login} ({aws_config(host)}), expected true" in told.output
    )
    done = play("longlived.tcp.keepalive", host.testbed.inventory, *limit)
    assert done.status == 0, done.output
    assert read(host, aws_config(host)) == before + "tcp_keepalive = true\n"
    assert f"; {aws_config(host)}" in done.output
    assert play("longlived.tcp.keepalive", host.testbed.inventory, *limit).recap[host.name]["changed"] == 0
    assert play("longlived.tcp.verify", host.testbed.inventory, *limit).status == 0
    assert play("longlived.tcp.rollback", host.testbed.inventory, *limit).status == 0
    assert read(host, aws_config(host)) == before


def test_a_user_without_aws_config_gets_one_unless_it_is_not_to_be(host: Host) -> None:
    limit = ("--limit", host.name)
    done = play("longlived.tcp.keepalive", host.testbed.inventory, *limit, keepalive_aws_create="false")
    assert done.status == 0, done.output
    assert not exists(host, aws_config(host))
    assert f"no keepalive in boto3 and the AWS CLI for {host.login}: {aws_config(host)} is not present" in done.output
    created = play("longlived.tcp.keepalive", host.testbed.inventory, *limit)
    assert created.status == 0, created.output
    assert "tcp_keepalive = true" in read(host, aws_config(host))
    assert play("longlived.tcp.rollback", host.testbed.inventory, *limit).status == 0
    assert not exists(host, aws_config(host))


def test_what_the_inventory_says_of_aws_counts(host: Host, tmp_path: Path) -> None:
    own = tmp_path / "hosts.yml"
    own.write_text(host.testbed.inventory.read_text())
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text(
        "keepalive_aws_users: [alice]\nkeepalive_aws_create: true\nkeepalive_aws_profiles: [prod]\n"
    )
    done = play("longlived.tcp.keepalive", own, "--limit", host.name)
    assert done.status == 0, done.output
    assert "[profile prod]\ntcp_keepalive = true\n" in read(host, "/home/alice/.aws/config")
    assert not exists(host, aws_config(host))


def test_a_rollback_finds_what_was_written_under_another_name(host: Host) -> None:
    limit = ("--limit", host.name)
    other = "/etc/sysctl.d/99-zz-mine.conf"
    assert play("longlived.tcp.keepalive", host.testbed.inventory, *limit, keepalive_sysctl_file=other).status == 0
    done = play("longlived.tcp.rollback", host.testbed.inventory, *limit, "--diff")
    assert done.status == 0, done.output
    assert f"--- before: {other}" in done.output
    assert not exists(host, other)
    assert runtime(host) == KERNEL_DEFAULTS
    # A file that does not bear the header stays, and is named.
    write(host, "/etc/sysctl.d/99-zzz.conf", "net.ipv4.tcp_keepalive_time = 100\n")
    done = play("longlived.tcp.rollback", host.testbed.inventory, *limit)
    assert done.status == 0, done.output
    assert "/etc/sysctl.d/99-zzz.conf line 1" in done.output
    assert runtime(host) == {**KERNEL_DEFAULTS, "time": 100}


def test_an_image_is_judged_by_its_next_boot_alone(host: Host) -> None:
    limit = ("--limit", host.name)
    done = play("longlived.tcp.keepalive", host.testbed.inventory, *limit, keepalive_runtime="false")
    assert done.status == 0, done.output
    assert f"running values not checked; next boot 45/45/9: {DROP_IN}" in done.output
    assert runtime(host) == KERNEL_DEFAULTS
    assert play("longlived.tcp.verify", host.testbed.inventory, *limit, keepalive_runtime="false").status == 0
    assert play("longlived.tcp.verify", host.testbed.inventory, *limit).status == 2
    assert boot_value(host) == KEPT_ALIVE


def test_a_run_is_limited_by_parts_and_not_by_tags_in_silence(host: Host) -> None:
    limit = ("--limit", host.name)
    before = snapshot(host)
    done = play("longlived.tcp.keepalive", host.testbed.inventory, *limit, "--tags", "sysctl")
    assert "Nothing was done" in done.output and "-e keepalive_parts=sysctl" in done.output
    assert done.recap[host.name]["ok"] == 0
    assert snapshot(host) == before
    done = play("longlived.tcp.keepalive", host.testbed.inventory, *limit, keepalive_parts="sysctl")
    assert done.status == 0, done.output
    assert runtime(host) == KEPT_ALIVE
    assert not exists(host, aws_config(host))


# Each of Ansible's ways to have both roles, with variables that the latter does not see.
WAYS = {
    "roles": "  roles:\n    - {role: longlived.tcp.keepalive, vars: %s}\n    - longlived.tcp.keepalive_verify\n",
    "parameters": "  roles:\n    - {role: longlived.tcp.keepalive, keepalive_path: [nat_gateway], keepalive_aws_users: alice}\n"
    "    - longlived.tcp.keepalive_verify\n",
    "play": "  vars: %s\n  roles: [longlived.tcp.keepalive, longlived.tcp.keepalive_verify]\n",
    "include_role": "  tasks:\n    - {include_role: {name: longlived.tcp.keepalive}, vars: %s}\n"
    "    - include_role: {name: longlived.tcp.keepalive_verify}\n",
    "import_role": "  tasks:\n    - {import_role: {name: longlived.tcp.keepalive}, vars: %s}\n"
    "    - import_role: {name: longlived.tcp.keepalive_verify}\n",
    "modules": "  become: true\n  tasks:\n"
    "    - {longlived.tcp.keepalive: {path: nat_gateway, aws_users: [alice]}, register: keepalive_result}\n"
    "    - longlived.tcp.keepalive_verify:\n",
}


@pytest.mark.parametrize("way", WAYS)
def test_what_was_asked_for_is_verified_however_the_roles_come(hosts: list[Host], tmp_path: Path, way: str) -> None:
    host = hosts[0]
    own = tmp_path / "own.yml"
    asked = "{keepalive_path: [nat_gateway], keepalive_aws_users: alice}"
    own.write_text("- hosts: all\n  gather_facts: false\n" + WAYS[way].replace("%s", asked))
    for how in (("--check",), ()):
        done = play(own, host.testbed.inventory, "--limit", host.name, *how)
        assert done.status == 0, done.output
        said = re.findall(rf"^{host.name}: (.*)$", done.output, re.MULTILINE)
        assert len(said) == 2
        assert all("233/20/9; next boot" in line and "/home/alice/.aws/config: tcp_keepalive = true" in line for line in said), said
        assert all(line.startswith("would be: ") == bool(how) for line in said), said


def test_a_playbook_for_an_earlier_release_still_runs(host: Host) -> None:
    done = play("longlived.tcp.keepalive", host.testbed.inventory, "--limit", host.name, keepalive_look_first="true")
    assert done.status == 0, done.output
    assert "keepalive_look_first does nothing any more: remove it." in " ".join(done.output.split())
