# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of the documentation does what is said there: commands.yml says how each is run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.hosts import Host, Testbed, unavailable

from . import pages
from .pages import BLOCKS, CONSOLE, NO_SHELL, PAGES, REFERENCE, ROOT, SCRIPT, WITH_COMMANDS, blocks, playbook_of

TABLE: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "commands.yml").read_text(encoding="utf-8"))
RUN: list[tuple[str, str]] = [item for row in TABLE["run"] for item in row.items()]
HOST, OTHER = "debian12", "other"

PLAYBOOKS = {
    "image.yml": "docs/howto/image-builds.md",
    "queries.yml": "docs/howto/queries.md",
    "keepalive.yml": "docs/howto/ten-thousand-hosts.md",
}

# What community.general has, in short: the collection itself is as large as everything else here together.
JSON_QUERY = """
import jmespath

class FilterModule:
    def filters(self):
        return {"json_query": lambda data, query: jmespath.search(query, data)}
"""


def test_every_command_is_known_and_no_other() -> None:
    found = {command: str(block) for block in WITH_COMMANDS for command in block.commands}
    known = {command for command, _says in RUN} | set(TABLE["sessions"]) | set(TABLE["needs"])
    assert not {command: where for command, where in found.items() if command not in known}, "say in tests/docs/commands.yml how it is run"
    assert known <= set(found), "take them out of tests/docs/commands.yml"


def test_every_console_has_commands_and_no_other_block_has() -> None:
    assert [str(block) for block in WITH_COMMANDS if not block.commands] == []
    assert [str(block) for block in BLOCKS if block not in WITH_COMMANDS and block.commands] == []


def test_the_language_of_every_block_is_known() -> None:
    """A block of another one, or of none, may hold commands that no test sees."""
    every = [block for path in [*PAGES, *REFERENCE] for block in blocks(path)]
    assert [f"{block}: {block.language}" for block in every if block.language not in CONSOLE + SCRIPT + NO_SHELL] == []


@pytest.mark.parametrize(
    ("page", "commands"),
    [
        ("```console\n$ make test     # all of it\nok\n$ make quick\n```\n", ["make test", "make quick"]),
        ("```sh\n# Slow.\nmake test\n\nmake quick  # at once\n```\n", ["make test", "make quick"]),
        ("```bash\nmake \\\n  test\n```\n", ["make test"]),
        ("~~~shell\nmake test\n~~~\n", ["make test"]),
        ("- First\n\n  ```sh title='x'\n  make test\n  ```\n", ["make test"]),
        ("```yaml\nmake: test\n```\n", []),
    ],
)
def test_commands_are_seen_in_every_block_of_a_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str, commands: list[str]
) -> None:
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    (tmp_path / "page.md").write_text(page)
    (block,) = blocks(tmp_path / "page.md")
    assert (block.language in CONSOLE + SCRIPT, block.commands) == (bool(commands), commands)


def test_the_sessions_that_are_named_exist() -> None:
    noxfile = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    for session in set(TABLE["sessions"].values()):
        name = re.escape(session.removesuffix("-2.21").removesuffix("-2.16.19"))
        assert re.search(rf'(name=|Session\()f?"{name}[-"]|^def {name.replace("-", "_")}\(', noxfile, re.MULTILINE), session


