"""The order in which things occurred: folded by views alone, and said where it can not be."""

import pytest
from msgspec import structs

from domain.events import (
    DeadlineExtended,
    DeadlineGiven,
    FactReported,
    SourceReported,
    TicketClosed,
    TicketOpened,
)
from domain.milestones import Milestone
from domain.record import Record, Source
from domain.values import Awaiting, Channel, Instant, Kind, Reason, Scenario, Stage
from projections.progress_board import Audience
from replay import as_of
from replay.as_of import At, NoSuchMoment, Past, Upto
from replay.as_of.occurred import by_occurrence, is_in_order
from tests.projections.history import History, at

TICKET = "T0-desk-0000000001"
EVER = Instant("9999-01-01T00:00:00.000000Z")
OPENED = TicketOpened(
    channel=Channel.IMPORT,
    kind=Kind.COMPLAINT,
    scenario=Scenario.SERVICE,
    reason=Reason.OTHER,
    priority=3,
    policy="2026-11-22",
    buyer="b-1",
)


def reported(state: str, awaiting: Awaiting) -> SourceReported:
    """Return a row of a source."""
    return SourceReported(state=state, stage=Stage.INTAKE, awaiting=awaiting)


def occurring(records: list[Record], when: Instant) -> list[Record]:
    """Return records of another system that say when they occurred."""
    source = Source(system="desk", ref="c1/1", imported=True, occurred_at=when)
    return [
        structs.replace(record, envelope=structs.replace(record.envelope, source=source))
        for record in records
    ]


@pytest.fixture
def backward() -> list[Record]:
    """A case whose second row was written down later and is older."""
    history = History()
    first = history.add(
        f"ticket:{TICKET}", OPENED, reported("Active", Awaiting.AGENT), imported=True
    )
    second = history.add(f"ticket:{TICKET}", reported("Waiting", Awaiting.BUYER), imported=True)
    return [*occurring(first, at(70)), *occurring(second, at(-10))]


def test_the_older_row_counts_alone_while_the_younger_had_not_occurred(
    backward: list[Record],
) -> None:
    """A case is open from its earliest row on, whatever was written down first."""
    then = by_occurrence(backward, at(0))
    assert [record.version for record in then] == [1, 2]
    assert as_of.queue_row(then).source_state == "Waiting"
    assert by_occurrence(backward, at(-11)) == []


def test_the_youngest_row_says_how_the_case_stands(backward: list[Record]) -> None:
    """Not the one that was written down last."""
    row = as_of.queue_row(by_occurrence(backward, EVER))
    assert (row.source_state, row.awaiting) == ("Active", Awaiting.AGENT)
    assert as_of.queue_row(backward).source_state == "Waiting"


def test_a_case_file_names_records_by_their_places_on_record(backward: list[Record]) -> None:
    """The copies that were folded are numbered anew; nobody is shown those numbers."""
    folded = by_occurrence(backward, EVER)
    by_position = {record.position: record.version for record in backward}
    versions = {record.version: by_position[record.position] for record in folded}
    file = as_of.case_file(folded, "0-3", versions)
    assert [entry.version for entry in file.timeline] == [1, 3, 2]
    assert [entry.position for entry in file.timeline] == ["0-1", "0-3", "0-2"]
    assert file.case.version == 3


def test_a_state_is_never_judged_in_another_order(backward: list[Record]) -> None:
    """What may happen to a ticket follows from the record's order and no other."""
    found = Past(TICKET, At(occurred=EVER), Upto({0: 3}, EVER), tuple(backward), {}, verified=True)
    with pytest.raises(NoSuchMoment, match="order of the record"):
        as_of.ticket_state(found)


def test_a_fact_of_before_the_opening_counts_from_the_opening_on() -> None:
    """A ticket has no past before itself."""
    history = History()
    records = history.add(f"ticket:{TICKET}", OPENED)
    records += history.add(
        f"ticket:{TICKET}", FactReported(fact=Milestone.ON_SITE, occurred_at=at(-90))
    )
    assert len(by_occurrence(records, at(1))) == 2
    assert by_occurrence(records, at(0)) == []


def test_a_view_that_can_not_be_folded_in_that_order_says_so() -> None:
    """Better no answer than half of one."""
    history = History()
    opened = occurring(history.add(f"ticket:{TICKET}", OPENED, imported=True), at(1))
    given = DeadlineGiven(
        deadline="answer", due_at=at(60), awaits=Awaiting.AGENT, policy="2026-11-22"
    )
    extended = DeadlineExtended(deadline="answer", due_at=at(90), policy="2026-11-22")
    records = [
        *opened,
        *occurring(history.add(f"ticket:{TICKET}", given, imported=True), at(9)),
        *occurring(history.add(f"ticket:{TICKET}", extended, imported=True), at(3)),
    ]
    told = by_occurrence(records, EVER)
    assert not is_in_order(told)
    with pytest.raises(NoSuchMoment, match="can not be folded"):
        as_of.board(told, "0-3", Audience.STAFF, lambda _policy, _clock: True)


def test_what_a_view_puts_aside_is_left_out_of_its_past_too() -> None:
    """As of now is what the live view shows, which waits before the poison."""
    history = History()
    extended = DeadlineExtended(deadline="answer", due_at=at(90), policy="2026-11-22")
    records = history.add(f"ticket:{TICKET}", OPENED, extended, TicketClosed(outcome="withdrawn"))
    board = as_of.board(records, "0-3", Audience.STAFF, lambda _policy, _clock: True)
    assert (board.version, board.stage) == (1, Stage.INTAKE)
