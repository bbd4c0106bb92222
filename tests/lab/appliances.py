# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The appliances: what each does to a connection that has been silent for its idle timeout.

The kernel's own connection tracking does the forgetting, as it does in many of the real ones. Their
behaviour at expiry is the one that their makers document; docs/appliances.md has the sources.
"""

from __future__ import annotations

from dataclasses import dataclass

# "client*" are the interfaces toward the clients, "server" the one toward the server.
_RST = "meta l4proto tcp reject with tcp reset"
_TO_CLIENTS = f'iifname "client*" {_RST}'


@dataclass(frozen=True)
class Appliance:
    """What forgets, and how."""

    title: str
    says: str
    """What it does with a packet of a connection that it has forgotten."""
    late: tuple[str, ...] = ()
    """nft rules for such a packet."""
    masquerade: bool = False
    firewalls: bool = False
    """Two firewalls beside it, of which each knows only the flows that were begun through it."""
    sticky: bool = False
    """It finds the same firewall again for a flow that it has forgotten."""
    proxy: bool = False
    """It ends the client's TCP connection and makes another one to the server."""


APPLIANCES = {
    "nat_gateway": Appliance("NAT gateway", "RST to the inside, silence to the outside", (_TO_CLIENTS, "drop"), masquerade=True),
    "nlb": Appliance("Network Load Balancer", "RST to whoever sends", (_RST,)),
    "vpc_endpoint": Appliance("Interface VPC endpoint", "RST to the sender", (_RST,), masquerade=True),
    "firewall": Appliance("Firewall", "silence", ("drop",)),
    "gwlb": Appliance("Gateway Load Balancer", "the next packet reaches another firewall, which drops it", firewalls=True),
    "gwlb_sticky": Appliance(
        "Gateway Load Balancer, sticky", "the next packet reaches the same firewall again", firewalls=True, sticky=True
    ),
    "application_proxy": Appliance("Application proxy (HAProxy)", "closes both connections, probes or not", proxy=True),
}

# Everything that passes, counted by the port that its cell has for itself. A probe is what carries nothing and comes from a
# client that has said something and has heard nothing since.
_COUNTED = """
table inet counted {
  set from_clients { typeof tcp dport; flags dynamic; counter; size 65535; }
  set to_clients { typeof tcp sport; flags dynamic; counter; size 65535; }
  set resets_from_clients { typeof tcp dport; flags dynamic; counter; size 65535; }
  set resets_to_clients { typeof tcp sport; flags dynamic; counter; size 65535; }
  set waiting { typeof tcp dport; flags dynamic; size 65535; }
  set probes { typeof tcp dport; flags dynamic; counter; size 65535; }
  chain incoming {
    type filter hook prerouting priority -400;
    iifname "client*" meta l4proto tcp update @from_clients { tcp dport }
    iifname "client*" tcp flags & rst == rst update @resets_from_clients { tcp dport }
    iifname "client*" tcp flags & (fin | syn | rst | psh | ack) == ack tcp dport @waiting update @probes { tcp dport }
    iifname "client*" tcp flags & psh == psh update @waiting { tcp dport }
  }
  chain outgoing {
    type filter hook postrouting priority 400;
    oifname "client*" meta l4proto tcp update @to_clients { tcp sport }
    oifname "client*" tcp flags & rst == rst update @resets_to_clients { tcp sport }
    oifname "client*" tcp flags & (fin | rst | psh) != 0 delete @waiting { tcp sport }
  }
}
"""

# Behind the counting, before the appliance's own memory: what is lost here never reached it.
_LOSSES = """
table inet losses {
  set lost { typeof tcp dport; flags dynamic; counter; size 65535; }
  chain incoming { type filter hook prerouting priority -350; }
}
"""


def rules(appliance: Appliance) -> str:
    return _COUNTED + _LOSSES + (_steering(appliance.sticky) if appliance.firewalls else "" if appliance.proxy else _forgetting(appliance))


def firewall_rules() -> str:
    """For a firewall behind a Gateway Load Balancer: it drops, and counts, what it has not seen begin."""
    return """
table inet appliance {
  set unknown { typeof tcp dport; flags dynamic; counter; size 65535; }
  chain passing {
    type filter hook forward priority 0;
    ct state invalid iifname "router" tcp dport 20000-20499 update @unknown { tcp dport }
    ct state invalid iifname "router" tcp sport 20000-20499 update @unknown { tcp sport }
    ct state invalid drop
  }
}
"""


def _forgetting(appliance: Appliance) -> str:
    late = "\n".join(f"    ct state invalid {rule}" for rule in appliance.late)
    nat = '\n  chain out { type nat hook postrouting priority 100; oifname "server" masquerade; }' if appliance.masquerade else ""
    # The rules stand in both chains: behind address translation, a late answer is for the appliance itself.
    return f"""
table inet appliance {{
  chain passing {{
    type filter hook forward priority 0;
{late}
  }}
  chain arriving {{
    type filter hook input priority 0;
{late}
  }}{nat}
}}
"""


def _steering(sticky: bool) -> str:
    """A flow goes through firewall 1 where its first packet is seen, and elsewhere where only a later one is."""
    another = 1 if sticky else 2
    return f"""
table inet appliance {{
  chain again {{ type filter hook prerouting priority -300; iifname "firewall*" notrack; }}
  chain steered {{
    type filter hook prerouting priority -150;
    iifname {{ "firewall1", "firewall2" }} accept
    ct state new tcp flags & (syn | ack) == syn ct mark set 1
    ct state new tcp flags & (syn | ack) != syn ct mark set {another}
    meta mark set ct mark
  }}
}}
"""
