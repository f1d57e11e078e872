"""Agents as their leaders see them, and what is known of who takes a matter."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api.models.moments import AsOf
from api.models.moments import as_of as told_as_of
from api.models.outcomes import Moment, Position
from api.reads.counts import book_of, then_of
from api.reads.links import When
from api.wiring import Services
from domain import errors
from domain.ledger.connections import DatabaseUnavailable
from domain.policies.book import Book
from domain.processes import assignment
from domain.processes.assignment import Available
from domain.ticket.ability import DEDICATED, UNKNOWN
from domain.ticket.state import Ticket
from domain.values import BASIS_POINTS, Actor, ActorKind, Candidate, Examination, Instant
from projections import agents
from projections.agents import AgentList, Assignment, Counted, Overflowing
from projections.projection import moment
from replay import as_of
from replay.as_of import At, Upto

ASSIGNMENTS_MAX: Final = 200


class AgentFilters(msgspec.Struct, frozen=True):
    """Which agents are asked for."""

    desk: str | None


class AssignmentFilters(msgspec.Struct, frozen=True):
    """Whose matters are asked for."""

    agent: str


class Key(msgspec.Struct, frozen=True):
    """The place of an agent or matter in the order of references: the next page begins behind."""

    reference: str


class AgentsAsked(msgspec.Struct, frozen=True):
    """Which page of agents, or of matters, is asked for."""

    after: Key | None
    limit: int

    @property
    def behind(self) -> str | None:
        """Return the reference behind which the page begins."""
        return None if self.after is None else self.after.reference


class AgentLinks(msgspec.Struct, frozen=True):
    """The list behind what an agent carries."""

    open: str


class AgentItem(msgspec.Struct, frozen=True):
    """One agent, with what they carry."""

    agent: str
    version: int
    position: Position
    desk: str
    skills: tuple[str, ...]
    certificates: Mapping[Examination, Instant]
    """Until when each counts."""
    on_shift: bool
    shift_since: Instant | None
    good_bp: int | None
    open: int
    """Live matters assigned to the agent."""
    load_bp: int | None
    """Of what the book lets an agent carry; None under a book that has no limit."""
    links: AgentLinks


class OverflowingQueue(msgspec.Struct, frozen=True):
    """A queue that holds more than its agents carry, or keeps somebody waiting too long (RO-03)."""

    queue: str
    desk: str | None
    """Whose agents work it; None of a queue that the book in force does not have."""
    since: Instant
    event: Position
    """The fact that says so."""


class AgentPage(msgspec.Struct, frozen=True):
    """A page of agents, in the order of their references."""

    items: tuple[AgentItem, ...]
    overflowing: tuple[OverflowingQueue, ...]
    """The queues that overflow, of every desk or of the one that was asked for."""
    next_cursor: str | None
    position: Moment
    as_of: AsOf | None = None
    """The moment of the past that was asked for."""


class AssignmentPage(msgspec.Struct, frozen=True):
    """A page of live matters that an agent works on, by their ids."""

    items: tuple[Assignment, ...]
    next_cursor: str | None
    position: Moment
    as_of: AsOf | None = None
    """The moment of the past that was asked for."""


class AgentAnswer(msgspec.Struct, frozen=True):
    """One agent with the matters assigned to them, 200 at most; `agent.links` has them all."""

    agent: AgentItem
    assignments: tuple[Assignment, ...]
    position: Moment
    as_of: AsOf | None = None
    """The moment of the past that was asked for."""


def agent_page(
    connection: Connection, book: Book, filters: AgentFilters, asked: AgentsAsked
) -> tuple[AgentPage, Key | None]:
    """Return a page of agents without its cursor, and where the next one begins. Blocks."""
    with connection.cursor() as db:
        found = agents.page(db, filters.desk, asked.behind, asked.limit)
        full = agents.overflowing(db)
    return _page(found, full, filters, _Told(book, When(found.moment)))


def agent_page_at(
    services: Services, at: At, upto: Upto, filters: AgentFilters, asked: AgentsAsked
) -> tuple[AgentPage, Key | None]:
    """Return the same as it was at a moment. Blocks."""

    def query(connection: Connection) -> tuple[AgentList, tuple[Overflowing, ...]]:
        with connection.cursor() as db:
            then = then_of(services, db, upto)
            found = as_of.agent_list(then, filters.desk, asked.behind, asked.limit)
            return found, as_of.overflowing(then)

    found, full = services.read_now(query)
    return _page(found, full, filters, _told_at(services, at, upto))


def agent_answer(connection: Connection, book: Book, agent: str) -> AgentAnswer:
    """Return an agent with their matters; raise UnknownAgent. Blocks."""
    with connection.cursor() as db:
        found = agents.one(db, agent)
        assigned = agents.assignments(db, agent, ASSIGNMENTS_MAX)
        return _answer(found, assigned, _Told(book, When(moment(db, "agents"))))


def agent_answer_at(services: Services, at: At, upto: Upto, agent: str) -> AgentAnswer:
    """Return the same as it was at a moment. Blocks."""

    def query(connection: Connection) -> tuple[Counted | None, tuple[Assignment, ...]]:
        with connection.cursor() as db:
            then = then_of(services, db, upto)
            found = as_of.agent(then, agent)
            return found, as_of.assignments(then, agent, ASSIGNMENTS_MAX)

    return _answer(*services.read_now(query), _told_at(services, at, upto))


def assignment_page(
    connection: Connection, filters: AssignmentFilters, asked: AgentsAsked
) -> tuple[AssignmentPage, Key | None]:
    """Return a page of an agent's matters without its cursor, and where the next one begins.

    Raises UnknownAgent. Blocks.
    """
    with connection.cursor() as db:
        known = agents.one(db, filters.agent)
        found = agents.assignments(db, filters.agent, asked.limit + 1, asked.behind)
        return _assignments(known, found, asked, When(moment(db, "agents")))


def assignment_page_at(
    services: Services, at: At, upto: Upto, filters: AssignmentFilters, asked: AgentsAsked
) -> tuple[AssignmentPage, Key | None]:
    """Return the same as it was at a moment. Blocks."""

    def query(connection: Connection) -> tuple[AssignmentPage, Key | None]:
        with connection.cursor() as db:
            then = then_of(services, db, upto)
            known = as_of.agent(then, filters.agent)
            found = as_of.assignments(then, filters.agent, asked.limit + 1, asked.behind)
            return _assignments(known, found, asked, When(upto.moment, at))

    return services.read_now(query)


def claimant(services: Services, actor: Actor, ticket: str) -> Candidate | None:
    """Return what the view says of somebody who takes a matter unasked. Blocks.

    With this a claim is judged; somebody on record whom the view does not know is refused.
    """
    case = services.ledger.case(ticket)
    now = services.now()
    book = services.ledger.book_for(now, case.ticket.policy)
    if book.load is None:
        return None
    queue = next((one for one in book.queue if one.name == case.ticket.queue), None)
    need = assignment.need_of(case.ticket, case.order, queue, book)
    if actor.kind is ActorKind.SUPERVISOR:
        need = replace(need, skills=(), keeps_agent=False)
    known = services.read_now(lambda connection: _one(connection, actor.ref))
    if known is None:
        # Of whom the record knows nothing the judgement says so itself; else the view is behind.
        behind = services.ledger.agent(actor.ref) is not None
        return assignment.nobody_known(actor.ref) if behind else None
    found = assignment.claimant(known, need, book.load, now=now)
    if found.refused is not None or not need.keeps_agent or queue is None:
        return found
    own = services.read_now(lambda connection: _dedicated(connection, case.ticket, queue.desk))
    if own is None or own.agent == actor.ref:
        return found
    waits = assignment.is_waited_for(own, case.ticket, need, book.load, now)
    return replace(found, refused=DEDICATED) if waits else found


def expected(services: Services, actor: Actor, ticket: str) -> Candidate | None:
    """Return the same for a page, as far as the view knows; a page waits for no view. Blocks.

    None where it does not answer, or has not heard yet of somebody on record.
    """
    try:
        found = claimant(services, actor, ticket)
    except DatabaseUnavailable:
        return None
    return None if found is not None and found.refused == UNKNOWN else found


def available(one: Counted) -> Available:
    """Return an agent of the view as a choice looks at them."""
    row = one.row
    return Available(
        agent=row.agent,
        desk=row.desk,
        skills=row.skills,
        certificates=row.certificates,
        on_shift=row.on_shift,
        good_bp=row.good_bp,
        open=one.open,
    )


def _one(connection: Connection, agent: str) -> Available | None:
    with connection.cursor() as db:
        found = agents.one(db, agent)
        return None if found is None else available(found)


def _dedicated(connection: Connection, ticket: Ticket, desk: str) -> Available | None:
    """Return the agent who served a buyer last, if they work at the desk."""
    with connection.cursor() as db:
        agent = agents.served_by(db, ticket.buyer, ticket.ticket)
    found = None if agent is None else _one(connection, agent)
    return found if found is not None and found.desk == desk else None


class _Told(NamedTuple):
    """By which book, and as of when, agents are told of."""

    book: Book
    when: When

    @property
    def as_of(self) -> AsOf | None:
        """Return the moment of the past that was asked for."""
        return None if self.when.at is None else told_as_of(self.when.at)


def _told_at(services: Services, at: At, upto: Upto) -> _Told:
    return _Told(book_of(services, at, upto), When(upto.moment, at))


def _page(
    found: AgentList, full: Iterable[Overflowing], filters: AgentFilters, told: _Told
) -> tuple[AgentPage, Key | None]:
    desks = {one.name: one.desk for one in told.book.queue}
    overflowing = tuple(
        OverflowingQueue(one.queue, desks.get(one.queue), one.since, one.event)
        for one in full
        if filters.desk is None or desks.get(one.queue) == filters.desk
    )
    items = tuple(_item(one, told) for one in found.agents)
    following = None if found.next is None else Key(found.next)
    return AgentPage(items, overflowing, None, found.moment, told.as_of), following


def _answer(found: Counted | None, assigned: tuple[Assignment, ...], told: _Told) -> AgentAnswer:
    if found is None:
        raise errors.UnknownAgent
    return AgentAnswer(_item(found, told), assigned, told.when.moment, told.as_of)


def _assignments(
    known: Counted | None, found: tuple[Assignment, ...], asked: AgentsAsked, when: When
) -> tuple[AssignmentPage, Key | None]:
    if known is None:
        raise errors.UnknownAgent
    more = Key(found[asked.limit - 1].ticket) if len(found) > asked.limit else None
    told = None if when.at is None else told_as_of(when.at)
    return AssignmentPage(found[: asked.limit], None, when.moment, told), more


def _item(one: Counted, told: _Told) -> AgentItem:
    row, load = one.row, told.book.load
    return AgentItem(
        agent=row.agent,
        version=row.version,
        position=row.position,
        desk=row.desk,
        skills=row.skills,
        certificates=row.certificates,
        on_shift=row.on_shift,
        shift_since=row.shift_since,
        good_bp=row.good_bp,
        open=one.open,
        load_bp=None if load is None else one.open * BASIS_POINTS // load.matters,
        links=AgentLinks(open=told.when.href(f"/v1/agents/{row.agent}/assignments")),
    )
