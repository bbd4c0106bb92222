# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""path_idle_info on paths that forget, and on listeners of every kind."""

from __future__ import annotations

import asyncio
import functools
import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.lab.appliances import APPLIANCES
from tests.lab.clients import postgresql
from tests.lab.idle_question import ask, listener, play, start, start_silent_listener
from tests.lab.namespaces import Namespace
from tests.lab.path import FIRST_PORT, Packets
from tests.lab.path import Path as NetworkPath
from tests.lab.services import FIRST_SQL_PORT, Server
from tests.lab.table import missing
from tests.new_sockets.cgroups import made

IDLE_TIMEOUT = 8
SILENCES = [6, 10]
ENDS = {
    "nat_gateway": "reset",
    "nlb": "reset",
    "vpc_endpoint": "reset",
    "firewall": "silent",
    "gwlb": "silent",
    "gwlb_sticky": "alive",
    "application_proxy": "closed_by_peer",
}
"""What the question meets when the appliance has forgotten."""
PATIENT_PROXY, DATABASE, NEW_SOCKETS, LOSSY, REJECTING = "patient proxy", "database", "new sockets", "lossy", "rejecting"

PORT = 7777
LONG = 300
"""Seconds, longer than any test waits."""

# Of a host whose own keepalive would keep every connection alive.
BUSY = {"net__ipv4__tcp_keepalive_time": 1, "net__ipv4__tcp_keepalive_intvl": 1, "net__ipv4__tcp_keepalive_probes": 9}

# A firewall that says so when it has forgotten.
_REJECTING = """
table inet rejecting {
  chain passing {
    type filter hook forward priority -1;
    ct state invalid reject with icmpx type host-unreachable
  }
}
"""

# How many connections this host has begun, by port; and packets that are lost on the way out, one for each port of @losing.
_COUNTED = """
table inet asked {
  set begun { typeof tcp dport; flags dynamic; counter; size 1000; }
  set losing { typeof tcp dport; }
  set lost { typeof tcp dport; flags dynamic; size 1000; }
  chain out {
    type filter hook output priority 0;
    tcp flags & (syn | ack) == syn update @begun { tcp dport }
    tcp dport @losing tcp dport != @lost add @lost { tcp dport } drop
  }
}
"""

Found = dict[str, Any]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def found(home: Path) -> Found:
    """Every path asked at once: what the module returned, with the packets that the appliance saw, by the name of the path."""
    if os.geteuid() != 0:
        pytest.skip("it makes network namespaces, which needs root")
    with ExitStack() as stack:
        return asyncio.run(_find(stack, home))


async def _find(stack: ExitStack, home: Path) -> Found:
    client, far_end = Namespace.new(stack), Namespace.new(stack)
    client.set(**BUSY)
    client.nft(_COUNTED)
    server = Server(far_end)
    programs = postgresql()
    if programs:
        await server.start_postgres(programs)
    names = [*ENDS, PATIENT_PROXY, NEW_SOCKETS, LOSSY, REJECTING, *([DATABASE] if programs else [])]
    if missing(["application_proxy"], []):
        names = [name for name in names if name not in ("application_proxy", PATIENT_PROXY)]
    cells = [_ask(stack, home, client, far_end, name, number) for number, name in enumerate(names, 1)]
    try:
        return dict(zip(names, await asyncio.gather(*cells), strict=True))
    finally:
        await server.end()


async def _ask(stack: ExitStack, home: Path, client: Namespace, far_end: Namespace, name: str, number: int) -> Found:
    others = {PATIENT_PROXY: "application_proxy", DATABASE: "nlb", NEW_SOCKETS: "nat_gateway", LOSSY: "nlb", REJECTING: "firewall"}
    appliance = others.get(name, name)
    idle_timeout = LONG if name in (PATIENT_PROXY, DATABASE) else IDLE_TIMEOUT + 4 if name == LOSSY else IDLE_TIMEOUT
    path = await asyncio.to_thread(NetworkPath, stack, appliance, number, [client], far_end, idle_timeout)
    port = FIRST_PORT + number
    if name == REJECTING:
        path.router.nft(_REJECTING)
    if name == DATABASE:
        port = FIRST_SQL_PORT
    elif name != LOSSY:
        stack.callback((await start_silent_listener(far_end, port)).kill)
    options = {"host": path.address, "port": port, "silences": {DATABASE: [90], LOSSY: [6, 14]}.get(name, SILENCES)}
    asked = functools.partial(ask, client, home, **options)
    if name == NEW_SOCKETS:
        with made() as cgroup:
            cgroup.attach(times=(2, 1, 9), most=0)
            result = await asked(cgroup=cgroup.path)
    elif name == LOSSY:
        with listener(far_end, port) as one:
            answered = asyncio.create_task(asked())
            with (await asyncio.get_running_loop().sock_accept(one))[0]:
                client.run(f"nft add element inet asked losing {{ {port} }}")
                result = await answered
    else:
        result = await asked()
    assert "tried" in result, result
    begun = re.search(rf"\b{port} counter packets (\d+)", client.run("nft list set inet asked begun"))
    assert begun
    return {**result, "begun": int(begun[1]), "packets": path.packets(port)}


