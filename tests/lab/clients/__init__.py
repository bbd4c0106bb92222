# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients: real programs, each with the one line that it needs beside the kernel's values."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.lab.clients import build
from tests.lab.clients.build import Unavailable
from tests.lab.scale import Scale

HERE = Path(__file__).parent
ANSWER, RESET, TIMEOUT, WAITING = "answer", "reset", "timeout", "waiting"
"""Came; the connection ended; the client's own patience did; it would still wait, but the lab ended it."""


@dataclass(frozen=True)
class Request:
    """What a client is asked to do."""

    address: str
    port: int
    scale: Scale
    line: bool
    """With the one line that it needs."""

    @property
    def endpoint(self) -> str:
        return f"http://{self.address}:{self.port}"

    @property
    def function(self) -> str:
        """Its name tells the server how long it is to take."""
        return f"slow-{self.scale.answer}"

    @property
    def patience(self) -> str:
        return str(self.scale.patience)


def _json_outcome(status: int, output: str, complaint: str) -> str:
    try:
        return str(json.loads(output)["outcome"])
    except (ValueError, KeyError):
        return _failed(status, complaint)


def _failed(status: int, complaint: str) -> str:
    """Neither of the four outcomes: the client itself is at fault."""
    return f"exit status {status}: {complaint.strip()}"


@dataclass(frozen=True)
class Client:
    title: str
    command: Callable[[Request], list[str]]
    line: str | None = None
    """What it needs beside the kernel's values; None where it needs nothing, or where nothing helps."""
    reachable: bool = True
    """False: no setting of this client turns keepalive on."""
    pinned: float | None = None
    """Seconds to the first probe where it sets its own, whatever the kernel says."""
    aws_config: bool = False
    """Its line stands in ~/.aws/config, where the role puts it."""
    outcome: Callable[[int, str, str], str] = _json_outcome
    sql: bool = False


def _plain(request: Request) -> list[str]:
    command = [sys.executable, str(HERE / "plain.py"), request.address, str(request.port), request.function, request.patience]
    return [*command, "--keepalive"] if request.line else command


def _boto3(request: Request) -> list[str]:
    return [sys.executable, str(HERE / "boto3_invoke.py"), request.endpoint, request.function, request.patience]


def _aws_cli(program: str, request: Request) -> list[str]:
    call = ["--endpoint-url", request.endpoint, "--cli-read-timeout", request.patience, "--cli-connect-timeout", request.patience]
    return [program, *call, "lambda", "invoke", "--function-name", request.function, "/dev/stdout"]


def _aws_cli_1(request: Request) -> list[str]:
    return _aws_cli(str(Path(sys.executable).with_name("aws")), request)


def _aws_cli_2(request: Request) -> list[str]:
    return _aws_cli(aws_cli_2() or "/usr/bin/aws", request)


@functools.cache
def aws_cli_2() -> str | None:
    """The path of an AWS CLI 2, such as Debian's package awscli has it."""
    for path in ("/usr/bin/aws", "/usr/local/bin/aws"):
        if Path(path).exists() and subprocess.run([path, "--version"], capture_output=True, check=False).stdout.startswith(b"aws-cli/2"):
            return path
    return None


def _aws_outcome(status: int, output: str, complaint: str) -> str:
    if status == 0 and "42" in output:
        return ANSWER
    return TIMEOUT if "Read timeout" in complaint else RESET if "onnection" in complaint else _failed(status, complaint)


def _psql(request: Request) -> list[str]:
    about = f"host={request.address} port={request.port} user=postgres dbname=postgres application_name={request.port} sslmode=disable"
    return ["psql", about, "--no-psqlrc", "--tuples-only", "--command", f"select 42 from pg_sleep({request.scale.answer})"]


def _psql_outcome(status: int, output: str, complaint: str) -> str:
    if status == 0 and "42" in output:
        return ANSWER
    # "could not receive data from server: Connection timed out" is the kernel's: no probe was answered.
    return RESET if re.search("closed the connection|reset by peer|could not receive data", complaint) else _failed(status, complaint)


def _curl(request: Request) -> list[str]:
    once = ["--silent", "--show-error", "--noproxy", "*", "--max-time", request.patience]
    # Its own default is 60 s, at scale 1 left as it is.
    pinned = [] if request.scale.factor == 1 else ["--keepalive-time", str(request.scale.of(60))]
    return ["curl", *once, *pinned, "--data", "", f"{request.endpoint}/2015-03-31/functions/{request.function}/invocations"]


def _curl_outcome(status: int, output: str, complaint: str) -> str:
    if status == 0 and "42" in output:
        return ANSWER
    return {28: TIMEOUT, 52: RESET, 56: RESET}.get(status) or _failed(status, complaint)


def _sdk(name: str, pinned: float | None, request: Request) -> list[str]:
    command = [*build.command(name), "--endpoint", request.endpoint, "--function", request.function, "--read-timeout", request.patience]
    if request.line:
        command.append("--keepalive")
    if pinned is not None and request.scale.factor != 1:
        command += ["--keepalive-seconds", str(request.scale.of(pinned))]
    return command


def _of_sdk(title: str, name: str, pinned: float | None = None, line: str | None = None, *, reachable: bool = True) -> Client:
    return Client(title, functools.partial(_sdk, name, pinned), line, reachable, pinned)


_IN_AWS_CONFIG = "tcp_keepalive = true in ~/.aws/config"
_IN_JAVA = ".tcpKeepAlive(true)"

CLIENTS = {
    "plain": Client("a plain socket", _plain, "setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)"),
    "aws_cli_1": Client("AWS CLI 1", _aws_cli_1, _IN_AWS_CONFIG, aws_config=True, outcome=_aws_outcome),
    "aws_cli_2": Client("AWS CLI 2", _aws_cli_2, _IN_AWS_CONFIG, aws_config=True, outcome=_aws_outcome),
    "boto3": Client("boto3", _boto3, _IN_AWS_CONFIG, aws_config=True),
    "java-apache": _of_sdk("AWS SDK for Java 2, Apache", "java-apache", line=_IN_JAVA),
    "java-netty": _of_sdk("AWS SDK for Java 2, Netty", "java-netty", line=_IN_JAVA),
    "java-url": _of_sdk("AWS SDK for Java 2, UrlConnection", "java-url", reachable=False),
    "psql": Client("psql (PostgreSQL)", _psql, outcome=_psql_outcome, sql=True),
    "curl": Client("curl", _curl, pinned=60, outcome=_curl_outcome),
    "go": _of_sdk("AWS SDK for Go 2", "go", pinned=30),
    "node": _of_sdk("AWS SDK for JavaScript 3 (Node)", "node", pinned=1),
}


def unavailable(name: str) -> str | None:
    """Why this client cannot run here, if so."""
    if name.startswith("java-") or name in ("go", "node"):
        try:
            build.command(name)
        except Unavailable as error:
            return str(error)
    elif name == "aws_cli_1" and not Path(sys.executable).with_name("aws").exists():
        return "the PyPI package awscli is not installed"
    elif name == "aws_cli_2" and not aws_cli_2():
        return "there is no AWS CLI 2 here, which Debian's package awscli has"
    elif name in ("psql", "curl") and not shutil.which(name):
        return f"there is no {name} here"
    elif name == "psql" and not postgresql():
        return "there is no PostgreSQL server here, which Debian's package postgresql has"
    return None


@functools.cache
def postgresql() -> Path | None:
    """The directory of the PostgreSQL server's programs."""
    return next((path.parent for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True)), None)
