# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a boot makes of sysctl.d, by the real programs and by this collection. Runs inside a release."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from .guest import fresh_network
from .layout import Layout, lay_out

# isort: split
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import boot as _boot
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import change, precedence, sysctl_d, values
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import runtime as _runtime

Values = dict[str, int]

PROBE = "net.ipv4.tcp_fin_timeout"
PROBED = 12345
"""A key and a value that no generated line gives: they show whether a file is read."""


@dataclass(frozen=True)
class Compared:
    real: Values
    ours: Values
    lines: dict[str, bytes | None]
    """The line that we say decides."""
    said: str
    untouched: Values = field(default_factory=lambda: dict(values.KERNEL_DEFAULTS))


def now() -> _boot.Boot:
    """What systemd-sysctl would do now, with what lies in /run."""
    loaded = _boot.Boot.of_this_host()
    tree = precedence.Tree.on_disk(loaded.rules.directories)
    return _boot.Boot(tree, loaded.rules, loaded.systemd, None, [])


def next_boot(layout: Layout) -> Compared:
    """The three values after systemd-sysctl once everything in /run is gone, and what we said before that."""
    lay_out(layout)
    settings = _boot.Boot.of_this_host().settings()
    shutil.rmtree("/run/sysctl.d")
    said = run_in_new_network("/lib/systemd/systemd-sysctl")
    return Compared(_runtime.read(), _boot.values_of(settings), {}, said)


def boot(layout: Layout) -> Compared:
    """The three values after systemd-sysctl in a new namespace, and what we say that it does."""
    lay_out(layout)
    settings = now().settings()
    said = run_in_new_network("/lib/systemd/systemd-sysctl")
    return Compared(_runtime.read(), _boot.values_of(settings), {name: _line(one) for name, one in settings.items()}, said)


def system(layout: Layout) -> Compared:
    """The same for procps: sysctl --system."""
    lay_out(layout)
    loaded = now()
    settings = loaded.tree.procps(loaded.rules, values.KERNEL_DEFAULTS)
    said = run_in_new_network("/sbin/sysctl", "--system")
    return Compared(_runtime.read(), _boot.values_of(settings), {name: _line(one) for name, one in settings.items()}, said)


def run_in_new_network(*command: str) -> str:
    fresh_network()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30, check=False)
    return done.stdout.decode(errors="replace")


def _line(setting: precedence.Setting) -> bytes | None:
    if setting.file is None:
        return None
    lines = Path(os.fsdecode(setting.file)).read_bytes().split(b"\n")
    return lines[setting.line - 1] if setting.line <= len(lines) else b""


def is_read(layout: Layout, path: str) -> tuple[bool, bool] | None:
    """Whether systemd-sysctl reads a file written to `path`, and whether we say so; None where it crashes."""
    lay_out(layout)
    ours = now().tree.reads(path)
    Path(path).write_text(f"{PROBE} = {PROBED}\n")
    if "Aborting" in run_in_new_network("/lib/systemd/systemd-sysctl"):
        return None
    return Path("/proc/sys", *PROBE.split(".")).read_text().strip() == str(PROBED), ours


def after_writing(layout: Layout, path: str, content: bytes | None) -> tuple[Values, Values]:
    """What a boot gives once `path` has the content (None: is gone): as foreseen, and as found then."""
    lay_out(layout)
    foreseen = now().replacing(os.path.realpath(path), content).settings()
    if content is not None:
        Path(path).write_bytes(content)
    else:
        os.unlink(os.path.realpath(path))
    return _boot.values_of(foreseen), _boot.values_of(now().settings())


# --- rolled back ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class RolledBack:
    before: dict[str, bytes]
    after: dict[str, bytes]
    headed: list[str]
    """The files that are ours by their name, kind and first lines."""
    main: str
    """What the path that was asked for leads to."""
    runtime: Values
    real: Values
    stays: list[str]
    """The keys that a file still gives a value."""
    warnings: list[str]
    again: list[str]


def roll_back(layout: Layout) -> RolledBack | None:
    """`state: absent`, and a boot after it; None where it is refused, as for a directory in the file's place."""
    lay_out(layout)
    fresh_network()
    _runtime.write({"time": 45, "intvl": 44, "probes": 8})
    before, headed = _contents(), [path for path in _contents() if _is_ours(Path(path))]
    request = change.Request(False, {}, values.SYSCTL_FILE, True, False, None)
    main = os.path.realpath(request.path)
    try:
        decision, _saved = change.run(request)
    except UserError:
        assert (_contents(), _runtime.read()["intvl"]) == (before, 44)
        return None
    after, runtime = _contents(), _runtime.read()
    again, _saved = change.run(request)
    assert not change.changes(again)
    stays = [name for name, one in decision.boot.items() if one.file is not None]
    shutil.rmtree("/run/sysctl.d")
    run_in_new_network("/lib/systemd/systemd-sysctl")
    return RolledBack(before, after, headed, main, runtime, _runtime.read(), stays, decision.warnings, again.warnings)


def _contents() -> dict[str, bytes]:
    directories = [*sysctl_d.DIRECTORIES, "/srv/elsewhere", "/etc"]
    paths = {os.path.realpath(path) for directory in directories for path in Path(directory).iterdir() if path.is_file()}
    return {path: Path(path).read_bytes() for path in paths}


def _is_ours(path: Path) -> bool:
    regular = str(path.parent) == "/etc/sysctl.d" and path.is_file() and not path.is_symlink()
    return regular and precedence.is_read_name(path.name) and path.read_bytes().startswith(precedence.HEADER.encode())
