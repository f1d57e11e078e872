"""What promises rest on, over HTTP: each route by hand, and who may not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from api.addresses import ADDRESSES
from api.models.promises import ReportedFact, WaitBody
from domain import commands
from domain.policies import book as books
from domain.ticket.facts import REPORTERS, WAITED_FOR
from tests.api.served import MONEY, START, Served, serving
from tests.conftest import Database

TABLES = Path(books.__file__).parent / "tables" / "2026-11-22"
AHEAD = "2027-01-01T00:00:00Z"


def whole_book() -> bytes:
    """Return the book of all promises, as one document."""
    files = sorted(TABLES.glob("*.toml"), key=lambda one: (one.name != "book.toml", one.name))
    return books.join(one.read_bytes() for one in files)


@pytest.fixture(scope="module")
def served(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The API over a fresh database, judging under the book of all promises."""
    with serving(database, tmp_path_factory.mktemp("data")) as running:
        running.services.ledger.adopt(whole_book())
        for who, desk in (("supervisor-1", "director"), ("agent-1", "pool_lead")):
            body = {"desk": desk, "skills": ["senior"]}
            told(running.post("supervisor", f"/v1/agents/{who}", body), 201)
        yield running


@pytest.fixture
def ticket(served: Served) -> str:
    """A complaint that the desk took up."""
    ticket = served.open_ticket()
    told(served.post("agent", f"/v1/tickets/{ticket}/acceptance"))
    return ticket


def told(answer: Response, status: int = 200) -> dict[str, Any]:
    """Return what an answer of a status says."""
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def topics(answer: Response, status: int = 200) -> list[str]:
    """Return which facts are on record because of a command."""
    return [one["topic"] for one in told(answer, status)["events"]]


def code(answer: Response, status: int) -> str:
    """Return for which reason a command was refused."""
    return str(told(answer, status)["code"])


def said(served: Served, who: str, ticket: str) -> set[str]:
    """Return what kinds of text somebody reads on a ticket."""
    return {one["kind"] for one in told(served.get(who, f"/v1/tickets/{ticket}/messages"))["items"]}


def offered(served: Served, who: str, ticket: str) -> dict[str, dict[str, Any]]:
    """Return what somebody may do now, by name."""
    actions = told(served.get(who, f"/v1/tickets/{ticket}"))["actions"]
    return {one["name"]: one for one in actions if one["blocked"] is None}


GOOD: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "report_fact": (
        "bot",
        "facts",
        {"fact": "flaw_photo", "occurred_at": START, "reference": "recogniser-7"},
        "ticket.fact_reported.v1",
    ),
    "give_plan": ("agent", "plans", {"level": "plan", "text": "Exchange."}, "plan.given.v1"),
    "answer_automatically": (
        "bot",
        "automatic-answers",
        {"text": "Restart it.", "effective": False},
        "answer.automatic.v1",
    ),
    "begin_wait": ("agent", "wait", {"on": "buyer", "why": "photo_asked_for"}, "wait.began.v1"),
    "ask_departments": (
        "agent",
        "department-requests",
        {"departments": ["supply_chain", "legal"], "question": "Which lot was it?"},
        "department.asked.v1",
    ),
    "queue_ticket": (
        "agent",
        "queue",
        {"queue": "public_opinion", "why": "named_in_public"},
        "ticket.queued.v1",
    ),
}
"""Operation → who does it, where, with which body, and the fact that follows first."""
CREATES = {"ask_departments"}


@pytest.mark.parametrize("operation", sorted(GOOD))
def test_a_command_goes_on_record_and_a_repetition_gets_the_first_answer(
    served: Served, ticket: str, operation: str
) -> None:
    """The network may lose an answer; the same key and body find it."""
    who, path, body, topic = GOOD[operation]
    where, status = f"/v1/tickets/{ticket}/{path}", 201 if operation in CREATES else 200
    first = served.post(who, where, body, key=f"{operation}-{ticket}")
    assert topics(first, status)[0] == topic
    again = served.post(who, where, body, key=f"{operation}-{ticket}")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert told(again, status) == told(first, status)
    other = {**body, "text": "Other."} if "text" in body else {**body, "why": "other"}
    if operation in {"give_plan", "answer_automatically", "begin_wait", "queue_ticket"}:
        reused = served.post(who, where, other, key=f"{operation}-{ticket}")
        assert code(reused, 422) == "key_reused"


