"""Holds and erasures over HTTP: who may, what is answered, and what is read afterwards."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from api.reads.privacy import eraser_of
from domain.values import ActorKind
from tests.api.served import Served
from tests.conftest import Database
from tests.ledger.searching import columns, files, spellings, table_files

FOUR_YEARS = timedelta(days=4 * 366)


def closed(served: Served, buyer: str) -> str:
    """Return a ticket that its buyer has withdrawn."""
    ticket = served.open_ticket(buyer)
    answer = served.post(f"buyer:{buyer}", f"/v1/tickets/{ticket}/closing")
    assert answer.status_code == 200, answer.text
    return ticket


def erase(served: Served, buyer: str, *, key: str | None = None) -> dict[str, Any]:
    """Have a buyer forgotten and return the answer."""
    body = {"subject": f"buyer:{buyer}", "ground": "consent_withdrawn"}
    answer = served.post("admin", "/v1/erasures", body, key=key)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"/v1/erasures/{found['erasure']}"
    return found


def statement(served: Served, who: str, ticket: str) -> dict[str, Any]:
    """Return how the first text of a ticket is told to somebody."""
    answer = served.get(who, f"/v1/tickets/{ticket}/messages")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["items"][0]
    return found


def test_a_person_is_forgotten_and_it_is_told_by_whom_why_and_when(served: Served) -> None:
    """In place of the text stands the fact; parties are told no names."""
    buyer = served.fresh("b")
    ticket = closed(served, buyer)
    before = statement(served, f"buyer:{buyer}", ticket)
    assert (before["text"], "erased" in before) == ("The screen flickers.", False)
    served.clock.pass_by(FOUR_YEARS)
    found = erase(served, buyer)
    assert (found["carried_out"], found["destroyed"]) == (True, True)
    assert found["tickets"] == [
        {"ticket": ticket, "texts": 2, "contents": 0, "standing": None, "until": None}
    ], "the statement, and the words its diagnosis rests on"
    told = statement(served, "supervisor", ticket)
    assert told["text"] is None
    assert told["erased"]["by"] == "admin:admin-1"
    assert told["erased"]["ground"] == "consent_withdrawn"
    assert told["erased"]["erasure"] == found["erasure"]
    assert statement(served, f"buyer:{buyer}", ticket)["erased"]["by"] == "admin"
    case = served.get(
        "arbitrator", f"/v1/tickets/{ticket}/case-file", min_position=served.head()
    ).json()
    (text,) = [one for one in case["texts"] if one["field"] == "statement"]
    assert (text["text"], text["erased"]["by"]) == (None, "admin:admin-1")
    again = served.get("auditor", f"/v1/erasures/{found['erasure']}")
    assert again.json() == found


def test_an_erasure_with_a_key_is_carried_out_once(served: Served) -> None:
    """A retry is answered with the same erasure and erases nothing new."""
    buyer, key = served.fresh("b"), served.fresh("key")
    closed(served, buyer)
    served.clock.pass_by(FOUR_YEARS)
    assert erase(served, buyer, key=key) == erase(served, buyer, key=key)


def test_what_has_to_wait_is_kept_from_view_and_the_answer_says_until_when(
    served: Served,
) -> None:
    """Restriction instead of erasure: only those who answer for it, and the person, read on."""
    buyer = served.fresh("b")
    ticket = closed(served, buyer)
    (one,) = erase(served, buyer)["tickets"]
    assert one["standing"] == "retention"
    assert one["until"] > served.clock.now()
    for who in ("agent", "merchant:merchant-1"):
        told = statement(served, who, ticket)
        assert (told["text"], told["withheld"], "erased" in told) == (None, True, False)
    for who in ("supervisor", "auditor", "arbitrator", f"buyer:{buyer}"):
        told = statement(served, who, ticket)
        assert (told["text"], "withheld" in told) == ("The screen flickers.", False)


def test_a_legal_hold_is_placed_read_and_released(served: Served) -> None:
    """Whoever asks for an erasure meanwhile is told what stands against it."""
    buyer = served.fresh("b")
    ticket = closed(served, buyer)
    path = f"/v1/tickets/{ticket}/legal-hold"
    served.clock.pass_by(FOUR_YEARS)
    body = {"hold": "court-2026-17", "ground": "litigation"}
    assert served.post("supervisor", path, body).status_code == 200
    assert served.post("admin", path, body).json()["events"] == []
    preview = served.get("admin", "/v1/erasures/preview", subject=f"buyer:{buyer}")
    assert [one["standing"] for one in preview.json()["tickets"]] == ["legal_hold"]
    assert [one["standing"] for one in erase(served, buyer)["tickets"]] == ["legal_hold"]
    found = served.get("auditor", path).json()
    assert found["holds"] == ["court-2026-17"]
    assert found["restrictions"][f"buyer:{buyer}"]["standing"] == "legal_hold"
    release = served.post("supervisor", f"{path}/release", {"hold": "court-2026-17"})
    assert release.status_code == 200
    again = served.post("supervisor", f"{path}/release", {"hold": "court-2026-17"})
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    assert [one["standing"] for one in erase(served, buyer)["tickets"]] == [None]
    assert list(served.get("auditor", path).json()["erased"]) == [f"buyer:{buyer}"]


@pytest.mark.parametrize(
    "body",
    [
        {"subject": "buyer:b-1", "ground": "because"},
        {"subject": "b-1", "ground": "objection"},
        {"subject": "buyer:b 1", "ground": "objection"},
        {"subject": "buyer:b-1~7", "ground": "objection"},
        {"subject": "buyer:b-1", "ground": "objection", "force": True},
        {},
        {"subject": "system:x", "ground": "objection"},
    ],
)
def test_a_malformed_erasure_is_refused(served: Served, body: dict[str, Any]) -> None:
    """Nothing is recorded of it, and what was sent is not echoed."""
    head = served.head()
    answer = served.post("admin", "/v1/erasures", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert "because" not in answer.text
    assert served.head() == head
    assert served.get("admin", "/v1/erasures/preview", subject="b-1").status_code == 422


def test_an_unknown_erasure_is_not_found(served: Served) -> None:
    """Numbers are those of requests and of nothing else."""
    for number, status in (("999999", 404), ("0", 422), ("x", 422), (str(2**40), 422)):
        assert served.get("admin", f"/v1/erasures/{number}").status_code == status


def test_nobody_else_asks_for_an_erasure(served: Served) -> None:
    """A person asks the platform, and an administrator answers for it."""
    body = {"subject": "buyer:b-1", "ground": "objection"}
    for role in set(ActorKind) - {ActorKind.ADMIN, ActorKind.SYSTEM}:
        answer = served.post(f"{role}:x-1", "/v1/erasures", body)
        assert answer.status_code == 403, role


def test_no_byte_of_a_person_is_left_wherever_it_was_read_before(
    served: Served, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Planted and read through the API, erased, and then looked for in everything there is.

    A personal file among it: neither its bytes, nor their digest, nor its name.
    """
    buyer = served.fresh("b")
    said = [f"Zhang Wei {one}, 12 Peace Road, 电话 1380013{one}" for one in range(8000, 8005)]
    opening = {"order": served.place_order(buyer, "merchant-1"), "statement": said[0]}
    who = f"buyer:{buyer}"
    opened = served.post(who, "/v1/tickets", opening)
    ticket = opened.json()["stream"].removeprefix("ticket:")
    path = f"/v1/tickets/{ticket}"
    served.post(who, f"{path}/messages", {"text": said[1]})
    served.post("agent", f"{path}/acceptance")
    served.post("merchant:merchant-1", f"{path}/refusal", {"reasons": "No fault was found."})
    said.append(f"{buyer}-letter.txt")
    letter = "".join(f"{said[4]} wrote line {one}.\n" for one in range(9_000)).encode()
    announced = {"media_type": "text/plain", "size": len(letter), "name": said[5], "personal": True}
    place = served.post(who, f"{path}/uploads", announced).json()
    kept = served.client.put(place["href"], content=letter).json()
    item = {"kind": "statement", "attachment": kept, "obtained": "written_by_buyer"}
    assert served.post(who, f"{path}/evidence", item).status_code == 201
    assert served.get("supervisor", f"{path}/contents/{kept['sha256']}").content == letter
    said += [hashlib.sha256(letter).hexdigest(), *(f"wrote line {one}.\n" for one in (0, 8_999))]
    offer = {"terms": [{"kind": "repair"}], "text": said[2]}
    assert served.post(who, f"{path}/offers", offer).status_code == 201
    assert served.post(who, f"{path}/closing").status_code == 200
    marks = {"result": 1, "speed": 1, "attitude": 1, "text": said[3]}
    assert served.post(who, f"{path}/satisfaction", marks).status_code == 200
    reads = [f"{path}/{one}" for one in ("messages", "case-file", "events", "evidence/E2/custody")]
    reads += [path, "/v1/feed"]
    told = served.get("supervisor", reads[1], min_position=served.head()).text
    assert all(text in told for text in said[:4])
    served.clock.pass_by(FOUR_YEARS)
    with caplog.at_level("DEBUG"):
        found = erase(served, buyer)
        answers = [served.get("supervisor", one).text for one in reads]
    assert [(one["texts"], one["contents"]) for one in found["tickets"]] == [(6, 1)]
    needles = spellings(*said)
    searched = [("answer", one.encode()) for one in answers]
    searched += [("log", caplog.text.encode()), *files(served.services.settings.data_dir)]
    searched += [*columns(database), *table_files(database)]
    assert [where for where, content in searched if any(one in content for one in needles)] == []
    assert len(searched) > 100
    assert "No fault was found." in answers[0]


def test_nothing_has_to_be_done_again_after_an_erasure(served: Served) -> None:
    """`keys reconcile` finds the database as the record says it is."""
    buyer = served.fresh("b")
    closed(served, buyer)
    served.clock.pass_by(FOUR_YEARS)
    erase(served, buyer)
    done = eraser_of(served.services).reconcile()
    assert (done.erasures, done.keys, done.texts) == (0, 0, 0)
    assert done.tickets > 0
