#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: keepalive_info
short_description: Tell everything on a host that decides whether its connections are kept alive
version_added: 0.1.0
description:
  - Returns the three TCP keepalive values of the running kernel, those of the next boot with the file and line that
    decide, every line that takes part in that decision, what botocore makes of users' C(~/.aws/config), whether live
    connections are kept alive, and the values in containers.
  - Changes nothing.
options:
  idle_timeout:
    description: After how many seconds of silence the path drops a connection. RV(lost_probes_survived) is measured against it.
    type: int
    default: 350
  aws_users:
    description:
      - Whose C(~/.aws/config) to look at, names from the password database. V(@login) is the user who logged in, that is
        the one C(sudo) or C(doas) came from, else the login user that the kernel recorded, else the one the module runs as.
    type: list
    elements: str
    default: []
  aws_profiles:
    description: Which profiles of it, as in M(longlived.tcp.aws_config_file).
    type: list
    elements: str
    default: [default]
  aws_settings:
    description: Which settings of these.
    type: list
    elements: str
    default: [tcp_keepalive]
  sockets:
    description:
      - Also count the live connections of the host and of every other network namespace by whether they are kept alive under
        O(idle_timeout). Those to the host itself are left out.
    type: bool
    default: false
  processes:
    description:
      - Globs of process names, as in M(longlived.tcp.socket_keepalive_info), whose connections to return in RV(processes).
      - Each of their connections is asked for its own settings where this is possible, as with that module's O(ignore:options=true).
    type: list
    elements: str
    default: []
  namespaces:
    description:
      - Also look at the host's other network namespaces, that is containers and pods.
      - A host may be right and every container on it wrong, as a new network namespace starts with the kernel's defaults.
    type: bool
    default: false
extends_documentation_fragment:
  - longlived.tcp.attributes
  - longlived.tcp.attributes.info
notes:
  - What lies in C(/run) is left out of RV(boot), as it is gone at the next boot; what of it sets a value now is a warning.
  - Without root, files that only root may read are named in a warning, and what they set is left out.
  - Ansible's own ssh connection to the host does not count, as M(longlived.tcp.socket_keepalive_info) leaves it out.
  - Where the kernel does not list its connections, RV(sockets) is null and a warning says why. With O(processes) it is an error.
seealso:
  - module: longlived.tcp.keepalive_sysctl
  - module: longlived.tcp.socket_keepalive_info
author:
  - longlived.tcp contributors (@longlived-tcp)
"""

EXAMPLES = r"""
- name: What decides here
  longlived.tcp.keepalive_info:
  register: keepalive

- name: Say whether the next boot will bring what runs now
  ansible.builtin.debug:
    msg: "runs {{ keepalive.runtime }}, boots {{ keepalive.boot }}, the same: {{ keepalive.consistent }}"

- name: Find the programs that have connections which are not kept alive
  longlived.tcp.keepalive_info:
    processes: ['worker*']
  become: true
  register: keepalive
  failed_when: keepalive.processes | map(attribute='stale') | sum + keepalive.processes | map(attribute='unprotected') | sum > 0

- name: Find the containers whose connections are not kept alive
  longlived.tcp.keepalive_info:
    namespaces: true
  become: true
  register: keepalive
  failed_when: keepalive.namespaces | map(attribute='lost_probes_survived') | select('none') | list | length > 0
"""

RETURN = r"""
runtime:
  description: The values of the running kernel, C(time) and C(intvl) in seconds.
  returned: success
  type: dict
  sample: {time: 45, intvl: 45, probes: 9}
