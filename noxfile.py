# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every test that there is: `nox --list` names them, `nox -s NAME` repeats one alone."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

sys.path.insert(0, str(Path(__file__).parent))
from tests.hosts import unavailable

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "venv"
nox.options.reuse_venv = "yes"
nox.options.stop_on_first_error = False

ROOT = Path(__file__).parent

# The controllers that the matrix is run with, each with the Python that it takes and the kinds of
# test hosts that it manages (tests/hosts). 2.16 is the last one that manages Python 2.7.
OLDEST, NEWEST = "2.16.19", "2.21"
CONTROLLER_PYTHONS = {OLDEST: ("3.11", "3.10", "3.12"), NEWEST: ("3.12", "3.13", "3.14")}
MANAGED = {OLDEST: ("al2_like", "al2_like_py37"), NEWEST: ("debian12", "debian13")}

# What runs on the target, beside the controllers' own Pythons.
TARGET_PYTHONS = ("2.7", "3.6", "3.7", "3.9", "3.13")

# Kept within one minor release, so that a run can be repeated.
PYTEST = ("pytest~=9.0", "hypothesis~=6.150")


@functools.cache
def interpreter(*versions: str) -> str | None:
    """The first of these Pythons that runs here: from PATH, or from pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for version in versions:
        known = [shutil.which(f"python{version}"), *sorted(map(str, pyenv.glob(f"{version}.*/bin/python{version}")))]
        for path in filter(None, known):
            # A shim of pyenv is there for versions that it will not run.
            if subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0:
                return path
    return None


def not_run(what: str, why: str) -> None:
    """Name something at the end of the run as not run."""
    if report := os.environ.get("KEEPALIVE_NOT_RUN"):
        with open(report, "a", encoding="utf-8") as stream:
            stream.write(f"{what}: {why}\n")


def skip(session: nox.Session, why: str) -> None:
    not_run(session.name, why)
    session.skip(why)


def need(session: nox.Session, *versions: str) -> str:
    """The first of these Pythons that is there, which nox has been given as well; skip where there is none."""
    path = interpreter(*versions)
    if path is None:
        skip(session, f"there is no Python {' or '.join(versions)} here")
    return str(path)


def need_root(session: nox.Session) -> None:
    if os.geteuid() != 0:
        skip(session, "it makes whole hosts or namespaces, which needs root")


def need_kinds(session: nox.Session, *kinds: str) -> str:
    """The kinds of hosts that this machine can make, each other one named as not run."""
    reasons = {kind: unavailable(kind) for kind in kinds}
    for kind, reason in reasons.items():
        if reason:
            not_run(f"{session.name} on {kind}", reason)
    if all(reasons.values()):
        session.skip("no kind of host can be made here")
    return " ".join(kind for kind, reason in reasons.items() if not reason)


def need_debian_package(session: nox.Session, package: str, program: str) -> None:
    """Install one of Debian's packages where that can be done; tests that need it say so where it cannot."""
    if shutil.which(program) or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    install = ("apt-get", "install", "--yes", "--no-install-recommends", package)
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    if subprocess.run(install, capture_output=True, check=False, env={**os.environ, **environment}).returncode != 0:
        session.run("apt-get", "update", external=True, silent=True, success_codes=range(256))
        session.run(*install, external=True, silent=True, env=environment, success_codes=range(256))


def install_collection(session: nox.Session) -> None:
    """The collection where Python and ansible-core find it without being told: in site-packages."""
    builds = session.create_tmp()
    session.run("ansible-galaxy", "collection", "build", "--force", "--output-path", builds, silent=True)
    (tarball,) = Path(builds).glob("longlived-tcp-*.tar.gz")
    site = str(session.run("python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", silent=True)).strip()
    # fmt: off
    session.run(
        "ansible-galaxy", "collection", "install", "--force", "--offline", "--collections-path", site, str(tarball),
        env={"ANSIBLE_COLLECTIONS_PATH": site}, silent=True,
    )
    # fmt: on
    tarball.unlink()


def isolated() -> dict[str, str]:
    """An environment in which no configuration of the user's takes part."""
    return {
        "ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"),
        "ANSIBLE_FORCE_COLOR": "0",
        "ANSIBLE_NOCOLOR": "1",
        "PYTHONPATH": str(ROOT),
    }


# --- what needs neither root nor a test host -----------------------------------------------------

ANY = ("3.12", "3.13", "3.14", "3.11")


@nox.session(python=interpreter(*ANY), tags=["quick"])
def lint(session: nox.Session) -> None:
    """ruff and mypy over tests and controller-side Python, shellcheck where it is there."""
    need(session, *ANY)
    session.install("ruff~=0.17.0", "mypy~=2.4", "nox", "pytest-testinfra~=10.2", "types-PyYAML", "types-jsonschema", *PYTEST)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")


@nox.session(python=interpreter(*ANY), tags=["quick"])
def units(session: nox.Session) -> None:
    """What a module or plugin knows, and whether defaults and argument specs agree."""
    need(session, *ANY)
    session.install(f"ansible-core~={NEWEST}.0", "pyyaml", "ruamel.yaml", *PYTEST)
    session.run("pytest", "tests/unit", *session.posargs, env=isolated())


def target_units(version: str) -> None:
    @nox.session(name=f"units-{version}", python=False, tags=["quick"])
    def session_units(session: nox.Session) -> None:
        """What runs on the target, on one of its Pythons, with nothing but the standard library."""
        path = need(session, version)
        # nox itself no longer makes environments of Python 2.7.
        environment = ROOT / ".nox" / f"target-{version}"
        if not environment.exists():
            session.run(sys.executable, "-m", "virtualenv", "--quiet", "--python", path, str(environment), external=True)
        python = str(environment / "bin" / "python")
        session.run(python, "-m", "pip", "install", "--quiet", "pytest<5" if version == "2.7" else "pytest", external=True)
        session.run(python, "-B", "-m", "pytest", "tests/unit/plugins/module_utils", *session.posargs, external=True)


