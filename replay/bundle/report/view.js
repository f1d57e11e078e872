"use strict";
/* Shows the report. Everything a record or a disclosure says becomes text, never markup. */
(() => {
  const WORDS = JSON.parse(document.getElementById("words").textContent);
  const DATA = JSON.parse(document.getElementById("data").textContent);
  const DEPTH_MAX = 6;
  const FINDINGS_FIRST = 8;
  let language = DATA.language;
  let outcome = null;

  const words = () => WORDS[language];
  const fill = (text, values) =>
    text.replace(/\{(\w+)\}/g, (mark, name) => (Object.hasOwn(values, name) ? String(values[name]) : mark));
  const say = (name, values = {}) => fill(words().page[name] ?? name, values);
  const own = (table, key) => (Object.hasOwn(table, key) ? table[key] : undefined);

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children.map((one) => (one instanceof Node ? one : document.createTextNode(one))));
    return element;
  }

  /* A text that came with the bundle: of unknown language and direction. */
  const foreign = (tag, text, name = "") => {
    const attributes = { lang: "", dir: "auto" };
    if (name) attributes.class = name;
    return make(tag, attributes, String(text));
  };

  /* --- time -------------------------------------------------------------------------------- */

  const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

  function time(at) {
    const moment = typeof at === "string" && INSTANT.test(at) ? new Date(`${at.slice(0, 23)}Z`) : null;
    if (!moment || Number.isNaN(moment.getTime())) return foreign("bdi", at);
    const east = -moment.getTimezoneOffset();
    const utc = make("span", { class: "utc" }, at);
    if (east === 0) return make("time", { datetime: at }, utc);
    const two = (number) => String(number).padStart(2, "0");
    const zone = `UTC${east < 0 ? "-" : "+"}${two(Math.floor(Math.abs(east) / 60))}:${two(Math.abs(east) % 60)}`;
    const local = new Date(moment.getTime() + east * 60_000).toISOString();
    return make("time", { datetime: at }, `${local.slice(0, 10)} ${local.slice(11, 19)} ${zone} · `, utc);
  }

  const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

  /* --- what a record says ------------------------------------------------------------------ */

  function money(minor, currency) {
    let digits;
    try {
      const format = new Intl.NumberFormat("en", { style: "currency", currency });
      digits = format.resolvedOptions().maximumFractionDigits;
    } catch {
      return `${minor} / ${currency}`;
    }
    return `${(minor / 10 ** digits).toFixed(digits)} ${currency}`;
  }

  function value(one, row, depth) {
    const isObject = one !== null && typeof one === "object";
    if (isObject && !Array.isArray(one)) {
      const { length } = Object.keys(one);
      if (length === 1 && typeof one.sd === "string") return committed(one.sd, row);
      if (length === 2 && Number.isSafeInteger(one.amount_minor) && typeof one.currency === "string") {
        return foreign("bdi", money(one.amount_minor, one.currency));
      }
    }
    if (!isObject) {
      if (typeof one === "boolean") return make("span", {}, say(one ? "yes" : "no"));
      if (typeof one !== "string") return foreign("bdi", one);
      return INSTANT.test(one) ? time(one) : code(one);
    }
    if (depth >= DEPTH_MAX) return make("span", { class: "dim" }, say("see_bytes"));
    if (!Array.isArray(one)) return members(one, row, depth + 1);
    if (!one.length) return make("span", { class: "dim" }, say("none"));
    return make("ul", {}, ...one.map((item) => make("li", {}, value(item, row, depth + 1))));
  }

  /* A word of the ledger's own, in the reader's language; "offer:O1" is the offer O1. */
  function code(one) {
    const [kind, ...rest] = one.split(":");
    const word = own(words().values, kind);
    if (word === undefined) return foreign("bdi", one);
    const of_what = rest.map((part) => own(words().values, part) ?? part);
    return make("span", { title: one }, [word, ...of_what].join(" · "));
  }

  /* The file in the bundle beside this page, where it holds one of that digest. */
  function attached(sha256) {
    const extension = own(DATA.attachments ?? {}, sha256);
    if (!/^[0-9a-f]{64}$/.test(sha256) || !/^[a-z0-9]+$/.test(extension ?? "")) return foreign("code", sha256);
    const link = make("a", { class: "open", href: `attachments/${sha256}.${extension}` }, say("open_attachment"));
    return make("div", {}, foreign("code", sha256), " ", link);
  }

  function committed(sd, row) {
    if (row.disclosed.has(sd)) {
      const opened = row.disclosed.get(sd);
      const text = typeof opened === "string" ? opened : JSON.stringify(opened);
      return make("div", {}, foreign("span", text, "text"), make("span", { class: "passed" }, say("disclosed")));
    }
    return make("div", {}, make("span", { class: "sealed" }, say("sealed")), " ", make("code", { lang: "" }, sd));
  }

  function members(data, row, depth) {
    const list = make("dl");
    for (const [name, one] of sorted(data)) {
      const label = own(words().fields, name);
      list.append(
        label === undefined ? make("dt", {}, foreign("code", name)) : make("dt", { title: name }, label),
        make("dd", {}, name === "sha256" && typeof one === "string" ? attached(one) : value(one, row, depth)),
      );
    }
    return list;
  }

  /* What people said first, then amounts, then the rest as it is recorded. */
  function sorted(data) {
    const rank = (one) => (one?.sd !== undefined ? 0 : one?.amount_minor !== undefined ? 1 : 2);
    return Object.entries(data).sort(([, one], [, other]) => rank(one) - rank(other));
  }

  function finding(one) {
    const place = [];
    const item = make("li", { class: "failed" }, `${one.code} · `);
    if (one.version !== undefined) {
      const version = say("at_version", { version: one.version });
      const there = outcome.rows[one.version - 1] !== undefined;
      item.append(there ? make("a", { href: `#v${one.version}` }, version) : version, " · ");
    }
    if (one.field !== undefined) place.push(say("at_field", { field: one.field }));
    item.append([...place, own(words().findings, one.what) ?? one.what].join(" · "));
    for (const name of ["expected", "found"]) {
      if (one[name] !== undefined) {
        item.append(make("div", {}, `${say(name)} `, foreign("code", one[name])));
      }
    }
    return item;
  }

  function event(row) {
    const record = row.record ?? {};
    const topic = typeof record.topic === "string" ? record.topic : "";
    const item = make("li", { class: row.findings ? "event bad" : "event", id: `v${row.version}` });
    const title = own(words().topics, topic);
    const heading = make("h3", {}, `${row.version} · `);
    const unnamed = () => (topic ? foreign("code", topic) : say(row.withheld ? "withheld" : "unreadable"));
    heading.append(title === undefined ? unnamed() : title);
    item.append(heading);
    if (row.record) {
      const actor = record.actor ?? {};
      const kind = typeof actor.kind === "string" ? actor.kind : "";
      const role = own(words().roles, kind);
      const who = make("span", {}, role ?? foreign("bdi", kind), " ", foreign("code", actor.ref ?? ""));
      item.append(make("p", { class: "by" }, who, " · ", time(record.at)));
      if (record.source) {
        const source = make("dd", {}, value(record.source, row, 1));
        item.append(make("dl", {}, make("dt", {}, say("source")), source));
      }
      if (record.data !== null && typeof record.data === "object") item.append(members(record.data, row, 1));
    }
    if (row.findings) {
      const of_row = outcome.findings.filter((one) => one.version === row.version);
      item.append(make("ul", {}, ...of_row.map(finding)));
    }
    if (row.withheld) return item;
    const bytes = make("details", {}, make("summary", {}, say("bytes", { size: row.bytes.length })));
    bytes.append(make("pre", { lang: "", dir: "ltr" }, row.text));
    item.append(bytes);
    return item;
  }

  /* --- the three parts of the page --------------------------------------------------------- */

  const title = (name) => make("h2", { id: `${name}-title` }, say(`${name}_title`));

  /* 1, 2, 3, 7 as "1–3, 7". */
  function ranges(versions) {
    const found = [];
    for (const one of versions) {
      const last = found.at(-1);
      if (last && last[1] === one - 1) last[1] = one;
      else found.push([one, one]);
    }
    return found.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(", ");
  }

  /* A green mark is for what was proved and signed; what could not be looked at is amber. */
  function verdictOf({ whole, signature, unproved }) {
    if (!whole) return "broken";
    return signature === "passed" && !unproved.length ? "whole" : "partly";
  }

  /* One missing record breaks every later one: the first findings say where, the rest is folded. */
  function failures(findings) {
    const ordered = [...findings].sort((one, other) => (one.version ?? 0) - (other.version ?? 0));
    const list = (some) => make("ul", {}, ...some.map(finding));
    const rest = ordered.slice(FINDINGS_FIRST);
    if (!rest.length) return [list(ordered)];
    const summary = make("summary", {}, say("findings_rest", { count: rest.length }));
    return [list(ordered.slice(0, FINDINGS_FIRST)), make("details", {}, summary, list(rest))];
  }

  function result() {
    const parts = [title("result")];
    if (!outcome) return [...parts, make("p", { class: "verdict working" }, say("working"))];
    const count = outcome.rows.length;
    const state = verdictOf(outcome);
    const verdict = say(state, { count: state === "broken" ? outcome.findings.length : count });
    parts.push(
      make("p", { class: `verdict ${state}` }, verdict),
      make("p", {}, say(`means_${state}`)),
    );
    document.getElementById("announcer").textContent = verdict;
    if (!outcome.whole) {
      parts.push(make("h3", {}, say("failed_title")), ...failures(outcome.findings));
    }
    const checked = [
      say("did_leaf", { count: count - outcome.withheld.length, by: say(outcome.webcrypto ? "by_webcrypto" : "by_own") }),
      say("did_chain"),
      say("did_disclosures", { count: DATA.disclosures.length }),
    ];
    if (outcome.proved.length) {
      checked.push(say("did_proofs", { versions: ranges(outcome.proved), size: DATA.checkpoint.size }));
    }
    if (outcome.signature === "passed") checked.push(say("did_signature", { key: DATA.checkpoint.vkey }));
    parts.push(make("h3", {}, say("checked_title")), make("ul", {}, ...checked.map((one) => make("li", {}, one))));
    const open = [];
    if (outcome.withheld.length) open.push(say("no_withheld", { versions: ranges(outcome.withheld) }));
    if (!DATA.checkpoint) open.push(say("no_checkpoint"));
    else if (outcome.unproved.length) open.push(say("no_proofs", { versions: ranges(outcome.unproved) }));
    if (outcome.signature === "unsupported") open.push(say("no_signature"));
    for (const name of ["no_key", "no_anchors", "no_tail", "no_attachments", "no_truth", "no_page"]) {
      open.push(say(name));
    }
    parts.push(
      make("h3", {}, say("unchecked_title")),
      make("ul", {}, ...open.map((one) => make("li", { class: "unchecked" }, one))),
    );
    return parts;
  }

  function timeline() {
    const list = make("ol", {}, ...(outcome?.rows ?? []).map(event));
    const hints = [say("zone", { zone: zone() })];
    if (Object.keys(DATA.attachments ?? {}).length) hints.push(say("attachment_near"));
    return [title("timeline"), ...hints.map((one) => make("p", { class: "dim" }, one)), list];
  }

  function worksheet() {
    const columns = ["version", "leaf", "prev", "position", "state"];
    const head = make("tr", {}, ...columns.map((name) => make("th", { scope: "col" }, say(`col_${name}`))));
    const body = (outcome?.rows ?? []).map((row) => {
      const position = row.position === null
        ? say("not_proved")
        : `${row.position} / ${row.position - 1n}`;
      const cell = (name, shown) => make("td", { "data-label": say(`col_${name}`) }, shown);
      const state = row.findings
        ? make("strong", { class: "failed" }, say("row_failed", { count: row.findings }))
        : make("span", { class: "passed" }, say("row_passed"));
      return make(
        "tr", {},
        make("th", { scope: "row", "data-label": say("col_version") }, make("a", { href: `#v${row.version}` }, `${row.version}`)),
        cell("leaf", foreign("code", row.leaf)),
        cell("prev", foreign("code", row.prev)),
        cell("position", position),
        cell("state", state),
      );
    });
    const table = make("table", {}, make("caption", {}, say("worksheet_caption")), make("thead", {}, head), make("tbody", {}, ...body));
    const count = outcome?.rows.length ?? 0;
    const sheet = make("details", { class: "sheet" }, make("summary", {}, say("worksheet_open", { count })), table);
    const parts = [title("worksheet"), sheet];
    if (DATA.checkpoint) {
      parts.push(
        make("h3", {}, say("checkpoint_title")),
        make("pre", { lang: "", dir: "ltr" }, DATA.checkpoint.note),
        make("p", {}, `${say("vkey")} `, foreign("code", DATA.checkpoint.vkey)),
      );
    }
    return parts;
  }

  function show() {
    document.documentElement.lang = language;
    document.title = `${say("title")} ${DATA.ticket}`;
    for (const one of document.querySelectorAll("[data-word]")) one.textContent = say(one.dataset.word);
    for (const one of document.querySelectorAll("[data-language]")) {
      one.setAttribute("aria-pressed", String(one.dataset.language === language));
    }
    document.getElementById("result").replaceChildren(...result());
    document.getElementById("timeline").replaceChildren(...timeline());
    document.getElementById("worksheet").replaceChildren(...worksheet());
  }

  for (const one of document.querySelectorAll("[data-language]")) {
    one.addEventListener("click", () => {
      language = one.dataset.language;
      show();
    });
  }
  document.getElementById("print").addEventListener("click", () => window.print());
  window.addEventListener("beforeprint", () => {
    for (const one of document.querySelectorAll("details.sheet")) one.open = true;
  });
  for (const one of document.querySelectorAll("[hidden]")) one.hidden = false;
  show();
  TicketReport.check(DATA, globalThis.crypto?.subtle)
    .then((found) => {
      outcome = found;
      show();
    })
    .catch(() => {
      const failed = make("p", { class: "verdict broken" }, say("crashed"));
      document.getElementById("result").replaceChildren(title("result"), failed);
      document.getElementById("announcer").textContent = say("crashed");
    });
})();
