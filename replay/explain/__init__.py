"""Why something on a ticket is as it is: worked out again from the record, and compared with it.

Everything here is pure: records and books come in, an explanation goes out.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from domain.record import Record
from replay.explain import assignment, book, diagnosis, due, outcome, owed, priority, rank, ruling
from replay.explain.deeds import Deeds
from replay.explain.history import moments
from replay.explain.staff import AgentRecords, ReadAgents
from replay.explain.telling import Books, Decision, EventRef, ref

__all__ = [
    "AgentRecords",
    "Books",
    "Decision",
    "EventRef",
    "ReadAgents",
    "What",
    "explain",
    "recomputed",
    "ref",
]


class What(StrEnum):
    """What of a ticket is explained."""

    DUE = "due"
    PRIORITY = "priority"
    ASSIGNMENT = "assignment"
    DIAGNOSIS = "diagnosis"
    RULING = "ruling"
    OWED = "owed"
    OUTCOME = "outcome"
    RANK = "rank"
    BOOK = "book"


def explain(  # noqa: PLR0911 - one a kind
    what: What,
    ticket: Sequence[Record],
    order: Sequence[Record],
    *,
    books: Books,
    texts: Mapping[tuple[int, str], str | None],
    staff: ReadAgents | None = None,
    policies: Sequence[Record] | None = None,
    upto: int | None = None,
) -> tuple[Decision, ...]:
    """Return the decisions of a kind on a ticket, in the order of the record.

    `upto` is the last position that counts, and without it all do. What lies behind it is not told;
    of the streams it needs the rest of the command that the moment cuts, which is judged whole.
    `texts` are the buyer's words by version and field; only a diagnosis is worked out from them.
    With `staff` a choice is held against the streams of the agents. The book is worked out from
    `policies`, the records of the adopted books and of the pilots.
    """
    deeds = Deeds((*ticket, *order), upto)
    of_ticket, of_order = ([*filter(deeds.counts, one)] for one in (ticket, order))
    life = tuple(moments(of_ticket, of_order))
    match what:
        case What.DUE:
            return due.explain(life, deeds, books)
        case What.PRIORITY:
            return priority.explain(life, deeds, books)
        case What.ASSIGNMENT:
            return assignment.explain(life, books, staff)
        case What.DIAGNOSIS:
            return diagnosis.explain(life, books, texts)
        case What.RULING:
            return ruling.explain(life, of_order, deeds, books)
        case What.OWED:
            return owed.explain(life, of_order, deeds, books)
        case What.OUTCOME:
            return outcome.explain(life, Deeds(ticket, upto), books)
        case What.RANK:
            return rank.explain(of_ticket, life, deeds, books)
        case What.BOOK:
            return book.explain(life, deeds, books, policies)


def recomputed(decisions: Sequence[Decision]) -> bool:
    """Return whether all that can be worked out again came out as it stands on record."""
    return all(one.recomputed is not False for one in decisions)
