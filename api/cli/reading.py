"""Commands that read: stats, show, tail."""

import json
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.cli.moments import known_moment
from api.cli.terminal import (
    CommandError,
    DatabaseUrl,
    DataDir,
    Exit,
    Json,
    answer,
    settings_of,
)

if TYPE_CHECKING:
    from api.settings import Settings
    from domain.ledger.application import TicketLedger
    from domain.record import Record
    from replay.promises import Outcome, Promise

PAGE: Final = 1_000
TAIL: Final = 10
"""Records of each lane that `tail` begins with when it is not told where."""
POLL_S: Final = 0.5


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(stats)
    app.command()(show)
    app.command()(tail)


def stats(
    *,
    promise: Annotated[
        Path | None,
        typer.Option(help="Tell instead how often this promise was kept: a TOML file."),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="With --promise: list the tickets behind the numbers.")
    ] = False,
    at: Annotated[
        str | None, typer.Option("--as-of", help="As of this instant, like 2016-04-01T00:00:00Z.")
    ] = None,
    by: Annotated[
        str, typer.Option("--by", help="recorded: what was known then; occurred: what was true.")
    ] = "recorded",
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Tell how many tickets there are and where they stand, now or as of an instant.

    With --json, `links` has the list behind every number.
    """
    if by not in {"recorded", "occurred"} or (listed if promise is None else at is not None):
        raise CommandError(
            "This can not be told.",
            why="--by is recorded or occurred, --promise is told of everything on record, and "
            "--list is of a promise: what lists the other numbers is in `links`, with --json",
            remedy="see `ticketledger stats --help`",
            code=Exit.USAGE,
        )
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    if promise is not None:
        _tell_kept(promise, settings, listed=listed, as_json=as_json)
        return
    import msgspec  # noqa: PLC0415 - heavy

    from api.cli import replaying  # noqa: PLC0415 - heavy
    from api.reads.counts import numbers  # noqa: PLC0415 - heavy
    from api.wiring import services  # noqa: PLC0415 - heavy

    with services(settings) as parts, replaying.told():
        if at is None:
            replaying.require_level(parts)
            table = msgspec.to_builtins(parts.read_now(numbers))
            answer(table if as_json else replaying.for_a_person(table), as_json=as_json)
            return
        recorded = by == "recorded"
        asked = replaying.moment_of(
            parts,
            time=at if recorded else None,
            occurred=None if recorded else at,
            flag="--as-of",
        )
        answer(replaying.numbers_told(parts, asked, as_json=as_json), as_json=as_json)


def show(
    ticket: Annotated[str, typer.Argument(help="A ticket's id.")],
    *,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Show a ticket and every record of it; personal values stay sealed."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    import msgspec  # noqa: PLC0415 - heavy

    from api.wiring import services  # noqa: PLC0415 - heavy
    from domain.streams import ticket_stream  # noqa: PLC0415 - heavy

    with services(settings) as parts:
        state = msgspec.to_builtins(parts.ledger.ticket(ticket), order="deterministic")
        records = list(_stream(parts.ledger, ticket_stream(ticket)))
    if as_json:
        answer({**state, "records": [told(record) for record in records]}, as_json=True)
        return
    answer(
        {name: value for name, value in state.items() if value not in (None, {}, [])}, as_json=False
    )
    typer.echo()
    for record in records:
        typer.echo(_line(record))


def tail(
    *,
    after: Annotated[
        str | None, typer.Option(help="Begin after this moment, like 0-123 or 0-12,1-7.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for what comes.")] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Print records in the order of their positions, the newest few unless told where to begin."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api.wiring import services  # noqa: PLC0415 - heavy

    with services(settings) as parts:
        ledger = parts.ledger
        places = _places(after, ledger)
        pause = Event()
        while True:
            moved = False
            for lane in places:
                for record in ledger.records(lane, places[lane], PAGE):
                    typer.echo(
                        json.dumps(told(record), ensure_ascii=False) if as_json else _line(record)
                    )
                    places[lane] = record.position
                    moved = True
            if moved:
                continue
            if not follow:
                return
            pause.wait(POLL_S)


def _tell_kept(file: Path, settings: "Settings", *, listed: bool, as_json: bool) -> None:
    """Print how often a promise was kept over every ticket on record, and on which."""
    from replay.promises import counted_as, counts  # noqa: PLC0415 - heavy

    with closing(_kept(file, settings)) as kept:
        found: Iterable[Outcome] = list(kept) if listed else kept
        told: dict[str, Any] = dict(counts(found))
    rows = [
        (one.ticket, one.started_at, one.ended_at, counted_as(one))
        for one in (found if listed else ())
    ]
    if as_json and listed:
        names = ("ticket", "started_at", "ended_at", "counted")
        told["tickets"] = [dict(zip(names, row, strict=True)) for row in rows]
    for ticket, started_at, ended_at, counted in () if as_json else rows:
        typer.echo(f"{ticket}  {started_at}  {ended_at or '-':<27}  {' '.join(counted)}")
    answer(told, as_json=as_json)


def _kept(file: Path, settings: "Settings") -> Generator["Outcome"]:
    """Yield what became of a promise on every ticket on record that it began on, lane by lane."""
    from api.wiring import services  # noqa: PLC0415 - heavy
    from replay.promises import outcomes  # noqa: PLC0415 - heavy

    promise = promise_of(file)
    with services(settings) as parts:
        for lane in range(parts.ledger.lanes):
            yield from outcomes(_of_lane(parts.ledger, lane), promise)


def promise_of(file: Path) -> "Promise":
    """Return the promise that a file holds; raise CommandError where it holds none."""
    from replay.promises import PromiseError, parse  # noqa: PLC0415 - heavy

    try:
        return parse(file.read_bytes())
    except (OSError, PromiseError) as error:
        raise CommandError(
            "The file holds no promise.",
            why=str(error),
            remedy="write it as docs/importing.md shows",
            code=Exit.USAGE,
        ) from error


def _of_lane(ledger: "TicketLedger", lane: int) -> Iterator["Record"]:
    """Give all records of a lane; a ticket's lie in one lane, in their order."""
    after = 0
    while page := ledger.records(lane, after, PAGE):
        yield from page
        after = page[-1].position


