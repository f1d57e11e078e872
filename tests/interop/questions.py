"""What other people's programs are asked: about what a log serves, and what a forger makes of it.

Who asks holds the answers against `holds`; the programs are never told.
"""

import base64
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.proof.checkpoint import Checkpoint, cosign, parse_checkpoint, sign_checkpoint
from domain.proof.keys import SigningKey, VerifierKey, parse_vkey
from domain.proof.note import parse_note
from domain.proof.proof_file import parse_proof_file
from tests.proof.trees import a_key, a_witness, flipped


@dataclass(frozen=True)
class Proved:
    """A record, and the proof that was served for it."""

    record: bytes
    proof: str


@dataclass(frozen=True)
class Grown:
    """A proof of consistency as it was served, and the roots it leads between."""

    old: int
    old_root: bytes
    new: int
    new_root: bytes
    hashes: tuple[str, ...]


@dataclass(frozen=True)
class ServedLog:
    """A lane's log as a stranger fetched it."""

    vkey: str
    checkpoints: tuple[str, ...]
    """The oldest first."""
    proved: tuple[Proved, ...]
    grown: tuple[Grown, ...]
    records: tuple[bytes, ...]
    directory: Path
    """Its tiles as files."""

    @property
    def key(self) -> VerifierKey:
        """The log's key."""
        return parse_vkey(self.vkey)


@dataclass(frozen=True)
class Question:
    """One thing to judge, and whether it holds."""

    name: str
    kind: str
    holds: bool
    about: Mapping[str, Any] = field(repr=False)


def text64(value: bytes) -> str:
    """Return bytes in base64."""
    return base64.b64encode(value).decode()


def turned(text: str) -> str:
    """Return base64 of the same bytes with one bit turned."""
    return text64(flipped(base64.b64decode(text), 3))


def checkpoints(log: ServedLog) -> Iterator[Question]:
    """Ask who signed a checkpoint."""

    def ask(name: str, note: object, *, holds: bool) -> Question:
        return Question(f"checkpoint: {name}", "checkpoint", holds, {"note": str(note)})

    for number, note in enumerate(log.checkpoints):
        yield ask(f"as served, {number}", note, holds=True)
    note = log.checkpoints[-1]
    said = parse_checkpoint(parse_note(note).text)
    witness = a_witness("witness.example", seed=7)
    cosigned = parse_note(note).with_signatures([cosign(said, witness, at=1_800_000_000)])
    yield ask("cosigned by a witness", cosigned, holds=True)
    yield from (ask(name, forged, holds=False) for name, forged in forged_notes(log))


def forged_notes(log: ServedLog) -> Iterator[tuple[str, str]]:
    """Yield checkpoints that the log never signed."""
    note = log.checkpoints[-1]
    said = parse_checkpoint(parse_note(note).text)
    body, lines = note.split("\n\n")
    name, signature = lines.removeprefix("— ").strip().split(" ")
    yield "another size", note.replace(f"\n{said.size}\n", f"\n{said.size + 1}\n")
    yield "another root", note.replace(text64(said.root), turned(text64(said.root)))
    yield "another signature", f"{body}\n\n— {name} {turned_last(signature)}\n"
    yield "no signature", f"{body}\n\n"
    older = log.checkpoints[0].partition("\n\n")[2]
    yield "an older signature", f"{body}\n\n{older}"
    yield "a line more", f"{body}\nmore\n\n{lines}"
    stranger = a_key(said.origin, seed=9)
    yield "signed by a stranger", str(sign_checkpoint(said, stranger))
    yield "a stranger's signature under our key's id", _under_our_id(said, stranger, log.key)


def turned_last(signature: str) -> str:
    """Return a signature whose last byte has changed, with the key's id left as it was."""
    content = base64.b64decode(signature)
    return text64(content[:-1] + bytes([content[-1] ^ 1]))


def _under_our_id(said: Checkpoint, stranger: SigningKey, key: VerifierKey) -> str:
    return f"{said.body}\n— {said.origin} {text64(key.id + stranger.sign(said.body))}\n"