for _version in TARGET_PYTHONS:
    target_units(_version)


# --- whole hosts ---------------------------------------------------------------------------------


@nox.session(python=interpreter(*ANY), tags=["hosts"])
def hosts(session: nox.Session) -> None:
    """The test hosts themselves."""
    need(session, *ANY)
    need_root(session)
    session.install(f"ansible-core~={NEWEST}.0", *PYTEST)
    session.run("pytest", "tests/hosts", *session.posargs, env=isolated())


@nox.session(python=interpreter(*ANY), tags=["hosts"])
def checkout(session: nox.Session) -> None:
    """`make keepalive` from a fresh clone, on this machine seen through an overlay."""
    need(session, *ANY)
    need_root(session)
    session.install(*PYTEST)
    session.run("pytest", "tests/checkout", *session.posargs, env=isolated())


@nox.session(python=interpreter(*ANY), tags=["hosts", "fuzz"])
def sysctl_d(session: nox.Session) -> None:
    """Generated files against the real systemd-sysctl and sysctl, and an apply that is killed, starved or raced."""
    need(session, *ANY)
    need_root(session)
    session.install(f"ansible-core~={NEWEST}.0", *PYTEST)
    session.run("pytest", "tests/sysctl_d", *session.posargs, env=isolated())


@nox.session(python=interpreter(*ANY), tags=["hosts"])
def sockets(session: nox.Session) -> None:
    """Live connections in every state, in network namespaces of their own: what is said of them and done to them."""
    need(session, *ANY)
    need_root(session)
    session.install(f"ansible-core~={NEWEST}.0", *PYTEST)
    need_debian_package(session, "nftables", "nft")
    session.run("pytest", "tests/sockets", *session.posargs, env=isolated())


@nox.session(python=interpreter(*ANY), tags=["fuzz"])
def botocore(session: nox.Session) -> None:
    """~/.aws/config against the real botocore, and the sockets of both AWS CLIs."""
    need(session, *ANY)
    need_debian_package(session, "awscli", "/usr/bin/aws")
    session.install(f"ansible-core~={NEWEST}.0", "awscli~=1.46", "botocore~=1.44", "pyyaml", *PYTEST)
    tests = session.posargs or ["tests/botocore", "--ignore=tests/botocore/test_on_hosts.py"]
    session.run("pytest", *tests, env=isolated())


@nox.session(python=interpreter(*ANY), tags=["eks"])
def eks(session: nox.Session) -> None:
    """What the role eks_keepalive writes, against the published schemas ($KEEPALIVE_SCHEMAS) and Kubernetes' own."""
    need(session, *ANY)
    session.install(f"ansible-core~={NEWEST}.0", "kubernetes-validate", "jsonschema~=4.26", "ruamel.yaml", "pyyaml", *PYTEST)
    session.run("pytest", "tests/eks", *session.posargs, env=isolated())


@nox.session(python=interpreter(*CONTROLLER_PYTHONS[NEWEST]), tags=["hosts"])
def amazonlinux2(session: nox.Session) -> None:
    """The life of a host on the real Amazon Linux images, for whoever has a container engine."""
    need(session, *CONTROLLER_PYTHONS[NEWEST])
    engine = next((name for name in ("docker", "podman") if _engine_runs(name)), None)
    if engine is None:
        skip(session, "the real Amazon Linux images need docker or podman with a running engine")
    session.install("ansible", "molecule~=26.10", "pytest-testinfra~=10.2", *PYTEST)
    install_collection(session)
    environment = {**isolated(), "KEEPALIVE_ENGINE": engine}
    session.run("molecule", "test", "--scenario-name", "amazonlinux2", *session.posargs, env=environment)


def _engine_runs(name: str) -> bool:
    return bool(shutil.which(name)) and subprocess.run([name, "info"], capture_output=True, check=False).returncode == 0


def controller_sessions(core: str) -> None:
    pythons = CONTROLLER_PYTHONS[core]

    def set_up(session: nox.Session, *packages: str) -> None:
        need(session, *pythons)
        need_root(session)
        session.install(f"ansible-core~={core}" if core.count(".") == 2 else f"ansible-core~={core}.0", "jmespath", *PYTEST, *packages)
        install_collection(session)

    @nox.session(name=f"modules-{core}", python=interpreter(*pythons), tags=["hosts"])
    def modules(session: nox.Session) -> None:
        """Every module, role and playbook on whole hosts, over ssh."""
        kinds = need_kinds(session, *MANAGED[core])
        set_up(session, "pyyaml")
        tests = session.posargs or ["tests/managed", "tests/botocore/test_on_hosts.py"]
        session.run("pytest", *tests, env={**isolated(), "KEEPALIVE_KINDS": kinds})

    @nox.session(name=f"molecule-{core}", python=interpreter(*pythons), tags=["hosts"])
    def molecule(session: nox.Session) -> None:
        """The whole life of a host: check, converge, again, verify, reboot, verify, roll back, verify."""
        kinds = need_kinds(session, *MANAGED[core])
        set_up(session, "molecule~=26.10", "pytest-testinfra~=10.2")
        rack = f"molecule-{core.replace('.', '-')}"
        environment = {
            **isolated(),
            "KEEPALIVE_RACK": rack,
            "KEEPALIVE_KINDS": kinds,
            "KEEPALIVE_OWNER": str(os.getpid()),
        }
        session.run("molecule", "test", "--scenario-name", "default", *session.posargs, env=environment)


for _core in (OLDEST, NEWEST):
    controller_sessions(_core)
