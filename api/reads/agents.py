"""Agents as their leaders see them, and what is known of who takes a matter."""

from collections.abc import Mapping
from typing import Final

import msgspec
from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api.models.outcomes import Moment, Position
from api.pagination import Cursor, filters_digest, read_cursor, write_cursor
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


class AgentPage(msgspec.Struct, frozen=True):
    """A page of agents, in the order of their references."""

    items: tuple[AgentItem, ...]
    next_cursor: str | None
    position: Moment


class AgentAnswer(msgspec.Struct, frozen=True):
    """One agent with the matters assigned to them."""

    agent: AgentItem
    assignments: tuple[Assignment, ...]
    position: Moment


def agent_page(services: Services, desk: str | None, cursor: str | None, limit: int) -> AgentPage:
    """Return a page of agents, of one desk or of all; raise the problem of a foreign cursor.

    Blocks.
    """
    key, digest = services.keys.cursor_key, filters_digest("agents", {"desk": desk})
    after = None if cursor is None else str(read_cursor(key, cursor, digest).after[0])
    found = services.read_now(lambda one: agents.page(one.cursor(), desk, after, limit))
    following = None if found.next is None else write_cursor(key, Cursor(digest, (found.next,)))
    items = tuple(_item(one, services.ledger.book) for one in found.agents)
    return AgentPage(items, following, found.moment)


def agent_answer(connection: Connection, book: Book, agent: str) -> AgentAnswer:
    """Return an agent with their matters; raise UnknownAgent. Blocks."""
    with connection.cursor() as db:
        found = agents.one(db, agent)
        if found is None:
            raise errors.UnknownAgent
        assigned = agents.assignments(db, agent, ASSIGNMENTS_MAX)
        return AgentAnswer(_item(found, book), assigned, moment(db, "agents"))


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
    )
