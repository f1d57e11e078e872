"""Checking the stamps of a bundle: each over a checkpoint that the bundle's own continues."""

from collections.abc import Sequence
from typing import Final

import msgspec
from cryptography.x509 import Certificate

from domain.proof.checkpoint import Checkpoint, parse_checkpoint
from domain.proof.errors import ProofError
from domain.proof.merkle import verify_consistency
from domain.proof.note import parse_note
from domain.proof.proof_file import parse_hashes
from domain.proof.stamp import (
    StampsUnavailable,
    imprint,
    read_roots,
    read_stamp,
    verify_stamp,
)
from replay.bundle import parts
from replay.bundle.archive import UNREADABLE, Archive

NOT_STAMPS: Final = "stamps (the package that reads them is not installed)"
NOT_ROOTS: Final = "who made the stamps (the bundle names no authority)"


class Stamps(msgspec.Struct):
    """What the stamps of a bundle come to."""

    stamps: int = 0
    wrong: list[tuple[str, str]] = []
    """Code and words of everything that does not hold."""
    unchecked: list[str] = []


def check_stamps(archive: Archive, checkpoint: Checkpoint | None) -> Stamps:
    """Return what the stamps of a bundle come to, under its checkpoint where one is trusted."""
    found = Stamps()
    roots = None
    if parts.TSA_CHAIN in archive:
        try:
            roots = read_roots(archive.read(parts.TSA_CHAIN))
        except UNREADABLE as error:
            found.wrong.append(("E17", f"tsa-chain.pem holds no certificates: {error}"))
    names = archive.below(parts.TIME)
    for stem in sorted({name.partition(".")[0] for name in names if name != "tsa-chain.pem"}):
        found.stamps += 1
        try:
            body = _stamped(archive, f"{parts.TIME}/{stem}", checkpoint)
            _judge(archive.read(f"{parts.TIME}/{stem}.tsr"), body, roots, found)
        except StampsUnavailable:
            found.unchecked.append(NOT_STAMPS)
        except UNREADABLE as error:
            found.wrong.append(("E17", f"the stamp {stem} does not hold: {error}"))
    return found


def _stamped(archive: Archive, path: str, checkpoint: Checkpoint | None) -> str:
    """Return the text that was stamped, once it is one that the bundle's checkpoint continues."""
    note = parse_note(archive.read(f"{path}.checkpoint"))
    old = parse_checkpoint(note.text)
    hashes = parse_hashes(archive.read(f"{path}.consistency").decode().splitlines())
    if archive.read(f"{path}.body").decode() != note.text:
        raise ValueError("its body is not that of its checkpoint")
    if checkpoint is not None:
        if old.origin != checkpoint.origin:
            raise ValueError("it is of another log")
        verify_consistency(
            old=old.size,
            new=checkpoint.size,
            proof=hashes,
            old_root=old.root,
            new_root=checkpoint.root,
        )
    return note.text


def _judge(answer: bytes, body: str, roots: Sequence[Certificate] | None, found: Stamps) -> None:
    """See that a stamp is on a text, and by an authority the bundle names."""
    if roots is not None:
        verify_stamp(answer, body, roots)
        return
    found.unchecked.append(NOT_ROOTS)
    if read_stamp(answer).imprint != imprint(body):
        raise ProofError("it is a stamp on something else")
