"""A promise held against history: live tickets judge it as their clocks would, and rows as told."""

from datetime import timedelta
from functools import cache
from pathlib import Path

import msgspec
import pytest

from domain import commands as c
from domain.commands import ImportRow
from domain.events import ClockStopped
from domain.policies.book import Book
from domain.policies.elapsed import Turn
from domain.record import Record, Source
from domain.ticket.history import import_row
from domain.values import (
    SYSTEM,
    Awaiting,
    Channel,
    Instant,
    Kind,
    Reason,
    Scenario,
    Stage,
    later,
)
from replay.promises import Outcome, Promise, PromiseError, counts, outcomes, parse
from tests.replay.told import Told
from tests.scenario import AGENT, BUYER, MOMENT, NOW, ORDER, TICKET, placed, signed, whole_book

FILES = Path(__file__).parent / "promises"
CLOSED = (FILES / "closed_within_120_hours.toml").read_text()
RESOLVED = (FILES / "resolved_within_24_hours.toml").read_text()
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@cache
def book() -> Book:
    """Return the book live tickets are promised by."""
    return whole_book()


def promise(text: str = CLOSED, *changes: tuple[str, str]) -> Promise:
    """Return a promise, changed."""
    for before, after in changes:
        assert text.count(before) == 1
        text = text.replace(before, after)
    return parse(text.encode())


def the(records: list[Record], held: Promise) -> Outcome:
    """Return what became of a promise on the one ticket."""
    (found,) = outcomes(records, held)
    return found


# --- Live tickets -----------------------------------------------------------------------------


def live() -> Told:
    """Return a matter that rested for ten days, from the third hour on."""
    return (
        Told()
        .given(placed(), signed())
        .promised(book())
        .done(
            c.OpenTicket(channel=Channel.APP, order=ORDER, kind=Kind.COMPLAINT, reason=Reason.LATE),
            BUYER,
        )
        .done(c.AcceptTicket(ticket=TICKET), AGENT)
        .after(3 * HOUR)
        .done(c.BeginWait(ticket=TICKET, on=Awaiting.BUYER, why="photo"), AGENT)
        .after(10 * DAY)
        .done(c.SendMessage(ticket=TICKET, text="here"), BUYER)
    )


def ended(scenario: Told) -> Told:
    """Resolve the matter."""
    return scenario.done(c.GiveAnswer(ticket=TICKET, text="so", resolves=True), AGENT)


SAME = (
    ("pauses = false\n", ""),
    ('stops = ["resolved"]', 'stops = ["resolved", "closed"]'),
)
"""What makes the promise of a day the book's own of a matter of medium priority (SL-06)."""


@pytest.mark.parametrize(("more", "kept"), [(21 * HOUR - MOMENT, True), (21 * HOUR, False)])
def test_a_live_ticket_is_judged_as_its_own_clock_was(more: timedelta, *, kept: bool) -> None:
    """The same promise, once kept by a clock that ran and once worked out from the record."""
    story = ended(live().after(more))
    found = the(story.of_ticket, promise(RESOLVED, *SAME))
    (clock,) = [
        fact
        for fact in story.facts
        if isinstance(fact, ClockStopped) and fact.clock == "medium_priority_closed"
    ]
    assert (found.kept_net, found.kept_gross) == (clock.kept, False) == (kept, False)
    assert found.net is not None
    assert int(found.net.total_seconds()) == clock.elapsed_s
    assert found.gross == 10 * DAY + 3 * HOUR + more


def test_waits_are_told_with_their_instants() -> None:
    """When it was paused and when it ran on, as the record has it."""
    found = the(live().of_ticket, promise(RESOLVED, *SAME))
    assert found.started_at == NOW
    assert [(one.kind, one.at) for one in found.waits] == [
        (Turn.PAUSED, later(NOW, 3 * HOUR)),
        (Turn.RESUMED, later(NOW, 10 * DAY + 3 * HOUR)),
    ]
    assert (found.ended_at, found.kept_net) == (None, None)


def test_a_reopening_takes_the_end_back() -> None:
    """Until it is resolved again the matter is open, and then it took all that time."""
    again = ended(live()).after(DAY).done(c.ReopenTicket(ticket=TICKET), BUYER)
    assert the(again.of_ticket, promise(RESOLVED, *SAME)).ended_at is None
    over = ended(again.done(c.AcceptTicket(ticket=TICKET), AGENT).after(HOUR))
    assert the(over.of_ticket, promise(RESOLVED, *SAME)).ended_at == over.now


def test_what_else_ends_it_makes_it_moot() -> None:
    """A plan nobody needs any more was neither kept nor broken."""
    plan = promise(RESOLVED, ("cancels = []", 'cancels = ["resolved"]'), ('stops = ["resolved"]', 'stops = ["plan"]'))  # fmt: skip  # noqa: E501
    found = counts(outcomes(ended(live()).of_ticket, plan))
    assert (found["begun"], found["moot"], found["ended"], found["open"]) == (1, 1, 0, 0)


# --- Rows of another system -------------------------------------------------------------------


