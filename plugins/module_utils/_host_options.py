# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of `keepalive` and `keepalive_verify`, with their types and defaults: an option starts here.

The roles' variables are these names with the prefix `keepalive_` or `keepalive_verify_`. Documentation, argument specs and
defaults repeat this table; tests/unit/roles compares them. Ranges and contradictions are in plugin_utils/_variables.py.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import DEFAULTS, IDLE_TIMEOUT, SYSCTL_FILE

PARTS = ("sysctl", "aws", "live_sockets", "new_sockets")


def _list(default, elements="str"):
    return dict(type="list", elements=elements, default=default)


def _choice(*choices):
    """The first one is the default."""
    return dict(type="str", choices=list(choices), default=choices[0])


_COMMON = dict(
    state=_choice("present", "absent"),
    time=dict(type="int", default=DEFAULTS["time"]),
    intvl=dict(type="int", default=DEFAULTS["intvl"]),
    probes=dict(type="int", default=DEFAULTS["probes"]),
    path=_list([], "raw"),
    lost_probes=dict(type="int", default=3),
    margin=dict(type="int"),
    sysctl_file=dict(type="path", default=SYSCTL_FILE),
    overridden=_choice("fail", "warn"),
    runtime=dict(type="bool", default=True),
    aws_users=_list([]),
    aws_users_default=_list([]),
    aws_profiles=_list(["default"]),
    aws_settings=dict(type="dict", default={"tcp_keepalive": True}),
    aws_create=dict(type="bool", default=True),
    new_sockets=_choice("leave", "connect", "connect_and_accept", "absent"),
    new_sockets_loopback=dict(type="bool", default=False),
    parts=dict(_list(list(PARTS)), choices=list(PARTS)),
    foreign_variables=_list([]),
)

KEEPALIVE = dict(
    _COMMON,
    live_sockets=_choice("leave", "rearm", "enable"),
    live_processes=_list([]),
    live_peers=_list([]),
    verify_processes=_list([]),
    reboot=_choice("never", "if_changed", "always"),
    reboot_serial=dict(type="int", default=1),
)

VERIFY = dict(_COMMON, processes=_list([]), report_only=dict(type="bool", default=False))


def users(options):
    """Whose ~/.aws/config is meant, and whether a file that cannot be changed refuses the whole run: it does for users that
    were named, not for a playbook's default."""
    if "aws" not in options["parts"]:
        return [], False
    if options["aws_users"]:
        return options["aws_users"], True
    return options["aws_users_default"], False


def new_sockets(options):
    """What is asked for new connections: None leaves them alone; a rollback removes what is there."""
    asked = "absent" if options["state"] == "absent" else options["new_sockets"]
    return asked if "new_sockets" in options["parts"] and asked != "leave" else None


def idle_timeout(options):
    """Seconds of silence after which the path drops a connection. The action plugin has reduced the path to its weakest element."""
    return min([int(seconds) for seconds in options["path"]] or [IDLE_TIMEOUT])
