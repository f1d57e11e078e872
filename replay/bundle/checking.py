"""Checking a bundle without a database: every member against every other, by published formats."""

from pathlib import Path
from typing import Any, Final

import msgspec

from domain.events import EvidenceExported, PersonalDataErased
from domain.ledger.sealing import Unopenable, disclosed_value
from domain.proof import base64text
from domain.proof.chain import GENESIS, leaf_hash
from domain.proof.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from domain.proof.keys import VerifierKey, parse_vkey
from domain.proof.merkle import verify_inclusion
from domain.proof.note import Note, parse_note
from domain.proof.policy import Policy, parse_policy
from domain.proof.proof_file import parse_proof_file
from domain.streams import ticket_stream
from replay.bundle import parts
from replay.bundle.archive import UNREADABLE, Archive, Damaged, MalformedBundle, opened
from replay.bundle.attachments import expected
from replay.bundle.bag import Bag
from replay.bundle.outcome import Anchor, BundleReport, Custody
from replay.bundle.stamps import check_stamps
from replay.bundle.trust import Known, Trusted
from replay.verify.lines import Line, NoLine, read_line
from replay.verify.report import FINDINGS_MAX, Finding

NOT_TRUSTED: Final = (
    "whether the key is the log's own (no --vkey and no --policy was given: it is the bundle's)"
)
NOT_LATER: Final = "receipts of what was recorded after the export, or is on another stream"


def check(path: Path, vkey: str | None = None, trusted: Trusted | None = None) -> BundleReport:
    """Return what a bundle's check comes to; what the checker does not know may be left out.

    Raises MalformedBundle for what is no bundle at all, MalformedKey and MalformedPolicy for a key
    or a policy that is none.
    """
    known = (trusted or Trusted(vkey=vkey)).read()
    with opened(path) as archive:
        if parts.BAGIT not in archive:
            raise MalformedBundle("it holds no bagit.txt, so it is no bundle")
        return _Check(archive, known).run()


