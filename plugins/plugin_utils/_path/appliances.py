# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Appliances that drop idle connections: after how long, what then happens, and whether a keepalive probe counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Appliance:
    """One kind of element on a path; times in seconds.

    `least` and `most` are what its idle timeout can be set to (the same: it is fixed), `setting` is what sets it,
    `at_expiry` what a late sender meets, `counts_probes` whether a TCP keepalive probe resets the timer.
    """

    title: str
    idle_timeout: int
    least: int
    most: int
    at_expiry: str
    source: str
    setting: str = ""
    counts_probes: bool = True

    @property
    def varies(self) -> bool:
        """Whether what it can be set to depends on the product's version; any timeout is accepted."""
        return self.most == MOST

    @property
    def fixed(self) -> bool:
        return self.least == self.most


MOST = 2147483
"""More seconds than any timer of these takes: the range is not known for certain."""

RST_LATE = "RST to whoever sends later"
DROPPED = "later packets are dropped silently"
CLOSES = "closes the connection"

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
        "later packets are a new flow, may reach another firewall and vanish",
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
        "state dropped",
        "Amazon EC2 User Guide, connection tracking",
        "TcpEstablishedTimeout",
    ),
    "transit_gateway": Appliance(
        "AWS Transit Gateway, attachments in appliance mode",
        350,
        350,
        350,
        "later packets are a new flow, may reach another firewall and vanish",
        "second-hand report",
    ),
    "azure_lb": Appliance(
        "Azure Load Balancer",
        240,
        240,
        6000,
        "silent, then RST",
        "Azure Load Balancer documentation, TCP idle timeout",
        "idleTimeoutInMinutes",
    ),
    "azure_nat_gateway": Appliance(
        "Azure NAT gateway", 240, 240, 7200, "silent, then RST", "Azure NAT Gateway documentation", "idleTimeoutInMinutes"
    ),
    "azure_private_link": Appliance("Azure Private Link service", 300, 300, 300, "silent", "Azure Private Link documentation"),
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
    "gcp_firewall": Appliance("Google Cloud VPC firewall", 600, 600, 600, "inbound packets are blocked", "Google Cloud VPC documentation"),
    "fortigate": Appliance("FortiGate", 3600, 1, MOST, DROPPED, "FortiOS administration guide", "session-ttl"),
    "cisco_asa": Appliance("Cisco ASA, Secure Firewall", 3600, 1, MOST, DROPPED, "Cisco ASA configuration guide", "timeout conn"),
    "check_point": Appliance("Check Point", 3600, 1, MOST, DROPPED, "second-hand report", "TCP session timeout"),
    "pan_os": Appliance("PAN-OS", 3600, 1, MOST, DROPPED, "second-hand report", "tcp timeout"),
    "f5_big_ip": Appliance(
        "F5 BIG-IP, Fast L4 profile", 300, 1, MOST, "RST to both sides at expiry", "F5 BIG-IP AS3 reference, L4_Profile", "idleTimeout"
    ),
    "ipvs": Appliance("Linux IPVS (Swarm, kube-proxy)", 900, 1, MOST, "hangs, or RST", "ipvsadm(8)", "ipvsadm --set"),
    "conntrack": Appliance(
        "Linux connection tracking",
        432000,
        1,
        MOST,
        "invalid packets, dropped by many rule sets",
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
