#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: socket_keepalive_info
short_description: Tell which live connections are kept alive, which are not and why, and whose they are
version_added: 0.1.0
description:
  - Looks at the TCP connections of a host, IPv4 and IPv6, and tells for each whether its next keepalive probe leaves
    before a path that drops idle connections after O(idle_timeout) drops it.
  - V(protected) is a connection whose silence so far and time to the next probe together, and whose period from then
    on, are below O(idle_timeout).
  - V(stale) is one with keepalive on and a period that would do, whose timer was armed under an older, longer one.
    Traffic does not re-arm it.
  - V(unprotected) is one that never asked for keepalive (reason V(disabled)), one for which the kernel's value is too long
    (V(runtime)), or one with a C(TCP_KEEPIDLE) or C(TCP_KEEPINTVL) of its own that is too long (V(pinned)).
  - V(unknown) is one whose keepalive timer is hidden by a retransmission or a zero window, several looks long.
  - The kernel's lateness of up to an eighth of a timer's length is counted.
  - Changes nothing. The kernel is asked (C(sock_diag)), and no process is touched unless O(socket_options=true).
options:
  limit:
    description: How many connections to list in RV(sockets), those most in danger first. All are counted.
    type: int
    default: 100
  socket_options:
    description:
      - Ask each chosen socket for its own settings, which needs root and Linux 5.6. A copy of its descriptor is held for
        some microseconds.
      - Only so can a long value of its own (V(pinned)) be told from an old timer (V(stale)), and a short one of its own
        be seen where the kernel's value is too long.
    type: bool
    aliases: [options]
    default: false
extends_documentation_fragment:
  - longlived.tcp.socket_selection
  - longlived.tcp.attributes
  - longlived.tcp.attributes.info
notes:
  - With O(processes) or O(pids), every network namespace in which one of these processes lives is looked at, so
    containers and pods as well. Without them it is the host's own.
  - Connections are those in the states ESTAB, CLOSE-WAIT, FIN-WAIT-1 and FIN-WAIT-2 whose program has not closed them.
  - Ansible's own ssh connection to the host is left out, that is the one of the C(sshd) or C(dropbear) from which this
    module descends. A task with C(async) descends from none, so there it is seen.
  - Without root, every connection of the host's own namespace is counted, and those of other users' processes have no
    owner. RV(ownerless) and RV(unreadable) count them.
seealso:
  - module: longlived.tcp.socket_keepalive
  - module: longlived.tcp.keepalive_info
author:
  - longlived.tcp contributors (@longlived-tcp)
"""

EXAMPLES = r"""
- name: How many connections would a NAT gateway drop?
  longlived.tcp.socket_keepalive_info:
  become: true
  register: live

- name: Name the programs that never asked for keepalive, or asked for too little
  ansible.builtin.debug:
    msg: "{{ live.processes | selectattr('unprotected') | map(attribute='name') | unique }}"

- name: All connections of PostgreSQL's clients in this network, with each socket's own settings
  longlived.tcp.socket_keepalive_info:
    peers: [10.20.0.0/16]
    ports: [5432]
    socket_options: true
    limit: 1000
  become: true

- name: Fail if a worker has a connection that is not kept alive, in whatever container
  longlived.tcp.socket_keepalive_info:
    processes: ['worker*']
  become: true
  register: live
  failed_when: live.summary.established != live.summary.protected
"""

RETURN = r"""
summary:
  description: How many of the chosen connections there are, and how many in each state.
  returned: success
  type: dict
  sample: {established: 120, protected: 100, stale: 12, unprotected: 8, unknown: 0}
processes:
  description:
    - The same counts for each process. A connection of several processes counts for each of them.
    - C(reasons) counts the unprotected ones by their RV(sockets[].reason).
  returned: success
  type: list
  elements: dict
  sample:
    - pid: 4711
      name: worker
      user: app
      unit: worker.service
      established: 20
      protected: 0
      stale: 12
      unprotected: 8
      reasons: {"disabled": 6, "runtime": 0, "pinned": 2}
      unknown: 0
