"""The progress board: every step with its time, its actor in public words, and its causes."""

import json

import msgspec
import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import TicketAccepted
from domain.values import Awaiting, Party
from projections.progress_board import Audience, Board, NodeKey, NodeState, board
from tests.projections.conftest import MakeViews
from tests.projections.history import AGENT, BUYER, History, at
from tests.projections.tickets import (
    consulted,
    given,
    imported,
    opened,
    reopened,
    ruled,
    weighed,
)

LANES = (1,)
TICKET = "T0-261122-000001A"
K, S = NodeKey, NodeState


def shown(db: Cursor, audience: Audience = Audience.BUYER, ticket: str = TICKET) -> Board:
    """Return a board, which must be there."""
    found = board(db, ticket, audience)
    assert found is not None
    return found


def states(of: Board) -> dict[NodeKey, NodeState]:
    """Return where every step stands."""
    return {node.key: node.state for node in of.nodes}


def test_a_new_ticket_shows_when_it_will_be_accepted(make_views: MakeViews, db: Cursor) -> None:
    """The buyer sees who has the ball and until when, from the first minute."""
    history = History()
    history.ticket(TICKET, opened(), given("acceptance", 30, Awaiting.AGENT), by=BUYER)
    assert make_views(history).catch_up(30)
    found = shown(db)
    assert states(found)[K.ACCEPTED] is S.NEXT
    assert found.nodes[0].expected_at == at(30)
    assert found.expected is not None
    assert (found.expected.awaits, found.expected.caused_by) == (Awaiting.AGENT, "0-2")
    assert (found.moment, found.version) == ("0-2", 2)


def test_a_dispute_walks_through_every_step(make_views: MakeViews, db: Cursor) -> None:
    """Accepted, reviewed, negotiated, with the platform, ruled, remedied, completed."""
    history = History()
    ruled(history, TICKET)
    assert make_views(history).catch_up(30)
    found = shown(db)
    assert set(states(found).values()) == {S.DONE}
    topics = {
        f"0-{record.position}": record.envelope.topic for record in history.records(0, 0, 1000)
    }
    causes = {node.key: [topics[cause] for cause in node.caused_by] for node in found.nodes}
    assert causes == {
        K.ACCEPTED: ["ticket.accepted.v1"],
        K.UNDER_REVIEW: ["merchant.refused.v1"],
        K.NEGOTIATING: ["merchant.refused.v1"],
        K.WITH_PLATFORM: ["intervention.requested.v1"],
        K.RULED: ["ruling.issued.v1", "ruling.varied.v1"],
        K.REMEDY_UNDER_WAY: ["remedy.ordered.v1", "remedy.ordered.v1"],
        K.COMPLETED: ["ticket.resolved.v1"],
    }
    assert [node.by for node in found.nodes] == [
        "platform",
        "merchant",
        "merchant",
        "buyer",
        "arbitrator",
        "arbitrator",
        "payment",
    ]
    vouchers = [(one.kind, one.reference) for remedy in found.remedies for one in remedy.vouchers]
    assert vouchers == [("refund_receipt", "pay-1"), ("coupon", "C-7")]


def test_a_question_skips_the_middle(make_views: MakeViews, db: Cursor) -> None:
    """Most tickets end without an offer or a ruling, and their board says so."""
    history = History()
    consulted(history, TICKET)
    assert make_views(history).catch_up(30)
    assert states(shown(db)) == {
        K.ACCEPTED: S.DONE,
        K.UNDER_REVIEW: S.DONE,
        K.NEGOTIATING: S.SKIPPED,
        K.WITH_PLATFORM: S.SKIPPED,
        K.RULED: S.SKIPPED,
        K.REMEDY_UNDER_WAY: S.SKIPPED,
        K.COMPLETED: S.DONE,
    }


def test_a_reopened_ticket_is_under_review_again(make_views: MakeViews, db: Cursor) -> None:
    """What was completed is not any more, and what is owed again is overdue."""
    history = History()
    reopened(history, TICKET)
    assert make_views(history).catch_up(30)
    found = shown(db)
    assert states(found)[K.COMPLETED] is not S.DONE
    assert states(found)[K.UNDER_REVIEW] is S.CURRENT
    assert (found.round, found.outcome) == (2, None)
    assert found.expected is not None
    assert found.expected.missed


@pytest.mark.parametrize(
    ("audience", "items"),
    [
        (Audience.BUYER, ["E1", "E2", "E5", "E6"]),
        (Audience.MERCHANT, ["E1", "E2", "E3", "E4"]),
        (Audience.STAFF, ["E1", "E2", "E3", "E4", "E5", "E6"]),
    ],
)
def test_a_side_sees_its_own_evidence_and_what_it_was_shown(
    make_views: MakeViews, db: Cursor, audience: Audience, items: list[str]
) -> None:
    """Staged and confidential items of the other side are nobody's business but the platform's."""
    history = History()
    weighed(history, TICKET)
    assert make_views(history).catch_up(30)
    assert sorted(one.item for one in shown(db, audience).evidence) == items


@pytest.mark.parametrize("audience", [Audience.BUYER, Audience.MERCHANT])
def test_the_parties_see_roles_and_staff_see_people(
    make_views: MakeViews, db: Cursor, audience: Audience
) -> None:
    """Assignments, notes and who of the staff acted stay inside the house."""
    history = History()
    weighed(history, TICKET)
    assert make_views(history).catch_up(30)
    text = msgspec.json.encode(shown(db, audience)).decode()
    for inside in ("a-1", "r-1", "r-9", "note", "recused"):
        assert f'"{inside}' not in text
    staff = shown(db, Audience.STAFF)
    assert staff.nodes[0].staff == "a-1"
    assert [one.what for one in staff.inside] == [
        "note",
        "arbitrator r-9, instance 1",
        "arbitrator r-9 recused: knows_party",
        "arbitrator r-1, instance 1",
    ]


def test_the_time_to_find_an_arbitrator_is_not_for_the_parties(
    make_views: MakeViews, db: Cursor
) -> None:
    """Of the deadlines that run, the parties are told those that concern them."""
    history = History()
    history.ticket(
        TICKET,
        opened(),
        given("ruling", 2_900, Awaiting.ARBITRATOR),
        given("assignment", 130, Awaiting.AGENT),
        by=BUYER,
    )
    assert make_views(history).catch_up(30)
    of_buyer, of_staff = shown(db).expected, shown(db, Audience.STAFF).expected
    assert of_buyer is not None
    assert of_staff is not None
    assert (of_buyer.deadline, of_staff.deadline) == ("ruling", "assignment")


def test_imported_history_is_shown_without_clocks(make_views: MakeViews, db: Cursor) -> None:
    """History of another system can be looked at; it promises nothing."""
    history = History()
    imported(history, TICKET)
    assert make_views(history).catch_up(30)
    found = shown(db)
    assert (found.imported, found.expected) == (True, None)
    assert states(found)[K.ACCEPTED] is S.DONE


def test_an_unknown_ticket_has_no_board(make_views: MakeViews, db: Cursor) -> None:
    """The caller answers 404, or waits."""
    history = History()
    history.ticket(TICKET, opened(), TicketAccepted(), by=AGENT)
    assert make_views(history).catch_up(30)
    assert board(db, "T0-none", Audience.STAFF) is None
    assert json.loads(msgspec.json.encode(shown(db)))["nodes"][0]["key"] == "accepted"
    assert Audience.BUYER.value == Party.BUYER
