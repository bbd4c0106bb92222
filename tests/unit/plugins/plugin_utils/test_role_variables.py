# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes in role variables, as a table."""

from __future__ import annotations

import pytest
from ansible_collections.longlived.tcp.plugins.plugin_utils._role_variables import mistakes

GOOD = {"time": 45, "intvl": 45, "probes": 9}

OUT_OF_RANGE = [
    ({"time": 0}, "keepalive_time is 0, and must be a whole number from 1 to 32767 seconds."),
    ({"time": 32768}, "keepalive_time is 32768, and must be a whole number from 1 to 32767 seconds."),
    ({"intvl": "0"}, "keepalive_intvl is 0, and must be a whole number from 1 to 32767 seconds."),
    ({"probes": 128}, "keepalive_probes is 128, and must be a whole number from 1 to 127."),
    ({"probes": "nine"}, "keepalive_probes is nine, and must be a whole number from 1 to 127."),
    ({"time": 4.5}, "keepalive_time is 4.5, and must be a whole number from 1 to 32767 seconds."),
    ({"time": True}, "keepalive_time is True, and must be a whole number from 1 to 32767 seconds."),
    ({"time": "4_5"}, "keepalive_time is 4_5, and must be a whole number from 1 to 32767 seconds."),
    ({"time": "\u0664\u0665"}, "keepalive_time is \u0664\u0665, and must be a whole number from 1 to 32767 seconds."),
    ({"time": None}, "keepalive_time is None, and must be a whole number from 1 to 32767 seconds."),
]


@pytest.mark.parametrize("values", [GOOD, {"time": "45", "intvl": " 1 ", "probes": "127"}, {"time": 32767, "intvl": 32767, "probes": 1}])
def test_values_in_range(values: dict[str, object]) -> None:
    assert mistakes(values, "keepalive_", []) == []


@pytest.mark.parametrize(("changed", "sentence"), OUT_OF_RANGE)
def test_values_out_of_range(changed: dict[str, object], sentence: str) -> None:
    assert mistakes({**GOOD, **changed}, "keepalive_", []) == [sentence]


def test_misspelt_names() -> None:
    names = ["keepalive_time", "keepalive_verify_time", "keepalive_tiem", "keepalive_verify_prbes", "keepalive_xyzzy", "keepalive_timeout"]
    somebodys = "If it is somebody else's, name it in keepalive_foreign_variables."
    assert mistakes(GOOD, "keepalive_", names, foreign=["keepalive_timeout"]) == [
        f"The roles have no variable keepalive_tiem: did you mean keepalive_time? {somebodys}",
        f"The roles have no variable keepalive_verify_prbes: did you mean keepalive_verify_probes? {somebodys}",
        f"The roles have no variable keepalive_xyzzy: see ansible-doc -t role longlived.tcp.keepalive. {somebodys}",
    ]


@pytest.mark.parametrize("serial", [0, -1, "abc", "50%", 1.5])
def test_how_many_hosts_reboot_at_a_time(serial: object) -> None:
    (sentence,) = mistakes(GOOD, "keepalive_", [], serial=serial)
    assert sentence.startswith(f"keepalive_reboot_serial is {serial}, and must be a whole number from 1 on")


LIVE = [
    (("leave", [], []), []),
    (("rearm", [], []), []),
    (("enable", ["worker"], []), []),
    (("enable", "worker", ""), []),
    (("enable", [], "10.0.0.0/8, 2001:db8::/32"), []),
    (("enable", ["[jk]worker", "worker[0-9]"], [" 10.0.0.0/8"]), []),
    (("enable", "worker, database", []), []),
    (("enable", [7], []), []),
    (("leave", "[worker]", ""), ["keepalive_live_processes has [worker], whose brackets or quotes would be"]),
    (("rearm", "['one', 'two']", ""), ["keepalive_live_processes has ['one', whose", "keepalive_live_processes has 'two'], whose"]),
    (("enable", "[worker,", ""), ["keepalive_live_processes has [worker, whose", "keepalive_live_processes has an empty name: "]),
    (("enable", ['"worker"'], []), ['keepalive_live_processes has "worker", whose']),
    (("enable", [["worker"]], []), ["keepalive_live_processes has ['worker'], whose"]),
    *(
        (("enable", nothing, []), ["keepalive_live_sockets is enable, and nothing says", "keepalive_live_processes has an empty name: "])
        for nothing in ([""], [" "], [None], " ")
    ),
    (("leave", None, 5), ["keepalive_live_processes is None, and must be a list", "keepalive_live_peers is 5, and must be a list"]),
    (("rearm", [], [None]), ["keepalive_live_peers has , which is no network"]),
    (("rearm", [], ["10.0.0.0/\u00b2"]), ["keepalive_live_peers has 10.0.0.0/\u00b2, which is no network"]),
    (("enable", [], []), ["keepalive_live_sockets is enable, and nothing says for which connections: name programs in"]),
    (("enable", "", ""), ["keepalive_live_sockets is enable, and nothing says for which connections: name programs in"]),
    (
        ("leave", [], ["10.0.0.1/8", "here"]),
        ["keepalive_live_peers has 10.0.0.1/8, whose address has bits beyond", "keepalive_live_peers has here, which is no network"],
    ),
]


@pytest.mark.parametrize(("live", "sentences"), LIVE)
def test_what_is_to_be_done_to_live_connections(live: tuple[object, ...], sentences: list[str]) -> None:
    said = mistakes(GOOD, "keepalive_", [], live=dict(zip(("sockets", "processes", "peers"), live, strict=True)))
    assert len(said) == len(sentences)
    assert all(line.startswith(sentence) for line, sentence in zip(said, sentences, strict=True))


def test_how_to_choose_every_program_can_be_typed_as_it_stands() -> None:
    (said,) = mistakes(GOOD, "keepalive_", [], live={"sockets": "enable", "processes": [], "peers": []})
    assert said.endswith(
        "name programs in keepalive_live_processes (keepalive_live_processes=* for all), or networks in keepalive_live_peers."
    )