@pytest.mark.parametrize("operation", sorted(GOOD))
def test_only_whose_part_it_is_may_and_a_stranger_learns_nothing(
    served: Served, ticket: str, operation: str
) -> None:
    """Another merchant's ticket does not exist for a merchant; a wrong role is told so."""
    _, path, body, _ = GOOD[operation]
    where = f"/v1/tickets/{ticket}/{path}"
    for who in ("buyer", "auditor", "arbitrator", "payment", "chain"):
        assert code(served.post(who, where, body), 403) == "not_your_role"
    stranger = served.post("merchant:another", where, body)
    if operation == "report_fact":
        assert code(stranger, 404) == "unknown_ticket"
    else:
        assert code(stranger, 403) == "not_your_role"
    nowhere = f"/v1/tickets/T0-261122-0000000/{path}"
    assert code(served.post(GOOD[operation][0], nowhere, body), 404) == "unknown_ticket"


@pytest.mark.parametrize(
    ("who", "path", "body"),
    [
        ("bot", "facts", {"fact": "flaw_photo"}),
        ("bot", "facts", {"fact": "ruled", "occurred_at": START}),
        ("bot", "facts", {"fact": "flaw_photo", "occurred_at": "yesterday"}),
        ("bot", "facts", {"fact": "flaw_photo", "occurred_at": START, "reference": "a b"}),
        ("agent", "plans", {"level": "perhaps", "text": "x"}),
        ("agent", "plans", {"level": "plan", "text": ""}),
        ("bot", "automatic-answers", {"text": "x", "effective": "yes"}),
        ("agent", "wait", {"on": "merchant", "why": "late"}),
        ("agent", "wait", {"on": "buyer", "why": "He is on holiday, 138 0013 8000"}),
        ("agent", "wait/end", {"why": "no_more"}),
        ("agent", "resolution", {"text": "x", "improvement": "x"}),
        ("agent", "department-requests", {"departments": [], "question": "x"}),
        ("agent", "department-requests", {"departments": ["legal"] * 21, "question": "x"}),
        ("agent", "queue", {"queue": "vip"}),
        ("supervisor", "book", {"policy": "../etc", "why": "new"}),
    ],
)
def test_a_malformed_body_is_told_and_leaves_nothing(
    served: Served, ticket: str, who: str, path: str, body: dict[str, Any]
) -> None:
    """422 with the places, never with what was sent."""
    before = served.version(ticket)
    answer = served.post(who, f"/v1/tickets/{ticket}/{path}", body)
    assert code(answer, 422) == "malformed"
    assert "138 0013" not in answer.text
    assert served.version(ticket) == before


def test_the_words_of_the_bodies_are_those_of_the_domain() -> None:
    """What may be reported and waited for is written down twice, and is the same."""
    assert set(ReportedFact.__args__) == {one.value for one in REPORTERS}
    waited = WaitBody.model_json_schema()["properties"]["on"]["enum"]
    assert waited == [one.value for one in WAITED_FOR]


def test_a_fact_is_kept_as_reported_and_not_contradicted(served: Served, ticket: str) -> None:
    """Repeated it is one fact; of another instant, or from the future, it is refused."""
    where = f"/v1/tickets/{ticket}/facts"
    body = {"fact": "mention_found", "occurred_at": "2026-11-22T10:00:00+08:00"}
    told(served.post("bot", where, body))
    assert topics(served.post("agent", where, body)) == []
    other = {**body, "occurred_at": "2026-11-22T10:00:01+08:00"}
    refused = told(served.post("bot", where, other), 409)
    assert refused["code"] == "fact_known_otherwise"
    assert refused["occurred_at"] == "2026-11-22T02:00:00.000000Z"
    ahead = {"fact": "flaw_photo", "occurred_at": AHEAD}
    assert code(served.post("bot", where, ahead), 409) == "not_yet_happened"
    theirs = {"fact": "on_site", "occurred_at": START}
    assert code(served.post("bot", where, theirs), 403) == "not_your_role"
    assert topics(served.post("merchant", where, theirs))[0] == "ticket.fact_reported.v1"


