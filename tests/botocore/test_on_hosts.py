# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""On whole hosts, as root by sudo, in the homes of users who mean well or not.

Ansible must fit the host's Python: 2.16 manages Python 2.7, 2.17 is the last for 3.7. Hosts that
the installed Ansible cannot manage are skipped, so run this with 2.16 and with a current one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.hosts import Host, Testbed, unavailable

ANSIBLE = tuple(int(part) for part in version("ansible-core").split(".")[:2])
MANAGED = {"al2_like": ANSIBLE <= (2, 16), "al2_like_py37": ANSIBLE <= (2, 17), "debian12": True, "debian13": ANSIBLE >= (2, 18)}
KINDS = [kind for kind, fits in MANAGED.items() if fits]
USERS = ["alice", "bob", "carol"]
ADDED = "# Added by longlived.tcp\n[default]\ntcp_keepalive = true\n"

Run = Callable[..., dict[str, Any]]


def name_of(kind: str) -> str:
    return f"aws-{kind.replace('_', '-')}"


@pytest.fixture(scope="module")
def testbed() -> Iterator[Testbed]:
    reasons = [reason for kind in KINDS if (reason := unavailable(kind))]
    if reasons:
        pytest.skip(reasons[0])
    with Testbed.up([f"{kind}:{name_of(kind)}" for kind in KINDS]) as testbed:
        yield testbed


@pytest.fixture(params=KINDS)
def host(request: pytest.FixtureRequest, testbed: Testbed) -> Host:
    host = testbed[name_of(request.param)]
    sh(host, "for home in /home/*; do rm -rf $home/.aws $home/dotfiles; done; rm -f /etc/roots.conf")
    return host


def sh(host: Host, script: str) -> str:
    return host.enter(["sh", "-ec", script]).stdout


def as_user(host: Host, user: str, script: str) -> str:
    return host.enter(["su", user, "-c", script]).stdout


def ansible(program: str, collections: Path, testbed: Testbed, arguments: list[str]) -> str:
    environment = {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")},
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_NOCOLOR": "true",
    }
    command = [str(Path(sys.executable).with_name(program)), "-i", str(testbed.inventory), "--become", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, check=False)
    return done.stdout + done.stderr


@pytest.fixture
def run(host: Host, collections: Path) -> Run:
    def run_module(*options: str, **parameters: Any) -> dict[str, Any]:
        given = ["-a", json.dumps(parameters)] if parameters else []
        arguments = [host.name, "-m", "longlived.tcp.aws_config_file", *given, *options]
        output = ansible("ansible", collections, host.testbed, arguments)
        assert "=> " in output, output
        result: dict[str, Any] = json.JSONDecoder().raw_decode(output[output.rindex("=> {") + 3 :])[0]
        result["output"] = output
        assert "Traceback" not in output and "HUSH" not in output
        return result

    return run_module


def test_three_users_at_once(host: Host, run: Run) -> None:
    told = run("--check", users=USERS)
    assert told["changed"] and sh(host, "ls -A /home/*/.aws 2>/dev/null || true") == ""
    result = run("--diff", "-vvv", users=USERS)
    assert [row["user"] for row in result["files"]] == USERS and all(row["changed"] for row in result["files"])
    for user in USERS:
        home = f"/home/{user}/.aws"
        assert sh(host, f"stat -c '%a %U %G' {home} {home}/config") == f"700 {user} {user}\n600 {user} {user}\n"
        assert sh(host, f"cat {home}/config") == ADDED
    assert not run(users=USERS)["changed"]
    assert run(users=USERS, state="absent")["changed"]
    assert sh(host, "ls -A /home/*/.aws").split() == ["/home/alice/.aws:", "/home/bob/.aws:", "/home/carol/.aws:"]


def test_login_is_the_one_who_came(host: Host, run: Run) -> None:
    assert run()["files"][0]["path"] == f"/home/{host.login}/.aws/config"
    assert sh(host, f"stat -c %U /home/{host.login}/.aws/config") == f"{host.login}\n"


