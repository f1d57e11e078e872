"""The record as JSON lines with the signed checkpoints that cover them; `lines` is their form.

The first line says what is in the file and what it is checked against, the last one that it is
whole. Between them every line is a record, whose bytes are exactly those that were hashed.
"""

from collections.abc import Callable
from pathlib import Path
from typing import IO, NamedTuple

from domain.ledger.application import TicketLedger
from domain.ledger.log import Log
from domain.proof import base64text
from domain.proof.chain import leaf_hash
from domain.proof.merkle import CompactRange, consistency_proof, inclusion_proof
from replay.exports.files import OtherExport, finish, hold, part_of
from replay.exports.lines import (
    FORMAT,
    Closing,
    Header,
    LaneHeader,
    MalformedLine,
    Progress,
    encode,
    read_header,
    record_line,
)
from replay.exports.reading import DamagedRecord, Span, Watch, pages


class NotCovered(Exception):  # noqa: N818 - a state of the log, named as one
    """No checkpoint covers the end of what is to be exported yet."""


class _Begun(NamedTuple):
    """What of an export is written and holds, and where it ends."""

    header: Header
    progress: Progress
    length: int


def export_lines(ledger: TicketLedger, span: Span, path: Path, watch: Watch) -> int:
    """Write a span as JSON lines to a new file, and return how many records it has.

    What an interrupted export of the same span has written is read, checked and gone on with.
    Raises Taken, OtherExport, NotCovered or DamagedRecord.
    """
    part = part_of(path)
    with part.open("a+b") as out:
        hold(out, part)
        found = _read(out, part)
        if found is None:
            header = Header(
                FORMAT,
                tuple(_lane(ledger, span, lane) for lane in span.lanes),
                span.tickets,
            )
            out.truncate(0)
            out.write(encode(header))
            found = _Begun(header, Progress(header), out.tell())
        elif found.header.span != span:
            raise OtherExport(f"{part} was begun for another part of the record")
        out.truncate(found.length)
        _write(ledger, found, out, watch)
        out.flush()
        finish(part, path)
    return found.progress.records


def begun(part: Path) -> Span | None:
    """Return the span of an export that was begun here; None where there is none of ours."""
    try:
        with part.open("rb") as file:
            return read_header(file.readline()).span
    except (OSError, MalformedLine):
        return None


def _lane(ledger: TicketLedger, span: Span, lane: int) -> LaneHeader:
    """Return what the first line says of a lane: under the first checkpoint that covers it."""
    log, since, upto = ledger.merkle_log, span.since[lane], span.upto[lane]
    if not upto:
        return LaneHeader(lane, ledger.origins[lane], since, upto)
    signed = log.covering(lane, upto)
    if signed is None:
        raise NotCovered(f"no checkpoint covers position {lane}-{upto} yet")
    read, size = log.hashes(lane, signed.size), signed.size
    before = CompactRange.read(since, read).nodes
    grown = consistency_proof(upto, size, read) if upto < size and not span.tickets else ()
    return LaneHeader(
        lane,
        ledger.origins[lane],
        since,
        upto,
        signed.note.decode(),
        tuple(map(base64text.encode, before)),
        tuple(map(base64text.encode, grown)),
    )


def _read(out: IO[bytes], part: Path) -> _Begun | None:
    """Return what an export has written, after checking every line; None where it is nothing.

    A line that was cut is written again; one that is whole and wrong is not gone on with.
    """
    out.seek(0)
    first = out.readline()
    if not first.endswith(b"\n"):
        return None
    try:
        header = read_header(first)
        progress, length = Progress(header), len(first)
        for line in out:
            if not line.endswith(b"\n") or progress.is_closing(line):
                break
            progress.take(line)
            length += len(line)
    except MalformedLine as error:
        raise OtherExport(f"{part} is damaged: {error}; remove it to begin anew") from error
    return _Begun(header, progress, length)


def _write(ledger: TicketLedger, found: _Begun, out: IO[bytes], watch: Watch) -> None:
    """Write what is missing, and the last line."""
    span, progress, done = found.header.span, found.progress, 0
    try:
        for head in found.header.lanes:
            proof = _single(ledger.merkle_log, head) if span.tickets else None
            for page in pages(ledger.record, span, head.lane, progress.places[head.lane]):
                for row in page:
                    leaf = leaf_hash(row.state)
                    hashes = proof(row.position) if proof is not None else None
                    line = record_line(row.lane, row.position, leaf, row.state, hashes)
                    progress.take(line)
                    out.write(line)
                out.flush()
                watch(done + progress.places[head.lane] - head.since, span.total)
            done += head.upto - head.since
        progress.ended()
    except MalformedLine as error:
        raise DamagedRecord(f"what is on record is not what the log signs: {error}") from error
    watch(span.total, span.total)
    out.write(encode(Closing(progress.records)))


def _single(log: Log, head: LaneHeader) -> Callable[[int], tuple[bytes, ...]]:
    """Return what proves the records of a lane one by one."""
    read = log.hashes(head.lane, head.size)
    return lambda position: inclusion_proof(position - 1, head.size, read)