sockets:
  description: The connections most in danger, at most O(limit), and among them those silent for longest first.
  returned: success
  type: list
  elements: dict
  contains:
    local:
      description: This end, as C(ss) writes it.
      type: str
      sample: "10.0.0.5:41000"
    peer:
      description: The other end.
      type: str
      sample: "10.20.0.9:5432"
    tcp_state:
      description: The state of TCP, as C(ss) names it.
      type: str
      sample: ESTAB
    state:
      description: V(protected), V(stale), V(unprotected) or V(unknown).
      type: str
      sample: unprotected
    reason:
      description: Of an unprotected one V(disabled), V(runtime) or V(pinned), else null.
      type: str
      sample: disabled
    idle:
      description: Seconds since a segment was last received.
      type: float
      sample: 211.312
    next_probe:
      description: Seconds to the keepalive timer's time, 0 while it is late, null where no keepalive timer is seen.
      type: float
      sample: 6987.1
    unanswered:
      description: How many probes were sent that have had no answer.
      type: int
      sample: 0
    pid:
      description: The process, with the lowest id where there are several. Null where none is seen.
      type: int
      sample: 4711
    pids:
      description: All processes that have it.
      type: list
      elements: int
      sample: [4711]
    name:
      description: The name of process RV(sockets[].pid).
      type: str
      sample: worker
    user:
      description: The user whose rights that process has.
      type: str
      sample: app
    unit:
      description: The systemd unit of that process, null where it has none.
      type: str
      sample: worker.service
    inode:
      description: The socket's inode, as in C(/proc/PID/fd) and C(ss -e).
      type: int
      sample: 302841
    namespace:
      description: The inode of its network namespace, as in C(/proc/PID/ns/net).
      type: int
      sample: 4026531840
    options:
      description:
        - Its own settings, C(time) and C(intvl) in seconds. Null unless O(socket_options=true) and they may be read.
      type: dict
      sample: {keepalive: true, time: 45, intvl: 45, probes: 9}
ownerless:
  description:
    - How many of the counted connections have no process that can be seen. These are other users' without root, the
      kernel's own, and those that no program has accepted yet.
  returned: success
  type: int
  sample: 0
unreadable:
  description:
    - How many processes' descriptors, and how many network namespaces, this user may not look into.
    - At least so many. All processes that C(/proc) hides, mounted with C(hidepid=2), count as one.
  returned: success
  type: dict
  sample: {processes: 0, namespaces: 0}
"""

import gc

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import IDLE_TIMEOUT
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.report import report, unseen
from ansible_collections.longlived.tcp.plugins.module_utils._sockets.selection import Selection, check


def main():
    module = AnsibleModule(
        argument_spec=dict(
            idle_timeout=dict(type="int", default=IDLE_TIMEOUT),
            processes=dict(type="list", elements="str", default=[]),
            pids=dict(type="list", elements="int", default=[]),
            peers=dict(type="list", elements="str", default=[]),
            ports=dict(type="list", elements="int", default=[]),
            local=dict(type="bool", default=False),
            limit=dict(type="int", default=100),
            socket_options=dict(type="bool", default=False, aliases=["options"]),
        ),
        supports_check_mode=True,
    )
    gc.disable()  # nothing here is cyclic, and among 100,000 sockets the collector would search for long
    options = module.params
    for name, least in (("idle_timeout", 1), ("limit", 0)):
        if options[name] < least:
            module.fail_json(msg="%s is %d, and must be at least %d." % (name, options[name], least))
    try:
        selection = check(Selection(options["processes"], options["pids"], options["peers"], options["ports"], options["local"]))
        result = report(selection, options["idle_timeout"], options["limit"], options["socket_options"], warn=module.warn)
    except UserError as error:
        module.fail_json(msg=str(error))
    for warning in unseen(result):
        module.warn(warning)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