def test_secrets_stay_where_they_are(host: Host, run: Run) -> None:
    text = "[default]\naws_secret_access_key = HUSH1\naws_session_token = HUSH2\ncredential_process = echo HUSH3\n"
    as_user(host, "alice", f"umask 027; mkdir ~/.aws; printf '{text}' > ~/.aws/config")
    result = run("--diff", "-vvv", users=["alice"], backup=True)
    assert sh(host, "cat /home/alice/.aws/config") == text + "tcp_keepalive = true\n"
    assert sh(host, f"cat '{result['backup_file']}'") == text
    assert sh(host, f"stat -c '%a %U' /home/alice/.aws/config '{result['backup_file']}'") == "640 alice\n640 alice\n"
    as_user(host, "alice", "echo HUSH4 >> ~/.aws/config")
    assert "credentials" in run("-vvv", users=["alice"], settings={"aws_session_token": "HUSH5"})["msg"]
    assert "HUSH" not in sh(host, "journalctl --no-pager --quiet --identifier=ansible-longlived.tcp.aws_config_file")
    assert "line 6" in run("--diff", "-vvv", users=["alice"], settings={"region": "x"})["msg"]


def test_dotfiles_stay_linked(host: Host, run: Run) -> None:
    as_user(host, "alice", "mkdir ~/.aws ~/dotfiles; echo '[default]' > ~/dotfiles/aws; ln -s ../dotfiles/aws ~/.aws/config")
    assert run(users=["alice"])["changed"]
    assert (
        sh(host, "readlink /home/alice/.aws/config; cat /home/alice/dotfiles/aws") == "../dotfiles/aws\n[default]\ntcp_keepalive = true\n"
    )


@pytest.mark.parametrize("mode", ["600", "644", "666"])
@pytest.mark.parametrize("plant", ["ln -s /etc/roots.conf ~/.aws/config", "rmdir ~/.aws; ln -s /etc/roots.d ~/.aws"])
def test_a_link_toward_a_file_of_roots_is_refused(host: Host, run: Run, mode: str, plant: str) -> None:
    sh(
        host,
        f"echo '[default]' > /etc/roots.conf; chmod {mode} /etc/roots.conf; "
        "mkdir -p /etc/roots.d; cp -p /etc/roots.conf /etc/roots.d/config",
    )
    as_user(host, "alice", f"mkdir ~/.aws; {plant}")
    before = sh(host, "stat -c '%i %a %U %y' /etc/roots.conf /etc/roots.d/config; ls -A /etc /etc/roots.d")
    for arguments in ({"users": ["alice"]}, {"path": "/home/alice/.aws/config"}):
        result = run(**arguments)
        assert result["failed"] if "failed" in result else "FAILED" in result["output"]
        assert "roots" in result["msg"] or ".aws/config" in result["msg"]
    assert sh(host, "stat -c '%i %a %U %y' /etc/roots.conf /etc/roots.d/config; ls -A /etc /etc/roots.d") == before


def test_a_link_of_roots_through_a_home_is_followed_with_the_users_rights(host: Host, run: Run) -> None:
    sh(host, "echo '[default]' > /etc/roots.conf; mkdir -p /etc/batch; ln -sfn /home/alice/config /etc/batch/config")
    as_user(host, "alice", "ln -sfn /etc/roots.conf ~/config")
    assert "roots.conf belongs to user id 0" in run(path="/etc/batch/config")["msg"]
    assert sh(host, "cat /etc/roots.conf; rm -r /etc/batch /home/alice/config") == "[default]\n"


def test_a_file_without_end_is_not_read(host: Host, run: Run) -> None:
    as_user(host, "alice", "mkdir ~/.aws; sleep 60 > /dev/null 2>&1 & ln -s /proc/$!/pagemap ~/.aws/config")
    assert "no configuration file" in run(users=["alice"])["msg"]


