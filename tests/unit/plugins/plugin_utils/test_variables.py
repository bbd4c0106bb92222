# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task is asked for, and what is refused on the controller, as tables."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._host_options import KEEPALIVE, VERIFY
from ansible_collections.longlived.tcp.plugins.plugin_utils._variables import Asked, Mistakes


def keepalive(arguments: dict[str, Any] | None = None, **variables: Any) -> dict[str, Any]:
    return Asked(KEEPALIVE, ["keepalive_"]).options(arguments or {}, variables)


def verify(earlier: dict[str, Any] | None = None, **variables: Any) -> dict[str, Any]:
    return Asked(VERIFY, ["keepalive_verify_", "keepalive_"]).options({}, variables, earlier)


def refusal(arguments: dict[str, Any] | None = None, **variables: Any) -> str:
    with pytest.raises(Mistakes) as raised:
        keepalive(arguments, **variables)
    return str(raised.value)


def test_nothing_asked_for_is_every_default() -> None:
    assert keepalive() == {name: option.get("default") for name, option in KEEPALIVE.items()}


# As `-e` and AWX surveys give them: the variable, what it holds, what is understood.
TEXT = [
    ("time", "60", 60),
    ("time", " 60 ", 60),
    ("time", "", 45),
    ("time", None, 45),
    ("runtime", "false", False),
    ("aws_users", "alice, bob", ["alice", "bob"]),
    ("aws_users", '["alice", "bob"]', ["alice", "bob"]),
    ("aws_users", "", []),
    ("aws_users", "none", []),
    ("aws_users", [], []),
    ("aws_users", ["none"], []),
    ("overridden", " warn ", "warn"),
    ("sysctl_file", "/etc/x.conf\n", "/etc/x.conf"),
    ("aws_profiles", "", ["default"]),
    ("aws_settings", "tcp_keepalive=true,max_attempts=1", {"tcp_keepalive": "true", "max_attempts": "1"}),
    ("aws_settings", '{"s3": {"max_concurrent_requests": 5}}', {"s3": {"max_concurrent_requests": 5}}),
    ("aws_settings", "", {"tcp_keepalive": True}),
    ("live_peers", "10.0.0.0/8, 2001:db8::/32", ["10.0.0.0/8", "2001:db8::/32"]),
    ("parts", "sysctl", ["sysctl"]),
    ("sysctl_file", "~/x.conf", "~/x.conf"),  # the home is the host's
    ("sysctl_file", "", "/etc/sysctl.d/99-tcp-keepalive.conf"),
]


@pytest.mark.parametrize(("name", "given", "understood"), TEXT)
def test_text_counts_wherever_it_can_be_meant(name: str, given: Any, understood: Any) -> None:
    assert keepalive(**{f"keepalive_{name}": given})[name] == understood
    assert keepalive({name: given})[name] == understood


PATHS = [
    (["nat_gateway"], 350, (233, 20, 9)),
    ("nat_gateway", 350, (233, 20, 9)),
    ("nat_gateway,900", 350, (233, 20, 9)),
    ('["nat_gateway", {"name": "nlb", "idle_timeout": 900}]', 350, (233, 20, 9)),
    (["azure_lb"], 240, (135, 20, 9)),
    ([], None, (45, 45, 9)),
]


@pytest.mark.parametrize(("path", "idle_timeout", "values"), PATHS)
def test_a_path_decides_the_three_values(path: Any, idle_timeout: int | None, values: tuple[int, int, int]) -> None:
    options = keepalive(keepalive_path=path)
    assert tuple(options[name] for name in ("time", "intvl", "probes")) == values
    assert options["path"] == ([] if idle_timeout is None else [idle_timeout])


def test_an_option_counts_more_than_a_variable() -> None:
    assert keepalive({"time": 60}, keepalive_time=50)["time"] == 60
    assert keepalive({"time": ""}, keepalive_time=50)["time"] == 50


@pytest.mark.parametrize(
    ("given", "users", "default"),
    [
        ({}, [], ["@login"]),
        ({"keepalive_aws_users": ""}, [], ["@login"]),
        ({"keepalive_aws_users": "none"}, [], []),
        ({"keepalive_aws_users": []}, [], []),
        ({"keepalive_aws_users": ["alice"]}, ["alice"], []),
    ],
)
def test_a_default_user_is_for_who_named_none(given: dict[str, Any], users: list[str], default: list[str]) -> None:
    options = keepalive({"aws_users_default": ["@login"]}, **given)
    assert (options["aws_users"], options["aws_users_default"]) == (users, default)
    # What is verified later is the same.
    again = verify(options, keepalive_aws_users=["bob"])
    assert (again["aws_users"], again["aws_users_default"]) == (users, default)


