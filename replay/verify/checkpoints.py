"""One stored checkpoint: what was signed against its columns, and who signed it."""

from collections.abc import Sequence
from typing import NamedTuple

from domain.proof.checkpoint import open_checkpoint, parse_checkpoint
from domain.proof.errors import Malformed, Untrusted
from domain.proof.keys import VerifierKey
from domain.proof.note import parse_note
from replay.verify.report import Finding
from replay.verify.span import Lane


class Stored(NamedTuple):
    """A checkpoint as its table holds it."""

    size: int
    root: bytes
    note: bytes
    published_at: int


def check_checkpoint(lane: Lane, stored: Stored, keys: Sequence[VerifierKey]) -> list[Finding]:
    """Return what is wrong with a stored checkpoint; its root is compared elsewhere."""
    place = (lane.number, stored.size, None, None)
    try:
        note = parse_note(stored.note)
        said = parse_checkpoint(note.text)
    except Malformed as error:
        return [Finding("E14", *place, f"the checkpoint of size {stored.size} is none: {error}")]
    found = []
    if (said.origin, said.size, said.root) != (lane.origin, stored.size, stored.root):
        what = f"signed was {said.origin} of size {said.size}, stored is size {stored.size}"
        found.append(Finding("E14", *place, what))
    if keys:
        try:
            open_checkpoint(note, keys)
        except (Malformed, Untrusted) as error:
            what = f"the checkpoint of size {stored.size} is not signed by us: {error}"
            found.append(Finding("E13", *place, what))
    return found