boot:
  description:
    - What the next boot gives, for each of C(time), C(intvl) and C(probes).
    - C(file) is the one that decides (null for the kernel's default), C(line) the line in it, and
      C(read_as) the name under which a boot reads it, another one where that is a link.
    - C(by) is C(ufw) or C(TuneD) where one of these applies the line after C(systemd-sysctl), else null.
  returned: success
  type: dict
  sample:
    time:
      value: 45
      file: /etc/sysctl.d/99-tcp-keepalive.conf
      line: 3
      read_as: /etc/sysctl.d/99-tcp-keepalive.conf
      by: null
assignments:
  description:
    - Every line that sets one of the keys, by name or by a glob, in the order in which a boot reads them.
    - C(value) is null where the kernel refuses the text.
  returned: success
  type: list
  elements: dict
  sample:
    - key: net.ipv4.tcp_keepalive_time
      value: 45
      text: "45"
      file: /etc/sysctl.d/99-tcp-keepalive.conf
      line: 3
      read_as: /etc/sysctl.d/99-tcp-keepalive.conf
other_writers:
  description:
    - Every line found on the host that sets one of the keys after C(systemd-sysctl) has read its files, or that changes what it does.
    - Those that are C(certain) follow rules that are worked out, those of TuneD and ufw, and are part of RV(boot). The others, in units,
      C(rc.local), cron, network scripts, cloud-init, saptune, on the kernel command line or in a systemd credential, are not. Where they
      may give another value than RV(boot), a warning says so.
    - C(key) is null where it may be any of the three, and C(value) where it cannot be told.
  returned: success
  type: list
  elements: dict
  sample:
    - key: net.ipv4.tcp_keepalive_intvl
      value: 1800
      file: /etc/ufw/sysctl.conf
      line: 33
      by: ufw
      when: after systemd-sysctl
      certain: true
consistent:
  description: Whether the next boot gives the values that the running kernel has.
  returned: success
  type: bool
lost_probes_survived:
  description:
    - How many probes in a row may get lost before a path with O(idle_timeout) has forgotten the connection, the
      kernel's lateness of up to an eighth counted.
    - Null if not even the first probe is sure to leave in time.
  returned: success
  type: int
  sample: 5
detection_time:
  description: Seconds of silence after which a dead peer is declared dead.
  returned: success
  type: int
  sample: 450
boot_id:
  description: The kernel's identifier of the current boot. After a reboot it is another one.
  returned: success
  type: str
  sample: 9f5c0a8e-6a2b-4d1c-9a53-2f0d1ac0a0a2
aws:
  description:
    - A row for each user, as RV(longlived.tcp.aws_config_file#module:files).
    - C(path) is the file that botocore reads, another one than C(~/.aws/config) where C(AWS_CONFIG_FILE) in C(/etc/environment)
      says so. C(effective) is what it resolves for each profile and setting, as text, and null for what is not set.
  returned: success and O(aws_users) is not empty
  type: list
  elements: dict
  sample:
    - path: /home/alice/.aws/config
      user: alice
      exists: true
      changed: false
      effective: {default: {tcp_keepalive: 'true'}}
      active_profile: default
sockets:
  description: How many live connections there are, and how many in each state, as RV(longlived.tcp.socket_keepalive_info#module:summary).
  returned: success and O(sockets=true)
  type: dict
  sample: {established: 120, protected: 100, stale: 12, unprotected: 8, unknown: 0}
restart:
  description:
    - The systemd services that have connections whose timers were armed under older, longer values, and so are kept alive from the
      next restart on. With O(processes), only services of these.
  returned: success and O(sockets=true)
  type: list
  elements: str
  sample: [worker.service]
processes:
  description:
    - The same counts for each of the chosen processes that has connections, with its unit, as
      RV(longlived.tcp.socket_keepalive_info#module:processes).
  returned: success and O(processes) is not empty
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
without_keepalive:
  description: The names of the programs that have connections for which they never asked for keepalive.
  returned: success and O(sockets=true)
  type: list
  elements: str
  sample: [java, worker]
new_connections:
  description:
    - What a connection that is made now gets, whatever its program asks, and the programs of M(longlived.tcp.socket_keepalive_default)
      that see to it.
    - C(host) is a connection with the host's running values, C(container) one with the kernel's defaults, and C(accepted), if there is
      a program for these, one that the host accepts. It is found out in a child process, without a packet.
    - C(attached) are the programs, as that module returns them. C(boot) is what a boot runs.
    - If it cannot be found out, as without root or on Linux before 5.9, C(error) says why.
  returned: success
  type: dict
  sample:
    host: {keepalive: false, time: 45, intvl: 45, probes: 9}
    container: {keepalive: false, time: 7200, intvl: 75, probes: 9}
    attached: []
    boot: {unit: null, script: null, enabled: false}
    scope: host
namespaces:
  description:
    - Every other network namespace that has TCP sockets, with its three values, the process with the lowest id that
      lives there, and that process's systemd unit.
    - C(lost_probes_survived) is as RV(lost_probes_survived).
  returned: success and O(namespaces=true)
  type: list
  elements: dict
  sample:
    - namespace: 4026532281
      runtime: {time: 7200, intvl: 75, probes: 9}
      lost_probes_survived: null
      pid: 4711
      name: nginx
      unit: docker-6f1c.scope
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._host_state import Scope, look
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import IDLE_TIMEOUT


def main():
    module = AnsibleModule(
        argument_spec=dict(
            idle_timeout=dict(type="int", default=IDLE_TIMEOUT),
            aws_users=dict(type="list", elements="str", default=[]),
            aws_profiles=dict(type="list", elements="str", default=["default"]),
            aws_settings=dict(type="list", elements="str", default=["tcp_keepalive"]),
            sockets=dict(type="bool", default=False),
            processes=dict(type="list", elements="str", default=[]),
            namespaces=dict(type="bool", default=False),
        ),
        supports_check_mode=True,
    )
    if module.params["idle_timeout"] < 1:
        module.fail_json(msg="idle_timeout is %d, and must be at least 1 second." % module.params["idle_timeout"])
    if os.geteuid() != 0 and any(module.params[name] for name in ("namespaces", "sockets", "processes")):
        module.warn("Not root: only the network namespaces of this user's own processes were looked at.")
    try:
        result = look(Scope(new_connections=True, new_sockets=None, runtime=True, strict=True, **module.params), module.warn)
    except UserError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
