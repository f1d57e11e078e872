"""Agents as their leaders see them, and what is known of who takes a matter."""

from collections.abc import Mapping
from typing import Final

import msgspec
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api.models.outcomes import Moment, Position
from api.wiring import Services
from domain import errors
from domain.policies.book import Book
from domain.processes import assignment
from domain.processes.assignment import Available
from domain.values import BASIS_POINTS, Actor, Candidate, Examination, Instant
from projections import agents
from projections.agents import Assignment, Counted
from projections.projection import moment

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


class AgentPage(msgspec.Struct, frozen=True):
    """A page of agents, in the order of their references."""

    items: tuple[AgentItem, ...]
    next_cursor: str | None
    position: Moment


class AssignmentPage(msgspec.Struct, frozen=True):
    """A page of live matters that an agent works on, by their ids."""

    items: tuple[Assignment, ...]
    next_cursor: str | None
    position: Moment


class AgentAnswer(msgspec.Struct, frozen=True):
    """One agent with the matters assigned to them, 200 at most; `agent.links` has them all."""

    agent: AgentItem
    assignments: tuple[Assignment, ...]
    position: Moment


def agent_page(
    connection: Connection, book: Book, filters: AgentFilters, after: Key | None, limit: int
) -> tuple[str, tuple[AgentItem, ...], Key | None]:
    """Return the view's moment, a page of agents, and where the next page begins. Blocks."""
    behind = None if after is None else after.reference
    with connection.cursor() as db:
        found = agents.page(db, filters.desk, behind, limit)
    items = tuple(_item(one, book) for one in found.agents)
    return found.moment, items, None if found.next is None else Key(found.next)


def agent_answer(connection: Connection, book: Book, agent: str) -> AgentAnswer:
    """Return an agent with their matters; raise UnknownAgent. Blocks."""
    with connection.cursor() as db:
        found = agents.one(db, agent)
        if found is None:
            raise errors.UnknownAgent
        assigned = agents.assignments(db, agent, ASSIGNMENTS_MAX)
        return AgentAnswer(_item(found, book), assigned, moment(db, "agents"))


def assignment_page(
    connection: Connection, filters: AssignmentFilters, after: Key | None, limit: int
) -> tuple[str, tuple[Assignment, ...], Key | None]:
    """Return the view's moment, a page of an agent's matters, and where the next page begins.

    Raises UnknownAgent. Blocks.
    """
    behind = None if after is None else after.reference
    with connection.cursor() as db:
        if agents.one(db, filters.agent) is None:
            raise errors.UnknownAgent
        found = agents.assignments(db, filters.agent, limit + 1, behind)
        more = Key(found[limit - 1].ticket) if len(found) > limit else None
        return moment(db, "agents"), found[:limit], more


def claimant(services: Services, actor: Actor, ticket: str) -> Candidate | None:
    """Return what the view says of somebody who takes a matter unasked. Blocks."""
    case = services.ledger.case(ticket)
    now = services.now()
    book = services.ledger.book_for(now, case.ticket.policy)
    if book.load is None:
        return None
    queue = next((one for one in book.queue if one.name == case.ticket.queue), None)
    need = assignment.need_of(case.ticket, case.order, queue, book)
    found = services.read_now(lambda connection: _one(connection, actor.ref))
    known = None if found is None else available(found)
    return assignment.claimant(known, actor.ref, case.ticket, need, book.load, now=now)


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


def _one(connection: Connection, agent: str) -> Counted | None:
    with connection.cursor() as db:
        return agents.one(db, agent)


def _item(one: Counted, book: Book) -> AgentItem:
    row = one.row
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
        load_bp=None if book.load is None else one.open * BASIS_POINTS // book.load.matters,
        links=AgentLinks(open=f"/v1/agents/{row.agent}/assignments"),
    )
