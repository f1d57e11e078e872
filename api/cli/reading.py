"""Commands that read: stats, show, tail."""

import json
from collections.abc import Iterator
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

    By what had occurred, over more than 2,000 tickets the addresses in `links` are answered with
    too_many_tickets: `ticketledger replay queue --at-occurred` lists them, with the same filters.
    """
    if by not in {"recorded", "occurred"} or (promise is not None and at is not None):
        raise CommandError(
            "This can not be told.",
            why="--by is recorded or occurred, and --promise is told of everything on record",
            remedy="see `ticketledger stats --help`",
            code=Exit.USAGE,
        )
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    if promise is not None:
        answer(_kept(promise, settings), as_json=as_json)
        return
    import msgspec  # noqa: PLC0415 - heavy

    from api.cli.replaying import moment_of, upto_of  # noqa: PLC0415 - heavy
    from api.cli.replaying import told as moment_told  # noqa: PLC0415 - heavy
    from api.reads.counts import numbers, numbers_at  # noqa: PLC0415 - heavy
    from api.wiring import services  # noqa: PLC0415 - heavy

    with services(settings) as parts, moment_told():
        recorded = by == "recorded"
        asked = moment_of(parts, time=at if recorded else None, occurred=None if recorded else at)
        upto = upto_of(parts, asked)
        if at is None:
            found = parts.read_now(numbers)
        else:
            found = numbers_at(parts, asked, upto, tickets_max=None)
    table = msgspec.to_builtins(found)
    answer(table if as_json else _for_a_person(table), as_json=as_json)


def _for_a_person(table: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers without the addresses behind them, which only programs follow."""
    return {name: value for name, value in table.items() if name not in {"links", "as_of"}}


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


def _kept(file: Path, settings: "Settings") -> dict[str, int]:
    """Return how often a promise was kept, over every ticket on record."""
    from api.wiring import services  # noqa: PLC0415 - heavy
    from replay.promises import PromiseError, counts, outcomes, parse  # noqa: PLC0415 - heavy

    try:
        promise = parse(file.read_bytes())
    except (OSError, PromiseError) as error:
        raise CommandError(
            "The file holds no promise.",
            why=str(error),
            remedy="write it as docs/importing.md shows",
            code=Exit.USAGE,
        ) from error
    with services(settings) as parts:
        return counts(outcomes(_everything(parts.ledger), promise))


def _everything(ledger: "TicketLedger") -> Iterator["Record"]:
    """Give all records, lane by lane; a ticket's lie in one lane, in their order."""
    for lane in range(ledger.lanes):
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
