"""How the facts of tickets, agents and queues become the rows of the view of agents."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import (
    AgentCertificateWithdrawn,
    AgentCertified,
    AgentChosen,
    AgentMoved,
    AgentRated,
    AgentRegistered,
    AgentRetrained,
    AgentShiftEnded,
    AgentShiftStarted,
    AnswerGiven,
    AssignmentLapsed,
    AssignmentReleased,
    AssignmentReturned,
    DiagnosisMade,
    Event,
    FactReported,
    MessageSent,
    PlanGiven,
    QueueOverflowed,
    ReadingCorrected,
    TicketAccepted,
    TicketAssigned,
    TicketClosed,
    TicketOpened,
    TicketQueued,
    TicketReopened,
    TicketResolved,
)
from domain.milestones import Milestone
from domain.record import Record
from domain.values import Party
from projections.agents.rows import (
    TABLES,
    UPSERT_AGENT,
    UPSERT_OVERFLOW,
    UPSERT_ROUTE,
    AgentRow,
    OverflowRow,
    RouteRow,
)
from projections.columns import booleans, documents, integers, texts
from projections.projection import Fact, FactView, Poisoned, View, place, where

ROUTE_FIELDS: Final = RouteRow.__struct_fields__
_MOVES: Final = frozenset(
    {
        TicketOpened,
        TicketQueued,
        AgentChosen,
        TicketAssigned,
        AssignmentReleased,
        AssignmentLapsed,
        AssignmentReturned,
        TicketAccepted,
        AnswerGiven,
        MessageSent,
        PlanGiven,
        DiagnosisMade,
        ReadingCorrected,
        FactReported,
        TicketResolved,
        TicketClosed,
        TicketReopened,
    }
)
_HEARD: Final = (TicketAccepted, AnswerGiven, PlanGiven)
"""An agent who does one of these is not silent."""


class AgentsPage:
    """The rows that one page of records touches."""

    def __init__(self, lane: int) -> None:
        """Begin with nothing."""
        self.lane = lane
        self._agents: dict[str, AgentRow] = {}
        self._routes: dict[str, RouteRow] = {}
        self._queues: dict[str, OverflowRow] = {}

    @property
    def agents(self) -> Mapping[str, AgentRow]:
        """Return the agents that were folded, by their references."""
        return self._agents

    @property
    def routes(self) -> Mapping[str, RouteRow]:
        """Return where matters are worked on that were folded, by their ids."""
        return self._routes

    @property
    def queues(self) -> Mapping[str, OverflowRow]:
        """Return the queues that were folded, by their names."""
        return self._queues

    def load(self, db: Cursor, facts: Sequence[Fact]) -> None:
        """Read the agents and routes this page speaks of; of a queue the last fact counts."""
        agents = {subject for subject, record in facts if _family(record) == "agent"}
        if agents:
            db.execute(
                "select item from view.agent where agent = any(%s::text[])", (texts(agents),)
            )
            for (item,) in db.fetchall():
                agent = AGENT.decode(item)
                self._agents[agent.agent] = agent
        tickets = {
            subject
            for subject, record in facts
            if type(record.event) in _MOVES and not record.imported
        }
        if tickets:
            db.execute(
                f"select {', '.join(ROUTE_FIELDS)} from view.route where ticket = any(%s::text[])",
                (texts(tickets),),
            )
            for found in db.fetchall():
                route = RouteRow(*found)
                self._routes[route.ticket] = route

    def fold(self, facts: Sequence[Fact]) -> None:
        """Fold the facts in their order."""
        for subject, record in facts:
            try:
                self._apply(subject, record)
            except Exception as error:
                raise Poisoned(record, where(error)) from error

    def _apply(self, subject: str, record: Record) -> None:
        family = _family(record)
        if family == "agent":
            self._agents[subject] = _agent(self._agents.get(subject), record)
        elif family == "queue":
            self._queues[subject] = OverflowRow(
                queue=subject,
                lane=self.lane,
                since=record.at,
                overflows=isinstance(record.event, QueueOverflowed),
                cause=place(record),
            )
        elif type(record.event) in _MOVES and not record.imported:
            if isinstance(record.event, TicketOpened):
                self._routes[subject] = RouteRow(
                    ticket=subject,
                    lane=self.lane,
                    buyer=record.event.buyer,
                    cause=place(record),
                )
            elif subject in self._routes:
                # Another system's history has no route, whatever happens to it later.
                self._routes[subject] = _route(self._routes[subject], record, record.event)

    def write(self, db: Cursor) -> None:
        """Write every row that was touched."""
        if self._agents:
            rows = list(self._agents.values())
            db.execute(
                UPSERT_AGENT,
                (
                    texts(row.agent for row in rows),
                    integers(self.lane for _ in rows),
                    texts(row.desk for row in rows),
                    documents(msgspec.json.encode(row).decode() for row in rows),
                ),
            )
        if self._routes:
            self._write_routes(db)
        if self._queues:
            queues = list(self._queues.values())
            db.execute(
                UPSERT_OVERFLOW,
                (
                    texts(row.queue for row in queues),
                    integers(row.lane for row in queues),
                    texts(row.since for row in queues),
                    booleans(row.overflows for row in queues),
                    texts(row.cause for row in queues),
                ),
            )

    def _write_routes(self, db: Cursor) -> None:
        rows = list(self._routes.values())
        db.execute(
            UPSERT_ROUTE,
            (
                texts(row.ticket for row in rows),
                integers(row.lane for row in rows),
                texts(row.buyer for row in rows),
                texts(row.queue for row in rows),
                texts(row.queued_at for row in rows),
                booleans(row.moved for row in rows),
                texts(row.waiting_since for row in rows),
                texts(row.agent for row in rows),
                texts(row.since for row in rows),
                texts(row.lease_until for row in rows),
                texts(row.served_by for row in rows),
                booleans(row.live for row in rows),
                texts(row.angry for row in rows),
                texts(row.cause for row in rows),
            ),
        )


VIEW: Final[View] = FactView(
    name="agents",
    version=2,
    tables=TABLES,
    begin=AgentsPage,
    families=frozenset({"agent", "queue", "ticket"}),
)
"""The view of who works on what; its rows belong to agents, tickets and queues."""
AGENT: Final = msgspec.json.Decoder(AgentRow)


def _family(record: Record) -> str:
    return record.envelope.stream.partition(":")[0]


def _agent(row: AgentRow | None, record: Record) -> AgentRow:
    """Return an agent's row after one more fact."""
    event = record.event
    version, position = record.version, place(record)
    if isinstance(event, AgentRegistered):
        return AgentRow(record.subject, version, position, event.desk, event.skills)
    assert row is not None, "an agent's first fact is that they were registered"
    return replace(_changed(row, record, event), version=version, position=position)


