# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module does to files and says about them, for users whose homes are made here."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import json
import os
import re
import stat

import pytest

pytest.importorskip("ansible.module_utils.basic")

from ansible_collections.longlived.tcp.plugins.module_utils import _users
from ansible_collections.longlived.tcp.plugins.module_utils._aws import environment as _environment
from ansible_collections.longlived.tcp.plugins.module_utils._aws import files
from ansible_collections.longlived.tcp.plugins.modules import aws_config_file

SECRETS = "aws_secret_access_key = HUSH1\naws_session_token = HUSH2\ncredential_process = echo HUSH3\n"


class Ended(Exception):
    pass


class FakeModule:
    """What the module needs of AnsibleModule."""

    def __init__(self, parameters, check_mode=False):
        self.params = dict((name, option.get("default")) for name, option in aws_config_file.SPEC.items())
        self.params.update(parameters)
        self.check_mode = check_mode
        self.no_log_values = set()
        self.warnings = []
        self.result = None

    def warn(self, warning):
        self.warnings.append(warning)

    def exit_json(self, **result):
        self.result = result
        raise Ended()

    def fail_json(self, **result):
        self.result = dict(result, failed=True)
        raise Ended()


@pytest.fixture
def run(monkeypatch, homes):
    def run_module(check_mode=False, **parameters):
        module = FakeModule(parameters, check_mode)
        monkeypatch.setattr(aws_config_file, "Module", lambda **arguments: module)
        with pytest.raises(Ended):
            aws_config_file.main()
        module.result["warnings"] = module.warnings
        assert "HUSH" not in json.dumps(module.result)
        return module.result

    return run_module


@pytest.fixture
def homes(monkeypatch, tmpdir):
    """Homes of alice, bob and carol, who are all the user that runs the tests, under other names."""
    uids = dict((name, os.geteuid()) for name in ("alice", "bob", "carol"))

    def find(name):
        if name not in uids:
            raise _users.UnknownUser("There is no user named %s on this host." % name)
        return _users.User(name, uids[name], os.getegid(), str(tmpdir.join(name)))

    for name in uids:
        tmpdir.join(name).mkdir()
    monkeypatch.setattr(_users, "find", find)
    monkeypatch.setattr(_environment, "PATH", str(tmpdir.join("environment")))
    return tmpdir


def config(homes, name, text=None):
    path = homes.join(name, ".aws", "config")
    if text is not None:
        path.write_binary(text.encode("utf-8"), ensure=True)
    return path


def mode(path):
    return stat.S_IMODE(os.stat(str(path)).st_mode)


def test_a_new_file_is_the_users_alone(run, homes):
    mask = os.umask(0)
    try:
        result = run(users=["alice"])
    finally:
        os.umask(mask)
    path = config(homes, "alice")
    assert result["changed"]
    assert result["files"] == [{
        "path": str(path), "user": "alice", "changed": True, "skipped": False, "effective": {u"default": {u"tcp_keepalive": u"true"}},
        "active_profile": "default",
    }]  # fmt: skip
    assert (mode(path), mode(path.dirpath())) == (0o600, 0o700)
    assert path.read() == "# Added by longlived.tcp\n[default]\ntcp_keepalive = true\n"
    assert not run(users=["alice"])["changed"]
    assert run(users=["alice"], state="absent")["changed"]
    assert not path.check()


def test_an_old_file_keeps_its_mode_and_its_link(run, homes):
    target = homes.join("alice", "dotfiles")
    target.write("[default]\n")
    os.chmod(str(target), 0o640)
    config(homes, "alice").dirpath().mkdir()
    os.symlink(str(target), str(config(homes, "alice")))
    run(users=["alice"])
    assert os.readlink(str(config(homes, "alice"))) == str(target)
    assert target.read() == "[default]\ntcp_keepalive = true\n"
    assert mode(target) == 0o640


@pytest.mark.parametrize("text", [None, "[default]\n" + SECRETS])
def test_check_mode_tells_the_same_and_does_nothing(run, homes, text):
    path = config(homes, "alice", text)
    before = sorted(str(found) for found in homes.visit())
    told = run(users=["alice"], check_mode=True, backup=True)
    assert sorted(str(found) for found in homes.visit()) == before
    assert text is None or path.read() == text
    assert run(users=["alice"]) == told
    assert told["changed"]


