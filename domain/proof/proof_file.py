"""C2SP tlog-proof v1: one file that shows that a leaf is in a log; the leaf is not in the file."""

from collections.abc import Sequence
from typing import Final

import msgspec

from domain.proof import base64text
from domain.proof.checkpoint import Opened, parse_checkpoint
from domain.proof.errors import MalformedProof
from domain.proof.merkle import PROOF_MAX, SIZE_MAX, checked_hash, verify_inclusion
from domain.proof.note import NOTE_SIZE_MAX, Note, parse_note
from domain.proof.policy import Policy

HEADER: Final = "c2sp.org/tlog-proof@v1"
EXTRA_SIZE_MAX: Final = 65_536


class ProofFile(msgspec.Struct, frozen=True):
    """The place of a leaf, what leads from it to a root, and the checkpoint with that root."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: Note
    extra: bytes = b""
    """Words beside the proof, which nobody signed."""

    def __post_init__(self) -> None:
        """Refuse what has no form in a file."""
        if not 0 <= self.index < SIZE_MAX:
            raise MalformedProof("the index of a leaf is from 0 to below 2^63-1")
        if len(self.hashes) > PROOF_MAX:
            raise MalformedProof(f"a proof has at most {PROOF_MAX} hashes")
        if len(self.extra) > EXTRA_SIZE_MAX:
            raise MalformedProof(f"extra data has at most {EXTRA_SIZE_MAX} bytes")
        for value in self.hashes:
            checked_hash(value)

    def __str__(self) -> str:
        """Return the proof as it stands in its file."""
        extra = [f"extra {base64text.encode(self.extra)}"] if self.extra else []
        hashes = map(base64text.encode, self.hashes)
        lines = [HEADER, *extra, f"index {self.index}", *hashes]
        return "\n".join(lines) + f"\n\n{self.checkpoint}"

    def verify(self, leaf: bytes, policy: Policy) -> Opened:
        """Return the checkpoint, which the policy trusts and whose tree holds the leaf hash here.

        Raises another child of ProofError for each way in which it fails.
        """
        opened = policy.open(self.checkpoint)
        verify_inclusion(
            index=self.index,
            size=opened.checkpoint.size,
            leaf=leaf,
            proof=self.hashes,
            root=opened.checkpoint.root,
        )
        return opened


def parse_proof_file(content: bytes | str) -> ProofFile:
    """Return the proof that a file holds; MalformedProof or MalformedNote with what is wrong.

    Its checkpoint is well formed, and neither its signatures nor the proof are verified yet.
    """
    if len(content) > _FILE_SIZE_MAX:
        raise MalformedProof(f"a proof has at most {_FILE_SIZE_MAX} bytes")
    try:
        text = content.decode() if isinstance(content, bytes) else content
    except UnicodeDecodeError as error:
        raise MalformedProof("a proof is valid UTF-8") from error
    head, blank, checkpoint = text.partition("\n\n")
    if not blank:
        raise MalformedProof("a proof has an empty line before its checkpoint")
    header, *lines = head.split("\n")
    if header != HEADER:
        raise MalformedProof(f"a proof begins with {HEADER}")
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = _decoded(lines.pop(0).removeprefix("extra "))
        if not extra:
            raise MalformedProof("the line of extra data is left out when there is none")
    if not lines:
        raise MalformedProof("a proof says the index of its leaf")
    index = parse_size(lines[0], "index")
    hashes = parse_hashes(lines[1:])
    note = parse_note(checkpoint)
    parse_checkpoint(note.text)
    return ProofFile(index, hashes, note, extra)


def parse_size(line: str, word: str) -> int:
    """Return the number of a line like `index 7`, in its one spelling."""
    digits = line.removeprefix(f"{word} ")
    if digits == line or not (digits.isascii() and digits.isdigit() and len(digits) <= 19):
        raise MalformedProof(f"the line should be `{word}` and a number")
    number = int(digits)
    if str(number) != digits or number > SIZE_MAX:
        raise MalformedProof(f"the number after `{word}` is not spelt as one is")
    return number


def parse_hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    """Return the hashes that these lines spell in base64, one a line."""
    if len(lines) > PROOF_MAX:
        raise MalformedProof(f"a proof has at most {PROOF_MAX} hashes")
    return tuple(checked_hash(_decoded(line)) for line in lines)


_FILE_SIZE_MAX: Final = NOTE_SIZE_MAX + 2 * EXTRA_SIZE_MAX


def _decoded(line: str) -> bytes:
    """Return what a line spells in base64."""
    try:
        return base64text.decode(line)
    except ValueError as error:
        raise MalformedProof("a line of the proof is not base64") from error