def of(found: Found, name: str) -> Found:
    if name not in found:
        pytest.skip(f"{name}: there is no program for it here")
    result: Found = found[name]
    return result


def outcomes(result: Found) -> list[str]:
    return [row["outcome"] for row in result["tried"]]


@pytest.mark.parametrize("name", ENDS)
def test_every_appliance_answers_in_its_way(found: Found, name: str) -> None:
    assert set(ENDS) == set(APPLIANCES)
    assert outcomes(of(found, name)) == ["alive", ENDS[name]]
    assert all(row["segments"] == 0 for row in found[name]["tried"])


@pytest.mark.parametrize("name", ENDS)
def test_the_range_contains_the_truth(found: Found, name: str) -> None:
    result = of(found, name)
    if ENDS[name] in ("alive", "closed_by_peer"):
        assert result["forgets_by"] is None
    else:
        assert result["remembers_at_least"] < IDLE_TIMEOUT <= result["forgets_by"]
    assert result["remembers_at_least"] == (10 if name == "gwlb_sticky" else 6)


def test_one_connection_and_one_probe_for_each_question(found: Found) -> None:
    assert {name: result["begun"] for name, result in found.items()} == dict.fromkeys(found, 1)
    packets: Packets = found["nat_gateway"]["packets"]
    # SYN, ACK and two probes; SYN-ACK, an answer and a RST.
    assert (packets.from_client, packets.to_client, packets.resets_to_client) == (4, 3, 1)
    # SYN, ACK, a probe that is answered, four that are not, and the kernel's RST.
    assert found["firewall"]["packets"].from_client == 8


def test_a_proxy_answers_for_itself_and_a_warning_says_so(found: Found) -> None:
    assert outcomes(of(found, PATIENT_PROXY)) == ["alive", "alive"]
    assert "a proxy answers for itself" in found[PATIENT_PROXY]["said"]
    assert "The other side closed the connection after" in found["application_proxy"]["said"]
    assert [row["name"] for row in found["application_proxy"]["appliance"]] == ["alb", "clb", "envoy"]


def test_keepalive_for_new_connections_makes_no_difference(found: Found) -> None:
    assert outcomes(found[NEW_SOCKETS]) == outcomes(found["nat_gateway"])
    assert found[NEW_SOCKETS]["packets"].from_client == found["nat_gateway"]["packets"].from_client


def test_one_lost_probe_is_no_forgotten_connection(found: Found) -> None:
    assert outcomes(found[LOSSY]) == ["alive", "reset"]
    # The lost one, and what nat_gateway has.
    assert found[LOSSY]["packets"].from_client == 4


def test_a_firewall_that_rejects_by_icmp_is_silence(found: Found) -> None:
    """TCP takes no notice: a probe's sequence number is outside the window."""
    assert outcomes(found[REJECTING]) == ["alive", "silent"]


def test_a_database_closes_by_itself(found: Found) -> None:
    (row,) = of(found, DATABASE)["tried"]
    assert row["outcome"] == "closed_by_peer"
    assert 58 <= row["seconds"] <= 65
    assert found[DATABASE]["forgets_by"] is None


# --- listeners, without an appliance ----------------------------------------------------------------


@pytest.fixture
def host() -> Iterator[Namespace]:
    if os.geteuid() != 0:
        pytest.skip("it makes network namespaces, which needs root")
    with ExitStack() as stack:
        namespace = Namespace.new(stack)
        namespace.set(**BUSY)
        yield namespace


def test_a_listener_that_never_accepts_is_alive(host: Namespace, home: Path) -> None:
    with listener(host, PORT):
        result = asyncio.run(ask(host, home, host="127.0.0.1", port=PORT, silences=[3, 2]))
    assert [(row["silence"], row["outcome"], row["segments"]) for row in result["tried"]] == [(2, "alive", 0), (3, "alive", 0)]
    assert (result["remembers_at_least"], result["forgets_by"], result["appliance"]) == (3, None, [])