def test_a_full_disk_leaves_everything_as_it_was(host: Host, run: Run) -> None:
    sh(host, "mount -t tmpfs -o size=64k,mode=777 none /home/carol")
    try:
        text = "[default]\\n" + "# filler\\n" * 3000
        as_user(host, "carol", f"mkdir ~/.aws; printf '{text}' > ~/.aws/config; cat /dev/zero > ~/fill || true; truncate -s -4k ~/fill")
        before = sh(host, "ls -A /home/carol/.aws; cat /home/carol/.aws/config")
        for backup in (False, True):
            assert "No space left" in run(users=["carol"], backup=backup)["msg"]
            assert sh(host, "ls -A /home/carol/.aws; cat /home/carol/.aws/config") == before
    finally:
        sh(host, "umount /home/carol")


# Alice swaps her file, and the directory it is in, for links to root's as fast as she can, for 40 s at most.
PLANTER = """
import os, time
os.chdir("/home/alice")
end = time.time() + 40
turn = 0
while time.time() < end and not os.path.exists("/tmp/enough"):
    turn += 1
    for act in (
        lambda: os.symlink("/etc/roots.conf", "planted"), lambda: os.rename("planted", ".aws/config"),
        lambda: open("real", "w").write("[default]\\n"), lambda: os.rename("real", ".aws/config"),
        lambda: os.rename(".aws", "aside"), lambda: os.symlink("/etc/roots.d", ".aws"),
        lambda: os.unlink(".aws"), lambda: os.rename("aside", ".aws"),
    ):
        try:
            act()
        except EnvironmentError:
            pass
open("/tmp/turns", "w").write(str(turn))
"""


def test_links_planted_while_it_runs(host: Host, collections: Path, tmp_path: Path) -> None:
    sh(
        host,
        "rm -f /tmp/enough /tmp/turns; mkdir -p /etc/roots.d; for f in /etc/roots.conf /etc/roots.d/config; do echo '[default]' > $f; done",
    )
    as_user(host, "alice", "mkdir ~/.aws; echo '[default]' > ~/.aws/config")
    sh(host, "for d in /root /etc/roots.d; do chmod 755 $d; done")
    before = sh(
        host, "stat -c '%i %a %U %y' /etc/roots.conf /etc/roots.d /etc/roots.d/config; cat /etc/roots.conf /etc/roots.d/config; ls -A /etc"
    )
    host.enter(["sh", "-c", "cat > /tmp/planter.py"], input=PLANTER)
    planter = subprocess.Popen(host.ssh_command(f"sudo -n -u alice {host.python} /tmp/planter.py"), stdin=subprocess.DEVNULL)
    task = {
        "longlived.tcp.aws_config_file": {"users": ["alice"], "state": "{{ ['present', 'absent'][item % 2] }}"},
        "loop": "{{ range(20) | list }}",
        "register": "tried",
        "failed_when": False,
    }
    found = tmp_path / "results.json"
    kept = {
        "ansible.builtin.copy": {"content": "{{ tried.results | to_json }}", "dest": str(found)},
        "delegate_to": "localhost",
        "become": False,
    }
    play = tmp_path / "play.yml"
    play.write_text(yaml.safe_dump([{"hosts": host.name, "gather_facts": False, "tasks": [task, kept]}]))
    try:
        output = ansible("ansible-playbook", collections, host.testbed, [str(play)])
    finally:
        sh(host, "touch /tmp/enough")
        planter.wait(60)
    assert found.exists(), output
    rows = json.loads(found.read_text())
    assert len(rows) == 20 and "Traceback" not in found.read_text() + output
    assert all("module_stderr" not in row and ("files" in row or row["msg"]) for row in rows)
    assert int(sh(host, "cat /tmp/turns")) > 100
    assert (
        sh(
            host,
            "stat -c '%i %a %U %y' /etc/roots.conf /etc/roots.d /etc/roots.d/config; cat /etc/roots.conf /etc/roots.d/config; ls -A /etc",
        )
        == before
    )
