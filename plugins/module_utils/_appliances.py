# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Appliances that drop idle connections: after how long, what a late sender gets, and whether a keepalive probe counts."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections

# What a late probe gets: the outcomes of path_idle_info.
RESET, SILENT, CLOSED = "reset", "silent", "closed_by_peer"

# `says` is the cell of docs/appliances.md, `outcomes` are those of the three that it can show as.
Expiry = collections.namedtuple("Expiry", "says outcomes")

_FIELDS = "title idle_timeout least most at_expiry source setting counts_probes"


class Appliance(collections.namedtuple("Appliance", _FIELDS)):
    """One kind of element on a path; times in seconds.

    `least` and `most` are the range of its idle timeout (equal if it is fixed), `setting` is the vendor's name for it,
    `at_expiry` what a late sender gets, `counts_probes` whether a TCP keepalive probe resets the timer.
    """

    __slots__ = ()

    def __new__(cls, title, idle_timeout, least, most, at_expiry, source, setting="", counts_probes=True):
        return super(Appliance, cls).__new__(cls, title, idle_timeout, least, most, at_expiry, source, setting, counts_probes)

    @property
    def varies(self):
        """Whether its range depends on the product's version; any timeout is accepted."""
        return self.most == MOST

    @property
    def fixed(self):
        return self.least == self.most


# For an unknown maximum: more seconds than any of these timers takes.
MOST = 2147483

RST_LATE = Expiry("RST to whoever sends later", (RESET,))
RST_AT_EXPIRY = Expiry("RST to both sides at expiry", (RESET,))
DROPPED = Expiry("later packets are dropped silently", (SILENT,))
CLOSES = Expiry("closes the connection", (CLOSED,))
NEW_FLOW = Expiry("later packets are a new flow, may reach another firewall and vanish", (SILENT, RESET))
SAYS_NOTHING = Expiry("silent", (SILENT,))
INBOUND_BLOCKED = Expiry("inbound packets are blocked", (SILENT,))
SILENT_THEN_RST = Expiry("silent, then RST", (SILENT, RESET))
HANGS_OR_RST = Expiry("hangs, or RST", (SILENT, RESET))