def rows(*told: tuple[int, str, Awaiting], **outcome: str) -> list[Record]:
    """Return records of rows: how many hours after the opening, the state, whose turn it is.

    They were all taken in at one instant, years later.
    """
    source = Told(now=later(NOW, 3650 * DAY), imported=True)
    records: list[Record] = []
    for hours, state, awaiting in told:
        at = later(NOW, hours * HOUR)
        over = state in {"solved", "closed"}
        command = ImportRow(
            ticket=TICKET,
            buyer="desk-b1",
            channel=Channel.IMPORT,
            kind=Kind.CONSULTATION,
            scenario=Scenario.SERVICE,
            reason=Reason.LATE,
            priority=3,
            state=state,
            stage=Stage.CLOSED if state == "closed" else Stage.INTAKE,
            awaiting=awaiting,
            resolved=state == "solved",
            occurred_at=at,
            outcome=tuple(outcome.items()) if over else (),
        )
        known = len(source.of_ticket)
        source = source.given(*import_row(command, source.ticket, source.context(SYSTEM)))
        from_there = Source(system="desk", ref=f"1/{hours}", imported=True, occurred_at=at)
        records += [
            msgspec.structs.replace(
                record, envelope=msgspec.structs.replace(record.envelope, source=from_there)
            )
            for record in source.of_ticket[known:]
        ]
    return records


WITHOUT_COLUMNS = (('[told]\nopened = "opened_at"\nclosed = "closed_at"\n', ""),)


def test_rows_count_from_when_they_happened_and_rest_while_the_buyer_is_waited_for() -> None:
    """Four days at work, a hundred on hold; when it was imported is nobody's time."""
    found = the(
        rows(
            (0, "new", Awaiting.AGENT),
            (48, "waiting", Awaiting.BUYER),
            (2448, "new", Awaiting.AGENT),
            (2472, "solved", Awaiting.NOBODY),
            (2496, "closed", Awaiting.NOBODY),
        ),
        promise(CLOSED, *WITHOUT_COLUMNS),
    )
    assert (found.started_at, found.ended_at) == (NOW, later(NOW, 2496 * HOUR))
    assert (found.gross, found.net) == (2496 * HOUR, 96 * HOUR)
    assert (found.kept_gross, found.kept_net) == (False, True)


@pytest.mark.parametrize("awaiting", [Awaiting.MERCHANT, Awaiting.AGENT, Awaiting.NOBODY])
def test_rows_rest_for_nobody_who_made_the_promise(awaiting: Awaiting) -> None:
    """SL-25 rests for the buyer and third parties alone."""
    found = the(
        rows((0, "new", awaiting), (119, "closed", Awaiting.NOBODY)),
        promise(CLOSED, *WITHOUT_COLUMNS),
    )
    assert found.waits == ()
    assert found.net == found.gross == 119 * HOUR


def test_a_column_of_the_source_says_when_and_nothing_else_does() -> None:
    """The row comes after the fact; where the column is empty, nobody knows when it was."""
    life = ((0, "new", Awaiting.AGENT), (200, "closed", Awaiting.NOBODY))
    told = the(rows(*life, closed_at="2026-11-17T07:59:59Z"), promise())
    assert (told.ended_at, told.kept_net) == (Instant("2026-11-17T07:59:59.000000Z"), True)
    late = the(rows(*life, closed_at="2026-11-17 08:00:00"), promise())
    assert (late.gross, late.kept_net) == (120 * HOUR, False), "without a zone it is UTC"
    for column in ({}, {"closed_at": "soon"}):
        assert the(rows(*life, **column), promise()).ended_at is None


def test_a_source_that_takes_a_matter_up_again_has_not_closed_it() -> None:
    """Neither its row nor what its column still holds is an end then."""
    life = (
        (0, "new", Awaiting.AGENT),
        (20, "closed", Awaiting.NOBODY),
        (30, "new", Awaiting.AGENT),
    )
    for held in (promise(), promise(CLOSED, *WITHOUT_COLUMNS)):
        assert the(rows(*life, closed_at="2026-11-13T04:00:00Z"), held).ended_at is None


# --- Files ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (('starts = ["opened"]', 'starts = ["signed"]'), "which an order tells"),
        (('starts = ["opened"]', 'starts = ["born"]'), "clock.starts.0"),
        (('within = "PT120H"', 'within = "-PT1H"'), "clock.within"),
        (('within = "PT120H"', 'within = "PT120H"\nrepeats = true'), "more than once"),
        (('within = "PT120H"', 'within = "PT120H"\nwhen = ["vip"]'), "for some matters"),
        (('within = "PT120H"', 'within = "PT120H"\ncalendar = "cn_office"'), "around_the_clock"),
        (("[told]", "[tould]"), "tould"),
        (('within = "PT120H"', 'within = "PT120H"\nby_assignee = true'), "asks who keeps it"),
        (("[told]", "[told"), "not TOML"),
    ],
)
def test_what_is_no_promise_is_refused_with_the_reason(change: tuple[str, str], why: str) -> None:
    """A figure from a file that was half understood is worse than none."""
    with pytest.raises(PromiseError) as refused:
        promise(CLOSED, change)
    assert why in str(refused.value)
