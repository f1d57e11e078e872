"""What outsiders said of checkpoints, as the ledger keeps it: stamps and cosignatures that hold."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from cryptography.x509 import Certificate
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events.anchors import CheckpointStamped
from domain.ledger.anchors import AnchorKind, anchors_stream
from domain.proof import base64text
from domain.proof.canonical import BYTES_MAX
from domain.proof.checkpoint import Checkpoint
from domain.proof.errors import ProofError
from domain.proof.keys import VerifierKey
from domain.proof.note import Note, parse_signatures, verify_note
from domain.proof.stamp import StampsUnavailable, imprint, read_stamp, verify_stamp
from replay.verify.report import Finding
from replay.verify.rows import microseconds, microseconds_of


class Outsiders(NamedTuple):
    """Whom outside we know: without them, what they said is read and not verified."""

    roots: Sequence[Certificate] = ()
    """Of stamping authorities."""
    witnesses: Mapping[str, VerifierKey] = {}
    """By the names that the ledger knows them by."""


class Said(NamedTuple):
    """What the anchors of a lane come to."""

    stamps: tuple[tuple[int, int, int], ...]
    """Position of the fact, size and time of every stamp on record, in the order of the record."""
    findings: list[Finding]
    unread: bool
    """Whether there are stamps, and the package that reads them is not installed."""


def read_anchors(
    cursor: Cursor,
    names: Mapping[str, str],
    lane: int,
    origins: Sequence[str],
    outsiders: Outsiders,
) -> Said:
    """Return what was said of a lane's checkpoints, and what of it does not hold."""
    stream = anchors_stream(lane, len(origins))
    statements = {name: text.format_map(names) for name, text in _STATEMENTS.items()}
    cursor.execute(
        statements["stamps"], {"lane": lane, "stream": stream, "topic": CheckpointStamped.TOPIC}
    )
    stamps, findings, unread = [], [], False
    for position, version, state in cursor.fetchall():
        place = (lane, int(position), stream, int(version))
        try:
            said = _STATE.decode(bytes(state)).data
            body = Checkpoint(origins[lane], said.size, base64text.decode(said.root)).body
            at = microseconds(said.stamped_at)
            stamped = _stamped(base64text.decode(said.token), body, outsiders)
            if stamped != at:
                findings.append(Finding("E17", *place, "the stamp was made at another time"))
            stamps.append((int(position), said.size, at))
        except StampsUnavailable:
            unread = True
            stamps.append((int(position), said.size, at))
        except (msgspec.DecodeError, ValueError) as error:
            findings.append(Finding("E17", *place, f"the stamp does not hold: {error}"))
    cursor.execute(statements["anchors"], {"lane": lane})
    for size, root, kind, name, content in cursor.fetchall():
        at_size = (lane, int(size), None, None)
        if root is None:
            what = f"{name} speaks of a checkpoint of size {size}, and there is none"
            findings.append(Finding("E17", *at_size, what))
            continue
        try:
            body = Checkpoint(origins[lane], int(size), bytes(root)).body
            _check(str(kind), str(name), bytes(content), body, outsiders)
        except StampsUnavailable:
            unread = True
        except ValueError as error:
            findings.append(Finding("E17", *at_size, f"what {name} said does not hold: {error}"))
    return Said(tuple(stamps), findings, unread)


def _stamped(token: bytes, body: str, outsiders: Outsiders) -> int:
    """Return when a stamp on a body was made; raise ProofError when it does not hold."""
    if outsiders.roots:
        return microseconds_of(verify_stamp(token, body, outsiders.roots))
    stamp = read_stamp(token)
    if stamp.imprint != imprint(body):
        raise ProofError("it is a stamp on something else")
    return microseconds_of(stamp.at)


def _check(kind: str, name: str, content: bytes, body: str, outsiders: Outsiders) -> None:
    """Return if what somebody said of a checkpoint holds; raise ValueError otherwise."""
    if kind == AnchorKind.STAMP:
        _stamped(content, body, outsiders)
    elif kind == AnchorKind.WITNESS:
        signatures = parse_signatures(content.decode())
        if name in outsiders.witnesses:
            verify_note(Note(body, signatures), [outsiders.witnesses[name]])


class _Told(msgspec.Struct):
    """What of a stamp's record is needed."""

    size: int
    root: str
    stamped_at: str
    token: str


class _State(msgspec.Struct):
    """A record, as far as that."""

    data: _Told


_STATE: Final = msgspec.json.Decoder(_State)
_STATEMENTS: Final[dict[str, str]] = {
    "stamps": (
        f"select position, version, substring(state from 1 for {BYTES_MAX + 1}) from"
        " {ledger}.event where lane = %(lane)s"
        " and stream = %(stream)s and topic = %(topic)s order by version"
    ),
    "anchors": (
        "select a.size, c.root, a.kind, a.name, a.content from {ledger}.anchor a"
        " left join {ledger}.checkpoint c on c.lane = a.lane and c.size = a.size"
        " where a.lane = %(lane)s order by a.size"
    ),
}
