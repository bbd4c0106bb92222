# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bounded search: what sets the values later is found in every known place, and nothing else is."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import search, systemd

SET = "sysctl -w net.ipv4.tcp_keepalive_time=7200\n"
UNIT = "[Service]\nType=oneshot\nExecStart=/sbin/%s" % SET


@pytest.fixture
def root(monkeypatch, tmpdir):
    def below(path):
        return str(tmpdir) + path

    monkeypatch.setattr(search, "PLACES", tuple(place._replace(path=below(place.path)) for place in search.PLACES))
    for name in ("INIT_SCRIPTS", "SAPTUNE"):
        monkeypatch.setattr(search, name, below(getattr(search, name)))
    for name in ("STARTED_INIT_SCRIPTS", "CLOUD_CONFIGS", "SAPTUNE_NOTES"):
        monkeypatch.setattr(search, name, tuple(below(path) for path in getattr(search, name)))
    units = tuple(below(path) for path in systemd.UNIT_DIRECTORIES)
    monkeypatch.setattr(search, "UNIT_DIRECTORIES", units)
    monkeypatch.setattr(systemd, "UNIT_DIRECTORIES", units)
    return tmpdir


def write(root, path, text, executable=False):
    file = root.join(path)
    file.write(text, ensure=True)
    file.chmod(0o755 if executable else 0o644)
    return file


def found(root):
    rows, stopped = search.found()
    assert stopped is None
    return [(row["by"], row["file"][len(str(root)) :], row["line"], row["value"]) for row in rows]


def test_nothing(root):
    assert found(root) == []


@pytest.mark.parametrize(
    ("path", "by", "executable"),
    [
        ("/etc/rc.local", "rc.local", True),
        ("/etc/rc.d/rc.local", "rc.local", True),
        ("/etc/crontab", "cron", False),
        ("/etc/cron.d/tune", "cron", False),
        ("/var/spool/cron/crontabs/root", "cron", False),
        ("/etc/cron.hourly/tune", "cron", True),
        ("/etc/network/if-up.d/tune", "ifupdown", True),
        ("/etc/network/interfaces", "ifupdown", False),
        ("/etc/NetworkManager/dispatcher.d/pre-up.d/tune", "NetworkManager", True),
        ("/etc/networkd-dispatcher/routable.d/tune", "networkd-dispatcher", True),
        ("/etc/udev/rules.d/9.rules", "udev", False),
        ("/etc/modprobe.d/9.conf", "modprobe", False),
        ("/var/lib/cloud/scripts/per-boot/tune", "cloud-init", True),
    ],
)
def test_a_place(root, path, by, executable):
    write(root, path, "# %s\n@reboot root /sbin/%s" % (SET.strip(), SET), executable)
    assert found(root) == [(by, path, 2, 7200)]


@pytest.mark.parametrize("path", ["/etc/rc.local", "/etc/cron.hourly/tune", "/var/lib/cloud/scripts/per-boot/tune"])
def test_a_script_that_cannot_be_executed(root, path):
    write(root, path, SET)
    assert found(root) == []


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("sysctl -w net.ipv4.tcp_keepalive_time=60", [60]),
        ("sysctl -w 'net/ipv4/tcp_keepalive_time = 60'", [60]),
        ('sysctl net.ipv4.tcp_keepalive_time="60" net.ipv4.tcp_keepalive_probes=3', [60, 3]),
        ("echo 60 > /proc/sys/net/ipv4/tcp_keepalive_time", [60]),
        ("echo -n '60' | tee /proc/sys/net/ipv4/tcp_keepalive_time", [60]),
        ("w /proc/sys/net/ipv4/tcp_keepalive_time - - - - 60", [60]),
        ("sysctl -w net.ipv4.tcp_keepalive_time=$TIME", [None]),
        ("open('/proc/sys/net/ipv4/tcp_keepalive_time', 'w').write(str(n))", [None]),
        ("cat /proc/sys/net/ipv4/tcp_keepalive_time", []),
        ("sysctl -n net.ipv4.tcp_keepalive_time", []),
        ("sysctl net.ipv4.tcp_keepalive_time", []),
        ("# sysctl -w net.ipv4.tcp_keepalive_time=60", []),
        ("sysctl -w net.ipv4.tcp_keepalive_timeout=60", []),
    ],
)
def test_the_value_of_a_line(root, line, values):
    write(root, "/etc/rc.local", line + "\n", executable=True)
    assert [value for _by, _path, _line, value in found(root)] == values


def test_a_file_that_sysctl_loads(root):
    conf = write(root, "/opt/tune.conf", "# x\n#net.ipv4.tcp_keepalive_time = 1\nnet.ipv4.tcp_keepalive_time = 60\n")
    write(root, "/etc/rc.local", "/sbin/sysctl -e -p %s\n" % conf, executable=True)
    assert found(root) == [("rc.local, sysctl -p", "/opt/tune.conf", 3, 60)]


