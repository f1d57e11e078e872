"""One ticket in the views as of a moment: their own handlers over the records that count.

What is said of it, and to whom, is the live reads' business.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import TypeVar

from msgspec import structs

from domain.record import Record
from projections import arbitration, progress_board, queue
from projections.arbitration import CaseFile, Mark, Place
from projections.arbitration.reading import laid_out, parts_of
from projections.arbitration.view import CasePage
from projections.progress_board import Audience, Board
from projections.progress_board.reading import IsShown, shown
from projections.projection import Poisoned, Row, TicketPage, TicketView
from projections.queue import QueueRow
from replay.as_of.moments import NoSuchMoment
from replay.as_of.occurred import is_in_order

R = TypeVar("R", bound=Row)


def queue_row(records: Sequence[Record]) -> QueueRow:
    """Return the row of the queue that a ticket's records, from the first one on, add up to."""
    return _folded(queue.VIEW, records).rows[records[0].subject]


def queue_rows(records: Sequence[Record]) -> Iterator[QueueRow]:
    """Yield the row of the queue after each of a ticket's records; it is one row that goes on.

    Behind a record that the queue puts aside it stays as it was before.
    """
    page = queue.VIEW.page(records[0].lane)
    assert isinstance(page, TicketPage)
    for number, record in enumerate(records):
        try:
            page.fold([(record.subject, record)])
        except Poisoned:
            # The handler may have done half of its work: fold without it, from the first one on.
            yield from repeat(queue_row(records), len(records) - number)
            return
        yield page.rows[record.subject]


def board(records: Sequence[Record], moment: str, audience: Audience, is_shown: IsShown) -> Board:
    """Return the board that a ticket's records add up to, for an audience."""
    row = _folded(progress_board.VIEW, records).rows[records[0].subject]
    return shown(row, moment, audience, is_shown)


def case_file(records: Sequence[Record], moment: str, versions: Mapping[int, int]) -> CaseFile:
    """Return the case file that a ticket's records add up to.

    `versions` says which version on record a record is that was numbered anew.
    """
    page = _folded(arbitration.VIEW, records)
    assert isinstance(page, CasePage)
    ticket = records[0].subject
    found = laid_out(moment, page.rows[ticket], page.timeline(ticket))
    return _renamed(found, versions) if versions else found


def _folded(view: TicketView[R], records: Sequence[Record]) -> TicketPage[R]:
    """Return the page of a view with a ticket folded.

    What the view puts aside in the record's order it has put aside here too. In another order
    nobody knows which fact is the one too many, so there is no answer.
    """
    try:
        return _page(view, records)
    except Poisoned as poison:
        before = [one for one in records if one.version < poison.record.version]
        if not before or not is_in_order(records):
            raise NoSuchMoment("not_in_this_order") from poison
        return _page(view, before)


def _page(view: TicketView[R], records: Sequence[Record]) -> TicketPage[R]:
    page = view.page(records[0].lane)
    assert isinstance(page, TicketPage)
    page.fold([(record.subject, record) for record in records])
    return page


def _renamed(found: CaseFile, versions: Mapping[int, int]) -> CaseFile:
    """Return a case file that names records by their versions on record."""
    for part in parts_of(found.case):
        if isinstance(part, Mark | Place):
            part.version = versions[part.version]
    found.case.version = max(versions.values())
    timeline = tuple(
        structs.replace(entry, version=versions[entry.version]) for entry in found.timeline
    )
    return CaseFile(found.moment, found.case, timeline)
