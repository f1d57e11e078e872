"""The lines of a JSONL export and what holds them together; checked without a ledger.

Whoever has the log's key needs nothing of ours: a record's leaf hash is SHA-256(0x00 ‖ its bytes)
as they stand in the line, and the leaves lead to the root that the first line's checkpoint signs.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Final

import msgspec

from domain.proof import base64text
from domain.proof.chain import leaf_hash
from domain.proof.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from domain.proof.errors import ProofError
from domain.proof.keys import VerifierKey
from domain.proof.merkle import CompactRange, verify_consistency, verify_inclusion
from domain.proof.note import parse_note
from replay.exports.reading import Span

FORMAT: Final = "ticketledger.jsonl.v1"


class MalformedLine(Exception):  # noqa: N818 - named for what is wrong with the line
    """A line is not what an export writes there."""


class LaneHeader(
    msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, dict=True
):
    """What of a lane is in the file, and what its records are checked against."""

    lane: int
    origin: str
    since: int
    upto: int
    checkpoint: str | None = None
    """The signed note that covers all of it; absent when the lane is empty up to here."""
    before: tuple[str, ...] = ()
    """Base64: the roots of the perfect subtrees over what comes before, largest first."""
    consistency: tuple[str, ...] = ()
    """Base64: that the checkpoint's tree begins with the one that ends here (RFC 6962)."""

    @cached_property
    def signed(self) -> Checkpoint | None:
        """Return what the note says, whoever signed it; MalformedLine where it says nothing."""
        if self.checkpoint is None:
            return None
        try:
            found = parse_checkpoint(parse_note(self.checkpoint).text)
        except ProofError as error:
            raise MalformedLine(f"the checkpoint of lane {self.lane} is none: {error}") from error
        if found.origin != self.origin:
            raise MalformedLine(f"the checkpoint of lane {self.lane} is of another log")
        return found

    @property
    def size(self) -> int:
        """Return how many records the checkpoint covers."""
        return self.signed.size if self.signed is not None else 0

    @cached_property
    def tree(self) -> CompactRange:
        """Return the tree over what comes before; MalformedLine where that is no tree."""
        try:
            return CompactRange(self.since, map(base64text.decode, self.before))
        except (ProofError, ValueError) as error:
            raise MalformedLine(f"what comes before lane {self.lane} is no tree") from error


