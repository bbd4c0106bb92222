# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process that lives inside a Debian release: its root is that of the release, its network its own.

`main` imports the modules, since nothing can be imported once the root has changed, enters, and then answers
calls: (function, arguments) pickled on stdin, and what the function returned or raised on stdout. It ends with
its stdin, and with it all that it made.
"""

from __future__ import annotations

import codecs
import importlib
import os
import pickle
import traceback
from collections.abc import Iterable

from .namespaces import CLONE_NEWNET, bind, leave_the_machine, mount, unshare

STAGE = "/mnt"
ROOT = f"{STAGE}/root"


def enter(tree: str, show: Iterable[str] = ()) -> None:
    """Make `tree` the root of this process: what is written is gone when it ends. `show` are directories of this machine
    that are to be seen at the same place."""
    leave_the_machine()
    mount("tmpfs", STAGE, "tmpfs", "mode=755")
    for name in ("upper", "work", "root"):
        os.mkdir(f"{STAGE}/{name}", 0o755)
    mount("overlay", ROOT, "overlay", f"lowerdir={tree},upperdir={STAGE}/upper,workdir={STAGE}/work")
    mount("proc", f"{ROOT}/proc", "proc")
    mount("tmpfs", f"{ROOT}/run", "tmpfs", "mode=755")
    bind("/dev", f"{ROOT}/dev")
    for path in show:
        os.makedirs(f"{ROOT}{path}", exist_ok=True)
        bind(path, f"{ROOT}{path}", read_only=True)
    # Only the network's sysctls belong to a namespace: all others stay out of reach.
    sysctls = f"{ROOT}/proc/sys"
    for name in sorted(set(os.listdir(sysctls)) - {"net"}):
        bind(f"{sysctls}/{name}", f"{sysctls}/{name}", read_only=True)
    os.chroot(ROOT)
    os.chdir("/")


def fresh_network() -> None:
    """A network namespace whose sysctls nobody has touched."""
    unshare(CLONE_NEWNET)


def serve() -> None:
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    os.dup2(2, 1)
    while True:
        try:
            function, arguments = pickle.load(requests)
        except EOFError:
            return
        try:
            answer = (True, function(*arguments))
        except Exception:
            answer = (False, traceback.format_exc())
        pickle.dump(answer, answers)
        answers.flush()


def main(tree: str, *modules: str) -> None:
    for module in modules:
        importlib.import_module(module)
    for codec in ("idna", "latin-1"):
        codecs.lookup(codec)  # it is loaded on first use, and not found inside
    enter(tree)
    serve()
