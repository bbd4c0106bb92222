# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""path_idle_info in a network namespace, run by Ansible, and listeners to ask."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.collection import in_a_directory

from .namespaces import Namespace

HOWTO = Path(__file__).parents[2] / "docs" / "howto" / "path.md"
ANSIBLE = Path(sys.executable).with_name("ansible")
INTERPRETER = f"ansible_python_interpreter={sys.executable}"


def command(module: str, options: dict[str, Any], *more: str) -> list[str]:
    return [str(ANSIBLE), "localhost", "-c", "local", "-e", INTERPRETER,
            "-m", module, "-a", json.dumps(options), *more]  # fmt: skip


def environment(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "ANSIBLE_CONFIG") if name in os.environ}
    own = {"LOCAL_TEMP": f"{home}/tmp", "ASYNC_DIR": f"{home}/async", "COLLECTIONS_PATH": str(in_a_directory())}
    quiet = {"NOCOLOR": "1", "LOCALHOST_WARNING": "0", "INVENTORY_UNPARSED_WARNING": "0"}
    return {**kept, "HOME": str(home), **{f"ANSIBLE_{name}": value for name, value in {**own, **quiet}.items()}}


async def start(client: Namespace, home: Path, *more: str, cgroup: str | None = None, **options: Any) -> asyncio.subprocess.Process:
    """The module with these options; `more` are arguments of the program ansible."""
    asked = command("longlived.tcp.path_idle_info", options, *more)
    if cgroup:
        asked = ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', cgroup.replace("/self/", f"/{os.getpid()}/"), *asked]
    return await _start(client, home, asked)


async def _start(client: Namespace, home: Path, asked: list[str]) -> asyncio.subprocess.Process:
    pipe, nothing, the_same = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL, asyncio.subprocess.STDOUT
    return await client.start(asked, environment(home), stdin=nothing, stdout=pipe, stderr=the_same)


async def play(client: Namespace, home: Path, changes: dict[str, str]) -> str:
    """What ansible-playbook says of the play of the documentation, with these texts in place of others."""
    found = re.search(r"```yaml\n(- name.*?)```", HOWTO.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    text = found[1]
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    book = home / "path.yml"
    book.write_text(text)
    asked = [str(ANSIBLE.with_name("ansible-playbook")), "-i", "localhost,", "-c", "local", "-e", INTERPRETER, str(book)]
    return (await (await _start(client, home, asked)).communicate())[0].decode()


async def ask(client: Namespace, home: Path, *more: str, **options: Any) -> dict[str, Any]:
    """What the module returns, or its message."""
    process = await start(client, home, *more, **options)
    return answer((await process.communicate())[0].decode())


def answer(said: str) -> dict[str, Any]:
    found = re.search(r"^localhost \| \w+!? => (\{.*?^\})", said, re.MULTILINE | re.DOTALL)
    assert found, said
    result: dict[str, Any] = json.loads(found[1])
    return {**result, "said": " ".join(said.split())}


def inside(namespace: Namespace, function: Callable[[], socket.socket]) -> socket.socket:
    """What a function returns in a thread that is in the namespace: a socket that it makes stays there."""
    answers: list[socket.socket] = []

    def run() -> None:
        with open(f"/proc/{namespace.pid}/ns/net") as file:
            os.setns(file.fileno(), os.CLONE_NEWNET)
        answers.append(function())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return answers[0]


@contextlib.contextmanager
def listener(namespace: Namespace, port: int, *options: tuple[int, int, int], family: int = socket.AF_INET) -> Iterator[socket.socket]:
    """One that this process has; it accepts nothing by itself."""
    one = inside(namespace, lambda: socket.socket(family, socket.SOCK_STREAM))
    with one:
        for option in options:
            one.setsockopt(*option)
        one.setblocking(False)
        one.bind(("::" if family == socket.AF_INET6 else "", port))
        one.listen(100)
        yield one


async def start_silent_listener(namespace: Namespace, port: int) -> asyncio.subprocess.Process:
    """That of the documentation, which waits in silence."""
    line = re.search(r"^\$ (python3 -c .*)$", HOWTO.read_text(encoding="utf-8"), re.MULTILINE)
    assert line
    process = await namespace.start(["sh", "-c", f"exec {line[1].replace('7777', str(port))}"], stderr=asyncio.subprocess.DEVNULL)
    while f":{port} " not in namespace.run("ss -Htln"):
        assert process.returncode is None, "the listener of the documentation does not start"
        await asyncio.sleep(0.05)
    return process
