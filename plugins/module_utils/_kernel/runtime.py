# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the running kernel uses: read and write the three values of this network namespace."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.values import NAMES, key

PROC_SYS = "/proc/sys"

# Where distributions keep sysctl(8); a PATH without sbin is common for remote commands.
SYSCTL_PROGRAMS = ("/usr/sbin/sysctl", "/sbin/sysctl", "/usr/bin/sysctl", "/bin/sysctl")


class RuntimeValueError(UserError):
    """The running kernel could not be asked or changed: why, in one sentence for a person."""


def _path(name):
    return os.path.join(PROC_SYS, key(name).replace(".", "/"))


def read():
    """The three values that the running kernel uses."""
    values = {}
    for name in NAMES:
        try:
            with open(_path(name)) as stream:
                values[name] = int(stream.read())
        except (IOError, OSError) as error:
            raise RuntimeValueError("This kernel has no %s: cannot read %s: %s." % (key(name), _path(name), error.strerror))
    return values


def read_or_none():
    """As `read`, with None for what cannot be read: in a chroot without /proc, say."""
    try:
        return read()
    except RuntimeValueError:
        return dict.fromkeys(NAMES)


def boot_id():
    """The kernel's identifier of the current boot, or None where it has none."""
    try:
        with open(os.path.join(PROC_SYS, "kernel/random/boot_id")) as stream:
            return stream.read().strip()
    except (IOError, OSError):
        return None


def check_writable():
    """Raise `RuntimeValueError` where `write` could not work; changes nothing."""
    for name in NAMES:
        path = _path(name)
        if os.access(path, os.W_OK):
            continue
        if os.statvfs(path).f_flag & 1:  # ST_RDONLY, which Python 2 does not name
            raise RuntimeValueError(
                "Cannot change %s: /proc/sys is mounted read-only here, as in a container; set it from outside"
                " (docker run --sysctl, for one), or use runtime: false to write the file only." % key(name)
            )
        raise RuntimeValueError("Cannot change %s: no permission to write %s; run as root (become: true)." % (key(name), path))


def write(values):
    """Give the running kernel these values, directly."""
    for name in NAMES:
        try:
            # Unbuffered: one write(2), whose error belongs to this line.
            descriptor = os.open(_path(name), os.O_WRONLY)
            try:
                os.write(descriptor, ("%d\n" % values[name]).encode("ascii"))
            finally:
                os.close(descriptor)
        except (IOError, OSError) as error:
            raise RuntimeValueError("The kernel refused %s = %d: %s." % (key(name), values[name], error.strerror))


def sysctl_program():
    """The path of sysctl(8), or None."""
    for path in SYSCTL_PROGRAMS:
        if os.access(path, os.X_OK):
            return path
    return None


def sysctl_p(run_command, program, path):
    """Run `sysctl -p` on the file, with AnsibleModule's run_command: what runs is then what the file says.

    Its exit status proves nothing (procps 3.3 ends with 0 although the kernel refused a value), so
    the caller reads the values back; what it printed is returned for the message.
    """
    try:
        # The name is meant as it is, with a $ in it or not.
        _status, output, errors = run_command(
            [program, "-q", "-p", path],
            environ_update={"LC_ALL": "C"},
            errors="surrogate_or_replace",
            expand_user_and_vars=False,
            handle_exceptions=False,
        )
    except (IOError, OSError) as error:
        return "%s does not start: %s" % (program, error.strerror)
    return (output + errors).strip()


def restore(before):
    """Give the running kernel back what it had."""
    if read() != before:
        write(before)
