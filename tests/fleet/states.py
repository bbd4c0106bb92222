# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of the fleet, each in a state of its own, and what the playbook keepalive has to make of it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, replace
from importlib.metadata import version

from .guest import State

DROP_IN = "/etc/sysctl.d/99-tcp-keepalive.conf"
OTHER_FILE = "/etc/sysctl.d/99-zzz.conf"
KERNEL_DEFAULTS, KEPT_ALIVE = (7200, 75, 9), (45, 45, 9)

# The last ansible-core that manages Python 2.7, and this one.
CORE = version("ansible-core")
MANAGES_2_7 = CORE.startswith("2.16.")
PYTHON_2_7 = os.environ.get("KEEPALIVE_PYTHON27")


def lines(time: int, intvl: int = 45, probes: int = 9) -> str:
    names = {"time": time, "intvl": intvl, "probes": probes}
    return "".join(f"net.ipv4.tcp_keepalive_{name} = {value}\n" for name, value in names.items())


def aws(user: str) -> str:
    return f"/home/{user}/.aws/config"


NOBODY: dict[str, object] = {"keepalive_aws_users": []}
ALICE: dict[str, object] = {"keepalive_aws_users": ["alice"]}


@dataclass(frozen=True)
class Row:
    state: State
    outcome: str = "changed"
    """What the playbook keepalive does: changed, unchanged, failed or unreachable."""
    verified: bool = False
    """Whether the playbook verify finds nothing before that."""
    runs: tuple[int, int, int] = KEPT_ALIVE
    """The values that run afterwards, unless it fails."""


