"""What is due, over all tickets, and what other departments owe: pages and counts of views."""

import msgspec
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api.models.moments import AsOf
from api.models.moments import as_of as told_as_of
from api.models.outcomes import Moment
from api.problems import Problem
from api.reads.counts import book_of, then_of
from api.reads.links import When
from api.wiring import Services
from domain.policies.book import Book
from domain.values import Awaiting, Instant
from projections import clocks, deadlines, departments
from projections.departments import Asked
from replay import as_of
from replay.as_of import At, Upto


class ClockEntry(msgspec.Struct, frozen=True):
    """One promise that runs, rests, or is broken and still owed."""

    ticket: str
    clock: str
    row: str
    """The promise in the rulebook."""
    zh: str | None
    en: str | None
    """None where the book is not adopted here."""
    policy: str
    since: Instant
    target_s: int
    due_at: Instant
    next_at: Instant | None
    """When something is next due on it: a warning, its breach, or a rung of its ladder."""
    awaits: Awaiting
    state: str
    escalated_to: str | None
    caused_by: str
    """The event that changed it last."""


class ClockList(msgspec.Struct, frozen=True):
    """A page of promises, what is due soonest first."""

    items: tuple[ClockEntry, ...]
    next_cursor: str | None
    position: Moment


class DeadlineEntry(msgspec.Struct, frozen=True):
    """One deadline of a ticket's own steps."""

    ticket: str
    deadline: str
    due_at: Instant
    awaits: Awaiting
    missed: bool
    """Whether it passed while what it asks for is still owed."""
    caused_by: str
    """The event that set it."""


class DeadlineList(msgspec.Struct, frozen=True):
    """A page of deadlines, what is due soonest first."""

    items: tuple[DeadlineEntry, ...]
    next_cursor: str | None
    position: Moment


class DepartmentLinks(msgspec.Struct, frozen=True):
    """The lists of requests behind the counts of a department."""

    open: str
    planned: str
    moot: str


class DepartmentItem(msgspec.Struct, frozen=True):
    """Another part of the house, who answers for it, and what it was asked."""

    department: str
    zh: str
    en: str
    owner: str
    """The desk that answers for it."""
    notify: tuple[str, ...]
    open: int
    planned: int
    moot: int
    """Requests whose matter ended before a plan came."""
    links: DepartmentLinks
    """The list behind each count, each request with its ticket."""


class DepartmentList(msgspec.Struct, frozen=True):
    """Every department of the book in force, now or at a moment."""

    items: tuple[DepartmentItem, ...]
    position: Moment
    as_of: AsOf | None = None
    """The moment of the past that was asked for."""


class RequestsAsked(msgspec.Struct, frozen=True):
    """Which page of requests is asked for."""

    after: departments.Key | None
    limit: int


class RequestList(msgspec.Struct, frozen=True):
    """A page of requests to a department, the longest waiting first; texts are on the tickets."""

    items: tuple[Asked, ...]
    next_cursor: str | None
    position: Moment
    as_of: AsOf | None = None
    """The moment of the past that was asked for."""


def clock_page(
    connection: Connection, filters: clocks.Filters, after: clocks.Key | None, limit: int
) -> clocks.ClockPage:
    """Return a page of promises. Blocks."""
    with connection.cursor() as db:
        return clocks.page(db, filters, after, limit)


def deadline_page(
    connection: Connection, filters: deadlines.Filters, after: deadlines.Key | None, limit: int
) -> deadlines.DeadlinePage:
    """Return a page of deadlines. Blocks."""
    with connection.cursor() as db:
        return deadlines.page(db, filters, after, limit)


def request_page(
    connection: Connection,
    filters: departments.Filters,
    after: departments.Key | None,
    limit: int,
) -> departments.RequestPage:
    """Return a page of requests to a department. Blocks."""
    with connection.cursor() as db:
        return departments.page(db, filters, after, limit)


def request_page_at(
    services: Services, upto: Upto, filters: departments.Filters, asked: RequestsAsked
) -> departments.RequestPage:
    """Return a page of requests to a department as they were at a moment. Blocks."""

    def query(connection: Connection) -> departments.RequestPage:
        with connection.cursor() as db:
            then = then_of(services, db, upto)
            return as_of.request_page(then, filters, asked.after, asked.limit)

    return services.read_now(query)


def department_list(connection: Connection, book: Book) -> DepartmentList:
    """Return the departments of a book with what they were asked. Blocks."""
    with connection.cursor() as db:
        return _counted(departments.counts(db), book, None)


def department_list_at(services: Services, at: At, upto: Upto) -> DepartmentList:
    """Return the departments of then with what they had been asked by a moment. Blocks."""

    def query(connection: Connection) -> departments.Counts:
        with connection.cursor() as db:
            return departments.counts_at(db, upto.places, upto.moment)

    return _counted(services.read_now(query), book_of(services, at, upto), at)


def _counted(counts: departments.Counts, book: Book, at: At | None) -> DepartmentList:
    when = When(counts.moment, at)
    return DepartmentList(
        tuple(
            DepartmentItem(
                one.name,
                one.zh,
                one.en,
                one.owner,
                one.notify,
                open=counts.requests.get(one.name, {}).get(departments.OPEN, 0),
                planned=counts.requests.get(one.name, {}).get(departments.PLANNED, 0),
                moot=counts.requests.get(one.name, {}).get(departments.MOOT, 0),
                links=_requests(one.name, when),
            )
            for one in book.department
        ),
        counts.moment,
        None if at is None else told_as_of(at),
    )


def _requests(department: str, when: When) -> DepartmentLinks:
    """Return the lists of requests to a department, by state."""
    path = f"/v1/departments/{department}/requests"
    states = (departments.OPEN, departments.PLANNED, departments.MOOT)
    return DepartmentLinks(*(when.href(path, state=state) for state in states))


def require_department(name: str, book: Book) -> None:
    """Raise the problem of a department that is not in a book."""
    if all(one.name != name for one in book.department):
        raise Problem("no_such_resource")


def clock_entry(running: clocks.Running, book: Book | None) -> ClockEntry:
    """Return a promise with what its book calls it."""
    rule = None if book is None else book.clock_rule(running.clock.partition(":")[0])
    return ClockEntry(
        ticket=running.ticket,
        clock=running.clock,
        row=running.row,
        zh=None if rule is None else rule.zh,
        en=None if rule is None else rule.en,
        policy=running.policy,
        since=running.since,
        target_s=running.target_s,
        due_at=running.due_at,
        next_at=running.next_at,
        awaits=running.awaits,
        state="breached" if running.breached else "paused" if running.paused else "running",
        escalated_to=running.escalated_to,
        caused_by=running.position,
    )


def deadline_entry(due: deadlines.Due) -> DeadlineEntry:
    """Return a deadline as it is listed."""
    return DeadlineEntry(due.ticket, due.deadline, due.due_at, due.awaits, due.missed, due.position)