APPLIANCES = {
    "nat_gateway": Appliance("AWS NAT gateway", 350, 350, 350, RST_LATE, "Amazon VPC User Guide, NAT gateways"),
    "vpc_endpoint": Appliance(
        "AWS interface VPC endpoint (PrivateLink)", 350, 350, 350, RST_LATE, "AWS PrivateLink Guide, endpoint services"
    ),
    "nlb": Appliance(
        "AWS Network Load Balancer, TCP listener",
        350,
        60,
        6000,
        RST_LATE,
        "User Guide for Network Load Balancers",
        "tcp.idle_timeout.seconds",
    ),
    "nlb_tls": Appliance("AWS Network Load Balancer, TLS listener", 350, 350, 350, RST_LATE, "User Guide for Network Load Balancers"),
    "gwlb": Appliance(
        "AWS Gateway Load Balancer",
        350,
        60,
        6000,
        NEW_FLOW,
        "User Guide for Gateway Load Balancers",
        "tcp.idle_timeout.seconds",
    ),
    "network_firewall": Appliance(
        "AWS Network Firewall", 350, 60, 6000, DROPPED, "AWS Network Firewall Developer Guide", "TcpIdleTimeoutSeconds"
    ),
    "security_group": Appliance(
        "EC2 security group tracking (350 on Nitro v6, 432000 before)",
        350,
        60,
        432000,
        Expiry("state dropped", (SILENT,)),
        "Amazon EC2 User Guide, connection tracking",
        "TcpEstablishedTimeout",
    ),
    "transit_gateway": Appliance(
        "AWS Transit Gateway, attachments in appliance mode",
        350,
        350,
        350,
        NEW_FLOW,
        "second-hand report",
    ),
    "azure_lb": Appliance(
        "Azure Load Balancer",
        240,
        240,
        6000,
        SILENT_THEN_RST,
        "Azure Load Balancer documentation, TCP idle timeout",
        "idleTimeoutInMinutes",
    ),
    "azure_nat_gateway": Appliance(
        "Azure NAT gateway", 240, 240, 7200, SILENT_THEN_RST, "Azure NAT Gateway documentation", "idleTimeoutInMinutes"
    ),
    "azure_private_link": Appliance("Azure Private Link service", 300, 300, 300, SAYS_NOTHING, "Azure Private Link documentation"),
    "azure_firewall": Appliance(
        "Azure Firewall, to and from the internet",
        240,
        240,
        900,
        CLOSES,
        "Azure Firewall documentation, TCP session behavior",
        "a support request",
    ),
    "azure_firewall_internal": Appliance(
        "Azure Firewall, between virtual networks and on premises",
        300,
        300,
        300,
        CLOSES,
        "Azure Firewall documentation, TCP session behavior",
    ),
    "gcp_cloud_nat": Appliance(
        "Google Cloud NAT",
        1200,
        1,
        MOST,
        DROPPED,
        "Google Cloud API, RouterNat",
        "tcpEstablishedIdleTimeoutSec",
    ),
    "gcp_firewall": Appliance("Google Cloud VPC firewall", 600, 600, 600, INBOUND_BLOCKED, "Google Cloud VPC documentation"),
    "fortigate": Appliance("FortiGate", 3600, 1, MOST, DROPPED, "FortiOS administration guide", "session-ttl"),
    "cisco_asa": Appliance("Cisco ASA, Secure Firewall", 3600, 1, MOST, DROPPED, "Cisco ASA configuration guide", "timeout conn"),
    "check_point": Appliance("Check Point", 3600, 1, MOST, DROPPED, "second-hand report", "TCP session timeout"),
    "pan_os": Appliance("PAN-OS", 3600, 1, MOST, DROPPED, "second-hand report", "tcp timeout"),
    "f5_big_ip": Appliance(
        "F5 BIG-IP, Fast L4 profile", 300, 1, MOST, RST_AT_EXPIRY, "F5 BIG-IP AS3 reference, L4_Profile", "idleTimeout"
    ),
    "ipvs": Appliance("Linux IPVS (Swarm, kube-proxy)", 900, 1, MOST, HANGS_OR_RST, "ipvsadm(8)", "ipvsadm --set"),
    "conntrack": Appliance(
        "Linux connection tracking",
        432000,
        1,
        MOST,
        Expiry("invalid packets, dropped by many rule sets", (SILENT, RESET)),
        "Linux documentation, nf_conntrack-sysctl",
        "net.netfilter.nf_conntrack_tcp_timeout_established",
    ),
    "alb": Appliance(
        "AWS Application Load Balancer",
        60,
        1,
        4000,
        CLOSES,
        "User Guide for Application Load Balancers",
        "idle_timeout.timeout_seconds",
        counts_probes=False,
    ),
    "clb": Appliance(
        "AWS Classic Load Balancer", 60, 1, 3600, CLOSES, "User Guide for Classic Load Balancers", "IdleTimeout", counts_probes=False
    ),
    "global_accelerator": Appliance("AWS Global Accelerator", 340, 340, 340, RST_LATE, "second-hand report", counts_probes=False),
    "envoy": Appliance(
        "Envoy or Istio TCP proxy", 3600, 1, MOST, CLOSES, "Envoy documentation, TCP proxy", "idle_timeout", counts_probes=False
    ),
}


def fitting(outcome, silence, age):
    """Rows for the appliances that can give this outcome, those with a matching default first.

    `silence` and `age` are pairs of seconds, of silence and since the last data: the longest that survived, and the one that did not.
    """
    rows = []
    for name, one in sorted(APPLIANCES.items()):
        longer_than, at_most = silence if one.counts_probes else age
        if outcome in one.at_expiry.outcomes and one.least <= at_most and one.most > longer_than:
            by_default = longer_than < one.idle_timeout <= at_most
            rows.append(dict(name=name, title=one.title, idle_timeout=one.idle_timeout, setting=one.setting or None,
                             counts_probes=one.counts_probes, by_default=by_default))  # fmt: skip
    return sorted(rows, key=lambda row: not row["by_default"])
