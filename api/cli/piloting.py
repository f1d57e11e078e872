"""The command about pilots: a book is tried on new tickets, and its arms are told side by side."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.progress import Bar
from api.cli.replaying import AtPosition, AtTime, places_of
from api.cli.replaying import told as moment_told
from api.cli.terminal import (
    CommandError,
    DatabaseUrl,
    DataDir,
    Exit,
    Json,
    answer,
    say,
    settings_of,
)

if TYPE_CHECKING:
    from api.models.base import Body
    from api.wiring import Services
    from domain.commands import AnnouncePilot, EndPilot
    from domain.values import Actor
    from replay.pilots import Comparison, Figure, Figures


def pilot(
    name: Annotated[
        str | None, typer.Argument(help="What the new pilot is called; without it they are listed.")
    ] = None,
    *,
    book: Annotated[
        str | None, typer.Option(help="The version of the adopted book that is tried.")
    ] = None,
    begins: Annotated[
        str | None, typer.Option("--from", help="An instant to come, at least 5 seconds ahead.")
    ] = None,
    ends: Annotated[
        str | None, typer.Option("--to", help="The first instant at which no ticket is drawn.")
    ] = None,
    category: Annotated[
        str | None, typer.Option(help="Only tickets about an order line of this category.")
    ] = None,
    share_bp: Annotated[
        int, typer.Option(help="The share of these tickets, in basis points from 0 to 10000.")
    ] = 10_000,
    why: Annotated[
        str | None, typer.Option(help="The reason, one word like try_first; it goes on record.")
    ] = None,
    end: Annotated[str | None, typer.Option("--end", help="End this pilot; needs --why.")] = None,
    compare: Annotated[
        str | None, typer.Option("--compare", help="Tell the arms of this pilot, day by day.")
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="With --compare: list the tickets behind each number.")
    ] = False,
    at_position: AtPosition = None,
    at_time: AtTime = None,
    by: Annotated[
        str, typer.Option(help="The administrator who orders it, by reference.")
    ] = "operator",
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Try a book on new tickets for a while, end that, or tell what came of it."""
    if sum(one is not None for one in (name, end, compare)) > 1:
        raise CommandError(
            "It is not said what to do.",
            why="a NAME announces, --end ends, --compare tells",
            remedy="give one of them, or none to list the pilots",
            code=Exit.USAGE,
        )
    if compare is None and (listed or at_position is not None or at_time is not None):
        raise CommandError(
            "There is nothing to list, and nothing that was.",
            why="--list, --at-position and --at-time are of what --compare tells",
            remedy="name a pilot with --compare",
            code=Exit.USAGE,
        )
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    from api.wiring import services  # noqa: PLC0415 - heavy

    command: AnnouncePilot | EndPilot | None = None
    if name is not None:
        terms = {"policy": book, "begins_at": begins, "ends_at": ends, "why": why}
        command = _announcement({**terms, "category": category, "share_bp": share_bp}, name)
    elif end is not None:
        command = _end(end, why)
    with services(settings) as parts:
        if command is not None:
            _record(parts, command, by, as_json=as_json)
        elif compare is not None:
            with moment_told(), _interruptible():
                until = places_of(parts, position=at_position, time=at_time)
                _compare(parts, compare, until, listed=listed, as_json=as_json)
        else:
            _list(parts, as_json=as_json)


def _announcement(terms: Mapping[str, Any], name: str) -> "AnnouncePilot":
    import msgspec  # noqa: PLC0415 - heavy

    from api.models.pilots import PilotBody  # noqa: PLC0415 - heavy
    from domain.commands import AnnouncePilot  # noqa: PLC0415 - heavy

    said = {field: value for field, value in terms.items() if value is not None}
    return msgspec.convert(_sound(PilotBody, {"pilot": name, **said}).model_dump(), AnnouncePilot)


def _end(name: str, why: str | None) -> "EndPilot":
    from api.models.pilots import PilotEndBody  # noqa: PLC0415 - heavy
    from domain.commands import EndPilot  # noqa: PLC0415 - heavy

    body = _sound(PilotEndBody, {} if why is None else {"why": why})
    return EndPilot(pilot=name, **body.model_dump())


def _sound(model: "type[Body]", said: Mapping[str, Any]) -> "Body":
    """Return what was said as the API would take it, or say which flag is wrong."""
    from pydantic import ValidationError  # noqa: PLC0415 - heavy

    try:
        return model.model_validate(said)
    except ValidationError as error:
        wrong = {str(one["loc"][0]): one["msg"] for one in error.errors()}
        raise CommandError(
            "The pilot is not told as it must be.",
            why="; ".join(f"{_FLAGS.get(name, name)}: {why}" for name, why in wrong.items()),
            remedy="see `ticketledger books pilot --help`",
            code=Exit.USAGE,
        ) from error


