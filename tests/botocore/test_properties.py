# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every file and every request, with the real botocore as the judge."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import botocore.configloader
import botocore.exceptions
import botocore.session
import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._aws import config as _config
from ansible_collections.longlived.tcp.plugins.module_utils._aws import edit, effective
from ansible_collections.longlived.tcp.plugins.module_utils._aws import settings as _settings
from ansible_collections.longlived.tcp.plugins.module_utils._aws.text import AwsConfigError
from hypothesis import event, given
from hypothesis import strategies as st

from . import files

Config = dict[str, Any]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("aws") / "config"


def botocore_reads(path: Path, content: bytes) -> Config | None:
    """Everything that botocore makes of these bytes; None where it refuses them."""
    path.write_bytes(content)
    try:
        config: Config = botocore.configloader.load_config(str(path))
    except botocore.exceptions.ConfigParseError:
        return None
    return config


def readable(content: bytes) -> _config.Document | None:
    try:
        return _config.parse(content, "config")
    except AwsConfigError as error:
        assert inherited_nonsense(content, error), error  # noqa: PT017
        return None


def inherited_nonsense(content: bytes, error: Exception) -> bool:
    """A broken nested section in [DEFAULT]: botocore refuses it as soon as some section inherits it, we at once."""
    return b"[DEFAULT]" in content and "belongs to the nested section" in str(error)


def resolved(path: Path, content: bytes, profile: str, name: str) -> Any:
    """What a botocore session gives its clients, not merely what the file says."""
    path.write_bytes(content)
    session = botocore.session.Session(profile=profile)
    session.set_config_variable("config_file", str(path))
    session.set_config_variable("credentials_file", str(path.parent / "none"))
    return session.get_config_variable(name)


def as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_asked(found: Any, asked: Any) -> bool:
    if isinstance(asked, dict):
        return isinstance(found, dict) and all(as_asked(found.get(key), value) for key, value in asked.items())
    if as_text(asked) in ("true", "false"):
        return isinstance(found, str) and found.lower() == as_text(asked)
    return bool(found == as_text(asked))


def pruned(config: Config, profiles: Iterable[str], settings: Config) -> Config:
    """All that was not asked for: nested settings that were not, too. A profile with nothing else is left out."""
    rest = copy.deepcopy(config)
    for profile in profiles:
        values = rest["profiles"].get(profile, {})
        for name, asked in settings.items():
            if isinstance(asked, dict) and isinstance(values.get(name), dict):
                values[name] = {key: value for key, value in values[name].items() if key not in asked}
            elif not isinstance(asked, dict):
                values.pop(name, None)
            if values.get(name) in ({}, ""):
                values.pop(name)
        if not values:
            rest["profiles"].pop(profile, None)
    return rest


