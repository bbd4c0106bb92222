// SPDX-FileCopyrightText: (c) 2026, longlived.tcp contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Everything of a report is shown as text: nothing here makes HTML of it.
"use strict";

const PAGE = 200;
const SCHEMA = 1;
const VERDICTS = { right: "right", drifted: "drifted now", next_boot: "wrong at the next boot", failed: "failed", unreachable: "unreachable", hidden: "hidden by no_log" };
const BETTER = Object.keys(VERDICTS); // from the best to the worst
const STATES = ["protected", "stale", "unprotected", "unknown"];

const element = (id) => document.getElementById(id);
const state = { tab: "hosts", tile: "", q: "", sort: "host", dir: 1, shown: PAGE };
let hosts = new Map(); // by name, what is shown
let before = null; // the same of an earlier run, if there is one
let current = [];

// --- reading ---------------------------------------------------------------------------------------

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (one) => one.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

function* lines(text) {
  for (let begin = 0; begin < text.length; ) {
    let end = text.indexOf("\n", begin);
    if (end < 0) end = text.length;
    if (end > begin) yield text.slice(begin, end);
    begin = end + 1;
  }
}

// The text of a line is kept, and read again where its row is opened.
function light(text) {
  const one = JSON.parse(text);
  if (typeof one !== "object" || one === null || one.schema !== SCHEMA || typeof one.host !== "string") throw new Error("no line of a report");
  const boot = Object.values(one.boot || {}), sockets = one.sockets || null, deciding = new Map();
  for (const [, file, line] of boot) deciding.set(file || "the kernel's defaults", [...(deciding.get(file) || []), ...(file ? [line] : [])]);
  const row = {
    text, host: one.host, run: String(one.run), time: String(one.time), groups: (one.groups || []).join(" "),
    verdict: VERDICTS[one.verdict] ? one.verdict : "failed",
    now: (one.runtime || []).join("/"), next: boot.map((each) => each[0]).join("/"),
    files: [...deciding.keys()],
    file: [...deciding].map(([file, at]) => at.length ? `${file}:${at.join(",")}` : file).join(" "),
    aws: (one.aws || []).map((each) => `${each[0]} ${each[3] ? "on" : "off"}`).join(", "),
    sockets, danger: sockets ? sockets[1] + sockets[2] : 0,
    connections: one.new_connections ? (one.new_connections.hooks.join(" ") || "as programs ask") : "",
    programs: (one.processes || []).filter((each) => each[3][1] + each[3][2]).map((each) => [each[0], each[3][1], each[3][2]]),
    silent: one.without_keepalive || [],
    containers: (one.namespaces || []).filter((each) => each[3] === null).length,
    message: one.message || (one.problems || []).map((each) => each.message).join(" "),
  };
  row.found = [row.host, row.groups, VERDICTS[row.verdict], row.now, row.next, row.file, row.aws, row.connections, row.message].join("\n").toLowerCase();
  return row;
}

function put(into, row) {
  const old = into.get(row.host);
  if (!old || old.time <= row.time) into.set(row.host, row);
}

// --- what is shown ---------------------------------------------------------------------------------

function make(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  made.append(...children.map((child) => child instanceof Node ? child : String(child ?? "")));
  return made;
}