def test_a_script_that_a_line_names(root):
    script = write(root, "/opt/tune", "#!/bin/sh\n%s" % SET, executable=True)
    write(root, "/etc/cron.d/tune", "@reboot root %s >/dev/null\n" % script)
    assert found(root) == [("cron", "/opt/tune", 2, 7200)]


@pytest.mark.parametrize(
    ("directory", "pulled", "expected"),
    [
        ("/etc/systemd/system", "multi-user.target.wants/tune.service", True),
        ("/usr/lib/systemd/system", "multi-user.target.wants/tune.service", True),
        ("/usr/lib/systemd/system", "timers.target.wants/tune.timer", True),
        ("/etc/systemd/system", "multi-user.target.wants/another.service", False),
    ],
)
def test_a_unit(root, directory, pulled, expected):
    write(root, directory + "/tune.service", UNIT)
    write(root, "/etc/systemd/system/" + pulled, "")
    assert found(root) == ([("tune.service", directory + "/tune.service", 3, 7200)] if expected else [])


def test_a_drop_in_of_another_unit(root):
    write(root, "/usr/lib/systemd/system/ssh.service", "[Service]\nExecStart=/usr/sbin/sshd\n")
    write(root, "/etc/systemd/system/ssh.service.d/tune.conf", UNIT.replace("Start", "StartPost"))
    write(root, "/etc/systemd/system/multi-user.target.wants/ssh.service", "")
    assert found(root) == [("ssh.service", "/etc/systemd/system/ssh.service.d/tune.conf", 3, 7200)]


def test_a_unit_that_hides_another_one(root):
    write(root, "/usr/lib/systemd/system/tune.service", UNIT)
    write(root, "/usr/lib/systemd/system/multi-user.target.wants/tune.service", "")
    write(root, "/etc/systemd/system/tune.service", "")
    assert found(root) == []


def test_a_script_of_a_unit(root):
    script = write(root, "/opt/tune", "#!/bin/sh\n%s" % SET, executable=True)
    write(root, "/etc/systemd/system/tune.service", "[Service]\nExecStart=-%s --now\n" % script)
    write(root, "/etc/systemd/system/multi-user.target.wants/tune.service", "")
    assert found(root) == [("tune.service", "/opt/tune", 2, 7200)]


def test_an_init_script_without_a_unit(root):
    write(root, "/etc/init.d/tune", SET, executable=True)
    assert found(root) == []
    write(root, "/etc/rc3.d/S01tune", "")
    assert found(root) == [("init script", "/etc/init.d/tune", 1, 7200)]
    write(root, "/usr/lib/systemd/system/tune.service", "")
    assert found(root) == []


def test_what_cloud_init_does_at_every_boot(root):
    text = "#cloud-config\nruncmd:\n  - %sbootcmd:\n  # %s  - [sysctl, -w, net.ipv4.tcp_keepalive_time=60]\nfinal: 1\n" % (SET, SET)
    write(root, "/etc/cloud/cloud.cfg.d/9.cfg", text)
    assert found(root) == [("cloud-init", "/etc/cloud/cloud.cfg.d/9.cfg", 6, 60)]


def test_a_note_that_saptune_applies(root):
    for name in ("1410736", "1"):
        write(root, "/var/lib/saptune/working/notes/" + name, "[sysctl]\nnet.ipv4.tcp_keepalive_time = 300\n")
    write(root, "/etc/sysconfig/saptune", 'TUNE_FOR_NOTES=""\nNOTE_APPLY_ORDER="941735 1410736"\n')
    assert found(root) == []
    write(root, "/etc/systemd/system/multi-user.target.wants/saptune.service", "")
    assert found(root) == [("saptune", "/var/lib/saptune/working/notes/1410736", 2, 300)]
    write(root, "/etc/saptune/override/1410736", "[sysctl]\nnet.ipv4.tcp_keepalive_time = 200\n")
    assert found(root) == [("saptune", "/etc/saptune/override/1410736", 2, 200)]


def test_it_stops_and_says_so(root, monkeypatch):
    monkeypatch.setattr(search, "MOST_FILES", 2)
    paths = [str(write(root, "/etc/cron.d/%d" % number, "@reboot root %s" % SET)) for number in range(4)]
    rows, stopped = search.found()
    assert (len(rows), stopped) == (2, paths[2])
    assert search.describe(stopped).startswith("The search for other programs that set net.ipv4.tcp_keepalive_* stopped after 2 files, at ")


def test_what_is_no_file(root):
    root.join("etc", "cron.d").ensure(dir=True).join("x").mksymlinkto("/dev/zero")
    root.join("etc", "cron.d", "y").mksymlinkto("/nowhere")
    root.join("etc", "cron.d", "z").write("\xff", "wb") if bytes is str else root.join("etc", "cron.d", "z").write(b"\xff", "wb")
    assert found(root) == []
