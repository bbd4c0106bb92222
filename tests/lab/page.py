# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's findings as a page, and as a chart.

Findings are what `survival.json` holds: `scale`, `machine`, `versions`, `missing`, `results`, `losses`, `planned`, `traffic`,
`live`, `accepted`; pure data in, text out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape

from .appliances import APPLIANCES
from .clients import ANSWER, CLIENTS, RESET, TIMEOUT, WAITING
from .lab import CASES, CONTAINER
from .scale import Scale

Findings = dict[str, Any]

OUTCOMES = {
    ANSWER: "the answer",
    RESET: "its connection ended",
    TIMEOUT: "nothing, until its read timeout",
    WAITING: "nothing, and still waits",
}
_CASES = {
    "before": "untouched",
    "role": "role",
    "line": "role and setting",
    "connect": "role, new_sockets: connect",
    CONTAINER: "in a container",
}


def table(results: list[dict[str, Any]]) -> str:
    """Rows of clients, columns of appliances, and in a cell the cases in their order."""
    by_cell = {(one["appliance"], one["client"], one["case"]): one for one in results}
    appliances = [name for name in APPLIANCES if any(one["appliance"] == name for one in results)]
    lines = ["| | " + " | ".join(APPLIANCES[name].title for name in appliances) + " | needs besides the role |"]
    lines.append("|---" * (len(appliances) + 2) + "|")
    for name, client in CLIENTS.items():
        if not any(one["client"] == name for one in results):
            continue
        cells = [" ".join(_mark(by_cell.get((appliance, name, case))) for case in CASES) for appliance in appliances]
        lines.append(f"| {client.title} | " + " | ".join(cells) + f" | {_needs(name)} |")
    return "\n".join(lines)


def _mark(result: dict[str, Any] | None) -> str:
    return "–" if result is None else "✓" if _arrived(result) else "✗"


def _needs(name: str) -> str:
    client = CLIENTS[name]
    if client.line:
        return f"`{client.line}`"
    if not client.reachable:
        return "has no setting: [`keepalive_new_sockets`](new-sockets.md)"
    return f"nothing: it sets its own {client.pinned:g} s" if client.pinned is not None else "nothing"


def summary(findings: Findings) -> str:
    """Before and after, for clients that leave the times to the kernel, where an idle connection is dropped."""
    cells = [
        one
        for one in findings["results"]
        if CLIENTS[one["client"]].pinned is None and not (APPLIANCES[one["appliance"]].sticky or APPLIANCES[one["appliance"]].proxy)
    ]
    arrived = {case: {(one["client"], one["appliance"]) for one in cells if one["case"] == case and _arrived(one)} for case in CASES}
    asked = len({(one["client"], one["appliance"]) for one in cells})
    before, role, line = arrived["before"], arrived["role"], arrived["role"] | arrived["line"]
    return (
        f"Of {asked} answers {len(before)} arrive on untouched hosts, {len(role)} with the role, {len(line)} with the role and the"
        f" client's own setting, and {len(arrived['connect'])} with the role and `keepalive_new_sockets: connect`."
    )


def container(findings: Findings) -> str:
    """How many clients get their answer in a container, behind a NAT gateway."""
    those = [one for one in findings["results"] if one["case"] == CONTAINER]
    return f"{sum(map(_arrived, those))} of {len(those)}"


def _accepted(findings: Findings) -> str:
    return "arrives" if all(one["lived"] for one in findings["accepted"]) else "does not arrive"


def _arrived(one: dict[str, Any]) -> bool:
    return bool(one["outcome"] == ANSWER)


def title(name: str) -> str:
    """Of an appliance or a client."""
    return APPLIANCES[name].title if name in APPLIANCES else CLIENTS[name].title