def test_ipv6(host: Namespace, home: Path) -> None:
    with listener(host, PORT, family=socket.AF_INET6):
        result = asyncio.run(ask(host, home, host="::1", port=PORT, silences=[1]))
    assert (result["address"], outcomes(result)) == ("::1", ["alive"])


def test_a_listener_that_closes_is_told_apart(host: Namespace, home: Path) -> None:
    async def asked() -> Found:
        with listener(host, PORT) as one:
            result = asyncio.create_task(ask(host, home, host="127.0.0.1", port=PORT, silences=[LONG]))
            with (await asyncio.get_running_loop().sock_accept(one))[0]:
                await asyncio.sleep(5)  # what this listener does
            return await result

    (row,) = asyncio.run(asked())["tried"]
    assert row["outcome"] == "closed_by_peer"
    assert 3 <= row["seconds"] <= 10


def test_a_listener_that_waits_for_data_first(host: Namespace, home: Path) -> None:
    """It repeats its SYN-ACK once, seven seconds after the first, which breaks the silence of that moment."""
    with listener(host, PORT, (socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 5)):
        result = asyncio.run(ask(host, home, host="127.0.0.1", port=PORT, silences=[1, 8, 9]))
    assert [(row["outcome"], row["segments"] > 0) for row in result["tried"]] == [("alive", False), ("alive", True), ("alive", False)]
    assert result["remembers_at_least"] == 9


def test_a_listener_with_a_keepalive_of_its_own_is_no_silence(host: Namespace, home: Path) -> None:
    own = ((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1))
    with listener(host, PORT, *own):
        result = asyncio.run(ask(host, home, host="127.0.0.1", port=PORT, silences=[3]))
    (row,) = result["tried"]
    assert (row["outcome"], result["remembers_at_least"]) == ("alive", None)
    assert row["segments"] >= 2
    assert f"The silence of 3 seconds is not counted, as segments arrived in it ({row['segments']})" in result["said"]


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("127.0.0.1", "127.0.0.1 port 7777 refuses the connection: start a listener there that stays silent."),
        ("no-such-name.invalid", "The name no-such-name.invalid does not resolve here ("),
        ("192.0.2.1", "Cannot connect to 192.0.2.1 port 7777: Network is unreachable."),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(host: Namespace, home: Path, where: str, says: str) -> None:
    result = asyncio.run(ask(host, home, host=where, port=PORT))
    assert result["msg"].startswith(says)
    assert "Traceback" not in result["said"]


# --- how it ends ------------------------------------------------------------------------------------


async def _until_reset(host: Namespace, home: Path, *more: str, kill: bool) -> str:
    """What Ansible says when the connection has come to a RST."""
    loop = asyncio.get_running_loop()
    with listener(host, PORT) as one:
        process = await start(host, home, *more, host="127.0.0.1", port=PORT, silences=[LONG])
        said = asyncio.create_task(process.communicate())
        accepted, _address = await loop.sock_accept(one)
        with accepted:
            assert _sockets(host) == 2  # both ends
            if kill:
                os.kill(_owner(host), signal.SIGKILL)
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(loop.sock_recv(accepted, 1), 300)
            assert _sockets(host) == 0
            return (await said)[0].decode()


def _sockets(host: Namespace) -> int:
    """Connections in any state; that of a listener is none."""
    return len(host.run("ss -Htan state connected").splitlines())


def _owner(host: Namespace) -> int:
    owner = re.search(rf":{PORT} +users:.*pid=(\d+)", host.run(f"ss -Htnp dport = :{PORT}"))
    assert owner
    return int(owner[1])


def test_a_killed_module_leaves_no_socket(host: Namespace, home: Path) -> None:
    assert "Killed" in asyncio.run(_until_reset(host, home, kill=True))


def test_the_time_limit_of_async_leaves_no_socket(host: Namespace, home: Path) -> None:
    assert "ansible_job_id" in asyncio.run(_until_reset(host, home, "-B", "3", "-P", "0", kill=False))


# --- the documentation ------------------------------------------------------------------------------


def test_the_play_of_the_documentation_plans_from_the_answer(host: Namespace, home: Path) -> None:
    async def played() -> str:
        silent = await start_silent_listener(host, PORT)
        said = await play(
            host, home, {"hosts: all": "hosts: localhost", "listener.example.com": "127.0.0.1", "[340, 360]": "[8]", "poll: 30": "poll: 1"}
        )
        silent.kill()
        await silent.wait()
        return said

    said = asyncio.run(played())
    assert "failed=0" in said, said
    assert re.search(r'"idle_timeout": 8,', said), said
