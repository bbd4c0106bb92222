# Copyright (c) 2026, longlived.tcp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/reference: a page for each module, role, filter and callback, made from its own documentation.

    python scripts/reference_pages.py [DIRECTORY]

ansible-doc reads the documentation of the collection that is installed, and antsibull-docs' parser its markup. The pages
are Markdown: GitHub leaves out the tables that antsibull-docs itself writes, which are raw HTML in reStructuredText.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from antsibull_docs_parser import dom
from antsibull_docs_parser.parser import Context, parse

COLLECTION = "longlived.tcp."
PAGES = Path(__file__).parents[1] / "docs" / "reference"
KINDS = {"module": "Modules", "role": "Roles", "filter": "Filters", "callback": "Callbacks"}
MADE = "<!-- Made by `nox -s made-pages` from the documentation in {}: change it there, not on this page. -->\n"
SOURCES = {
    "module": "plugins/modules/{}.py",
    "role": "roles/{}/meta/argument_specs.yml",
    "filter": "plugins/filter/{}.py",
    "callback": "plugins/callback/{}.py",
}
CORE = "https://docs.ansible.com/ansible/latest/collections/"


def documentation() -> dict[str, dict[str, Any]]:
    """By kind and name, what ansible-doc knows of the collection."""
    command = ["ansible-doc", "--metadata-dump", "--no-fail-on-errors", COLLECTION.rstrip(".")]
    everything = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["all"]
    return {kind: {name.removeprefix(COLLECTION): doc for name, doc in sorted(everything[kind].items())} for kind in KINDS}


def page(kind: str, name: str, found: Mapping[str, Any]) -> str:
    doc = found["entry_points"]["main"] if kind == "role" else found["doc"]
    text = Markup(kind, COLLECTION + name)
    words = [
        MADE.format(f"`{SOURCES[kind].format(name)}`"),
        f"# {COLLECTION}{name} ({kind})\n",
        f"{text.line(doc['short_description'])}.\n",
    ]
    words += [f"- {text.line(one)}" for one in paragraphs(doc["description"])]
    words += [f"\n{text.line(one)}" for one in paragraphs(doc.get("notes", []))]
    if doc.get("options"):
        heading = {"module": "Options", "role": "Variables", "filter": "Input and options", "callback": "Options"}[kind]
        words += [f"\n## {heading}\n", "| Name | Type | Default | |", "|---|---|---|---|", *options(doc["options"], text)]
    if doc.get("attributes"):
        words += ["\n## Attributes\n", "| | | |", "|---|---|---|"]
        words += [
            f"| `{one}` | {attribute.get('support', '')} | {attributes(attribute, text)} |" for one, attribute in doc["attributes"].items()
        ]
    if found.get("examples"):
        words += ["\n## Examples\n", "```yaml", found["examples"].strip("\n"), "```"]
    if found.get("return"):
        heading = "Return values" if kind == "module" else "Result"
        words += [f"\n## {heading}\n", "| Name | Type | Returned | |", "|---|---|---|---|", *returned(found["return"], text)]
    if doc.get("seealso"):
        words += ["\n## See also\n", *(f"- {see(one, text)}" for one in doc["seealso"])]
    return "\n".join(words) + "\n"


def options(found: Mapping[str, Any], text: Markup, inside: str = "") -> Iterable[str]:
    for name, option in sorted(found.items()):
        shown = "" if option.get("default") is None else f"`{value(option['default'])}`"
        default = "required" if option.get("required") else shown
        said = [text.line(one) for one in paragraphs(option.get("description", []))]
        if option.get("choices"):
            said.append("One of " + ", ".join(f"`{value(choice)}`" for choice in option["choices"]) + ".")
        yield f"| `{inside}{name}` | {type_of(option)} | {default} | {cell(said)} |"
        yield from options(option.get("options") or {}, text, f"{inside}{name}.")


def returned(found: Mapping[str, Any], text: Markup, inside: str = "") -> Iterable[str]:
    for name, one in found.items():
        said = [text.line(paragraph) for paragraph in paragraphs(one.get("description", []))]
        if "sample" in one:
            said.append(f"Sample: `{value(one['sample'])}`")
        yield f"| `{inside}{name}` | {type_of(one)} | {text.line(one.get('returned', ''))} | {cell(said)} |"
        yield from returned(one.get("contains") or {}, text, f"{inside}{name}[]." if one.get("type") == "list" else f"{inside}{name}.")


def attributes(attribute: Mapping[str, Any], text: Markup) -> str:
    said = [*paragraphs(attribute.get("description", [])), *paragraphs(attribute.get("details", []))]
    platforms = [f"Platforms: {attribute['platforms']}."] if attribute.get("platforms") else []
    return cell([*(text.line(one) for one in said), *platforms])


