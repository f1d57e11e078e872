"""Queue positions, explanations, what is due and who was asked: every number leads to events."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from domain.events import TicketOpened
from domain.policies import book as books
from domain.record import Record
from projections import queue
from projections.queue import QueueRow
from tests.api.served import MONEY, Served
from tests.scenario import TABLES

FOLDER = TABLES / "2026-11-22"


def whole_book(folder: Path = FOLDER) -> bytes:
    """Return the bytes of the book that is adopted."""
    files = sorted(folder.glob("*.toml"), key=lambda one: (one.name != "book.toml", one.name))
    return books.join(one.read_bytes() for one in files)


def ok(answer: Response) -> dict[str, Any]:
    """Return the content of an answer that is one."""
    assert answer.status_code in {200, 201}, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.fixture(scope="module", autouse=True)
def _adopted(served: Served) -> None:
    """Everything here is promised by the whole book, and the supervisor is a director."""
    served.services.ledger.adopt(whole_book())
    ok(served.post("supervisor", "/v1/agents/supervisor-1", {"desk": "director", "skills": []}))
    served.hire("ann")


@pytest.fixture(scope="module")
def complaint(served: Served) -> str:
    """An angry complaint whose second department is late, corrected by a person."""
    ticket = opened(served, "asker", "The screen flickers, this is disgusting, I am furious.")
    agent = "agent:ann"
    posted(served, agent, ticket, "acceptance")
    posted(served, agent, ticket, "assignment")
    posted(
        served,
        agent,
        ticket,
        "department-requests",
        {"departments": ["legal", "finance"], "question": "Who pays?"},
    )
    posted(
        served, "supervisor", ticket, "department-requests/D1/plan", {"plan": "The merchant pays."}
    )
    posted(served, agent, ticket, "plans", {"level": "plan", "text": "We send another one."})
    judged = {"scenario": "service", "responsible": "platform", "kind": "dispute"}
    posted(served, agent, ticket, "diagnosis", judged)
    return ticket


def opened(served: Served, buyer: str, statement: str, **fields: Any) -> str:
    """Have a buyer complain; return the ticket."""
    body = {
        "channel": "app",
        "order": served.place_order(buyer, f"{buyer}-shop"),
        "reason": "quality_fault",
        "kind": "complaint",
        "claim": MONEY,
        "statement": statement,
        **fields,
    }
    answer = ok(served.post(f"buyer:{buyer}", "/v1/tickets", body))
    return str(answer["stream"].removeprefix("ticket:"))


def posted(served: Served, who: str, ticket: str, path: str, body: Any = None) -> dict[str, Any]:
    """Send a command about a ticket that is not refused."""
    return ok(served.post(who, f"/v1/tickets/{ticket}/{path}", body))


def read(served: Served, who: str, path: str, **query: Any) -> dict[str, Any]:
    """Read something that includes everything so far."""
    return ok(served.get(who, path, min_position=served.head(), **query))


def explained(served: Served, ticket: str, what: str, who: str = "supervisor") -> dict[str, Any]:
    """Return an explanation."""
    return ok(served.get(who, f"/v1/tickets/{ticket}/explain", what=what))


def references(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every event that an answer refers to."""
    if isinstance(value, dict):
        if {"position", "stream", "version", "topic"} <= value.keys():
            yield value
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


def leads_to_events(served: Served, value: Any) -> None:
    """Check that every reference is to a fact of that kind at that place on record."""
    found = list(references(value))
    assert found
    for one in found:
        lane, position = map(int, one["position"].split("-"))
        (record,) = served.services.ledger.records(lane, position - 1, 1)
        assert (record.stream, record.version) == (one["stream"], one["version"])
        assert (record.envelope.topic, record.at) == (one["topic"], one["at"])


# --- where a ticket stands --------------------------------------------------------------------


def test_every_part_of_a_queue_position_leads_to_events(served: Served, complaint: str) -> None:
    """PR-03: priority, due time and order of the queue are what the record says."""
    found = read(served, "agent", f"/v1/tickets/{complaint}/queue-position")
    assert found["open"] is True
    assert [one["name"] for one in found["sort_key"]] == ["priority", "due_at", "ticket"]
    assert all(one["events"] for one in found["sort_key"])
    assert found["caused_by"]
    leads_to_events(served, found)
    priority, due_at, ticket = found["sort_key"]
    assert priority["events"][0]["topic"] == "ticket.prioritised.v1"
    assert due_at["events"][0]["topic"] in {"clock.started.v1", "deadline.given.v1"}
    assert ticket["events"][0]["topic"] == "ticket.opened.v1"


