# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts do what the tests that use them rely on, and nothing of them outlives a testbed."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hosts import (
    KINDS,
    Host,
    HostSpec,
    SpecError,
    Testbed,
    TestbedError,
    base_tree,
    machine,
    unavailable,
)
from tests.hosts.kinds import Tree, parse_specs

REPOSITORY = Path(__file__).parents[2]
TIME = "/proc/sys/net/ipv4/tcp_keepalive_time"
RUNNABLE = [kind for kind in KINDS if unavailable(kind) is None]
PYTHON = {
    "al2_like": "2.7.18",
    "al2_like_py37": "3.7.",
    "debian12": "3.11.",
    "debian13": "3.13.",
}

needs_hosts = pytest.mark.skipif(unavailable("debian12") is not None, reason=str(unavailable("debian12")))


def unique() -> str:
    return f"test-{secrets.token_hex(4)}"


def named(kind: str) -> str:
    """Not the kind's own name, which is a group's in the inventory."""
    return f"one-{kind.replace('_', '-')}"


def eventually(condition: Callable[[], bool], within: float = 10) -> bool:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture(scope="module")
def testbed() -> Iterator[Testbed]:
    """One host of every kind, and a second debian12."""
    bound = REPOSITORY / "tests" / "hosts"
    specs = [HostSpec(kind, named(kind)) for kind in RUNNABLE]
    specs.append(HostSpec("debian12", "other", binds=((bound, Path("/opt/a/bound")),)))
    with Testbed.up(specs, name=unique()) as testbed:
        yield testbed


@pytest.fixture(params=RUNNABLE)
def host(request: pytest.FixtureRequest, testbed: Testbed) -> Host:
    return testbed[named(str(request.param))]