def test_promises_rest_while_somebody_is_waited_for(served: Served, ticket: str) -> None:
    """Begun and ended by the desk, both harmless when repeated."""
    where = f"/v1/tickets/{ticket}/wait"
    body = {"on": "third_party", "why": "laboratory"}
    assert "wait.began.v1" in topics(served.post("agent", where, body))
    assert topics(served.post("agent", where, body)) == []
    other = {"on": "buyer", "why": "photo_asked_for"}
    assert code(served.post("agent", where, other), 409) == "already_done"
    assert "end_wait" in offered(served, "agent", ticket)
    assert "wait.ended.v1" in topics(served.post("agent", f"{where}/end"))
    assert topics(served.post("agent", f"{where}/end")) == []
    assert code(served.post("merchant", f"{where}/end"), 403) == "not_your_role"


def test_departments_answer_each_for_itself(served: Served, ticket: str) -> None:
    """Several are asked at once, each with a clock; an unknown one is refused, with those known."""
    where = f"/v1/tickets/{ticket}/department-requests"
    question = {"question": "Which lot was it?"}
    unknown = told(served.post("agent", where, {"departments": ["poets"], **question}), 409)
    assert unknown["code"] == "unknown_department"
    assert "legal" in unknown["departments"]
    body = {"departments": ["supply_chain", "legal"], **question}
    answer = served.post("agent", where, body)
    assert topics(answer, 201).count("department.asked.v1") == 2
    assert answer.headers["Location"] == f"/v1/tickets/{ticket}"
    assert topics(served.post("agent", where, body)) == [], "who is asked is not asked twice"
    action = offered(served, "supervisor", ticket)["answer_for_department"]
    assert (action["target"], action["required"]) == ("D2", ["plan"])
    assert action["due_at"] == "2026-11-22T05:00:00.000000Z"
    plan = {"plan": "Lot 7; replace it."}
    assert "department.planned.v1" in topics(served.post("supervisor", action["href"], plan))
    assert code(served.post("supervisor", action["href"], plan), 409) == "already_done"
    assert {"question", "department_plan"} <= said(served, "supervisor", ticket)
    for side in ("buyer", "merchant"):
        assert {"question", "department_plan"}.isdisjoint(said(served, side, ticket))
    assert code(served.post("supervisor", f"{where}/D9/plan", plan), 404) == "unknown_request"
    assert code(served.post("agent", f"{where}/D1/plan", plan), 403) == "not_fit"
    assert code(served.post("buyer", f"{where}/D1/plan", plan), 403) == "not_your_role"


def test_a_written_resolution_takes_an_agent_and_a_supervisor(served: Served, ticket: str) -> None:
    """SL-16: after two contacts in vain; it names what compensates, so a key is needed."""
    where = f"/v1/tickets/{ticket}"

    def sign(who: str, key: str) -> Any:
        version = served.version(ticket)
        return served.post(who, f"{where}/resolution/signature", key=key, version=version)

    body = {
        "text": "We exchange the phone.",
        "improvement": "The lot is recalled.",
        "compensation": {"kind": "coupon", "amount": {"amount_minor": 100, "currency": "CNY"}},
    }
    early = served.post("agent", f"{where}/resolution", body, key="k-0", version=99)
    assert code(early, 412) == "ticket_changed"
    assert code(served.post("agent", f"{where}/resolution", body, key="k-1"), 428)
    version = served.version(ticket)
    early = served.post("agent", f"{where}/resolution", body, key="k-2", version=version)
    assert code(early, 409) == "wrong_state"
    for _ in range(2):
        told(served.post("agent", f"{where}/answers", {"text": "Wait.", "resolves": False}))
        told(served.post("buyer", f"{where}/messages", {"text": "It is still broken!"}))
    assert code(sign("supervisor", "s-0"), 409) == "wrong_state"
    action = offered(served, "agent", ticket)["write_resolution"]
    assert (action["needs_key"], action["needs_version"]) == (True, True)
    assert action["required"] == ["text", "improvement", "compensation"]
    assert action["due_at"] is not None
    version = served.version(ticket)
    written = served.post("agent", f"{where}/resolution", body, key="k-3", version=version)
    assert "resolution.written.v1" in topics(written)
    assert "remedy.ordered.v1" not in topics(written), "nothing is owed before both stand for it"
    assert code(sign("agent", "s-1"), 403) == "not_your_role"
    assert {"resolution", "improvement"} <= said(served, "agent", ticket)
    assert {"resolution", "improvement"}.isdisjoint(said(served, "buyer", ticket)), "a draft"
    signed = topics(sign("supervisor", "s-2"))
    assert signed[0] == "resolution.signed.v1"
    assert {"clock.stopped.v1", "remedy.ordered.v1"} <= set(signed)
    assert {"resolution", "improvement"} <= said(served, "buyer", ticket)
    assert code(sign("supervisor", "s-3"), 409) == "already_done"


