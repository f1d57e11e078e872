"""IN-02: an order number is enough; the snapshot taken then is the first evidence item."""

import hashlib
import json
from typing import Any

from tests.acceptance.platform import BUYER, MERCHANT, STRANGER, SUPERVISOR, Platform, money


def test_in_02_an_order_number_is_enough(platform: Platform) -> None:
    """Buyer, merchant and line are prefilled from the order."""
    order = platform.order()
    answer = platform.call(BUYER, "/v1/tickets", {"order": order})
    assert answer.status == 201
    ticket = answer.body["stream"].removeprefix("ticket:")
    found = platform.ticket(BUYER, ticket)
    assert (found["order"], found["line"]) == (order, "1")
    assert (found["buyer"], found["merchant"]) == ("b-1", "m-1")
    row = platform.row(ticket)
    assert (row["buyer"], row["merchant"], row["order"], row["line"]) == ("b-1", "m-1", order, "1")


def test_in_02_with_several_lines_the_line_is_asked_for(platform: Platform) -> None:
    """The platform does not guess what broke."""
    order = platform.order(10_000, 20_000)
    answer = platform.call(BUYER, "/v1/tickets", {"order": order})
    assert (answer.status, answer.body["code"]) == (409, "line_required")
    assert answer.body["lines"] == ["1", "2"]
    ticket = platform.open(order, line="2")
    assert platform.row(ticket)["line"] == "2"


def test_in_02_the_snapshot_of_that_moment_is_the_first_evidence_item(platform: Platform) -> None:
    """What the order was when the matter came up can not be argued away later."""
    order = platform.order(12_345, signed=False)
    ticket = platform.open(order, claim=money(12_345))
    item = platform.file(ticket)["evidence"]["E1"]
    assert (item["kind"], item["obtained"]) == ("order_snapshot", "snapshot_at_opening")
    taken = _content(platform, BUYER, ticket, item["sha256"])
    assert (taken["order"], taken["lines"]["1"]["paid"]) == (order, money(12_345))
    assert "signed_at" not in taken
    # What happens to the order afterwards changes no bytes of the snapshot.
    platform.ship(order, "SF-2")
    signed = {"tracking": "SF-2", "signed_at": platform.now.at}
    assert platform.call("carrier:sf", f"/v1/orders/{order}/signatures", signed).ok
    assert _content(platform, MERCHANT, ticket, item["sha256"]) == taken
    stored = platform.events(ticket)[item["mark"]["position"]]["data"]["attachment"]
    assert stored["sha256"] == item["sha256"]


def test_in_02_the_snapshot_is_shown_to_the_sides_and_to_nobody_else(platform: Platform) -> None:
    """An order is between those it concerns."""
    ticket = platform.open()
    item = platform.file(ticket)["evidence"]["E1"]
    assert item["shown_to"] == ["buyer", "merchant"]
    for who in (BUYER, MERCHANT, SUPERVISOR):
        _content(platform, who, ticket, item["sha256"])
    platform.unknown_to(STRANGER, f"/v1/tickets/{ticket}/contents/{item['sha256']}")


def test_in_02_an_unknown_order_opens_nothing(platform: Platform) -> None:
    """A mistyped number is refused and not kept as a ticket about nothing."""
    answer = platform.call(BUYER, "/v1/tickets", {"order": "o-nowhere"})
    assert (answer.status, answer.body["code"]) == (404, "unknown_order")


def _content(platform: Platform, who: str, ticket: str, sha256: str) -> dict[str, Any]:
    content = platform.read(who, f"/v1/tickets/{ticket}/contents/{sha256}")
    spelled = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(spelled.encode()).hexdigest() == sha256
    return content