def changed_lines(before: bytes, after: bytes) -> tuple[list[str], list[str]]:
    old, new = (content.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n") for content in (before, after))
    gone, come = [], []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            gone.extend(old[a:b])
            come.extend(new[c:d])
    return gone, come


def allowed(line: str, settings: Config) -> bool:
    """Whether a line may come, go or change for these settings."""
    names = set(settings) | {key for asked in settings.values() if isinstance(asked, dict) for key in asked}
    stripped = line.strip()
    named = stripped.replace(":", "=").split("=")[0].strip()
    return (
        not stripped
        or stripped == edit.MARKER
        or stripped.startswith(("[default]", "[profile "))
        or named.lower() in names | {n.lower() for n in names}
    )


@given(content=files.contents)
def test_reads_as_botocore_does(path: Path, content: bytes) -> None:
    judged = botocore_reads(path, content)
    try:
        document = _config.parse(content, "config")
    except AwsConfigError as error:
        event("refused")
        assert judged is None or inherited_nonsense(content, error), error  # noqa: PT017
        assert "line" in str(error) and "SECRET" not in str(error)  # noqa: PT017
        return
    event("read")
    assert judged is not None
    assert {name: document.resolve(name) for name in document.profiles()} == judged["profiles"]


@given(content=files.contents, profiles=files.profiles, settings=files.requests)
def test_present(path: Path, content: bytes, profiles: list[str], settings: Config) -> None:
    before = botocore_reads(path, content)
    if before is None:
        return
    document = readable(content)
    if document is None:
        return
    asked = _settings.check_settings(settings, "present")
    try:
        edited = edit.edit(document, profiles, asked, "present")
    except AwsConfigError as error:
        event("refused")
        reasons = ("[DEFAULT]", "nested section", "several settings", "looks like a credential", "Python 3.9")
        assert any(reason in str(error) for reason in reasons), error  # noqa: PT017
        return
    after = content if not edited.changed else edited.content
    event("changed" if edited.changed else "unchanged")
    judged = botocore_reads(path, after)
    assert judged is not None
    names = effective.chosen(document, profiles)

    # What was asked, and what we say about it.
    for profile in names:
        for name, value in settings.items():
            assert as_asked(judged["profiles"][profile].get(name), value)
    said = effective.effective(document, profiles, asked, None, "present")
    assert said == effective.effective(_config.parse(after, "config"), profiles, asked)
    if "tcp_keepalive" in settings and isinstance(settings["tcp_keepalive"], bool):
        assert resolved(path, after, names[0], "tcp_keepalive") is settings["tcp_keepalive"]

    # Everything else: to botocore, and to the byte.
    if not document.defaults:
        assert pruned(judged, names, settings) == pruned(before, names, settings)
    gone, come = changed_lines(content, after)
    assert all(allowed(line, settings) for line in come)
    assert "SECRET" not in edited.before + edited.after or any("SECRET" in line for line in gone)
    assert "HUSH" not in f"{edited.before}{edited.after}{said}{effective.effective(document, profiles, asked)}"

    # A second run changes nothing.
    again = _config.parse(after, "config")
    assert not edit.edit(again, profiles, asked, "present").changed

    # And back.
    held = any(name in before["profiles"].get(profile, {}) for profile in names for name in settings if name != "s3")
    held_nested = any(
        key in s3
        for profile in names
        if isinstance(s3 := before["profiles"].get(profile, {}).get("s3"), dict)
        for key in settings.get("s3", {})
    )
    if not held and not held_nested:
        event("back to the old bytes")
        back = edit.edit(again, profiles, _settings.check_settings(settings, "absent"), "absent")
        assert (back.content if back.changed else after) == content


@given(content=files.contents, profiles=files.profiles, settings=files.requests)
def test_absent(path: Path, content: bytes, profiles: list[str], settings: Config) -> None:
    before = botocore_reads(path, content)
    if before is None:
        return
    document = readable(content)
    if document is None:
        return
    asked = _settings.check_settings(settings, "absent")
    try:
        edited = edit.edit(document, profiles, asked, "absent")
    except AwsConfigError as error:
        event("refused")
        assert any(reason in str(error) for reason in ("[DEFAULT]", "several settings", "looks like a credential")), error  # noqa: PT017
        return
    if not edited.changed:
        event("unchanged")
        return
    event("changed")
    assert "HUSH" not in edited.before
    judged = botocore_reads(path, edited.content)
    assert judged is not None
    names = effective.chosen(document, profiles)
    for profile in names:
        for name, value in settings.items():
            found = judged["profiles"].get(profile, {}).get(name)
            assert not (
                set(value) & set(found)
                if isinstance(value, dict) and isinstance(found, dict)
                else not isinstance(value, dict) and found is not None
            )
    assert pruned(judged, names, settings) == pruned(before, names, settings)
    assert all(profile in judged["profiles"] for profile in before["profiles"])
    _gone, come = changed_lines(content, edited.content)
    assert come == [] or all(not line.strip() for line in come)


@pytest.mark.parametrize("content", [None, b""])
@given(profiles=files.profiles, settings=files.requests)
def test_no_file_and_an_empty_one_come_back(path: Path, content: bytes | None, profiles: list[str], settings: Config) -> None:
    asked = _settings.check_settings(settings, "present")
    made = edit.edit(_config.parse(content, "config"), profiles, asked, "present").content
    judged = botocore_reads(path, made)
    assert judged is not None
    for profile in {"default" if name == "*" else name for name in profiles}:
        assert all(as_asked(judged["profiles"][profile][name], value) for name, value in settings.items())
    back = edit.edit(_config.parse(made, "config"), profiles, asked, "absent")
    assert back.changed and back.content == content


@given(name=st.text(min_size=1, max_size=12))
def test_any_name_of_a_profile(path: Path, name: str) -> None:
    try:
        (name,) = _settings.check_profiles([name])
    except AwsConfigError:
        return
    if name == "*":
        return
    made = edit.edit(_config.parse(b"", "config"), [name], {"region": "x"}, "present").content
    judged = botocore_reads(path, made)
    assert judged is not None and judged["profiles"] == {name: {"region": "x"}}


@given(value=st.one_of(st.text(max_size=20), files.chaos.map(bytes.decode)), nested=st.booleans())
def test_any_value(path: Path, value: str, nested: bool) -> None:
    settings = {"s3": {"key": value}} if nested else {"region": value}
    try:
        asked = _settings.check_settings(settings, "present")
    except AwsConfigError:
        return
    made = edit.edit(_config.parse(b"[default]\noutput = json\n", "config"), ["default"], asked, "present").content
    judged = botocore_reads(path, made)
    assert judged is not None and judged["profiles"] == {"default": {"output": "json", **settings}}