def test_diff_without_secrets(run, homes):
    path = config(homes, "alice", "[default]\n" + SECRETS + "tcp_keepalive = no\n" + "[profile b]\n" + SECRETS)
    assert run(users=["alice"])["diff"] == [{
        "before_header": str(path), "after_header": str(path),
        "before": u"[default]\ntcp_keepalive = no\n", "after": u"[default]\ntcp_keepalive = true\n",
    }]  # fmt: skip


def test_every_user_is_planned_before_anyone_is_changed(run, homes):
    config(homes, "carol", "[default]\nHUSH\n")
    result = run(users=["alice", "bob", "carol"])
    assert result["failed"] and not result["changed"]
    assert "carol/.aws/config, line 2" in result["msg"]
    assert not config(homes, "alice").check() and not homes.join("alice", ".aws").check()
    assert "no user named dave" in run(users=["alice", "dave"])["msg"]
    assert not config(homes, "alice").check()


def test_what_fails_for_one_changes_no_ones(run, homes, monkeypatch):
    path = config(homes, "alice", "[default]\n")
    before = os.lstat(str(path))
    monkeypatch.setattr(os, "rename", full_for("bob", os.rename))
    result = run(users=["alice", "bob", "carol"], backup=True)
    assert result["failed"] and not result["changed"] and result["files"] == []
    assert result["msg"].startswith("Cannot replace %s: No space left on device; free space" % config(homes, "bob"))
    after = os.lstat(str(path))
    assert (after.st_ino, after.st_mtime, path.read()) == (before.st_ino, before.st_mtime, "[default]\n")
    assert path.dirpath().listdir() == [path]
    assert [homes.join(name).listdir() for name in ("bob", "carol")] == [[], []]


def full_for(name, act):
    """No room below that user's home."""

    def call(first, *others):
        if name in first:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return act(first, *others)

    return call


def test_create_false(run, homes):
    config(homes, "bob", "[default]\n")
    result = run(users=["alice", "bob"], create=False)
    assert [(row["changed"], row["skipped"], row["effective"]["default"]["tcp_keepalive"]) for row in result["files"]] == [
        (False, True, None), (True, False, "true"),
    ]  # fmt: skip
    assert not homes.join("alice", ".aws").check()


def test_path_instead_of_users(run, homes):
    path = homes.join("alice", "elsewhere", "deep", "config")
    result = run(path=str(path), users=["no-such-user"])
    assert result["files"][0]["path"] == str(path)
    assert mode(path.dirpath()) == mode(path.dirpath().dirpath()) == 0o700


def test_backup(run, homes):
    path = config(homes, "alice", "[default]\n")
    os.chmod(str(path), 0o640)
    os.utime(str(path), (1000000000, 1000000000))
    result = run(users=["alice", "bob"], backup=True)
    assert result["backup_file"] == result["files"][0]["backup_file"]
    assert re.match(re.escape(str(path)) + r"\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~\Z", result["backup_file"])
    assert open(result["backup_file"]).read() == "[default]\n"
    assert mode(result["backup_file"]) == 0o640
    assert int(os.stat(result["backup_file"]).st_mtime) == 1000000000
    assert "backup_file" not in result["files"][1]
    assert "backup_file" not in run(users=["alice"], backup=True)


@pytest.mark.parametrize("backup", [False, True])
def test_a_full_disk_leaves_neither_half_a_file_nor_a_backup(run, homes, monkeypatch, backup):
    path = config(homes, "bob", "[default]\n")
    monkeypatch.setattr(os, "fsync", no_space)
    result = run(users=["bob"], backup=backup)
    assert result["failed"] and "No space left on device; free space" in result["msg"]
    assert path.dirpath().listdir() == [path]
    assert path.read() == "[default]\n"


def no_space(descriptor):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_what_another_program_wrote_meanwhile_counts(run, homes, monkeypatch):
    path = config(homes, "alice", "[default]\n")
    real = aws_config_file.applied

    def late(changes, backup):
        path.write("[default]\nregion = a\n")
        return real(changes, backup)

    monkeypatch.setattr(aws_config_file, "applied", late)
    homes.join("environment").write("BOTOCORE_TCP_KEEPALIVE=false\n")
    result = run(users=["alice"], backup=True)
    assert result["changed"] and len(result["warnings"]) == 1
    assert path.read() == "[default]\nregion = a\ntcp_keepalive = true\n"
    assert open(result["backup_file"]).read() == "[default]\nregion = a\n"


