# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task says before and after its module, with a module and a console that only write down."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible_collections.longlived.tcp.plugins.action import keepalive, keepalive_verify
from ansible_collections.longlived.tcp.plugins.plugin_utils import _host_task

HOST = {"inventory_hostname": "web1"}
VALUES = {"time": 45, "intvl": 45, "probes": 9}
BOOT = {name: {"value": value, "file": "/etc/x.conf", "line": 1, "read_as": "/etc/x.conf"} for name, value in VALUES.items()}
INFO = {"runtime": VALUES, "boot": BOOT, "boot_id": "a"}
RIGHT = {"changed": False, "before": INFO, "after": INFO, "parts": [], "problems": [], "invocation": {}}
LINE = "web1: time/intvl/probes 45/45/9, unchanged; next boot: /etc/x.conf"


class Console:
    """Ansible's display, which keeps what it is given."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []

    def display(self, line: str) -> None:
        self.lines.append(line)

    def warning(self, line: str) -> None:
        self.warnings.append(line)


class Templar:
    def template(self, value: Any) -> Any:
        if value == "{{ nothing }}":
            raise AnsibleError("'nothing' is undefined")
        return value


def task(
    action: Any = keepalive, returned: dict[str, Any] | None = None, *, check: bool = False, tags: tuple[str, ...] = (), python: str = ""
) -> Any:
    """The action, whose module returns that, on a host with that Python."""
    made = action.ActionModule.__new__(action.ActionModule)
    made._task = SimpleNamespace(
        args={}, tags=list(tags), check_mode=check, no_log=False, async_val=0, get_name=lambda: "A task", action=""
    )
    made._display, made._templar = Console(), Templar()
    made._connection = SimpleNamespace(transport="ssh", _shell=SimpleNamespace(tmpdir=None))
    made._used_interpreter = "#!/usr/bin/python" if python else None
    made._execute_module = lambda **_arguments: returned or RIGHT
    made._low_level_execute_command = lambda *_arguments, **_more: {"stdout": "", "stderr": f"Python {python}\n"}
    made._make_tmp_path = lambda: None
    return made


def test_a_host_that_is_as_asked_for_is_one_line() -> None:
    done = task()
    result = done.run(None, dict(HOST))
    assert result["ok"] and not result.get("failed")
    assert done._display.lines == [LINE]
    assert result["asked"]["time"] == 45


def test_a_check_run_says_what_would_be() -> None:
    changed = {**RIGHT, "changed": True, "before": {**INFO, "runtime": {**VALUES, "time": 7200}}}
    done = task(returned=changed, check=True)
    done.run(None, dict(HOST))
    assert done._display.lines == ["web1: would be: time/intvl/probes 7200/45/9 -> 45/45/9; next boot: /etc/x.conf"]


def test_what_is_wrong_fails_without_what_would_bury_it() -> None:
    wrong = {**RIGHT, "problems": [{"part": "aws", "message": "No such user."}]}
    result = task(returned=wrong).run(None, dict(HOST))
    assert result["failed"]
    assert result["msg"] == "No such user."
    assert not {"before", "after", "asked"} & set(result)


def test_a_report_fails_not() -> None:
    done = task(keepalive_verify, {"after": {**INFO, "runtime": {**VALUES, "time": 7200}}, "invocation": {}})
    result = done.run(None, {**HOST, "keepalive_verify_report_only": "true"})
    assert not result["ok"] and not result.get("failed")
    assert done._display.lines[0].startswith("web1: net.ipv4.tcp_keepalive_time is 7200 in the running kernel")
    assert done._display.lines[1] == "web1: time/intvl/probes 7200/45/9; next boot 45/45/9: /etc/x.conf"


def test_a_check_run_verifies_what_the_role_foresees() -> None:
    untouched = {**INFO, "runtime": {**VALUES, "time": 7200}}
    foreseen = task(returned={**RIGHT, "changed": True, "before": untouched}, check=True).run(None, dict(HOST))
    done = task(keepalive_verify, {"after": untouched, "invocation": {}}, check=True)
    assert done.run(None, {**HOST, "keepalive_result": foreseen})["ok"]
    assert done._display.lines == ["web1: would be: time/intvl/probes 45/45/9; next boot: /etc/x.conf"]


@pytest.mark.parametrize(
    ("chosen", "tags", "runs"),
    [
        (["all"], ("always",), True),
        (["always"], ("always",), True),
        (["tagged"], ("always",), True),
        (["mine"], ("always", "mine"), True),
        (["sysctl"], ("always",), False),
        (["sysctl"], (), True),  # in a role Ansible itself has chosen
    ],
)
def test_a_tag_that_chooses_nothing_is_not_green_in_silence(chosen: list[str], tags: tuple[str, ...], runs: bool) -> None:
    done = task(tags=tags)
    result = done.run(None, {**HOST, "ansible_run_tags": chosen})
    assert bool(result.get("skipped")) is not runs
    said = "Nothing was done: A task has no tag sysctl. -e keepalive_parts=sysctl limits a run to a part of it."
    assert done._display.warnings == ([] if runs else [said])
    assert result["reboot"] is False


def test_a_template_that_cannot_be_resolved_is_one_sentence() -> None:
    result = task().run(None, {**HOST, "keepalive_time": "{{ nothing }}"})
    assert result["msg"] == "keepalive_time has a template that cannot be resolved: 'nothing' is undefined"


def test_what_does_nothing_any_more_is_said() -> None:
    done = task()
    assert done.run(None, {**HOST, "keepalive_look_first": True})["ok"]
    assert done._display.warnings == ["keepalive_look_first does nothing any more: remove it."]


def test_a_local_connection_is_not_rebooted_through() -> None:
    done = task()
    done._connection.transport = "local"
    result = done.run(None, {**HOST, "keepalive_reboot": "always"})
    assert result["msg"] == "A local connection cannot be rebooted through: set keepalive_reboot to never, and reboot by hand."


OLD = {"failed": True, "msg": "MODULE FAILURE", "module_stderr": "SyntaxError: invalid syntax", "changed": False}


@pytest.mark.parametrize(
    ("python", "least", "core", "advice"),
    [
        ("2.7.18", (3, 9), "2.21.5", "ansible-core 2.21.5 manages Python 3.9 or newer: use ansible-core 2.16, or set"),
        ("3.6.8", (3, 7), "2.17.14", "ansible-core 2.17.14 manages Python 3.7 or newer: use ansible-core 2.16, or set"),
        ("3.8.18", (3, 9), "2.20.1", "use ansible-core 2.19, or set"),
        ("2.7.18", (3, 6), "2.16.19", None),
        ("3.12.1", (3, 9), "2.21.5", None),
    ],
)
def test_a_python_that_is_too_old_is_named(
    monkeypatch: pytest.MonkeyPatch, python: str, least: tuple[int, int], core: str, advice: str | None
) -> None:
    monkeypatch.setattr(_host_task, "LEAST_PYTHON", least)
    monkeypatch.setattr(_host_task, "core_version", core)
    said = task(returned=OLD, python=python).run(None, dict(HOST))["msg"]
    if advice:
        assert said.startswith(f"web1 has Python {python} (/usr/bin/python), and ")
        assert advice in said
    else:
        assert said == "MODULE FAILURE"


def test_who_has_spoken_is_not_asked_for_its_python() -> None:
    refused = {"failed": True, "msg": "There is no user named x.", "invocation": {}}
    assert task(returned=refused, python="2.7.18").run(None, dict(HOST))["msg"] == "There is no user named x."