def page(findings: Findings) -> str:
    scale = Scale(findings["scale"])
    values = "/".join(str(value) for value in scale.values.values())
    versions = ", ".join(f"{name} {version}" for name, version in findings["versions"].items())
    missing = "".join(f"\nNot run: {title(name)}: {reason}.\n" for name, reason in findings["missing"].items())
    return f"""<!-- Made by `make lab SCALE=1`, from survival.json: change tests/lab/page.py, not this page. -->

# Does the answer arrive?

Each client sends **one** request and waits {scale.answer} s for the answer, on a path whose appliance drops a connection after
{scale.idle_timeout} s of silence. It does so four times: on an untouched host, after the role `keepalive` ({values}), after the role
with the client's own setting for keepalive, and after the role with `keepalive_new_sockets: connect`, without the client's setting.

**{summary(findings)}** This counts the clients that leave the times to the kernel, on the appliances that drop idle flows and honor probes.

![Time lines of every client behind a NAT gateway](survival.svg)

✓ the answer arrived, ✗ it did not, – the client has no setting. In this order: untouched, the role, the role and the client's setting,
the role with `keepalive_new_sockets: connect`.

{table(findings["results"])}
{missing}
- Every client's **read timeout** was set to {scale.patience} s, and its retries were off. By default the AWS CLI and boto3 give up after
  60 s and invoke again: keepalive needs [both settings](aws.md).
- Behind an **application proxy** keepalive cannot help: the proxy ends TCP, answers the probes itself and counts bytes. Raise its
  timeout, or send data.
- A **sticky** Gateway Load Balancer sends a flow to the same firewall again, and the answer arrives as long as that firewall knows the flow
  (here five days). This is the alternative to keepalive if you can configure the load balancer.
- In a **container**, a network namespace with the kernel's 7200/75/9, on a host with `keepalive_new_sockets: connect`,
  {container(findings)} clients get their answer behind a NAT gateway.
- If only **the server's host** has `keepalive_new_sockets: connect_and_accept`, the answer {_accepted(findings)} at a plain socket behind a
  NAT gateway.
- Clients that **set their own times** ignore the kernel's, and need no role wherever keepalive helps.

## Loss

Once the request has arrived, each packet is lost with a probability of 20 %, in both directions.

| time/intvl/probes | Idle timeout | Answer after | Connections | Lived | Computed |
|---|---|---|---|---|---|
{_rows(_loss(one) for one in findings["losses"])}

## Planned values

With `keepalive_path: [35]`, `keepalive_lost_probes: 3` and `keepalive_margin: 0`, a firewall rule dropped this many probes in a row:

| First lost probe | Lost in a row | |
|---|---|---|
{_rows((one["first"], one["lost"], "lived" if one["lived"] else "died") for one in findings["planned"])}

Packets of an idle connection, probes and replies, with values in proportion to 45/45/9 and with planned values:

| Idle timeout | time/intvl/probes | Packets | in seconds | an hour |
|---|---|---|---|---|
{_rows(_traffic(one) for one in findings["traffic"])}

## Connections that were open before the role

Each was idle when the role ran. Unprotected, the path drops it after the seconds that are left:

| `keepalive_live_sockets` | Its program turned keepalive on | Reported after the role | Seconds left | |
|---|---|---|---|---|
{_rows(_live(one) for one in findings["live"])}

## Every cell

<details><summary>What the client saw, what the server saw, and the packets on the client's side</summary>

| {" | ".join(_CELL)} |
{"|---" * len(_CELL)}|
{_rows(_cell(one) for one in findings["results"])}

</details>

## How it was measured

{findings["machine"]}. {versions}.

The clients ran in the network namespaces of whole Debian 12 hosts, after ansible-playbook had run the role on them over ssh. The
appliances are Linux's connection tracking with the documented behavior of the real ones, and HAProxy. The server speaks Lambda's
`Invoke`, psql's is a real PostgreSQL. Retries were off. `make lab` repeats it in proportion, `make lab SCALE=1` as it is here.
"""


def _rows(rows: Iterable[Iterable[object]]) -> str:
    return "\n".join("| " + " | ".join(str(field) for field in row) + " |" for row in rows)


def _values(values: dict[str, int]) -> str:
    return "/".join(str(values[name]) for name in ("time", "intvl", "probes"))


def _loss(one: dict[str, Any]) -> tuple[object, ...]:
    low, high = one["predicted"]
    predicted = f"{low:.1f}" if round(low, 1) == round(high, 1) else f"{low:.1f}-{high:.1f}"
    return _values(one["values"]), f"{one['idle_timeout']} s", f"{one['wait']:g} s", one["number"], one["lived"], predicted


def _traffic(one: dict[str, Any]) -> tuple[object, ...]:
    return f"{one['idle_timeout']} s", _values(one["values"]), one["packets"], one["seconds"], round(one["packets"] * 3600 / one["seconds"])


def _live(one: dict[str, Any]) -> tuple[object, ...]:
    state = one["state"] + (f" ({one['reason']})" if one["reason"] else "")
    return f"`{one['live_sockets']}`", "yes" if one["asked"] else "no", state, round(one["left"]), "lived" if one["lived"] else "died"


