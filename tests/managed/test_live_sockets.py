# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections between two hosts that were open before the roles came: seen, protected where asked for, verified.

What became of a connection is read from ss on the host itself, which knows nothing of this collection.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.hosts import Host, Testbed
from tests.managed.playbooks import Played, play, run_module
from tests.managed.state import KEPT_ALIVE, runtime

PORT = 7350

# Both tell systemd when they are there, as a service of Type=notify does, and run on Python 2 as well.
NOTIFY = """
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.connect(os.environ["NOTIFY_SOCKET"].replace("@", chr(0), 1))
notify.send(b"READY=1")
"""
SERVER = f"""
import os, socket
server = socket.socket()
server.bind(("", {PORT}))
server.listen(64)
{NOTIFY}
kept = []
while True:
    kept.append(server.accept())
"""
CLIENT = f"""
import os, signal, socket, sys
name, keepalive, address = sys.argv[1:]
with open("/proc/self/comm", "w") as comm:
    comm.write(name)
client = socket.socket()
client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, int(keepalive))
client.connect((address, {PORT}))
{NOTIFY}
signal.pause()
"""


@contextlib.contextmanager
def service(host: Host, unit: str, program: str, *arguments: str, properties: tuple[str, ...] = ()) -> Iterator[None]:
    given = [f"--property={one}" for one in ("Type=notify", "NotifyAccess=all", *properties)]
    host.enter(["systemd-run", "--collect", f"--unit={unit}", *given, host.python, "-c", program, *arguments])
    try:
        yield
    finally:
        host.enter(["systemctl", "stop", unit])


@pytest.fixture
def peer(testbed: Testbed, host: Host) -> Iterator[Host]:
    """Another host, with a program that accepts connections and keeps them."""
    others = [other for other in testbed.values() if other is not host]
    if not others:
        pytest.skip("it takes two hosts: KEEPALIVE_KINDS names one")
    with service(others[0], "accepting", SERVER):
        yield others[0]


@pytest.fixture
def programs(host: Host, peer: Host) -> Iterator[None]:
    """`asker` asked for keepalive under the kernel's old values, `silent` and `bystander` never did."""
    with ExitStack() as stack:
        for name, keepalive in (("asker", "1"), ("silent", "0"), ("bystander", "0")):
            stack.enter_context(service(host, name, CLIENT, name, keepalive, peer.address))
        assert next_probes(host) == {"asker": "hours", "silent": "never", "bystander": "never"}
        yield


def next_probes(host: Host) -> dict[str, str]:
    """When each program's connection sends its next probe: in seconds, in two hours (that is, too late), or never."""
    rows = host.enter(["ss", "-tnpoH", "state", "established", "dport", f"= :{PORT}"]).stdout
    found = {}
    for line in rows.splitlines():
        (name,) = re.findall(r'users:\(\("([^"]+)"', line)
        timer = re.search(r"timer:\(keepalive,([^,]+),", line)
        found[name] = "never" if timer is None else "hours" if re.match(r"\d\d+min", timer[1]) else "seconds"
    return found


def played(host: Host, playbook: str, *arguments: str, **variables: object) -> Played:
    return play(f"longlived.tcp.{playbook}", host.testbed.inventory, "--limit", host.name, *arguments, **variables)


def refused(done: Played, *programs: str) -> bool:
    """Whether verification failed, for these programs' connections and nothing else."""
    named = re.findall(r"(\w+) \(pid \d+, (\w+)\.service\) has 1 (?:stale|unprotected) of 1 connection: ", done.output)
    return done.status == 2 and {name for name, unit in named if name == unit} == set(programs) and "expected" not in done.output


@pytest.mark.usefixtures("programs")
def test_from_opened_before_to_verified(host: Host) -> None:
    # Long enough that no timer fires, and follows the kernel's values of the moment, before the test is over.
    both = {"keepalive_time": 200, "keepalive_verify_processes": "asker,silent"}
    # The role alone leaves connections as they are, and the playbook's last line says so. Ansible's own is not among them.
    done = played(host, "keepalive", keepalive_time=200)
    assert done.status == 0, done.output
    assert next_probes(host)["asker"] == "hours"
    assert "; 3 connections: 1 stale, 2 unprotected; stale until they restart: asker.service" in done.output, done.output
    assert run_module(host, "socket_keepalive_info", processes=["asker"])["summary"]["stale"] == 1
    told = played(host, "verify", **both)
    assert refused(told, "asker", "silent"), told.output
    assert "set keepalive_live_sockets=rearm and keepalive_live_processes=asker, or restart it." in told.output
    assert "set keepalive_live_sockets=enable and keepalive_live_processes=silent, or restart it" in told.output
    reported = played(host, "verify", keepalive_verify_report_only="true", **both)
    assert reported.status == 0
    assert "asker.service) has 1 stale of 1 connection" in reported.output

    done = played(host, "keepalive", keepalive_live_sockets="rearm", **{**both, "keepalive_verify_processes": "asker"})
    assert done.status == 0, done.output
    assert next_probes(host) == {"asker": "seconds", "silent": "never", "bystander": "never"}
    assert refused(played(host, "verify", **both), "silent")

    enable = {"keepalive_live_sockets": "enable", "keepalive_live_processes": "silent", **both}
    done = played(host, "keepalive", **enable)
    assert done.status == 0, done.output
    assert done.recap[host.name]["changed"] == 1
    assert next_probes(host) == {"asker": "seconds", "silent": "seconds", "bystander": "never"}
    assert played(host, "keepalive", **enable).recap[host.name]["changed"] == 0
    assert played(host, "verify", **both).status == 0

    # A rollback turns no connection off again, whatever the variables say, and wants nothing of live connections.
    nothing_named = {"keepalive_live_sockets": "enable", "keepalive_live_peers": "here", "keepalive_verify_processes": "[asker]"}
    for variables in (enable, nothing_named):
        back = played(host, "rollback", **variables)
        assert back.status == 0, back.output
    assert next_probes(host) == {"asker": "seconds", "silent": "seconds", "bystander": "never"}