def test_a_link_is_not_left_without_its_file(run, homes):
    path = config(homes, "alice")
    run(users=["alice"])
    path.rename(homes.join("dotfiles"))
    os.symlink(str(homes.join("dotfiles")), str(path))
    assert run(users=["alice"], state="absent")["changed"]
    assert path.read() == ""
    assert not run(users=["alice"], state="absent")["changed"]
    assert run(users=["alice"])["changed"]


WARNINGS = [
    ("present", u"", u"", []),
    ("present", u"[default]\n" + SECRETS + u"tcp_keepalive = false\n", u"", ["credentials, line 5: this file is merged over "]),
    ("absent", u"[default]\ntcp_keepalive = true\n", u"", ["credentials, line 2: this file is merged over "]),
    ("present", u"[default]\ntcp_keepalive = TRUE\n", u"BOTOCORE_TCP_KEEPALIVE=True", []),
    ("present", u"HUSH\n", u"", ["credentials, line 1: botocore cannot read this file"]),
    ("present", u"", u"# AWS_CONFIG_FILE=x\n\nexport BOTOCORE_TCP_KEEPALIVE='false' # no\n",
     ["environment, line 3: BOTOCORE_TCP_KEEPALIVE hides"]),
    ("present", u"", u"BOTOCORE_TCP_KEEPALIVE=\"true\" # yes\n", []),
    ("absent", u"", u"BOTOCORE_TCP_KEEPALIVE=true\n", ["environment, line 1: BOTOCORE_TCP_KEEPALIVE hides"]),
    ("present", u"", u"AWS_CONFIG_FILE=/etc/aws\n", ["AWS_CONFIG_FILE has botocore read /etc/aws instead of "]),
    ("present", u"", u"AWS_CONFIG_FILE=~/.aws/config\n", []),
    ("present", u"", u"AWS_PROFILE=default\n", []),
    ("absent", u"", u"AWS_PROFILE=prod\n", []),
    ("present", u"", u"X=1\nAWS_PROFILE=prod\n", ["environment, line 2: AWS_PROFILE makes prod the active profile of alice, in which"]),
    ("present", u"[prod]\ntcp_keepalive = true\n", u"AWS_PROFILE=prod\n", []),
    ("present", u"", u"AWS_CONFIG_FILE=${HOME}/.aws/config\n", []),
    ("present", u"", u"AWS_CONFIG_FILE=~/\u00e9\n", ["AWS_CONFIG_FILE has botocore read /"]),
]  # fmt: skip


# Numbers as ids: pytest names the directory after the rows, and secrets are looked for in paths as well.
@pytest.mark.parametrize(
    ("state", "credentials", "environment", "warnings"), WARNINGS, ids=[str(number) for number in range(len(WARNINGS))]
)
def test_warnings(run, homes, state, credentials, environment, warnings):
    homes.join("alice", ".aws", "credentials").write_binary(credentials.encode("utf-8"), ensure=True)
    homes.join("environment").write_binary(environment.encode("utf-8"))
    result = run(users=["alice"], state=state)
    assert len(result["warnings"]) == len(warnings)
    assert all(expected in found for expected, found in zip(warnings, result["warnings"]))


def test_what_hides_a_setting_is_told_to_who_only_looks(homes):
    config(homes, "alice", "[default]\ntcp_keepalive = True\n")
    told = []
    homes.join("environment").write("BOTOCORE_TCP_KEEPALIVE=true\n")
    files.effective_rows(["alice"], warn=told.append)
    assert told == []
    homes.join("environment").write("BOTOCORE_TCP_KEEPALIVE=false\n")
    files.effective_rows(["alice", "bob"], ["default", "b"], warn=told.append)
    assert len(told) == 1 and "line 1: BOTOCORE_TCP_KEEPALIVE hides tcp_keepalive" in told[0]


