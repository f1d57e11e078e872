"""The queue's past over HTTP: its pages and counts are those of the moment that was asked for."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response

from domain.values import later
from tests.api.served import START, Served, serving
from tests.conftest import Database
from tests.ledger.test_record import imported

LANES = (1, 4)
STAFF = "supervisor"


@pytest.fixture(scope="module")
def served(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The API over a fresh database, for every number of lanes."""
    with serving(database, tmp_path_factory.mktemp("data")) as running:
        yield running


def _ok(answer: Response) -> dict[str, Any]:
    assert answer.status_code in {200, 201}, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.parametrize(
    "path", ["/v1/queue", "/v1/queue/counts", "/v1/statistics", "/v1/reports", "/v1/diagnoses"]
)
def test_the_queue_has_no_past_at_such_moments(served: Served, path: str) -> None:
    """The answers are those for one ticket."""
    served.open_ticket(served.fresh("n"), "n-shop")
    lanes = served.services.ledger.lanes
    beyond = ",".join(f"{lane}-99999" for lane in range(lanes))
    wrong: list[tuple[dict[str, Any], int, str]] = [
        ({"at_position": beyond}, 422, "position_unknown"),
        ({"at_time": later(START, -timedelta(days=400))}, 404, "before_the_beginning"),
        ({"at_occurred": later(START, -timedelta(days=400))}, 404, "before_the_beginning"),
        ({"at_time": later(START, timedelta(days=400))}, 422, "instant_ahead"),
        ({"at_time": "0001-01-01T00:00:00Z"}, 404, "before_the_beginning"),
        ({"at_occurred": "1700-01-01T00:00:00Z"}, 404, "before_the_beginning"),
        ({"at_time": "9999-12-30T00:00:00Z"}, 422, "instant_ahead"),
        ({"at_time": "0000-01-01T00:00:00Z"}, 422, "malformed"),
        ({"at_time": START, "at_occurred": START}, 422, "moments_combined"),
        ({"at_version": 1}, 422, "malformed"),
    ]
    if lanes > 1:
        wrong.append(({"at_position": "0-1"}, 422, "lane_missing"))
    for asked, status, code in wrong:
        answer = served.get(STAFF, path, **asked)
        assert (answer.status_code, answer.json()["code"]) == (status, code), asked


def test_the_queue_and_its_counts_are_answered_as_they_were(served: Served) -> None:
    """By position and by instant, page after page, by the same filters."""
    pages, counted = [], []
    for number in range(4):
        ticket = served.open_ticket(f"q-{number}", "q-shop")
        if number % 2:
            served.post("agent", f"/v1/tickets/{ticket}/acceptance")
        head = served.head()
        live = _pages(served, merchant="q-shop", min_position=head)
        pages.append((head, served.clock.at, live))
        counted.append(_ok(served.get(STAFF, "/v1/queue/counts", min_position=head)))
        served.clock.pass_by(timedelta(minutes=1))
    for (head, at, live), then in zip(pages, counted, strict=True):
        assert _pages(served, merchant="q-shop", at_position=head) == live
        assert _pages(served, merchant="q-shop", at_time=at) == live
        assert _pages(served, merchant="q-shop", at_occurred=at) == live
        for asked in ({"at_position": head}, {"at_time": at}, {"at_occurred": at}):
            told = _ok(served.get(STAFF, "/v1/queue/counts", **asked))
            assert {**told["everything"], "reports": {}} == then["everything"]
            assert {**told["open"], "reports": {}} == then["open"]
            assert told["as_of"]["by"] == next(iter(asked)).removeprefix("at_")


def test_a_cursor_belongs_to_its_moment(served: Served) -> None:
    """A page of yesterday does not go on in today's queue."""
    for number in range(3):
        served.open_ticket(f"c-{number}", "c-shop")
    head = served.head()
    asked = {"limit": 1, "merchant": "c-shop"}
    first = _ok(served.get(STAFF, "/v1/queue", at_position=head, **asked))
    cursor = first["next_cursor"]
    assert _ok(served.get(STAFF, "/v1/queue", at_position=head, cursor=cursor, **asked))
    for other in ({}, {"at_time": served.clock.at}):
        answer = served.get(STAFF, "/v1/queue", cursor=cursor, **asked, **other)
        assert answer.json()["code"] == "cursor_invalid"


