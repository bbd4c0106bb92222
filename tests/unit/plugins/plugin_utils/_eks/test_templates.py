# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters that templates use, held against the YAML that is read again, and the templates themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.longlived.tcp.plugins.plugin_utils._eks import templates
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

TEMPLATES = sorted((Path(__file__).parents[5] / "roles" / "eks_keepalive" / "templates").glob("*.j2"))
WORDS = ["y", "No", "on", "null", "~", "1.29", "0x1f", "1e3", "0o7", "12:30:45", "2026-01-01", ".inf", "-", "a.b-c_d", "="]


@given(st.sampled_from(WORDS) | st.from_regex(r"[A-Za-z0-9._:/=~+-]+", fullmatch=True))
def test_a_scalar_is_read_back_as_the_text_it_was(text: str) -> None:
    assert yaml.safe_load(f"name: {templates._scalar(text)}") == {"name": text}


def test_an_indented_text_is_a_block_of_yaml() -> None:
    text = "b: 1\nc: 2\n"
    assert yaml.safe_load("a: |\n" + templates._indented(text, 2) + "\n") == {"a": text}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_variable_that_is_missing_is_an_error(path: Path) -> None:
    if "{{" in path.read_text():
        with pytest.raises(UndefinedError):
            templates.rendered(path.name.removesuffix(".j2"))
    else:
        assert templates.rendered(path.name.removesuffix(".j2")).endswith("\n")
