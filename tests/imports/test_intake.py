"""Opening live tickets from a file: ordinary tickets with clocks, each once."""

from pathlib import Path

from api.imports.engine import Totals
from api.imports.intake import open_tickets
from api.imports.rejects import Rejects
from domain.events import DeadlineGiven, TicketOpened
from domain.record import Record
from domain.streams import lane_of
from domain.values import Channel, Kind
from tests.imports.conftest import Desk, all_records, row

LANES = (1, 4)


def bring(desk: Desk, *rows: str) -> Totals:
    """Open tickets from these rows."""
    desk.write(*rows)
    with Rejects(desk.path, directory=desk.rejects_dir, fallback=desk.rejects_dir) as rejects:
        return open_tickets(desk.path, desk.mapping, desk.ledger, rejects)


def opened(desk: Desk) -> list[Record]:
    """The openings that came from this desk."""
    return [
        record
        for record in all_records(desk.ledger)
        if isinstance(record.event, TicketOpened)
        and record.event.buyer.startswith(f"{desk.mapping.source}-")
    ]


def test_the_first_row_of_each_case_opens_a_live_ticket_with_clocks(desk: Desk) -> None:
    """A backlog of another desk is work of ours from now on."""
    totals = bring(desk, row("c1", 1), row("c1", 2), row("c2", 1, topic="scanner", caller="b2"))

    assert (totals.accepted, totals.skipped, totals.rejected) == (2, 1, 0)
    assert totals.tickets == 2
    records = opened(desk)
    assert len(records) == 2
    for record in records:
        ticket = desk.ledger.ticket(record.subject)
        assert not record.imported
        assert not ticket.imported
        assert ticket.deadlines
        assert (ticket.kind, ticket.channels) == (Kind.COMPLAINT, {Channel.IMPORT})
        assert record.lane == lane_of(ticket.buyer, desk.ledger.lanes)
        stream = desk.ledger.stream(record.stream)
        assert any(isinstance(one.event, DeadlineGiven) for one in stream)


def test_what_the_buyer_says_is_sealed(desk: Desk) -> None:
    """Free text about a person is personal, wherever it comes from."""
    bring(desk, row("c1", 1, topic="a very odd smell"))

    (record,) = opened(desk)
    assert b"odd smell" not in bytes(record.envelope.data)
    told = desk.ledger.open_values([record])
    assert told[record.stream, record.version, "statement"] == "About a very odd smell"


def test_the_same_file_opens_each_ticket_once(desk: Desk) -> None:
    """A backlog is sent twice more often than not."""
    rows = [row(f"c{number}", 1, caller=f"b{number}") for number in range(30)]
    bring(desk, *rows)

    again = bring(desk, *rows, row("c30", 1, caller="b30"))

    assert (again.accepted, again.skipped, again.events) == (1, 30, again.events)
    assert again.events > 0
    assert len(opened(desk)) == 31


def test_a_case_that_comes_back_otherwise_is_rejected(desk: Desk) -> None:
    """What was opened is not changed by a file."""
    bring(desk, row("c1", 1, topic="printer"))

    totals = bring(desk, row("c1", 1, topic="scanner"))

    assert (totals.accepted, totals.rejected) == (0, 1)
    assert totals.rejects is not None
    assert "row_known_otherwise" in Path(totals.rejects).read_text()
    assert len(opened(desk)) == 1


def test_a_bad_row_is_told_and_the_next_row_of_its_case_opens_it(desk: Desk) -> None:
    """The good rows are kept."""
    totals = bring(desk, "c1,1", row(case="", seq=1), row("c1", 2))

    assert (totals.accepted, totals.rejected) == (1, 2)
    assert len(opened(desk)) == 1