@needs_hosts
class TestHost:
    def test_systemd_is_content(self, host: Host) -> None:
        state = host.run("systemctl is-system-running", check=False).stdout.strip()
        assert (state, host.run("systemctl --failed --no-legend").stdout) == (
            "running",
            "",
        )

    def test_has_its_python_and_no_other(self, host: Host) -> None:
        version = "import sys; sys.stdout.write(sys.version.split()[0])"
        assert host.run(f"{host.python} -c '{version}'").stdout.startswith(PYTHON[host.kind.name])
        found = host.run(
            "find / -xdev '(' -type f -o -type l ')' -name 'python*' -path '*bin/*'",
            sudo=True,
        ).stdout.split()
        versions = {name.rpartition("python")[2] for name in found}
        major, minor = PYTHON[host.kind.name].split(".")[:2]
        assert f"{major}.{minor}" in versions
        assert versions <= {"", major, f"{major}.{minor}"}

    def test_os_release(self, host: Host) -> None:
        expected = {
            "al2_like": "amzn 2",
            "al2_like_py37": "amzn 2",
            "debian12": "debian 12",
            "debian13": "debian 13",
        }
        said = host.run(". /etc/os-release; echo $ID $VERSION_ID").stdout.strip()
        assert said == expected[host.kind.name]

    def test_sysctl_files(self, host: Host) -> None:
        link = host.run("readlink /etc/sysctl.d/99-sysctl.conf", check=False).stdout.strip()
        settings = host.run("grep -v '^#' /etc/sysctl.conf", check=False)
        if host.kind.name == "debian13":
            assert (link, settings.returncode) == ("", 2)
        else:
            assert (link, settings.stdout.strip()) == ("../sysctl.conf", "")
        if host.kind.name.startswith("al2_like"):
            assert "kernel.printk = " in host.run("cat /etc/sysctl.d/00-defaults.conf").stdout

    def test_login_and_sudo(self, host: Host) -> None:
        login = "ec2-user" if host.kind.name.startswith("al2_like") else "admin"
        assert host.run("whoami").stdout.strip() == login
        assert host.run('echo "$SUDO_USER $(id -u)"', sudo=True).stdout.split() == [
            login,
            "0",
        ]
        assert host.run("echo $SSH_CONNECTION").stdout.split()[2:] == [
            host.address,
            "22",
        ]
        assert host.run("ls /home").stdout.split() == sorted([login, "alice", "bob", "carol"])

    def test_root_has_no_ssh_login(self, host: Host) -> None:
        authorized = host.root / f"home/{host.login}/.ssh/authorized_keys"
        host.enter(["mkdir", "-p", "-m", "0700", "/root/.ssh"])
        host.enter(["tee", "/root/.ssh/authorized_keys"], input=authorized.read_text())
        as_root = [*host.ssh_command()[:-1], "-l", "root", host.name, "true"]
        refused = subprocess.run(as_root, check=False, capture_output=True, text=True, timeout=30)
        assert refused.returncode == 255
        assert "Permission denied" in refused.stderr

    def test_host_key_is_checked_and_its_own(self, host: Host, testbed: Testbed) -> None:
        keys = [h.enter(["cat", "/etc/ssh/ssh_host_ed25519_key.pub"]).stdout for h in testbed.values()]
        ids = [h.enter(["cat", "/etc/machine-id"]).stdout for h in testbed.values()]
        assert len(set(keys)) == len(set(ids)) == len(testbed)
        stranger = testbed["other"] if host.name != "other" else testbed["one-debian12"]
        swapped = host.ssh_command("true")
        swapped[1:1] = ["-o", f"HostKeyAlias={stranger.name}.{testbed.name}"]
        refused = subprocess.run(swapped, check=False, capture_output=True, text=True, timeout=30)
        assert "Host key verification failed" in refused.stderr

    def test_knows_its_neighbours(self, host: Host, testbed: Testbed) -> None:
        for family in ("-4", "-6"):
            asked = f"exec 3<>/dev/tcp/{testbed['other'].address}/22; head -c 8 <&3"
            if family == "-6":
                asked = f"exec 3<>/dev/tcp/{testbed['other'].address6}/22; head -c 8 <&3"
            assert host.run(f"bash -c '{asked}'").stdout == "SSH-2.0-"
        assert testbed["other"].address in host.run("getent ahostsv4 other").stdout

    def test_chattr_and_acl(self, host: Host) -> None:
        host.run("touch /root/f; setfacl -m u:alice:r /root/f; chattr +i /root/f", sudo=True)
        assert host.run("rm -f /root/f", sudo=True, check=False).returncode == 1
        assert "user:alice:r--" in host.run("getfacl -c /root/f", sudo=True).stdout
        host.run("chattr -i /root/f; rm /root/f", sudo=True)

    def test_sysctl_stays_inside(self, host: Host, testbed: Testbed) -> None:
        ours = Path(TIME).read_text()
        theirs = [h.enter(["cat", TIME]).stdout for h in testbed.values() if h is not host]
        host.run(f"echo 1234 > {TIME}", sudo=True)
        assert host.run(f"cat {TIME}").stdout == "1234\n"
        assert Path(TIME).read_text() == ours
        assert [h.enter(["cat", TIME]).stdout for h in testbed.values() if h is not host] == theirs
        host.run(f"echo 7200 > {TIME}", sudo=True)

    def test_enter_is_root_inside(self, host: Host) -> None:
        assert host.enter(["hostname"]).stdout.strip() == host.name
        assert host.enter(["id", "-u"]).stdout.strip() == "0"
        assert (host.root / "etc/hostname").read_text().strip() == host.name

    def test_reboot(self, host: Host) -> None:
        """A real boot: new boot id, systemd-sysctl runs, the disk is kept, the runtime is not."""
        before = host.run("cat /proc/sys/kernel/random/boot_id").stdout
        host.run("echo net.ipv4.tcp_keepalive_time = 77 > /etc/sysctl.d/99-t.conf", sudo=True)
        host.run("echo 33 > /proc/sys/net/ipv4/tcp_keepalive_intvl", sudo=True)
        assert host.run(f"cat {TIME}").stdout == "7200\n"
        host.reboot()
        assert host.run("cat /proc/sys/kernel/random/boot_id").stdout != before
        assert host.run(f"cat {TIME}").stdout == "77\n"
        assert host.run("cat /proc/sys/net/ipv4/tcp_keepalive_intvl").stdout == "75\n"
        host.run("rm /etc/sysctl.d/99-t.conf", sudo=True)
        host.reboot()
        assert host.run(f"cat {TIME}").stdout == "7200\n"


