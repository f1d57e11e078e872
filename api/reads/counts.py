"""How many tickets stand where, now or as it was; each number with the list it counts (CO-03)."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api.models.moments import AsOf
from api.models.moments import as_of as told_as_of
from api.models.outcomes import Moment
from api.wiring import Services
from projections import queue, statistics
from projections.queue import Counts
from projections.statistics import Numbers
from replay import as_of
from replay.as_of import At, Upto

TICKETS_MAX: Final = 2_000
"""Over more tickets than this, the API does not fold what had occurred: nobody would wait."""
_NO_LIST: Final = frozenset({"reports"})
"""What is counted here and is no ticket: rows of another system."""

Links = Mapping[str, Mapping[str, str]]
"""Facet → value → the address of the list of tickets that are counted."""


class CountLinks(msgspec.Struct, frozen=True):
    """The lists behind the counts, as of the moment they were counted."""

    open: Links
    everything: Links


class QueueCounts(msgspec.Struct, frozen=True):
    """How many tickets stand where: facet → value → number."""

    open: Mapping[str, Mapping[str, int]]
    """Of those that are neither resolved nor closed."""
    everything: Mapping[str, Mapping[str, int]]
    position: Moment
    links: CountLinks
    """The list behind each number, but for `reports`, which counts rows of another system."""
    as_of: AsOf | None = None
    """The moment of the past that was asked for."""


class NumberLinks(msgspec.Struct, frozen=True):
    """The lists behind the numbers, as of the moment they were counted."""

    tickets: str
    open: str
    by_stage: Mapping[str, str]
    by_source_state: Mapping[str, str]
    by_awaiting: Mapping[str, str]
    by_queue: Mapping[str, str]
    by_priority: Mapping[str, str]


class Statistics(Numbers, frozen=True):
    """The numbers over all tickets, now or as it was."""

    links: NumberLinks
    """The list behind each number that counts tickets."""
    as_of: AsOf | None = None
    """The moment of the past that was asked for."""


def queue_counts(connection: Connection) -> QueueCounts:
    """Return the counters of every facet as they are. Blocks."""
    with connection.cursor() as db:
        return _told(queue.counts(db), None)


def queue_counts_at(services: Services, at: At, upto: Upto) -> QueueCounts:
    """Return how many tickets stood where at a moment. Blocks."""
    return _told(counts_at(services, upto, tickets_max=TICKETS_MAX), at)


def numbers(connection: Connection) -> Statistics:
    """Return the numbers over all tickets as they are. Blocks."""
    with connection.cursor() as db:
        return _with_links(statistics.numbers(db), None)


def numbers_at(
    services: Services, at: At, upto: Upto, *, tickets_max: int | None = TICKETS_MAX
) -> Statistics:
    """Return the numbers over all tickets as they were at a moment. Blocks."""
    found = counts_at(services, upto, tickets_max=tickets_max)
    return _with_links(statistics.numbers_of(found), at)


def counts_at(services: Services, upto: Upto, *, tickets_max: int | None) -> Counts:
    """Return the counts at a moment: by the view of the past, or folded. Blocks."""

    def query(connection: Connection) -> Counts:
        with connection.cursor() as db:
            if upto.occurred is None:
                return as_of.counts(db, upto)
            streams = as_of.streams_of(services.ledger)
            rows = as_of.rows_occurred(db, streams, upto, tickets_max=tickets_max)
            return as_of.counts_occurred(rows, upto)

    return services.read_now(query)


def _told(found: Counts, at: At | None) -> QueueCounts:
    return QueueCounts(
        open=found.open,
        everything=found.everything,
        position=found.moment,
        links=CountLinks(
            open=_links(found.open, "true", found.moment, at),
            everything=_links(found.everything, "any", found.moment, at),
        ),
        as_of=None if at is None else told_as_of(at),
    )


def _with_links(found: Numbers, at: At | None) -> Statistics:
    told: dict[str, Any] = {name: getattr(found, name) for name in Numbers.__struct_fields__}
    of_open = {"awaiting": found.by_awaiting, "queue": found.by_queue}
    of_open["priority"] = found.by_priority
    of_all = {"stage": found.by_stage, "source_state": found.by_source_state}
    still = _links(of_open, "true", found.position, at)
    ever = _links(of_all, "any", found.position, at)
    links = NumberLinks(
        tickets=_link("tickets", "", "any", found.position, at),
        open=_link("tickets", "", "true", found.position, at),
        by_stage=ever["stage"],
        by_source_state=ever["source_state"],
        by_awaiting=still["awaiting"],
        by_queue=still["queue"],
        by_priority=still["priority"],
    )
    return Statistics(**told, links=links, as_of=None if at is None else told_as_of(at))


def _links(
    facets: Mapping[str, Mapping[str, int]], is_open: str, moment: str, at: At | None
) -> Links:
    return {
        facet: {value: _link(facet, value, is_open, moment, at) for value in values}
        for facet, values in facets.items()
        if facet not in _NO_LIST
    }


def _link(facet: str, value: str, is_open: str, moment: str, at: At | None) -> str:
    """Return the list of the tickets with a value of a facet, at the moment of the count.

    So the list is what was counted even when the ledger has gone on; of what had occurred it is
    what is on record when the list is asked for, facts that were reported since among them.
    """
    query = {"open": is_open}
    if facet != "tickets":
        query[facet] = value
    if at is not None and at.occurred is not None:
        query["at_occurred"] = at.occurred
    elif moment:
        query["at_position"] = moment
    return f"/v1/queue?{urlencode(query)}"
