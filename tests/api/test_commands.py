"""Commands: retries are safe, unseen states are not acted on, and a dispute runs to its end."""

import hashlib
from typing import Any

from httpx2 import Response

from api.reads.tickets import TicketAnswer
from tests.api.served import MONEY, Served

REFUND = {"kind": "refund", "amount": MONEY}


def _ok(answer: Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


def _upload(served: Served, who: str, ticket: str, content: bytes) -> dict[str, Any]:
    headers = {**served.headers(who), "Content-Type": "text/plain"}
    answer = served.client.post(f"/v1/tickets/{ticket}/contents", headers=headers, content=content)
    return _ok(answer, 201)


# --- answers ----------------------------------------------------------------------------------


def test_an_opened_ticket_answers_where_it_is_and_how_to_go_on(served: Served) -> None:
    """Location, the version for If-Match and the position for min_position."""
    order = served.place_order("buyer-1", "merchant-1")
    answer = served.post("buyer:buyer-1", "/v1/tickets", {"channel": "app", "order": order})
    told = _ok(answer, 201)
    ticket = told["stream"].removeprefix("ticket:")
    assert answer.headers["Location"] == f"/v1/tickets/{ticket}"
    assert answer.headers["ETag"] == f'"{told["version"]}"'
    versions = [event["version"] for event in told["events"]]
    assert versions == list(range(1, told["version"] + 1))
    assert told["events"][0]["topic"] == "ticket.opened.v1"
    assert told["position"] == told["events"][-1]["position"]
    assert told["leaf_hash"] == told["events"][-1]["leaf_hash"]
    assert "Idempotency-Replayed" not in answer.headers


def test_the_same_matter_again_is_answered_with_the_live_ticket(served: Served) -> None:
    """IN-03: 200 and where the ticket is, not a second ticket."""
    ticket = served.open_ticket("buyer-2")
    order = served.get("buyer:buyer-2", f"/v1/tickets/{ticket}").json()["order"]
    again = served.post("buyer:buyer-2", "/v1/tickets", {"channel": "phone", "order": order})
    told = _ok(again)
    assert told["stream"] == f"ticket:{ticket}"
    assert [event["topic"] for event in told["events"]] == ["ticket.channel_joined.v1"]


def test_a_harmless_repetition_records_nothing_and_is_no_error(served: Served) -> None:
    """Taking what one has already taken is 200 with no events."""
    ticket = served.open_ticket()
    served.hire("agent-1")
    first = _ok(served.post("agent", f"/v1/tickets/{ticket}/assignment"))
    again = _ok(served.post("agent", f"/v1/tickets/{ticket}/assignment"))
    assert "ticket.assigned.v1" in [one["topic"] for one in first["events"]]
    assert again["events"] == []
    assert again["version"] == first["version"]


def test_an_order_reported_twice_is_one_order(served: Served) -> None:
    """Other systems repeat themselves; their own ids make it harmless."""
    body = {
        "order": served.fresh("order"),
        "buyer": "b",
        "merchant": "m",
        "lines": [
            {
                "line": "1",
                "sku": "s",
                "title": "儿童安全座椅",
                "category": "car",
                "quantity": 1,
                "paid": MONEY,
            }
        ],
        "placed_at": "2026-11-18T10:00:00+08:00",
    }
    first = served.post("orders", "/v1/orders", body)
    assert _ok(first, 201)["events"]
    assert first.headers["Location"] == f"/v1/orders/{body['order']}"
    assert _ok(served.post("orders", "/v1/orders", body))["events"] == []
    other = served.post("orders", "/v1/orders", {**body, "merchant": "another"})
    assert _ok(other, 409)["code"] == "order_known_otherwise"
    read = _ok(served.get("orders", f"/v1/orders/{body['order']}"))
    assert (read["placed_at"], read["lines"][0]["paid"]) == ("2026-11-18T02:00:00.000000Z", MONEY)
    strangers = ("buyer:stranger", "merchant:stranger")
    assert {served.get(who, f"/v1/orders/{body['order']}").status_code for who in strangers} == {
        404
    }


# --- retries ----------------------------------------------------------------------------------


def test_a_retry_gets_the_first_answer_even_when_the_state_has_moved_on(served: Served) -> None:
    """A lost reply is answered by the key and never by acting twice."""
    ticket = served.open_ticket()
    path = f"/v1/tickets/{ticket}/messages"
    first = served.post("buyer", path, {"text": "Hello?"}, key="one")
    served.post("buyer", path, {"text": "Is anybody there?"}, key="two")
    before = served.head()
    again = served.post("buyer", path, {"text": "Hello?"}, key="one")
    assert _ok(again) == _ok(first)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["ETag"] == first.headers["ETag"]
    assert served.head() == before


def test_a_retry_is_answered_before_its_version_is_found_stale(served: Served) -> None:
    """The first request moved the version; that must not turn its own retry into a 412."""
    ticket = served.open_ticket()
    version = served.version(ticket)
    path = f"/v1/tickets/{ticket}/messages"
    first = served.post("buyer", path, {"text": "Hello?"}, key="k", version=version)
    again = served.post("buyer", path, {"text": "Hello?"}, key="k", version=version)
    assert _ok(again) == _ok(first)


def test_a_quoted_key_and_the_bare_one_are_the_same_key(served: Served) -> None:
    """The draft quotes it, most clients do not."""
    ticket = served.open_ticket()
    path = f"/v1/tickets/{ticket}/messages"
    first = served.post("buyer", path, {"text": "Hello?"}, key='"quoted-1"')
    again = served.post("buyer", path, {"text": "Hello?"}, key="quoted-1")
    assert _ok(again) == _ok(first)


def test_a_key_with_another_body_is_refused(served: Served) -> None:
    """Answering with the first outcome would hide that the second was never done."""
    ticket = served.open_ticket()
    path = f"/v1/tickets/{ticket}/messages"
    _ok(served.post("buyer", path, {"text": "Hello?"}, key="same"))
    other = served.post("buyer", path, {"text": "Something else."}, key="same")
    assert _ok(other, 422)["code"] == "key_reused"


def test_a_key_is_its_callers_own(served: Served) -> None:
    """Two people may draw the same key."""
    ticket = served.open_ticket()
    path = f"/v1/tickets/{ticket}/messages"
    bodies = {"buyer": "I am the buyer.", "merchant": "I am the merchant."}
    positions = {
        _ok(served.post(who, path, {"text": text}, key="1"))["position"]
        for who, text in bodies.items()
    }
    assert len(positions) == 2


def test_money_moves_only_under_a_key(served: Served) -> None:
    """A retry without one would pay twice."""
    ticket = served.open_ticket()
    _ok(served.post("agent", f"/v1/tickets/{ticket}/acceptance"))
    path, body = f"/v1/tickets/{ticket}/approval", {"terms": REFUND}
    version = served.version(ticket)
    bare = served.post("merchant", path, body, version=version)
    assert _ok(bare, 400)["code"] == "key_required"
    _ok(served.post("merchant", path, body, version=version, key="approve"))


# --- versions ---------------------------------------------------------------------------------


def test_a_stale_version_is_told_what_it_missed(served: Served) -> None:
    """The caller decides again on what happened meanwhile, without asking for everything."""
    ticket = served.open_ticket()
    version = served.version(ticket)
    _ok(served.post("agent", f"/v1/tickets/{ticket}/notes", {"text": "Among staff."}))
    _ok(served.post("merchant", f"/v1/tickets/{ticket}/messages", {"text": "Hello."}))
    path = f"/v1/tickets/{ticket}/messages"
    for who, topics in (
        ("supervisor", ["note.added.v1", "message.sent.v1"]),
        ("buyer", ["message.sent.v1"]),
    ):
        told = _ok(served.post(who, path, {"text": "So?"}, version=version), 412)
        assert (told["expected_version"], told["actual_version"]) == (version, version + 2)
        assert [one["topic"] for one in told["missed"]] == topics
        last = told["missed"][-1]
        assert (last["version"], last["actor_kind"]) == (version + 2, "merchant")
        assert last.keys() == {"topic", "version", "position", "at", "actor_kind"}


def test_a_version_that_is_still_right_is_acted_on(served: Served) -> None:
    """If-Match is the ETag that a read or a command answered."""
    ticket = served.open_ticket()
    read = served.get("buyer", f"/v1/tickets/{ticket}")
    headers = {"If-Match": read.headers["ETag"]}
    sent = served.post("buyer", f"/v1/tickets/{ticket}/messages", {"text": "a"}, headers=headers)
    headers = {"If-Match": sent.headers["ETag"]}
    _ok(served.post("buyer", f"/v1/tickets/{ticket}/messages", {"text": "b"}, headers=headers))


# --- a whole dispute --------------------------------------------------------------------------


def test_a_dispute_runs_from_opening_to_satisfaction_through_the_api(served: Served) -> None:
    """Offer, intervention, evidence, ruling, refund: each step at its own address."""
    ticket = served.refused_claim("buyer-7", "merchant-7")
    base = f"/v1/tickets/{ticket}"
    buyer, merchant, arbitrator = "buyer:buyer-7", "merchant:merchant-7", "arbitrator:judge-1"
    offer = served.post(
        merchant,
        f"{base}/offers",
        {"terms": [{"kind": "coupon", "amount": {"amount_minor": 500, "currency": "CNY"}}]},
    )
    assert offer.headers["Location"] == base
    assert _ok(offer, 201)["events"][0]["topic"] == "offer.made.v1"
    _ok(served.post(buyer, f"{base}/offers/O1/decline", {"reason": "Too little."}))
    _ok(served.post(buyer, f"{base}/intervention"))
    _ok(served.post("supervisor", f"{base}/arbitrator", {"arbitrator": "judge-1"}))
    asked = {"party": "buyer", "kinds": ["photo", "statement"]}
    _ok(served.post(arbitrator, f"{base}/evidence-requests", asked))
    upload = _upload(served, buyer, ticket, b"The screen flickers in every light.")
    item = {
        "kind": "statement",
        "attachment": upload,
        "obtained": "written_by_buyer",
        "caption": "What I see.",
    }
    _ok(served.post(buyer, f"{base}/evidence", item), 201)
    unseen = served.get(merchant, f"{base}/contents/{upload['sha256']}")
    assert _ok(unseen, 404)["code"] == "unknown_content"
    _ok(served.post(buyer, f"{base}/evidence/seal"))
    seen = served.get(merchant, f"{base}/contents/{upload['sha256']}")
    assert hashlib.sha256(seen.content).hexdigest() == upload["sha256"]
    assert seen.headers["Content-Type"].startswith("text/plain")
    assert seen.headers["Content-Disposition"].startswith("attachment")
    assert seen.headers["X-Content-Type-Options"] == "nosniff"
    ruling = {
        "in_favour_of": "buyer",
        "shares": [{"party": "merchant", "share_bp": 10_000}],
        "awards": [REFUND],
        "reasons": "The statement stands uncontested.",
        "clauses": ["quality.hardware_fault"],
        "relied_on": ["E1", "E2"],
    }
    missing = served.post(arbitrator, f"{base}/rulings", ruling, key="ruling")
    assert _ok(missing, 428)["code"] == "version_required"
    version = served.version(ticket)
    ruled = served.post(arbitrator, f"{base}/rulings", ruling, key="ruling", version=version)
    _ok(ruled, 201)
    _ok(served.post("payment", f"{base}/remedies/R1/settlement", {"reference": "pay-1"}))
    marks = {"result": 5, "speed": 3, "attitude": 4, "text": "In the end it went well."}
    _ok(served.post(buyer, f"{base}/satisfaction", marks))
    told = _ok(served.get(buyer, base))
    assert (told["resolved"], told["ruling"]["ruling"]) == ("remedied", "J1")
    assert told["remedies"][0]["step"] == "completed"
    assert told.keys() == set(TicketAnswer.__struct_fields__)


def test_a_content_is_evidence_only_of_who_uploaded_it_for_this_ticket(served: Served) -> None:
    """Else a digest somebody learned would open the other side's confidential content to them."""
    ticket = served.refused_claim()
    other = served.refused_claim()
    upload = _upload(served, "buyer", ticket, b"For arbitration only.")
    item = {"kind": "photo", "attachment": upload, "obtained": "taken_by_buyer"}
    for who, where in (("merchant", ticket), ("buyer", other)):
        stolen = served.post(who, f"/v1/tickets/{where}/evidence", item)
        assert _ok(stolen, 422)["errors"][0]["code"] == "receipt"
    for changed in ({"size": upload["size"] + 1}, {"media_type": "image/png"}):
        forged = {**item, "attachment": {**upload, **changed}}
        answer = served.post("buyer", f"/v1/tickets/{ticket}/evidence", forged)
        assert _ok(answer, 422)["errors"][0]["code"] == "receipt"
    _ok(served.post("buyer", f"/v1/tickets/{ticket}/evidence", item), 201)


def test_what_is_offered_can_be_done_and_what_is_blocked_says_why(served: Served) -> None:
    """`actions[]` is told by the guards the judges call: name, address, fields, or the reason."""
    ticket = served.refused_claim()
    told = _ok(served.get("buyer", f"/v1/tickets/{ticket}"))
    actions = {one["name"]: one for one in told["actions"]}
    blocked = actions["request_intervention"]
    assert blocked["blocked"]["code"] == "negotiation_first"
    refused = served.post("buyer", blocked["href"])
    assert _ok(refused, 409)["code"] == blocked["blocked"]["code"]
    message = actions["send_message"]
    assert (message["method"], message["required"], message["blocked"]) == ("POST", ["text"], None)
    _ok(served.post("buyer", message["href"], {"text": "Done as offered."}))
    assert "accept_ticket" not in actions
    assert "add_note" not in {one["name"] for one in told["actions"]}


def test_a_version_far_beyond_the_tickets_is_stale_like_any_other(served: Served) -> None:
    """The fuzzer found it: nothing was missed, and nothing breaks."""
    ticket = served.open_ticket()
    told = _ok(served.post("agent", f"/v1/tickets/{ticket}/acceptance", version=999_999_999), 412)
    assert (told["missed"], told["actual_version"]) == ([], served.version(ticket))
