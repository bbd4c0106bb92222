# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What botocore finds around ~/.aws/config: a credentials file, and the environment that /etc/environment gives."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.exceptions
import botocore.session
import pytest
from ansible_collections.longlived.tcp.plugins.module_utils import _users
from ansible_collections.longlived.tcp.plugins.module_utils._aws import change, environment
from ansible_collections.longlived.tcp.plugins.module_utils._aws import files as _files
from ansible_collections.longlived.tcp.plugins.module_utils._aws.settings import is_secret
from ansible_collections.longlived.tcp.plugins.module_utils._errors import UserError
from hypothesis import event, example, given
from hypothesis import strategies as st

from . import files

USER = pwd.getpwuid(os.geteuid()).pw_name
NAME = "tcp_keepalive"


class Home:
    """A home whose /etc/environment is a file in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = root / "environment"
        self.config, self.credentials = root / ".aws" / "config", root / ".aws" / "credentials"
        self.config.parent.mkdir(exist_ok=True)
        self.user = _users.User(USER, os.geteuid(), os.getegid(), str(root))

    def write(self, config: bytes | None = None, credentials: bytes | None = None, variables: dict[str, str] | None = None) -> None:
        for path, content in ((self.config, config), (self.credentials, credentials), (self.root / "other", credentials)):
            path.unlink(missing_ok=True)
            if content is not None:
                path.write_bytes(content)
        self.environment.write_text("".join(f"{name}={value}\n" for name, value in (variables or {}).items()))

    def said(self, profiles: list[str]) -> tuple[dict[str, Any], list[str]]:
        warnings: list[str] = []
        (row,) = _files.effective_rows([USER], profiles, [NAME], warn=warnings.append)
        return row, warnings


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Home:
    made = Home(tmp_path)
    monkeypatch.setattr(environment, "PATH", str(made.environment))
    monkeypatch.setattr(_users, "find", lambda _name: made.user)
    monkeypatch.setenv("HOME", str(tmp_path))
    return made


def resolved(home: Home, variables: dict[str, str], profile: str | None = None) -> Any:
    """What a session of botocore resolves with these variables, but for those that hide the setting itself."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in variables.items():
            if name != environment.VARIABLES[NAME]:
                patched.setenv(name, value)
        session = botocore.session.Session(profile=profile)
        try:
            found = session.get_scoped_config().get(NAME)
        except botocore.exceptions.ProfileNotFound:
            return None
        # What the collection shows of a nested section has no secret in it.
        return {key: value for key, value in found.items() if not is_secret(key)} if isinstance(found, dict) else found


PATHS = (
    "",
    "$HOME/.aws/config",
    "~/.aws/config",
    f"~{USER}/nothing",
    "${HOME}/other",
    "~/other",
    "/nowhere",
    "~no-such-user/x",
    "$NOTHING/x",
)
variables = st.fixed_dictionaries(
    {},
    optional={
        "AWS_CONFIG_FILE": st.sampled_from(PATHS[1:]),
        "AWS_SHARED_CREDENTIALS_FILE": st.sampled_from([path.replace("config", "credentials") for path in PATHS[1:]]),
        "AWS_PROFILE": st.sampled_from(["a", "b-1", "default"]),
        "AWS_DEFAULT_PROFILE": st.sampled_from(["a", "default"]),
        "BOTOCORE_TCP_KEEPALIVE": st.sampled_from(["true", "false"]),
    },
)


@given(config=files.written(), credentials=st.one_of(st.none(), files.written()), variables=variables)
@example(config=b"[default]\ntcp_keepalive =\n  aws_session_token = HUSH\n", credentials=None, variables={})
def test_what_is_said_is_what_botocore_resolves(home: Home, config: bytes, credentials: bytes | None, variables: dict[str, str]) -> None:
    home.write(config, credentials, variables)
    try:
        row, warnings = home.said(["default", "a"])
    except UserError:
        event("refused")
        return
    if any("botocore merges" in warning for warning in warnings):
        event("a credentials file that botocore cannot read")
        return
    event("read")
    for profile, found in row["effective"].items():
        assert found[NAME] == resolved(home, variables, profile), profile
    session = _session(variables)
    assert row["active_profile"] == (session.get_config_variable("profile") or "default")


def _session(variables: dict[str, str]) -> Any:
    with pytest.MonkeyPatch.context() as patched:
        for name, value in variables.items():
            patched.setenv(name, value)
        session = botocore.session.Session()
        session.get_config_variable("profile")
        return SimpleNamespace(get_config_variable={"profile": session.get_config_variable("profile")}.get)


@given(config=files.written(), credentials=files.written())
def test_every_profile_that_botocore_knows_is_set(home: Home, config: bytes, credentials: bytes) -> None:
    home.write(config, credentials)
    request = change.Request(["*"], {NAME: True})
    try:
        planned = change.plan(_files.target_of(home.user), request)
        with change.applied([planned]):
            pass
    except UserError:
        event("refused")
        return
    if any("botocore merges" in hindrance for hindrance in planned.hindrances):
        event("a credentials file that botocore cannot read")
        return
    event("set")
    hidden = " ".join(planned.hindrances)
    for profile in botocore.session.Session().full_config["profiles"]:
        if profile in planned.row["effective"]:
            found = str(resolved(home, {}, profile)).lower()
            assert found == "true" or f"{NAME} of profile {profile}:" in hidden, profile
        else:
            assert any("a profile is left out" in warning for warning in planned.warnings), profile


KEPT = b"[default]\ntcp_keepalive = true\n"


def test_another_profile_is_active(home: Home) -> None:
    given = {"AWS_PROFILE": "prod"}
    home.write(KEPT + b"[profile prod]\nregion = a\n", None, given)
    row, (warning,) = home.said(["default"])
    assert row["active_profile"] == "prod" and "AWS_PROFILE makes prod the active profile" in warning
    assert resolved(home, given) is None


@pytest.mark.parametrize("moved", ["~/.aws/config", f"~{USER}/.aws/config", "$HOME/.aws/config", "{home}/.aws/../.aws/config"])
def test_the_same_file_by_another_name_is_no_warning(home: Home, moved: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if moved.startswith("~" + USER):
        monkeypatch.setattr(_users, "home_of", lambda _name: str(home.root))
        monkeypatch.setattr(environment, "home_of", lambda _name: str(home.root))
    home.write(KEPT, None, {"AWS_CONFIG_FILE": moved.format(home=home.root)})
    row, warnings = home.said(["default"])
    assert (row["effective"]["default"][NAME], warnings) == ("true", [])


def test_a_moved_credentials_file_counts(home: Home) -> None:
    given = {"AWS_SHARED_CREDENTIALS_FILE": "~/other"}
    home.write(KEPT, b"[default]\ntcp_keepalive = false\n", given)
    home.credentials.unlink()
    row, _warnings = home.said(["default"])
    assert row["effective"]["default"][NAME] == "false" == resolved(home, given)


def test_a_byte_order_mark_is_what_botocore_stumbles_on(home: Home) -> None:
    home.write(b"\xef\xbb\xbf" + KEPT)
    with pytest.raises(botocore.exceptions.ConfigParseError):
        botocore.session.Session().full_config  # noqa: B018
    with pytest.raises(UserError, match="begins with a byte-order mark"):
        home.said(["default"])
