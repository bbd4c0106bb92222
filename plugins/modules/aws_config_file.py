#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: aws_config_file
short_description: Settings in C(~/.aws/config), and not one other byte
version_added: 0.1.0
description:
  - Sets or removes settings of profiles in the file that the AWS CLI, boto3 and everything else built on botocore read.
  - After it, botocore resolves each setting of each profile to what was asked, or the module fails and says why.
    Comments, order, line ends, nested sections, quoted names and all other bytes stay as they are.
  - It reads the file by botocore's own rules. A file that botocore cannot read is refused, with line and reason, and left alone.
  - Credentials are neither written nor shown. A diff consists of the changed lines and the headers above them.
  - No Python package is needed on the target.
options:
  users:
    description:
      - Whose file to change, names from the password database.
      - V(@login) is the user who logged in, that is the one C(sudo) or C(doas) came from, else the login user that the kernel
        recorded, else the one the module runs as.
      - All files are read and checked before the first one is changed. If one of them cannot be changed all the same, none is.
    type: list
    elements: str
    default: ['@login']
  path:
    description:
      - A file to change instead of those of O(users); an absolute path.
      - Root changes a file in a user's directory with the rights of that user.
    type: path
  profiles:
    description:
      - Names of profiles; one that the file does not know is added.
      - V(*) is every profile in the file and in C(~/.aws/credentials), and V(default). C([sso-session]), C([services]) and C([plugins])
        are no profiles.
      - Profiles do not inherit from V(default).
    type: list
    elements: str
    default: [default]
  settings:
    description:
      - Settings with their values, named as in the file. A dictionary as value is a nested section, such as C(s3),
        of which only the named settings are touched.
      - C(tcp_keepalive) turns on keepalive for the sockets of botocore. When probes are sent is the kernel's matter,
        see M(longlived.tcp.keepalive_sysctl).
      - With O(state=absent) the names count, and values do not.
      - Settings that are credentials, such as C(aws_secret_access_key) or C(credential_process), are refused.
    type: dict
    default:
      tcp_keepalive: true
  state:
    description:
      - V(present) sets O(settings), V(absent) removes them.
      - V(absent) after V(present) gives the old bytes back where the file did not hold the settings before. A section that this
        module added, with the comment C(# Added by longlived.tcp) above it, goes with its last setting;
        the file goes if this module created it and nothing else is in it. The directory stays.
    type: str
    choices: [absent, present]
    default: present
  create:
    description: Whether to create a file that does not exist. If V(false), none is created, and RV(files[].skipped) is V(true).
    type: bool
    default: true
  backup:
    description: Whether to keep a copy of each file beside it before it is changed.
    type: bool
    default: false
notes:
  - New files have mode C(0600), new directories C(0700), and both belong to the user. Other files keep mode, owner, group,
    ACL and SELinux label; a link stays a link, and the file it leads to is changed.
  - Root reads and writes in a user's home with the rights of that user only. A link toward a file that the user could not write is
    refused, also when it is planted while the module runs.
  - C(~/.aws/credentials) is merged over the file, so RV(files[].effective) counts it, and what it hides is a warning.
  - A variable in C(/etc/environment) that hides a setting, or has botocore read another file or use another profile, is a warning.
    RV(files[].effective) is what botocore resolves from the files that C(AWS_CONFIG_FILE) and C(AWS_SHARED_CREDENTIALS_FILE) name there.
  - No setting of any file makes botocore wait longer than 60 seconds for an answer. See the collection's C(docs/aws.md).
extends_documentation_fragment:
  - longlived.tcp.attributes
  - longlived.tcp.attributes.change
seealso:
  - module: longlived.tcp.keepalive_sysctl
  - module: longlived.tcp.keepalive_info
author:
  - longlived.tcp contributors (@longlived-tcp)
"""

EXAMPLES = r"""
- name: Keep the connections of the login user's AWS CLI alive
  longlived.tcp.aws_config_file:

- name: The same for three users and all their profiles, where they have such a file
  longlived.tcp.aws_config_file:
    users: [alice, bob, carol]
    profiles: ['*']
    create: false
  become: true

- name: Invoke once and no more, and keep S3 transfers small
  longlived.tcp.aws_config_file:
    users: [batch]
    profiles: [default, nightly]
    settings:
      tcp_keepalive: true
      max_attempts: 1
      s3:
        max_concurrent_requests: 5
  become: true

- name: A file outside any home, such as one that AWS_CONFIG_FILE names
  longlived.tcp.aws_config_file:
    path: /etc/batch/aws-config
  become: true

- name: Take it back
  longlived.tcp.aws_config_file:
    state: absent
"""

RETURN = r"""
files:
  description: A row for each file, in the order of O(users).
  returned: always
  type: list
  elements: dict
  sample:
    - path: /home/alice/.aws/config
      user: alice
      changed: true
      skipped: false
      effective: {default: {tcp_keepalive: 'true'}}
      active_profile: default
  contains:
    path:
      description: The file as botocore names it; it may be a link.
      type: str
      returned: always
    user:
      description: The user with whose rights it was read and written.
      type: str
      returned: always
    changed:
      description: Whether it was changed.
      type: bool
      returned: always
    skipped:
      description: Whether the user has no such file and was left alone because of O(create=false).
      type: bool
      returned: always
    effective:
      description:
        - For each profile and each of O(settings), what botocore resolves from the files now; in check mode, what it would.
          Text as it stands in the file, a dictionary for a nested section, V(null) if it is not set.
      type: dict
      returned: always
    active_profile:
      description: The profile of a program that names none, by C(AWS_DEFAULT_PROFILE) or C(AWS_PROFILE) in C(/etc/environment).
      type: str
      returned: without O(path)
    backup_file:
      description: The copy of the old file.
      type: str
      returned: if it was changed, existed before and O(backup=true)
backup_file:
  description: The copy, where there is just one.
  returned: if one file was changed, existed before and O(backup=true)
  type: str
  sample: /home/alice/.aws/config.1234.2026-01-01@00:00:00~
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.text.converters import to_native
from ansible_collections.longlived.tcp.plugins.module_utils._aws.change import Request, applied, plan
from ansible_collections.longlived.tcp.plugins.module_utils._aws.files import targets
from ansible_collections.longlived.tcp.plugins.module_utils._aws.settings import SecretRefused
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError

SPEC = {
    "users": {"type": "list", "elements": "str", "default": ["@login"]},
    "path": {"type": "path"},
    "profiles": {"type": "list", "elements": "str", "default": ["default"]},
    "settings": {"type": "dict", "default": {"tcp_keepalive": True}},
    "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
    "create": {"type": "bool", "default": True},
    "backup": {"type": "bool", "default": False},
}


class Module(AnsibleModule):
    def _log_invocation(self):
        """Not in the target's journal: the settings may hold a credential, which is checked later."""


def planned(parameters):
    request = Request(parameters["profiles"], parameters["settings"], parameters["state"], parameters["create"])
    return [plan(target, request) for target in targets(parameters["users"], parameters["path"])]


def result(changes):
    rows = [change.row for change in changes]
    found = {"changed": any(row["changed"] for row in rows), "files": rows, "diff": [change.diff for change in changes if change.changed]}
    backups = [row["backup_file"] for row in rows if "backup_file" in row]
    if len(backups) == 1:
        found["backup_file"] = backups[0]
    return found


def attempt(module):
    """The changes, planned and made, and None; or None and the error, outside of whose handler `fail` shows no traceback."""
    try:
        changes = planned(module.params)
        if not module.check_mode:
            with applied(changes, module.params["backup"]):
                pass
    except UserError as error:
        return None, error
    return changes, None


def fail(module, error):
    if isinstance(error, SecretRefused):
        # What should not have been given to us shall not be shown with what we were given.
        module.no_log_values.update(to_native(text) for text in error.texts)
    module.fail_json(msg=str(error), changed=False, files=[])


def main():
    module = Module(argument_spec=SPEC, supports_check_mode=True)
    changes, error = attempt(module)
    if error is not None:
        fail(module, error)
    for warning in sorted(set(warning for change in changes for warning in change.hindrances + change.warnings)):
        module.warn(warning)
    module.exit_json(**result(changes))


if __name__ == "__main__":
    main()
