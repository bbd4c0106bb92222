# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A boot with the real ufw and TuneD after systemd-sysctl. Runs inside a release; TuneD's own code runs in this process,
without its daemon."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import shutil
import subprocess
import sys
import types
import warnings
from dataclasses import dataclass
from pathlib import Path

from tests.hosts.debian_package import unpacked

from .boots import Values, now, run_in_new_network
from .layout import Layout, lay_out

# isort: split
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import boot as _boot
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import runtime as _runtime
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import tuned as _tuned
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import tuned_profile
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import ufw as _ufw

# Once the root has changed nothing can be imported.
IMPORTED = (tuned_profile,)

TUNED, UFW = unpacked("tuned"), unpacked("ufw")

# What Debian's package gives a host, as it has to be copied before the root changes.
UFW_FILES = {str(path.relative_to(UFW)): path.read_bytes() for path in UFW.rglob("*") if path.is_file()} if UFW else {}

WANTED = "/etc/systemd/system/multi-user.target.wants"

# They hook ufw into a packet filter that no test needs. The chain is not there yet.
IPTABLES = "#!/bin/sh\ncase $* in '-L ufw-user-input -n') exit 1;; esac\nexit 0\n"


@dataclass(frozen=True)
class Writers:
    """What ufw and TuneD find: `ufw` is the content of its file (None: it is not enabled), `profiles` are TuneD's by their
    directory (none: it is not there), `active` those that are chosen, `reapply` a line of its configuration."""

    ufw: bytes | None = None
    profiles: dict[str, str] | None = None
    active: str = "web"
    reapply: str = ""


@dataclass(frozen=True)
class Compared:
    real: Values
    ours: Values
    perhaps: Values
    """What we say is not certain."""
    said: str


def boot(layout: Layout, writers: Writers) -> Compared:
    """The three values after all of them in a new namespace, and what we say that they do."""
    lay_out(layout)
    _lay_out(writers)
    loaded = now()
    host = _boot.Boot(loaded.tree, loaded.rules, loaded.systemd, None, [], _boot.Later(_ufw.loaded(), _tuned.loaded(), [], None))
    ours = _boot.values_of(host.settings())
    perhaps = {row["key"].rpartition("_")[2]: row["value"] for row in host.other_writers() if not row["certain"]}
    said = run_in_new_network("/lib/systemd/systemd-sysctl")
    if writers.ufw is not None:
        said += _run("/bin/sh", "/lib/ufw/ufw-init", "start", "quiet")
    if writers.profiles:
        said += _run_tuned(writers.active)
    return Compared(_runtime.read(), ours, perhaps, said)


def _run(*command: str) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30, check=False)
    return done.stdout.decode(errors="replace")


# --- files ---------------------------------------------------------------------------------------


def _lay_out(writers: Writers) -> None:
    for directory in ("/etc/tuned", "/usr/lib/tuned", "/run/tuned", "/etc/ufw", WANTED):
        shutil.rmtree(directory, ignore_errors=True)
    if writers.ufw is not None:
        for name, content in UFW_FILES.items():
            path = _place(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if not os.path.exists("/lib/ufw"):  # where /lib is no link
            os.symlink("/usr/lib/ufw", "/lib/ufw")
        for name in ("iptables", "iptables-restore", "ip6tables", "ip6tables-restore"):
            _write(f"/usr/sbin/{name}", IPTABLES)
            os.chmod(f"/usr/sbin/{name}", 0o755)
        _write("/etc/ufw/ufw.conf", "ENABLED=yes\nLOGLEVEL=low\n")
        Path("/etc/ufw/sysctl.conf").write_bytes(writers.ufw)
        _start("ufw.service")
    if writers.profiles:
        for name, text in writers.profiles.items():
            _write(f"{name}/tuned.conf", text)
        _write("/etc/tuned/tuned-main.conf", writers.reapply)
        _write("/etc/tuned/active_profile", f"{writers.active}\n")
        _start("tuned.service")


def _place(name: str) -> Path:
    return Path("/usr", name) if name.startswith("lib/") else Path("/", name)


def _write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")


def _start(unit: str) -> None:
    _write(f"/usr/lib/systemd/system/{unit}", "[Service]\n")
    _write(f"{WANTED}/{unit}", "")


# --- TuneD ---------------------------------------------------------------------------------------


def _load_tuned() -> None:
    """Have its modules here before the root changes; it watches devices by a library that no test needs."""
    sys.path.append(f"{TUNED}/usr/lib/python3/dist-packages")
    sys.modules.setdefault("pyudev", types.ModuleType("pyudev"))
    names = ["profiles", "units.manager", "plugins.plugin_sysctl", "plugins.instance", "storage", "utils.global_config"]
    for function in Path(f"{TUNED}/usr/lib/python3/dist-packages/tuned/profiles/functions").glob("function_*.py"):
        names.append(f"profiles.functions.{function.stem}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is written for older Pythons as well
        for name in names:
            with contextlib.suppress(ImportError):  # a function may want what is not here
                importlib.import_module(f"tuned.{name}")


if TUNED:
    _load_tuned()


class _Plugins:
    """Its plug-ins, of which there is one here."""

    def __init__(self, config: object, variables: object) -> None:
        self._arguments = config, variables

    def create(self, name: str) -> object:
        from tuned import storage
        from tuned.plugins import exceptions, instance, plugin_sysctl

        if name != "sysctl":
            raise exceptions.NotSupportedPluginException(name)
        factory = storage.Factory(storage.PickleProvider())
        return plugin_sysctl.SysctlPlugin(None, factory, None, None, None, instance.Factory(), *self._arguments)


def _run_tuned(active: str) -> str:
    """What the daemon does when it starts: load the profile, create its plug-ins, apply them."""
    from tuned import consts, profiles
    from tuned.profiles.exceptions import InvalidProfileException
    from tuned.units.manager import Manager
    from tuned.utils.global_config import GlobalConfig

    config, variables = GlobalConfig(), profiles.variables.Variables()
    locator = profiles.Locator(consts.LOAD_DIRECTORIES)
    loader = profiles.Loader(locator, profiles.Factory(), profiles.Merger(), config, variables)
    inventory = types.SimpleNamespace(start_processing_events=lambda: None)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            if not all(name in locator.get_known_names() for name in active.split()):
                return "no such profile"
            profile = loader.load(active.split())
        except InvalidProfileException as error:
            return str(error)
        manager = Manager(_Plugins(config, variables), None, 0, inventory, config)
        try:
            manager.create(profile.units)
        except ValueError as error:  # a priority that is no number: it ends the daemon's thread
            return str(error)
        manager.start_tuning()
    return said.getvalue()
