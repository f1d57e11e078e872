"""Asking the progress board: one ticket's steps as one audience may see them."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger import planned
from domain.ticket.deadlines import INSIDE
from domain.values import Awaiting, Instant, Party, Stage
from projections.progress_board.handlers import CLOCK
from projections.progress_board.rows import (
    Audience,
    BoardRow,
    EvidenceShown,
    Inside,
    NodeKey,
    RemedyShown,
    decode_row,
)
from projections.projection import MOMENT

_OPTIONAL: Final = frozenset({NodeKey.NEGOTIATING, NodeKey.WITH_PLATFORM, NodeKey.RULED})


class NodeState(StrEnum):
    """Where the ticket is, seen from one step."""

    DONE = "done"
    CURRENT = "current"
    NEXT = "next"
    PENDING = "pending"
    SKIPPED = "skipped"


class Node(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of the board."""

    key: NodeKey
    state: NodeState
    at: Instant | None = None
    by: str | None = None
    """The actor in public words: a role, never a person."""
    staff: str | None = None
    """Which member of staff it was; absent for buyers and merchants."""
    expected_at: Instant | None = None
    """When the next step is promised."""
    caused_by: tuple[str, ...] = ()
    """The positions of the events that brought the ticket here."""
    optional: bool = False
    """A ticket may end without this step."""


class Expected(msgspec.Struct, frozen=True):
    """Who must act next, until when, and the event that says so."""

    deadline: str
    due_at: Instant
    awaits: Awaiting
    missed: bool
    caused_by: str


class Board(msgspec.Struct, frozen=True, omit_defaults=True):
    """The progress board of a ticket for one audience."""

    ticket: str
    moment: str = msgspec.field(name="position")
    """How far the view had read; outside it is the answer's position."""
    version: int
    audience: Audience
    stage: Stage
    round: int
    opened_at: Instant
    buyer: str
    nodes: tuple[Node, ...]
    remedies: tuple[RemedyShown, ...]
    """Each with its steps and vouchers."""
    evidence: tuple[EvidenceShown, ...]
    merchant: str | None = None
    outcome: str | None = None
    expected: Expected | None = None
    imported: bool = False
    inside: tuple[Inside, ...] = ()
    """Assignments and notes; empty for buyers and merchants."""


IsShown = Callable[[str, str], bool]
"""(book, promise) → whether the parties are told of it; the ticket's own book says so."""


def board(
    db: Cursor, ticket: str, audience: Audience, *, is_shown: IsShown = lambda _book, _clock: False
) -> Board | None:
    """Return a ticket's board for an audience, None when the view knows no such ticket.

    Parties are told of those promises alone that `is_shown` lets through.
    """
    planned.execute(
        db,
        f"select {MOMENT}, (select item from view.progress_board where ticket = %s)",
        ("progress_board", ticket),
    )
    moment, item = db.fetchone() or ("", None)
    return None if item is None else shown(decode_row(item), moment, audience, is_shown)


def shown(row: BoardRow, moment: str, audience: Audience, is_shown: IsShown) -> Board:
    """Return what of a stored board an audience sees."""
    staff = audience is Audience.STAFF
    expected = _expected(row, None if staff else is_shown)
    return Board(
        ticket=row.ticket,
        moment=moment,
        version=row.version,
        audience=audience,
        stage=row.stage,
        round=row.round,
        opened_at=row.opened_at,
        buyer=row.buyer,
        merchant=row.merchant,
        outcome=row.outcome,
        imported=row.imported,
        nodes=_nodes(row, expected, staff=staff),
        expected=expected,
        remedies=tuple(row.remedies.values()),
        evidence=tuple(one for one in row.evidence.values() if staff or _sees(one, audience)),
        inside=tuple(row.inside) if staff else (),
    )


def _sees(item: EvidenceShown, audience: Audience) -> bool:
    """A side sees its own items, and of others those on record that were shown to it."""
    side = Party(audience.value)
    return item.party is side or (item.state == "on_record" and side in item.shown_to)


def _expected(row: BoardRow, is_shown: IsShown | None) -> Expected | None:
    """Return the earliest deadline or promise somebody is waited for, else the earliest window."""
    running = [
        (deadline.awaits is Awaiting.NOBODY, deadline.due_at, name)
        for name, deadline in row.deadlines.items()
        if not deadline.paused and (is_shown is None or _is_told(row.policy, name, is_shown))
    ]
    if not running:
        return None
    _, due_at, name = min(running)
    deadline = row.deadlines[name]
    return Expected(name, due_at, deadline.awaits, deadline.missed, deadline.caused_by)


def _is_told(policy: str, name: str, is_shown: IsShown) -> bool:
    """Return whether the parties are told of a deadline or promise."""
    if name.startswith(CLOCK):
        return is_shown(policy, name.removeprefix(CLOCK))
    return name not in INSIDE


def _nodes(row: BoardRow, expected: Expected | None, *, staff: bool) -> tuple[Node, ...]:
    keys = list(NodeKey)
    last = max((keys.index(key) for key in keys if key in row.nodes), default=-1)
    following = _following(row)
    nodes = []
    for index, key in enumerate(keys):
        reached = row.nodes.get(key)
        if reached is not None:
            over = index < last or key is NodeKey.COMPLETED
            state = NodeState.DONE if over else NodeState.CURRENT
            nodes.append(
                Node(
                    key=key,
                    state=state,
                    at=reached.at,
                    by=reached.by,
                    staff=reached.staff if staff else None,
                    caused_by=tuple(reached.caused_by),
                    optional=key in _OPTIONAL,
                )
            )
            continue
        if key is following:
            state = NodeState.NEXT
        else:
            state = NodeState.SKIPPED if index < last else NodeState.PENDING
        promised = expected.due_at if expected is not None and key is following else None
        nodes.append(Node(key=key, state=state, expected_at=promised, optional=key in _OPTIONAL))
    return tuple(nodes)


def _following(row: BoardRow) -> NodeKey | None:
    """Return the step that comes next, None when there is none."""
    if NodeKey.COMPLETED in row.nodes:
        return None
    ways = {
        Stage.INTAKE: (NodeKey.ACCEPTED, NodeKey.UNDER_REVIEW, NodeKey.REMEDY_UNDER_WAY),
        Stage.NEGOTIATION: (NodeKey.REMEDY_UNDER_WAY,),
        Stage.INTERVENTION: (NodeKey.RULED,),
        Stage.REMEDY: (NodeKey.REMEDY_UNDER_WAY,),
        Stage.CLOSED: (),
    }
    return next((key for key in ways[row.stage] if key not in row.nodes), NodeKey.COMPLETED)
