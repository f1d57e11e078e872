"use strict";
/* Checks what is embedded in a report, from its bytes; knows no page and no words. */
const TicketReport = (() => {
  const ZEROS = "0".repeat(64);

  /* --- bytes ------------------------------------------------------------------------------ */

  const hex = (bytes) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");

  const unhex = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));

  const ascii = (text) => new TextEncoder().encode(text);

  function join(...parts) {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  function base64(text) {
    const binary = atob(text);
    if (btoa(binary) !== text) throw new Error("not the one spelling of its base64");
    return Uint8Array.from(binary, (one) => one.charCodeAt(0));
  }

  const toBase64 = (bytes) => btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(""));

  const toBase64url = (bytes) =>
    toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  function base64url(text) {
    if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new Error("not base64url");
    const plain = text.replaceAll("-", "+").replaceAll("_", "/");
    return base64(plain + "=".repeat((4 - (plain.length % 4)) % 4));
  }

  const utf8 = (bytes) =>
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);

  const same = (one, other) => hex(one) === hex(other);

  /* --- SHA-256 (FIPS 180-4), for browsers that keep WebCrypto from local files ------------- */

  const primes = (() => {
    const found = [];
    for (let one = 2; found.length < 64; one++) {
      if (found.every((prime) => one % prime)) found.push(one);
    }
    return found;
  })();
  const fraction = (value) => ((value - Math.floor(value)) * 0x100000000) >>> 0;
  const START = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));
  const ROUND = primes.map((prime) => fraction(Math.cbrt(prime)));
  const turn = (word, by) => (word >>> by) | (word << (32 - by));

  function ownSha256(bytes) {
    const blocks = new Uint8Array((((bytes.length + 8) >> 6) + 1) << 6);
    blocks.set(bytes);
    blocks[bytes.length] = 0x80;
    const view = new DataView(blocks.buffer);
    view.setUint32(blocks.length - 8, Math.floor(bytes.length / 0x20000000));
    view.setUint32(blocks.length - 4, (bytes.length << 3) >>> 0);
    const state = Uint32Array.from(START);
    const w = new Uint32Array(64);
    for (let block = 0; block < blocks.length; block += 64) {
      for (let i = 0; i < 16; i++) w[i] = view.getUint32(block + 4 * i);
      for (let i = 16; i < 64; i++) {
        const s0 = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >>> 3);
        const s1 = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >>> 10);
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
      }
      let [a, b, c, d, e, f, g, h] = state;
      for (let i = 0; i < 64; i++) {
        const big1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
        const first = (h + big1 + ((e & f) ^ (~e & g)) + ROUND[i] + w[i]) | 0;
        const big0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
        const second = (big0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
      }
      [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] += word));
    }
    const digest = new DataView(new ArrayBuffer(32));
    state.forEach((word, i) => digest.setUint32(4 * i, word));
    return new Uint8Array(digest.buffer);
  }

  const hasher = (subtle) =>
    subtle
      ? async (bytes) => new Uint8Array(await subtle.digest("SHA-256", bytes))
      : async (bytes) => ownSha256(bytes);

  /* --- canonical JSON (RFC 8785, on records: no fractions) --------------------------------- */

  function canonical(value) {
    if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
    if (value !== null && typeof value === "object") {
      const members = Object.keys(value).sort();
      return `{${members.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
    }
    return JSON.stringify(value);
  }

  const isObject = (value) =>
    value !== null && typeof value === "object" && !Array.isArray(value);

  /* What a field of a record holds; the field is a name or a pointer below /data. */
  function member(record, field) {
    let value = record.data;
    for (const token of String(field).replace(/^\/data\//, "").split("/")) {
      const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
      if (value === null || typeof value !== "object" || !Object.hasOwn(value, name)) return undefined;
      value = value[name];
    }
    return value;
  }

  const fieldName = (field) => String(field).split("/").pop().replaceAll("~1", "/").replaceAll("~0", "~");

  /* --- Merkle tree (RFC 9162 §2.1.3.2) ----------------------------------------------------- */

  async function rootFrom(hash, index, size, leaf, path) {
    if (index < 0n || index >= size) throw new Error("the tree has no such leaf");
    let node = leaf;
    let at = index;
    let last = size - 1n;
    for (const beside of path) {
      if (beside.length !== 32) throw new Error("a hash has 32 bytes");
      if (last === 0n) throw new Error("the proof is too long");
      if ((at & 1n) === 1n || at === last) {
        node = await hash(join([1], beside, node));
        while ((at & 1n) === 0n && at !== 0n) {
          at >>= 1n;
          last >>= 1n;
        }
      } else {
        node = await hash(join([1], node, beside));
      }
      at >>= 1n;
      last >>= 1n;
    }
    if (last !== 0n) throw new Error("the proof is too short");
    return node;
  }

  /* --- the checks -------------------------------------------------------------------------- */

  /* A finding says which check (`code`), where (`version`, `field`), and what was seen. */
  async function checkRecords(data, hash, report) {
    const rows = [];
    let before = null;
    let last = null;
    for (let i = 0; i < data.records.length; i++) {
      const version = i + 1;
      const stated = data.leaves[i] ?? "";
      const row = {
        version, stated, bytes: new Uint8Array(), text: "", record: null, leaf: "", prev: "",
        position: null, disclosed: new Map(), findings: 0, withheld: data.records[i] === null,
      };
      rows.push(row);
      const fail = (code, what, seen = {}) => report.fail(code, what, { version, ...seen }, row);
      if (row.withheld) {
        if (/^[0-9a-f]{64}$/.test(stated)) row.leaf = stated;
        else fail("E03", "withheld_leaf", { found: stated });
        before = row;
        continue;
      }
      try {
        row.bytes = base64(data.records[i]);
      } catch {
        fail("E01", "record_encoding");
        before = row;
        continue;
      }
      row.leaf = hex(await hash(join([0], row.bytes)));
      if (row.leaf !== row.stated) fail("E03", "leaf", { expected: row.stated, found: row.leaf });
      try {
        row.text = utf8(row.bytes);
        const parsed = JSON.parse(row.text);
        if (!isObject(parsed)) throw new Error("no object");
        if (canonical(parsed) !== row.text) fail("E02", "canonical");
        row.record = parsed;
      } catch {
        if (!row.text) row.text = new TextDecoder().decode(row.bytes);
        fail("E01", "json");
      }
      const record = row.record ?? {};
      row.prev = typeof record.prev === "string" ? record.prev : "";
      if (row.record) {
        if (record.stream !== `ticket:${data.ticket}`) fail("E04", "stream", { found: String(record.stream) });
        if (record.version !== version) fail("E06", "version", { found: String(record.version) });
        if (last && record.ledger !== last.ledger) fail("E05", "ledger", { found: String(record.ledger) });
        if (data.checkpoint && record.ledger !== data.checkpoint.origin) fail("E05", "origin", { found: String(record.ledger) });
        if (last && !(record.at >= last.at)) fail("E08", "time", { found: String(record.at) });
        const expected = before ? before.leaf : ZEROS;
        if (record.prev !== expected) fail("E07", "prev", { expected, found: row.prev });
        last = record;
      }
      before = row;
    }
    if (data.leaves.length !== data.records.length) report.fail("E06", "leaves_count", {});
    return rows;
  }

  async function checkDisclosures(data, rows, hash, report) {
    for (const one of data.disclosures) {
      const row = rows[one.version - 1];
      const place = { version: one.version, field: String(one.field) };
      const committed = row?.record ? member(row.record, one.field) : undefined;
      if (!isObject(committed) || typeof committed.sd !== "string") {
        report.fail("E22", "disclosure_place", place, row);
        continue;
      }
      const digest = toBase64url(await hash(ascii(String(one.disclosure))));
      if (digest !== committed.sd) {
        report.fail("E23", "disclosure_digest", { ...place, expected: committed.sd, found: digest }, row);
        continue;
      }
      try {
        const opened = JSON.parse(utf8(base64url(one.disclosure)));
        if (!Array.isArray(opened) || opened.length !== 3) throw new Error("not three");
        if (opened[1] !== fieldName(one.field)) report.fail("E22", "disclosure_name", place, row);
        else if (canonical(opened[2]) !== canonical(one.value)) report.fail("E23", "disclosure_value", place, row);
        else row.disclosed.set(committed.sd, opened[2]);
      } catch {
        report.fail("E22", "disclosure_form", place, row);
      }
    }
  }

  async function checkProofs(data, rows, hash, report) {
    const proved = new Set();
    if (!data.checkpoint) {
      if (data.proofs.length) report.fail("E16", "proofs_without_checkpoint", {});
      return proved;
    }
    let size;
    let root;
    try {
      size = BigInt(data.checkpoint.size);
      root = base64(data.checkpoint.root);
      if (root.length !== 32) throw new Error("a hash has 32 bytes");
    } catch {
      report.fail("E14", "checkpoint_form", {});
      return proved;
    }
    const places = [];
    for (const proof of data.proofs) {
      const row = rows[proof.version - 1];
      const place = { version: proof.version };
      if (!row || !row.leaf) {
        report.fail("E16", "proof_without_record", place, row);
        continue;
      }
      try {
        const index = BigInt(proof.index);
        const made = await rootFrom(hash, index, size, unhex(row.leaf), proof.hashes.map(base64));
        if (!same(made, root)) {
          report.fail("E16", "proof", { ...place, expected: hex(root), found: hex(made) }, row);
          continue;
        }
        row.position = index + 1n;
        proved.add(proof.version);
        places.push([proof.version, index]);
        checkAfter(row, index, size, data.checkpoint, report);
      } catch {
        report.fail("E16", "proof_form", place, row);
      }
    }
    places.sort((one, other) => one[0] - other[0]);
    places.forEach(([version, index], i) => {
      if (i && index <= places[i - 1][1]) report.fail("E12", "order", { version }, rows[version - 1]);
    });
    return proved;
  }

  function checkAfter(row, index, size, checkpoint, report) {
    const after = row.record?.after;
    if (after === undefined) return;
    const known = isObject(after) && Number.isSafeInteger(after.size) ? BigInt(after.size) : -1n;
    const contradicts = known === size && after.root !== checkpoint.root;
    if (known < 0n || known > index || contradicts) report.fail("E18", "after", { version: row.version }, row);
  }

  /* The note must say what the page says beside it; returns what was signed, or null. */
  function readNote(checkpoint, report) {
    const end = checkpoint.note.indexOf("\n\n");
    const body = checkpoint.note.slice(0, end + 1);
    if (end < 0 || body !== `${checkpoint.origin}\n${checkpoint.size}\n${checkpoint.root}\n`) {
      report.fail("E14", "note_differs", {});
      return null;
    }
    return { body, lines: checkpoint.note.slice(end + 2).split("\n") };
  }

  async function checkSignature(data, hash, subtle, report) {
    if (!data.checkpoint) return "absent";
    const checkpoint = data.checkpoint;
    const note = readNote(checkpoint, report);
    if (!note) return "failed";
    let name, id, key;
    try {
      const parts = /^([^ +]+)\+([0-9a-f]{8})\+(.+)$/.exec(checkpoint.vkey);
      [name, id, key] = [parts[1], parts[2], base64(parts[3])];
      if (key.length !== 33 || key[0] !== 1) throw new Error("not an Ed25519 key");
      const made = await hash(join(ascii(`${name}\n`), key));
      if (name !== checkpoint.origin || hex(made.subarray(0, 4)) !== id) throw new Error("another key");
    } catch {
      report.fail("E13", "vkey", {});
      return "failed";
    }
    const signatures = [];
    for (const line of note.lines) {
      const found = /^— ([^ ]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line);
      if (!found || found[1] !== name) continue;
      try {
        const content = base64(found[2]);
        if (hex(content.subarray(0, 4)) === id) signatures.push(content.subarray(4));
      } catch {
        report.fail("E13", "signature_form", {});
        return "failed";
      }
    }
    if (!signatures.length) {
      report.fail("E13", "signature_absent", {});
      return "failed";
    }
    let imported;
    try {
      imported = await subtle.importKey("raw", key.subarray(1), { name: "Ed25519" }, false, ["verify"]);
    } catch {
      return "unsupported";
    }
    for (const signature of signatures) {
      if (!(await subtle.verify({ name: "Ed25519" }, imported, signature, ascii(note.body)))) {
        report.fail("E13", "signature", {});
        return "failed";
      }
    }
    return "passed";
  }

  async function check(data, subtle) {
    const findings = [];
    const report = {
      fail(code, what, seen, row) {
        findings.push({ code, what, ...seen });
        if (row) row.findings += 1;
      },
    };
    const hash = hasher(subtle);
    if (data.format !== 1) report.fail("E01", "format", {});
    if (!data.records.length) report.fail("E06", "empty", {});
    const rows = await checkRecords(data, hash, report);
    await checkDisclosures(data, rows, hash, report);
    const proved = await checkProofs(data, rows, hash, report);
    const signature = await checkSignature(data, hash, subtle, report);
    return {
      whole: findings.length === 0,
      findings,
      rows,
      signature,
      withheld: rows.filter((row) => row.withheld).map((row) => row.version),
      proved: [...proved].sort((one, other) => one - other),
      unproved: rows.map((row) => row.version).filter((version) => !proved.has(version)),
      webcrypto: Boolean(subtle),
    };
  }

  return { check, ownSha256, hex, ascii };
})();
