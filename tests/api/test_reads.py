"""Reads: everybody sees theirs, a page follows a page, and one's own write is never missed."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from api.reads import waiting
from api.worker import notary_of
from domain.streams import ticket_stream
from tests.api.served import Served, serving
from tests.conftest import Database


def _ok(answer: Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.fixture
def waiting_views(make_database: Callable[[int], Database], tmp_path: Path) -> Iterator[Served]:
    """An API whose views nobody folds."""
    with serving(make_database(1), tmp_path, folding=False) as running:
        yield running


# --- own writes -------------------------------------------------------------------------------


def test_every_view_shows_a_command_right_after_it(served: Served) -> None:
    """Whoever acted sees it: the position of the answer is the min_position of the read."""
    for number in range(10):
        ticket = served.open_ticket(f"own-{number}")
        sent = served.post("agent", f"/v1/tickets/{ticket}/acceptance").json()
        asked = {"min_position": sent["position"]}
        board = _ok(served.get("agent", f"/v1/tickets/{ticket}/progress-board", **asked))
        case = _ok(served.get("agent", f"/v1/tickets/{ticket}/case-file", **asked))
        listed = _ok(served.get(f"buyer:own-{number}", "/v1/tickets", **asked))
        queue = _ok(served.get("agent", "/v1/queue", buyer=f"own-{number}", **asked))
        versions = {
            board["version"],
            case["case"]["version"],
            listed["items"][0]["version"],
            queue["items"][0]["version"],
        }
        assert versions == {sent["version"]}


@pytest.mark.parametrize("path", ["/v1/queue", "/v1/queue/counts", "/v1/statistics", "/v1/tickets"])
def test_a_view_that_does_not_get_there_says_so_and_when_to_ask_again(
    waiting_views: Served, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Better no answer than one that lacks what the caller has just done."""
    monkeypatch.setattr(waiting, "WAIT_SECONDS_MAX", 0.05)
    waiting_views.open_ticket()
    answer = waiting_views.get("supervisor", path, min_position=waiting_views.head())
    assert (answer.status_code, answer.json()["code"]) == (503, "not_caught_up")
    assert answer.headers["Retry-After"] == "1"


def test_readiness_tells_how_far_views_are_behind(waiting_views: Served) -> None:
    """Who watches the process sees it before users do."""
    waiting_views.open_ticket()
    ready = _ok(waiting_views.client.get("/readyz"))
    assert ready["lag"]["queue"] == waiting_views.services.ledger.position(0)


@pytest.mark.parametrize("path", ["/v1/queue", "/v1/statistics", "/v1/tickets", ""])
def test_a_position_nobody_was_told_is_not_waited_for(served: Served, path: str) -> None:
    """It is nobody's own write, and the record may never come to it."""
    path = path or f"/v1/tickets/{served.open_ticket()}"
    answer = served.get("supervisor", path, min_position="0-999999999")
    assert (answer.status_code, answer.json()["code"]) == (422, "position_unknown")


def test_every_read_says_how_far_it_has_read(served: Served) -> None:
    """A moment: one place per lane, as min_position takes it."""
    ticket = served.open_ticket("mover")
    order = _ok(served.get("buyer:mover", f"/v1/tickets/{ticket}"))["order"]
    head = served.head()
    for path in (
        f"/v1/tickets/{ticket}",
        f"/v1/tickets/{ticket}/progress-board",
        f"/v1/tickets/{ticket}/case-file",
        f"/v1/tickets/{ticket}/messages",
        f"/v1/tickets/{ticket}/events",
        "/v1/tickets",
        "/v1/queue",
        "/v1/queue/counts",
        "/v1/statistics",
        "/v1/feed",
        f"/v1/orders/{order}",
    ):
        is_view = re.search("board|case|queue|statistics|/v1/tickets$", path)
        who = "auditor" if path != "/v1/feed" else "admin"
        told = _ok(served.get(who, path, **({"min_position": head} if is_view else {})))
        reached = int(told["position"].partition("-")[2])
        assert reached >= int(head.partition("-")[2]), path


# --- who sees what ----------------------------------------------------------------------------


def test_a_party_lists_its_own_tickets_whatever_it_asks_for(served: Served) -> None:
    """The filter of a party is its own reference; asking for another's changes nothing."""
    mine = served.open_ticket("lister", "lister-shop")
    served.open_ticket("other-lister", "other-shop")
    for who in ("buyer:lister", "merchant:lister-shop"):
        for query in ({}, {"buyer": "other-lister"}, {"merchant": "other-shop"}):
            told = _ok(served.get(who, "/v1/tickets", min_position=served.head(), **query))
            assert {one["ticket"] for one in told["items"]} <= {mine}
    told = _ok(served.get("buyer:lister", "/v1/tickets", min_position=served.head()))
    assert [one["ticket"] for one in told["items"]] == [mine]