def test_the_rank_is_the_place_on_the_queue_page(served: Served, complaint: str) -> None:
    """Who counts the rows of the page comes to the same number."""
    for number in range(3):
        opened(served, f"waiter-{number}", "Where is my parcel?")
    found = read(served, "agent", f"/v1/tickets/{complaint}/queue-position")
    page = read(served, "agent", "/v1/queue", queue=found["queue"], limit=200)
    here = [one["ticket"] for one in page["items"]]
    assert (found["rank"], found["total"]) == (here.index(complaint) + 1, len(here))
    everybody = [one["ticket"] for one in read(served, "agent", "/v1/queue", limit=200)["items"]]
    assert found["overall"] == {"rank": everybody.index(complaint) + 1, "total": len(everybody)}
    assert found["book_queue"]["zh"]


def test_a_closed_ticket_stands_nowhere(served: Served) -> None:
    """Nobody is next where nothing is to be done."""
    ticket = opened(served, "closer", "It is broken.")
    posted(served, "buyer:closer", ticket, "closing")
    found = read(served, "agent", f"/v1/tickets/{ticket}/queue-position")
    assert (found["open"], found["rank"], found["total"]) == (False, None, None)
    assert served.get("agent", "/v1/tickets/T0-261122-0000000/queue-position").status_code == 404


# --- why --------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["due", "priority", "assignment", "diagnosis"])
def test_an_explanation_is_worked_out_again_and_leads_to_events(
    served: Served, complaint: str, what: str
) -> None:
    """Inputs, book with its digest, steps, result; the same comes out again."""
    found = explained(served, complaint, what)
    assert found["recomputed"] is True
    assert found["decisions"]
    assert [one["differences"] for one in found["decisions"] if one["differences"]] == []
    assert any(one["recomputed"] is True for one in found["decisions"])
    leads_to_events(served, found)
    digest = books.parse(whole_book()).digest
    used = {one["book"]["digest"] for one in found["decisions"] if one["book"]["version"]}
    assert used == {digest}


def test_the_explained_due_time_is_the_one_on_the_ticket(served: Served, complaint: str) -> None:
    """Two answers to one question would be worse than none."""
    shown = ok(served.get("agent", f"/v1/tickets/{complaint}"))
    explains = {
        one["about"]: one["result"] for one in explained(served, complaint, "due")["decisions"]
    }
    for clock in shown["clocks"]:
        name = clock["detail"]["clock"]
        assert explains[name]["due_at"] == clock["due_at"]
        assert explains[name]["state"] == clock["state"]
    assert shown["deadlines"]
    for deadline in shown["deadlines"]:
        found = explains[f"deadline:{deadline['deadline']}"]
        assert (found["due_at"], found["state"]) == (deadline["due_at"], "running")


def test_the_queues_due_time_is_one_of_those_explained(served: Served, complaint: str) -> None:
    """Whichever deadline or promise presses first, the queue's key leads to its explanation."""
    part = read(served, "agent", f"/v1/tickets/{complaint}/queue-position")["sort_key"][1]
    explains = explained(served, complaint, "due")["decisions"]
    (cause,) = part["events"]
    (decision,) = [one for one in explains if one["event"] == cause]
    assert (decision["result"]["due_at"], decision["recomputed"]) == (part["value"], True)


def test_who_took_a_matter_is_explained_with_the_book(served: Served, complaint: str) -> None:
    """What they carried and had passed was judged, and so the record names the book."""
    (taken,) = [
        one
        for one in explained(served, complaint, "assignment")["decisions"]
        if one["about"] == "agent"
    ]
    assert (taken["result"]["agent"], taken["recomputed"]) == ("ann", True)
    assert taken["book"]["version"] == books.parse(whole_book()).version


def test_a_diagnosis_is_explained_after_the_look_is_on_record(
    served: Served, complaint: str
) -> None:
    """The buyer's words are judged again, so that they were opened is on record."""
    ledger = served.services.ledger
    auditor = "auditor:eve"
    found = explained(served, complaint, "diagnosis", auditor)
    assert "furious" not in [one["value"] for each in found["decisions"] for one in each["inputs"]]
    looks = ledger.stream(f"access:{complaint}")
    assert any(one.actor.ref == "eve" for one in looks)
    by_admin = explained(served, complaint, "diagnosis", "admin")
    machine = next(one for one in by_admin["decisions"] if one["about"] == "machine")
    assert machine["recomputed"] is None


