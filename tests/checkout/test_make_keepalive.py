# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make keepalive`, `make verify` and `make rollback` from a fresh clone, on this machine seen through an overlay.

Everything that it writes goes to memory and is gone at the end, its network namespace (and with it
the three values) is its own, and what pip installs comes from wheels that were fetched before.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A root directory whose writes go to memory, with this checkout's files in a directory whose name holds a blank.
ENTER = """
set -eu
mount -t tmpfs -o mode=755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
cd "$1/root"
for name in dev sys; do mount --rbind /$name $name; done
mount -t proc proc proc
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p "tmp/check out" tmp/wheels && mount --bind "$3" tmp/wheels
tar -C "$2" -cf - --verbatim-files-from -T "$4" | tar -C "tmp/check out" -xf -
chmod 711 root
shift 4
exec chroot . "$@"
"""


class Machine:
    """This machine through an overlay; each run starts with a new one."""

    def __init__(self, scratch: Path, wheels: Path) -> None:
        self._scratch, self._wheels = scratch, wheels
        listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
        present = [name for name in listed.stdout.split("\n") if name and (ROOT / name).exists()]
        self._files = scratch / "files"
        self._files.write_text("\n".join(present))
        (scratch / "mount").mkdir()

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        enter = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--propagation", "private", "sh", "-c", ENTER, "sh"]
        places = [str(self._scratch / "mount"), str(ROOT), str(self._wheels), str(self._files)]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": "/root",
            "LC_ALL": "C.UTF-8",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": "/tmp/wheels",
            "PYTHON": sys.executable if sys.prefix == sys.base_prefix else os.path.realpath(sys.executable),
        }
        return subprocess.run(
            [*enter, *places, "sh", "-c", f"cd '/tmp/check out'\n{script}"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            stdin=subprocess.DEVNULL,
        )


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheels")
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(place), "ansible-core>=2.16.19"], check=True)
    return place


@pytest.fixture
def machine(tmp_path: Path, wheels: Path) -> Machine:
    return Machine(tmp_path, wheels)


VALUES = "cat /proc/sys/net/ipv4/tcp_keepalive_time /proc/sys/net/ipv4/tcp_keepalive_intvl /proc/sys/net/ipv4/tcp_keepalive_probes"


def test_a_look_then_the_change_then_nothing_to_do(machine: Machine) -> None:
    done = machine.run(
        f"""
        make keepalive ARGS='--check --diff' || exit 3; ls /etc/sysctl.d; {VALUES}
        echo ===== change; make keepalive || exit 4; {VALUES}; cat /etc/sysctl.d/99-tcp-keepalive.conf
        echo ===== again; make keepalive || exit 5
        """
    )
    assert done.returncode == 0, done.stdout + done.stderr
    look, change, again = done.stdout.split("=====")
    assert "7200\n75\n9\n" in look
    assert "99-tcp-keepalive.conf\n" not in look[look.index("PLAY RECAP") :]
    assert "localhost: time/intvl/probes 7200/75/9 -> 45/45/9; next boot: /etc/sysctl.d/99-tcp-keepalive.conf" in change
    assert "45\n45\n9\n" in change
    assert change.endswith("net.ipv4.tcp_keepalive_time = 45\nnet.ipv4.tcp_keepalive_intvl = 45\nnet.ipv4.tcp_keepalive_probes = 9\n")
    assert "changed=0" in again


def test_there_and_back(machine: Machine) -> None:
    done = machine.run(
        f"""
        make verify && exit 3; ls /etc/sysctl.d; {VALUES}
        echo =====; make keepalive || exit 4; make verify ARGS='-e keepalive_verify_processes=worker' || exit 5; ls /etc/sysctl.d; {VALUES}
        echo =====; make rollback ARGS='--check' || exit 6; ls /etc/sysctl.d; {VALUES}
        echo =====; make rollback || exit 7; ls /etc/sysctl.d; {VALUES}
        """
    )
    assert done.returncode == 0, done.stdout + done.stderr
    untouched, there, foreseen, back = done.stdout.split("=====")
    for output, is_there in ((untouched, False), (there, True), (foreseen, True), (back, False)):
        assert output.endswith("45\n45\n9\n" if is_there else "7200\n75\n9\n"), output
        assert ("99-tcp-keepalive.conf\n" in output[output.rindex("PLAY RECAP") :]) is is_there
    assert "tcp_keepalive_time is 7200 in the running kernel" in untouched
    assert [int(changed) for changed in re.findall(r"changed=(\d+)", there)][1:] == [0]


def test_roots_that_came_by_su_need_no_sudo(machine: Machine) -> None:
    """su without a dash leaves LOGNAME as it is."""
    done = machine.run(f"mkdir -p /tmp/bin; {NO_SUDO}; LOGNAME=nobody USER=nobody PATH=/tmp/bin:$PATH make keepalive; {VALUES}")
    assert done.stdout.endswith("45\n45\n9\n"), done.stdout + done.stderr


