"use strict";
/* Shows the report. Everything a record or a disclosure says becomes text, never markup. */
(() => {
  const WORDS = JSON.parse(document.getElementById("words").textContent);
  const DATA = JSON.parse(document.getElementById("data").textContent);
  const DEPTH_MAX = 6;
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
    const local = new Intl.DateTimeFormat(language, {
      dateStyle: "medium", timeStyle: "long",
    }).format(moment);
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
    return make("time", { datetime: at }, `${local} (${zone}) · UTC ${at}`);
  }

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
      return typeof one === "string" && INSTANT.test(one) ? time(one) : foreign("bdi", one);
    }
    if (depth >= DEPTH_MAX) return make("span", { class: "dim" }, say("see_bytes"));
    if (!Array.isArray(one)) return members(one, row, depth + 1);
    return make("ul", {}, ...one.map((item) => make("li", {}, value(item, row, depth + 1))));
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
    for (const [name, one] of Object.entries(data)) {
      const label = own(words().fields, name);
      list.append(
        label === undefined ? make("dt", {}, foreign("code", name)) : make("dt", { title: name }, label),
        make("dd", {}, value(one, row, depth)),
      );
    }
    return list;
  }

  function finding(one) {
    const place = [];
    if (one.version !== undefined) place.push(say("at_version", { version: one.version }));
    if (one.field !== undefined) place.push(say("at_field", { field: one.field }));
    const text = own(words().findings, one.what) ?? one.what;
    const item = make("li", { class: "failed" }, `${one.code} · ${[...place, text].join(" · ")}`);
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
      const facts = make("dl");
      const fact = (name, shown) => facts.append(make("dt", {}, say(name)), make("dd", {}, shown));
      const who = make("span", {}, role ?? foreign("bdi", kind), " ", foreign("code", actor.ref ?? ""));
      fact("who", who);
      fact("when", time(record.at));
      if (record.source) fact("source", value(record.source, row, 1));
      item.append(facts);
      if (record.data !== null && typeof record.data === "object") item.append(members(record.data, row, 1));
    }
    if (row.findings) {
      const of_row = outcome.findings.filter((one) => one.version === row.version);
      item.append(make("ul", {}, ...of_row.map(finding)));
    }
    if (row.withheld) return item;
    const bytes = make("details", {}, make("summary", {}, say("bytes", { size: row.bytes.length })));
    bytes.append(make("pre", { lang: "", dir: "ltr" }, row.text));
    if (row.text.length > 1500) item.classList.add("long");
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

  function result() {
    const parts = [title("result")];
    if (!outcome) return [...parts, make("p", { class: "verdict working" }, say("working"))];
    const count = outcome.rows.length;
    const verdict = outcome.whole ? say("whole", { count }) : say("broken", { count: outcome.findings.length });
    parts.push(make("p", { class: `verdict ${outcome.whole ? "whole" : "broken"}` }, verdict));
    document.getElementById("announcer").textContent = verdict;
    if (!outcome.whole) {
      parts.push(make("h3", {}, say("failed_title")), make("ul", {}, ...outcome.findings.map(finding)));
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
    return [title("timeline"), list];
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
    const parts = [title("worksheet"), table];
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
    for (const one of document.querySelectorAll("details")) one.open = true;
  });
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
