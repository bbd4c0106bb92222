#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: keepalive_sysctl
short_description: Set the three TCP keepalive values, now and at every boot
version_added: 0.1.0
description:
  - Sets C(net.ipv4.tcp_keepalive_time), C(net.ipv4.tcp_keepalive_intvl) and C(net.ipv4.tcp_keepalive_probes)
    in the running kernel and in a file that every boot reads, or takes them out again, as one transaction.
    IPv6 connections use the same values.
  - Before anything changes, the module works out which file would win at the next boot, by the rules of
    L(sysctl.d,https://www.freedesktop.org/software/systemd/man/latest/sysctl.d.html) and of the host's
    version of systemd. If another file would give another value, the module fails and names its line.
  - The new file is written beside the old one, loaded, read back from C(/proc/sys) and only then put in place.
    On any failure the running values and every file are as they were.
  - The values matter for connections whose program asks for keepalive (C(SO_KEEPALIVE)). A connection that is open
    already keeps the timer that it was armed with.
options:
  state:
    description:
      - V(present) sets the values.
      - V(absent) takes the three keys out of O(sysctl_file), and out of every other file that this module has made
        in C(/etc/sysctl.d) under another name. Those are the regular files that a boot reads and that begin with the
        module's two lines of comment. A drop-in that then holds nothing else is removed.
      - The running kernel then gets what a boot would now give, that is the value of the file that wins then,
        or the kernel's default (7200, 75 and 9).
      - A file that is not the module's and sets one of the keys stays as it is, and a warning names its line.
      - Where O(sysctl_file) held other values for these keys before V(present), V(absent) does not bring them back.
        RV(backup_file) of that run is the way back.
    type: str
    choices: [present, absent]
    default: present
  sysctl_file:
    description:
      - The file that holds the values for the next boots. A link is followed and stays a link.
      - In a file that holds other settings, such as C(/etc/sysctl.conf), only these three keys are touched, and every
        other byte stays. No other key of it is loaded, and a diff shows no other line of it.
      - The file is replaced by a new one with the same mode, owner, ACL and SELinux label; another hard link to the old one
        keeps the old content.
      - A file that no boot reads, or that will be gone by then, is refused. That is so for C(/etc/sysctl.conf) on hosts where no link in
        C(/etc/sysctl.d) leads to it, such as Debian 13.
      - The name must not hold any of the glob characters C(*?[]{}\~).
    type: path
    default: /etc/sysctl.d/99-tcp-keepalive.conf
  runtime:
    description: V(false) leaves the running kernel alone and writes the file only, for building an image.
    type: bool
    default: true
  overridden:
    description: What to do when another source would give another value at the next boot.
    type: str
    choices: [fail, warn]
    default: fail
  backup:
    description:
      - Keep a copy of O(sysctl_file), with a timestamp in its name, before changing it. Other files that O(state=absent)
        changes are not copied.
    type: bool
    default: false
extends_documentation_fragment:
  - longlived.tcp.host.values
  - longlived.tcp.attributes
  - longlived.tcp.attributes.change
notes:
  - A file with these three keys only is loaded with C(sysctl -p). For any other file, and on a host without C(sysctl),
    the values are written to C(/proc/sys) directly.
  - A new network namespace, such as a container's or a pod's, starts with the kernel's defaults, whatever the host uses.
seealso:
  - module: longlived.tcp.keepalive_info
  - name: tcp(7)
    description: What the kernel does with the three values.
    link: https://man7.org/linux/man-pages/man7/tcp.7.html
author:
  - longlived.tcp contributors (@longlived-tcp)
"""

EXAMPLES = r"""
- name: Keep idle connections alive across a NAT gateway that drops them after 350 s
  longlived.tcp.keepalive_sysctl:
  become: true

- name: The same with fewer probes, surviving three lost ones
  longlived.tcp.keepalive_sysctl:
    time: 233
    intvl: 20
    probes: 9
  become: true

- name: In a file shared with other settings, which stay as they are
  longlived.tcp.keepalive_sysctl:
    sysctl_file: /etc/sysctl.conf
    backup: true
  become: true

- name: While building an image, whose kernel is not the one that runs now
  longlived.tcp.keepalive_sysctl:
    runtime: false
  become: true

- name: Take the three keys out, and give the kernel what the next boot gives
  longlived.tcp.keepalive_sysctl:
    state: absent
  become: true
"""

RETURN = r"""
runtime:
  description: The values of the running kernel. They are null where it cannot be asked and O(runtime=false).
  returned: success
  type: dict
  contains:
    before:
      description: The values before this task, C(time) and C(intvl) in seconds.
      type: dict
      sample: {time: 7200, intvl: 75, probes: 9}
    after:
      description: The values after this task. In check mode those that it would set.
      type: dict
      sample: {time: 45, intvl: 45, probes: 9}
sysctl_file:
  description: The file, as O(sysctl_file) names it.
  returned: success
  type: str
  sample: /etc/sysctl.d/99-tcp-keepalive.conf
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
overridden_by:
  description: The lines of other sources that give another value than asked for at the next boot. Empty unless O(overridden=warn).
  returned: success
  type: list
  elements: dict
  sample:
    - key: net.ipv4.tcp_keepalive_time
      value: 100
      file: /etc/sysctl.d/99-zzz.conf
      line: 1
boot_id:
  description: The kernel's identifier of the current boot. After a reboot it is another one.
  returned: success
  type: str
  sample: 9f5c0a8e-6a2b-4d1c-9a53-2f0d1ac0a0a2
backup_file:
  description: The copy of the file before the change.
  returned: changed and O(backup=true) and the file existed
  type: str
  sample: /etc/sysctl.conf.2214.2026-01-31@12:00:00~
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import change, runtime
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.boot import as_rows, printable
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import DEFAULTS, NAMES, SYSCTL_FILE


def main():
    module = AnsibleModule(
        argument_spec=dict(
            state=dict(type="str", choices=["present", "absent"], default="present"),
            time=dict(type="int", default=DEFAULTS["time"]),
            intvl=dict(type="int", default=DEFAULTS["intvl"]),
            probes=dict(type="int", default=DEFAULTS["probes"]),
            sysctl_file=dict(type="path", default=SYSCTL_FILE),
            runtime=dict(type="bool", default=True),
            overridden=dict(type="str", choices=["fail", "warn"], default="fail"),
            backup=dict(type="bool", default=False),
        ),
        supports_check_mode=True,
    )
    options = module.params
    request = change.Request(
        present=options["state"] == "present",
        values=dict((name, options[name]) for name in NAMES),
        path=change.native_path(options["sysctl_file"]),
        runtime=options["runtime"],
        tolerated=options["overridden"] == "warn",
        run_command=module.run_command,
    )
    try:
        if module.check_mode:
            decision, saved = change.decide(request), None
        else:
            decision, saved = change.run(request, options["backup"])
    except UserError as error:
        module.fail_json(msg=str(error))
    for warning in decision.warnings:
        module.warn(warning)
    module.exit_json(**_result(module, decision, saved))


def _result(module, decision, saved):
    result = dict(
        changed=change.changes(decision),
        runtime=dict(before=decision.before, after=decision.after),
        sysctl_file=printable(decision.request.path),
        boot=as_rows(decision.boot),
        overridden_by=change.rows(decision.overriding),
        boot_id=runtime.boot_id(),
    )
    if saved:
        result["backup_file"] = printable(saved)
    if module._diff:
        result["diff"] = change.diff(decision)
    return result


if __name__ == "__main__":
    main()
