"""How many tickets stand where, now or as it was; each number with the list it counts (CO-03)."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from api.models.moments import AsOf
from api.models.moments import as_of as told_as_of
from api.models.outcomes import Moment
from api.moments import resolved
from api.reads.links import AgreementLinks, Links, When, of_agreement, of_facets, of_value
from api.wiring import Services
from domain.policies.book import Book
from domain.values import Instant
from projections import diagnosis, queue, reports, statistics
from projections.queue import Counts
from projections.statistics import Numbers
from replay import as_of
from replay.as_of import At, NoSuchMoment, Then, Upto

TICKETS_MAX: Final = 2_000
"""So many tickets of which facts were recorded in another order than they occurred in are folded
for an answer of the API, and no more: nobody would wait."""


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
    """The list behind each number; that of `reports` is of rows another system told."""
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
    reports_by_source_state: Mapping[str, str]
    """Lists of rows that another system told, each of a ticket."""
    agreement: AgreementLinks


class Statistics(Numbers, frozen=True):
    """The numbers over all tickets, now or as it was."""

    links: NumberLinks
    """The list behind each number but `events`, whose list is the record itself."""
    as_of: AsOf | None = None
    """The moment of the past that was asked for."""


def queue_counts(connection: Connection) -> QueueCounts:
    """Return the counters of every facet as they are. Blocks."""
    with connection.cursor() as db:
        return _told(queue.counts(db), None)


def queue_counts_at(services: Services, at: At, upto: Upto) -> QueueCounts:
    """Return how many tickets stood where at a moment. Blocks."""
    return _told(counts_at(services, upto), at)


def numbers(connection: Connection) -> Statistics:
    """Return the numbers over all tickets as they are. Blocks."""
    with connection.cursor() as db:
        return _with_links(statistics.numbers(db), None)


def numbers_at(services: Services, at: At, upto: Upto, *, is_bounded: bool = True) -> Statistics:
    """Return the numbers over all tickets as they were at a moment. Blocks."""
    found = counts_at(services, upto, is_bounded=is_bounded)
    judged = recorded_by(services, at, upto).moment
    agreement = services.read_now(lambda one: diagnosis.agreement_at(one.cursor(), judged))
    by_occurred = at.occurred is not None
    return _with_links(statistics.numbers_of(found, agreement, by_occurred=by_occurred), at)


def counts_at(services: Services, upto: Upto, *, is_bounded: bool = True) -> Counts:
    """Return the counts at a moment, by the views of the past. Blocks."""

    def query(connection: Connection) -> Counts:
        with connection.cursor() as db:
            streams = as_of.streams_of(services.ledger)
            aside_max = TICKETS_MAX if is_bounded else None
            found = as_of.counts(db, streams, upto, aside_max=aside_max)
            return _with_reports(db, found, upto)

    return services.read_now(query)


def recorded_by(services: Services, at: At, upto: Upto) -> Upto:
    """Return what counts at a moment of things that occur when they are recorded. Blocks.

    Such are diagnoses, assignments and requests to departments, all on tickets of our own: those
    that had occurred by an instant are those that were recorded by then.
    """
    if at.occurred is None:
        return upto
    recorded = At(time=at.occurred)
    try:
        return resolved(services, recorded)
    except NoSuchMoment:  # before the first record
        return Upto(dict.fromkeys(upto.places, 0))


def then_of(services: Services, db: Cursor, upto: Upto) -> Then:
    """Return a moment by what was recorded, to be looked at."""
    return Then(db, as_of.streams_of(services.ledger, upto), upto)


def book_of(services: Services, at: At, upto: Upto) -> Book:
    """Return the book that was in force at a moment. Blocks."""
    instant = at.time or at.occurred
    if instant is None:
        last = (
            services.ledger.records(lane, place - 1, 1)[0].at
            for lane, place in upto.places.items()
            if place
        )
        instant = max(last, default=Instant(""))
    return services.ledger.book_at(instant)


def _with_reports(db: Cursor, found: Counts, upto: Upto) -> Counts:
    """Return counts with those of the rows that other systems told."""
    told = reports.counts(db, reports.Bound(upto.places, upto.occurred))
    return replace(
        found,
        open={**found.open, "reports": {}},
        everything={**found.everything, "reports": told},
    )


def _told(found: Counts, at: At | None) -> QueueCounts:
    when = When(found.moment, at)
    return QueueCounts(
        open=found.open,
        everything=found.everything,
        position=found.moment,
        links=CountLinks(
            open=of_facets(found.open, "true", when),
            everything=of_facets(found.everything, "any", when),
        ),
        as_of=None if at is None else told_as_of(at),
    )


def _with_links(found: Numbers, at: At | None) -> Statistics:
    told: dict[str, Any] = {name: getattr(found, name) for name in Numbers.__struct_fields__}
    when = When(found.position, at)
    judged = When(found.agreement.position, at)
    of_open = {"awaiting": found.by_awaiting, "queue": found.by_queue}
    of_open["priority"] = found.by_priority
    of_all = {"stage": found.by_stage, "source_state": found.by_source_state}
    of_all["reports"] = found.reports_by_source_state
    still = of_facets(of_open, "true", when)
    ever = of_facets(of_all, "any", when)
    links = NumberLinks(
        tickets=of_value("tickets", "", "any", when),
        open=of_value("tickets", "", "true", when),
        by_stage=ever["stage"],
        by_source_state=ever["source_state"],
        by_awaiting=still["awaiting"],
        by_queue=still["queue"],
        by_priority=still["priority"],
        reports_by_source_state=ever["reports"],
        agreement=of_agreement(found.agreement, judged),
    )
    return Statistics(**told, links=links, as_of=None if at is None else told_as_of(at))
