# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m tests.hosts: bring testbeds of hosts up, use them, take them down."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from . import base_tree, machine
from .kinds import KINDS, SpecError
from .testbed import Testbed, TestbedError


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except (TestbedError, SpecError, machine.Unavailable) as error:
        print(f"{error}", file=sys.stderr)
        return 1
    return code


def _up(options: argparse.Namespace) -> int:
    testbed = Testbed.up(options.hosts, name=options.testbed, owner=options.owner, binds=options.bind)
    print(testbed.inventory)
    return 0


def _down(options: argparse.Namespace) -> int:
    for testbed in Testbed.all() if options.all else [Testbed(options.testbed)]:
        testbed.down()
    return 0


def _list(_arguments: argparse.Namespace) -> int:
    for testbed in Testbed.all():
        if not testbed.is_up():
            print(f"{testbed.name}: crashed, or coming up; `down --testbed {testbed.name}` removes it")
            continue
        statuses = testbed.statuses()
        for host in testbed.values():
            status = statuses[host.name]
            print(f"{testbed.name}: {host.name} ({host.kind.name}) {host.address} {status['state']}, boots: {status['boots']}")
    return 0


def _ssh(options: argparse.Namespace) -> int:
    testbed = Testbed(options.testbed)
    if options.host not in testbed:
        raise TestbedError(f"the testbed {testbed.name} has no host {options.host}")
    command = testbed[options.host].ssh_command(*options.words)
    os.execvp(command[0], command)


def _inventory(options: argparse.Namespace) -> int:
    testbed = Testbed(options.testbed)
    if not testbed.is_up():
        raise TestbedError(f"the testbed {testbed.name} is not up")
    print(testbed.inventory)
    return 0


def _build(options: argparse.Namespace) -> int:
    for kind in options.kinds:
        if kind not in KINDS:
            raise SpecError(f"{kind!r} is not one of {', '.join(KINDS)}")
    machine.install_tools()
    for kind in options.kinds or KINDS:
        print(base_tree.ensure(KINDS[kind].tree), flush=True)
    return 0


def _doctor(_arguments: argparse.Namespace) -> int:
    reasons = {kind: machine.unavailable(kind) for kind in KINDS}
    for kind, reason in reasons.items():
        print(f"{kind}: {'cannot run here: ' + reason if reason else 'can run here'}")
        print(f"    {KINDS[kind].about}")
        if not reason:
            tree = base_tree.path_of(KINDS[kind].tree)
            print(f"    base tree {tree}" + ("" if tree.exists() else " (not built yet)"))
    return 1 if any(reasons.values()) else 0


def _bind(text: str) -> tuple[Path, Path]:
    source, _colon, destination = text.partition(":")
    pair = Path(source).resolve(), Path(destination or source)
    if not pair[0].exists() or not pair[1].is_absolute():
        raise argparse.ArgumentTypeError(f"{text}: SOURCE must exist, DESTINATION be absolute")
    return pair


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.hosts",
        description="Whole Linux hosts to manage: real systemd, real sshd, a network of their own.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    up = commands.add_parser("up", help="bring a testbed up and print its inventory's path")
    up.add_argument("hosts", nargs="+", metavar="KIND[:NAME][*COUNT]", help=", ".join(KINDS))
    up.add_argument("--owner", type=int, metavar="PID", help="take it down when that process ends")
    up.add_argument(
        "--bind",
        type=_bind,
        action="append",
        default=[],
        metavar="SOURCE[:DESTINATION]",
        help="show a directory of this machine in every host, read-only",
    )
    up.set_defaults(command=_up)

    down = commands.add_parser("down", help="take a testbed down, or what a crash has left of it")
    down.add_argument("--all", action="store_true", help="every testbed of this machine")
    down.set_defaults(command=_down)

    ssh = commands.add_parser("ssh", help="log in, or run a command there")
    ssh.add_argument("host")
    ssh.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND")
    ssh.set_defaults(command=_ssh)

    inventory = commands.add_parser("inventory", help="print the inventory's path")
    inventory.set_defaults(command=_inventory)

    for command in (up, down, ssh, inventory):
        command.add_argument("--testbed", default="default", metavar="NAME")

    build = commands.add_parser("build", help="build base trees, all of them by default")
    build.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    build.set_defaults(command=_build)
    commands.add_parser("list", help="every testbed and its hosts").set_defaults(command=_list)
    commands.add_parser("doctor", help="which kinds can run here, and why not").set_defaults(command=_doctor)
    return parser


if __name__ == "__main__":
    sys.exit(main())
