"""What callers are told of a command: now accepted, accepted before, or nothing to record."""

import msgspec

from domain import errors
from domain.commands import OpenTicket
from domain.ledger.folding import Head
from domain.ledger.judging import main_stream
from domain.ledger.recorder import Outcome as Recorded
from domain.ledger.recorder import StoredRow
from domain.ledger.requests import Outcome, Written
from domain.ledger.waiting import Judged, Waiting
from domain.streams import position_text


def accepted(lane: int, one: Judged, last: int) -> tuple[Outcome, dict[str, Head]]:
    """Return the outcome of a command whose last event is at `last`, and the heads it left."""
    stamped = one.stamped
    assert stamped is not None, "what was accepted had events"
    ends = dict(stamped.heads)
    written: list[Written] = []
    first = last - len(stamped.lines) + 1
    lines = zip(stamped.lines, stamped.hashes, strict=True)
    for position, (line, leaf) in enumerate(lines, first):
        ends[line.stream] = msgspec.structs.replace(stamped.heads[line.stream], position=position)
        written.append(
            Written(
                line.stream, line.version, line.topic, position_text(lane, position), leaf.hex()
            )
        )
    main = ends[one.main.stream]
    outcome = Outcome(
        stream=main.stream,
        version=main.version,
        position=position_text(lane, last),
        leaf_hash=main.leaf_hash.hex(),
        events=tuple(written),
        replayed=False,
    )
    return outcome, ends


def replayed(lane: int, waiting: Waiting, known: Recorded) -> Outcome | errors.KeyReused:
    """Return the stored answer of a command, or that its key belongs to another one."""
    if known.body_hmac != waiting.hmac:
        return errors.KeyReused()
    lines = known.lines
    # A command that grants money writes to the order before it writes to its ticket.
    named = waiting.request.command
    family = "ticket:" if isinstance(named, OpenTicket) else main_stream(named, ticket="")
    last = next(line for line in reversed(lines) if line.stream.startswith(family))
    return Outcome(
        stream=last.stream,
        version=last.version,
        position=position_text(lane, lines[-1].position),
        leaf_hash=last.leaf_hash.hex(),
        events=tuple(
            Written(
                line.stream,
                line.version,
                line.topic,
                position_text(lane, line.position),
                line.leaf_hash.hex(),
            )
            for line in lines
        ),
        replayed=True,
    )


def nothing_new(lane: int, main: Head) -> Outcome:
    """Return the outcome of a harmless repetition: where its stream stands."""
    return Outcome(
        stream=main.stream,
        version=main.version,
        position=position_text(lane, main.position),
        leaf_hash=main.leaf_hash.hex(),
        events=(),
        replayed=False,
    )


def missed(row: StoredRow) -> dict[str, object]:
    """Return what a stale caller is told of an event it has not seen."""
    return {
        "topic": row.topic,
        "version": row.version,
        "position": position_text(row.lane, row.position),
        "leaf_hash": row.leaf_hash.hex(),
    }