class Controller:
    """A directory with an inventory of real hosts, and the playbooks of the pages."""

    def __init__(self, place: Path, testbed: Testbed) -> None:
        self.place, self.testbed = place, testbed
        self.take([HOST])
        (place / "ansible.cfg").write_text("[defaults]\ninventory = hosts.ini\n[ssh_connection]\npipelining = true\n")
        for name, page in PLAYBOOKS.items():
            (place / name).write_text(playbook_of(page))
        general = place / "collections" / "ansible_collections" / "community" / "general" / "plugins" / "filter"
        general.mkdir(parents=True)
        (general / "json_query.py").write_text(JSON_QUERY)
        git = place / "git"
        git.mkdir()
        (git / "keepalive.yml").write_text(playbook_of(PLAYBOOKS["keepalive.yml"]))
        identity = ("-c", "user.name=docs", "-c", "user.email=docs@example.com")
        for arguments in (("init", "--quiet"), ("add", "."), (*identity, "commit", "--quiet", "--message", "keepalive")):
            subprocess.run(["git", *arguments], cwd=git, check=True, env={**os.environ, "HOME": str(place)})

    def take(self, hosts: list[str]) -> None:
        """Write hosts.ini with these hosts."""
        inventory = yaml.safe_load(self.testbed.inventory.read_text())["all"]
        (group,) = inventory["children"].values()
        variables = {name: {**inventory["vars"], **group["vars"], **group["hosts"][name]} for name in hosts}
        lines = [" ".join([name, *(f"{key}='{value}'" for key, value in own.items())]) for name, own in variables.items()]
        (self.place / "hosts.ini").write_text("\n".join(lines) + "\n")

    def run(self, command: str) -> str:
        """Run a command as it stands in a page; what it printed."""
        command = command.replace("HOST", HOST).replace("https://git.example.com/hosts.git", f"file://{self.place}/git")
        if command.startswith("ansible-pull"):
            command += " --check"
        paths = [os.environ.get("ANSIBLE_COLLECTIONS_PATH"), str(self.place / "collections")]
        environment = {
            **{name: value for name, value in os.environ.items() if name != "ANSIBLE_CONFIG"},
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(filter(None, paths)),
            "HOME": str(self.place),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "COLUMNS": "1000",
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        }
        # fmt: off
        done = subprocess.run(
            ["sh", "-c", command], cwd=self.place, env=environment, capture_output=True, text=True, timeout=300, check=False,
            stdin=subprocess.DEVNULL,
        )
        # fmt: on
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def controller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    if os.geteuid() != 0:
        pytest.skip("it makes whole hosts, which needs root")
    if reason := unavailable("debian12"):
        pytest.skip(reason)
    with Testbed.up([f"debian12:{name}" for name in (HOST, OTHER)], name=f"docs-{os.getpid()}") as testbed:
        yield Controller(tmp_path_factory.mktemp("controller"), testbed)


@pytest.mark.parametrize(("command", "says"), RUN, ids=[command for command, _says in RUN])
def test_the_command_does_what_is_said(controller: Controller, command: str, says: str) -> None:
    assert says.replace("HOST", HOST) in controller.run(command)


def test_the_queries_find_what_differs(controller: Controller) -> None:
    controller.run("ansible-playbook longlived.tcp.keepalive -i hosts.ini")
    controller.take([HOST, OTHER])
    controller.testbed[OTHER].enter(
        ["sh", "-c", "echo net.ipv4.tcp_keepalive_time = 100 | tee /etc/sysctl.d/98-a.conf > /etc/sysctl.d/99-b.conf"]
    )
    with logged_in(controller.testbed[OTHER]):
        output = controller.run("ansible-playbook queries.yml -i hosts.ini")
    answers = [yaml.safe_load(text)["msg"] for text in re.findall(r"^ok: \[\S+\] => (\{\n.*?^\})$", output, re.MULTILINE | re.DOTALL)]
    assert answers[:4] == [
        [{"host": OTHER, "runtime": {"time": 7200, "intvl": 75, "probes": 9}}],
        [{"host": OTHER, "time": 100, "intvl": 75, "probes": 9}],
        [
            {"host": HOST, "file": "/etc/sysctl.d/99-tcp-keepalive.conf", "line": 3},
            {"host": OTHER, "file": "/etc/sysctl.d/99-b.conf", "line": 1},
        ],
        [{"host": OTHER, "lines": [["/etc/sysctl.d/98-a.conf", 1, 100], ["/etc/sysctl.d/99-b.conf", 1, 100]]}],
    ]
    # The login to the host that has the kernel's values, where Ansible's own connection is none of them.
    ((host, programs),) = (row.values() for row in answers[4])
    assert (host, set(programs)) == (OTHER, {"sshd"})


@contextmanager
def logged_in(host: Host) -> Iterator[None]:
    """Somebody is, over a connection that is not Ansible's."""
    command = host.ssh_command("echo in; cat")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as login:
        assert login.stdout and login.stdout.readline() == "in\n"
        yield
