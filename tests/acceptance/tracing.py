"""PR-03 as a check: whatever a board or a queue row shows names the events that caused it."""

from collections.abc import Mapping
from typing import Any, Final

from tests.acceptance.platform import SUPERVISOR, Platform

NODE_CAUSES: Final[Mapping[str, frozenset[str]]] = {
    "accepted": frozenset({"ticket.accepted"}),
    "under_review": frozenset(
        {
            "answer.given",
            "diagnosis.corrected",
            "merchant.approved",
            "merchant.refused",
            "return.reviewed",
            "ticket.assigned",
            "ticket.reopened",
        }
    ),
    "negotiating": frozenset(
        {"merchant.refused", "offer.made", "offer.countered", "settlement.reached"}
    ),
    "with_platform": frozenset({"intervention.requested"}),
    "ruled": frozenset({"ruling.issued", "ruling.upheld", "ruling.varied", "ruling.overturned"}),
    "remedy_under_way": frozenset({"remedy.ordered"}),
    "completed": frozenset({"ticket.resolved", "ticket.closed"}),
}
"""Which facts bring a ticket to which node."""
STAGE_CAUSES: Final[Mapping[str, frozenset[str]]] = {
    "intake": frozenset({"ticket.opened", "ticket.reopened"}),
    "negotiation": frozenset({"merchant.refused", "offer.made", "offer.countered"}),
    "intervention": frozenset({"intervention.requested"}),
    "remedy": frozenset({"merchant.approved", "settlement.reached", "ruling.issued"}),
    "closed": frozenset({"ticket.closed"}),
}
"""Which facts bring a ticket to which stage."""


def assert_traced(platform: Platform, ticket: str, at: str | None = None) -> None:
    """Insist that board and row name the right events of this very ticket."""
    events = platform.events(ticket)
    _assert_board(platform.board(SUPERVISOR, ticket, at), events)
    _assert_row(platform.row(ticket, at), events)


def _assert_board(board: Mapping[str, Any], events: Mapping[str, Mapping[str, Any]]) -> None:
    for node in board["nodes"]:
        reached = node["state"] in {"done", "current"}
        causes = [events[position] for position in node.get("caused_by", ())]
        assert bool(causes) is reached, node
        if reached:
            assert {_topic(one) for one in causes} <= NODE_CAUSES[node["key"]], node
            assert node["at"] == causes[0]["at"], node
    if "expected" in board and board["expected"] is not None:
        _assert_deadline(board["expected"]["deadline"], board["expected"], events)
    for remedy in board["remedies"]:
        for part in (*remedy["steps"], *remedy.get("vouchers", ())):
            cause = events[part["caused_by"]]
            assert cause["data"]["remedy"] == remedy["remedy"], part
            assert cause["at"] == part["at"], part
    for item in board["evidence"]:
        cause = events[item["caused_by"]]
        assert _topic(cause).startswith("evidence."), item


def _assert_row(row: Mapping[str, Any], events: Mapping[str, Mapping[str, Any]]) -> None:
    causes = row["caused_by"]
    assert _topic(events[causes["stage"]]) in STAGE_CAUSES[row["stage"]], row
    ranked = events[causes["priority"]]
    assert ranked["data"]["priority"] == row["priority"], row
    for name, running in row.get("deadlines", {}).items():
        _assert_deadline(name, running, events)
    if row.get("awaiting", "nobody") == "nobody":
        assert "turn" not in causes, row
        assert "due" not in causes, row
    else:
        assert events[causes["due"]]["data"]["due_at"] == row["due_at"], row
        turn = events[causes["turn"]]
        if _topic(turn) != "clock.resumed":  # whose turn it is was said when it started
            assert turn["data"]["awaits"] == row["awaiting"], row
    if row.get("assignee") is not None:
        assert events[causes["assignment"]]["data"]["agent"] == row["assignee"], row


def _assert_deadline(
    name: str, running: Mapping[str, Any], events: Mapping[str, Mapping[str, Any]]
) -> None:
    cause = events[running["caused_by"]]
    kind, _, clock = name.partition("clock:")
    if kind:
        assert _topic(cause) == "deadline.given", running
        assert cause["data"]["deadline"] == name, running
    else:
        assert _topic(cause) in {"clock.started", "clock.resumed", "clock.moved"}, running
        assert cause["data"]["clock"] == clock, running
    assert cause["data"]["due_at"] == running["due_at"], running


def _topic(record: Mapping[str, Any]) -> str:
    return str(record["topic"].rpartition(".")[0])
