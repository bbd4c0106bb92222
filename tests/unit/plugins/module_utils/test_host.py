# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host as one transaction: in which order parts act, and what is left when one fails."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import contextlib
import gc
import os

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils import _all_or_nothing, _host
from ansible_collections.longlived.tcp.plugins.module_utils._aws import environment
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from ansible_collections.longlived.tcp.plugins.module_utils._host_state import Scope

SCOPE = Scope(350, [], ["default"], ["tcp_keepalive"], False, [], False, False, None, True, True)


@pytest.fixture(autouse=True)
def _collector(monkeypatch):
    monkeypatch.setattr(gc, "disable", lambda: None)
    monkeypatch.setattr(_host.Boot, "of_this_host", staticmethod(lambda: "boot"))


def refuse(*_arguments, **_more):
    raise UserError("The kernel refuses.")


class FakePart(_host._Part):
    """A part that writes down what is done to it."""

    warnings = ("said",)

    def __init__(self, name, log, changed=True, fails=False):
        self.name, self._log, self.changed, self._fails = name, log, changed, fails

    @contextlib.contextmanager
    def acted(self):
        if self._fails:
            raise UserError("%s fails." % self.name)
        self._log.append("act " + self.name)
        try:
            yield
        except BaseException:
            self._log.append("undo " + self.name)
            raise

    def foresee(self, info, _scope):
        return dict(info, **{self.name: "foreseen"})


def test_what_a_look_has_found_of_the_boot_is_what_the_kernel_part_decides_with(monkeypatch):
    seen = []
    monkeypatch.setattr(_host, "look", lambda scope, warn, boot=None: seen.append(boot) or {})
    monkeypatch.setattr(_host, "_Sysctl", lambda asked, boot: seen.append(boot) or FakePart("sysctl", []))
    made = _host.Host(_host.Request(SCOPE, "sysctl", None, None, None))
    made.decide()
    made.act()
    assert seen == ["boot", "boot", None]  # after a change it is looked at again


@pytest.fixture
def log(monkeypatch):
    written = []
    monkeypatch.setattr(_host, "look", lambda scope, warn, boot=None: written.append("look") or warn("said") or {"look": len(written)})
    return written


def host(*parts):
    made = _host.Host(_host.Request(SCOPE, None, None, None, None))
    made.parts = list(parts)
    return made


def test_parts_act_in_order_and_then_it_looks(log):
    made = host(FakePart("sysctl", log), FakePart("aws", log, changed=False), FakePart("live_sockets", log))
    assert made.act() == {"look": 5}
    # One that changes nothing still removes what a killed run has left.
    assert log == ["look", "act sysctl", "act aws", "act live_sockets", "look"]
    assert made.changed
    assert made.warnings == ["said"]


def test_a_host_that_is_right_is_looked_at_once(log):
    made = host(FakePart("sysctl", log, changed=False))
    assert made.act() is made.foreseen() is made.before
    assert log == ["look", "act sysctl"]


def test_where_putting_back_fails_it_is_not_said_to_be_as_before(log):
    def undo():
        raise UserError("X stays changed.")

    class Broken(FakePart):
        @contextlib.contextmanager
        def acted(self):
            with _all_or_nothing.undone_by(undo):
                yield

    with pytest.raises(UserError) as error:
        host(Broken("sysctl", log), FakePart("aws", log, fails=True)).act()
    assert str(error.value) == "aws fails. X stays changed."


def test_where_a_part_fails_the_others_are_undone(log):
    made = host(FakePart("sysctl", log), FakePart("aws", log), FakePart("live_sockets", log, fails=True))
    with pytest.raises(UserError) as error:
        made.act()
    assert str(error.value) == "live_sockets fails. The kernel's values and all files are as they were before."
    assert log == ["look", "act sysctl", "act aws", "undo aws", "undo sysctl"]
    assert [row["changed"] for row in made.rows(error.value)] == [False, False, False]
    assert [row["changed"] for row in made.rows()] == [True, True, True]


def test_where_the_second_look_fails_all_is_undone(log, monkeypatch):
    made = host(FakePart("sysctl", log))
    monkeypatch.setattr(_host, "look", refuse)
    with pytest.raises(UserError):
        made.act()
    assert log == ["look", "act sysctl", "undo sysctl"]


