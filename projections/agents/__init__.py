"""Agents, who works on what, what waits for whom, and which queues overflow.

An agent's facts may lie in another lane than those of the matters assigned to them: what an agent
carries is therefore counted from the matters when it is asked for, and written nowhere.
"""

from projections.agents.reading import (
    AgentList,
    Assignment,
    Counted,
    Figures,
    Held,
    Lease,
    Overflowing,
    Place,
    Staff,
    Waiting,
    angry,
    assignments,
    everybody,
    figures,
    held,
    later_matters,
    leases_due,
    one,
    overflowing,
    page,
    queues,
    references,
    served_by,
    waiting,
    youngest,
)
from projections.agents.rows import AgentRow, OverflowRow, RouteRow
from projections.agents.view import VIEW, AgentsPage

__all__ = [
    "VIEW",
    "AgentList",
    "AgentRow",
    "AgentsPage",
    "Assignment",
    "Counted",
    "Figures",
    "Held",
    "Lease",
    "OverflowRow",
    "Overflowing",
    "Place",
    "RouteRow",
    "Staff",
    "Waiting",
    "angry",
    "assignments",
    "everybody",
    "figures",
    "held",
    "later_matters",
    "leases_due",
    "one",
    "overflowing",
    "page",
    "queues",
    "references",
    "served_by",
    "waiting",
    "youngest",
]