def test_what_is_verified_is_what_was_asked_for() -> None:
    assert verify()["time"] == 45
    assert verify(keepalive_time=50)["time"] == 50
    # What the role was asked for in this run: its variables may not be in sight, and its defaults are.
    earlier = keepalive(keepalive_path=["nat_gateway"], keepalive_lost_probes=2)
    asked = verify(earlier, keepalive_path=[], keepalive_time=45, keepalive_lost_probes=3)
    assert [asked[name] for name in ("time", "intvl", "probes")] == [earlier[name] for name in ("time", "intvl", "probes")]
    assert verify(earlier, keepalive_verify_path=[60])["path"] == [60]
    assert verify({"time": 50}, keepalive_verify_time=60)["time"] == 60


SECONDS = "and must be a whole number from 1 to 32767 seconds."
MISTAKES = [
    ({"keepalive_time": 0}, f"keepalive_time is 0, {SECONDS}"),
    ({"keepalive_time": 32768}, f"keepalive_time is 32768, {SECONDS}"),
    ({"keepalive_intvl": "0"}, f"keepalive_intvl is 0, {SECONDS}"),
    ({"keepalive_probes": 128}, "keepalive_probes is 128, and must be a whole number from 1 to 127."),
    ({"keepalive_probes": "nine"}, "keepalive_probes is nine, and must be a whole number from 1 to 127."),
    ({"keepalive_time": 4.5}, f"keepalive_time is 4.5, {SECONDS}"),
    ({"keepalive_time": True}, f"keepalive_time is True, {SECONDS}"),
    ({"keepalive_time": "4_5"}, f"keepalive_time is 4_5, {SECONDS}"),
    ({"keepalive_time": "\u0664\u0665"}, f"keepalive_time is \u0664\u0665, {SECONDS}"),
    ({"keepalive_time": [45]}, f"keepalive_time is [45], {SECONDS}"),
    ({"keepalive_time": "9" * 5000}, SECONDS),
    ({"keepalive_margin": "9" * 19}, "must be a whole number from 0 on seconds."),
    ({"keepalive_reboot_serial": "50%"}, "keepalive_reboot_serial is 50%, and must be a whole number from 1 on."),
    ({"keepalive_lost_probes": 127}, "keepalive_lost_probes is 127, and must be a whole number from 0 to 126."),
    ({"keepalive_margin": -1}, "keepalive_margin is -1, and must be a whole number from 0 on seconds."),
    ({"keepalive_state": "gone"}, "value of keepalive_state must be one of: present, absent, got: gone."),
    (
        {"keepalive_parts": "sysctl,awz"},
        "value of keepalive_parts must be one or more of: sysctl, aws, live_sockets, new_sockets. Got no match for: awz.",
    ),
    ({"keepalive_runtime": "perhaps"}, "keepalive_runtime"),
    ({"keepalive_aws_settings": "tcp_keepalive"}, "keepalive_aws_settings"),
    (
        {"keepalive_aws_settings": {"aws_session_token": "x"}, "keepalive_aws_users": "alice"},
        "settings holds credentials (aws_session_token)",
    ),
    # A credential is shown nowhere, also where no user is named.
    ({"keepalive_aws_settings": {"aws_secret_access_key": "x"}}, "settings holds credentials (aws_secret_access_key)"),
    ({"keepalive_aws_users": "none,alice"}, "keepalive_aws_users has none beside other names: none alone means no user."),
    ({"keepalive_parts": "aws"}, "keepalive_parts is aws, which leaves nothing to do: add a part, or say what this one is to do."),
    ({"keepalive_parts": "aws,live_sockets", "keepalive_aws_users": "none"}, "keepalive_parts is aws, live_sockets, which leaves"),
    ({"keepalive_parts": []}, "keepalive_parts is empty, which leaves nothing to do"),
    ({"keepalive_parts": "live_sockets", "keepalive_live_sockets": "rearm", "keepalive_state": "absent"}, "leaves nothing to do"),
    ({"keepalive_foreign_variables": [{"a": 1}], "keepalive_tiem": 1}, "keepalive_tiem"),
    ({"keepalive_aws_profiles": [""], "keepalive_aws_users": "alice"}, "profiles: '' is no name of a profile"),
    ({"keepalive_path": ["alb"]}, "alb takes no notice of TCP keepalive probes"),
    ({"keepalive_path": "nta_gateway"}, "nta_gateway is no appliance of the table"),
    ({"keepalive_live_sockets": "rearm", "keepalive_live_peers": "10.0.0.1/8"}, "keepalive_live_peers has 10.0.0.1/8"),
    ({"keepalive_live_processes": "[worker]"}, "keepalive_live_processes has [worker], whose brackets or quotes"),
    ({"keepalive_live_processes": ["worker", None]}, "keepalive_live_processes has an empty name"),
    ({"keepalive_verify_processes": "a,,b"}, "keepalive_verify_processes has an empty name"),
    ({"keepalive_aws_users": "alice,"}, "keepalive_aws_users has an empty name"),
    ({"keepalive_aws_users": ["alice", None]}, "keepalive_aws_users has an empty name"),
    (
        {"keepalive_live_sockets": "enable"},
        "keepalive_live_sockets is enable, and nothing says for which connections: name programs in keepalive_live_processes"
        " (keepalive_live_processes=* for all), or networks in keepalive_live_peers.",
    ),
    (
        {"keepalive_live_sockets": "rearm", "keepalive_runtime": False},
        "keepalive_live_sockets is rearm, and keepalive_runtime is false, which leaves alone all that runs: leave out one of them.",
    ),
    (
        {"keepalive_reboot": "always", "keepalive_runtime": False},
        "keepalive_reboot is always, and keepalive_runtime is false, which leaves alone all that runs: leave out one of them.",
    ),
]


