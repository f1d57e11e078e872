"""Agents as their own streams told them while a choice was made; what they carried is not there."""

from collections.abc import Callable, Mapping, Sequence

from domain.record import Record
from domain.streams import parse_moment
from domain.ticket.agents import evolve_agent
from domain.ticket.state import Agent
from domain.values import Instant

AgentRecords = Mapping[str, Sequence[Record]]
"""Agent → the records of their stream."""
ReadAgents = Callable[[frozenset[str], Instant], AgentRecords | None]
"""Reads agents' streams up to an instant, and those of whoever is at a desk they were at.

None where these are too long; it is asked only where a choice rests on them.
"""
States = Mapping[str, Sequence[Agent | None]]
"""Agent → what they were from the moment of a choice's view on, up to the choice itself.

It begins with None for who was not on record at that moment.
"""


def states_of(streams: AgentRecords, moment: str, until: Instant) -> States:
    """Return what each agent was at a moment, and after each fact from then on up to an instant.

    A view is read while it goes on, so a choice may have seen a little more than its moment says.
    What is no moment says nothing of anybody.
    """
    try:
        places = parse_moment(moment)
    except ValueError:
        return {}
    found: dict[str, list[Agent | None]] = {}
    for name, records in streams.items():
        agent: Agent | None = None
        for record in records:
            if record.at > until:
                break
            was_read = record.position <= places.get(record.lane, 0)
            agent = evolve_agent(agent, record.event, record)
            if was_read:
                found[name] = [agent]
            else:
                found.setdefault(name, [None]).append(agent)
    return found