_FLAGS = {
    "pilot": "NAME",
    "policy": "--book",
    "begins_at": "--from",
    "ends_at": "--to",
    "category": "--category",
    "share_bp": "--share-bp",
    "why": "--why",
}


def _record(
    parts: "Services", command: "AnnouncePilot | EndPilot", by: str, *, as_json: bool
) -> None:
    outcome = parts.ledger.pilot(command, actor=_admin(by))
    known = next(one for one in parts.ledger.pilots() if one.pilot == command.pilot)
    told = {
        "pilot": known.pilot,
        "policy": known.policy,
        "begins_at": known.begins_at,
        "ends_at": known.ends_at,
        "position": outcome.position,
        "recorded": bool(outcome.events),
    }
    answer(told, as_json=as_json)
    if not outcome.events:
        say("Nothing was recorded: it was so before.")


def _list(parts: "Services", *, as_json: bool) -> None:
    import msgspec  # noqa: PLC0415 - heavy

    from api.reads.pilots import pilot_list  # noqa: PLC0415 - heavy

    found = pilot_list(parts)
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(found)))
        return
    for one in found.items:
        which = f"{one.share_bp} bp of {one.category or 'all tickets'}"
        typer.echo(
            f"{one.pilot:<20} {one.state:<10} {one.policy:<16} "
            f"{one.begins_at} to {one.ends_at}  {which}"
        )


def _compare(
    parts: "Services", name: str, ends: Mapping[int, int], *, listed: bool, as_json: bool
) -> None:
    import msgspec  # noqa: PLC0415 - heavy

    from api.moments import last_before  # noqa: PLC0415 - heavy
    from api.reads.pilots import known_pilot  # noqa: PLC0415 - heavy
    from replay.pilots import laid_out  # noqa: PLC0415 - heavy

    with Bar() as bar:
        found = laid_out(
            parts.ledger,
            known_pilot(parts, name),
            last_before=last_before(parts),
            ends=ends,
            progress=bar.counting("matters"),
        )
    lists = [
        {**msgspec.to_builtins(figure), "count": len(tickets), "tickets": sorted(tickets)}
        for figure, tickets in sorted(found.behind.items(), key=_order)
        if listed and tickets
    ]
    if as_json:
        told = msgspec.to_builtins(found.comparison)
        told |= {"lists": lists} if listed else {}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    for one in lists:
        what = " ".join(one[part] for part in ("kind", "subject", "row", "change", "under"))
        for ticket in one["tickets"]:
            number = f"{one['day'] or '-':>4}  {one['arm']:<8} {one['figure']:<10}"
            typer.echo(f"{ticket}  {number} {what}".rstrip())
    _tell(found.comparison)


def _order(one: tuple["Figure", Sequence[str]]) -> tuple[Any, ...]:
    """Return what the numbers of a comparison are sorted by: day by day, arm by arm."""
    figure, _ = one
    what = (figure.kind, figure.subject, figure.row, figure.change, figure.under)
    return (figure.day, figure.arm, figure.figure, *what)


def _tell(found: "Comparison") -> None:
    """Print the arms side by side."""
    typer.echo(f"piloted   {found.piloted} under {found.policy}")
    typer.echo(f"control   {found.control}")
    typer.echo(f"until     {found.until}")
    typer.echo(
        f"\n{'day':>4} {'begins':<11} {'arm':<8} {'opened':>7} {'kept':>7} {'broken':>7} owed"
    )
    for day in found.days:
        for arm, figures in (("piloted", day.piloted), ("control", day.control)):
            typer.echo(
                f"{day.day:>4} {day.begins_at[:10]:<11} {arm:<8} {figures.opened:>7} "
                f"{figures.kept:>7} {figures.broken:>7} {_owed(figures)}"
            )
    for tried in found.tried:
        if tried.uncovered:
            say(f"{tried.under} has no rows of {', '.join(tried.uncovered)}: it was not tried.")
            continue
        typer.echo(
            f"\n{tried.tickets} {tried.arm} tickets under {tried.under} instead: "
            f"{tried.changed} with a difference"
        )
        for day in found.days:
            for one in day.otherwise:
                if one.arm is tried.arm:
                    what = " ".join(part for part in (one.kind, one.subject, one.row) if part)
                    typer.echo(f"{day.day:>4} {one.count:>7}  {what}: {one.change}")


def _owed(figures: "Figures") -> str:
    owed = sorted(figures.owed_minor.items())
    return ", ".join(f"{amount} {currency}" for currency, amount in owed) or "-"


@contextmanager
def _interruptible() -> Iterator[None]:
    """End quietly when somebody presses Ctrl-C: nothing was written, so nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        say("Interrupted. Nothing was written; the same command begins anew.")
        raise typer.Exit(Exit.INTERRUPTED) from None


def _admin(reference: str) -> "Actor":
    from domain.values import Actor, ActorKind  # noqa: PLC0415 - heavy

    return Actor(ActorKind.ADMIN, reference)