class _Check:
    """One check under way."""

    def __init__(self, archive: Archive, known: Known) -> None:
        self._archive = archive
        self._known = known
        self._info: dict[str, str] = {}
        self._leaves: dict[str, bytes] = {}
        self._lines: dict[int, Line] = {}
        self._checkpoint: Checkpoint | None = None
        self._exported_at = ""
        self._key: VerifierKey | None = known.key
        self._report = BundleReport(ticket="", key_given=known.names_a_log)

    def run(self) -> BundleReport:
        """Return what it comes to."""
        bag = Bag(self._archive)
        bag.check()
        self._info = bag.info
        self._report.findings += bag.findings
        self._report.ticket = bag.info.get("External-Identifier", "")
        self._report.recipient = bag.info.get("Ticketledger-Recipient", "")
        self._log()
        self._records()
        self._export()
        self._proofs()
        self._disclosures()
        self._contents()
        self._stamps()
        self._beside()
        for name, content in self._known.receipts.items():
            self._receipt(name, content)
        report = self._report
        if not report.key_given:
            report.not_checked.append(NOT_TRUSTED)
        report.findings = list(dict.fromkeys(report.findings))[:FINDINGS_MAX]
        return report

    def _add(self, code: str, what: str, *, version: int | None = None) -> None:
        stream = ticket_stream(self._report.ticket) if version is not None else None
        self._report.findings.append(Finding(code, None, None, stream, version, what))

    # --- the log ------------------------------------------------------------------------------

    def _log(self) -> None:
        """Find a checkpoint to trust, and see that its parts say one thing."""
        try:
            own = parse_vkey(self._text(f"{parts.LOG}/log.vkey").strip())
            self._key = self._known.key_for(own) or own
            if own != self._key:
                self._add("B02", "log.vkey is not the key that was given")
            if self._text(f"{parts.LOG}/log.pem") != own.pem:
                self._add("B02", "log.pem is another key than log.vkey")
        except UNREADABLE as error:
            self._add("E13", f"the log's key is missing or none: {error}")
        policy = None
        try:
            policy = parse_policy(self._archive.read(f"{parts.LOG}/trust-policy.txt"))
            if self._key is not None and self._key not in {log.key for log in policy.logs}:
                self._add("B02", "trust-policy.txt trusts another log")
        except UNREADABLE as error:
            self._add("B01", f"trust-policy.txt is missing or none: {error}")
        if self._key is None:
            return
        try:
            note = parse_note(self._archive.read(f"{parts.LOG}/checkpoint"))
            found = open_checkpoint(note, [self._key]).checkpoint
        except UNREADABLE as error:
            self._add("E13", f"the checkpoint is not signed by the log: {error}")
            return
        self._witnesses(note, policy)
        self._checkpoint = found
        self._report.checkpoint = found.size
        try:
            if self._text(f"{parts.LOG}/checkpoint.body") != note.text:
                self._add("B02", "checkpoint.body is not the body of the checkpoint")
            signature = self._archive.read(f"{parts.LOG}/checkpoint.sig")
            self._key.verify_bytes(note.text.encode(), signature)
        except UNREADABLE as error:
            self._add("E13", f"checkpoint.sig is no signature of the log: {error}")

    def _witnesses(self, note: Note, claimed: Policy | None) -> None:
        """See whether the quorum of witnesses has cosigned: theirs who check, else as claimed."""
        if self._key is None:
            return
        try:
            trust = self._known.judge(note, self._key, claimed)
        except UNREADABLE as error:
            self._add("E13", f"a cosignature on the checkpoint is not the witness's: {error}")
            return
        self._report.trust = trust
        if trust is not None and trust.is_given and not trust.met:
            self._add("B03", trust.missing)

    # --- records ------------------------------------------------------------------------------

    def _records(self) -> None:
        """Follow the chain from the first version to the one the export names."""
        names = self._archive.below(parts.RECORDS)
        prev, at = GENESIS, ""
        last = sum(not name.startswith(parts.EXPORT) for name in names)
        if not last:
            self._add("E06", "the bundle holds no record")
        for version in range(1, last + 1):
            name = parts.numbered(version)
            shown, kept_back = f"{name}.json" in names, f"{name}.withheld" in names
            if shown is kept_back:
                self._add("E06", f"version {version} is missing or there twice", version=version)
                return
            try:
                if kept_back:
                    text = self._text(f"{parts.RECORDS}/{name}.withheld")
                    prev = bytes.fromhex(text.removesuffix("\n"))
                    if f"{prev.hex()}\n" != text or len(prev) != len(GENESIS):
                        raise ValueError("it is no leaf hash")
                    self._report.withheld += 1
                else:
                    state = self._archive.read(f"{parts.RECORDS}/{name}.json")
                    line = read_line(state)
                    self._judge(line, version, prev, at)
                    self._lines[version] = line
                    prev, at = leaf_hash(state), line.at
                    self._report.records += 1
            except NoLine as wrong:
                self._add(wrong.code, wrong.what, version=version)
                return
            except UNREADABLE as error:
                self._add("B01", f"its record can not be read: {error}", version=version)
                return
            self._leaves[name] = prev

    def _judge(self, line: Line, version: int, prev: bytes, at: str) -> None:
        """Hold a record against its place."""
        if line.stream != ticket_stream(self._report.ticket):
            self._add("B02", f"it is a record of {line.stream}", version=version)
        if line.version != version:
            self._add("E06", f"the record is of version {line.version}", version=version)
        if line.prev != prev.hex():
            self._add("E07", "it names another predecessor", version=version)
        if line.at < at:
            self._add("E08", f"recorded {line.at}, its predecessor {at}", version=version)
        if self._checkpoint is not None and line.ledger != self._checkpoint.origin:
            self._add("E05", f"it is a record of {line.ledger}", version=version)

    def _export(self) -> None:
        """See that the bundle goes as far, and is for whom, the export on record says."""
        try:
            state = self._archive.read(f"{parts.RECORDS}/{parts.EXPORT}.json")
            line = read_line(state)
        except (*UNREADABLE, NoLine) as error:
            self._add("B01", f"the record of the export is missing or none: {error}")
            return
        self._leaves[parts.EXPORT] = leaf_hash(state)
        self._exported_at = line.at
        info, count = self._info, sum(name != parts.EXPORT for name in self._leaves)
        head = self._leaves.get(parts.numbered(count), GENESIS).hex()
        of_ticket = (line.topic, line.stream) == (
            EvidenceExported.TOPIC,
            f"access:{self._report.ticket}",
        )
        if not of_ticket or (line.data.get("upto_version"), line.data.get("head")) != (count, head):
            self._add("B02", "the records do not end where the export on record says")
        said = (line.data.get("recipient"), line.data.get("purpose"), line.data.get("upto_version"))
        names = ("Ticketledger-Recipient", "Ticketledger-Purpose", "Ticketledger-Upto-Version")
        if [str(one) for one in said] != [info.get(name) for name in names] or (
            line.at[:10] != info.get("Bagging-Date")
            or line.ledger != info.get("Source-Organization")
        ):
            self._add("B02", f"{parts.BAG_INFO} is not what the export on record says")

    def _proofs(self) -> None:
        """See that every leaf is under the checkpoint, in the order of the versions."""
        wanted = {f"{name}.tlog-proof" for name in self._leaves}
        for extra in sorted(set(self._archive.below(parts.PROOFS)) - wanted):
            self._add("B02", f"the proof {extra} is of no record here")
        before = -1
        for name, leaf in self._leaves.items():
            try:
                proof = parse_proof_file(self._archive.read(f"{parts.PROOFS}/{name}.tlog-proof"))
                said = parse_checkpoint(proof.checkpoint.text)
                if proof.index <= before:
                    self._add("E12", f"{name} does not stand behind its predecessor in the log")
                before = proof.index
                if self._checkpoint is None or self._key is None:
                    continue
                open_checkpoint(proof.checkpoint, [self._key])
                if said != self._checkpoint:
                    self._add("B02", f"the proof of {name} is under another checkpoint")
                    continue
                verify_inclusion(
                    index=proof.index,
                    size=said.size,
                    leaf=leaf,
                    proof=proof.hashes,
                    root=said.root,
                )
            except UNREADABLE as error:
                self._add("E11", f"{name} is not proved to be in the log: {error}")

    # --- what is beside the records -----------------------------------------------------------

    def _disclosures(self) -> None:
        erased = {
            (one["version"], one["pointer"])
            for line in self._lines.values()
            if line.topic == PersonalDataErased.TOPIC
            for one in line.data["places"]
        }
        seen: set[tuple[int, str]] = set()
        for one in self._rows(parts.DISCLOSURES, parts.Disclosure):
            self._report.disclosures += 1
            place, field = (one.version, one.pointer), one.pointer.removeprefix("/data/")
            line = self._lines.get(one.version)
            sealed = line.data.get(field) if line is not None else None
            if place in seen or place in erased:
                self._add("B02", f"{one.pointer} is erased or there twice", version=one.version)
            seen.add(place)
            try:
                _open(one, sealed["sd"] if sealed is not None and one.pointer != field else "")
            except (Unopenable, *UNREADABLE) as error:
                self._add("E23", f"{one.pointer} does not hold: {error}", version=one.version)

    def _contents(self) -> None:
        """See that what is said to be here is, and is what it is called."""
        told = self._rows(parts.CUSTODY, Custody)
        disclosed = self._rows(parts.DISCLOSURES, parts.Disclosure)
        wanted, wrong = expected(told, self._lines, disclosed)
        for code, what in wrong:
            self._add(code, what)
        found = set()
        for name in self._archive.below(parts.ATTACHMENTS):
            digest = name.partition(".")[0]
            found.add(digest)
            self._report.attachments += 1
            if digest not in wanted:
                self._add("B02", f"the attachment {digest[:12]} belongs to no item here")
            self._named_by_digest(f"{parts.ATTACHMENTS}/{name}", digest)
        for digest in sorted(wanted - found):
            self._add("E20", f"the content {digest[:12]} is missing")
        for one in told:
            for step in one.steps:
                shown = step.stream == ticket_stream(self._report.ticket)
                leaf = self._leaves.get(parts.numbered(step.version)) if shown else None
                if shown and (leaf is None or leaf.hex() != step.leaf_hash):
                    self._add("B02", f"the custody of {one.item} names an event that is not here")
        for name in self._archive.below(parts.POLICIES):
            self._named_by_digest(f"{parts.POLICIES}/{name}", name.partition(".")[0])

    def _named_by_digest(self, path: str, digest: str) -> None:
        try:
            if self._archive.digest(path) != digest:
                self._add("E21", f"{path} is not the content of that digest")
        except Damaged:
            self._add("E21", f"{path} is broken")

    def _stamps(self) -> None:
        found = check_stamps(self._archive, self._checkpoint)
        self._report.stamps += found.stamps
        for code, what in found.wrong:
            self._add(code, what)
        for what in found.unchecked:
            self._unchecked(what)

    def _beside(self) -> None:
        """See that the anchors are what they should be, and that people find what to read."""
        for name in self._archive.below(parts.ANCHORS):
            try:
                one = msgspec.json.decode(
                    self._archive.read(f"{parts.ANCHORS}/{name}"), type=Anchor
                )
                base64text.decode(one.content)
            except UNREADABLE as error:
                self._add("B01", f"the anchor {name} is none: {error}")
        languages = [parts.READ_ME.format(language) for language in ("zh-CN", "en")]
        for path in (*languages, parts.COMMANDS, parts.REPORT):
            if path not in self._archive:
                self._add("B01", f"{path} is missing")

    def _receipt(self, name: str, content: bytes) -> None:
        """Hold a receipt of the checker's against what is here."""
        try:
            told = self._known.receipt(content)
        except UNREADABLE as error:
            self._add("E13", f"{name} is no receipt by the key that was given: {error}")
            return
        leaf = self._leaves.get(parts.numbered(told.version))
        if told.stream != ticket_stream(self._report.ticket) or (
            leaf is None and told.at > self._exported_at
        ):
            self._unchecked(NOT_LATER)
        elif leaf != told.leaf:
            self._add("X03", f"{name} is for an event that is not here", version=told.version)
        else:
            self._report.receipts += 1

    # --- reading ------------------------------------------------------------------------------

    def _unchecked(self, what: str) -> None:
        if what not in self._report.not_checked:
            self._report.not_checked.append(what)

    def _text(self, path: str) -> str:
        return self._archive.read(path).decode()

    def _rows(self, path: str, kind: Any) -> list[Any]:
        """Return the rows of a member with a JSON text a line."""
        try:
            # Not splitlines: a text may hold what Unicode takes for the end of a line.
            lines = self._archive.read(path).removesuffix(b"\n").split(b"\n")
            return [msgspec.json.decode(line, type=kind) for line in lines if line]
        except UNREADABLE as error:
            self._add("B01", f"{path} is missing or can not be read: {error}")
            return []


def _open(one: parts.Disclosure, sd: str) -> None:
    """Return if a disclosure is what a record commits to, and says the value it stands beside."""
    if disclosed_value(one.disclosure.encode("ascii"), sd) != one.value:
        raise Unopenable("its disclosure says another value")