@pytest.mark.parametrize(("variables", "sentence"), MISTAKES, ids=[str(variables) for variables, _sentence in MISTAKES])
def test_what_cannot_be_meant_is_refused(variables: dict[str, Any], sentence: str) -> None:
    assert sentence in refusal(None, **variables)
    # It is called as it was written.
    if "keepalive_verify_processes" not in variables:
        options = {name.removeprefix("keepalive_"): value for name, value in variables.items()}
        assert sentence.replace("keepalive_", "").partition(", ")[0] in refusal(options).replace("keepalive_", "")


def test_every_mistake_is_said_at_once() -> None:
    assert refusal(None, keepalive_time=0, keepalive_probes=0, keepalive_tiem=1).count(" is 0, and must be ") == 2


def test_misspelt_names() -> None:
    names = ["keepalive_time", "keepalive_verify_time", "keepalive_tiem", "keepalive_verify_prbes", "keepalive_xyzzy", "keepalive_timeout"]
    found = refusal(None, **dict.fromkeys(names), keepalive_foreign_variables=["keepalive_timeout"], keepalive_result={})
    foreign = "If it belongs to something else, name it in keepalive_foreign_variables."
    assert found == (
        f"The roles have no variable keepalive_tiem: did you mean keepalive_time? {foreign}"
        f" The roles have no variable keepalive_verify_prbes: did you mean keepalive_verify_probes? {foreign}"
        f" The roles have no variable keepalive_xyzzy: see ansible-doc -t role longlived.tcp.keepalive. {foreign}"
    )
    assert refusal({"tiem": 45}) == "There is no option tiem: see ansible-doc longlived.tcp.keepalive."


@pytest.mark.parametrize(
    "given",
    [
        {"keepalive_aws_users": "alice"},
        {"keepalive_live_sockets": "rearm"},
        {"keepalive_verify_processes": "worker"},
    ],
)
def test_parts_in_which_something_is_asked_for_are_enough(given: dict[str, Any]) -> None:
    assert keepalive(keepalive_parts="aws,live_sockets", **given)["parts"] == ["aws", "live_sockets"]


def test_a_registered_result_may_have_any_name() -> None:
    keepalive(keepalive_run={"changed": False}, keepalive_check={"skipped": True}, keepalive_try={"failed": True})


def test_a_default_user_of_this_run_is_verified_too() -> None:
    earlier = keepalive({"aws_users_default": ["@login"]})
    assert verify(earlier)["aws_users_default"] == ["@login"]
    # The default of the roles, which are in sight of the second task only.
    assert verify(earlier, keepalive_aws_users=[])["aws_users_default"] == ["@login"]


def test_a_rollback_asks_nothing_of_live_connections() -> None:
    keepalive(keepalive_state="absent", keepalive_live_sockets="enable", keepalive_verify_processes="[a]")
