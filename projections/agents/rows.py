"""The rows of the view of agents as they are stored: agents, the routes of matters, full queues."""

from collections.abc import Mapping
from typing import Final

import msgspec

from domain.values import Examination, Instant
from projections.columns import DOCUMENT, upsert

TABLES: Final = {
    "view.agent": (
        """create table view.agent(
          agent text collate "C" primary key,
          lane int not null,
          desk text not null,
          item text not null)""",
        "create index on view.agent (desk, agent)",
    ),
    "view.route": (
        """create table view.route(
          ticket text collate "C" primary key,
          lane int not null,
          buyer text not null,
          queue text,
          queued_at text collate "C",
          moved boolean not null,
          waiting_since text collate "C",
          agent text,
          since text collate "C",
          lease_until text collate "C",
          served_by text,
          live boolean not null,
          angry text,
          cause text not null)""",
        "create index on view.route (agent, ticket) where live and agent is not null",
        "create index on view.route (queue, ticket) where live",
        "create index on view.route (queue, waiting_since) where waiting_since is not null",
        "create index on view.route (lease_until, ticket) where lease_until is not null",
        "create index on view.route (buyer, since) where served_by is not null",
        "create index on view.route (ticket) "
        "where live and angry is not null and agent is not null",
    ),
    "view.overflow": (
        """create table view.overflow(
          queue text primary key,
          lane int not null,
          since text collate "C" not null,
          overflows boolean not null,
          cause text not null)""",
    ),
}
AGENT_COLUMNS: Final = (
    ("agent", "text"),
    ("lane", "int"),
    ("desk", "text"),
    ("item", DOCUMENT),
)
ROUTE_COLUMNS: Final = (
    ("ticket", "text"),
    ("lane", "int"),
    ("buyer", "text"),
    ("queue", "text"),
    ("queued_at", "text"),
    ("moved", "boolean"),
    ("waiting_since", "text"),
    ("agent", "text"),
    ("since", "text"),
    ("lease_until", "text"),
    ("served_by", "text"),
    ("live", "boolean"),
    ("angry", "text"),
    ("cause", "text"),
)
OVERFLOW_COLUMNS: Final = (
    ("queue", "text"),
    ("lane", "int"),
    ("since", "text"),
    ("overflows", "boolean"),
    ("cause", "text"),
)
UPSERT_AGENT: Final = upsert("view.agent", AGENT_COLUMNS, ["agent"])
UPSERT_ROUTE: Final = upsert("view.route", ROUTE_COLUMNS, ["ticket"])
UPSERT_OVERFLOW: Final = upsert("view.overflow", OVERFLOW_COLUMNS, ["queue"])


class AgentRow(msgspec.Struct, frozen=True):
    """One agent, as the view holds them."""

    agent: str
    version: int
    position: str
    desk: str
    skills: tuple[str, ...]
    certificates: Mapping[Examination, Instant] = {}
    """Until when each counts; one that has expired stays until it is withdrawn or renewed."""
    on_shift: bool = False
    shift_since: Instant | None = None
    good_bp: int | None = None
    """Which share of the agent's answers was found good; None before it was reported."""


class RouteRow(msgspec.Struct, frozen=True):
    """Where one matter is worked on, and by whom."""

    ticket: str
    lane: int
    buyer: str
    queue: str | None = None
    queued_at: Instant | None = None
    """Since when it is in the queue."""
    moved: bool = False
    """Whether a person or an overflow brought it there, and not what the matter is."""
    waiting_since: Instant | None = None
    """Since when nobody works on it; None while somebody does, or when it is over."""
    agent: str | None = None
    since: Instant | None = None
    """When it was assigned to whoever served it last."""
    lease_until: Instant | None = None
    served_by: str | None = None
    """Who worked on it last and did not stay silent; a dedicated agent is found by it."""
    live: bool = True
    angry: str | None = None
    """The place of the first negative emotion found in this round."""
    cause: str = ""
    """The place of the event since which it is where it is, with whom it is."""


class OverflowRow(msgspec.Struct, frozen=True):
    """How it is with one queue since the last fact about it."""

    queue: str
    lane: int
    since: Instant
    overflows: bool
    cause: str