def _changed(  # noqa: PLR0911 - one a fact
    row: AgentRow, record: Record, event: Event
) -> AgentRow:
    match event:
        case AgentRetrained():
            return replace(row, skills=event.skills)
        case AgentCertified():
            held = {**row.certificates, event.certificate: event.expires_at}
            return replace(row, certificates=held)
        case AgentCertificateWithdrawn():
            held = {one: at for one, at in row.certificates.items() if one != event.certificate}
            return replace(row, certificates=held)
        case AgentShiftStarted():
            return replace(row, on_shift=True, shift_since=record.at)
        case AgentShiftEnded():
            return replace(row, on_shift=False, shift_since=None)
        case AgentMoved():
            return replace(row, desk=event.to_desk)
        case AgentRated():
            return replace(row, good_bp=event.good_bp)
        case _:
            raise AssertionError("only facts about agents lie on an agent's stream")


def _route(  # noqa: PLR0911 - one a fact
    row: RouteRow, record: Record, event: Event
) -> RouteRow:
    """Return a matter's route after one more fact."""
    match event:
        case TicketQueued():
            waits = row.live and row.agent is None
            return replace(
                row,
                queue=event.queue,
                queued_at=record.at,
                moved=any(why.startswith("moved:") for why in event.why),
                waiting_since=record.at if waits else None,
                cause=place(record),
            )
        case AgentChosen():
            return replace(row, lease_until=event.lease_until)
        case TicketAssigned():
            return replace(
                row,
                agent=event.agent,
                since=record.at,
                served_by=event.agent,
                waiting_since=None,
                cause=place(record),
            )
        case AssignmentReleased() | AssignmentReturned():
            return _unassigned(row, record)
        case AssignmentLapsed():
            return replace(_unassigned(row, record), served_by=None)
        case DiagnosisMade() | FactReported() | ReadingCorrected():
            return _felt(row, record, event)
        case TicketResolved() | TicketClosed():
            return replace(row, live=False, waiting_since=None, lease_until=None)
        case TicketReopened():
            back = replace(row, live=True, angry=None, cause=place(record))
            return back if row.agent else replace(back, waiting_since=record.at)
        case MessageSent() if event.by is not Party.PLATFORM:
            return row
        case _:
            assert isinstance(event, (*_HEARD, MessageSent)), (
                "facts that move no route are not asked"
            )
            return replace(row, lease_until=None)


def _unassigned(row: RouteRow, record: Record) -> RouteRow:
    return replace(
        row,
        agent=None,
        lease_until=None,
        waiting_since=record.at if row.live else None,
        cause=place(record),
    )


def _felt(
    row: RouteRow, record: Record, event: DiagnosisMade | FactReported | ReadingCorrected
) -> RouteRow:
    """Anger is found by a machine or a person, or reported; the first counts, until taken back."""
    if isinstance(event, FactReported):
        angry = event.fact is Milestone.NEGATIVE_SENTIMENT
    else:
        angry = event.upset is True
    if isinstance(event, ReadingCorrected) and event.upset is False:
        return replace(row, angry=None)
    return replace(row, angry=place(record)) if angry and row.angry is None else row
