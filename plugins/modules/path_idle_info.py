#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: path_idle_info
short_description: Measure the idle timeout of the path to a port
version_added: 0.2.0
description:
  - Opens one TCP connection to a listening port, keeps it idle for each of O(silences), the shortest first, and then sends
    one keepalive probe. An ACK, a RST or no answer tells whether the path still has the flow.
  - The other side sees a connection without data. It needs a listener that stays silent. The collection's
    C(docs/howto/path.md) has one in one line.
  - Ends with the first silence that ends the connection, or when all are through. It takes the sum of O(silences) and up to
    35 seconds more, so run it with C(async).
  - It sets nothing. Pass the result to the filter P(longlived.tcp.keepalive_plan#filter).
options:
  host:
    description:
      - Name or address, IPv4 or IPv6, as the managed host resolves it. If a name has several addresses, the first that accepts
        the connection is used.
    type: str
    required: true
  port:
    description:
      - From 1 to 65535. Not a database's own port. A connection that does not log in is closed after 60 seconds by PostgreSQL and
        after 10 by MySQL, which also counts it as a connect error of the host.
    type: int
    required: true
  silences:
    description: How long to be idle, each in seconds from 1 to 32766.
    type: list
    elements: int
    default: [340, 360]
extends_documentation_fragment:
  - longlived.tcp.attributes
  - longlived.tcp.attributes.info
notes:
  - Needs Linux 4.2. It needs no root.
  - During a silence the kernel sends no probe on this connection, whatever the host's values are and whatever
    M(longlived.tcp.socket_keepalive_default) has set.
  - An unanswered probe is repeated up to three times, 2 seconds apart, so that one lost packet does not count as a dropped flow.
  - With several appliances in a row, the shortest timeout shows.
  - A proxy or load balancer that terminates TCP answers V(alive) itself, which says nothing about the path behind it.
  - The connection ends with the module. If the other side does not close it in turn, or the module is killed, it is closed with
    a RST, which leaves no state on either side.
seealso:
  - plugin: longlived.tcp.keepalive_plan
    plugin_type: filter
  - module: longlived.tcp.keepalive_info
author:
  - longlived.tcp contributors (@longlived-tcp)
"""

EXAMPLES = r"""
- name: Does the path drop idle flows after 350 seconds, as AWS does?
  longlived.tcp.path_idle_info:
    host: listener.example.com
    port: 7777
  async: 900
  poll: 30
  register: info

- name: Values for this path
  ansible.builtin.debug:
    msg: "{{ [info.remembers_at_least] | longlived.tcp.keepalive_plan }}"
  when: info.remembers_at_least is not none

- name: Find the range of an unknown path in one night
  longlived.tcp.path_idle_info:
    host: 10.20.0.9
    port: 7777
    silences: [50, 110, 230, 290, 340, 590, 890, 1790, 3590]
  async: 9000
  poll: 60
  register: info
"""

RETURN = r"""
tried:
  description: Each silence, the shortest first, up to the one that ended the connection.
  returned: success
  type: list
  elements: dict
  contains:
    silence:
      description: Seconds, as asked for.
      type: int
      sample: 360
    outcome:
      description:
        - V(alive) is an ACK to the probe, so that the path still has the flow.
        - V(reset) is a RST, from the path or from a rebooted host.
        - V(silent) is no answer to four probes, within nine seconds.
        - V(closed_by_peer) is a connection that the other side, or a proxy, has closed. It says nothing about the path.
      type: str
      sample: reset
    seconds:
      description: How long the silence was when the first probe left, or when a RST or the other side ended the connection.
      type: float
      sample: 360.0
    segments:
      description: Segments that arrived during the silence. If there are any, the silence is not counted below.
      type: int
      sample: 0
remembers_at_least:
  description: The longest silence in seconds after which the path still had the flow. Null if there is none.
  returned: success
  type: int
  sample: 340
forgets_by:
  description: The silence in seconds after which the path had dropped the flow. Null if it never did.
  returned: success
  type: int
  sample: 360
appliance:
  description:
    - Rows of the table in the collection's C(docs/appliances.md) that match, those with a matching default first.
    - Empty if the flow was neither dropped nor closed.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name in the table and in O(longlived.tcp.keepalive#module:path).
      type: str
      sample: nat_gateway
    title:
      description: What it is.
      type: str
      sample: AWS NAT gateway
    idle_timeout:
      description: Its default idle timeout in seconds.
      type: int
      sample: 350
    setting:
      description: The setting that changes it. Null if it is fixed.
      type: str
      sample: tcp.idle_timeout.seconds
    counts_probes:
      description: Whether a keepalive probe resets its timer. If V(false), only data does.
      type: bool
      sample: true
    by_default:
      description: Whether its default matches. If V(false), it matches if configured so.
      type: bool
      sample: true
address:
  description: The address of the connection.
  returned: success
  type: str
  sample: 10.20.0.9
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._path_idle.connection import connected
from ansible_collections.longlived.tcp.plugins.module_utils._path_idle.silences import check, result, tried, warnings


def main():
    module = AnsibleModule(
        argument_spec=dict(
            host=dict(type="str", required=True),
            port=dict(type="int", required=True),
            silences=dict(type="list", elements="int", default=[340, 360]),
        ),
        supports_check_mode=True,
    )
    host, port = module.params["host"], module.params["port"]
    try:
        silences = check(host, port, module.params["silences"])
        with connected(host, port) as connection:
            rows = list(tried(connection, silences))
    except UserError as error:
        module.fail_json(msg=str(error))
    for warning in warnings(rows):
        module.warn(warning)
    module.exit_json(changed=False, address=connection.address, **result(rows))


if __name__ == "__main__":
    main()