_CELL = (
    "Appliance",
    "Client",
    "",
    "The client got",
    "after, s",
    "The server saw",
    "Probes",
    "Packets from the client",
    "to it",
    "Resets from it",
    "to it",
    "At the other firewall",
)


def _cell(one: dict[str, Any]) -> tuple[object, ...]:
    what = OUTCOMES.get(one["outcome"], one["outcome"])
    packets = one["packets"]
    counted = [packets[name] for name in ("probes", "from_client", "to_client", "resets_from_client", "resets_to_client", "other_firewall")]
    who = APPLIANCES[one["appliance"]].title, CLIENTS[one["client"]].title, _CASES[one["case"]]
    return *who, what, round(one["seconds"]), ", ".join(one["server"]), *counted


# --- the chart -----------------------------------------------------------------------------------

WIDTH, LEFT, ROW, TOP = 920, 325, 16, 60
MOST_DOTS = 40
GOOD, BAD, QUIET, INK = "#1a7f37", "#cf222e", "#8b949e", "#24292f"


def chart(findings: Findings, appliance: str = "nat_gateway") -> str:
    """Time lines of every client on one path: to the answer, or to the moment at which nobody waited any more."""
    scale = Scale(findings["scale"])
    order = list(CLIENTS)
    results = [one for one in findings["results"] if one["appliance"] == appliance and one["case"] in CASES]
    results.sort(key=lambda one: (order.index(one["client"]), CASES.index(one["case"])))
    longest = max(scale.patience, *(one["seconds"] for one in results))

    def x(seconds: float) -> float:
        return float(LEFT + seconds / longest * (WIDTH - LEFT - 20))

    body: list[str] = []
    y = float(TOP)
    for client, group in groupby(results, key=lambda one: one["client"]):
        body.append(_text(10, y + ROW * 0.7, CLIENTS[client].title, weight="bold"))
        for one in group:
            body.append(_text(LEFT - 10, y + ROW * 0.7, _CASES[one["case"]], anchor="end"))
            body += _line(one, x, y + ROW / 2, scale)
            y += ROW
        y += ROW / 2
    marks = [(scale.idle_timeout, f"{scale.idle_timeout} s: dropped if idle"), (scale.answer, f"{scale.answer} s: the answer")]
    head = _text(10, 20, f"One request through a {APPLIANCES[appliance].title}, by client", size=15, weight="bold")
    for number, (at, text) in enumerate(marks):
        head += f'<line x1="{x(at):.0f}" y1="{TOP - 8}" x2="{x(at):.0f}" y2="{y:.0f}" stroke="{QUIET}" stroke-dasharray="3 3"/>'
        head += _text(x(at), TOP - 14 - 14 * (1 - number), text, anchor="end" if number == 0 else "middle")
    height = y + 30
    legend = _text(
        10,
        height - 10,
        "green: the answer arrived; red: it did not; dots: keepalive probes; dashed: the client waits in vain",
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" font-family="sans-serif" role="img">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{head}{"".join(body)}{legend}</svg>\n'
    )


def _line(one: dict[str, Any], x: Callable[[float], float], y: float, scale: Scale) -> list[str]:
    lived, probes = _arrived(one), one["packets"]["probes"]
    color, end = GOOD if lived else BAD, min(one["seconds"], scale.patience)
    known = end if lived else min(end, scale.idle_timeout)

    def stroke(begin: float, to: float, style: str) -> str:
        return f'<line x1="{x(begin):.0f}" y1="{y:.1f}" x2="{x(to):.0f}" y2="{y:.1f}" stroke="{color}" {style}/>'

    dots = min(probes, MOST_DOTS)
    return [
        stroke(0, known, 'stroke-width="3"'),
        *([stroke(known, end, 'stroke-width="1" stroke-dasharray="4 4"')] if end > known else []),
        *(f'<circle cx="{x(end * (number + 1) / (dots + 1)):.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for number in range(dots)),
        _text(x(end) + 5, y + 4, ("✓" if lived else "✗") + (f" {probes} probes" if probes > MOST_DOTS else ""), color=color),
    ]


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = 11, weight: str = "normal", color: str = INK) -> str:
    style = f'text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" fill="{color}"'
    return f'<text x="{x:.0f}" y="{y:.0f}" {style}>{escape(text)}</text>'
