"""The words of tlog-witness: a request to cosign as text, told and read; no network."""

from collections.abc import Sequence

import msgspec

from domain.proof import base64text
from domain.proof.errors import MalformedProof
from domain.proof.note import NOTE_SIZE_MAX, Note, parse_note
from domain.proof.proof_file import parse_hashes, parse_size

REQUEST_SIZE_MAX = NOTE_SIZE_MAX + 8_192
SIZE_MEDIA_TYPE = "text/x.tlog.size"


class AddCheckpoint(msgspec.Struct, frozen=True):
    """A request: this checkpoint extends the one of size `old`, and here is the proof."""

    old: int
    proof: tuple[bytes, ...]
    note: Note

    def __str__(self) -> str:
        """Return the body of the request."""
        hashes = "".join(f"{base64text.encode(one)}\n" for one in self.proof)
        return f"old {self.old}\n{hashes}\n{self.note}"


def parse_add_checkpoint(content: bytes) -> AddCheckpoint:
    """Return the request that a body is; MalformedProof or MalformedNote."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise MalformedProof("a request is valid UTF-8") from error
    head, blank, note = text.partition("\n\n")
    if not blank:
        raise MalformedProof("a request has an empty line before its checkpoint")
    lines: Sequence[str] = head.split("\n")
    return AddCheckpoint(parse_size(lines[0], "old"), parse_hashes(lines[1:]), parse_note(note))


def parse_size_answer(content: bytes) -> int:
    """Return the size by which a witness says where it is; MalformedProof."""
    if not content.endswith(b"\n"):
        raise MalformedProof("a size ends in a newline")
    return parse_size(f"size {content[:-1].decode('ascii', errors='replace')}", "size")