@pytest.mark.parametrize("by", ["at_time", "at_occurred"])
def test_pages_are_of_one_moment_while_the_ledger_goes_on(served: Served, by: str) -> None:
    """What is recorded between two pages, even in the same instant, is on none of them."""
    shop = served.fresh("p-shop")
    tickets = [served.open_ticket(served.fresh("p"), shop) for _ in range(3)]
    at, head = served.clock.at, served.head()
    asked = {"limit": 1, "merchant": shop, "open": "any", by: at}
    then = _pages(served, merchant=shop, at_position=head)
    found = [_ok(served.get(STAFF, "/v1/queue", **asked))]
    while (cursor := found[-1]["next_cursor"]) is not None:
        served.open_ticket(served.fresh("p"), shop)
        served.post("agent", f"/v1/tickets/{tickets[len(found) - 1]}/acceptance")
        found.append(_ok(served.get(STAFF, "/v1/queue", cursor=cursor, **asked)))
    assert [row for page in found for row in page["items"]] == then
    assert {page["position"] for page in found} == {head}
    anew = _ok(served.get(STAFF, "/v1/queue", **{**asked, "limit": 50}))
    assert len(anew["items"]) > len(then), "who asks anew is told what came since"


def test_what_had_occurred_is_told_over_any_number_of_tickets_but_few_told_backward(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for the folding of thousands, and the command line has no such bound."""
    from api.reads import counts, explanations, queues  # noqa: PLC0415 - their bound is set

    def bound(tickets_max: int) -> None:
        for part in (counts, explanations, queues):
            monkeypatch.setattr(part, "TICKETS_MAX", tickets_max)

    mine = served.open_ticket("many", "many-shop")
    asked: dict[str, Any] = {"at_occurred": served.clock.at}
    bound(0)
    before = _ok(served.get(STAFF, "/v1/queue/counts", **asked))
    assert mine in {row["ticket"] for row in _pages(served, at_occurred=served.clock.at)}
    lane = served.services.ledger.lanes - 1
    hour = timedelta(hours=1)
    rows = [
        imported("backward", number, lane + 1, state=state, occurred_at=later(START, ago * -hour))
        for number, state, ago in ((1, "Active", 1), (2, "New", 2))
    ]
    ticket = rows[0].command.ticket
    served.services.ledger.import_rows(int(ticket[1 : ticket.index("-")]), rows)
    paths = (
        "/v1/queue/counts",
        "/v1/statistics",
        "/v1/queue",
        f"/v1/tickets/{mine}/queue-position",
    )
    for path in paths:
        answer = served.get(STAFF, path, **asked)
        assert (answer.status_code, answer.json()["code"]) == (422, "too_many_tickets"), path
        assert "ticketledger" in answer.json()["detail"]
    of_shop = _pages(served, at_occurred=served.clock.at, merchant="many-shop")
    assert [row["ticket"] for row in of_shop] == [mine]
    bound(1)
    after = _ok(served.get(STAFF, "/v1/queue/counts", **asked))
    assert after["everything"]["tickets"][""] == before["everything"]["tickets"][""] + 1
    assert after["everything"]["source_state"] == {"Active": 1}
    told = [row for row in _pages(served, at_occurred=served.clock.at) if row["ticket"] == ticket]
    assert [row["source_state"] for row in told] == ["Active"], "the youngest row, not the last one"
    assert all(served.get(STAFF, path, **asked).status_code == 200 for path in paths)
    told_events = _ok(served.get(STAFF, "/v1/statistics", **asked))["events"]
    assert told_events is None, "the end of the record is not how much had occurred"
    assert _ok(served.get(STAFF, "/v1/statistics", at_time=served.clock.at))["events"] > 0


def _pages(served: Served, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = _ok(served.get(STAFF, "/v1/queue", limit=2, open="any", **query, **cursor))
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}
