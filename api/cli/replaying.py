"""The command `replay`: a ticket, its board, its case file, the queue or counts as of a moment."""

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from api.cli.instants import instant_of
from api.cli.moments import written_moment
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
    from collections.abc import Iterator, Mapping, Sequence

    from api.wiring import Services
    from projections.queue import Filters
    from replay.as_of import At, Past, Upto

PAGE: Final = 200
"""So many rows of the queue are read at once."""
_QUEUE: Final = "queue"
_COUNTS: Final = "counts"
_OF_EVERYTHING: Final = (_QUEUE, _COUNTS)
_OF_TICKET: Final = ("ticket", "board", "case-file")
_EXITS: Final = {"moments_combined": Exit.USAGE, "lane_missing": Exit.USAGE}
"""Whatever else is wrong with a moment: there is nothing to be found at it."""
_REMEDIES: Final = {
    "lane_missing": "name a place of every lane, like 0-12345,1-678",
    "instant_ahead": "ask for an instant that has passed",
    "not_by_occurred": "use --at-time: that is the order of the record",
    "not_in_this_order": "use --at-time: that is the order of the record",
}
_REMEDY: Final = "see `ticketledger tail` for what is on record"

AtVersion = Annotated[
    int | None, typer.Option("--at-version", min=1, help="As of this version of the ticket.")
]
AtPosition = Annotated[
    str | None,
    typer.Option("--at-position", help="As of this moment of the record, like 0-123,1-40."),
]
AtTime = Annotated[
    str | None,
    typer.Option("--at-time", help="As of this instant, by what was recorded by then."),
]
AtOccurred = Annotated[
    str | None,
    typer.Option("--at-occurred", help="As of this instant, by what had occurred by then."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(replay)


def replay(
    what: Annotated[
        str, typer.Argument(help="queue or counts, or ticket, board or case-file and its id.")
    ],
    ticket: Annotated[str | None, typer.Argument(help="A ticket's id.")] = None,
    *,
    at_version: AtVersion = None,
    at_position: AtPosition = None,
    at_time: AtTime = None,
    at_occurred: AtOccurred = None,
    is_open: Annotated[
        bool, typer.Option("--open/--all", help="Of the queue: open tickets alone, or all.")
    ] = True,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Of the queue: only rows of which this is so, like stage=closed; again for each "
            "name. The names are those of `GET /v1/queue`.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Of the queue: so many rows.")] = 50,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Show a ticket, its board, its case file, the queue or counts as of a moment, else the newest.

    Personal values stay sealed.
    """
    view, about = _asked(what, ticket)
    if where and view != _QUEUE:
        raise CommandError(
            "Only the queue is asked for by conditions.",
            why=f"--where is of the rows of the queue, and {view} has none",
            remedy="leave out --where, or ask for queue",
            code=Exit.USAGE,
        )
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api.wiring import services  # noqa: PLC0415 - heavy

    with services(settings) as parts, told():
        at = moment_of(
            parts,
            version=at_version,
            position=at_position,
            time=at_time,
            occurred=at_occurred,
        )
        if view == _QUEUE:
            filters = _filters(where or (), is_open=is_open)
            answer(_queue(parts, at, filters, limit), as_json=as_json)
        elif view == _COUNTS:
            answer(numbers_told(parts, at, as_json=as_json), as_json=as_json)
        else:
            answer(_VIEWS[view](_past(parts, about, at)), as_json=as_json)


def _asked(what: str, ticket: str | None) -> tuple[str, str]:
    """Return the view and the ticket; a ticket's id alone asks for the ticket."""
    if what in _OF_EVERYTHING and ticket is None:
        return what, ""
    if what in _OF_TICKET and ticket is not None:
        return what, ticket
    if ticket is None and what.startswith("T"):
        return "ticket", what
    known = what in _OF_EVERYTHING or what in _OF_TICKET
    raise CommandError(
        "This can not be replayed." if known else "There is no such view.",
        why="queue and counts are of all tickets, everything else is of one",
        remedy=f"ask for queue or counts, or for {', '.join(_OF_TICKET)} and a ticket's id",
        code=Exit.USAGE if known else Exit.NOT_FOUND,
    )


@contextmanager
def told() -> "Iterator[None]":
    """Tell a moment at which there is nothing to be seen: what, why, and what to do."""
    from replay.as_of import NoSuchMoment  # noqa: PLC0415 - heavy

    try:
        yield
    except NoSuchMoment as error:
        raise CommandError(
            "There is nothing to be seen at this moment.",
            why=str(error),
            remedy=_REMEDIES.get(error.code, _REMEDY),
            code=_EXITS.get(error.code, Exit.NOT_FOUND),
        ) from error


def moment_of(
    parts: "Services",
    *,
    version: int | None = None,
    position: str | None = None,
    time: str | None = None,
    occurred: str | None = None,
    flag: str | None = None,
) -> "At":
    """Return the one moment that was asked for; without any, the end of the record.

    `flag` is what an instant was asked for by, where a command has a name of its own for it.
    """
    from replay.as_of import At, heads  # noqa: PLC0415 - heavy

    if sum(one is not None for one in (version, position, time, occurred)) > 1:
        raise CommandError(
            "Several moments were asked for.",
            why="an answer is of one moment",
            remedy="give one of --at-version, --at-position, --at-time, --at-occurred",
            code=Exit.USAGE,
        )
    if version is not None:
        return At(version=version)
    if time is not None:
        return At(time=instant_of(time, flag or "--at-time"))
    if occurred is not None:
        return At(occurred=instant_of(occurred, flag or "--at-occurred"))
    if position is None:
        return At(position=heads(parts.ledger))
    return At(position=written_moment(position, "--at-position"))


def places_of(parts: "Services", *, position: str | None, time: str | None) -> "Mapping[int, int]":
    """Return where every lane stood at the moment that was asked for, or stands now."""
    return _upto_of(parts, moment_of(parts, position=position, time=time)).places


def require_level(parts: "Services") -> None:
    """Refuse to tell of views that have not read the whole record."""
    if not parts.views.catch_up():
        raise CommandError(
            "The views are not level with the record.",
            why=parts.views.failure() or "the process that folds them is too slow",
            remedy="see `ticketledger doctor`, or try again in a while",
        )


def _upto_of(parts: "Services", at: "At") -> "Upto":
    """Return which records count over all tickets, when the views are level with the record."""
    from api.moments import resolved  # noqa: PLC0415 - heavy

    if at.version is not None:
        raise CommandError(
            "Only a ticket has versions.",
            why="--at-version is of one ticket, and this is of all of them",
            remedy="use --at-position, --at-time or --at-occurred",
            code=Exit.USAGE,
        )
    require_level(parts)
    return resolved(parts, at)


def _past(parts: "Services", ticket: str, at: "At") -> "Past":
    from api.moments import marks  # noqa: PLC0415 - heavy
    from replay.as_of import past  # noqa: PLC0415 - heavy

    return past(parts.ledger, ticket, at, now=parts.now(), last_before=marks(parts))


def _ticket(found: "Past") -> dict[str, Any]:
    from api.reads.past import ticket_occurred  # noqa: PLC0415 - heavy
    from replay.as_of import ticket_state  # noqa: PLC0415 - heavy

    by_views = found.upto.occurred is not None
    return _of(found, ticket_occurred(found) if by_views else ticket_state(found))


def _board(found: "Past") -> dict[str, Any]:
    from projections.progress_board import Audience  # noqa: PLC0415 - heavy
    from replay.as_of import board  # noqa: PLC0415 - heavy

    return _of(
        found,
        board(found.records, found.moment, Audience.STAFF, lambda _policy, _clock: True),
    )


def _case_file(found: "Past") -> dict[str, Any]:
    from replay.as_of import case_file  # noqa: PLC0415 - heavy

    return _of(found, case_file(found.records, found.moment, found.versions))


_VIEWS: Final[dict[str, Callable[["Past"], dict[str, Any]]]] = {
    "ticket": _ticket,
    "board": _board,
    "case-file": _case_file,
}


def _of(found: "Past", seen: Any) -> dict[str, Any]:
    """Return what was seen of a ticket, with the moment it is of."""
    import msgspec  # noqa: PLC0415 - heavy

    from api.models.moments import as_of  # noqa: PLC0415 - heavy

    table = msgspec.to_builtins(seen, order="deterministic")
    told_of = msgspec.to_builtins(as_of(found.at, found.verified))
    return {**table, "position": found.moment, "as_of": told_of}


def _filters(asked: "Sequence[str]", *, is_open: bool) -> "Filters":
    """Return which rows are asked for, each condition as the API has it in an address."""
    from domain.values import Awaiting, Kind, Stage  # noqa: PLC0415 - heavy
    from projections.queue import Filters  # noqa: PLC0415 - heavy

    read: dict[str, Callable[[str], Any]] = {
        **dict.fromkeys(set(Filters.__struct_fields__) - {"open"}, str),
        **{"stage": Stage, "awaiting": Awaiting, "kind": Kind, "priority": int},
        "due_before": lambda text: instant_of(text, "--where due_before"),
    }
    found: dict[str, Any] = {}
    for one in asked:
        name, _, value = one.partition("=")
        if name in found:
            raise CommandError(
                f"The queue was asked for {name} twice.",
                why=f"a row has one {name}, so {one} would stand in the place of what came before",
                remedy=f"give each name once, and ask again for another {name}",
                code=Exit.USAGE,
            )
        try:
            found[name] = read[name](value)
        except (KeyError, ValueError) as error:
            raise CommandError(
                "The queue can not be asked for this.",
                why=f"{one} is no condition on its rows",
                remedy=f"give NAME=VALUE of {', '.join(sorted(read))}",
                code=Exit.USAGE,
            ) from error
    return Filters(open=True if is_open else None, **found)


def numbers_told(parts: "Services", at: "At", *, as_json: bool) -> dict[str, Any]:
    """Return the numbers over all tickets at a moment, for a program with the lists behind them."""
    import msgspec  # noqa: PLC0415 - heavy

    from api.reads.counts import numbers_at  # noqa: PLC0415 - heavy

    table = msgspec.to_builtins(numbers_at(parts, at, _upto_of(parts, at), is_bounded=False))
    return table if as_json else for_a_person(table)


def for_a_person(table: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers without the addresses behind them, which only programs follow."""
    return {name: value for name, value in table.items() if name not in {"links", "as_of"}}


def _queue(parts: "Services", at: "At", filters: "Filters", limit: int) -> dict[str, Any]:
    import msgspec  # noqa: PLC0415 - heavy

    from api.models.moments import as_of  # noqa: PLC0415 - heavy

    upto = _upto_of(parts, at)
    rows, more = _rows(parts, upto, filters, limit)
    return {
        "items": [msgspec.json.decode(row) for row in rows],
        "more": more,
        "position": upto.moment,
        "as_of": msgspec.to_builtins(as_of(at)),
    }


def _rows(
    parts: "Services", upto: "Upto", filters: "Filters", limit: int
) -> tuple[list[str], bool]:
    """Return as many rows as are asked for, and whether there are more."""
    from api.reads.queues import queue_pages_at  # noqa: PLC0415 - heavy

    rows: list[str] = []
    more = False
    for page in queue_pages_at(parts, upto, filters, limit, PAGE):
        rows += page.items
        more = page.next is not None
    return rows, more
