"""Agents as of a moment: who there was, what each carried, and which queues overflowed."""

from collections.abc import Sequence
from typing import Final

from domain.streams import ticket_stream
from projections import agents, queue_past
from projections.agents import (
    AgentList,
    AgentRow,
    AgentsPage,
    Assignment,
    Counted,
    Overflowing,
    OverflowRow,
    RouteRow,
)
from replay.as_of.folding import Then

CHUNKS_MAX: Final = 8
"""So often agents are looked at for a page that is not full: nobody waits for all there are."""


def agent_list(then: Then, desk: str | None, after: str | None, limit: int) -> AgentList:
    """Return up to `limit` agents behind a reference, of the desk each was at or of all.

    Those who came later, or were at another desk, are looked at too, and passed over; where these
    are very many the page has fewer agents, and the next one begins behind the last looked at.
    """
    rows: list[AgentRow] = []
    following = after
    for _ in range(CHUNKS_MAX):
        names = agents.references(then.db, following or "", limit + 1)
        known = _agents(then, names)
        rows += [known[one] for one in names if one in known and desk in {None, known[one].desk}]
        following = names[-1] if len(names) > limit else None
        if following is None or len(rows) > limit:
            break
    if len(rows) > limit:
        following = rows[limit - 1].agent
    return AgentList(then.upto.moment, _counted(then, rows[:limit]), following)


def agent(then: Then, reference: str) -> Counted | None:
    """Return an agent with what they carried, None when nobody was registered so by then."""
    found = list(_agents(then, [reference]).values())
    return next(iter(_counted(then, found)), None)


def assignments(
    then: Then, reference: str, limit: int, after: str | None = None
) -> tuple[Assignment, ...]:
    """Return live matters that an agent worked on, behind a ticket, by their ids."""
    tickets = queue_past.assigned(then.db, then.upto.places, reference, after, limit)
    routes: dict[str, RouteRow] = {}
    for lane, names in then.by_lane(map(ticket_stream, tickets)):
        routes |= then.folded(AgentsPage(lane), names).routes
    return tuple(_assignment(routes[ticket]) for ticket in tickets)


def overflowing(then: Then) -> tuple[Overflowing, ...]:
    """Return the queues that overflowed, as was last said of them, by their names."""
    found: dict[str, OverflowRow] = {}
    for lane, names in then.by_lane(f"queue:{one}" for one in agents.queues(then.db)):
        found |= then.folded(AgentsPage(lane), names).queues
    return tuple(
        Overflowing(one.queue, one.since, one.cause)
        for _, one in sorted(found.items())
        if one.overflows
    )


def _agents(then: Then, references: Sequence[str]) -> dict[str, AgentRow]:
    found: dict[str, AgentRow] = {}
    for lane, names in then.by_lane(f"agent:{one}" for one in references):
        found |= then.folded(AgentsPage(lane), names).agents
    return found


def _counted(then: Then, rows: Sequence[AgentRow]) -> tuple[Counted, ...]:
    carried = queue_past.carried(then.db, then.upto.places, [row.agent for row in rows])
    return tuple(Counted(row, carried.get(row.agent, 0)) for row in rows)


def _assignment(route: RouteRow) -> Assignment:
    assert route.since is not None, "a matter that somebody works on was assigned"
    return Assignment(route.ticket, route.queue, route.since, route.lease_until)
