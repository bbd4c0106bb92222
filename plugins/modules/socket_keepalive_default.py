#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: socket_keepalive_default
short_description: Keepalive for every new TCP connection, whatever its program asks
version_added: 0.2.0
description:
  - Attaches cgroup BPF programs to the host's root cgroup. They turn SO_KEEPALIVE on for every new connection of every program,
    containers and pods included. Connections that are open already do not change.
  - The times of a socket are set, all three, only where its own or its network namespace's would leave it unprotected
    under O(idle_timeout). Shorter ones, of the program or of a container, stay. Before Linux 6.1 a BPF program cannot read a
    socket's times, and only SO_KEEPALIVE is set.
  - A oneshot unit attaches the programs again at every boot, before any service starts.
  - It tests in a child process, without a packet, that a new connection gets what is asked for, and fails otherwise. After a
    failure, programs, unit and script are restored.
options:
  state:
    description:
      - V(present) attaches the programs, and makes the unit and its script.
      - V(absent) removes programs, unit and script. Open connections keep their settings.
    type: str
    choices: [present, absent]
    default: present
  accepted:
    description: V(true) includes connections that this host accepts.
    type: bool
    default: false
  loopback:
    description: V(true) includes connections to C(127.0.0.0/8) and C(::1).
    type: bool
    default: false
  idle_timeout:
    description: After how many seconds of silence the path drops a connection, at least 1.
    type: int
    default: 350
  runtime:
    description: V(false) writes the unit and its script only, for building an image. Nothing is attached, proved or detached.
    type: bool
    default: true
  at_boot:
    description: V(false) makes no unit, and removes that of an earlier run. The programs then last until the next boot.
    type: bool
    default: true
  cgroup:
    description:
      - A directory of the cgroup2 hierarchy instead of the root, with O(at_boot=false).
      - Refused if the programs are attached to another cgroup already, or if they are skipped there.
    type: path
extends_documentation_fragment:
  - longlived.tcp.attributes
  - longlived.tcp.attributes.change
  - longlived.tcp.host.values
notes:
  - Needs root and Linux 5.9. In check mode the programs are loaded, and so verified by the kernel, and not attached.
  - A value that a program sets after connect(2) wins. Connections of MPTCP are covered, though the socket itself does not show it.
  - Virtual machines, and containers that run in one, have their own kernel and are not covered.
seealso:
  - module: longlived.tcp.socket_keepalive
  - module: longlived.tcp.socket_keepalive_info
author:
  - longlived.tcp contributors (@longlived-tcp)
"""

EXAMPLES = r"""
- name: Keepalive for every new connection, now and after every boot
  longlived.tcp.socket_keepalive_default:
  become: true

- name: Include connections that this host accepts
  longlived.tcp.socket_keepalive_default:
    accepted: true
  become: true

- name: Take it out again
  longlived.tcp.socket_keepalive_default:
    state: absent
  become: true
"""

RETURN = r"""
attached:
  description: The programs of this collection that are attached.
  returned: success, with O(runtime=true)
  type: list
  elements: dict
  contains:
    hook:
      description: V(connect4), V(connect6) or V(accept).
      type: str
      sample: connect4
    program_id:
      description: The kernel's id of the program, as C(bpftool prog) shows it.
      type: int
      sample: 71
    others:
      description: Ids of other owners' programs on the same hook.
      type: list
      elements: int
      sample: []
new_connections:
  description:
    - What a new connection gets, C(keepalive), C(time), C(intvl) and C(probes). V(host) is a connection with the host's running
      values, V(container) one with the kernel's defaults, and V(accepted), with O(accepted=true), one that this host accepts.
    - Null with an O(cgroup) in which no process can be, as its children have controllers, and with O(state=absent) where it cannot be
      found out.
  returned: success, with O(runtime=true)
  type: dict
  sample:
    host: {keepalive: true, time: 45, intvl: 45, probes: 9}
    container: {keepalive: true, time: 45, intvl: 45, probes: 9}
boot:
  description: >-
    The C(unit) that attaches the programs at boot, its C(script), null unless it is this collection's, and whether it is C(enabled).
  returned: success
  type: dict
  sample:
    unit: /etc/systemd/system/longlived-tcp-keepalive.service
    script: /usr/local/lib/longlived-tcp/keepalive_default.py
    enabled: true
scope:
  description: V(host), or V(container) where the module runs in one and reaches that container only.
  returned: success
  type: str
  sample: host
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.longlived.tcp.plugins.module_utils._bpf import boot, default
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import DEFAULTS, IDLE_TIMEOUT, NAMES, check


def main():
    values = dict((name, dict(type="int", default=DEFAULTS[name])) for name in NAMES)
    module = AnsibleModule(
        argument_spec=dict(
            values,
            state=dict(type="str", choices=["present", "absent"], default="present"),
            accepted=dict(type="bool", default=False),
            loopback=dict(type="bool", default=False),
            idle_timeout=dict(type="int", default=IDLE_TIMEOUT),
            runtime=dict(type="bool", default=True),
            at_boot=dict(type="bool", default=True),
            cgroup=dict(type="path"),
        ),
        supports_check_mode=True,
    )
    options = module.params
    try:
        decision = _done(module, _request(options))
        result = dict(changed=default.changes(decision), boot=boot.state(), scope=default.scope())
        if options["runtime"]:
            result.update(_looked(options))
    except UserError as error:
        module.fail_json(msg=str(error))
    for warning in default.warnings(decision):
        module.warn(warning)
    if module._diff:
        result["diff"] = default.diff(decision)
    module.exit_json(**result)


def _request(options):
    if options["idle_timeout"] < 1:
        raise UserError("idle_timeout is %d, and must be at least 1 second." % options["idle_timeout"])
    if options["cgroup"] is not None and options["at_boot"] and options["state"] == "present":
        raise UserError("cgroup is %s, and a boot attaches to the root only: add at_boot: false." % options["cgroup"])
    return default.Request(
        present=options["state"] == "present",
        accepted=options["accepted"],
        loopback=options["loopback"],
        values=check(dict((name, options[name]) for name in NAMES)),
        idle_timeout=options["idle_timeout"],
        runtime=options["runtime"],
        at_boot=options["at_boot"],
        # One name for one cgroup, as a later run compares it.
        cgroup=options["cgroup"] and os.path.realpath(options["cgroup"]),
    )


def _looked(options):
    cgroup = options["cgroup"]
    try:
        attached = default.attached(cgroup)
        return dict(attached=attached, new_connections=default.new_connections(options["accepted"], cgroup) or None)
    except UserError:
        # Where no program can be, or the cgroup has gone, there is nothing that had to be taken out.
        if options["state"] == "present":
            raise
        return dict(attached=[], new_connections=None)


def _done(module, request):
    if module.check_mode:
        return default.decide(request)
    with default.applied(request) as decision:
        return decision


if __name__ == "__main__":
    main()
