# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where it can be seen without a system call of bpf that programs for new connections may be attached."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.longlived.tcp.plugins.module_utils._regular_file import because

# What attaches them at boot.
UNIT = "/etc/systemd/system/longlived-tcp-keepalive.service"

# The cgroup that a module has attached them to since the boot, as text.
RECORD = "/run/longlived-tcp-keepalive"


def are_there():
    return os.path.lexists(UNIT) or os.path.lexists(RECORD)


def recorded():
    """The cgroup: its path, nothing for the root; None where no module has attached any."""
    try:
        with open(RECORD) as stream:
            return stream.read()
    except (IOError, OSError):
        return None


def record(cgroup):
    """The same, written before programs are attached, and removed (None) after they have gone."""
    if cgroup == recorded():
        return
    try:
        if cgroup is None:
            os.unlink(RECORD)
        else:
            # Whatever the umask: nobody else says where a later run takes programs out.
            descriptor = os.open(RECORD, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            with os.fdopen(descriptor, "w") as stream:
                stream.write(cgroup)
    except (IOError, OSError) as error:
        raise because("remove" if cgroup is None else "write", RECORD, error)
