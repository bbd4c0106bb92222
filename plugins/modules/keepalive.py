#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: keepalive
short_description: Keep a host's idle TCP connections alive, now and at every boot
version_added: 0.2.0
description:
  - Does everything that a host needs in one remote execution and as one transaction. The kernel's three values now and at
    every boot, O(aws_settings) in users' C(~/.aws/config), and on request connections that are open already.
  - It reads the host's state, plans every part, changes only what differs, reads again and compares. If a part refuses, nothing
    is changed. If a part fails halfway, the kernel's values and all files are restored.
  - The task fails if the host then lacks something of what was asked for. RV(problems) lists it, and RV(msg) is the same as text.
  - The task prints RV(summary), one line a host. In a diff every part has its own header.
  - An option that is not given takes its value from the variable C(keepalive_) plus its name, if there is one. These are the
    variables of the role P(longlived.tcp.keepalive#role). An unknown variable that starts with C(keepalive_) is refused.
  - A list can be text with commas, a dictionary text such as C(a=1,b=2), as C(-e) and AWX surveys give them. Empty text stands
    for the default.
options:
  state:
    description:
      - V(present) sets what is asked for.
      - V(absent) takes out what V(present) sets. The three keys leave O(sysctl_file), and every regular file of C(/etc/sysctl.d) that
        bears this collection's header. O(aws_settings) leave the profiles. The kernel gets what the next boot gives.
        Programs for new connections, their unit and script go. Live connections stay as they are. Where another file still gives a
        value, a warning names its line.
    type: str
    choices: [present, absent]
    default: present
  live_sockets:
    description:
      - What to do with connections that are open already, once the kernel has its values.
      - V(rearm) re-arms timers that were armed under older, longer values. V(enable) also turns keepalive on where the program
        never asked for it, and replaces the program's own values where they are too long. V(enable) needs
        O(live_processes) or O(live_peers).
      - Needs Linux 5.6. It is refused on an older kernel if there is a connection to change.
    type: str
    choices: [leave, rearm, enable]
    default: leave
  live_processes:
    description: Globs of the names of the programs whose connections are meant, in containers as well. All by default.
    type: list
    elements: str
    default: []
  live_peers:
    description: Networks such as V(10.20.0.0/16), or addresses, of the other end. If there are any, only connections to them are meant.
    type: list
    elements: str
    default: []
  verify_processes:
    description: >-
      Globs of the names of programs, in containers as well, of which no live connection may be stale or unprotected
      afterwards. Ignored with O(state=absent).
    type: list
    elements: str
    default: []
  reboot:
    description: Whether RV(reboot) asks for a reboot. The module itself reboots nothing, the role P(longlived.tcp.keepalive#role) does.
    type: str
    choices: [never, if_changed, always]
    default: never
  reboot_serial:
    description: How many hosts the role reboots at the same time, at least 1.
    type: int
    default: 1
extends_documentation_fragment:
  - longlived.tcp.host
  - longlived.tcp.host.values
  - longlived.tcp.attributes
  - longlived.tcp.attributes.change
notes:
  - Needs root on the host.
  - Ansible's own connection to the host is left out of all counts.
seealso:
  - module: longlived.tcp.keepalive_verify
  - module: longlived.tcp.keepalive_sysctl
  - module: longlived.tcp.aws_config_file
  - module: longlived.tcp.socket_keepalive
author:
  - longlived.tcp contributors (@longlived-tcp)
"""

EXAMPLES = r"""
- name: Keep idle connections alive, now and at every boot
  longlived.tcp.keepalive:
  become: true

- name: The least traffic that survives three lost probes behind a NAT gateway, and boto3 for two users
  longlived.tcp.keepalive:
    path: [nat_gateway]
    aws_users: [app, batch]
  become: true
  register: keepalive_result

- name: Restart the services whose connections were opened under the old values
  ansible.builtin.service:
    name: "{{ item }}"
    state: restarted
  become: true
  loop: "{{ keepalive_result.restart }}"

- name: Take it all out again
  longlived.tcp.keepalive:
    state: absent
  become: true
"""

RETURN = r"""
ok:
  description: Whether the host has what was asked for. In check mode, whether it would.
  returned: always, but where an option is refused
  type: bool
  sample: true
msg:
  description: RV(problems) or what is refused, as text.
  returned: failure
  type: str
  sample: "net.ipv4.tcp_keepalive_time is 7200 in the running kernel (/proc/sys/net/ipv4/tcp_keepalive_time), expected 45."
problems:
  description: What the host lacks, a sentence each.
  returned: always, but where something is refused
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
    user:
      description: Of the part V(aws), the user whose file could not be changed.
      returned: if O(aws_users_default) names a user whose file cannot be changed
      type: str
summary:
  description: The line that the task prints.
  returned: always, but where something is refused
  type: str
  sample: "time/intvl/probes 7200/75/9 -> 45/45/9; next boot: /etc/sysctl.d/99-tcp-keepalive.conf"
restart:
  description:
    - The systemd services that have connections whose timers were armed under older, longer values. These connections stay
      unprotected until the service restarts, or O(live_sockets=rearm).
    - With O(verify_processes), only services of these programs.
  returned: always, but where something is refused
  type: list
  elements: str
  sample: [worker.service]
parts:
  description: What each of the chosen parts did.
  returned: always
  type: list
  elements: dict
  sample: [{part: sysctl, changed: true, refusal: null}, {part: aws, changed: false, refusal: null}]
  contains:
    part:
      description: Which of O(parts).
      type: str
    changed:
      description: Whether it changed something. In check mode, whether it would.
      type: bool
    refusal:
      description: The sentence with which it refuses, or null.
      type: str
before:
  description: The host before the task, as M(longlived.tcp.keepalive_info) returns it.
  returned: success
  type: dict
after:
  description: The host after the task, as M(longlived.tcp.keepalive_info) returns it. In check mode as it would be.
  returned: success
  type: dict
reboot:
  description: Whether O(reboot) asks for a reboot now. A task that fails asks for none.
  returned: always
  type: bool
  sample: false
checked:
  description: Whether this was a check run, in which nothing is changed.
  returned: success
  type: bool
  sample: false
host:
  description: The host as Ansible names it, C(web1) or, for a task that is delegated, C(web1 -> db1).
  returned: success
  type: str
  sample: web1
asked:
  description: What was asked for, by name of the option. The role P(longlived.tcp.keepalive_verify#role) verifies this.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._host import Host, request
from ansible_collections.longlived.tcp.plugins.module_utils._host_options import KEEPALIVE


def main():
    module = AnsibleModule(argument_spec=KEEPALIVE, supports_check_mode=True)
    host = None
    try:
        host = Host(request(module.params, module.run_command))
        host.decide()
        after = host.foreseen() if module.check_mode else host.act()
    except UserError as error:
        module.fail_json(msg=str(error), parts=host.rows(error) if host else [])
    for warning in host.warnings:
        module.warn(warning)
    result = dict(changed=host.changed, before=host.before, after=after, parts=host.rows(), problems=host.problems)
    if module._diff:
        result["diff"] = [entry for part in host.parts if part.changed for entry in part.diff]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
