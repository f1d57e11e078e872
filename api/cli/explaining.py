"""The commands `explain` and `journey`: why something is as it is, and how it came there."""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import replaying
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

    from replay.explain import Decision
    from replay.journey import Journey, OrderJourney, Passed


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(explain)
    app.command()(journey)


def explain(
    ticket: Annotated[str, typer.Argument(help="A ticket's id.")],
    *,
    what: Annotated[
        str,
        typer.Option(
            help="due, priority, assignment, diagnosis, ruling, owed, outcome, rank or book.",
        ),
    ],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Explain decisions on a ticket, each worked out again; exit 6 where one does not follow.

    Personal values stay sealed, so a diagnosis is told and not judged again.
    """
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    import msgspec  # noqa: PLC0415 - heavy

    from api.reads.orders import order_records  # noqa: PLC0415 - heavy
    from api.reads.personal import ticket_records  # noqa: PLC0415 - heavy
    from api.reads.policies import policy_records  # noqa: PLC0415 - heavy
    from api.reads.staff import staff_records  # noqa: PLC0415 - heavy
    from api.wiring import services  # noqa: PLC0415 - heavy
    from replay import explain as explaining  # noqa: PLC0415 - heavy

    kinds = [one.value for one in explaining.What]
    if what not in kinds:
        raise CommandError(
            "This is not explained.",
            why=f"there is nothing called {what} to explain",
            remedy=f"ask for {', '.join(kinds)}",
            code=Exit.USAGE,
        )
    with services(settings) as parts, replaying.told():
        known = parts.ledger.ticket(ticket)
        decisions = explaining.explain(
            explaining.What(what),
            ticket_records(parts, ticket),
            () if known.order is None else order_records(parts, known.order),
            books=parts.ledger.book_named,
            texts={},
            staff=partial(staff_records, parts),
            policies=policy_records(parts),
        )
    right = explaining.recomputed(decisions)
    if as_json:
        told = msgspec.to_builtins(decisions, order="deterministic")
        answer(
            {"ticket": ticket, "what": what, "recomputed": right, "decisions": told}, as_json=True
        )
    else:
        for line in _decisions(decisions):
            typer.echo(line)
    if not right:
        raise typer.Exit(Exit.FINDINGS)


def journey(
    about: Annotated[str, typer.Argument(help="A ticket's id, or an order's with --order.")],
    *,
    of_order: Annotated[
        bool, typer.Option("--order/--ticket", help="Of an order with all its tickets.")
    ] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Lay out the whole path of a ticket or an order, the longest waits first."""
    settings = settings_of(data_dir=data_dir, database_url=database_url)
    import msgspec  # noqa: PLC0415 - heavy

    from api.reads.journeys import journey_of, journey_of_order  # noqa: PLC0415 - heavy
    from api.wiring import services  # noqa: PLC0415 - heavy

    with services(settings) as parts, replaying.told():
        if of_order:
            replaying.require_level(parts)
            whole, more = journey_of_order(parts, about)
            told = {**msgspec.to_builtins(whole, order="deterministic"), "more": more}
            lines = [f"order {about}", *_waits(whole), *_steps(whole.steps)]
            lines += [line for each in whole.tickets for line in ("", *_path(each))]
        else:
            one = journey_of(parts, about)
            told, lines = msgspec.to_builtins(one, order="deterministic"), _path(one)
    if as_json:
        answer(told, as_json=True)
        return
    for line in lines:
        typer.echo(line)


def _decisions(decisions: "Sequence[Decision]") -> "Iterator[str]":
    """Yield decisions as a person reads them."""
    for one in decisions:
        verdict = {True: "follows again", False: "DOES NOT FOLLOW", None: one.not_recomputed}
        yield f"{one.about}  ({one.event.topic}, {one.event.position}): {verdict[one.recomputed]}"
        yield f"  result  {_pairs(one.result)}"
        for each in one.inputs:
            yield f"  input   {each.name}: {each.value}"
        for step in one.steps:
            yield f"  step    {step.words}{_times(step.since, step.until)}"
        for wrong in one.differences:
            yield f"  wrong   {wrong.what}: on record {wrong.on_record}, again {wrong.recomputed}"


def _times(since: str | None, until: str | None) -> str:
    return "".join((f"  since {since}" if since else "", f"  until {until}" if until else ""))


def _pairs(table: "Mapping[str, Any]") -> str:
    return ", ".join(f"{name} {value}" for name, value in table.items())


def _path(one: "Journey") -> list[str]:
    """Return a ticket's journey as a person reads it."""
    end = "over" if one.over else "goes on"
    low = ", laid out for a low rating" if one.low_rating is not None else ""
    return [
        f"{one.ticket}  {one.since} to {one.until}, {_length(one.span_us)}, {end}{low}",
        *_waits(one),
        *_steps(one.steps),
        *(
            f"  time      {each.who} had {_length(each.usable_us)} for {each.name}, used "
            f"{_length(each.used_us)}: {each.state}"
            for each in one.usable
        ),
    ]


def _waits(one: "Journey | OrderJourney") -> list[str]:
    return [
        *(
            f"  longest   {_length(each.wall_us)}  {each.who}"
            f"{f' ({each.ref})' if each.ref else ''} for {each.what or 'it'}, from {each.since}"
            for each in one.longest
        ),
        *(f"  in all    {_length(each.wall_us)}  {each.who}" for each in one.totals),
    ]


def _steps(steps: "Sequence[Passed]") -> list[str]:
    return [f"  {one.at}  {one.kind:<9} {one.what}  {one.by}  {_pairs(one.told)}" for one in steps]


def _length(microseconds: int) -> str:
    """Return a length in days, hours and minutes."""
    minutes, rest = divmod(microseconds, 60_000_000)
    if not minutes:
        return f"{rest // 1_000_000} s"
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)
