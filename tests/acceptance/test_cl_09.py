"""CL-09: for a low rating the whole path is laid out, and the longest waits are named."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from api.notifying.sender import Sender
from api.reads import journeys
from domain.values import Awaiting, Instant, later
from tests.acceptance.matters import employ
from tests.acceptance.platform import (
    AGENT,
    ARBITRATOR,
    AUDITOR,
    BUYER,
    MERCHANT,
    OTHER_MERCHANT,
    RULING,
    SECOND_ARBITRATOR,
    STRANGER,
    SUPERVISOR,
    Platform,
)
from tests.acceptance.post import Post, sender_of, sent
from tests.acceptance.staff import adopt
from tests.ledger.test_record import imported

HOUR = timedelta(hours=1)
HOUR_US = 3_600_000_000
WEEK = timedelta(days=7)
INSIDE = {"ticket.queued", "diagnosis.made", "clock.breached", "ticket.escalated", "note.added"}


@pytest.fixture(scope="module", autouse=True)
def _promising(platform: Platform) -> None:
    adopt(platform)
    employ(platform)


@pytest.fixture
def post() -> Post:
    """What reaches people."""
    return Post()


@pytest.fixture
def sender(platform: Platform, post: Post) -> Iterator[Sender]:
    """A sender to the post."""
    with closing(sender_of(platform.parts, post)) as sending:
        yield sending


def answered(platform: Platform, order: str | None = None) -> str:
    """Return a ticket whose question waited three hours at the desk and one for its answer."""
    ticket = platform.open(order, remedy=None, kind="consultation")
    platform.pass_by(3 * HOUR)
    platform.do(AGENT, ticket, "acceptance")
    platform.do(AGENT, ticket, "assignment")
    platform.pass_by(HOUR)
    platform.do(AGENT, ticket, "answers", {"text": "It is on its way.", "resolves": True})
    return ticket


def asked(platform: Platform) -> str:
    """Return a ticket whose buyer was asked how likely they would recommend us."""
    ticket = answered(platform)
    platform.pass_by(WEEK)
    while "survey.asked" not in platform.topics(ticket):
        platform.pass_by(HOUR)  # until people are written to again
    return ticket


def laid_out(platform: Platform, ticket: str) -> list[dict[str, Any]]:
    """Return the facts that a journey was laid out."""
    records = platform.events(ticket).values()
    return [one["data"] for one in records if one["topic"] == "journey.laid_out.v1"]


def journey(platform: Platform, ticket: str, who: str = SUPERVISOR) -> dict[str, Any]:
    """Return a ticket's journey as somebody is told it."""
    found: dict[str, Any] = platform.read(who, f"/v1/tickets/{ticket}/journey")["journey"]
    return found


def whole(waits: list[dict[str, Any]], span_us: int) -> None:
    """Check that waits lie end to end and come to the span."""
    assert sum(one["wall_us"] for one in waits) == span_us
    assert all(before["until"] == after["since"] for before, after in pairwise(waits))


@pytest.mark.parametrize(("score", "low"), [(6, True), (7, False), (0, True), (10, False)])
def test_cl_09_a_low_recommendation_lays_the_journey_out_by_itself(
    platform: Platform, score: int, *, low: bool
) -> None:
    """Six is low and seven is not; nobody has to ask for it."""
    ticket = asked(platform)
    assert journey(platform, ticket)["low_rating"] is None
    platform.do(BUYER, ticket, "nps", {"score": score})
    facts = [{"rating": "nps", "score": score, "threshold": 6, "policy": "2026-11-22"}]
    assert laid_out(platform, ticket) == (facts if low else [])
    marked = journey(platform, ticket)["low_rating"]
    assert (marked is not None) is low
    if low:
        place = platform.events(ticket)[marked["position"]]
        assert place["topic"] == "journey.laid_out.v1"


@pytest.mark.parametrize(
    ("marks", "low"),
    [
        ({"result": 3, "speed": 3, "attitude": 3}, None),
        ({"result": 5, "speed": 2, "attitude": 5}, ("speed", 2)),
        ({"result": 2, "speed": 5, "attitude": 1}, ("attitude", 1)),
    ],
)
def test_cl_09_one_low_mark_lays_the_journey_out(
    platform: Platform, marks: dict[str, int], low: tuple[str, int] | None
) -> None:
    """Two is low and three is not; the lowest of the three is named."""
    ticket = answered(platform)
    platform.do(BUYER, ticket, "satisfaction", marks)
    told = [(one["rating"], one["score"]) for one in laid_out(platform, ticket)]
    assert told == ([low] if low else [])


