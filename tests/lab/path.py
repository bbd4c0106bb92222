# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A path: client hosts, an appliance that forgets, the server."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from .appliances import APPLIANCES, firewall_rules, rules
from .namespaces import Namespace

FIRST_PORT, LAST_PORT = 20000, 20499
"""Each cell has a port of its own, by which its packets are counted."""


@dataclass(frozen=True)
class Packets:
    """What went over the wire on the client's side of the appliance, resets included."""

    from_client: int
    to_client: int
    resets_from_client: int
    resets_to_client: int
    probes: int
    """Keepalive probes from the client."""
    other_firewall: int
    """Landed on a firewall that had not seen the connection begin."""


class Path:
    """One appliance between all the client hosts and the server, with an idle timeout in seconds."""

    def __init__(self, stack: ExitStack, name: str, number: int, clients: list[Namespace], server: Namespace, idle_timeout: int) -> None:
        self.name, self.appliance, self.idle_timeout = name, APPLIANCES[name], idle_timeout
        self.router = router = Namespace.new(stack)
        self._firewalls: list[Namespace] = []
        self._clients, self._server = f"10.64.{number}", f"10.65.{number}"
        router.link("server", f"{self._server}.1/30", server, f"path{number}", f"{self._server}.2/30")
        for place, client in enumerate(clients):
            ours, theirs = 4 * place + 1, 4 * place + 2
            router.link(f"client{place}", f"{self._clients}.{ours}/30", client, f"path{number}", f"{self._clients}.{theirs}/30")
            client.run(f"ip route add {self._server}.0/30 via {self._clients}.{ours}")
        server.run(f"ip route add {self._clients}.0/24 via {self._server}.1")
        router.set(net__ipv4__ip_forward=1)
        if self.appliance.firewalls:
            for place in (1, 2):
                self._firewall(stack, place)
        router.nft(rules(self.appliance))
        # After the rules: they bring connection tracking into the namespace.
        if not self.appliance.proxy:
            names = ("established", "max_retrans", "unacknowledged")
            remembers = {f"net__netfilter__nf_conntrack_tcp_timeout_{name}": idle_timeout for name in names}
            # A Gateway Load Balancer takes what it does not know for a new flow; the others know it for what it is.
            router.set(net__netfilter__nf_conntrack_tcp_loose=int(self.appliance.firewalls), **remembers)
        else:
            self._proxy(stack, idle_timeout)

    @property
    def address(self) -> str:
        """Where the clients find the server."""
        return f"{self._server}.{1 if self.appliance.proxy else 2}"

    def _firewall(self, stack: ExitStack, place: int) -> None:
        firewall, net = Namespace.new(stack), f"10.67.{place}"
        self._firewalls.append(firewall)
        self.router.link(f"firewall{place}", f"{net}.1/30", firewall, "router", f"{net}.2/30")
        firewall.run(f"ip route add default via {net}.1")
        firewall.set(net__ipv4__ip_forward=1, net__ipv4__conf__all__rp_filter=0, net__ipv4__conf__router__rp_filter=0)
        firewall.nft(firewall_rules())
        firewall.set(net__netfilter__nf_conntrack_tcp_loose=0)
        self.router.set(**{"net__ipv4__conf__all__rp_filter": 0, f"net__ipv4__conf__firewall{place}__rp_filter": 0})
        self.router.run(f"ip route add default via {net}.2 table {100 + place}")
        self.router.run(f"ip rule add fwmark {place} table {100 + place}")

    def _proxy(self, stack: ExitStack, idle_timeout: int) -> None:
        config = f"""
defaults
  mode tcp
  timeout connect 5s
  timeout client {idle_timeout}s
  timeout server {idle_timeout}s
listen lab
  bind {self.address}:{FIRST_PORT}-{LAST_PORT}
  server slow {self._server}.2
"""
        # A file that is nowhere needs no removal.
        file = os.memfd_create("haproxy.cfg")
        os.write(file, config.encode())
        proxy = subprocess.Popen(self.router.inside(["haproxy", "-db", "-q", "-f", f"/proc/self/fd/{file}"]), pass_fds=[file])
        os.close(file)
        stack.callback(proxy.wait, 10)
        stack.callback(proxy.kill)
        while f"{self.address}:{LAST_PORT}" not in self.router.run("ss -Hltn"):
            if proxy.poll() is not None:
                raise RuntimeError("HAProxy does not start")

    def impair(self, netem: str) -> None:
        """Delay, lose or reorder what leaves toward the server, as tc-netem(8) says it."""
        self.router.run(f"tc qdisc add dev server root netem {netem}")

    def lose(self, *rule: str) -> None:
        """Lose what these nft rules (of the prerouting hook) drop, before the appliance sees it."""
        self.router.nft("\n".join(f"add rule inet losses incoming {line}" for line in rule))

    def lost(self, port: int) -> int:
        """How many packets rules with `update @lost` have dropped."""
        return _counters(self.router, "losses", port).get("lost", 0)

    def packets(self, port: int) -> Packets:
        """Of the cell that has this port."""
        counted = _counters(self.router, "counted", port)
        return Packets(
            from_client=counted.get("from_clients", 0),
            to_client=counted.get("to_clients", 0),
            resets_from_client=counted.get("resets_from_clients", 0),
            resets_to_client=counted.get("resets_to_clients", 0),
            probes=counted.get("probes", 0),
            other_firewall=sum(_counters(firewall, "appliance", port).get("unknown", 0) for firewall in self._firewalls),
        )


def _counters(namespace: Namespace, table: str, port: int) -> dict[str, int]:
    """By the name of a set of ports in this table, the packets of this port."""
    shown: list[dict[str, Any]] = json.loads(namespace.run(f"nft -j list table inet {table}"))["nftables"]
    sets = [row["set"] for row in shown if "set" in row]
    return {
        counter["name"]: row["elem"]["counter"]["packets"]
        for counter in sets
        for row in counter.get("elem", [])
        if isinstance(row, dict) and row["elem"]["val"] == port
    }
