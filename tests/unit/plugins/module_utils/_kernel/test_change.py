# -*- coding: utf-8 -*-
# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is decided for a file, and what is refused before anything is touched. The whole is in tests/sysctl_d."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._kernel import change
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.precedence import Setting
from ansible_collections.longlived.tcp.plugins.module_utils._kernel.sysctl_d import rules_for
from ansible_collections.longlived.tcp.plugins.module_utils._regular_file import Found

VALUES = dict(time=45, intvl=45, probes=9)
OURS = b"net.ipv4.tcp_keepalive_time = 45\nnet.ipv4.tcp_keepalive_intvl = 45\nnet.ipv4.tcp_keepalive_probes = 9\n"
RULES = rules_for(252)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("", "sysctl_file is empty"),
        ("/etc/sysctl.d/*.conf", "holds glob characters"),
        ("/etc/sysctl.d/a\nb.conf", "holds a control character"),
    ],
)
def test_a_name_that_cannot_be(path, says):
    with pytest.raises(change.ChangeError) as error:
        change._check_path(path)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("/etc/sysctl.d/x.conf", OURS, None),
        ("/etc/sysctl.d/x.conf", b"# mine\n" + OURS, b"# mine\n"),
        ("/etc/sysctl.conf", OURS, b""),
        ("/etc/sysctl.d/x.conf", b"", b""),
        ("/etc/sysctl.d/x.conf", None, None),
    ],
)
def test_what_is_left_of_a_file(path, content, expected):
    assert change._content_without(path, Found(path, content, None), RULES) == expected


def test_a_shared_file_shows_no_other_line():
    shared = change._change(Found("/etc/sysctl.conf", b"secret = 1\n" + OURS, None), b"secret = 1\n", RULES)
    assert "secret" not in shared.old_text + shared.new_text
    assert shared.changed


def test_a_value_that_another_file_gives_is_named_with_its_line():
    request = change.Request(True, VALUES, "/etc/sysctl.d/x.conf", True, False, None)
    assert change._overridden(request, "time", Setting(60, "/etc/sysctl.d/z.conf", 3, "/etc/sysctl.d/z.conf")) == (
        "net.ipv4.tcp_keepalive_time = 45 in /etc/sysctl.d/x.conf has no effect at the next boot, as /etc/sysctl.d/z.conf line 3 sets it"
        " to 60: remove or change that line, or choose a sysctl_file that is read later."
    )


def test_the_name_of_a_file_is_normal():
    assert change.native_path("/etc//sysctl.d/./x.conf") == "/etc/sysctl.d/x.conf"
    assert change.native_path("") == ""