ROWS = [
    Row(State("untouched", variables=NOBODY)),
    Row(State("right", values=KEPT_ALIVE, files={DROP_IN: lines(45)}, variables=NOBODY), "unchanged", verified=True),
    Row(State("runtime-drifted", values=(45, 60, 9), files={DROP_IN: lines(45)}, variables=NOBODY)),
    Row(State("file-drifted", values=KEPT_ALIVE, files={DROP_IN: lines(600)}, variables=NOBODY)),
    Row(State("overridden", files={OTHER_FILE: lines(100)}, variables=NOBODY), "failed"),
    Row(State("aws-without-file", values=KEPT_ALIVE, files={DROP_IN: lines(45)}, variables=ALICE)),
    Row(
        State(
            "aws-without-setting",
            files={aws("alice"): "[default]\nregion = eu-west-1\n", aws("admin"): "[default]\n# mine\noutput = json\n"},
            variables={"keepalive_aws_users": ["alice", "admin"]},
        )
    ),
    Row(State("aws-unreadable", files={aws("alice"): "[default\nregion = eu-west-1\n"}, variables=ALICE), "failed"),
    Row(State("new-connections", variables={**NOBODY, "keepalive_new_sockets": "connect_and_accept"})),
    # As a container that an image is built in: unit and script, and nothing that runs.
    Row(State("image", variables={**NOBODY, "keepalive_runtime": False, "keepalive_new_sockets": "connect"}), runs=KERNEL_DEFAULTS),
    Row(State("rearmed", connection=True, variables={**NOBODY, "keepalive_live_sockets": "rearm"})),
    Row(
        State("unreachable", variables={"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}, reachable=False),
        "unreachable",
    ),
]
if PYTHON_2_7:
    ROWS.append(Row(State("python2.7", variables=ALICE, python=PYTHON_2_7), "changed" if MANAGES_2_7 else "failed"))

EXPECTED = {row.state.name: row for row in ROWS}
STATES = [row.state for row in ROWS]
REACHED = [state.name for state in STATES if state.reachable]
NAMED = {outcome: [name for name, row in EXPECTED.items() if row.outcome == outcome] for outcome in ("changed", "unchanged", "failed")}


# --- hosts on which something goes wrong -----------------------------------------------------------

# Every part has something to do there.
EVERY_PART = State(
    "",
    files={aws("alice"): "[default]\nregion = eu-west-1\n", aws("admin"): "[default]\noutput = json\n"},
    connection=True,
    variables={"keepalive_aws_users": ["admin", "alice"], "keepalive_live_sockets": "rearm", "keepalive_new_sockets": "connect"},
)


@dataclass(frozen=True)
class Wrong:
    """`prepare` is what sh does on the host before, `parts` are those that refuse or fail, none where it is an option of the
    task, and `says` is in the message."""

    name: str
    parts: str
    says: str
    prepare: str = ""
    variables: tuple[tuple[str, object], ...] = ()
    taken: str = ""

    @property
    def possible(self) -> bool:
        return HAS_IMMUTABLE_FILES or "chattr" not in self.prepare

    @property
    def state(self) -> State:
        variables = {**EVERY_PART.variables, **dict(self.variables)}
        return replace(EVERY_PART, name=self.name, prepare=self.prepare, taken=self.taken, variables=variables)


UNITS = "/etc/systemd/system"
NOBODY_SO_CALLED = (("keepalive_aws_users", ["admin", "nobody-so-called"]),)
READ_ONLY = "mount --bind {0} {0}; mount -o remount,bind,ro {0}"

AWS_REFUSES = [
    Wrong("unknown-user", "aws", "There is no user named nobody-so-called", variables=NOBODY_SO_CALLED),
    Wrong("unparsable", "aws", aws("alice"), f"echo '[default' > {aws('alice')}"),
    Wrong("config-immutable", "aws", "immutable", f"chattr +i {aws('alice')}"),
    Wrong("config-not-the-users", "aws", "belongs to user id 0", f"cd /etc; echo > aws; chmod 644 aws; ln -sf /etc/aws {aws('alice')}"),
    Wrong("config-a-directory", "aws", "is a directory", f"rm {aws('alice')}; mkdir {aws('alice')}"),
    Wrong("config-a-fifo", "aws", "is not a regular file", f"rm {aws('alice')}; mkfifo {aws('alice')}"),
    Wrong("config-dangling", "aws", "does not exist", f"ln -sf /nowhere {aws('alice')}"),
    Wrong("config-mounted", "aws", "something is mounted on it", f"mount --bind {aws('alice')} {aws('alice')}"),
    Wrong("config-read-only", "aws", "mounted read-only", READ_ONLY.format("/home/alice/.aws")),
    Wrong("no-home", "aws", "does not exist", "rm -r /home/alice"),
]  # fmt: skip
SYSCTL_REFUSES = [
    Wrong("another-file-wins", "sysctl", f"{OTHER_FILE} line 1 sets it to 100", f"echo net.ipv4.tcp_keepalive_time=100 > {OTHER_FILE}"),
    Wrong("drop-in-immutable", "sysctl", "immutable", f"echo > {DROP_IN}; chattr +i {DROP_IN}"),
    Wrong("sysctl-d-immutable", "sysctl", "immutable", "chattr +i /etc/sysctl.d"),
    Wrong("drop-in-a-directory", "sysctl", "is a directory", f"mkdir {DROP_IN}"),
    Wrong("drop-in-dangling", "sysctl", "does not exist", f"ln -s /nowhere {DROP_IN}"),
    Wrong("drop-in-mounted", "sysctl", "something is mounted on it", f"echo > {DROP_IN}; mount --bind {DROP_IN} {DROP_IN}"),
    Wrong("masked", "sysctl", "masks systemd-sysctl", f"mkdir -p {UNITS}; ln -s /dev/null {UNITS}/systemd-sysctl.service"),
    Wrong("proc-read-only", "sysctl", "/proc/sys is mounted read-only", READ_ONLY.format("/proc/sys/net")),
    Wrong("no-boot-reads-it", "sysctl", "No boot reads /etc/x.conf", variables=(("keepalive_sysctl_file", "/etc/x.conf"),)),
]  # fmt: skip
NEW_SOCKETS_REFUSE = [
    Wrong("hook-taken", "new_sockets", "has connect4 for itself", taken="connect4"),
    Wrong("script-for-all", "new_sockets", "may be written by others than root", "chmod 777 /usr/local/lib"),
    Wrong("no-systemd", "new_sockets", "This host has no systemd", "rmdir /etc/systemd/system"),
]
OPTIONS_REFUSE = [
    Wrong("time-0", "", "keepalive_time is 0", variables=(("keepalive_time", 0),)),
    Wrong("enable-without-names", "", "nothing says for which connections", variables=(("keepalive_live_sockets", "enable"),)),
    Wrong("misspelt", "", "no variable keepalive_tiem", variables=(("keepalive_tiem", 45),)),
]
BOTH_REFUSE = Wrong(
    "both",
    "sysctl aws",
    "remove or change that line, or choose a sysctl_file that is read later. There is no user named nobody-so-called",
    f"echo net.ipv4.tcp_keepalive_time=100 > {OTHER_FILE}",
    NOBODY_SO_CALLED,
)
# tmpfs has immutable files from Linux 6.6 on.
HAS_IMMUTABLE_FILES = tuple(int(number) for number in platform.release().split(".")[:2]) >= (6, 6)
REFUSED = {wrong.name: wrong for wrong in (*AWS_REFUSES, *SYSCTL_REFUSES, *NEW_SOCKETS_REFUSE, BOTH_REFUSE, *OPTIONS_REFUSE)}

# A file system of one page, which is taken: there is room for names, and for no byte of a new file.
FULL = """
cd {0}; mkdir /run/kept; cp -a . /run/kept; mount -t tmpfs -o size=4k tmpfs {0}; cd {0}
cp -a /run/kept/. .; rm -r /run/kept; test "$(ls)" || echo full > full
if echo more > more; then exit 1; else rm more; fi
"""
ABSENT = (("keepalive_state", "absent"),)
FAILS = {
    wrong.name: wrong
    for wrong in (
        Wrong("aws-full", "aws", "No space left on device", FULL.format("/home/alice/.aws")),
        Wrong("sysctl-d-full", "sysctl", "No space left on device", FULL.format("/etc/sysctl.d")),
        # A program that says that it has given the kernel what the file says.
        Wrong("sysctl-lies", "sysctl", "The kernel did not take the values", "cd /usr/sbin; echo '#!/bin/sh' > sysctl; chmod 755 sysctl"),
        Wrong(
            "rollback-aws-full",
            "aws",
            "No space left on device",
            f"printf '{lines(45)}' > {DROP_IN}; for name in time intvl; do echo 45 > /proc/sys/net/ipv4/tcp_keepalive_$name; done"
            f"; for user in alice admin; do echo tcp_keepalive = true >> /home/$user/.aws/config; done\n{FULL.format('/home/alice/.aws')}",
            ABSENT,
        ),
    )
}  # fmt: skip

# Who is a playbook's default hinders nobody else: everything is done but that, and the task fails.
BY_DEFAULT = (("keepalive_aws_users", ""),)
NEVERTHELESS = {
    wrong.name: wrong
    for wrong in (
        Wrong("login-unparsable", "aws", f"{aws('alice')}, line 1", f"echo '[default' > {aws('alice')}", BY_DEFAULT),
        Wrong("login-without-home", "aws", "home directory of alice, does not exist", "rm -r /home/alice", BY_DEFAULT),
        Wrong("login-not-the-users", "aws", "alice/.aws belongs to root: give it to alice", "chown root /home/alice/.aws", BY_DEFAULT),
    )
}
