# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which connections are meant."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket

import pytest
from ansible_collections.longlived.tcp.plugins.module_utils._sockets import selection

from .connections import a_socket, address


@pytest.mark.parametrize(
    ("cidr", "inside", "outside"),
    [
        ("10.20.0.0/16", "10.20.255.255", "10.21.0.0"),
        ("10.20.0.9", "10.20.0.9", "10.20.0.8"),
        ("0.0.0.0/0", "255.255.255.255", "2001:db8::1"),
        ("::/0", "2001:db8::1", None),
        ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"),
        ("10.20.0.0/16", "::ffff:10.20.3.4", "::10.20.3.4"),
        ("::ffff:10.20.0.0/112", "10.20.3.4", "10.21.3.4"),
    ],
)
def test_peers(cidr, inside, outside):
    for text, expected in ((inside, True), (outside, False)):
        if text is not None:
            family = socket.AF_INET6 if ":" in text else socket.AF_INET
            chosen = selection.Filter(selection.Selection((), (), (cidr,), (), True))
            assert chosen.takes(a_socket(family=family, destination=address(text))) is expected


def test_an_ipv4_address_and_the_ipv6_address_of_the_same_bytes_are_two():
    chosen = selection.Filter(selection.Selection((), (), ("32.1.13.184",), (), True))
    assert chosen.takes(a_socket(destination=address("32.1.13.184"))) is True
    assert chosen.takes(a_socket(family=socket.AF_INET6, destination=address("2001:db8::"))) is False


NO_NETWORKS = ["", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/-1", "10.0.0.0/", "::/129", "host", "10.0.0.0/8/8", "10.0.0.0/8\n"]


@pytest.mark.parametrize("text", NO_NETWORKS + [u"10.0.0.0/\u00b2", u"10.0.0.0/\u0668", "10.0.0.0/" + "9" * 5000])
def test_what_is_no_network(text):
    with pytest.raises(selection.SelectionError) as error:
        selection.network(text)
    assert str(error.value).endswith("which is no network: write it as 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32.")


def test_an_address_beyond_its_prefix():
    with pytest.raises(selection.SelectionError) as error:
        selection.network("10.0.0.1/8")
    assert str(error.value) == "peers has 10.0.0.1/8, whose address has bits beyond its prefix: write the network's own address."


@pytest.mark.parametrize(("port", "expected"), [(443, True), (41000, True), (80, False)])
def test_ports_of_either_end(port, expected):
    chosen = selection.Filter(selection.Selection((), (), (), (port,), True))
    assert chosen.takes(a_socket()) is expected


@pytest.mark.parametrize("port", [0, 65536])
def test_what_is_no_port(port):
    with pytest.raises(selection.SelectionError):
        selection.check(selection.Selection((), (), (), (port,), True))


def test_blanks_around_what_is_chosen_are_no_part_of_it():
    chosen = selection.check(selection.Selection(["worker", " data*"], (), [" 10.0.0.0/8"], (), True))
    assert (chosen.names, chosen.peers) == (["worker", "data*"], ["10.0.0.0/8"])


@pytest.mark.parametrize("glob", ["worker", "*", "[jk]worker", "worker[0-9]", "it's", "x]"])
def test_names_of_programs(glob):
    assert selection.program(glob) == glob


@pytest.mark.parametrize("text", ["[worker]", "[worker", "'worker'", "'worker", '"worker"', "['worker']", "[]", " [worker] "])
def test_a_list_that_came_as_text_is_no_name(text):
    with pytest.raises(selection.SelectionError) as error:
        selection.check(selection.Selection(["fine", text], (), (), (), True))
    assert str(error.value) == (
        "processes has %s, whose brackets or quotes would be taken for a part of the name: write the name alone, several as"
        " worker,database." % text.strip()
    )


@pytest.mark.parametrize("text", ["", " "])
def test_an_empty_name(text):
    with pytest.raises(selection.SelectionError) as error:
        selection.check(selection.Selection([text], (), (), (), True))
    assert str(error.value) == "processes has an empty name: write the program's, or leave it out."
