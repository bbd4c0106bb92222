#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: keepalive_verify
short_description: Confirm that a host's idle TCP connections are kept alive, now and at every boot
version_added: 0.2.0
description:
  - Compares what M(longlived.tcp.keepalive_info) returns with what is asked for, and fails if they differ.
    RV(problems) lists the differences, and RV(msg) is the same as text.
  - Changes nothing, and needs one remote execution.
  - The task prints RV(summary), one line a host.
  - An option that is not given takes the first of these values. The variable C(keepalive_verify_) plus its name. What
    M(longlived.tcp.keepalive) was asked for on this host earlier in the run, if its result is registered as C(keepalive_result), as
    by the role P(longlived.tcp.keepalive#role). The variable C(keepalive_) plus its name. An unknown variable that starts with
    C(keepalive_) is refused.
  - A list can be text with commas, a dictionary text such as C(a=1,b=2), as C(-e) and AWX surveys give them. Empty text stands
    for the default.
options:
  state:
    description: >-
      V(present) expects the three values. V(absent) expects that the next boot gives what runs now, and that O(aws_settings)
      are not set, as after a rollback.
    type: str
    choices: [present, absent]
    default: present
  processes:
    description:
      - Globs of the names of programs, in containers as well, of which no live connection may be stale or unprotected.
      - Ignored with O(state=absent).
    type: list
    elements: str
    default: []
  report_only:
    description: V(true) prints the differences, and does not fail.
    type: bool
    default: false
extends_documentation_fragment:
  - longlived.tcp.host
  - longlived.tcp.host.values
  - longlived.tcp.attributes
  - longlived.tcp.attributes.info
notes:
  - Ansible's own connection to the host is left out of all counts.
seealso:
  - module: longlived.tcp.keepalive
  - module: longlived.tcp.keepalive_info
author:
  - longlived.tcp contributors (@longlived-tcp)
"""

EXAMPLES = r"""
- name: Confirm the values now and at every boot
  longlived.tcp.keepalive_verify:
  become: true

- name: Confirm as well that every connection of a worker is protected
  longlived.tcp.keepalive_verify:
    path: [nat_gateway]
    processes: ['worker*']
  become: true
"""

RETURN = r"""
ok:
  description: Whether the host has what was asked for.
  returned: always, but where an option is refused
  type: bool
  sample: true
msg:
  description: RV(problems) as text.
  returned: failure
  type: str
  sample: "net.ipv4.tcp_keepalive_time is 7200 in the running kernel (/proc/sys/net/ipv4/tcp_keepalive_time), expected 45."
problems:
  description: The differences, a sentence each.
  returned: always, but where an option is refused
  type: list
  elements: dict
  sample: []
  contains:
    part:
      description: Which of O(parts).
      type: str
      sample: sysctl
    when:
      description: V(now), or V(next_boot) for what only the next boot gives.
      type: str
      sample: now
    message:
      description: What is wrong, where, and what to do.
      type: str
summary:
  description: The line that the task prints.
  returned: always, but where an option is refused
  type: str
  sample: "time/intvl/probes 45/45/9; next boot: /etc/sysctl.d/99-tcp-keepalive.conf"
restart:
  description: The systemd services that have connections whose timers were armed under older, longer values.
  returned: always, but where an option is refused
  type: list
  elements: str
  sample: [worker.service]
after:
  description: The host, as M(longlived.tcp.keepalive_info) returns it.
  returned: success
  type: dict
host:
  description: The host as Ansible names it, C(web1) or, for a task that is delegated, C(web1 -> db1).
  returned: success
  type: str
  sample: web1
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._host_options import VERIFY
from ansible_collections.longlived.tcp.plugins.module_utils._host_state import look, scope


def main():
    module = AnsibleModule(argument_spec=VERIFY, supports_check_mode=True)
    try:
        after = look(scope(module.params, module.params["processes"]), module.warn)
    except UserError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, after=after)


if __name__ == "__main__":
    main()
