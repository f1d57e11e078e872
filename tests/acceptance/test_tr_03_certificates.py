"""TR-03: records of production and inspection travel with the order and are evidence at once."""

import hashlib
from typing import Any

from tests.acceptance.platform import AUDITOR, BUYER, MERCHANT, SUPERVISOR, Platform

LAB_REPORT = b"Batch 2026-11-07: pesticide residue none found. Tested by lab-hz-7."
CHAIN = "chain:trace-1"


def anchored(platform: Platform, order: str, **fields: Any) -> dict[str, Any]:
    """Have a third party put a batch report of an order on record; return its body."""
    path = f"/v1/orders/{order}/contents"
    kept = platform.client.upload("chain", "trace-1", path, LAB_REPORT, "text/plain")
    assert kept.status == 201, kept
    body = {
        "kind": "batch_report",
        "attachment": kept.body,
        "issuer": "lab-hz-7",
        "reference": "PR-2026-1107",
        "issued_at": "2026-11-07T09:00:00.000000Z",
        **fields,
    }
    answer = platform.call(CHAIN, f"/v1/orders/{order}/certificates", body)
    assert answer.status == 201, answer
    return body


def test_tr_03_a_batch_report_travels_with_the_order_and_is_evidence_at_the_opening(
    platform: Platform,
) -> None:
    """A third party anchors it before anybody complains; the ticket opens with it as item E2."""
    order = platform.order()
    anchored(platform, order)
    known = platform.read(BUYER, f"/v1/orders/{order}")["certificates"]
    assert [(one["issuer"], one["reference"]) for one in known] == [("lab-hz-7", "PR-2026-1107")]
    ticket = platform.open(order)
    digest = hashlib.sha256(LAB_REPORT).hexdigest()
    for who in (BUYER, MERCHANT, SUPERVISOR):
        items = {one["item"]: one for one in platform.ticket(who, ticket)["evidence"]}
        assert (items["E2"]["kind"], items["E2"]["state"]) == ("batch_report", "on_record")
        assert items["E2"]["attachment"]["sha256"] == digest
    chain = platform.read(AUDITOR, f"/v1/tickets/{ticket}/evidence/E2/custody")
    assert chain["obtained"] == "posted_by_chain"
    steps = [(one["step"], one["actor"]) for one in chain["steps"]]
    assert steps[:2] == [("posted", "trace-1"), ("gathered", "b-1")]


def test_tr_03_a_ruling_may_rest_on_it(platform: Platform) -> None:
    """Both sides were shown it, so it carries a decision."""
    order = platform.order()
    anchored(platform, order)
    ticket = platform.with_platform(order)
    shown = platform.file(ticket)["evidence"]["E2"]["shown_to"]
    assert shown == ["buyer", "merchant"]


def test_tr_03_a_report_of_another_line_is_no_evidence_here(platform: Platform) -> None:
    """What is said of the tea says nothing of the cup."""
    order = platform.order(10_000, 20_000)
    anchored(platform, order, lines=["2"])
    kinds = {
        line: [
            one["kind"]
            for one in platform.ticket(BUYER, platform.open(order, line=line))["evidence"]
        ]
        for line in ("1", "2")
    }
    assert kinds == {"1": ["order_snapshot"], "2": ["order_snapshot", "batch_report"]}


def test_tr_03_the_parties_put_no_certificate_on_an_order(platform: Platform) -> None:
    """Only who vouches for something outside the matter does."""
    order = platform.order()
    body = anchored(platform, order)
    for who in (BUYER, MERCHANT):
        mine = {**body, "reference": "OWN-1"}
        answer = platform.call(who, f"/v1/orders/{order}/certificates", mine)
        assert answer.body["code"] == "not_your_role"
