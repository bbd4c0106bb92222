# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused before anything is looked at; whole hosts are in tests/managed."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.modules import socket_keepalive_default

OPTIONS = dict(state="present", accepted=False, loopback=False, time=45, intvl=45, probes=9)
OPTIONS.update(idle_timeout=350, runtime=True, at_boot=True, cgroup=None)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (dict(idle_timeout=0), "idle_timeout is 0, and must be at least 1 second."),
        (dict(time=0), "time is 0, and must be from 1 to 32767 seconds"),
        (dict(cgroup="/sys/fs/cgroup/x"), "cgroup is /sys/fs/cgroup/x, and a boot attaches to the root only: add at_boot: false."),
    ],
)
def test_what_cannot_be_asked_for(changes, says):
    with pytest.raises(UserError) as error:
        socket_keepalive_default._request(dict(OPTIONS, **changes))
    assert says in str(error.value)


def test_a_request():
    request = socket_keepalive_default._request(dict(OPTIONS, accepted=True))
    assert socket_keepalive_default._request(dict(OPTIONS, cgroup="/sys/fs/cgroup/x/", at_boot=False)).cgroup == "/sys/fs/cgroup/x"
    assert (request.present, request.cgroup) == (True, None)
    assert (request.present, request.accepted, request.values) == (True, True, dict(time=45, intvl=45, probes=9))


@pytest.mark.parametrize("hinders", ["attached", "new_connections"])
def test_nothing_to_take_out_where_no_program_can_be(monkeypatch, hinders):
    def refuse(*_arguments):
        raise UserError("Linux is too old.")

    monkeypatch.setattr(socket_keepalive_default.default, "attached", lambda cgroup: [])
    monkeypatch.setattr(socket_keepalive_default.default, "new_connections", lambda accepted, cgroup: {})
    monkeypatch.setattr(socket_keepalive_default.default, hinders, refuse)
    assert socket_keepalive_default._looked(dict(OPTIONS, state="absent")) == dict(attached=[], new_connections=None)
    with pytest.raises(UserError):
        socket_keepalive_default._looked(OPTIONS)