def test_what_machine_and_desk_tell_the_buyer_is_read_by_the_buyer(
    served: Served, ticket: str
) -> None:
    """A plan and a machine's answer are words to the parties."""
    where = f"/v1/tickets/{ticket}"
    told(served.post("bot", f"{where}/automatic-answers", {"text": "Restart.", "effective": True}))
    told(served.post("agent", f"{where}/plans", {"level": "framework", "text": "We exchange."}))
    assert {"automatic_answer", "plan"} <= said(served, "buyer", ticket)


def test_a_queue_that_the_book_does_not_have_takes_nothing(served: Served, ticket: str) -> None:
    """The book's queues are told; the same queue again is no move."""
    where = f"/v1/tickets/{ticket}/queue"
    unknown = told(served.post("agent", where, {"queue": "nowhere", "why": "lost"}), 409)
    assert unknown["code"] == "unknown_queue"
    assert "vip" in unknown["queues"]
    body = {"queue": "vip", "why": "known_customer"}
    told(served.post("agent", where, body))
    assert topics(served.post("agent", where, body)) == []


def test_the_order_system_reports_a_live_session_and_marks(served: Served) -> None:
    """SL-04 and the order's marks; who paid how is part of the payment."""
    line = {"line": "1", "sku": "s", "title": "Tea", "category": "tea", "quantity": 1}
    order = {
        "order": served.fresh("live"),
        "buyer": "buyer-1",
        "merchant": "merchant-1",
        "lines": [{**line, "paid": MONEY}],
        "placed_at": "2026-11-22T09:00:00+08:00",
        "live_session": "room-7",
        "services": ["cross_border", "quality_insurance"],
    }
    told(served.post("orders", "/v1/orders", order), 201)
    assert topics(served.post("orders", "/v1/orders", order)) == []
    other = {**order, "services": ["cross_border"]}
    assert code(served.post("orders", "/v1/orders", other), 409) == "order_known_otherwise"
    where = f"/v1/orders/{order['order']}"
    end = {"ended_at": "2026-11-22T10:30:00+08:00"}
    assert code(served.post("carrier", f"{where}/live-session/end", end), 403) == "not_your_role"
    ahead = served.post("orders", f"{where}/live-session/end", {"ended_at": AHEAD})
    assert code(ahead, 409) == "not_yet_happened"
    ended = topics(served.post("orders", f"{where}/live-session/end", end))
    assert ended == ["order.live_session_ended.v1"]
    assert topics(served.post("orders", f"{where}/live-session/end", end)) == []
    twice = {"ended_at": "2026-11-22T10:31:00+08:00"}
    answer = served.post("orders", f"{where}/live-session/end", twice)
    assert code(answer, 409) == "order_known_otherwise"
    nowhere = served.post("orders", "/v1/orders/nowhere/live-session/end", end)
    assert code(nowhere, 404) == "unknown_order"
    payment = {
        "amount": MONEY,
        "reference": served.fresh("p"),
        "settled_at": "2026-11-22T09:00:01+08:00",
        "paid_by": "balance",
    }
    wrong = {**payment, "paid_by": "cash"}
    assert code(served.post("payment", f"{where}/payments", wrong), 422) == "malformed"
    told(served.post("payment", f"{where}/payments", payment))
    known = told(served.get("orders", where))
    assert known["services"] == ["cross_border", "quality_insurance"]
    assert known["live_session"] == "room-7"
    assert known["live_session_ended_at"] == "2026-11-22T02:30:00.000000Z"
    assert known["paid_by"] == "balance"


