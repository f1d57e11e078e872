"""Asking the queue's past: which tickets stood where at a moment, in the queue's order, counted."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from projections.columns import booleans, integers
from projections.projection import PAGE_SIZE_MAX
from projections.queue.reading import FILTERED, Filters, Key
from projections.queue.rows import FACETS
from projections.queue_past.axes import RECORDED, Axis
from projections.queue_past.rows import CURRENT
from projections.spans import HOLDS, MOMENT, moment

Upto = Mapping[int, int]
"""Lane → a point of the axis."""
Statement = tuple[str, list[Any]]
"""What is asked, and its values."""
ALWAYS: Final[Statement] = ("true", [])
"""The condition of which nothing is said."""
_LEVELS: Final = range(64)
OF_TICKET: Final = {
    "merchant": "t.merchant = %s",
    "buyer": "t.buyer = %s",
    "order": "t.order_ref = %s",
}
"""What never changes about a ticket: asked for, few tickets come into question."""
_KEY: Final = "p.priority, p.due_at, p.ticket"


def page(
    db: Cursor, upto: Upto, filters: Filters, after: Key | None, limit: int
) -> list[tuple[str, int]]:
    """Return up to `limit` tickets, with lanes, that stood behind a key in the queue's order.

    The moment is a position of each lane. Ask for one more than a page holds to know whether
    another one follows.
    """
    db.execute(*page_statement(RECORDED, upto, filters, after, limit))
    return list(db.fetchall())


def page_statement(
    axis: Axis,
    upto: Upto,
    filters: Filters,
    after: Key | None,
    limit: int,
    *,
    condition: str = "true",
) -> Statement:
    """Return what a page is asked with: ticket and lane of spans p that hold a moment."""
    if not 1 <= limit <= PAGE_SIZE_MAX + 1:
        raise ValueError(f"a page holds 1 to {PAGE_SIZE_MAX} rows")
    conditions, values = _conditions(filters, after)
    conditions.append(condition)
    given: list[Any]
    if any(getattr(filters, name) is not None for name in OF_TICKET):
        source, given = _by_ticket(axis, upto, filters)
    elif filters.assignee is not None:
        source, given = f"{MOMENT} join {axis.spans} p on {HOLDS}", [*moment(upto)]
    else:
        return _by_level(axis, upto, filters, (conditions, values), limit)
    return (
        f"select p.ticket, p.lane from {source} "
        f"where {' and '.join(conditions)} order by {_KEY} limit %s",
        [*given, *values, limit],
    )


def _by_level(
    axis: Axis,
    upto: Upto,
    filters: Filters,
    where: tuple[list[str], list[Any]],
    limit: int,
) -> Statement:
    """Look under every dyadic interval that holds the moment, and under what lasts."""
    conditions, values = where
    opens = (True, False) if filters.open is None else (filters.open,)
    arms = [
        (lane, level, 0 if level == CURRENT else point >> level, is_open, point)
        for lane, point in sorted(upto.items())
        for level in (CURRENT, *_LEVELS)
        for is_open in opens
    ]
    return (
        "select p.ticket, p.lane from unnest("
        "%s::int[], %s::smallint[], %s::bigint[], %s::boolean[], %s::bigint[]) "
        "as m(lane, level, node, open, upto) cross join lateral ("
        f"select {_KEY}, p.lane from {axis.spans} p where p.level = m.level "
        f"and p.node = m.node and p.open = m.open and {HOLDS} "
        f"and {' and '.join(conditions)} order by {_KEY} limit %s) as p "
        f"order by {_KEY} limit %s",
        [
            *(integers(arm[column] for arm in arms) for column in range(3)),
            booleans(arm[3] for arm in arms),
            integers(arm[4] for arm in arms),
            *values,
            limit,
            limit,
        ],
    )


class Counted(NamedTuple):
    """How many tickets stood where: facet → value → number."""

    of_open: dict[str, dict[str, int]]
    of_all: dict[str, dict[str, int]]

    @classmethod
    def nothing(cls) -> "Counted":
        """Begin to count."""
        facets = ("tickets", *FACETS)
        return cls({facet: {} for facet in facets}, {facet: {} for facet in facets})

    def add(self, number: int, is_open: bool, values: Sequence[Any]) -> None:  # noqa: FBT001 - a cell
        """Count tickets that have these values of the facets."""
        for facet, value in (("tickets", ""), *zip(FACETS, values, strict=True)):
            if value is None:
                continue
            for found in (self.of_all, self.of_open) if is_open else (self.of_all,):
                found[facet][str(value)] = found[facet].get(str(value), 0) + number


def counts(db: Cursor, upto: Upto) -> Counted:
    """Return how many tickets stood where at a moment: of the open tickets, and of all."""
    db.execute(*counts_statement(RECORDED, upto))
    counted = Counted.nothing()
    for number, is_open, *values in db.fetchall():
        counted.add(number, is_open, values)
    return counted


def counts_statement(axis: Axis, upto: Upto, *, condition: Statement = ALWAYS) -> Statement:
    """Return what counts are asked with: a number of spans p, and what they have in common."""
    facets = ", ".join(f"p.{facet}" for facet in FACETS)
    return (
        f"select count(*), p.open, {facets} from {MOMENT} join {axis.spans} p on {HOLDS} "
        f"where {condition[0]} group by p.open, {facets}",
        [*moment(upto), *condition[1]],
    )


def _by_ticket(axis: Axis, upto: Upto, filters: Filters) -> Statement:
    """Return what to look at for the tickets of a party or order, and its values."""
    condition, values = of_ticket(filters)
    return (
        f"{MOMENT} join {axis.tickets} t on t.lane = m.lane and {condition} "
        f"join {axis.spans} p on p.ticket = t.ticket and {HOLDS}",
        [*moment(upto), *values],
    )


def of_ticket(filters: Filters) -> Statement:
    """Return the condition on what never changes about a ticket t, and its values."""
    wanted = [
        (condition, getattr(filters, name))
        for name, condition in OF_TICKET.items()
        if getattr(filters, name) is not None
    ]
    conditions = " and ".join(["true", *(condition for condition, _ in wanted)])
    return conditions, [value for _, value in wanted]


def _conditions(filters: Filters, after: Key | None) -> tuple[list[str], list[Any]]:
    """Return the conditions on a span itself, and their values."""
    conditions, values = ["true"], []
    if filters.open is not None:
        conditions.append("p.open" if filters.open else "not p.open")
    for name, condition in FILTERED.items():
        value = getattr(filters, name)
        if value is not None and name not in OF_TICKET:
            conditions.append(f"p.{condition}")
            values.append(value)
    if after is not None:
        conditions.append(f"({_KEY}) > (%s, %s, %s)")
        values += [after.priority, after.due_at, after.ticket]
    return conditions, values
