"""TR-03: inspection and production records travel with the order and become evidence."""

import hashlib
from typing import Any

import pytest
from httpx2 import Response

from tests.api.served import Served
from tests.ledger.contents import pdf

REPORT = pdf(b"1 0 obj\n<< /Title (Pesticide residue: none found) >>\nendobj\n")
LINE = {
    "sku": "tea-1",
    "title": "Longjing 250 g",
    "category": "food",
    "quantity": 1,
    "paid": {"amount_minor": 19_900, "currency": "CNY"},
}


def told(answer: Response, status: int = 200) -> dict[str, Any]:
    """Return what an answer of a status says."""
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def order(served: Served) -> str:
    """An order of two lines."""
    order = served.fresh("order")
    body = {
        "order": order,
        "buyer": "buyer-1",
        "merchant": "merchant-1",
        "lines": [{"line": "1", **LINE}, {"line": "2", **LINE}],
        "placed_at": "2026-11-18T10:00:00+08:00",
    }
    told(served.post("orders", "/v1/orders", body), 201)
    return order


def upload(served: Served, order: str, content: bytes = REPORT, who: str = "chain") -> Response:
    """Upload a report for an order."""
    headers = {**served.headers(who), "Content-Type": "application/pdf"}
    path = f"/v1/orders/{order}/contents"
    return served.client.post(path, headers=headers, content=content)


def certificate(served: Served, order: str, who: str = "chain", **fields: Any) -> dict[str, Any]:
    """Return the body of a certificate whose report was uploaded."""
    return {
        "kind": "batch_report",
        "attachment": told(upload(served, order, who=who), 201),
        "issuer": "lab-hz-7",
        "reference": "PR-2026-1107",
        "issued_at": "2026-11-07T09:00:00+08:00",
        **fields,
    }


def post(served: Served, order: str, body: dict[str, Any], who: str = "chain") -> Response:
    """Post a certificate."""
    return served.post(who, f"/v1/orders/{order}/certificates", body)


def opened(served: Served, order: str, line: str) -> str:
    """Have the buyer open a ticket about a line."""
    body = {"channel": "app", "order": order, "line": line, "reason": "quality_fault"}
    answer = told(served.post("buyer", "/v1/tickets", body), 201)
    return str(answer["stream"].removeprefix("ticket:"))


def evidence(served: Served, ticket: str, who: str) -> dict[str, dict[str, Any]]:
    """Return the evidence of a ticket as somebody sees it."""
    items = told(served.get(who, f"/v1/tickets/{ticket}"))["evidence"]
    return {one["item"]: one for one in items}


@pytest.mark.parametrize("who", ["chain:trace-1", "inspector:lab-3"])
def test_a_certificate_travels_with_the_order_and_is_evidence_when_a_ticket_opens(
    served: Served, order: str, who: str
) -> None:
    """Both sides see it, and its chain of custody begins before the ticket."""
    posted = told(post(served, order, certificate(served, order, who), who), 201)
    assert posted["stream"] == f"order:{order}"
    assert [one["topic"] for one in posted["events"]] == ["order.certificate_posted.v1"]
    (known,) = told(served.get("buyer", f"/v1/orders/{order}"))["certificates"]
    assert (known["issuer"], known["reference"]) == ("lab-hz-7", "PR-2026-1107")
    ticket = opened(served, order, "1")
    for side in ("buyer", "merchant"):
        item = evidence(served, ticket, side)["E2"]
        assert (item["kind"], item["party"], item["state"]) == (
            "batch_report",
            "platform",
            "on_record",
        )
        assert served.get(side, item["href"]).content == REPORT
    chain = told(served.get("auditor", f"/v1/tickets/{ticket}/evidence/E2/custody"))
    steps = [(one["step"], one["actor"]) for one in chain["steps"]]
    assert steps[:2] == [("posted", who.partition(":")[2]), ("gathered", "buyer-1")]
    assert chain["obtained"] == f"posted_by_{who.partition(':')[0]}"
    assert chain["attachment"]["sha256"] == hashlib.sha256(REPORT).hexdigest()


