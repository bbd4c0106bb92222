# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be asked of a host, for the documentation of modules."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  path:
    description:
      - The appliances on the path. Names from the table in C(docs/appliances.md) such as V(nat_gateway), dictionaries with C(name)
        and C(idle_timeout), or seconds.
      - If there are any, they decide the three values, by the filter P(longlived.tcp.keepalive_plan#filter), and
        the shortest idle timeout is what live connections are measured against. Without a path it is 350 seconds.
    type: list
    elements: raw
    default: []
  lost_probes:
    description: With O(path), how many probes in a row may get lost, from 0 to 126.
    type: int
    default: 3
  margin:
    description: With O(path), seconds to spare before the path drops the connection. The default is 20, or less for a short
      timeout.
    type: int
  sysctl_file:
    description: The file that holds the values for the next boots. In a file with other settings only the three keys are touched.
    type: path
    default: /etc/sysctl.d/99-tcp-keepalive.conf
  overridden:
    description: What to do where another source gives another value at the next boot. With V(warn), RV(summary) says which.
    type: str
    choices: [fail, warn]
    default: fail
  runtime:
    description:
      - V(false) neither changes nor checks the running kernel, only what the next boot gives.
      - For building images, and for containers, where C(/proc/sys) is read-only.
    type: bool
    default: true
  aws_users:
    description:
      - Users whose C(~/.aws/config) has to have O(aws_settings), names from the password database. V(@login) is the user who logged in.
        V(none) alone means no user.
      - The task fails if one of these files cannot be changed, or if C(~/.aws/credentials) or C(/etc/environment) hides a setting.
    type: list
    elements: str
    default: []
  aws_users_default:
    description:
      - The users if neither O(aws_users) nor a variable for it is given. The playbooks use V(@login).
      - If one of these files cannot be changed, that is one of RV(problems), and everything else is done.
    type: list
    elements: str
    default: []
  aws_profiles:
    description: In which profiles. V(*) is every profile in the file and in C(~/.aws/credentials), and V(default).
    type: list
    elements: str
    default: [default]
  aws_settings:
    description: The settings. Credentials are refused.
    type: dict
    default:
      tcp_keepalive: true
  aws_create:
    description:
      - Whether a user without the file gets one. V(false) accepts such a user.
      - Without the file botocore does not use keepalive, and RV(summary) says so.
    type: bool
    default: true
  new_sockets:
    description:
      - Whether every connection that is made from now on has keepalive, whatever its program asks, containers and pods included.
      - V(connect) does this for connections that the host makes, V(connect_and_accept) also for those that it accepts. V(absent)
        takes it out, and V(leave) leaves it as it is.
      - It attaches BPF programs to the root cgroup, as M(longlived.tcp.socket_keepalive_default) does, which needs Linux 5.9.
    type: str
    choices: [leave, connect, connect_and_accept, absent]
    default: leave
  new_sockets_loopback:
    description: With O(new_sockets), whether connections to C(127.0.0.0/8) and C(::1) have it as well.
    type: bool
    default: false
  parts:
    description: The parts to set and to check. The others are left alone.
    type: list
    elements: str
    choices: [sysctl, aws, live_sockets, new_sockets]
    default: [sysctl, aws, live_sockets, new_sockets]
  foreign_variables:
    description: Names of variables that start with C(keepalive_) and belong to something else.
    type: list
    elements: str
    default: []
"""

    VALUES = r"""
options:
  time:
    description:
      - Seconds of silence before the first probe, from 1 to 32767.
      - The kernel sends it late by up to an eighth of this time.
    type: int
    default: 45
  intvl:
    description: Seconds between unanswered probes, from 1 to 32767.
    type: int
    default: 45
  probes:
    description: How many unanswered probes end the connection, from 1 to 127.
    type: int
    default: 9
"""