@needs_hosts
class TestOneHost:
    def test_pidfd_getfd_is_permitted(self, testbed: Testbed) -> None:
        script = """
import ctypes, os, socket
libc = ctypes.CDLL(None, use_errno=True)
ours = socket.socket()
child = os.fork()
if child == 0:
    os.execvp("sleep", ["sleep", "60"])
pidfd = os.pidfd_open(child)
print(libc.syscall(438, pidfd, 0, 0) >= 0, os.strerror(ctypes.get_errno()))
os.kill(child, 9)
"""
        done = testbed["one-debian12"].run("python3 -", sudo=True, input=script)
        assert done.stdout.startswith("True"), done.stdout

    def test_bind_is_read_only(self, testbed: Testbed) -> None:
        other = testbed["other"]
        assert other.run("cat /opt/a/bound/README.md").stdout.startswith("# ")
        assert other.run("touch /opt/a/bound/new", sudo=True, check=False).returncode != 0

    def test_power_off_leaves_it_down_until_power_on(self, testbed: Testbed) -> None:
        other = testbed["other"]
        other.power_off()
        assert other.status["state"] == "down"
        with pytest.raises(TestbedError, match="cannot reach"):
            other.run("true")
        with pytest.raises(TestbedError, match="not running"):
            other.enter(["true"])
        other.power_on()
        assert other.run("echo up").stdout == "up\n"

    def test_sudo_to_another_user(self, testbed: Testbed) -> None:
        assert testbed["one-debian12"].run("sudo -n -u alice id -un").stdout == "alice\n"


@pytest.fixture(scope="module")
def ansible() -> str:
    beside = Path(sys.executable).with_name("ansible")
    found = str(beside) if beside.exists() else shutil.which("ansible")
    if found is None:
        pytest.skip("ansible is not installed")
    return found


@needs_hosts
class TestAnsible:
    def _run(self, testbed: Testbed, ansible: str, *words: str) -> subprocess.CompletedProcess[str]:
        hosts = "all"
        if "core 2.16." not in subprocess.check_output([ansible, "--version"], text=True):
            hosts = "all:!al2_like:!al2_like_py37"
        # Nobody's own settings; host keys are checked, as Ansible does by default.
        configuration = testbed.state / "ansible.cfg"
        configuration.write_text("")
        return subprocess.run(
            [ansible, "-i", str(testbed.inventory), hosts, *words],
            check=False,
            capture_output=True,
            text=True,
            timeout=110,
            env={**os.environ, "ANSIBLE_CONFIG": str(configuration)},
        )

    def test_ping(self, testbed: Testbed, ansible: str) -> None:
        done = self._run(testbed, ansible, "-m", "ping")
        assert (done.returncode, done.stderr) == (0, ""), done.stdout

    def test_reboot(self, testbed: Testbed, ansible: str) -> None:
        before = {host.name: host.boot_id() for host in testbed.values()}
        done = self._run(testbed, ansible, "-b", "-m", "reboot", "-a", "reboot_timeout=60")
        assert done.returncode == 0, done.stdout + done.stderr
        rebooted = [host for host in testbed.values() if f"{host.name} | CHANGED" in done.stdout]
        assert rebooted
        assert all(host.boot_id() != before[host.name] for host in rebooted)
        # Ansible goes on once the host answers; the boot may still be finishing.
        testbed.wait(rebooted, 60, boots=2)


def traces(testbed: Testbed, namespaces: frozenset[str]) -> list[str]:
    """What is left of a testbed on this machine, its state directory and empty cgroups aside."""
    left = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(testbed.state) in command:
                left.append(f"process {process.name}: {command}")
            for kind in ("mnt", "net", "pid"):
                if os.readlink(process / "ns" / kind) in namespaces:
                    left.append(f"{kind} namespace of {process.name}: {command}")
            if str(testbed.state) in (process / "mountinfo").read_text():
                left.append(f"mount in the namespace of {process.name}: {command}")
        except OSError:
            continue
    return left


def interfaces() -> set[str]:
    return {path.name for path in Path("/sys/class/net").iterdir()}


