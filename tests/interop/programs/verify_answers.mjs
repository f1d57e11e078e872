// Has npm's @sigstore/verify judge proofs, and canonicalize the spelling of records (RFC 8785).
// The directory the packages are installed in is its first argument; none of our code runs here.
import { createRequire } from "node:module";
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { join } from "node:path";

const modules = join(process.argv[2], "node_modules");
const required = createRequire(join(modules, "index.js"));
const { verifyTLogInclusion } = required("@sigstore/verify/dist/tlog/index.js");
const { verifyCheckpoint } = required("@sigstore/verify/dist/tlog/checkpoint.js");
const { default: canonicalize } = await import(
  pathToFileURL(join(modules, "canonicalize", "lib", "canonicalize.js")).href
);

const asked = JSON.parse(readFileSync(0, "utf8"));
const authorities = [
  {
    baseURL: asked.origin,
    logID: Buffer.from(asked.key_id, "hex"),
    publicKey: createPublicKey(asked.pem),
    validFor: { start: new Date(0), end: new Date(8640000000000000) },
  },
];

function judge(question) {
  if (question.kind === "canonical") {
    const record = Buffer.from(question.record, "base64");
    const spelt = Buffer.from(canonicalize(JSON.parse(record.toString("utf8"))), "utf8");
    if (!spelt.equals(record)) throw new Error("not the canonical spelling");
    return;
  }
  const entry = {
    canonicalizedBody: Buffer.from(question.record ?? "", "base64"),
    inclusionProof: {
      logIndex: String(question.index ?? 0),
      hashes: (question.hashes ?? []).map((one) => Buffer.from(one, "base64")),
      checkpoint: { envelope: question.note },
    },
  };
  if (question.kind === "checkpoint") verifyCheckpoint(entry, authorities);
  else verifyTLogInclusion(entry, authorities);
}

const answers = asked.questions.map((question) => {
  try {
    judge(question);
    return { name: question.name, accepted: true, why: "" };
  } catch (error) {
    return { name: question.name, accepted: false, why: String(error) };
  }
});
process.stdout.write(JSON.stringify(answers));