def test_cl_09_the_supervisor_is_told_where_the_journey_is(
    platform: Platform, sender: Sender, post: Post
) -> None:
    """A notice with the link goes to the desk, in its hours, once."""
    ticket = answered(platform)
    platform.do(BUYER, ticket, "satisfaction", {"result": 1, "speed": 1, "attitude": 1})
    platform.move_to(_next_morning(platform))
    sent(platform, sender)
    (told,) = [one for one in post.taken if one.ticket == ticket and "/journey" in one.body]
    assert told.to == "desk:supervisor"
    link = next(word for word in told.body.split() if "/journey" in word).strip("。.")
    assert journey(platform, ticket) == platform.read(SUPERVISOR, link)["journey"]


def test_cl_09_the_whole_path_is_laid_out_and_the_longest_waits_are_named(
    platform: Platform,
) -> None:
    """From the page that was looked at to the rating; each wait has its side and its length."""
    order = platform.order()
    placed = later(platform.now.at, -timedelta(days=4))
    look = {"page": "size_guide", "browsed_at": later(placed, -2 * HOUR), "line": "1"}
    assert platform.call("orders:oms", f"/v1/orders/{order}/browsing", look).ok
    opened = platform.now.at
    ticket = answered(platform, order)
    ended = platform.now.at
    platform.do(BUYER, ticket, "satisfaction", {"result": 1, "speed": 1, "attitude": 3})
    found = journey(platform, ticket)
    assert (found["since"], found["until"]) == (later(placed, -2 * HOUR), ended)
    waits = [(one["who"], one.get("what"), one["wall_us"] // HOUR_US) for one in found["waits"]]
    assert waits == [
        ("buyer", "browsing", 2),
        ("merchant", "shipment", 48),
        ("carrier", "delivery", 24),
        ("nobody", "received", 24),
        ("desk", "acceptance", 3),
        ("agent", "answer", 1),
    ]
    whole(found["waits"], found["span_us"])
    named = [(one["who"], one["wall_us"] // HOUR_US) for one in found["longest"]]
    assert named == [("merchant", 48), ("carrier", 24), ("desk", 3), ("buyer", 2), ("agent", 1)]
    desk = next(one for one in found["longest"] if one["who"] == "desk")
    assert (desk["since"], desk["began"]["topic"]) == (opened, "ticket.opened.v1")
    assert desk["ended"]["topic"] == "ticket.assigned.v1"
    assert {one["kind"] for one in found["steps"]} >= {
        *("browsing", "order", "delivery", "opening", "contact", "decision", "rating"),
    }
    leads = [platform.events(ticket).get(one["event"]["position"]) for one in found["steps"]]
    known = [one for one in leads if one is not None]
    assert [one["topic"] for one in known if one["topic"].startswith("ticket.res")]
    acceptance = next(one for one in found["usable"] if one["name"] == "acceptance")
    assert (acceptance["state"], acceptance["usable_us"]) == ("missed", HOUR_US // 2)
    assert sum(one["wall_us"] for one in found["totals"]) == found["span_us"]


def test_cl_09_open_hours_are_told_beside_the_wall_clock(platform: Platform) -> None:
    """A night at the desk is long on the wall, and nothing by office hours."""
    closes = _next_office_close(platform)
    platform.move_to(closes)
    ticket = platform.open(remedy=None, kind="consultation")
    platform.pass_by(12 * HOUR)
    platform.do(AGENT, ticket, "acceptance")
    found = journey(platform, ticket)
    desk = next(one for one in found["waits"] if one["who"] == "desk")
    assert (desk["wall_us"], desk["open_us"]) == (12 * HOUR_US, 0)
    assert found["calendar"] == "cn_office 2026-11-22"


def test_cl_09_a_side_is_told_its_path_without_the_houses_inside(platform: Platform) -> None:
    """Who of the house had the ball, and what its promises are, is the house's own."""
    order = platform.order()
    look = {"page": "reviews", "browsed_at": later(platform.now.at, -timedelta(days=5))}
    assert platform.call("orders:oms", f"/v1/orders/{order}/browsing", look).ok
    ticket = answered(platform, order)
    platform.do(AGENT, ticket, "notes", {"text": "Between us."})
    staff = journey(platform, ticket, AUDITOR)
    assert {one["what"] for one in staff["steps"]} & INSIDE
    for who in (BUYER, MERCHANT):
        told = journey(platform, ticket, who)
        whole(told["waits"], told["span_us"])
        assert not {one["what"] for one in told["steps"]} & INSIDE
        assert {one["who"] for one in told["waits"]} <= {
            *("buyer", "merchant", "carrier", "platform", "nobody"),
        }
        assert not any("what" in one or "ref" in one for one in told["waits"])
        assert all(":" not in one["by"] for one in told["steps"])
        assert {one["who"] for one in told["usable"]} <= {"buyer", "merchant", "platform"}
        house = next(one for one in told["waits"] if one["who"] == "platform")
        assert house["wall_us"] == 4 * HOUR_US
        browsed = [one for one in told["steps"] if one["kind"] == "browsing"]
        assert len(browsed) == (1 if who == BUYER else 0)
    for stranger in (STRANGER, OTHER_MERCHANT):
        platform.unknown_to(stranger, f"/v1/tickets/{ticket}/journey")
        platform.unknown_to(stranger, f"/v1/orders/{order}/journey")


def test_cl_09_a_side_is_told_of_no_deadline_that_its_ticket_does_not_show(
    platform: Platform,
) -> None:
    """Until when the house names an arbitrator is its own, and twice: the appeal has another."""
    shown: dict[str, set[str]] = {BUYER: set(), MERCHANT: set(), AUDITOR: set()}

    def look() -> None:
        for who, names in shown.items():
            names |= {one["deadline"] for one in platform.ticket(who, ticket)["deadlines"]}

    def given(who: str) -> set[str]:
        names = {one["name"] for one in journey(platform, ticket, who)["usable"]}
        return {name for name in names if not name.startswith("clock:")}

    def compared() -> None:
        look()
        assert {who: given(who) - shown[who] for who in shown} == {who: set() for who in shown}
        assert given(AUDITOR) - given(BUYER) >= {"assignment"}
        assert {"acceptance", "ruling", "appeal"} <= given(BUYER) & given(MERCHANT)

    ticket = platform.open()
    look()
    platform.do(AGENT, ticket, "acceptance")
    look()
    platform.do(MERCHANT, ticket, "refusal", {"reasons": "An activated phone."})
    look()
    platform.do(MERCHANT, ticket, "offers", {"terms": [{"kind": "repair"}]})
    look()
    platform.do(BUYER, ticket, "offers/O1/decline", {"reason": "It is three days old."})
    look()
    platform.do(BUYER, ticket, "intervention")
    look()
    platform.judged_by(ARBITRATOR, ticket)
    look()
    platform.do(ARBITRATOR, ticket, "rulings", RULING)
    compared()
    platform.do(MERCHANT, ticket, "appeals", {"grounds": "Look again."})
    compared()
    platform.judged_by(SECOND_ARBITRATOR, ticket)
    compared()


def test_cl_09_when_the_house_noted_something_after_the_end_is_its_own(
    platform: Platform,
) -> None:
    """A matter that is over ends for a side when it ended for it."""
    ticket = platform.open(remedy=None, kind="consultation")
    platform.pass_by(HOUR)
    platform.do(BUYER, ticket, "closing")
    ended = platform.now.at
    before = {who: journey(platform, ticket, who) for who in (BUYER, MERCHANT)}
    platform.pass_by(5 * HOUR)
    platform.do(AGENT, ticket, "notes", {"text": "He will be back."})
    assert {who: journey(platform, ticket, who) for who in before} == before
    assert {one["until"] for one in before.values()} == {ended}
    assert journey(platform, ticket)["until"] == platform.now.at


def test_cl_09_an_order_is_laid_out_with_all_its_tickets(platform: Platform) -> None:
    """Two matters of one order: the way to the goods once, then each."""
    order = platform.order()
    first = answered(platform, order)
    second = platform.open(order, scenario="service", remedy=None, kind="consultation")
    platform.pass_by(HOUR)
    assert platform.parts.views.catch_up(60)
    answer = platform.read(SUPERVISOR, f"/v1/orders/{order}/journey")
    found = answer["journey"]
    assert [one["ticket"] for one in found["tickets"]] == [first, second]
    assert not answer["more"]
    assert found["until"] == found["tickets"][0]["since"]
    whole(found["waits"], found["span_us"])
    for one in found["tickets"]:
        whole(one["waits"], one["span_us"])
    assert found["tickets"][1]["until"] == platform.now.at


def test_cl_09_of_many_tickets_of_an_order_the_first_are_laid_out(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way to the goods ends with the first matter, however little urgent that is by now."""
    monkeypatch.setattr(journeys, "TICKETS_MAX", 2)
    monkeypatch.setattr(journeys, "PAGE_SIZE_MAX", 1)
    order = platform.order()
    opened = []
    for about in ("service", "experience", "product"):
        opened.append(platform.open(order, scenario=about, remedy=None, kind="consultation"))
        platform.pass_by(HOUR)
        if len(opened) == 1:
            platform.do(BUYER, opened[0], "closing")
    assert platform.parts.views.catch_up(60)
    answer = platform.read(SUPERVISOR, f"/v1/orders/{order}/journey")
    found = answer["journey"]
    assert [one["ticket"] for one in found["tickets"]] == opened[:2]
    assert answer["more"]
    assert found["until"] == found["tickets"][0]["since"]


def test_cl_09_looks_at_pages_are_the_order_systems_to_report(platform: Platform) -> None:
    """The same look is one fact; a line there is not, or a time to come, is none."""
    order = platform.order()
    path, at = f"/v1/orders/{order}/browsing", later(platform.now.at, -HOUR)
    look = {"page": "product", "browsed_at": at, "line": "1"}
    assert platform.call("orders:oms", path, look).body["events"]
    assert platform.call("orders:oms", path, look).body["events"] == []
    for who in (BUYER, AGENT, "carrier:sf"):
        assert platform.call(who, path, look).status == 403
    wrong = {**look, "line": "9"}
    assert platform.call("orders:oms", path, wrong).body["code"] == "unknown_line"
    ahead = {**look, "browsed_at": later(platform.now.at, HOUR)}
    assert platform.call("orders:oms", path, ahead).body["code"] == "not_yet_happened"
    unknown = platform.call("orders:oms", "/v1/orders/nowhere/browsing", look)
    assert unknown.body["code"] == "unknown_order"
    free_text = {**look, "page": "Anna's page"}
    assert platform.call("orders:oms", path, free_text).status == 422


def test_cl_09_history_of_another_system_is_laid_out_in_its_own_times(platform: Platform) -> None:
    """Its states and instants are the source's; nothing of ours waits since it came in."""
    start = Instant("2016-02-29T01:16:00.000000Z")
    said = [("New", Awaiting.AGENT, 0), ("Awaiting User", Awaiting.BUYER, 5)]
    said += [("Resolved", Awaiting.NOBODY, 50)]
    for number, (state, awaiting, hours) in enumerate(said, start=1):
        row = imported(
            "c-1",
            number,
            platform.parts.ledger.lanes,
            state=state,
            awaiting=awaiting,
            resolved=state == "Resolved",
            occurred_at=later(start, hours * HOUR),
        )
        stream = platform.parts.ledger.handle(row).stream
    found = journey(platform, stream.removeprefix("ticket:"))
    assert found["imported"]
    assert (found["since"], found["until"]) == (start, later(start, 50 * HOUR))
    waits = [(one["who"], one["what"], one["wall_us"] // HOUR_US) for one in found["waits"]]
    assert waits == [("desk", "source:New", 5), ("buyer", "source:Awaiting User", 45)]


def _next_morning(platform: Platform) -> Instant:
    """Return ten o'clock in Shanghai on the next day, when people may be written to."""
    day = later(platform.now.at, timedelta(days=1))[:10]
    return Instant(f"{day}T02:00:00.000000Z")


def _next_office_close(platform: Platform) -> Instant:
    """Return the next 18:00 in Shanghai, where nobody works at night."""
    day = platform.now.at[:10]
    closes = Instant(f"{day}T10:00:00.000000Z")
    return closes if closes > platform.now.at else later(closes, timedelta(days=1))