def namespaces_of(testbed: Testbed) -> frozenset[str]:
    """Those of the supervisor and of every host, by their numbers."""
    pids = [testbed.supervisor_pid, *(host.pid for host in testbed.values())]
    links = {os.readlink(f"/proc/{pid}/ns/{kind}") for pid in pids for kind in ("mnt", "net", "pid")}
    ours = {os.readlink(f"/proc/self/ns/{kind}") for kind in ("mnt", "net", "pid")}
    assert len(links) == 3 * len(pids)
    assert not links & ours
    return frozenset(links)


def cli(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.hosts", *words],
        check=False,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        timeout=120,
    )


@pytest.fixture
def name() -> Iterator[str]:
    name = unique()
    yield name
    Testbed(name).down()


@needs_hosts
class TestNothingOutlives:
    def _gone(self, testbed: Testbed, namespaces: frozenset[str], machine: set[str]) -> None:
        assert eventually(lambda: not traces(testbed, namespaces)), traces(testbed, namespaces)
        assert interfaces() <= machine
        assert eventually(lambda: not testbed.is_up())
        assert cli("down", "--testbed", testbed.name).returncode == 0
        assert not testbed.state.exists()
        assert not testbed.cgroup.exists()
        assert testbed.name not in cli("list").stdout

    def test_the_rack_s_own_end(self, name: str) -> None:
        machine = interfaces()
        with Testbed.up(["debian12*2"], name=name) as testbed:
            namespaces = namespaces_of(testbed)
            assert len(traces(testbed, namespaces)) > 20
            master = [
                "-o",
                "ControlMaster=yes",
                "-o",
                f"ControlPath={testbed.state}/cp/master",
            ]
            kept = [*testbed["debian12-1"].ssh_command("sleep 60")]
            kept[1:1] = [*master, "-f"]
            subprocess.run(kept, check=True, stdin=subprocess.DEVNULL, timeout=30)
            # So that the master does not hear of its host's end.
            testbed["debian12-1"].enter(["ip", "link", "set", "host0", "down"])
            assert interfaces() == machine
        assert not testbed.state.exists()
        self._gone(testbed, namespaces, machine)
        testbed.down()

    def test_killed_supervisor(self, name: str) -> None:
        machine = interfaces()
        testbed = Testbed.up(["debian12", "al2_like"], name=name)
        namespaces = namespaces_of(testbed)
        os.kill(testbed.supervisor_pid, signal.SIGKILL)
        self._gone(testbed, namespaces, machine)

    def test_a_crashed_rack_s_name_can_be_used_again(self, name: str) -> None:
        testbed = Testbed.up(["debian12"], name=name)
        with pytest.raises(TestbedError, match="up already"):
            Testbed.up(["debian12"], name=name)
        assert testbed["debian12-1"].run("echo still here").stdout == "still here\n"
        os.kill(testbed.supervisor_pid, signal.SIGKILL)
        assert eventually(lambda: not testbed.is_up())
        with Testbed.up(["debian12:second"], name=name) as again:
            assert list(again) == ["second"]

    def test_killed_owner(self, name: str) -> None:
        machine = interfaces()
        with subprocess.Popen(["sleep", "600"]) as owner:
            up = cli("up", "--testbed", name, "--owner", str(owner.pid), "debian12")
            assert up.returncode == 0, up.stderr
            assert up.stdout == f"{Testbed(name).inventory}\n"
            testbed = Testbed(name)
            namespaces = namespaces_of(testbed)
            owner.kill()
        self._gone(testbed, namespaces, machine)

    def test_killed_in_the_middle_of_up(self, name: str) -> None:
        machine = interfaces()
        testbed = Testbed(name)
        command = [
            sys.executable,
            "-m",
            "tests.hosts",
            "up",
            "--testbed",
            name,
            "debian12*3",
        ]
        with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL) as up:
            assert eventually((testbed.cgroup / "host-debian12-1").exists)
            namespaces = frozenset({os.readlink(f"/proc/{testbed.supervisor_pid}/ns/mnt")})
            assert up.poll() is None
            up.kill()
        self._gone(testbed, namespaces, machine)

    def test_without_an_owner_it_outlives_the_command(self, name: str) -> None:
        assert cli("up", "--testbed", name, "debian12").returncode == 0
        said = cli("ssh", "--testbed", name, "debian12-1", "hostname")
        assert said.stdout == "debian12-1\n"
        assert cli("inventory", "--testbed", name).stdout == f"{Testbed(name).inventory}\n"
        assert f"{name}: debian12-1 (debian12)" in cli("list").stdout

    def test_two_racks_side_by_side(self, name: str) -> None:
        with Testbed.up(["debian12"], name=name) as one, Testbed.up(["debian12"]) as two:
            a, b = one["debian12-1"], two["debian12-1"]
            assert a.address == b.address
            a.run(f"echo 111 > {TIME}; touch /root/mark", sudo=True)
            assert b.run(f"cat {TIME}").stdout == "7200\n"
            assert b.run("test -e /root/mark", sudo=True, check=False).returncode == 1
            two.down()
            assert a.run(f"cat {TIME}").stdout == "111\n"