def see(one: Mapping[str, Any], text: Markup) -> str:
    if "module" in one or "plugin" in one:
        kind = "module" if "module" in one else one["plugin_type"]
        link = text.link(one.get("module") or one["plugin"], kind)
    else:
        link = f"[{one['name']}]({one['link']})" if "link" in one else one["name"]
    return f"{link}{': ' + text.line(one['description']) if one.get('description') else ''}"


def type_of(one: Mapping[str, Any]) -> str:
    return f"{one.get('type', 'str')} of {one['elements']}" if one.get("elements") else str(one.get("type", "str"))


def value(one: Any) -> str:
    return one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)


def cell(said: Iterable[str]) -> str:
    return " ".join(said).replace("\n", " ").replace("|", "\\|")


def paragraphs(found: str | list[str]) -> list[str]:
    return [found] if isinstance(found, str) else found


class Markup:
    """Ansible's markup as Markdown, on the page of one plugin."""

    def __init__(self, kind: str, name: str) -> None:
        self._context = Context(dom.PluginIdentifier(name, kind), "main" if kind == "role" else None)

    def line(self, source: str) -> str:
        return "".join(self._part(part) for paragraph in parse(source, self._context, errors="exception") for part in paragraph)

    def link(self, name: str, kind: str) -> str:
        if name.startswith(COLLECTION) and kind in KINDS:
            return f"[{name}]({name.removeprefix(COLLECTION)}_{kind}.md)"
        return f"[{name}]({CORE}{'/'.join(name.split('.'))}_{kind}.html)"

    def _part(self, part: Any) -> str:
        kind = part.type.name
        if kind in ("OPTION_NAME", "RETURN_VALUE"):
            named = part.name if part.value is None else f"{part.name}={part.value}"
            elsewhere = part.plugin and part.plugin != self._context.current_plugin
            return f"`{named}`" + (f" of {self.link(part.plugin.fqcn, part.plugin.type)}" if elsewhere else "")
        if kind == "TEXT":
            # What looks like HTML to a browser; nothing else of Markdown occurs in the documentation.
            return str(part.text).replace("<", "&lt;").replace("*", "\\*")
        if kind == "MODULE":
            return self.link(part.fqcn, "module")
        if kind == "PLUGIN":
            return self.link(part.plugin.fqcn, part.plugin.type)
        if kind == "URL":
            return f"<{part.url}>"
        if kind == "LINK":
            return f"[{part.text}]({part.url})"
        marks = {"CODE": "`{}`", "OPTION_VALUE": "`{}`", "ENV_VARIABLE": "`{}`", "ITALIC": "*{}*", "BOLD": "**{}**"}
        shown = getattr(part, {"OPTION_VALUE": "value", "ENV_VARIABLE": "name"}.get(kind, "text"))
        return marks[kind].format(shown)


def index(found: Mapping[str, Mapping[str, Any]]) -> str:
    words = [MADE.format("`plugins` and `roles`"), "# Reference\n", "The same as `ansible-doc` says of the installed collection.\n"]
    for kind, heading in KINDS.items():
        words += [f"## {heading}\n", "| | |", "|---|---|"]
        for name, one in found[kind].items():
            doc = one["entry_points"]["main"] if kind == "role" else one["doc"]
            words.append(f"| [{name}]({name}_{kind}.md) | {Markup(kind, COLLECTION + name).line(doc['short_description'])} |")
        words.append("")
    words.append(PLAYBOOKS)
    return "\n".join(words)


PLAYBOOKS = """## Playbooks

Their variables are those of the roles.

| | |
|---|---|
| `longlived.tcp.keepalive` | [keepalive](keepalive_role.md), then [keepalive_verify](keepalive_verify_role.md), on all hosts |
| `longlived.tcp.verify` | [keepalive_verify](keepalive_verify_role.md) alone: changes nothing |
| `longlived.tcp.rollback` | [keepalive](keepalive_role.md) with `keepalive_state: absent`, then the other |

## Defaults for all modules

All modules are in the action group `longlived.tcp.keepalive`: `module_defaults: {group/longlived.tcp.keepalive: {...}}`, with options
that the modules in a play have in common, such as `idle_timeout`.
"""


def main(directory: Path) -> None:
    found = documentation()
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("*.md"):
        old.unlink()
    for kind, plugins in found.items():
        for name, one in plugins.items():
            (directory / f"{name}_{kind}.md").write_text(page(kind, name, one), encoding="utf-8")
    (directory / "README.md").write_text(index(found), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PAGES)
