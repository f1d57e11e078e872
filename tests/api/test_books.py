"""Books over HTTP: read by everybody on the desk, adopted by an administrator, refused by place."""

import hashlib
import tomllib
from typing import Any, Final

import pytest
from httpx2 import Response

from tests.api.served import Served
from tests.scenario import named, whole_bytes

TOML: Final = "application/toml"
TAKEOVER: Final = 'stops = ["taken_over"]\nwithin = "PT30M"'


def adopt(served: Served, content: bytes, who: str = "admin", **how: Any) -> Response:
    """Send a book."""
    headers = {**served.headers(who), "Content-Type": TOML, **how.pop("headers", {})}
    return served.client.post("/v1/books", headers=headers, content=content, params=how)


def test_the_first_book_is_listed_with_its_digest_and_its_bytes(served: Served) -> None:
    """Whoever doubts a promise reads the very bytes that were adopted."""
    books = served.get("auditor", "/v1/books").json()["items"]
    first = books[0]
    assert (first["version"], first["in_force"]) == ("2026-11-22", True)
    for name in (first["version"], first["digest"]):
        answer = served.get("agent", f"/v1/books/{name}")
        assert answer.headers["content-type"] == TOML
        assert hashlib.sha256(answer.content).hexdigest() == first["digest"]
        assert answer.headers["etag"] == f'"{first["digest"]}"'


def test_a_subject_is_read_as_data_with_its_legal_base(served: Served) -> None:
    """TR-06: a clause names the branch of law it rests on, where it has one."""
    answer = served.get("agent", "/v1/books/2026-11-22/subjects/clauses").json()
    clauses = {one["id"]: one.get("legal_base") for one in answer["tables"]["clause"]}
    assert clauses["returns.no_reason"] == "consumer protection"
    assert clauses["records.kept"] == "network security"
    assert clauses["personal.erasure"] == "personal information"
    assert clauses["service.promise"] is None
    clocks = served.get("agent", "/v1/books/2026-11-22/subjects/clocks").json()["tables"]
    assert clocks["clock"][0]["id"] == "consultation_automatic"
    days = served.get("agent", "/v1/books/2026-11-22/subjects/calendars").json()["tables"]
    assert days["calendar"][1]["holidays"][0]["on"] == "2026-01-01"


@pytest.mark.parametrize("path", ["/v1/books/2020-01-01", "/v1/books/2026-11-22/subjects/weather"])
def test_what_is_not_adopted_is_not_there(served: Served, path: str) -> None:
    """A version that nobody adopted promises nothing."""
    answer = served.get("agent", path)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_book")


def test_an_administrator_adopts_a_book_and_a_repetition_changes_nothing(served: Served) -> None:
    """The answer says where it is on record; the same bytes again are no second adoption."""
    content = whole_bytes(named("h-1"))
    told = {"in_force_from": "2027-01-01T00:00:00+08:00"}
    key = {"Idempotency-Key": "adopt-1"}
    answer = adopt(served, content, headers=key, **told)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == "/v1/books/h-1"
    (event,) = answer.json()["events"]
    assert event["topic"] == "policy.adopted.v1"
    listed = {one["version"]: one for one in served.get("agent", "/v1/books").json()["items"]}
    assert listed["h-1"]["in_force_from"] == "2026-12-31T16:00:00.000000Z"
    assert listed["h-1"]["in_force"] is False
    assert served.get("agent", "/v1/books/h-1").content == content
    again = adopt(served, content, headers=key, **told)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["events"] == answer.json()["events"]
    once_more = adopt(served, content)
    assert (once_more.status_code, once_more.json()["events"]) == (200, [])


def test_an_unsound_book_is_refused_by_table_row_and_reason(served: Served) -> None:
    """Every fault at once; the books there are stay as they are."""
    before = served.get("agent", "/v1/books").json()
    broken = whole_bytes(
        named("h-2"),
        ('owner = "payment_owner"', 'owner = "nobody_here"'),
        ('name = "offer"\nwithin', 'name = "ruling"\nwithin'),
    )
    answer = adopt(served, broken, in_force_from="2027-01-02T00:00:00+08:00")
    assert (answer.status_code, answer.json()["code"]) == (422, "book_refused")
    told = answer.json()["problems"]
    assert "department finance has the unknown owner nobody_here" in told
    assert {"deadline offer is missing", "deadline ruling stands twice"} <= set(told)
    negative = whole_bytes(named("h-2"), (TAKEOVER, TAKEOVER.replace("PT30M", "-PT30M")))
    (problem,) = adopt(served, negative).json()["problems"]
    assert problem.startswith("clock.2.within of complaint_takeover: ")
    assert served.get("agent", "/v1/books").json() == before


@pytest.mark.parametrize(
    ("version", "begins", "code"),
    [
        ("h-3", "2026-11-22T10:59:59+08:00", "book_not_ahead"),
        ("h-3", "2026-11-22T00:00:00+08:00", "book_not_ahead"),
        ("2026-11-22", "2027-01-03T00:00:00+08:00", "book_known_otherwise"),
    ],
)
def test_a_book_for_the_past_or_of_a_known_version_is_refused(
    served: Served, version: str, begins: str, code: str
) -> None:
    """What was judged was judged under what was in force then."""
    other = whole_bytes(named(version), (TAKEOVER, TAKEOVER.replace("PT30M", "PT20M")))
    answer = adopt(served, other, in_force_from=begins)
    assert (answer.status_code, answer.json()["code"]) == (409, code)


def test_di_14_a_book_that_answers_otherwise_than_it_promises_is_refused(served: Served) -> None:
    """Table, row and reason are told, and the old book stays."""
    quote = 'quotes = "clock.refund_to_balance.within"'
    other = whole_bytes(named("h-6"), (quote, "value = 3"))
    answer = adopt(served, other, in_force_from="2027-02-02T00:00:00+08:00")
    assert (answer.status_code, answer.json()["code"]) == (422, "book_refused")
    assert answer.json()["problems"] == [
        "answer refund_to_balance writes a figure of its own, and SL-17 is promised by the clock "
        "refund_to_balance or refund_to_card: quote it"
    ]
    versions = [one["version"] for one in served.get("agent", "/v1/books").json()["items"]]
    assert "h-6" not in versions


def test_two_books_of_one_instant_are_refused(served: Served) -> None:
    """Only one can be in force."""
    begins = "2027-02-01T00:00:00+08:00"
    assert adopt(served, whole_bytes(named("h-4")), in_force_from=begins).status_code == 201
    answer = adopt(served, whole_bytes(named("h-5")), in_force_from=begins)
    assert (answer.status_code, answer.json()["code"]) == (409, "book_overlaps")


def test_only_toml_of_a_reasonable_size_is_taken(served: Served) -> None:
    """415 and 413 before anything is read as a book."""
    assert adopt(served, b"{}", headers={"Content-Type": "application/json"}).status_code == 415
    assert adopt(served, b"#" * 5_000_000).status_code == 413
    answer = adopt(served, b"\xff\x00")
    assert (answer.status_code, answer.json()["code"]) == (422, "book_refused")


def test_what_is_adopted_is_a_book_of_the_form(served: Served) -> None:
    """The bytes parse as they did when they were checked."""
    content = served.get("agent", "/v1/books/2026-11-22").content
    assert tomllib.loads(content.decode())["version"] == "2026-11-22"