def test_a_party_is_told_roles_and_staff_are_told_persons(served: Served) -> None:
    """Who works on a ticket is for staff; so is what staff wrote to one another."""
    ticket = served.open_ticket("seen", "seen-shop")
    served.hire("anna-7")
    served.post("agent:anna-7", f"/v1/tickets/{ticket}/assignment")
    served.post("agent:anna-7", f"/v1/tickets/{ticket}/notes", {"text": "He called before."})
    head = served.head()
    for path in ("", "/progress-board", "/messages"):
        asked = {"min_position": head} if path == "/progress-board" else {}
        for who in ("buyer:seen", "merchant:seen-shop"):
            answer = served.get(who, f"/v1/tickets/{ticket}{path}", **asked)
            assert _ok(answer)
            assert "anna-7" not in answer.text
            assert "He called before." not in answer.text
        assert "anna-7" in served.get("supervisor", f"/v1/tickets/{ticket}{path}", **asked).text


def test_events_hold_commitments_and_no_personal_value(served: Served) -> None:
    """What an auditor pages through may be kept for ever."""
    ticket = served.open_ticket()
    answer = served.get("auditor", f"/v1/tickets/{ticket}/events")
    (opened,) = [one for one in _ok(answer)["items"] if one["topic"] == "ticket.opened.v1"]
    assert opened["data"]["statement"].keys() == {"sd"}
    assert "flickers" not in answer.text


def test_events_page_by_version_to_the_end(served: Served) -> None:
    """`next_after` leads on, and is null at the end."""
    ticket = served.refused_claim()
    versions: list[int] = []
    after: int | None = 0
    while after is not None:
        page = _ok(served.get("auditor", f"/v1/tickets/{ticket}/events", after=after, limit=2))
        versions += [one["version"] for one in page["items"]]
        after = page["next_after"]
    assert versions == list(range(1, served.version(ticket) + 1))


def test_a_look_at_personal_values_is_on_record_once_in_a_quarter_of_an_hour(
    served: Served,
) -> None:
    """TR-01: who looked, at what, when; one person's looks within 15 minutes count as one."""
    ticket = served.open_ticket()
    ledger = served.services.ledger
    for _ in range(3):
        _ok(
            served.get(
                "arbitrator:judge-1", f"/v1/tickets/{ticket}/case-file", min_position=served.head()
            )
        )
        _ok(served.get("agent:a-1", f"/v1/tickets/{ticket}/messages"))
    looks = ledger.stream(f"access:{ticket}")
    told = [(record.actor.ref, record.event.what) for record in looks]  # type: ignore[attr-defined]
    assert told == [("judge-1", "case_file"), ("a-1", "personal")]
    case = _ok(served.get("arbitrator:judge-1", f"/v1/tickets/{ticket}/case-file"))
    assert {"version": 1, "field": "statement", "text": "The screen flickers."} in case["texts"]
    assert len(ledger.stream(ticket_stream(ticket))) == served.version(ticket)


# --- pages ------------------------------------------------------------------------------------


def test_pages_follow_one_another_without_loss_or_repetition(served: Served) -> None:
    """By cursor and by Link, under any filter, in one order."""
    mine = {served.open_ticket("pager", "pager-shop") for _ in range(7)}
    served.open_ticket("not-a-pager", "other-shop")
    whole = _ok(served.get("agent", "/v1/queue", merchant="pager-shop", min_position=served.head()))
    found: list[str] = []
    answer = served.get("agent", "/v1/queue", merchant="pager-shop", limit=3)
    while True:
        found += [one["ticket"] for one in _ok(answer)["items"]]
        link = answer.headers.get("Link")
        if link is None:
            break
        following = re.fullmatch(r'<(/v1/queue\?.*)>; rel="next"', link)
        assert following
        assert f"cursor={answer.json()['next_cursor']}" in following[1]
        answer = served.client.get(following[1], headers=served.headers("agent"))
    assert answer.json()["next_cursor"] is None
    assert found == [one["ticket"] for one in whole["items"]]
    assert set(found) == mine