def inclusions(log: ServedLog) -> Iterator[Question]:
    """Ask whether a record is in the log."""

    def ask(name: str, *, holds: bool, **about: Any) -> Question:
        return Question(f"inclusion: {name}", "inclusion", holds, about)

    for number, one in enumerate(log.proved):
        yield ask(f"as served, {number}", holds=True, **_inclusion(one))
    one, other = log.proved[0], log.proved[-1]
    about, its = _inclusion(one), _inclusion(other)
    assert about["note"] != its["note"], "the first proof is of an older checkpoint"
    assert len(its["hashes"]) > 1
    hashes = its["hashes"]
    forged = {
        "another record": {"record": text64(flipped(other.record, 77))},
        "a record cut short": {"record": text64(other.record[:-1])},
        "somebody else's record": {"record": about["record"]},
        "another index": {"index": its["index"] ^ 1},
        "an index beyond the log": {"index": 1 << 40},
        "a hash changed": {"hashes": [turned(hashes[0]), *hashes[1:]]},
        "the last hash changed": {"hashes": [*hashes[:-1], turned(hashes[-1])]},
        "hashes in another order": {"hashes": hashes[::-1]},
        "a hash left out": {"hashes": hashes[:-1]},
        "a hash too many": {"hashes": [*hashes, hashes[0]]},
        "no hashes": {"hashes": []},
        "an older checkpoint": {"note": about["note"]},
    }
    for name, change in forged.items():
        yield ask(name, holds=False, **{**its, **change})
    for name, note in forged_notes(log):
        yield ask(f"under a checkpoint with {name}", holds=False, **{**its, "note": note})


def _inclusion(one: Proved) -> dict[str, Any]:
    """Return what a served proof says, as any reader of its lines finds it."""
    proof = parse_proof_file(one.proof)
    return {
        "record": text64(one.record),
        "index": proof.index,
        "hashes": [text64(value) for value in proof.hashes],
        "note": str(proof.checkpoint),
    }


def growths(log: ServedLog) -> Iterator[Question]:
    """Ask whether the log only grew."""

    def ask(name: str, grown: Grown, *, holds: bool, **change: Any) -> Question:
        about = {
            "old": grown.old,
            "oldroot": text64(grown.old_root),
            "new": grown.new,
            "newroot": text64(grown.new_root),
            "hashes": grown.hashes,
        }
        return Question(f"consistency: {name}", "consistency", holds, {**about, **change})

    for grown in log.grown:
        yield ask(f"as served, from {grown.old}", grown, holds=True)
    grown = max(log.grown, key=lambda one: len(one.hashes))
    hashes = grown.hashes
    forged = {
        "another old root": {"oldroot": turned(text64(grown.old_root))},
        "another new root": {"newroot": turned(text64(grown.new_root))},
        "roots in each other's place": {
            "oldroot": text64(grown.new_root),
            "newroot": text64(grown.old_root),
        },
        "another old size": {"old": grown.old + 1},
        "a log that shrank": {"old": grown.new, "new": grown.old},
        "a hash changed": {"hashes": [turned(hashes[0]), *hashes[1:]]},
        "a hash left out": {"hashes": hashes[:-1]},
        "a hash too many": {"hashes": [*hashes, hashes[0]]},
        "no hashes": {"hashes": []},
    }
    for name, change in forged.items():
        yield ask(name, grown, holds=False, **change)


def spellings(log: ServedLog) -> Iterator[Question]:
    """Ask whether records are spelt as RFC 8785 spells them."""

    def ask(name: str, record: bytes, *, holds: bool) -> Question:
        return Question(f"canonical: {name}", "canonical", holds, {"record": text64(record)})

    for number, record in enumerate(log.records):
        yield ask(f"record {number}", record, holds=True)
    record = log.records[0]
    backwards = dict(reversed(json.loads(record).items()))
    yield ask("with a space", record.replace(b":", b": ", 1), holds=False)
    yield ask("backwards", json.dumps(backwards, separators=(",", ":")).encode(), holds=False)
    yield ask("with an escape", record.replace(b'"format"', b'"\\u0066ormat"'), holds=False)


def ask_program(
    command: Sequence[str | Path], log: ServedLog, questions: Sequence[Question]
) -> dict[str, str]:
    """Return, by the name of each question, why a program says no; empty where it says yes."""
    asked = {
        "vkey": log.vkey,
        "origin": log.key.name,
        "pem": log.key.pem,
        "key_id": log.key.id.hex(),
        "questions": [{"name": one.name, "kind": one.kind, **one.about} for one in questions],
    }
    answered = subprocess.run(
        [str(word) for word in command],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert answered.returncode == 0, answered.stderr
    answers = json.loads(answered.stdout)
    assert [one["name"] for one in answers] == [one.name for one in questions]
    return {one["name"]: "" if one["accepted"] else one["why"] or "no" for one in answers}


def misjudged(
    questions: Sequence[Question], answers: Mapping[str, str], *, holds: bool
) -> list[str]:
    """Return where a program disagrees, of what holds or of what does not."""
    asked = [one for one in questions if one.holds is holds]
    assert asked, "a check that asks nothing can not fail"
    return [
        f"{one.name}: {answers[one.name] or 'accepted'}"
        for one in asked
        if (not answers[one.name]) is not holds
    ]