class Header(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The first line."""

    format: str
    lanes: tuple[LaneHeader, ...]
    tickets: tuple[str, ...] = ()
    """Where it is not everything: whose records alone are here, each with a proof of its own."""

    @property
    def span(self) -> Span:
        """Return what part of the record the file holds."""
        return Span(
            {one.lane: one.since for one in self.lanes},
            {one.lane: one.upto for one in self.lanes},
            self.tickets,
        )


class Closing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last line: without it a file is cut."""

    records: int


class _Named(msgspec.Struct):
    """What of a record is looked at; the rest of it is hashed only."""

    stream: str
    version: int


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line between them."""

    lane: int
    leaf_hash: str
    position: int
    record: msgspec.Raw
    proof: tuple[str, ...] | None = None

    @property
    def steps(self) -> list[bytes] | None:
        """Return the proof as hashes; ValueError where a text is none."""
        return None if self.proof is None else list(map(base64text.decode, self.proof))


def encode(value: Header | Closing) -> bytes:
    """Return the first or last line."""
    return msgspec.json.encode(value, order="sorted") + b"\n"


def record_line(
    lane: int, position: int, leaf: bytes, state: bytes, proof: Sequence[bytes] | None
) -> bytes:
    """Return the line of a record, with its own bytes as they were hashed."""
    proved = b""
    if proof is not None:
        proved = b'"proof":' + msgspec.json.encode(list(map(base64text.encode, proof))) + b","
    head = f'{{"lane":{lane},"leaf_hash":"{leaf.hex()}","position":{position},'.encode()
    return head + proved + b'"record":' + state + b"}\n"


def read_header(line: bytes) -> Header:
    """Return the first line of an export; MalformedLine for anything else."""
    try:
        header = _HEADER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedLine("the first line is not one of an export") from error
    if encode(header) != line:
        raise MalformedLine("the first line is not written as an export writes it")
    numbers = [one.lane for one in header.lanes]
    if header.format != FORMAT or numbers != list(range(len(numbers))):
        raise MalformedLine("the first line is not one of an export in this form")
    for one in header.lanes:
        if not 0 <= one.since <= one.upto <= one.size:
            raise MalformedLine(f"lane {one.lane} is said to hold what its checkpoint does not")
        assert one.tree.size == one.since, "it was read of that size"
    return header


class Progress:
    """How far the lines of an export have come: places, records, and the tree over them."""

    def __init__(self, header: Header) -> None:
        """Begin after the first line."""
        self.header = header
        self.places = {one.lane: one.since for one in header.lanes}
        self.records = 0
        self._number = 1
        self._lane = 0
        self._trees = [CompactRange(one.since, one.tree.nodes) for one in header.lanes]
        self._versions: dict[str, int] = {}

    def is_closing(self, line: bytes) -> bool:
        """Return whether a line is no record's but ends the file."""
        return line.startswith(b'{"records":')

    def take(self, line: bytes) -> None:
        """Read the next record's line; MalformedLine when it is not what should follow."""
        self._number += 1
        try:
            one = _LINE.decode(line)
            named = _NAMED.decode(one.record)
            written = record_line(
                one.lane, one.position, bytes.fromhex(one.leaf_hash), bytes(one.record), one.steps
            )
        except (msgspec.DecodeError, ValueError) as error:
            raise self._wrong("is no record") from error
        # Of a name that is there twice one reader takes the first value, another the last.
        if written != line or (one.proof is None) != (not self.header.tickets):
            raise self._wrong("is not written as an export writes it")
        if not self._lane <= one.lane < len(self.header.lanes):
            raise self._wrong(f"is of lane {one.lane}, which does not come here")
        leaf = leaf_hash(bytes(one.record))
        if leaf.hex() != one.leaf_hash:
            raise self._wrong("holds bytes that do not have its leaf hash")
        head = self.header.lanes[one.lane]
        self._lane = one.lane
        if self.header.tickets:
            self._take_single(one, head, named, leaf)
        else:
            if one.position != self.places[one.lane] + 1 or one.position > head.upto:
                raise self._wrong(f"is of position {one.lane}-{one.position}, out of order")
            self._trees[one.lane].append(leaf)
        self.places[one.lane] = one.position
        self.records += 1

    def ended(self) -> None:
        """Return if everything is here and is what the checkpoints sign; else MalformedLine."""
        for head, tree in zip(self.header.lanes, self._trees, strict=True):
            if self.header.tickets or head.signed is None:
                continue
            if tree.size != head.upto:
                raise MalformedLine(f"lane {head.lane} ends at {tree.size}, before {head.upto}")
            if head.upto:
                _grown(head, tree.root())

    def close(self, line: bytes) -> None:
        """Read the last line; MalformedLine when it says something else than is here."""
        try:
            closing = _CLOSING.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedLine("the last line is not one of an export") from error
        if encode(closing) != line:
            raise MalformedLine("the last line is not written as an export writes it")
        if closing.records != self.records:
            what = f"the last line counts {closing.records} records, and {self.records} are here"
            raise MalformedLine(what)

    def _take_single(self, one: _Line, head: LaneHeader, named: _Named, leaf: bytes) -> None:
        """Check a record that stands by itself, with its own proof."""
        if not self.places[one.lane] < one.position <= head.upto:
            raise self._wrong(f"is of position {one.lane}-{one.position}, out of order")
        if named.stream.partition(":")[2] not in self.header.tickets:
            raise self._wrong("is of a ticket that the first line does not name")
        before = self._versions.get(named.stream, 0 if head.since == 0 else named.version - 1)
        if named.version != before + 1:
            raise self._wrong(f"is version {named.version} of its stream, after {before}")
        self._versions[named.stream] = named.version
        try:
            assert head.signed is not None, "a lane with positions has a checkpoint"
            verify_inclusion(
                index=one.position - 1,
                size=head.signed.size,
                leaf=leaf,
                proof=one.steps or (),
                root=head.signed.root,
            )
        except (ProofError, ValueError) as error:
            raise self._wrong(f"is not proved: {error}") from error

    def _wrong(self, what: str) -> MalformedLine:
        return MalformedLine(f"line {self._number} {what}")


def unsigned(header: Header, keys: Iterable[VerifierKey]) -> list[str]:
    """Return what is wrong with the signatures of the checkpoints, by keys that are trusted.

    A key was given for a lane, so one that is of none here is wrong too: lanes may have been cut.
    """
    trusted, found = tuple(keys), []
    origins = {one.origin for one in header.lanes}
    for name in dict.fromkeys(key.name for key in trusted):
        if name not in origins:
            found.append(f"no lane is of {name}, whose key was given")
    if all(one.checkpoint is None for one in header.lanes):
        found.append("there is no checkpoint: nothing here is signed")
    for one in header.lanes:
        if one.checkpoint is None:
            continue
        try:
            open_checkpoint(one.checkpoint, [key for key in trusted if key.name == one.origin])
        except ProofError as error:
            found.append(f"the checkpoint of lane {one.lane}: {error}")
    return found


def _grown(head: LaneHeader, root: bytes) -> None:
    """Return if the checkpoint's tree begins with the one that ends here."""
    assert head.signed is not None, "it was looked at before"
    try:
        if head.upto < head.signed.size:
            verify_consistency(
                old=head.upto,
                new=head.signed.size,
                old_root=root,
                new_root=head.signed.root,
                proof=[base64text.decode(step) for step in head.consistency],
            )
            return
    except (ProofError, ValueError) as error:
        raise MalformedLine(f"lane {head.lane} is not what was signed: {error}") from error
    if root != head.signed.root:
        raise MalformedLine(f"lane {head.lane} is not what was signed: another root")


_HEADER: Final = msgspec.json.Decoder(Header)
_CLOSING: Final = msgspec.json.Decoder(Closing)
_LINE: Final = msgspec.json.Decoder(_Line)
_NAMED: Final = msgspec.json.Decoder(_Named)