def test_only_what_there_is_to_explain_is_explained(served: Served, complaint: str) -> None:
    """A party asks its agent; a word that means nothing is refused."""
    path = f"/v1/tickets/{complaint}/explain"
    assert served.get("buyer:asker", path, what="due").status_code == 403
    assert served.get("agent", path, what="luck").status_code == 422
    assert served.get("agent", path).status_code == 422
    assert (
        served.get("agent", "/v1/tickets/T0-261122-0000000/explain", what="due").status_code == 404
    )


# --- what is due, and who was asked -----------------------------------------------------------


def test_promises_are_listed_by_state_row_and_due_time(served: Served, complaint: str) -> None:
    """What is due soonest first; each filter leaves out what it says and nothing else."""
    everything = read(served, "supervisor", "/v1/clocks", limit=200)["items"]
    assert [one["due_at"] for one in everything] == sorted(one["due_at"] for one in everything)
    mine = {one["clock"]: one for one in everything if one["ticket"] == complaint}
    assert mine["department_plan:D2"]["zh"]
    for row in {one["row"] for one in everything}:
        listed = read(served, "supervisor", "/v1/clocks", row=row, limit=200)["items"]
        assert listed == [one for one in everything if one["row"] == row]
    for state in ("running", "paused", "breached"):
        listed = read(served, "supervisor", "/v1/clocks", state=state, limit=200)["items"]
        assert listed == [one for one in everything if one["state"] == state]
    edge = everything[len(everything) // 2]["due_at"]
    listed = read(served, "supervisor", "/v1/clocks", due_before=edge, limit=200)["items"]
    assert listed == [one for one in everything if one["due_at"] < edge]


@pytest.mark.parametrize(
    "path", ["/v1/clocks", "/v1/deadlines", "/v1/departments/finance/requests"]
)
def test_lists_of_what_is_due_go_on_behind_a_cursor(
    served: Served, complaint: str, path: str
) -> None:
    """Page by page nothing is lost, nothing comes twice, and a foreign cursor is refused."""
    whole = read(served, "supervisor", path, limit=200)["items"]
    assert whole
    found: list[Any] = []
    query: dict[str, Any] = {}
    while True:
        answer = served.get("supervisor", path, min_position=served.head(), limit=2, **query)
        page = ok(answer)
        found += page["items"]
        if page["next_cursor"] is None:
            break
        assert "cursor=" in answer.headers["Link"]
        query = {"cursor": page["next_cursor"]}
    assert found == whole
    assert served.get("supervisor", path, cursor="AAAA").status_code == 422


def test_departments_tell_what_they_owe_and_who_answers(served: Served, complaint: str) -> None:
    """RO-04: two were asked, one planned; the other's clock runs."""
    items = read(served, "supervisor", "/v1/departments")["items"]
    found = {one["department"]: one for one in items}
    assert (found["legal"]["planned"], found["finance"]["open"]) == (1, 1)
    assert found["finance"]["owner"] == "payment_owner"
    requests = read(served, "supervisor", "/v1/departments/finance/requests", state="open")
    (asked,) = requests["items"]
    assert (asked["ticket"], asked["clock"]) == (complaint, "department_plan:D2")
    assert asked["due_at"]
    assert served.get("supervisor", "/v1/departments/poetry/requests").status_code == 404


def test_agreement_of_machine_and_person_is_a_figure(served: Served, complaint: str) -> None:
    """DI-06: how often they agree, in each dimension."""
    agreement = read(served, "auditor", "/v1/statistics")["agreement"]
    assert agreement["diagnosed"] >= agreement["corrected"] >= 1
    for dimension in ("responsible", "scenario", "kind"):
        found = agreement["dimensions"][dimension]
        assert found["judged"] == sum(found["pairs"].values())
    assert any(
        pair.endswith("/platform") for pair in agreement["dimensions"]["responsible"]["pairs"]
    )


# --- on the ticket ----------------------------------------------------------------------------


def test_a_party_is_told_its_promises_and_staff_all_of_them(served: Served, complaint: str) -> None:
    """A buyer knows what is promised to them; what the house measures is the house's."""
    told = ok(served.get("buyer:asker", f"/v1/tickets/{complaint}"))
    shown = ok(served.get("agent", f"/v1/tickets/{complaint}"))
    names = {one["detail"]["clock"] for one in shown["clocks"]}
    assert {"negative_resolved", "department_plan:D2"} <= names
    assert len(told["clocks"]) < len(shown["clocks"])
    assert all(one["detail"] is None and one["zh"] and one["en"] for one in told["clocks"])
    assert "angry" not in str(told["clocks"])
    assert (told["queue"], told["diagnosis"], told["priority_inputs"]) == (None, None, None)
    assert shown["queue"]["zh"]
    assert shown["diagnosis"]["corrected"] is True
    assert (
        sum(one["points"] for one in shown["priority_inputs"]["inputs"])
        == (shown["priority_inputs"]["points"])
    )


def test_the_board_expects_what_is_promised(served: Served) -> None:
    """The next expected time is the earliest of what is given and what is promised."""
    ticket = opened(served, "board", "I am furious, it is disgusting.")
    staff = read(served, "agent", f"/v1/tickets/{ticket}/progress-board")["expected"]
    shown = ok(served.get("agent", f"/v1/tickets/{ticket}"))
    due = [one["due_at"] for one in shown["clocks"] if one["detail"]["row"] != "SL-24"]
    due += [one["due_at"] for one in shown["deadlines"] if one["awaits"] != "nobody"]
    assert staff["due_at"] == min(due)
    party = read(served, "buyer:board", f"/v1/tickets/{ticket}/progress-board")["expected"]
    assert party["deadline"] != "clock:negative_resolved"


def test_the_case_file_lays_out_promises_plans_and_answers(served: Served, complaint: str) -> None:
    """AR-04: who judges sees what was promised, planned and asked, with the texts opened."""
    found = read(served, "arbitrator", f"/v1/tickets/{complaint}/case-file")
    case = found["case"]
    assert {one["by"] for one in case["diagnoses"]} == {"machine", "person"}
    assert case["priorities"][-1]["priority"] == case["priority"]
    assert case["queues"]
    assert {one["state"] for one in case["clocks"]} >= {"running", "kept"}
    texts = {(one["version"], one["field"]): one["text"] for one in found["texts"]}
    plan = case["plans"][0]["text"]
    assert texts[plan["version"], plan["field"]] == "We send another one."
    legal = case["requests"]["D1"]
    assert texts[legal["question"]["version"], "question"] == "Who pays?"
    assert texts[legal["plan"]["version"], "plan"] == "The merchant pays."
    assert "plan" not in case["requests"]["D2"]


def test_a_broken_promise_is_listed_as_broken_and_explained_so(served: Served) -> None:
    """The worker's facts and the explanation tell the same story."""
    ticket = opened(served, "late", "The screen is broken.")
    served.clock.pass_by(timedelta(hours=3))
    posted(served, "agent:ann", ticket, "acceptance")
    listed = read(served, "supervisor", "/v1/clocks", state="breached", limit=200)["items"]
    mine = {one["clock"] for one in listed if one["ticket"] == ticket}
    states = {
        one["about"]: (one["result"]["state"], one["recomputed"])
        for one in explained(served, ticket, "due")["decisions"]
    }
    assert states["complaint_takeover"] == ("broken", True)
    assert all(states[name] == ("breached", True) for name in mine)


# --- decisions, amounts, outcomes and ranks ---------------------------------------------------


@pytest.mark.parametrize("what", ["ruling", "owed", "outcome", "rank"])
def test_a_decided_matter_is_explained_whole(served: Served, what: str) -> None:
    """Judge, amounts, consequences and rank of one ticket, each worked out again."""
    ticket = decided(served)
    found = explained(served, ticket, what)
    assert [one["differences"] for one in found["decisions"] if one["differences"]] == []
    assert found["recomputed"] is True
    if what != "outcome":
        leads_to_events(served, found)
    about = [one["about"] for one in found["decisions"]]
    assert (
        about
        == {
            "ruling": ["J1"],
            "owed": ["remedy:R1", "line:1:payouts"],
            "outcome": [],
            "rank": ["rank"],
        }[what]
    )


def test_an_explanation_is_given_as_of_a_moment(served: Served) -> None:
    """What was decided by then, by what was recorded; what had occurred is another order."""
    ticket = decided(served)
    path = f"/v1/tickets/{ticket}/explain"
    version = ok(served.get("agent", f"/v1/tickets/{ticket}"))["version"]
    whole = ok(served.get("agent", path, what="ruling", at_version=version))
    assert (whole["as_of"]["version"], whole["as_of"]["verified"]) == (version, True)
    assert [one["about"] for one in whole["decisions"]] == ["J1"]
    before = ok(served.get("agent", path, what="ruling", at_version=2))
    assert (before["decisions"], before["version"]) == ([], 2)
    rank = ok(served.get("agent", path, what="rank", at_version=2))
    assert rank["decisions"][0]["result"]["open"] is True
    beyond = served.get("agent", path, what="ruling", at_version=version + 1)
    assert beyond.json()["code"] == "version_unknown"
    occurred = served.get("agent", path, what="ruling", at_occurred=served.clock.at)
    assert occurred.json()["code"] == "not_by_occurred"


def test_every_version_of_a_decided_matter_is_worked_out_again(served: Served) -> None:
    """A version may lie inside a command's facts: what is not told yet is no forgery then."""
    ticket = decided(served)
    issued = f"/v1/tickets/{ticket}/remedies/R1/coupon"
    ok(served.post("agent:ann", issued, {"coupon": "c-1"}, key=served.fresh("key")))
    last = ok(served.get("agent", f"/v1/tickets/{ticket}"))["version"]
    path, paid = f"/v1/tickets/{ticket}/explain", []
    for what in ("ruling", "owed", "outcome"):
        for version in range(1, last + 1):
            found = ok(served.get("agent", path, what=what, at_version=version))
            assert [one["differences"] for one in found["decisions"] if one["differences"]] == []
            assert (found["recomputed"], found["version"]) == (True, version)
            seen = [one for one in references(found) if one["stream"] == f"ticket:{ticket}"]
            assert max((one["version"] for one in seen), default=1) <= version
            paid += [one["result"] for one in found["decisions"] if one["about"] == "remedy:R1"]
    assert {one["paid_minor"] for one in paid} == {0, 500}


@pytest.mark.parametrize(("path", "asked"), [("explain", {"what": "rank"}), ("journey", {})])
def test_a_ticket_the_queue_can_not_begin_is_said_clearly(
    served: Served,
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    asked: dict[str, str],
) -> None:
    """What a view can not fold is an answer, not a failure of the server."""

    def broken(_record: Record, _event: TicketOpened) -> QueueRow:
        raise LookupError

    monkeypatch.setitem(queue.VIEW.openings, TicketOpened, broken)
    answer = served.get("agent", f"/v1/tickets/{complaint}/{path}", **asked)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_in_this_order")


def test_the_rank_that_is_explained_is_the_key_of_the_queue(served: Served, complaint: str) -> None:
    """Two answers to one question would be worse than none."""
    shown = read(served, "agent", f"/v1/tickets/{complaint}/queue-position")
    (rank,) = explained(served, complaint, "rank")["decisions"]
    key = {one["name"]: one["value"] for one in shown["sort_key"]}
    assert str(rank["result"]["priority"]) == key["priority"]
    assert rank["result"]["due_at"] == key["due_at"]
    assert rank["result"]["queue"] == shown["queue"]


def decided(served: Served) -> str:
    """Return a matter that an arbitrator decided with a coupon."""
    buyer = served.fresh("judged")
    shop = f"merchant:{buyer}-shop"
    ticket = opened(served, buyer, "It is broken.", kind="dispute")
    posted(served, "agent:ann", ticket, "acceptance")
    posted(served, shop, ticket, "refusal", {"reasons": "It was activated."})
    posted(served, shop, ticket, "offers", {"terms": [{"kind": "repair"}]})
    posted(served, f"buyer:{buyer}", ticket, "offers/O1/decline", {})
    posted(served, f"buyer:{buyer}", ticket, "intervention")
    posted(served, "supervisor", ticket, "arbitrator", {"arbitrator": "judge"})
    version = ok(served.get("agent", f"/v1/tickets/{ticket}"))["version"]
    ruling = {
        "in_favour_of": "buyer",
        "shares": [{"party": "merchant", "share_bp": 10_000}],
        "awards": [{"kind": "coupon", "amount": {"amount_minor": 500, "currency": "CNY"}}],
        "reasons": "The report shows a fault.",
        "clauses": ["quality.hardware_fault"],
        "relied_on": ["E1"],
    }
    path = f"/v1/tickets/{ticket}/rulings"
    ok(served.post("arbitrator:judge", path, ruling, version=version, key=served.fresh("key")))
    return ticket
