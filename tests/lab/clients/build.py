# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clients that have to be built before they run: AWS SDK for Java 2, for Go 2 and for JavaScript 3.

Each is built once for what its sources are, outside the checkout, with the machine's own tools and their settings.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCES = Path(__file__).parent
NAMES = ("java-apache", "java-netty", "java-url", "go", "node")
TIMEOUT = 300

# What says why; the lines around it are advice, or where a log is.
_CAUSE = re.compile(r"\[ERROR\] |reason: |EBADENGINE|Not compatible|dial tcp|requires go|x509|[45]\d\d ")


class Unavailable(Exception):
    """This client cannot be had on this machine; the message is one sentence that says why."""


def command(name: str) -> list[str]:
    """How to start the client: its options follow."""
    if name not in NAMES:
        raise ValueError(f"there is no client {name!r}, only {', '.join(NAMES)}")
    kind = name.split("-")[0]
    for tool in {"java": ("java", "javac", "jar", "mvn"), "go": ("go",), "node": ("node", "npm")}[kind]:
        if shutil.which(tool) is None:
            raise Unavailable(f"there is no `{tool}` here")
    built = _built(kind)
    if kind == "go":
        return [str(built / "client")]
    if kind == "node":
        return ["node", str(built / "main.cjs")]
    return [*_java(built, _archive(built, name)), "Main", "--http", name.removeprefix("java-")]


def _built(kind: str) -> Path:
    sources = SOURCES / kind
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(base) / "longlived-tcp" / "lab" / f"{kind}-{_hash(sources)}"
    if path.exists():
        return path
    with _alone(path):
        if path.exists():  # by whoever had the lock before
            return path
        half = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        try:
            for source in _files(sources):
                shutil.copy(source, half)
            {"java": _build_java, "go": _build_go, "node": _build_node}[kind](half, time.monotonic() + TIMEOUT)
            half.rename(path)
        finally:
            shutil.rmtree(half, ignore_errors=True)
    return path


def _files(sources: Path) -> list[Path]:
    """Only the files at the top: below are what an editor or a build by hand has left."""
    return sorted(path for path in sources.iterdir() if path.is_file())


def _hash(sources: Path) -> str:
    # How it is built counts as well.
    everything = [(path.name, path.read_bytes()) for path in [*_files(sources), Path(__file__)]]
    return hashlib.sha256(repr(everything).encode()).hexdigest()[:12]


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_name(f"{path.name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build_java(half: Path, deadline: float) -> None:
    fetch = ("mvn", "--batch-mode", "--quiet", "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=lib")
    _fetch("Maven Central", fetch, half, deadline)
    _run(("javac", "--release", "11", "-classpath", "lib/*", "-d", "classes", "Main.java"), half, deadline)
    # A jar, since no directory of classes can be in an archive for a quick start.
    _run(("jar", "--create", "--file", "client.jar", "-C", "classes", "."), half, deadline)


def _build_go(half: Path, deadline: float) -> None:
    _fetch("the proxy of Go modules", ("go", "mod", "download"), half, deadline)
    _run(("go", "build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-o", "client", "."), half, deadline)


def _build_node(half: Path, deadline: float) -> None:
    fetch = ("npm", "ci", "--omit=dev", "--ignore-scripts", "--engine-strict", "--no-audit", "--no-fund", "--loglevel=error")
    _fetch("the npm registry", fetch, half, deadline)


def _java(built: Path, archive: Path) -> list[str]:
    jars = [built / "client.jar", *sorted((built / "lib").glob("*.jar"))]
    # It lives for one request: the first compiler alone is quicker, and many of these start at once. Of an archive that
    # another Java has made nothing is said.
    options = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xlog:disable", f"-XX:SharedArchiveFile={archive}")
    return ["java", *options, "-cp", ":".join(map(str, jars))]


def _archive(built: Path, name: str) -> Path:
    """What a first run has loaded, for the next ones to start from: in place, since it knows the paths of its jars."""
    archive = built / f"{name}.jsa"
    if archive.exists():
        return archive
    with _alone(archive):
        if not archive.exists():
            half = archive.with_suffix(".half")
            # Port 9 of loopback refuses: the run gets as far as its connection.
            start = [option for option in _java(built, half) if not option.startswith("-XX:SharedArchiveFile")]
            start.insert(1, f"-XX:ArchiveClassesAtExit={half}")
            once = ("--endpoint", "http://127.0.0.1:9", "--function", "none", "--read-timeout", "1")
            status, output = _output((*start, "Main", "--http", name.removeprefix("java-"), *once), built, time.monotonic() + TIMEOUT)
            if status != 0:
                raise RuntimeError(output)
            if half.exists():  # a Java without archives is only slower
                half.rename(archive)
    return archive


def _fetch(where: str, argv: tuple[str, ...], directory: Path, deadline: float) -> None:
    """What may fail for want of a network, or of a newer tool."""
    status, output = _output(argv, directory, deadline)
    if status is None:
        raise Unavailable(f"{where} is out of reach: `{argv[0]}` took more than {TIMEOUT} s")
    if status != 0:
        lines = [line.strip() for line in output.splitlines() if line.strip()] or [f"`{argv[0]}` exits with {status}"]
        raise Unavailable(f"{where} is out of reach: {next(filter(_CAUSE.search, lines), lines[-1])[:400]}")


def _run(argv: tuple[str, ...], directory: Path, deadline: float) -> None:
    """What fails only where our sources are wrong: no reason to skip anything."""
    status, output = _output(argv, directory, deadline)
    if status is None:
        raise Unavailable(f"`{argv[0]}` took more than {TIMEOUT} s")
    if status != 0:
        raise RuntimeError(f"{' '.join(argv)} exits with {status}: {output}")


def _output(argv: tuple[str, ...], directory: Path, deadline: float) -> tuple[int | None, str]:
    """The exit status, None where it was ended at the deadline, and all that it said."""
    with subprocess.Popen(
        argv, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        try:
            output, _errors = process.communicate(timeout=max(deadline - time.monotonic(), 1))
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)  # with the compilers that it has started
            if isinstance(error, subprocess.TimeoutExpired):
                return None, ""
            raise
        return process.returncode, output
