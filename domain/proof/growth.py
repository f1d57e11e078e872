"""What C2SP tlog-witness asks of a witness: a checkpoint, and the proof that it only grew."""

from typing import Final

import msgspec

from domain.proof import base64text
from domain.proof.checkpoint import Checkpoint, parse_checkpoint
from domain.proof.errors import InvalidProof, MalformedProof
from domain.proof.merkle import EMPTY_ROOT, verify_consistency
from domain.proof.note import NOTE_SIZE_MAX, Note, parse_note
from domain.proof.proof_file import parse_hashes, parse_size

REQUEST_SIZE_MAX: Final = NOTE_SIZE_MAX + 4_096


class Growth(msgspec.Struct, frozen=True):
    """What a log asks a witness to cosign (`add-checkpoint`)."""

    old: int
    """The size the log believes the witness has seen last; 0 for none."""
    proof: tuple[bytes, ...]
    checkpoint: Note

    def __str__(self) -> str:
        """Return the body of the request."""
        lines = [f"old {self.old}", *map(base64text.encode, self.proof)]
        return "\n".join(lines) + f"\n\n{self.checkpoint}"


def parse_growth(content: bytes) -> Growth:
    """Return the request these bytes are; MalformedProof, MalformedNote or MalformedCheckpoint."""
    if len(content) > REQUEST_SIZE_MAX:
        raise MalformedProof(f"a request has at most {REQUEST_SIZE_MAX} bytes")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise MalformedProof("a request is valid UTF-8") from error
    head, blank, checkpoint = text.partition("\n\n")
    if not blank:
        raise MalformedProof("a request has an empty line before its checkpoint")
    first, *lines = head.split("\n")
    old, proof = parse_size(first, "old"), parse_hashes(lines)
    note = parse_note(checkpoint)
    parse_checkpoint(note.text)
    return Growth(old, proof, note)


def verify_growth(*, old: int, old_root: bytes, new: Checkpoint, proof: tuple[bytes, ...]) -> None:
    """Return if the checkpoint is of a tree that begins with the old one.

    Everything grows from the empty tree, so that needs no proof and takes none.
    """
    if old > 0:
        verify_consistency(old=old, new=new.size, old_root=old_root, new_root=new.root, proof=proof)
        return
    if proof:
        raise MalformedProof("growing from the empty tree takes no proof")
    if old_root != EMPTY_ROOT:
        raise InvalidProof("the tree without leaves has another root")
