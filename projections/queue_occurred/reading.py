"""Asking which tickets stood where by what had occurred, as far as spans of instants tell it.

What they do not tell is said too: which tickets lie aside, and have to be folded from their
records. Those are the disordered ones, and those whose span at the instant comes from a fact that
was recorded behind the places of the record that are asked about.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.values import Instant
from projections.columns import integers
from projections.queue import Filters, Key, QueueRow, Rank
from projections.queue.rows import FACETS
from projections.queue_occurred.rows import point_of
from projections.queue_past.axes import OCCURRED
from projections.queue_past.reading import (
    Counted,
    Statement,
    counts_statement,
    of_ticket,
    page_statement,
)
from projections.queue_past.standing import ranks_statement

_BY_SPANS: Final = "p.ticket not in (select ticket from aside)"
_NOTHING: Final = ", ".join(["null"] * len(FACETS))


class Occurred(NamedTuple):
    """What had occurred by an instant, of what was recorded up to a place of each lane."""

    at: Instant
    places: Mapping[int, int]

    @property
    def upto(self) -> dict[int, int]:
        """Return the point of each lane: one instant for all of them."""
        return dict.fromkeys(self.places, point_of(self.at))


class Found(NamedTuple):
    """Tickets with their lanes: those that spans tell of, and those that lie aside."""

    places: list[tuple[str, int]]
    aside: list[tuple[str, int]]


def page(
    db: Cursor,
    asked: Occurred,
    filters: Filters,
    after: Key | None,
    limit: int,
    *,
    aside_max: int | None,
) -> Found:
    """Return up to `limit` tickets that stood behind a key in the queue's order, and what is aside.

    Of those aside up to one more than `aside_max` are told, of the party or order that is asked.
    """
    aside, of_aside = _aside(asked, filters, aside_max)
    found, of_found = page_statement(
        OCCURRED, asked.upto, filters, after, limit, condition=_BY_SPANS
    )
    db.execute(
        f"with aside as materialized ({aside}), found as ({found}) "
        "select false, ticket, lane from found union all select true, ticket, lane from aside",
        (*of_aside, *of_found),
    )
    rows = db.fetchall()
    return Found(
        [(ticket, lane) for is_aside, ticket, lane in rows if not is_aside],
        [(ticket, lane) for is_aside, ticket, lane in rows if is_aside],
    )


def counts(
    db: Cursor, asked: Occurred, *, aside_max: int | None
) -> tuple[Counted, list[tuple[str, int]]]:
    """Return how many tickets stood where, and those aside, which are not among them.

    Of those aside up to one more than `aside_max` are told.
    """
    aside, of_aside = _aside(asked, Filters(open=None), aside_max)
    numbers, of_numbers = counts_statement(OCCURRED, asked.upto, condition=_known(asked))
    db.execute(
        f"with aside as materialized ({aside}) select null, * from ({numbers}) as numbers "
        f"union all select ticket, lane, null, {_NOTHING} from aside",
        (*of_aside, *of_numbers),
    )
    counted, found = Counted.nothing(), []
    for ticket, number, is_open, *values in db.fetchall():
        if ticket is None:
            counted.add(number, is_open, values)
        else:
            found.append((ticket, number))
    return counted, found


def standing(
    db: Cursor, asked: Occurred, row: QueueRow, *, aside_max: int | None
) -> tuple[Rank, Rank, list[tuple[str, int]]]:
    """Return where an open ticket ranked in its queue and in all, and those aside, not counted.

    Of those aside up to one more than `aside_max` are told.
    """
    aside, of_aside = _aside(asked, Filters(), aside_max)
    ranks, of_ranks = ranks_statement(OCCURRED, asked.upto, row, condition=_known(asked))
    db.execute(
        f"with aside as materialized ({aside}) select null, * from ({ranks}) as ranks "
        "union all select ticket, lane, null, null, null from aside",
        (*of_aside, *of_ranks),
    )
    here, overall, found = Rank(0, 0), Rank(0, 0), []
    for ticket, number, *others in db.fetchall():
        if ticket is None:
            here, overall = Rank(number, others[0]), Rank(*others[1:])
        else:
            found.append((ticket, number))
    return here, overall, found


def _known(asked: Occurred) -> Statement:
    """Return the condition on spans that come from facts up to the places: others are not counted.

    Of every row of a large table it is asked faster than whether its ticket lies aside.
    """
    places = [asked.places.get(lane, 0) for lane in range(max(asked.places, default=-1) + 1)]
    return "p.position <= (%s::bigint[])[p.lane + 1]", [integers(places)]


def _aside(asked: Occurred, filters: Filters, aside_max: int | None) -> Statement:
    """Return what tickets that lie aside are asked with: those of a party or order, or all."""
    condition, values = of_ticket(filters)
    point = point_of(asked.at)
    # Written out lane by lane, the planner sees that next to nothing lies behind the places.
    behind = " or ".join("t.lane = %s and t.position > %s" for _ in asked.places) or "false"
    of_behind = [number for place in asked.places.items() for number in place]
    limit: list[Any] = [None if aside_max is None else aside_max + 1]
    return (
        f"(select t.ticket, t.lane from {OCCURRED.tickets} t where t.disordered and {condition}) "
        f"union all (select t.ticket, t.lane from {OCCURRED.tickets} t "
        "join unnest(%s::int[], %s::bigint[]) as k(lane, known) on k.lane = t.lane "
        f"join {OCCURRED.spans} p on p.ticket = t.ticket and p.since <= %s and p.until > %s "
        f"and p.position > k.known where ({behind}) and {condition}) limit %s",
        [
            *values,
            integers(asked.places),
            integers(asked.places.values()),
            point,
            point,
            *of_behind,
            *values,
            *limit,
        ],
    )
