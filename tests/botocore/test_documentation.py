# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every example of docs/aws.md does what is said there, with the real clients."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import botocore.exceptions
import botocore.httpsession
import pytest
import yaml

from tests.collection import CHECKOUT

from . import clients
from .service import service

TEXT = (CHECKOUT / "docs" / "aws.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
SLOW = 2.5


def blocks(language: str) -> list[str]:
    return [text for found, text in BLOCKS if found == language]


Shell = Callable[..., tuple[int, str, list[bool]]]


@pytest.fixture(params=["v1", "v2"])
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    """Run an example as it stands against a slow service: exit status, errors, and what the service saw."""
    program = clients.cli(request.param)

    def run(example: str) -> tuple[int, str, list[bool]]:
        with service(SLOW) as server:
            wrapper = tmp_path / "bin" / "aws"
            wrapper.parent.mkdir(exist_ok=True)
            wrapper.write_text(f'#!/bin/sh\nexec {program} "$@" --endpoint-url {server.url}\n')
            wrapper.chmod(0o755)
            done = clients.run(["sh", "-c", f"PATH={wrapper.parent}:$PATH\n{example}"], tmp_path, check=False)
            return done.returncode, done.stderr, server.seen

    return run


def test_every_block_is_tested_here() -> None:
    assert sorted(language for language, _text in BLOCKS) == ["ini", "python", "sh", "sh", "yaml"]


def test_the_default_read_timeout() -> None:
    assert botocore.httpsession.DEFAULT_TIMEOUT == 60


def test_the_read_timeout_of_the_cli(shell: Shell, tmp_path: Path) -> None:
    example = blocks("sh")[0]
    status, _errors, seen = shell(example)
    assert (status, len(seen)) == (0, 1)
    assert (tmp_path / "answer.json").read_text() == '"done"'


def test_a_read_timeout_calls_again_unless_max_attempts_is_1(shell: Shell, tmp_path: Path, collections: Path) -> None:
    impatient = blocks("sh")[0].replace("900", "1")
    status, errors, seen = shell(impatient)
    assert status != 0 and "Read timeout on endpoint URL" in errors
    assert len(seen) > 1 and not any(seen)

    ((play,),) = [yaml.safe_load(text) for text in blocks("yaml")]
    (task,) = play["tasks"]
    clients.module(collections, tmp_path, path=str(tmp_path / ".aws" / "config"), **task["longlived.tcp.aws_config_file"])
    status, errors, seen = shell(impatient)
    assert status != 0 and "Read timeout on endpoint URL" in errors
    assert seen == [True]


def test_the_alias(shell: Shell, tmp_path: Path) -> None:
    alias = tmp_path / ".aws" / "cli" / "alias"
    alias.parent.mkdir(parents=True)
    (text,) = blocks("ini")
    alias.write_text(text)
    status, errors, seen = shell(blocks("sh")[1])
    assert (status, len(seen)) == (0, 1), errors
    alias.write_text(text.replace("900", "1"))
    status, errors, seen = shell(blocks("sh")[1])
    assert status != 0 and "Read timeout on endpoint URL" in errors


def test_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in clients.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    (example,) = blocks("python")
    with service(SLOW) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        names: dict[str, object] = {}
        exec(example, names)
        answer = names["answer"]
        assert isinstance(answer, dict) and answer["Payload"].read() == b'"done"'
        assert server.seen == [True]
        with pytest.raises(botocore.exceptions.ReadTimeoutError):
            exec(example.replace("900", "1"), {})
        assert server.seen == [True, True]