def test_a_certificate_is_evidence_for_the_lines_it_is_about(served: Served, order: str) -> None:
    """The tea's report says nothing of the cup."""
    told(post(served, order, certificate(served, order, lines=["2"])), 201)
    whole = certificate(served, order, kind="key_step_certificate", reference="S-1")
    told(post(served, order, whole), 201)
    kinds = {
        line: [
            one["kind"] for one in evidence(served, opened(served, order, line), "buyer").values()
        ]
        for line in ("1", "2")
    }
    assert kinds == {
        "1": ["order_snapshot", "key_step_certificate"],
        "2": ["order_snapshot", "batch_report", "key_step_certificate"],
    }


def test_the_same_certificate_again_is_one_fact_and_another_of_its_number_none(
    served: Served, order: str
) -> None:
    """A service that repeats itself does no harm; one that changes its mind is told."""
    body = certificate(served, order)
    told(post(served, order, body), 201)
    assert told(post(served, order, body))["events"] == []
    changed = {**body, "issued_at": "2026-11-08T09:00:00+08:00"}
    assert told(post(served, order, changed), 409)["code"] == "order_known_otherwise"


def test_only_machines_that_vouch_post_certificates(served: Served, order: str) -> None:
    """A merchant does not vouch for its own goods."""
    body = certificate(served, order)
    for who in ("merchant", "buyer", "agent", "orders", "carrier", "payment"):
        assert told(post(served, order, body, who), 403)["code"] == "not_your_role"
        assert told(upload(served, order, who=who), 403)["code"] == "not_your_role"
    answer = told(post(served, order, body, "inspector"), 422)
    assert answer["errors"][0]["code"] == "receipt"


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"kind": "photo"}, 422, "malformed"),
        ({"issuer": "Lab No. 7, Hangzhou"}, 422, "malformed"),
        ({"lines": ["9"]}, 409, "unknown_line"),
        ({"lines": []}, 422, "malformed"),
        ({"issued_at": "2027-01-01T00:00:00Z"}, 409, "not_yet_happened"),
        ({"issued_at": "yesterday"}, 422, "malformed"),
    ],
)
def test_a_certificate_that_can_not_be_is_refused(
    served: Served, order: str, fields: dict[str, Any], status: int, code: str
) -> None:
    """And leaves no trace with the order."""
    body = certificate(served, order, **fields)
    assert told(post(served, order, body), status)["code"] == code
    assert told(served.get("buyer", f"/v1/orders/{order}"))["certificates"] == []


def test_a_receipt_of_one_order_is_none_for_another_or_for_a_ticket(
    served: Served, order: str
) -> None:
    """Where a content was uploaded for is part of what the receipt says."""
    body = certificate(served, order)
    other = served.place_order("buyer-1", "merchant-1")
    assert told(post(served, other, body), 422)["errors"][0]["code"] == "receipt"
    ticket = served.open_ticket()
    item = {
        "kind": "batch_report",
        "attachment": told(upload(served, order, who="inspector"), 201),
        "obtained": "posted_by_inspector",
    }
    gathered = served.post("inspector", f"/v1/tickets/{ticket}/gathered-evidence", item)
    assert told(gathered, 422)["errors"][0]["code"] == "receipt"


def test_an_unknown_order_takes_no_content(served: Served) -> None:
    """Nor a certificate."""
    assert told(upload(served, "nowhere"), 404)["code"] == "unknown_order"


def test_certificates_have_a_limit_and_take_no_room_from_the_sides(
    served: Served, order: str
) -> None:
    """A talkative service neither fills an order nor keeps a buyer from bringing evidence."""
    limit = served.services.ledger.book.limit
    for number in range(limit.certificates):
        told(post(served, order, certificate(served, order, reference=f"S-{number}")), 201)
    over = post(served, order, certificate(served, order, reference="one-more"))
    assert told(over, 409)["code"] == "limit_reached"
    ticket = opened(served, order, "1")
    assert len(evidence(served, ticket, "buyer")) == 1 + limit.certificates
    headers = {**served.headers("buyer"), "Content-Type": "text/plain"}
    for number in range(limit.evidence_items):
        path = f"/v1/tickets/{ticket}"
        kept = served.client.post(f"{path}/contents", headers=headers, content=b"%d" % number)
        body = {"kind": "statement", "attachment": kept.json(), "obtained": "written_by_buyer"}
        staged = served.post("buyer", f"{path}/evidence", body)
        full = number == limit.evidence_items - 1  # the snapshot takes one place
        assert staged.status_code == (409 if full else 201), number