class TestBaseTree:
    TREE = Tree("suite", ("package",), (), "true")

    @pytest.fixture(autouse=True)
    def cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def test_a_half_built_tree_is_never_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def crash(tree: Tree, root: Path, log: Path) -> None:
            (root / "half").mkdir(parents=True)
            raise KeyboardInterrupt

        monkeypatch.setattr(base_tree, "_build", crash)
        with pytest.raises(KeyboardInterrupt):
            base_tree.ensure(self.TREE)
        assert not base_tree.path_of(self.TREE).exists()
        monkeypatch.setattr(base_tree, "_build", lambda tree, root, log: root.mkdir())
        assert list(base_tree.ensure(self.TREE).iterdir()) == []

    def test_two_at_once_build_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        built = []

        def slow(tree: Tree, root: Path, log: Path) -> None:
            built.append(root)
            time.sleep(0.3)
            root.mkdir()

        monkeypatch.setattr(base_tree, "_build", slow)
        threads = [threading.Thread(target=base_tree.ensure, args=[self.TREE]) for _thread in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(built) == 1

    def test_another_recipe_is_another_tree(self) -> None:
        other = Tree("suite", ("package",), (), "false")
        assert base_tree.path_of(self.TREE) != base_tree.path_of(other)


class TestWhatIsAskedFor:
    def test_names_and_numbers(self) -> None:
        specs = parse_specs(["debian12", "al2_like:old", "debian12*2", "debian13:web*2"])
        names = ["debian12-1", "old", "debian12-2", "debian12-3", "web-1", "web-2"]
        assert [spec.name for spec in specs] == names

    @pytest.mark.parametrize("text", ["debian11", "debian12:a b", "debian12:A", "", "debian12*x"])
    def test_refused(self, text: str) -> None:
        with pytest.raises(SpecError):
            Testbed.up([text])

    def test_twice_the_same_name(self) -> None:
        with pytest.raises(SpecError, match="two hosts are named a"):
            Testbed.up(["debian12:a", "debian13:a"])

    def test_a_rack_s_name_cannot_leave_its_directory(self) -> None:
        with pytest.raises(SpecError):
            Testbed("../x")

    def test_without_python37_the_kind_says_why(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
        if unavailable("debian12") is None:
            assert "3.7" in str(unavailable("al2_like_py37"))

    @needs_hosts
    def test_inventory_is_what_ansible_reads(self, testbed: Testbed) -> None:
        command = shutil.which("ansible-inventory", path=str(Path(sys.executable).parent))
        if command is None:
            pytest.skip("ansible is not installed")
        listed = subprocess.check_output([command, "-i", testbed.inventory, "--list"], text=True)
        variables = json.loads(listed)["_meta"]["hostvars"]["other"]
        assert variables["ansible_python_interpreter"] == "/usr/bin/python3"
        assert variables["ansible_user"] == "admin"


def test_the_machines_own_setting_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit, kept = tmp_path / "max_user_instances", tmp_path / "before"
    monkeypatch.setattr(machine, "INOTIFY", limit)
    limit.write_text("128\n")
    machine.make_room(12, kept)
    assert (limit.read_text(), kept.exists()) == ("128\n", False)
    machine.make_room(20, kept)
    machine.make_room(64, kept)
    assert limit.read_text() == "544"
    machine.give_back(kept)
    assert (limit.read_text(), kept.exists()) == ("128", False)