def told(record: "Record") -> dict[str, Any]:
    """Return a record as JSON can hold it."""
    envelope = record.envelope
    found: dict[str, Any] = {
        "position": f"{record.lane}-{record.position}",
        "stream": record.stream,
        "version": record.version,
        "topic": envelope.topic,
        "at": record.at,
        "actor": {"kind": record.actor.kind.value, "ref": record.actor.ref},
        "id": envelope.id,
        "leaf_hash": record.leaf_hash,
        "data": json.loads(bytes(envelope.data)),
    }
    if envelope.source is not None:
        found["source"] = {
            "system": envelope.source.system,
            "ref": envelope.source.ref,
            "imported": envelope.source.imported,
            "occurred_at": envelope.source.occurred_at,
        }
    return found


def _line(record: "Record") -> str:
    """Return a record as one line for a person."""
    place = f"{record.lane}-{record.position}"
    who = f"{record.actor.kind}:{record.actor.ref}"
    leaf = record.leaf_hash[:12]
    topic = record.envelope.topic
    return f"{place:>10}  {record.at}  {record.stream} v{record.version}  {topic}  {who}  {leaf}"


def _stream(ledger: "TicketLedger", stream: str) -> Iterator["Record"]:
    """Give all records of a stream."""
    version = 0
    while page := ledger.stream(stream, version, PAGE):
        yield from page
        version = page[-1].version


def _places(after: str | None, ledger: "TicketLedger") -> dict[int, int]:
    """Return where to begin in every lane."""
    if after is None:
        return {lane: max(0, ledger.position(lane) - TAIL) for lane in range(ledger.lanes)}
    return known_moment(after, "--after", ledger)