NO_SUDO = "printf '#!/bin/sh\\nexit 1\\n' > /tmp/bin/sudo; chmod 755 /tmp/bin/sudo"

ME = "useradd --create-home --home-dir /home/me me; mkdir /srv/me; su me -c 'mkdir ~/.aws && touch ~/.aws/config'"


@pytest.mark.parametrize(
    ("environment", "command", "named"),
    [
        ("HOME=/srv/me SUDO_USER=me", "keepalive", ["/srv/me", "/home/me for me", "/home/me/.aws/config is set."]),
        ("HOME=/srv/me SUDO_USER=me", "verify", ["/srv/me", "/home/me for me", "/home/me/.aws/config is verified."]),
        ("HOME=/srv/me", "rollback", ["/srv/me", "/root for root", "/root/.aws/config is what the settings are taken out of."]),
        ("HOME=/home/me/ SUDO_USER=me", "keepalive", []),
        ("HOME=/srv/me SUDO_USER=me", "keepalive ARGS='-e keepalive_aws_users=root'", []),
        ("HOME=/srv/me", "keepalive INVENTORY=hosts.ini", []),
        ("-u HOME", "keepalive", []),
        ("HOME=/srv/me SUDO_USER=nobody-is-called-so", "verify", []),
    ],
)
def test_a_home_that_the_password_database_does_not_have(machine: Machine, environment: str, command: str, named: list[str]) -> None:
    done = machine.run(
        f"""
        {ME}
        printf 'here ansible_connection=local ansible_python_interpreter=%s\n' "$PYTHON" > hosts.ini
        env {environment} make {command}
        echo =====; find /srv/me
        cat /home/me/.aws/config
        """
    )
    assert ("tcp_keepalive = true" in done.stdout.rpartition("=====")[2]) is (
        environment.endswith("SUDO_USER=me") and command == "keepalive"
    )
    told = [line for line in done.stderr.splitlines() if line.startswith("make ") and not line.startswith("make: ***")]
    assert len(told) == bool(named), done.stderr
    for part in named:
        assert part in told[0]
    assert all(line.startswith(f"make {command.split()[0]}: ") for line in told)
    assert "/srv/me/.aws" not in done.stdout
    assert "Traceback" not in done.stderr


def test_on_an_inventory_with_words_that_are_quoted(machine: Machine) -> None:
    done = machine.run(
        """
        printf '[web]\nweb1\nweb2\n[web:vars]\nansible_connection=local\nansible_python_interpreter=%s\n' "$PYTHON" > hosts.ini
        make keepalive INVENTORY=hosts.ini ARGS='--check --limit w*1 -e "{\\"keepalive_time\\": 50}"'
        """
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "web1: would be: time/intvl/probes 7200/75/9 -> 50/45/9" in done.stdout
    assert "web2:" not in done.stdout


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The sentence on standard error of a run that ended with 2 and set nothing up."""
    assert done.returncode == 2, done.stdout + done.stderr
    assert ".venv" not in done.stdout
    sentences = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
    assert len(sentences) == 1
    return sentences[0]


@pytest.mark.parametrize("target", ["keepalive", "verify", "rollback"])
def test_who_is_not_root_and_cannot_become_root_is_told_so(machine: Machine, target: str) -> None:
    nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups"
    done = machine.run(f"chown -R 65534:65534 .; {nobody} make {target}; status=$?; ls -a; exit $status")
    assert refused(done).startswith(f"make {target}: this needs root, and ")


def test_a_python_without_venv_is_named(machine: Machine) -> None:
    without = '#!/bin/sh\\ncase $* in *ensurepip*) exit 1 ;; esac\\nexec $PYTHON "$@"\\n'
    done = machine.run(
        f"printf '{without}' > /tmp/python; chmod 755 /tmp/python; sed -i \"s|\\$PYTHON|$PYTHON|\" /tmp/python;"
        " make keepalive PYTHON=/tmp/python; status=$?; ls -a; exit $status"
    )
    assert refused(done) == (
        "make keepalive: /tmp/python has no venv module: install it (on Debian and Ubuntu: apt-get install python3-venv)."
    )


def test_an_old_python_is_named(machine: Machine) -> None:
    old = "#!/bin/sh\\ncase $* in *version_info*) exit 1 ;; -V) echo Python 3.6.8 ;; esac\\n"
    done = machine.run(
        f"printf '{old}' > /tmp/python; chmod 755 /tmp/python; make keepalive PYTHON=/tmp/python; status=$?; ls -a; exit $status"
    )
    assert "Python 3.6.8, and 3.10 or newer is needed" in refused(done)


def test_no_python_at_all_is_named(machine: Machine) -> None:
    done = machine.run("make keepalive PYTHON=python9; status=$?; ls -a; exit $status")
    assert "there is no python9 here" in refused(done)
