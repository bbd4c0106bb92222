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
    action: Any = keepalive,
    returned: dict[str, Any] | None = None,
    *,
    check: bool = False,
    tags: tuple[str, ...] = (),
    python: str = "",
    delegate: str | None = None,
) -> Any:
    """The action, whose module returns that, on a host with that Python."""
    made = action.ActionModule.__new__(action.ActionModule)
    made._task = SimpleNamespace(
        args={}, tags=list(tags), check_mode=check, no_log=False, async_val=0, get_name=lambda: "A task", action="", delegate_to=delegate
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


UNTOUCHED = {**INFO, "runtime": {**VALUES, "time": 7200}}
WOULD_CHANGE = {**RIGHT, "changed": True, "before": UNTOUCHED}


def test_another_hosts_result_is_not_this_hosts() -> None:
    """As `run_once` registers it on every host of the play."""
    sixty = {**INFO, "runtime": {**VALUES, "time": 60}, "boot": {**BOOT, "time": {**BOOT["time"], "value": 60}}}
    result = task(returned={**RIGHT, "after": sixty}).run(None, {**HOST, "keepalive_time": 60})
    assert result["ok"]
    done = task(keepalive_verify, {"after": INFO, "invocation": {}})
    assert done.run(None, {"inventory_hostname": "web2", "keepalive_result": result})["ok"]


def test_a_rollback_earlier_in_the_run_is_not_asked_for_again() -> None:
    rolled_back = task().run(None, {**HOST, "keepalive_state": "absent"})
    assert rolled_back["asked"]["state"] == "absent"
    assert task().run(None, {**HOST, "keepalive_result": rolled_back})["asked"]["state"] == "present"


def test_programs_to_verify_are_those_of_the_role() -> None:
    earlier = task().run(None, {**HOST, "keepalive_verify_processes": "worker"})
    asked = []
    done = task(keepalive_verify, {"after": INFO, "invocation": {}})
    done._execute_module = lambda **arguments: asked.append(arguments["module_args"]) or {"after": INFO, "invocation": {}}
    done.run(None, {**HOST, "keepalive_result": earlier})
    assert asked[0]["processes"] == ["worker"]


def test_a_task_that_is_delegated_names_both_hosts() -> None:
    done = task(delegate="db1")
    result = done.run(None, dict(HOST))
    assert done._display.lines == [LINE.replace("web1:", "web1 -> db1:")]
    # What one host is like says nothing of another.
    verify = task(keepalive_verify, {"after": UNTOUCHED, "invocation": {}})
    assert verify.run(None, {**HOST, "keepalive_result": result})["failed"]


@pytest.mark.parametrize(
    "variables", [{"keepalive_time": 0}, {}, {"keepalive_reboot": "always"}], ids=["refused", "module-fails", "not-as-asked"]
)
def test_a_failure_asks_for_no_reboot(variables: dict[str, Any]) -> None:
    returned = {"failed": True, "msg": "No."} if not variables else {**RIGHT, "problems": [{"part": "aws", "message": "No."}]}
    result = task(returned=returned).run(None, {**HOST, **variables})
    assert result["failed"] and result["reboot"] is False


class Vaulted:
    """What ansible-core before 2.19 makes of a vaulted variable."""

    __ENCRYPTED__ = True

    def __str__(self) -> str:
        return "60"


def test_a_vaulted_variable_counts_as_its_text() -> None:
    vaulted = {"keepalive_time": Vaulted(), "keepalive_live_peers": [Vaulted()], "keepalive_aws_settings": {"max_attempts": Vaulted()}}
    result = task(returned={"failed": True, "msg": ""}).run(None, {**HOST, **vaulted})
    assert result["msg"].startswith("keepalive_live_peers has 60")


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
