# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What counts in the end: the socket that the real AWS CLI, or boto's core, sends from."""

from __future__ import annotations

from pathlib import Path

import botocore.session
import pytest

from . import clients
from .service import service

CONFIG = """\
[default]
region = us-east-1
s3 =
    tcp_keepalive = false

[profile "night job"]
region = us-east-1
aws_secret_access_key = HUSH1
aws_session_token = HUSH2
credential_process = echo '{"Version": 1, "AccessKeyId": "x", "SecretAccessKey": "HUSH3"}'
"""


def sends_with_keepalive(program: str, home: Path, profile: str) -> bool:
    with service() as server:
        named = [] if profile == "default" else ["--profile", profile]
        clients.run([program, "sts", "get-caller-identity", "--endpoint-url", server.url, *named], home)
        assert len(server.seen) == 1
        return server.seen[0]


@pytest.mark.parametrize("client", ["v1", "v2"])
@pytest.mark.parametrize("profile", ["default", "night job"])
def test_the_aws_cli(collections: Path, tmp_path: Path, client: str, profile: str) -> None:
    program = clients.cli(client)
    config = tmp_path / ".aws" / "config"
    config.parent.mkdir()
    config.write_text(CONFIG)
    assert not sends_with_keepalive(program, tmp_path, profile)

    result = clients.module(collections, tmp_path, "--diff", "-vvv", path=str(config), profiles=[profile])
    assert result["changed"] and "HUSH" not in result["output"]
    assert sends_with_keepalive(program, tmp_path, profile)
    assert not sends_with_keepalive(program, tmp_path, "night job" if profile == "default" else "default")

    clients.module(collections, tmp_path, path=str(config), profiles=[profile], state="absent")
    assert config.read_text() == CONFIG
    assert not sends_with_keepalive(program, tmp_path, profile)


def test_botocore_itself(collections: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with service() as server:

        def call() -> bool:
            client = botocore.session.Session().create_client(
                "sts", region_name="us-east-1", endpoint_url=server.url, aws_access_key_id="x", aws_secret_access_key="x"
            )
            client.get_caller_identity()
            return server.seen[-1]

        assert not call()
        clients.module(collections, tmp_path, path=str(tmp_path / "config"))
        assert call()