class FakeRescue:
    """Fails for each connection."""

    Request = collections.namedtuple("Request", "select values idle_timeout")

    def check_request(self, request):
        return request

    class Tally:
        changed, failed, failures, rescued = False, 2, [dict(reason="It is gone.")], frozenset()

        def __init__(self, limit):
            pass

    def protect(self, *_arguments):
        return ()


def test_what_could_not_be_protected_is_a_problem():
    part = _host._LiveSockets.__new__(_host._LiveSockets)
    part._rescue, part._selection, part._request = FakeRescue(), None, None
    part._protect(dry=True)
    assert part.problems == [dict(message="2 connections could not be protected, the first because: It is gone.")]
    assert not part.changed


def test_live_connections_are_for_root(monkeypatch):
    """An ordinary user would reach their own only, and be told that all is well."""
    monkeypatch.setattr(_host.os, "geteuid", lambda: 1000)
    with pytest.raises(UserError) as error:
        _host._LiveSockets(_host.Live(["stale"], [], []), 350, {})
    assert str(error.value) == "Live connections of other users' programs can be reached by root only: run as root (become: true)."


def test_what_would_be_is_asked_of_each_part(log):
    made = host(FakePart("sysctl", log), FakePart("aws", log))
    assert made.foreseen() == {"look": 1, "sysctl": "foreseen", "aws": "foreseen"}
    assert log == ["look"]


def refusing(text):
    def part(*_arguments):
        raise UserError(text)

    return part


def test_what_hinders_the_first_look_is_left_to_the_part_that_refuses_it(monkeypatch):
    strictness = []
    monkeypatch.setattr(_host, "look", lambda scope, warn, boot=None: strictness.append(scope.strict) or {})
    made = host(FakePart("aws", []))
    made.act()
    assert strictness == [False, True]


def test_every_refusal_is_said_at_once_and_live_connections_wait_for_the_values(log, monkeypatch):
    monkeypatch.setattr(_host, "_Sysctl", refusing("No file."))
    monkeypatch.setattr(_host, "_NewSockets", refusing("No hook."))
    monkeypatch.setattr(_host, "_Aws", refusing("No user."))
    monkeypatch.setattr(_host, "_LiveSockets", refusing("never asked"))
    made = _host.Host(_host.Request(SCOPE, "sysctl", "new", "aws", "live"))
    with pytest.raises(_host.Refused) as error:
        made.decide()
    assert str(error.value) == "No file. No hook. No user."
    assert made.rows(error.value) == [
        dict(part="sysctl", changed=False, refusal="No file."),
        dict(part="aws", changed=False, refusal="No user."),
        dict(part="new_sockets", changed=False, refusal="No hook."),
    ]
    assert not made.changed


@pytest.fixture
def alice(monkeypatch, tmpdir):
    """A user whose credentials file hides what is asked for."""
    monkeypatch.setattr(_host._users, "find", lambda name: _host._users.User(name, os.geteuid(), os.getegid(), str(tmpdir)))
    monkeypatch.setattr(environment, "PATH", str(tmpdir.join("environment")))
    tmpdir.join(".aws", "credentials").write("[default]\ntcp_keepalive = false\n", ensure=True)
    return tmpdir


def asked(strict, state="present"):
    return _host.Aws(state, ["alice"], ["default"], {"tcp_keepalive": True}, True, strict)


def test_what_hides_a_setting_of_a_named_user_is_refused(alice):
    with pytest.raises(UserError) as error:
        _host._Aws(asked(strict=True))
    assert "credentials, line 2: this file is merged over " in str(error.value)
    assert not alice.join(".aws", "config").exists()


def test_what_hides_a_setting_of_a_user_who_was_not_named_is_told(alice):
    for part in (_host._Aws(asked(strict=False)), _host._Aws(asked(True, "absent"))):
        assert "credentials, line 2: this file is merged over " in part.warnings[0]


def test_a_file_that_hides_a_setting_of_a_named_user_is_refused(alice):
    alice.join(".aws", "credentials").remove()
    alice.join("environment").write("AWS_CONFIG_FILE=/nowhere\n")
    with pytest.raises(UserError) as error:
        _host._Aws(asked(strict=True))
    assert "AWS_CONFIG_FILE has botocore read /nowhere instead of " in str(error.value)