function bar(sockets) {
  if (!sockets) return "";
  const all = sockets.reduce((sum, one) => sum + one, 0), space = "http://www.w3.org/2000/svg";
  const said = STATES.map((name, number) => `${sockets[number]} ${name}`).join(", ");
  const svg = document.createElementNS(space, "svg");
  for (const [key, value] of Object.entries({ class: "bar", role: "img", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-label": said })) svg.setAttribute(key, value);
  const title = document.createElementNS(space, "title");
  title.textContent = said;
  svg.append(title);
  let x = 0;
  sockets.forEach((number, place) => {
    const part = document.createElementNS(space, "rect"), width = all ? number / all * 100 : 0;
    for (const [key, value] of Object.entries({ class: STATES[place], x, y: 0, width, height: 10 })) part.setAttribute(key, value);
    svg.append(part);
    x += width;
  });
  return svg;
}

const HOSTS = [
  ["host", "Host", (row) => opener(row)], ["groups", "Groups"], ["verdict", "Verdict", (row) => make("span", { class: row.verdict }, VERDICTS[row.verdict])],
  ["now", "time/intvl/probes"], ["next", "Next boot"], ["file", "Deciding file and line"], ["aws", "AWS users"],
  ["danger", "Connections", (row) => bar(row.sockets)], ["connections", "New connections"], ["containers", "Containers with other values"],
];
const COUNTED = { programs: ["Program", "Hosts", "Stale", "Unprotected", "What to do"], files: ["File", "Hosts", "Of them not right"], messages: ["Message", "Hosts"] };

function opener(row) {
  const made = make("button", { type: "button", "aria-expanded": "false" }, row.host);
  made.addEventListener("click", () => toggle(made, row));
  return made;
}

function toggle(button, row) {
  const own = button.closest("tr"), open = own.nextElementSibling && own.nextElementSibling.classList.contains("opened");
  button.setAttribute("aria-expanded", String(!open));
  if (open) { own.nextElementSibling.remove(); return; }
  const cell = make("td", { colspan: own.children.length }, detail(JSON.parse(row.text)));
  own.after(make("tr", { class: "opened" }, cell));
}

function listed(title, rows, say, cut) {
  if (!rows || !rows.length) return "";
  const list = make("ul", {}, ...rows.map((row) => make("li", {}, say(row))));
  if (cut) list.append(make("li", { class: "quiet" }, `and ${cut} more`));
  return make("div", {}, make("h3", {}, title), list);
}

function detail(one) {
  const cut = one.cut || {}, values = (row) => row.join("/");
  return make("div", { class: "detail" },
    one.summary ? make("p", {}, one.summary) : "", one.message ? make("p", {}, one.message) : "",
    listed("Problems", one.problems, (row) => row.message, cut.problems),
    listed("Lines that set a key, in the order of a boot", one.assignments, ([key, value, file, line]) => `${key} = ${value}: ${file}:${line}`, cut.assignments),
    listed("Who writes later", one.other_writers, ([key, value, file, line, by]) => `${key || "any key"} = ${value ?? "not known"}: ${file}${line ? `:${line}` : ""} (${by})`, cut.other_writers),
    listed("Programs", one.processes, ([name, unit, pid, counts, reasons]) => `${name} (pid ${pid}${unit ? `, ${unit}` : ""}): ` + STATES.map((state, at) => `${counts[at]} ${state}`).join(", ") + Object.entries(reasons).map(([reason, number]) => `; ${number} ${reason}`).join(""), cut.processes),
    listed("Services with stale connections", one.restart, String, cut.restart),
    listed("Programs without keepalive", one.without_keepalive, String, cut.without_keepalive),
    listed("Containers", one.namespaces, ([name, pid, runtime]) => `${name} (pid ${pid}): ${values(runtime)}`, cut.namespaces),
    listed("AWS users", one.aws, ([user, path, exists, on]) => `${user}: ${path}${exists ? "" : " (not present)"}: keepalive ${on ? "on" : "off"}`, cut.aws));
}

const collator = new Intl.Collator("en", { numeric: true });
let sorted = { of: null, size: 0, by: "", rows: [] };

// In the order of a column; sorted once for all filters.
function inOrder() {
  const by = state.sort;
  if (sorted.of !== hosts || sorted.size !== hosts.size || sorted.by !== by) {
    const rank = (row) => by === "verdict" ? BETTER.indexOf(row.verdict) : row[by];
    const compare = (a, b) => typeof a === "number" ? a - b : collator.compare(a, b);
    const rows = [...hosts.values()].sort((one, other) => compare(rank(one), rank(other)) || collator.compare(one.host, other.host));
    sorted = { of: hosts, size: hosts.size, by, rows };
  }
  return state.dir > 0 ? sorted.rows : sorted.rows.toReversed();
}

function filtered() {
  const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
  return inOrder().filter((row) =>
    (!state.tile || (state.tile === "danger" ? row.danger > 0 : row.verdict === state.tile)) && words.every((word) => row.found.includes(word)));
}

function count(tab, rows) {
  const found = new Map();
  const to = (key) => { if (!found.has(key)) found.set(key, { key, hosts: 0, stale: 0, unprotected: 0, wrong: 0, last: "" }); return found.get(key); };
  for (const row of rows) {
    const keys = new Set();
    const each = (key, more) => { const entry = to(key); if (!keys.has(key)) { keys.add(key); entry.hosts += 1; } more && more(entry); };
    if (tab === "programs") {
      for (const [name, stale, unprotected] of row.programs) each(name, (entry) => { entry.stale += stale; entry.unprotected += unprotected; });
      for (const name of row.silent) each(name, (entry) => { entry.asks = false; });
    } else if (tab === "files") {
      for (const file of row.files) each(file, (entry) => { if (row.verdict !== "right") entry.wrong += 1; });
    } else if (row.message) each(row.message);
  }
  return [...found.values()].sort((one, other) => other.stale + other.unprotected - one.stale - one.unprotected || other.hosts - one.hosts || one.key.localeCompare(other.key));
}

function remedy(entry) {
  if (entry.unprotected || entry.asks === false) return "keepalive_new_sockets=connect, then restart it; or keepalive_live_sockets=enable";
  return entry.stale ? "restart it, or keepalive_live_sockets=rearm" : "";
}

function compared() {
  const rows = [];
  for (const host of new Set([...before.keys(), ...hosts.keys()])) {
    const old = before.get(host), now = hosts.get(host);
    if (old && now && old.verdict === now.verdict) continue;
    const rank = (row) => row ? BETTER.indexOf(row.verdict) : -1;
    const how = !old ? "new" : !now ? "gone" : rank(now) < rank(old) ? "better" : "worse";
    rows.push([host, old ? VERDICTS[old.verdict] : "", now ? VERDICTS[now.verdict] : "", how]);
  }
  return rows.sort((one, other) => one[3].localeCompare(other[3]) || one[0].localeCompare(other[0]));
}

function tableOf(heads, rows, row) {
  const body = make("tbody", {}, ...rows.slice(0, state.shown).map(row));
  element("more").hidden = rows.length <= state.shown;
  return make("table", { "aria-rowcount": rows.length + 1 }, make("thead", {}, make("tr", {}, ...heads)), body);
}

const plain = (cells) => make("tr", {}, ...cells.map((cell) => make("td", {}, cell)));

function show() {
  performance.mark("filter-begin");
  current = filtered();
  const view = element("view");
  if (state.tab === "hosts") {
    const heads = HOSTS.map(([key, title]) => {
      const sort = make("button", { type: "button" }, title);
      sort.addEventListener("click", () => change({ sort: key, dir: state.sort === key ? -state.dir : 1 }));
      return make("th", { scope: "col", "aria-sort": state.sort === key ? (state.dir > 0 ? "ascending" : "descending") : "none" }, sort);
    });
    view.replaceChildren(tableOf(heads, current, (row) => make("tr", {}, ...HOSTS.map(([key, , cell]) => make("td", {}, cell ? cell(row) : row[key])))));
  } else if (state.tab === "compared" && before) {
    view.replaceChildren(tableOf(["Host", "Before", "Now", ""].map((title) => make("th", { scope: "col" }, title)), compared(), (cells) => plain([...cells.slice(0, 3), make("span", { class: cells[3] }, cells[3])])));
  } else {
    const heads = (COUNTED[state.tab] || []).map((title) => make("th", { scope: "col" }, title));
    const cells = { programs: (one) => [one.key, one.hosts, one.stale, one.unprotected, remedy(one)], files: (one) => [one.key, one.hosts, one.wrong], messages: (one) => [one.key, one.hosts] }[state.tab];
    view.replaceChildren(tableOf(heads, count(state.tab, current), (one) => plain(cells(one))));
  }
  element("count").textContent = `${current.length} of ${hosts.size} hosts`;
  for (const tile of document.querySelectorAll("[data-tile]")) tile.setAttribute("aria-pressed", String(tile.dataset.tile === state.tile));
  for (const tab of document.querySelectorAll("[data-tab]")) tab.setAttribute("aria-selected", String(tab.dataset.tab === state.tab));
  performance.measure("filter", "filter-begin");
}

function tiles() {
  for (const tile of document.querySelectorAll("[data-tile]")) {
    let number = 0;
    for (const row of hosts.values()) if (tile.dataset.tile === "danger" ? row.danger > 0 : row.verdict === tile.dataset.tile) number += 1;
    tile.querySelector("b").textContent = number.toLocaleString("en");
  }
}

// --- its address -----------------------------------------------------------------------------------

function change(to) {
  Object.assign(state, { shown: PAGE }, to);
  const { tab, tile, q, sort, dir } = state;
  history.replaceState(null, "", `#${new URLSearchParams({ tab, tile, q, sort, dir })}`);
  show();
}

function fromAddress() {
  const found = new URLSearchParams(location.hash.slice(1));
  for (const name of ["tab", "tile", "q", "sort"]) if (found.has(name)) state[name] = found.get(name);
  if (![...HOSTS.map(([key]) => key)].includes(state.sort)) state.sort = "host";
  if (!["hosts", ...Object.keys(COUNTED)].includes(state.tab)) state.tab = "hosts";
  state.dir = found.get("dir") === "-1" ? -1 : 1;
  element("query").value = state.q;
}

// --- to hand on ------------------------------------------------------------------------------------

function limit() {
  // A line is a host: a name with a line end would be two.
  const names = current.map((row) => row.host).filter((name) => !/[\r\n]/.test(name));
  const dialog = element("copied"), area = dialog.querySelector("textarea");
  area.value = names.join("\n") + "\n";
  dialog.showModal();
  area.select();
  if (navigator.clipboard) navigator.clipboard.writeText(area.value).catch(() => {});
}

function cell(value) {
  const text = String(value ?? "").replace(/[\r\n]+/g, " ");
  return `"${(/^[=+\-@\t]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}

function csv() {
  const heads = ["host", "groups", "verdict", "time/intvl/probes", "next boot", "file", ...STATES, "message"];
  const rows = current.map((row) => [row.host, row.groups, VERDICTS[row.verdict], row.now, row.next, row.file, ...(row.sockets || ["", "", "", ""]), row.message]);
  const text = [heads, ...rows].map((cells) => cells.map(cell).join(",")).join("\r\n") + "\r\n";
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: "keepalive-report.csv" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// --- further files ---------------------------------------------------------------------------------

async function add(files) {
  const note = element("note");
  for (const file of files) {
    const found = new Map();
    try {
      for (const text of lines(await file.text())) put(found, light(text));
    } catch (error) {
      note.textContent = `${file.name} is no report of keepalive_report: ${error.message}.`;
      continue;
    }
    const runs = new Set([...hosts.values()].map((row) => row.run));
    if (!hosts.size || [...found.values()].every((row) => runs.has(row.run))) {
      for (const row of found.values()) put(hosts, row);
      note.textContent = `${file.name} is a slice of the same run: ${found.size} hosts were added.`;
    } else {
      const newest = (those) => [...those.values()].reduce((most, row) => row.time > most ? row.time : most, "");
      if (newest(found) > newest(hosts)) [before, hosts] = [hosts, found]; else before = found;
      document.querySelector("[data-tab=compared]").hidden = false;
      state.tab = "compared";
      const those = compared().reduce((sum, row) => ({ ...sum, [row[3]]: (sum[row[3]] || 0) + 1 }), {});
      note.textContent = `${file.name} is another run: ${those.better || 0} hosts are better now, ${those.worse || 0} worse, ${those.new || 0} new, ${those.gone || 0} gone.`;
    }
  }
  sorted.of = null;
  tiles();
  change({});
}

// --- at the beginning ------------------------------------------------------------------------------

async function begin() {
  fromAddress();
  for (const tile of document.querySelectorAll("[data-tile]")) tile.addEventListener("click", () => change({ tile: state.tile === tile.dataset.tile ? "" : tile.dataset.tile }));
  const tabs = [...document.querySelectorAll("[data-tab]")];
  tabs.forEach((tab, number) => {
    tab.addEventListener("click", () => change({ tab: tab.dataset.tab }));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) tabs[(number + step + tabs.length) % tabs.length].focus();
    });
  });
  element("query").addEventListener("input", (event) => change({ q: event.target.value }));
  element("controls").addEventListener("submit", (event) => event.preventDefault());
  element("limit").addEventListener("click", limit);
  element("csv").addEventListener("click", csv);
  element("more").addEventListener("click", () => { state.shown += PAGE; show(); });
  element("copied").querySelector("button").addEventListener("click", () => element("copied").close());
  element("file").addEventListener("change", (event) => add(event.target.files));
  document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("dropping"); });
  document.addEventListener("dragleave", () => document.body.classList.remove("dropping"));
  document.addEventListener("drop", (event) => { event.preventDefault(); document.body.classList.remove("dropping"); add(event.dataTransfer.files); });
  window.addEventListener("hashchange", () => { fromAddress(); show(); });
  for (const chunk of document.querySelectorAll("script.lines")) {
    for (const text of lines(await unpacked(chunk.textContent))) put(hosts, light(text));
    chunk.remove();
  }
  tiles();
  show();
  performance.mark("ready");
  document.body.dataset.ready = "true";
}

begin();