def test_a_profile_that_only_the_credentials_file_has(run, homes):
    path = config(homes, "alice", "[profile a]\n")
    homes.join("alice", ".aws", "credentials").write("[a]\nx = 1\n[prod]\nx = 1\n[a\x1cb]\nx = 1\n", ensure=True)
    result = run(users=["alice"], profiles=["*"])
    assert sorted(result["files"][0]["effective"]) == ["a", "default", "prod"]
    assert "[profile prod]\ntcp_keepalive = true\n" in path.read()
    (warning,) = result["warnings"]
    assert "credentials: a profile is left out: profiles: 'a\\x1cb' is no name of a profile" in warning
    assert not run(users=["alice"], profiles=["*"])["changed"]
    run(users=["alice"], profiles=["*"], state="absent")
    assert path.read() == "[profile a]\n"


def test_effective_counts_the_credentials_file(run, homes):
    homes.join("alice", ".aws", "credentials").write("[default]\ntcp_keepalive = false\n", ensure=True)
    assert run(users=["alice"])["files"][0]["effective"] == {"default": {"tcp_keepalive": "false"}}


@pytest.mark.parametrize(("arguments", "reason"), [
    ({"path": "relative/config"}, "not an absolute path"),
    ({"users": ["alice"], "settings": {"region": "a\nb"}}, "line end"),
    ({"users": ["alice"], "settings": {"aws_secret_access_key": "quiet"}}, "credentials"),
    ({"users": ["alice"], "profiles": []}, "profiles is empty"),
])  # fmt: skip
def test_errors_are_one_sentence(run, homes, arguments, reason):
    assert reason in run(**arguments)["msg"]
    assert not homes.join("alice", ".aws").check()


def test_a_credential_that_was_given_is_not_shown(monkeypatch):
    module = FakeModule({"settings": {"aws_session_token": ["quiet"], "region": "x"}})
    monkeypatch.setattr(aws_config_file, "Module", lambda **arguments: module)
    with pytest.raises(Ended):
        aws_config_file.main()
    assert module.no_log_values == set(["quiet"])


def test_a_user_named_twice_has_one_row(run, homes):
    assert [row["user"] for row in run(users=["alice", "bob", "alice"])["files"]] == ["alice", "bob"]


@pytest.mark.parametrize(("make", "reason"), [
    (lambda path: path.ensure(dir=True), "is a directory"),
    (lambda path: os.mkfifo(str(path)), "not a regular file"),
    (lambda path: os.symlink("nowhere", str(path)), "which does not exist"),
    (lambda path: os.symlink("config", str(path)), "leads back to itself"),
    (lambda path: path.write_binary(b"[default]\nregion = \xe9\n"), "line 2: botocore cannot read this file: it is not UTF-8"),
    (lambda path: open(str(path), "wb").truncate(2 ** 40), "no configuration file"),
    # Says that it has 0 bytes, and would fill the memory.
    (lambda path: os.symlink("/proc/self/pagemap", str(path)), "no configuration file"),
])  # fmt: skip
def test_what_is_no_such_file_is_refused(run, homes, make, reason):
    config(homes, "alice").dirpath().mkdir()
    make(config(homes, "alice"))
    result = run(users=["alice"])
    assert result["failed"] and reason in result["msg"]


def test_a_home_that_does_not_exist_is_not_created(run, homes):
    homes.join("alice").remove()
    assert "home directory of alice" in run(users=["alice"])["msg"]
    assert not run(users=["alice"], state="absent")["changed"]


def test_read_only_rows(homes):
    config(homes, "bob", "[profile b]\ntcp_keepalive = true\n")
    homes.join("bob", ".aws", "credentials").write("broken")
    warnings = []
    before = sorted(str(found) for found in homes.visit())
    rows = files.effective_rows(["alice", "bob"], ["default", "b"], ["tcp_keepalive", "region"], warnings.append)
    nothing = {"tcp_keepalive": None, "region": None}
    assert [row["effective"] for row in rows] == [
        {"default": nothing, "b": nothing}, {"default": nothing, "b": {"tcp_keepalive": "true", "region": None}},
    ]  # fmt: skip
    assert [(row["user"], row["changed"]) for row in rows] == [("alice", False), ("bob", False)]
    assert len(warnings) == 1 and "line 1" in warnings[0]
    assert sorted(str(found) for found in homes.visit()) == before


@pytest.mark.skipif(str is bytes, reason="the controller, which reads documentation, has no Python 2")
def test_documentation_and_spec_agree():
    yaml = pytest.importorskip("yaml")
    options = yaml.safe_load(aws_config_file.DOCUMENTATION)["options"]
    for option in options.values():
        del option["description"]
    assert options == aws_config_file.SPEC
