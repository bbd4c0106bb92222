# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The unit and the service of a process, by its control groups."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import namespaces


@pytest.mark.parametrize(
    ("cgroups", "unit"),
    [
        (b"0::/system.slice/worker.service\n", "worker.service"),
        (b"0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-u1.scope\n", "run-u1.scope"),
        (b"12:cpu,cpuacct:/a.service\n1:name=systemd:/system.slice/b.service\n0::/\n", "b.service"),
        (b"0::/\n", None),
        (b"", None),
        (b"0::/odd\xff.scope\n", u"odd\ufffd.scope"),
        (b"0::/odd\x0c\xc2\x85\xe2\x80\xa8x.scope\n", u"odd\x0c\x85\u2028x.scope"),
        (b"0::/a:b.service\n", "a:b.service"),
    ],
)
def test_the_unit_of_a_control_group(cgroups, unit):
    assert namespaces.unit_in(cgroups) == unit


HOST, HYBRID = b"0::/init.scope\n", b"1:name=systemd:/init.scope\n0::/init.scope\n"


@pytest.mark.parametrize(
    ("cgroups", "first", "service"),
    [
        (b"0::/system.slice/nginx.service\n", HOST, "nginx.service"),
        (b"0::/system.slice/system-worker.slice/worker@a.service\n", HOST, "worker@a.service"),
        (b"0::/web.slice/web-front.slice/nginx.service/workers/3\n", HOST, "nginx.service"),
        (b"0::/system.slice/web.service/libpod-payload-12ab\n", HOST, "web.service"),
        (b"0::/alone.service\n", HOST, "alone.service"),
        (b"0::/system.slice/_cpu.service\n", HOST, "cpu.service"),
        (b"0::/system.slice/odd\xff.service\n", HOST, u"odd\ufffd.service"),
        (b"0::/system.slice/a:b.service\n", HOST, "a:b.service"),
        (b"0::/system.slice/docker.service\n", HOST, "docker.service"),
        # What a restart would not end.
        (b"0::/user.slice/user-1000.slice/session-3.scope\n", HOST, None),
        (b"0::/user.slice/user-1000.slice/user@1000.service/init.scope\n", HOST, None),
        (b"0::/user.slice/user-1000.slice/user@1000.service/app.slice/sync.service\n", HOST, None),
        (b"0::/system.slice/ssh.service\n", HOST, None),
        (b"0::/system.slice/system-sshd.slice/sshd@7-10.0.0.1:22.service\n", HOST, None),
        (b"0::/system.slice/crond.service\n", HOST, None),
        (b"0::/system.slice/docker-12ab.scope\n", HOST, None),
        (b"0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-12ab.scope\n", HOST, None),
        (b"0::/kubepods/burstable/pod12/12ab\n", HOST, None),
        (b"0::/system.slice/containerd.service/kubepods-pod12.slice:cri-containerd:12ab\n", HOST, None),
        (b"0::/docker/12ab/system.slice/nginx.service\n", HOST, None),
        (b"0::/machine.slice/machine-box.scope/payload/system.slice/nginx.service\n", HOST, None),
        (b"0::/init.scope\n", HOST, None),
        (b"0::/\n", HOST, None),
        (b"0::/system.slice/gone.service (deleted)\n", HOST, None),
        (b"0::/system.slice/.service\n", HOST, None),
        (b"", HOST, None),
        # Version 1, and both at once.
        (b"12:cpu,cpuacct:/system.slice/a.service\n1:name=systemd:/system.slice/b.service\n0::/\n", HYBRID, "b.service"),
        (b"2:pids:/system.slice/a.service\n1:name=systemd:/user.slice/user-0.slice/session-1.scope\n", HYBRID, None),
        (b"1:name=systemd:/system.slice/b.service\n0::/system.slice/b.service\n", HYBRID, "b.service"),
        # In a host whose tree begins below the root of what it is shown, and outside of what it is shown.
        (b"0::/machine.slice/box.scope/payload/system.slice/b.service\n", b"0::/machine.slice/box.scope/payload/init.scope\n", "b.service"),
        (b"1:name=systemd:/docker/12ab/system.slice/b.service\n", b"1:name=systemd:/docker/12ab/init.scope\n", "b.service"),
        (b"0::/system.slice/docker-12ab.scope\n", b"0::/system.slice/docker-12ab.scope\n", None),
        (b"0::/system.slice/box.service\n", b"0::/system.slice/box.service\n", None),
        (b"0::/machine.slice/boxes.slice/b.service\n", b"0::/machine.slice/box\n", None),
        (b"0::/../../system.slice/b.service\n", HOST, None),
        (b"0::/system.slice/b.service\n", b"", "b.service"),
    ],
)
def test_the_service_to_restart_for_new_connections(cgroups, first, service):
    assert namespaces.service_in(cgroups, first) == service
