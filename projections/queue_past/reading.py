"""Asking the queue's past: which tickets stood where at a moment, in the queue's order, counted."""

from collections.abc import Mapping
from typing import Any, Final

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from projections.columns import booleans, integers
from projections.projection import PAGE_SIZE_MAX
from projections.queue.reading import FILTERED, Filters, Key
from projections.queue.rows import FACETS
from projections.queue_past.rows import CURRENT

_LEVELS: Final = range(64)
_OF_TICKET: Final = {
    "merchant": "t.merchant = %s",
    "buyer": "t.buyer = %s",
    "order": "t.order_ref = %s",
}
"""What never changes about a ticket: asked for, few tickets come into question."""
_KEY: Final = "p.priority, p.due_at, p.ticket"
_HOLDS: Final = "p.lane = m.lane and p.since <= m.upto and p.until > m.upto"


def page(
    db: Cursor, upto: Mapping[int, int], filters: Filters, after: Key | None, limit: int
) -> list[tuple[str, int]]:
    """Return up to `limit` tickets, with lanes, that stood behind a key in the queue's order.

    The moment is a position of each lane. Ask for one more than a page holds to know whether
    another one follows.
    """
    if not 1 <= limit <= PAGE_SIZE_MAX + 1:
        raise ValueError(f"a page holds 1 to {PAGE_SIZE_MAX} rows")
    conditions, values = _conditions(filters, after)
    given: list[Any]
    if any(getattr(filters, name) is not None for name in _OF_TICKET):
        source, given = _by_ticket(upto, filters)
    elif filters.assignee is not None:
        source, given = f"{_moments()} join view.queue_past p on {_HOLDS}", [*_places(upto)]
    else:
        return _by_level(db, upto, filters, (conditions, values), limit)
    db.execute(
        f"select p.ticket, p.lane from {source} "
        f"where {' and '.join(conditions)} order by {_KEY} limit %s",
        (*given, *values, limit),
    )
    return list(db.fetchall())


def _by_level(
    db: Cursor,
    upto: Mapping[int, int],
    filters: Filters,
    where: tuple[list[str], list[Any]],
    limit: int,
) -> list[tuple[str, int]]:
    """Look under every dyadic interval that holds the moment, and under what lasts."""
    conditions, values = where
    opens = (True, False) if filters.open is None else (filters.open,)
    arms = [
        (lane, level, 0 if level == CURRENT else position >> level, is_open, position)
        for lane, position in sorted(upto.items())
        for level in (CURRENT, *_LEVELS)
        for is_open in opens
    ]
    db.execute(
        "select p.ticket, p.lane from unnest("
        "%s::int[], %s::smallint[], %s::bigint[], %s::boolean[], %s::bigint[]) "
        "as m(lane, level, node, open, upto) cross join lateral ("
        f"select {_KEY}, p.lane from view.queue_past p where p.level = m.level "
        f"and p.node = m.node and p.open = m.open and {_HOLDS} "
        f"and {' and '.join(conditions)} order by {_KEY} limit %s) as p "
        f"order by {_KEY} limit %s",
        (
            *(integers(arm[column] for arm in arms) for column in range(3)),
            booleans(arm[3] for arm in arms),
            integers(arm[4] for arm in arms),
            *values,
            limit,
            limit,
        ),
    )
    return list(db.fetchall())


def counts(
    db: Cursor, upto: Mapping[int, int]
) -> tuple[Mapping[str, Mapping[str, int]], Mapping[str, Mapping[str, int]]]:
    """Return facet → value → number at a moment: of the open tickets, and of all."""
    facets = ", ".join(f"p.{facet}" for facet in FACETS)
    db.execute(
        f"select count(*), p.open, {facets} from {_moments()} join view.queue_past p on {_HOLDS} "
        f"group by p.open, {facets}",
        _places(upto),
    )
    of_open: dict[str, dict[str, int]] = {facet: {} for facet in ("tickets", *FACETS)}
    of_all: dict[str, dict[str, int]] = {facet: {} for facet in of_open}
    for number, is_open, *values in db.fetchall():
        for facet, value in (("tickets", ""), *zip(FACETS, values, strict=True)):
            if value is None:
                continue
            for found in (of_all, of_open) if is_open else (of_all,):
                found[facet][str(value)] = found[facet].get(str(value), 0) + number
    return of_open, of_all


def tickets_of(db: Cursor) -> int:
    """Return how many tickets there are."""
    db.execute("select count(*) from view.queue_past_ticket")
    (number,) = db.fetchone() or (0,)
    return int(number)


def tickets_after(db: Cursor, ticket: str, limit: int) -> list[tuple[str, int]]:
    """Return the next tickets behind an id, with their lanes, by their ids."""
    db.execute(
        "select ticket, lane from view.queue_past_ticket where ticket > %s "
        "order by ticket limit %s",
        (ticket, limit),
    )
    return list(db.fetchall())


def _moments() -> str:
    return "unnest(%s::int[], %s::bigint[]) as m(lane, upto)"


def _places(upto: Mapping[int, int]) -> tuple[str, str]:
    return integers(upto), integers(upto.values())


def _by_ticket(upto: Mapping[int, int], filters: Filters) -> tuple[str, list[Any]]:
    """Return what to look at for the tickets of a party or order, and its values."""
    wanted = [
        (condition, getattr(filters, name))
        for name, condition in _OF_TICKET.items()
        if getattr(filters, name) is not None
    ]
    return (
        f"{_moments()} join view.queue_past_ticket t on t.lane = m.lane and "
        f"{' and '.join(condition for condition, _ in wanted)} "
        f"join view.queue_past p on p.ticket = t.ticket and {_HOLDS}",
        [*_places(upto), *(value for _, value in wanted)],
    )


def _conditions(filters: Filters, after: Key | None) -> tuple[list[str], list[Any]]:
    """Return the conditions on a span itself, and their values."""
    conditions, values = ["true"], []
    if filters.open is not None:
        conditions.append("p.open" if filters.open else "not p.open")
    for name, condition in FILTERED.items():
        value = getattr(filters, name)
        if value is not None and name not in _OF_TICKET:
            conditions.append(f"p.{condition}")
            values.append(value)
    if after is not None:
        conditions.append(f"({_KEY}) > (%s, %s, %s)")
        values += [after.priority, after.due_at, after.ticket]
    return conditions, values