@pytest.mark.usefixtures("programs")
def test_names_that_are_none(host: Host) -> None:
    """[a] is a glob for the process a: a list typed on the command line is text."""
    before, values = next_probes(host), runtime(host)
    for typed in ("[asker]", "['asker']", "asker,,silent"):
        done = played(host, "keepalive", keepalive_live_sockets="enable", keepalive_live_processes=typed)
        assert done.status == 2, done.output
        assert (next_probes(host), runtime(host)) == (before, values)
    assert "keepalive_live_processes has an empty name" in done.output
    # What looks like a name, and is nobody's, is a warning.
    misspelt = {"keepalive_live_processes": "asker,silnt", "keepalive_verify_processes": "asker,akser"}
    done = played(host, "keepalive", keepalive_live_sockets="rearm", **misspelt)
    assert done.status == 0, done.output
    assert next_probes(host) == {**before, "asker": "seconds"}
    for name in ("silnt", "akser"):
        assert f"processes has {name}, and no process that can be seen is called so" in " ".join(done.output.split())
    assert "processes has asker" not in done.output
    # Blanks around an element are no part of it, in a list as well.
    played(host, "rollback")
    done = played(host, "keepalive", "-e", '{"keepalive_live_peers": [" 10.99.0.0/24"]}', keepalive_live_sockets="rearm")
    assert done.status == 0, done.output


@pytest.mark.usefixtures("programs")
def test_enabled_by_the_peers_address(host: Host, peer: Host) -> None:
    done = played(host, "keepalive", keepalive_live_sockets="enable", keepalive_live_peers="10.99.0.0/16,2001:db8::/32")
    assert done.status == 0, done.output
    assert next_probes(host) == {"asker": "hours", "silent": "never", "bystander": "never"}
    done = played(host, "keepalive", keepalive_live_sockets="enable", keepalive_live_peers=f"{peer.address}/32")
    assert done.status == 0, done.output
    assert set(next_probes(host).values()) == {"seconds"}


@pytest.mark.usefixtures("programs")
def test_a_check_run_foresees_what_is_re_armed_and_changes_nothing(host: Host) -> None:
    asked = {"keepalive_live_sockets": "rearm", "keepalive_live_processes": "asker,silent"}
    before, values = next_probes(host), runtime(host)
    foreseen = played(host, "keepalive", "--check", "--diff", **asked)
    assert foreseen.status == 0, foreseen.output
    assert (next_probes(host), runtime(host)) == (before, values)
    done = played(host, "keepalive", "--diff", **asked)
    assert next_probes(host) == {**before, "asker": "seconds"}
    assert runtime(host) == KEPT_ALIVE
    assert foreseen.recap[host.name]["changed"] == done.recap[host.name]["changed"] == 1
    changed = re.compile(r"^\+asker \(\d+\) .*: keepalive on, re-armed$", re.MULTILINE)
    assert changed.findall(foreseen.output) == changed.findall(done.output) != []


@pytest.mark.usefixtures("programs")
def test_keepalive_info_counts_as_socket_keepalive_info_does(host: Host) -> None:
    run_module(host, "keepalive_sysctl")
    info = run_module(host, "keepalive_info", sockets=True, processes=["asker", "by*"])
    live = run_module(host, "socket_keepalive_info", processes=["asker", "by*"])
    assert info["processes"] == live["processes"]
    assert info["sockets"] == run_module(host, "socket_keepalive_info")["summary"]
    assert not {"sockets", "processes"} & set(run_module(host, "keepalive_info"))
    assert run_module(host, "keepalive_info", processes=["nothing-is-called-so"])["processes"] == []
    # Without root the host's connections are counted all the same, and whose they are is not said.
    seen = run_module(host, "keepalive_info", become=False, sockets=True, processes=["asker"])
    assert seen["sockets"] == info["sockets"]
    assert seen["processes"] == []
    assert "Not root" in " ".join(seen["warnings"])


def test_connections_in_other_network_namespaces_count(host: Host) -> None:
    """As in a container: a namespace of its own, wired to the host."""
    wire = (
        "ip netns add box && ip link add outside type veth peer name inside netns box &&"
        " ip addr add 10.99.0.1/24 dev outside && ip link set outside up &&"
        " ip -n box addr add 10.99.0.2/24 dev inside && ip -n box link set inside up && ip -n box link set lo up"
    )
    host.enter(["sh", "-c", wire])
    try:
        run_module(host, "keepalive_sysctl")
        before = run_module(host, "keepalive_info", sockets=True)["sockets"]
        in_box = ("NetworkNamespacePath=/run/netns/box",)
        with service(host, "outside", SERVER), service(host, "boxed", CLIENT, "boxed", "1", "10.99.0.1", properties=in_box):
            info = run_module(host, "keepalive_info", sockets=True, processes=["boxed"])
            # Both ends: outside never asked, inside the value is the kernel's default.
            assert info["sockets"]["established"] == before["established"] + 2
            assert info["sockets"]["unprotected"] == before["unprotected"] + 2
            (row,) = info["processes"]
            assert (row["unit"], row["established"], row["unprotected"]) == ("boxed.service", 1, 1)
            assert row["reasons"] == {"disabled": 0, "runtime": 1, "pinned": 0}
    finally:
        host.enter(["ip", "netns", "del", "box"])
