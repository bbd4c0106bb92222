# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clients that are built, each against a service on loopback; and how they are built, with tools that only say that they do."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.lab.clients import build

RETRANSMIT, KEEPALIVE = "01", "02"
PINNED = 77

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 6\r\n\r\n"done"'


class Timer(NamedTuple):
    """What the kernel has armed for a socket, and in how many seconds it goes off."""

    kind: str
    seconds: float


class Service:
    """A service that does the same with each request: `answer` it so far after `delay`, and then `end` the connection."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port = self._listener.getsockname()[1]
        self.answer = ANSWER
        self.delay = 0.0
        self.end = "stay"
        self.requests: list[str] = []
        self.timers: list[Timer] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, (_host, port) = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            request = b""
            while not request.endswith(b"{}") and (data := connection.recv(65536)):
                request += data
            self.requests.append(request.split(b"\r\n")[0].decode())
            time.sleep(self.delay)
            self.timers.append(self._timer(port))
            connection.sendall(self.answer)
            if self.end == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if self.end != "stay":
                connection.close()

    def _timer(self, client_port: int) -> Timer:
        """Of the client's socket, once what it has sent is acknowledged: the tr and tm->when of proc(5).

        Java's sockets are of IPv6 even where they speak IPv4.
        """
        for _turn in range(200):
            for line in (line for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]):
                _number, local, remote, _state, _queues, timer, *_others = line.split()
                if [int(end.split(":")[1], 16) for end in (local, remote)] == [client_port, self.port]:
                    kind, when = timer.split(":")
                    if kind != RETRANSMIT:
                        return Timer(kind, int(when, 16) / 100)
            time.sleep(0.01)
        raise LookupError(f"no socket from port {client_port} that is at rest")

    def close(self) -> None:
        if self._thread.is_alive():
            self._listener.shutdown(socket.SHUT_RDWR)
            self._thread.join()
        for each in (self._listener, *self._open):
            each.close()


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.close()


@pytest.fixture(params=build.NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def invoke(name: str, service: Service, *options: str, read_timeout: float = 15) -> dict[str, Any]:
    try:
        client = build.command(name)
    except build.Unavailable as reason:
        pytest.skip(f"{name}: {reason}")
    where = ("--endpoint", f"http://127.0.0.1:{service.port}", "--function", "slow", "--read-timeout", str(read_timeout))
    done = subprocess.run([*client, *where, *options], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1), done
    report: dict[str, Any] = json.loads(done.stdout)
    assert set(report) == {"outcome", "detail", "seconds"}
    return report


class TestOutcome:
    def test_answer(self, name: str, service: Service) -> None:
        service.delay = 0.5
        report = invoke(name, service)
        assert (report["outcome"], report["detail"]) == ("answer", '200 "done"')
        assert 0.5 <= report["seconds"] < 10
        assert service.requests == ["POST /2015-03-31/functions/slow/invocations HTTP/1.1"]

    @pytest.mark.parametrize("answer", [b"", ANSWER[:-3]], ids=["nothing", "half"])
    def test_timeout(self, name: str, service: Service, answer: bytes) -> None:
        service.answer = answer
        report = invoke(name, service, read_timeout=1.5)
        assert report["outcome"] == "timeout", report
        assert 1.4 <= report["seconds"] < 11
        assert len(service.requests) == 1

    @pytest.mark.parametrize("answer", [b"", ANSWER[:-3]], ids=["nothing", "half"])
    @pytest.mark.parametrize("end", ["reset", "close"])
    def test_reset(self, name: str, service: Service, end: str, answer: bytes) -> None:
        service.answer, service.end, service.delay = answer, end, 0.3
        report = invoke(name, service)
        assert report["outcome"] == "reset", report
        assert len(service.requests) == 1

    def test_nobody_there_is_none_of_them(self, name: str, service: Service) -> None:
        service.close()
        assert invoke(name, service)["outcome"] == "error"

    def test_nothing_of_the_machine_takes_part(self, name: str, service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        build_or_skip(name)  # with the settings that are the machine's
        config = tmp_path / "config"
        config.write_text("[default]\nendpoint_url = http://127.0.0.1:9\nretry_mode = nonsense\n[profile other\n")
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA"):
            monkeypatch.setenv(variable, "http://127.0.0.1:9")
        for variable, value in {"CONFIG_FILE": config, "SHARED_CREDENTIALS_FILE": config, "PROFILE": "none", "RETRY_MODE": "x"}.items():
            monkeypatch.setenv(f"AWS_{variable}", str(value))
        assert invoke(name, service)["outcome"] == "answer"


def build_or_skip(name: str) -> None:
    try:
        build.command(name)
    except build.Unavailable as reason:
        pytest.skip(f"{name}: {reason}")


class TestKeepalive:
    @pytest.mark.parametrize("name", ["java-apache", "java-netty", "java-url"])
    def test_is_off_for_java(self, name: str, service: Service) -> None:
        service.delay = 0.5
        invoke(name, service)
        assert [timer.kind for timer in service.timers] == ["00"]

    @pytest.mark.parametrize("name", ["java-apache", "java-netty"])
    def test_is_on_when_java_is_asked_for_it(self, name: str, service: Service) -> None:
        invoke(name, service, "--keepalive")
        assert [timer.kind for timer in service.timers] == [KEEPALIVE]

    def test_is_nothing_that_javas_own_client_can_be_asked_for(self, service: Service) -> None:
        assert invoke("java-url", service, "--keepalive")["outcome"] == "unsupported"
        assert service.requests == []

    @pytest.mark.parametrize("option", [(), ("--keepalive",)], ids=["default", "asked"])
    @pytest.mark.parametrize(("name", "seconds"), [("go", 30), ("node", 1)])
    def test_is_on_with_a_time_of_its_own(self, name: str, seconds: int, option: tuple[str, ...], service: Service) -> None:
        invoke(name, service, *option)
        ((kind, left),) = service.timers
        assert kind == KEEPALIVE and seconds - 1 <= left <= seconds + 0.1

    @pytest.mark.parametrize("delay", [0, 4], ids=["at once", "later"])  # Node's SDK sets it once more, after three seconds
    @pytest.mark.parametrize("name", ["go", "node"])
    def test_is_on_with_the_time_that_is_asked_for(self, name: str, delay: int, service: Service) -> None:
        service.delay = delay
        invoke(name, service, "--keepalive-seconds", str(PINNED))
        ((kind, left),) = service.timers
        assert kind == KEEPALIVE and PINNED - delay - 2 <= left <= PINNED + 0.1


class TestBuild:
    @pytest.fixture(autouse=True)
    def empty_cache(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    @pytest.fixture
    def tools(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        """A directory in front of PATH."""
        tools = tmp_path / "tools"
        tools.mkdir()
        monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
        return tools

    @staticmethod
    def tool(tools: Path, name: str, *lines: str) -> None:
        path = tools / name
        path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        path.chmod(0o755)

    @staticmethod
    def left(tmp_path: Path) -> list[str]:
        return [path.name for path in (tmp_path / "cache/longlived-tcp/lab").iterdir() if not path.name.endswith(".lock")]

    @pytest.mark.parametrize(("name", "missing"), [("java-url", "java"), ("go", "go"), ("node", "node")])
    def test_without_the_tools(self, name: str, missing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(build.Unavailable, match=f"^there is no `{missing}` here$"):
            build.command(name)

    @pytest.mark.parametrize(
        ("name", "tool", "said", "reason"),
        [
            ("go", "go", "go: downloading x\ngo: x@v1: dial tcp: lookup p: no such host", "go: x@v1: dial tcp: lookup p: no such host"),
            ("node", "npm", "npm error code E\nnpm error reason: no such host\nnpm error A complete log", "npm error reason: no such host"),
            ("java-url", "mvn", "[ERROR] Could not transfer x\n[ERROR] [Help 1] y", r"\[ERROR\] Could not transfer x"),
            ("go", "go", "", "`go` exits with 1"),
        ],
    )
    def test_out_of_reach(self, name: str, tool: str, said: str, reason: str, tools: Path, tmp_path: Path) -> None:
        for each in ("java", "javac", "jar", "mvn", "go", "node", "npm"):
            self.tool(tools, each, "exit 9")
        self.tool(tools, tool, f"printf '{said}\n'", "exit 1")
        with pytest.raises(build.Unavailable, match=f" is out of reach: {reason}$"):
            build.command(name)
        assert self.left(tmp_path) == []

    def test_what_does_not_compile_is_no_reason_to_skip(self, tools: Path, tmp_path: Path) -> None:
        self.tool(tools, "go", "[ $1 = mod ] || { echo undefined: x; exit 1; }")
        with pytest.raises(RuntimeError, match="undefined: x"):
            build.command("go")
        assert self.left(tmp_path) == []

    def test_takes_no_longer_than_it_may(self, tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(build, "TIMEOUT", 0.5)
        self.tool(tools, "go", f"(sleep 3; touch {tmp_path}/alive) &", "wait")
        with pytest.raises(build.Unavailable, match="took more than"):
            build.command("go")
        assert self.left(tmp_path) == []
        time.sleep(3)
        assert not (tmp_path / "alive").exists()

    def test_two_at_once_build_once(self, tools: Path, tmp_path: Path) -> None:
        self.tool(tools, "go", f"echo $1 >> {tmp_path}/log", "[ $1 = mod ] || { sleep 1; touch client; }")
        with ThreadPoolExecutor() as pool:
            first, second = pool.map(build.command, ["go", "go"])
        assert first == second and Path(first[0]).is_file()
        assert (tmp_path / "log").read_text().split() == ["mod", "build"]

    def test_no_file_names_a_registry(self) -> None:
        lock = json.loads((build.SOURCES / "node" / "package-lock.json").read_text())
        assert [path for path, package in lock["packages"].items() if "resolved" in package] == []
