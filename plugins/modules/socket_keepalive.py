#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: socket_keepalive
short_description: Keep chosen live connections alive, without restarting their programs
version_added: 0.1.0
description:
  - Re-arms the keepalive timers of connections that were opened before the kernel's values were lowered, and turns
    keepalive on for connections whose program never asked for it.
    The states are those of M(longlived.tcp.socket_keepalive_info).
  - For each socket, a copy of the descriptor is fetched (C(pidfd_getfd)), identified, used and closed, one at a time, in
    microseconds. No process is stopped, and no byte of the stream is touched.
  - At least one of O(processes), O(pids), O(peers) and O(ports) is required.
options:
  select:
    description:
      - Which of the chosen connections to change, V(stale), whose program did ask for keepalive, or V(unprotected), which
        are those that never asked and those with values that are too long.
    type: list
    elements: str
    choices: [stale, unprotected]
    default: [stale]
  time:
    description:
      - Seconds of silence before the first probe, from 1 to 32767, and short enough for O(idle_timeout). It is pinned on
        the socket (C(TCP_KEEPIDLE)), which no longer follows the kernel's value then.
      - By default the kernel's value is used, and pinned only where the first probe would otherwise come too late.
    type: int
  intvl:
    description: Seconds between probes that are not answered, from 1 to 32767, pinned on the socket (C(TCP_KEEPINTVL)).
    type: int
  probes:
    description: How many probes without an answer end the connection, from 1 to 127, pinned on the socket (C(TCP_KEEPCNT)).
    type: int
  check_mode_values:
    description:
      - The three values that the kernel will have in the host's own network namespace. A check run takes them to be
        there already, as a task before it, which changed nothing either, would have set them.
      - Ignored in a real run.
    type: dict
    suboptions:
      time:
        description: Seconds of silence before the first probe, from 1 to 32767.
        type: int
        required: true
      intvl:
        description: Seconds between probes that are not answered, from 1 to 32767.
        type: int
        required: true
      probes:
        description: How many probes without an answer end the connection, from 1 to 127.
        type: int
        required: true
  limit:
    description: How many connections to list in RV(failures) and in the diff. All are counted.
    type: int
    default: 100
extends_documentation_fragment:
  - longlived.tcp.socket_selection
  - longlived.tcp.attributes
  - longlived.tcp.attributes.change
notes:
  - Ansible's own ssh connection to the host is left alone, as M(longlived.tcp.socket_keepalive_info) leaves it out.
  - Needs root and Linux 5.6. On an older kernel, or where C(pidfd_getfd) is forbidden, it fails and says so if there is a
    connection to change.
  - A timer is re-armed by turning C(SO_KEEPALIVE) off and on. The first probe then leaves a whole C(time) later. Where that
    would be too late, C(TCP_KEEPIDLE) is set, which counts from the last segment received, so that an overdue probe
    leaves at once, and which pins the value. RV(pinned) counts such sockets.
  - If the module is killed at whatever moment, a second process, which ends soon after it, turns on what was turned off.
  - There is no way back. Nothing turns keepalive off again, and a pinned value stays until the connection ends.
seealso:
  - module: longlived.tcp.socket_keepalive_info
  - module: longlived.tcp.keepalive_sysctl
author:
  - longlived.tcp contributors (@longlived-tcp)
"""

EXAMPLES = r"""
- name: Lower the kernel's values
  longlived.tcp.keepalive_sysctl:
  become: true

- name: Have the connections that are already open follow
  longlived.tcp.socket_keepalive:
    processes: ['*']
  become: true

- name: Turn keepalive on for a program that never asked for it
  longlived.tcp.socket_keepalive:
    processes: [worker]
    select: [stale, unprotected]
  become: true

- name: The same in containers, whose kernel values are still too long
  longlived.tcp.socket_keepalive:
    processes: [worker]
    select: [stale, unprotected]
    time: 45
    intvl: 45
  become: true
"""

RETURN = r"""
rearmed:
  description: How many sockets had their timer re-armed, whichever way. In check mode how many would have.
  returned: success
  type: int
  sample: 12
enabled:
  description: How many had keepalive turned on.
  returned: success
  type: int
  sample: 8
pinned:
  description: How many of RV(rearmed) and RV(enabled) have values of their own from now on.
  returned: success
  type: int
  sample: 1
failures:
  description:
    - The connections that had to be changed and could not be, at most O(limit), with the reason. A connection that was
      closed meanwhile, or whose process has ended, is none.
    - The task does not fail for them. RV(failures_total) counts them.
  returned: success
  type: list
  elements: dict
  sample:
    - local: 10.0.0.5:41000
      peer: 10.20.0.9:5432
      pid: 4711
      name: worker
      reason: The sockets of process 4711 may not be reached, run as root.
failures_total:
  description: How many connections had to be changed and could not be.
  returned: success
  type: int
  sample: 0
"""

import gc

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import IDLE_TIMEOUT, NAMES
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import check as check_values
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.rearm import Request, Tally, check_request, protect
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.selection import Selection, check


def main():
    module = AnsibleModule(
        argument_spec=dict(
            select=dict(type="list", elements="str", choices=["stale", "unprotected"], default=["stale"]),
            time=dict(type="int"),
            intvl=dict(type="int"),
            probes=dict(type="int"),
            check_mode_values=dict(type="dict", options=dict((name, dict(type="int", required=True)) for name in NAMES)),
            idle_timeout=dict(type="int", default=IDLE_TIMEOUT),
            processes=dict(type="list", elements="str", default=[]),
            pids=dict(type="list", elements="int", default=[]),
            peers=dict(type="list", elements="str", default=[]),
            ports=dict(type="list", elements="int", default=[]),
            local=dict(type="bool", default=False),
            limit=dict(type="int", default=100),
        ),
        supports_check_mode=True,
    )
    gc.disable()  # nothing here is cyclic, and among 100,000 sockets the collector would search for long
    options = module.params
    if not any(options[name] for name in ("processes", "pids", "peers", "ports")):
        module.fail_json(msg="Nothing is chosen: give at least one of processes, pids, peers and ports (processes: ['*'] for all).")
    for name, least in (("idle_timeout", 1), ("limit", 0)):
        if options[name] < least:
            module.fail_json(msg="%s is %d, and must be at least %d." % (name, options[name], least))
    values = dict((name, options[name]) for name in NAMES if options[name] is not None)
    tally = Tally(options["limit"])
    try:
        selection = check(Selection(options["processes"], options["pids"], options["peers"], options["ports"], options["local"]))
        request = check_request(Request(options["select"], values, options["idle_timeout"]))
        foreseen = check_values(options["check_mode_values"]) if module.check_mode and options["check_mode_values"] else None
        for outcome in protect(selection, request, dry=module.check_mode, foreseen=foreseen, warn=module.warn):
            tally.add(outcome)
    except UserError as error:
        module.fail_json(msg=str(error), **tally.counts())
    if tally.failed:
        module.warn("%d connections could not be changed, the first because: %s" % (tally.failed, tally.failures[0]["reason"]))
    result = dict(tally.counts(), changed=tally.changed)
    if module._diff:
        result["diff"] = tally.diff()
    module.exit_json(**result)


if __name__ == "__main__":
    main()