@pytest.mark.parametrize("path", ["/v1/agents", "/v1/agents/pages-1/assignments"])
def test_lists_of_agents_and_of_their_matters_are_paged_as_every_list(
    served: Served, path: str
) -> None:
    """Link, ETag and what caches may keep; and a cursor is of one agent's list."""
    for agent in ("pages-1", "pages-2"):
        body = {"desk": "senior_desk", "skills": ["senior"]}
        assert served.post(
            "supervisor", f"/v1/agents/{agent}", body, key=f"hire-{agent}"
        ).is_success
    for _ in range(2):
        taken = f"/v1/tickets/{served.open_ticket('carried')}/assignment"
        assert served.post("agent:pages-1", taken).is_success
    first = served.get("supervisor", path, limit=1, min_position=served.head())
    page = _ok(first)
    assert first.headers["ETag"] == f'W/"{page["position"]}"'
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert f"cursor={page['next_cursor']}" in first.headers["Link"]
    found = list(page["items"])
    answer = first
    while "next" in answer.links:
        answer = served.client.get(
            answer.links["next"]["url"], headers=served.headers("supervisor")
        )
        found += _ok(answer)["items"]
    whole = _ok(served.get("supervisor", path, limit=200))
    assert found == whole["items"]
    assert len(found) > 1
    for elsewhere, asked in (("/v1/agents/pages-2/assignments", {}), ("/v1/agents", {"desk": "d"})):
        answer = served.get("supervisor", elsewhere, cursor=page["next_cursor"], **asked)
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


def test_the_matters_of_an_agent_nobody_knows_are_unknown(served: Served) -> None:
    """An empty list would say that there is such an agent."""
    answer = served.get("supervisor", "/v1/agents/nobody-9/assignments")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_agent")


def test_a_cursor_of_another_filter_or_list_is_refused(served: Served) -> None:
    """Its place means nothing there."""
    for _ in range(3):
        served.open_ticket("cursors", "cursor-shop")
    first = served.get("agent", "/v1/queue", buyer="cursors", limit=1, min_position=served.head())
    cursor = _ok(first)["next_cursor"]
    assert _ok(served.get("agent", "/v1/queue", buyer="cursors", cursor=cursor))
    for path, query in (
        ("/v1/queue", {}),
        ("/v1/queue", {"buyer": "somebody"}),
        ("/v1/queue", {"buyer": "cursors", "stage": "intake"}),
        ("/v1/tickets", {"buyer": "cursors"}),
    ):
        answer = served.get("agent", path, cursor=cursor, **query)
        assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")


def test_me_is_whoever_asks(served: Served) -> None:
    """A saved address shows everybody their own work; its cursor stays theirs."""
    tickets = [served.open_ticket() for _ in range(2)]
    served.hire("me-1")
    for ticket in tickets:
        served.post("agent:me-1", f"/v1/tickets/{ticket}/assignment")
    asked = {"assignee": "me", "limit": 1}
    told = _ok(served.get("agent:me-1", "/v1/queue", min_position=served.head(), **asked))
    assert told["items"][0]["assignee"] == "me-1"
    assert _ok(served.get("agent:me-2", "/v1/queue", **asked))["items"] == []
    stolen = served.get("agent:me-2", "/v1/queue", cursor=told["next_cursor"], **asked)
    assert stolen.json()["code"] == "cursor_invalid"


def test_a_page_that_has_not_changed_is_not_sent_again(served: Served) -> None:
    """A weak tag by the view's position: 304 until the view moves."""
    served.open_ticket()
    first = served.get("agent", "/v1/queue", min_position=served.head())
    headers = {**served.headers("agent"), "If-None-Match": first.headers["ETag"]}
    again = served.client.get("/v1/queue", headers=headers)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    served.open_ticket()
    headers["X-Request-Id"] = "a-later-look"
    moved = served.client.get(f"/v1/queue?min_position={served.head()}", headers=headers)
    assert moved.status_code == 200


def test_counts_and_numbers_agree_with_the_queue(served: Served) -> None:
    """Badges come from counter rows and must not drift from the rows themselves."""
    served.open_ticket()
    asked = {"min_position": served.head()}
    counts = _ok(served.get("agent", "/v1/queue/counts", **asked))
    numbers = _ok(served.get("agent", "/v1/statistics"))
    queue = _ok(served.get("agent", "/v1/queue", limit=200))
    assert counts["open"]["tickets"][""] == numbers["open"] == len(queue["items"])
    assert counts["position"] == numbers["position"] == queue["position"]


# --- health and documentation -----------------------------------------------------------------


def test_health_is_told_without_a_token(served: Served, database: Database) -> None:
    """Whoever watches the process has none."""
    assert _ok(served.client.get("/livez")) == {"status": "ok"}
    with notary_of(served.services, database.notary_dsn) as notary:
        for lane in range(served.services.ledger.lanes):
            while notary.step(lane):
                pass
    ready = _ok(served.client.get("/readyz"))
    assert ready["status"] == "ready"
    assert ready["checks"]["database"] == ready["checks"]["schema"] == "ok"
    assert (ready["checks"]["evidence"], ready["alarms"]) == ("ok", [])
    assert set(ready["lag"]) == {view.name for view in served.services.views.views}


def test_a_problems_type_leads_to_what_it_means(served: Served) -> None:
    """The type of a problem document is an address that answers."""
    problem = served.client.get("/nowhere").json()
    told = _ok(served.client.get(problem["type"]))
    assert (told["code"], told["status"]) == (problem["code"], 404)
