"""Who works for the platform in the scenarios: what is on record of each, before a matter comes."""

from collections.abc import Mapping
from typing import Final

from domain.ticket.state import Agent
from domain.values import Examination, Instant
from tests.rows.played import AGENT, SUPERVISOR

YEARS_ON: Final = Instant("2099-12-31T00:00:00.000000Z")
PEOPLE: Final[Mapping[str, Agent]] = {
    AGENT.partition(":")[2]: Agent(
        desk="pool_lead",
        skills=(
            *("cross_border", "live", "luxury", "mother_and_baby"),
            *("phones", "public_opinion", "senior", "vip"),
        ),
        certificates=dict.fromkeys(Examination, YEARS_ON),
    ),
    SUPERVISOR.partition(":")[2]: Agent(desk="director", skills=()),
}
"""The agent has passed everything and can do all, the supervisor is a director.

Neither is at a desk with a queue, so no matter is given to them that a scenario does not give.
"""