def standing(**fields: Any) -> dict[str, Any]:
    """Return the body of a customer's standing."""
    return {
        "tier": "top",
        "as_of": "2026-11-22T08:00:00+08:00",
        "spend": {"amount_minor": 1_200_000, "currency": "CNY"},
        "bought": ["mother_and_baby"],
        **fields,
    }


def noted(served: Served, ticket: str) -> list[dict[str, Any]]:
    """Return what a ticket notes of its buyer."""
    items = told(served.get("auditor", f"/v1/tickets/{ticket}/events"))["items"]
    return [one["data"] for one in items if one["topic"] == "ticket.customer_noted.v1"]


def test_what_the_customer_system_reports_is_noted_at_the_opening(served: Served) -> None:
    """SL-27: the tier a promise rests on is on the ticket's own record."""
    buyer = served.fresh("customer")
    where = f"/v1/customers/{buyer}/standing"
    before = served.open_ticket(buyer)
    assert noted(served, before) == []
    assert topics(served.post("orders", where, standing())) == ["customer.valued.v1"]
    assert topics(served.post("orders", where, standing())) == []
    late = standing(tier="ordinary", as_of="2026-11-01T00:00:00Z")
    assert topics(served.post("orders", where, late)) == ["customer.valued.v1"]
    assert code(served.post("orders", where, standing(tier="super")), 409) == "fact_known_otherwise"
    assert code(served.post("orders", where, standing(as_of=AHEAD)), 409) == "not_yet_happened"
    expected = {
        "tier": "top",
        "spend": {"amount_minor": 1_200_000, "currency": "CNY"},
        "bought": ["mother_and_baby"],
    }
    assert noted(served, served.open_ticket(buyer)) == [expected]
    assert noted(served, before) == [], "what was promised rests on what was known then"
    # Also when the desk opens it, with the order alone or the buyer alone.
    order = served.place_order(buyer, "merchant-1")
    for body in ({"order": order}, {"buyer": buyer}):
        answer = served.post("agent", "/v1/tickets", {"channel": "phone", **body})
        ticket = told(answer, 201)["stream"].removeprefix("ticket:")
        assert noted(served, ticket) == [expected]


def test_nobody_tells_his_own_standing(served: Served) -> None:
    """Not in the opening's body, and not at the customer's address."""
    opening = {"channel": "app", "customer": {"tier": "top"}}
    assert code(served.post("buyer", "/v1/tickets", opening), 422) == "malformed"
    where = "/v1/customers/buyer-1/standing"
    for who in ("buyer", "merchant", "agent", "supervisor", "admin", "payment", "bot"):
        assert code(served.post(who, where, standing()), 403) == "not_your_role"
    for bad in (
        {"tier": "royal"},
        {"spend": {"amount_minor": -1, "currency": "CNY"}},
        {"bought": ["a b"]},
        {"as_of": None},
        {"name": "林晓"},
    ):
        assert code(served.post("orders", where, standing(**bad)), 422) == "malformed"


def test_an_opening_is_repeated_though_the_buyers_standing_changed(served: Served) -> None:
    """The key stands for what the buyer said; what was found on record is not his word."""
    buyer = served.fresh("customer")
    order = served.place_order(buyer, "merchant-1")
    body = {"channel": "app", "order": order}
    first = served.post(f"buyer:{buyer}", "/v1/tickets", body, key="opening")
    told(served.post("orders", f"/v1/customers/{buyer}/standing", standing()))
    again = served.post(f"buyer:{buyer}", "/v1/tickets", body, key="opening")
    assert told(again, 201) == told(first, 201)
    assert again.headers["Idempotency-Replayed"] == "true"


def test_only_the_platform_itself_passes_clocks_and_chooses_agents() -> None:
    """Nobody sends from outside what time or the desk's own program does."""
    for command in (
        commands.PassClock,
        commands.FollowOrder,
        commands.ChooseAgent,
        commands.LapseAssignment,
    ):
        assert command not in ADDRESSES
