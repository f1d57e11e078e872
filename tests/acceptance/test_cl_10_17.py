"""CL-10, CL-17: a book is tried on a share of new tickets, or on a category beside the old one."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from api.demo.client import Answer
from api.moments import last_before
from domain.ledger.judging import lane_of_request
from domain.ledger.requests import Outcome
from domain.record import Record
from domain.streams import ticket_id
from domain.ticket.pilots import Pilot, arm_of, drawn_bp
from domain.values import Arm, Instant, later
from replay.pilots import TooManyTickets, laid_out
from replay.what_if import History
from tests.acceptance.matters import employ
from tests.acceptance.platform import (
    AGENT,
    AUDITOR,
    BUYER,
    Platform,
    money,
    platform_over,
)
from tests.acceptance.staff import MICROSECOND, MINUTE, adopt
from tests.conftest import Database
from tests.ledger.matters import ticket_of
from tests.ledger.test_record import imported
from tests.scenario import named, whole_bytes

ADMIN: Final = "admin:x-1"
DAY: Final = timedelta(days=1)
AHEAD: Final = timedelta(seconds=5)
OLD, NEW = "2026-11-22", "tried-1"
TAKEOVER: Final = 'stops = ["taken_over"]\nwithin = "PT30M"'
FAR: Final = Instant("2100-01-01T00:00:00.000000Z")
"""From when the tried book would be in force for all: it never is in these tests."""
NOTHING: Final = {"opened": 0, "kept": 0, "broken": 0, "owed_minor": {}}
ENOUGH: Final = 3
_NUMBERS: Final = count(1)


@pytest.fixture
def platform(make_database: Callable[[int], Database], tmp_path: Path) -> Iterator[Platform]:
    """A platform that promises by the old book and has adopted one that promises more."""
    with platform_over(make_database(2), tmp_path) as running:
        adopt(running)
        employ(running)
        tried = whole_bytes(
            named(NEW),
            (TAKEOVER, TAKEOVER.replace("PT30M", "PT20M")),
            ("amount_minor = 2000", "amount_minor = 3000"),
        )
        running.parts.ledger.adopt(tried, in_force_from=FAR)
        yield running


def announce(platform: Platform, pilot: str, **terms: Any) -> Answer:
    """Have an administrator announce a pilot, for a week from now on unless told otherwise."""
    begins = later(platform.now.at, AHEAD)
    said = {"begins_at": begins, "ends_at": later(begins, 7 * DAY), **terms}
    body = {"pilot": pilot, "policy": NEW, "why": "try_first", **said}
    return platform.call(terms.pop("who", ADMIN), "/v1/pilots", body)


def begin(platform: Platform, pilot: str, **terms: Any) -> None:
    """Announce a pilot and let it begin."""
    answer = announce(platform, pilot, **terms)
    assert answer.status == 201, answer
    platform.pass_by(AHEAD)


def open_about(platform: Platform, category: str, **said: Any) -> str:
    """Have a buyer open a complaint about goods of a category; return the ticket."""
    order = f"pilot-{next(_NUMBERS)}"
    line = {"line": "1", "sku": "x-1", "title": "X", "category": category, "quantity": 1}
    body = {
        "order": order,
        "buyer": "b-1",
        "merchant": "m-1",
        "placed_at": later(platform.now.at, -DAY),
        "lines": [{**line, "paid": money(9_900)}],
    }
    assert platform.call("orders:oms", "/v1/orders", body).ok
    return platform.open(order, kind="complaint", **said)


def drawn(platform: Platform, ticket: str) -> dict[str, Any] | None:
    """Return what is on record of a ticket's arm; None where it is in no pilot."""
    found = [
        one["data"]
        for one in platform.events(ticket).values()
        if one["topic"] == "ticket.arm_drawn.v1"
    ]
    assert len(found) <= 1, "a ticket draws once"
    return found[0] if found else None


def until_both_arms(platform: Platform, arms: Counter[str]) -> Iterator[str]:
    """Open tickets until each arm has some; that so many fall in one alone will not happen."""
    for _ in range(100):
        if min(arms["piloted"], arms["control"]) >= ENOUGH:
            return
        yield open_about(platform, "phone")


def policy(platform: Platform, ticket: str) -> str:
    """Return the book a ticket was opened under."""
    (first, *_) = platform.events(ticket).values()
    return str(first["data"]["policy"])


def by_hand(pilot: str, ticket: str) -> int:
    """Return what a ticket draws, as anybody works it out from the names alone."""
    digest = hashlib.sha256(pilot.encode() + b"\x1f" + ticket.encode()).digest()
    return int.from_bytes(digest[:8], "big") % 10_000


def code(answer: Answer) -> tuple[int, str]:
    """Return status and code of a problem."""
    return answer.status, str(answer.body["code"])


# --- a live share -----------------------------------------------------------------------------


def test_cl_10_every_ticket_of_a_pilot_has_its_arm_on_record(platform: Platform) -> None:
    """Pilot, arm, draw, share and both books stand beside the opening, of the control arm too."""
    begin(platform, "share-1", share_bp=4_000)
    arms: Counter[str] = Counter()
    for ticket in until_both_arms(platform, arms):
        told = drawn(platform, ticket)
        number = by_hand("share-1", ticket)
        piloted = number < 4_000
        arm, own, other = ("piloted", NEW, OLD) if piloted else ("control", OLD, NEW)
        assert told == {
            "pilot": "share-1",
            "arm": arm,
            "drawn_bp": number,
            "share_bp": 4_000,
            "policy": own,
            "other": other,
        }
        assert policy(platform, ticket) == own
        explained = platform.read(AUDITOR, f"/v1/tickets/{ticket}/explain?what=book")
        (decision,) = explained["decisions"]
        assert (decision["recomputed"], decision["result"]) == (True, told)
        arms[arm] += 1
    compared = platform.read(AUDITOR, "/v1/pilots/share-1/comparison")
    assert (compared["piloted"], compared["control"]) == (arms["piloted"], arms["control"])
    assert min(arms["piloted"], arms["control"]) == ENOUGH


def test_cl_10_the_share_is_honoured_over_two_thousand_tickets() -> None:
    """Within four standard deviations; the same for ever, and another for another pilot."""
    pilot = Pilot("share-2", NEW, Instant(""), FAR, 2_500, "try_first")
    tickets = [ticket_id(0, "261122", number * 7_919 + 13) for number in range(2_000)]
    draws = [drawn_bp(pilot.pilot, one) for one in tickets]
    assert draws == [by_hand("share-2", one) for one in tickets]
    piloted = sum(arm_of(pilot, one) is Arm.PILOTED for one in draws)
    assert abs(piloted - 500) <= 4 * (2_000 * 0.25 * 0.75) ** 0.5
    assert draws != [drawn_bp("share-3", one) for one in tickets]
    edge = [arm_of(pilot, one) for one in (2_499, 2_500)]
    assert edge == [Arm.PILOTED, Arm.CONTROL]


@pytest.mark.parametrize(
    ("share_bp", "arm", "book"), [(0, "control", OLD), (10_000, "piloted", NEW)]
)
def test_cl_10_none_of_a_share_of_nothing_and_all_of_the_whole(
    platform: Platform, share_bp: int, arm: str, book: str
) -> None:
    """The ends of the scale, just inside; both arms are countable all the same."""
    begin(platform, "share-4", share_bp=share_bp)
    for _ in range(5):
        ticket = open_about(platform, "phone")
        told = drawn(platform, ticket)
        assert told is not None
        assert (told["arm"], policy(platform, ticket)) == (arm, book)


@pytest.mark.parametrize("share_bp", [-1, 10_001])
def test_cl_10_a_share_outside_the_whole_is_no_share(platform: Platform, share_bp: int) -> None:
    """Just outside; nothing is on record of it."""
    assert code(announce(platform, "share-5", share_bp=share_bp)) == (422, "malformed")
    assert platform.read(AUDITOR, "/v1/pilots") == {"items": []}


def test_cl_10_a_ticket_keeps_its_arm_and_its_book_for_life(platform: Platform) -> None:
    """Neither the pilot's end nor a reopening draws again."""
    begin(platform, "life")
    ticket = open_about(platform, "phone")
    answer = platform.call(ADMIN, "/v1/pilots/life/end", {"why": "seen_enough"})
    assert answer.status == 200, answer
    platform.pass_by(AHEAD - MICROSECOND)
    assert drawn(platform, open_about(platform, "phone")) is not None
    platform.pass_by(MICROSECOND)
    after = open_about(platform, "phone")
    assert (drawn(platform, after), policy(platform, after)) == (None, OLD)
    platform.do(AGENT, ticket, "acceptance")
    platform.do(BUYER, ticket, "closing")
    platform.do(BUYER, ticket, "reopening", {"reason": "It is back."})
    reopened = [
        one["data"]["policy"]
        for one in platform.events(ticket).values()
        if one["topic"].startswith("ticket.reopened.")
    ]
    assert reopened == [NEW]
    told = drawn(platform, ticket)
    assert told is not None
    assert told["pilot"] == "life"
    again = platform.call(ADMIN, "/v1/pilots/life/end", {"why": "seen_enough"})
    assert (again.status, again.body["events"]) == (200, [])


def test_cl_10_imported_tickets_are_in_no_pilot(platform: Platform) -> None:
    """Another system's history was promised nothing by us."""
    begin(platform, "no-import")
    row = imported("case-1", 1, platform.parts.ledger.lanes)
    (taken,) = platform.parts.ledger.import_rows(
        lane_of_request(row, platform.parts.ledger.lanes), [row]
    )
    assert isinstance(taken, Outcome)
    assert drawn(platform, ticket_of(taken)) is None


def test_cl_10_what_can_not_be_a_pilot_is_refused_with_the_reason(platform: Platform) -> None:
    """Nothing in the past, no unknown book, no book for all anyway, and one pilot at a time."""
    now = platform.now.at
    soon = later(now, AHEAD)
    late = announce(platform, "p-1", begins_at=later(soon, -MICROSECOND))
    assert code(late) == (409, "pilot_not_ahead")
    assert late.body["earliest"] == soon
    assert code(announce(platform, "p-1", ends_at=soon)) == (409, "unreasonable")
    assert code(announce(platform, "p-1", policy="nobody-s")) == (409, "unknown_book")
    assert code(announce(platform, "p-1", policy=OLD)) == (409, "book_in_force")
    assert code(announce(platform, "p-1", who=AUDITOR)) == (403, "not_your_role")
    assert announce(platform, "p-1", category="phone").status == 201
    assert announce(platform, "p-1", category="phone").body["events"] == []
    other = announce(platform, "p-1", category="phone", share_bp=9_999)
    assert code(other) == (409, "pilot_known_otherwise")
    for category in ("phone", None):
        overlapping = announce(platform, "p-2", category=category)
        assert code(overlapping) == (409, "pilot_overlaps")
        assert overlapping.body["pilot"] == "p-1"
    assert announce(platform, "p-2", category="appliance").status == 201
    after = later(soon, 7 * DAY)
    beside = announce(platform, "p-3", begins_at=after, ends_at=later(after, DAY))
    assert beside.status == 201, "one begins where the other ends"
    listed = platform.read(AUDITOR, "/v1/pilots")["items"]
    assert [(one["pilot"], one["state"]) for one in listed] == [
        ("p-1", "announced"),
        ("p-2", "announced"),
        ("p-3", "announced"),
    ]
    assert code(platform.call(ADMIN, "/v1/pilots/p-9/end", {"why": "x"})) == (404, "unknown_pilot")


# --- a week beside the old book ---------------------------------------------------------------


def test_cl_17_a_category_runs_a_week_beside_the_old_book(platform: Platform) -> None:
    """Another category is untouched, and so is the first moment of the eighth day."""
    begin(platform, "week", category="appliance")
    begun = platform.now.at
    assert policy(platform, open_about(platform, "appliance")) == NEW
    for day in range(1, 7):
        platform.move_to(later(begun, day * DAY))
        inside, outside = (open_about(platform, one) for one in ("appliance", "phone"))
        assert (policy(platform, inside), policy(platform, outside)) == (NEW, OLD)
        assert drawn(platform, outside) is None
    platform.move_to(later(begun, 7 * DAY - MICROSECOND))
    assert policy(platform, open_about(platform, "appliance")) == NEW
    platform.move_to(later(begun, 7 * DAY))
    eighth = open_about(platform, "appliance")
    assert (policy(platform, eighth), drawn(platform, eighth)) == (OLD, None)


def test_cl_17_what_differs_is_listed_day_by_day(platform: Platform) -> None:
    """Taken over after 25 minutes: broken by the tried book's 20, kept by the old book's 30."""
    begin(platform, "days", category="appliance")
    begun = platform.now.at
    for day, after in ((0, 25), (1, 15), (3, 25)):
        platform.move_to(later(begun, day * DAY))
        for category in ("appliance", "phone"):
            ticket = open_about(platform, category)
            platform.do(AGENT, ticket, "acceptance")
        ticket = open_about(platform, "appliance")
        platform.pass_by(after * MINUTE)
        platform.do(AGENT, ticket, "assignment")
    platform.move_to(later(begun, 4 * DAY))
    found = platform.read(AUDITOR, "/v1/pilots/days/comparison")
    assert (found["piloted"], found["control"]) == (6, 0)
    figures = [
        (one["day"], *(one["piloted"][name] for name in ("opened", "kept", "broken")))
        for one in found["days"]
    ]
    assert figures == [(1, 2, 1, 1), (2, 2, 2, 0), (3, 0, 0, 0), (4, 2, 1, 1), (5, 0, 0, 0)]
    differing = {
        one["day"]: [(each["kind"], each["change"], each["count"]) for each in one["otherwise"]]
        for one in found["days"]
        if one["otherwise"]
    }
    two_due = [("due", "later", 2)] * 2  # the promise, and the acceptance that has its time
    broken = [
        ("breach", "broken -> kept", 1),
        *two_due,
        ("escalation", "supervisor -> -", 1),
        ("notice", "gone", 1),
        ("notice", "later", 2),
    ]
    sooner_taken = [*two_due, ("notice", "later", 1)]
    assert differing == {1: broken, 2: sooner_taken, 4: broken}
    (tried,) = found["tried"]
    assert (tried["arm"], tried["under"], tried["tickets"]) == ("piloted", OLD, 6)


def test_cl_17_owed_amounts_stand_side_by_side(platform: Platform) -> None:
    """Both arms from the record, and each under the other's book."""
    begin(platform, "owed", share_bp=5_000)
    arms: Counter[str] = Counter()
    for ticket in until_both_arms(platform, arms):
        fact = {"fact": "negative_sentiment", "occurred_at": platform.now.at}
        platform.do(AGENT, ticket, "facts", fact)
        told = drawn(platform, ticket)
        assert told is not None
        arms[told["arm"]] += 1
    platform.pass_by(120 * MINUTE)
    found = platform.read(AUDITOR, "/v1/pilots/owed/comparison")
    (day,) = found["days"]
    own = {"piloted": 3_000, "control": 2_000}
    for arm, amount in own.items():
        assert day[arm]["owed_minor"] == {"CNY": arms[arm] * amount}
    tried = {one["arm"]: one for one in found["tried"]}
    for arm, other in (("piloted", "control"), ("control", "piloted")):
        assert tried[arm]["owed_minor_before"] == {"CNY": arms[arm] * own[arm]}
        assert tried[arm]["owed_minor_after"] == {"CNY": arms[arm] * own[other]}


def test_a_comparison_reads_the_record_from_the_begin_of_its_pilot_on(platform: Platform) -> None:
    """What lies before it, other pilots and their tickets too, is not looked through again."""
    begin(platform, "earlier", category="phone")
    earlier = open_about(platform, "phone")
    begin(platform, "bounded", category="appliance")
    mine = {open_about(platform, "appliance"), open_about(platform, "appliance")}
    ledger, views = platform.parts.ledger, last_before(platform.parts)
    known = {one.pilot: one for one in ledger.pilots()}
    asked: list[tuple[int, Instant]] = []

    def watched(lane: int, at: Instant) -> int:
        asked.append((lane, at))
        return views(lane, at)

    found = laid_out(ledger, known["bounded"], last_before=watched)
    assert found.comparison.piloted == len(mine)
    before = later(known["bounded"].begins_at, -MICROSECOND)
    assert asked == [(lane, before) for lane in range(ledger.lanes)]
    others = laid_out(ledger, known["earlier"], last_before=views)
    assert others.comparison.piloted == len({earlier})
    nothing = laid_out(
        ledger, known["bounded"], last_before=lambda lane, _at: ledger.position(lane)
    )
    assert nothing.comparison.piloted == 0, "what lies before that place is not read"


def test_too_many_tickets_are_counted_before_any_is_read(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that is refused must not cost what it was refused for."""
    begin(platform, "large", category="phone")
    for _ in range(2):
        open_about(platform, "phone")
    (pilot,) = platform.parts.ledger.pilots()
    first = last_before(platform.parts)
    reads: list[int] = []
    read = History.read

    def counting(self: History, lane: int, streams: Sequence[str]) -> list[Record]:
        reads.append(lane)
        return read(self, lane, streams)

    monkeypatch.setattr(History, "read", counting)
    with pytest.raises(TooManyTickets):
        laid_out(platform.parts.ledger, pilot, last_before=first, tickets_max=1)
    assert reads == []
    found = laid_out(platform.parts.ledger, pilot, last_before=first, tickets_max=2)
    assert found.comparison.piloted == 2
    assert reads


def test_cl_17_only_administrators_and_auditors_compare(platform: Platform) -> None:
    """How a trial goes is no desk's business, and a pilot nobody announced is not there."""
    begin(platform, "seen")
    answer = platform.client.get("supervisor", "sup-1", "/v1/pilots/seen/comparison")
    assert code(answer) == (403, "not_your_role")
    assert platform.read(ADMIN, "/v1/pilots/seen/comparison")["days"] == []
    platform.order()
    assert platform.read(ADMIN, "/v1/pilots/seen/comparison")["days"] == [
        {
            "day": 1,
            "begins_at": platform.now.at,
            "piloted": NOTHING,
            "control": NOTHING,
            "otherwise": [],
        }
    ]
    platform.unknown_to(AUDITOR, "/v1/pilots/nobody-s/comparison")
    platform.unknown_to(AUDITOR, "/v1/pilots/nobody-s")
    found = platform.read("agent:agent-1", "/v1/pilots/seen")
    assert (found["state"], found["policy"], found["share_bp"]) == ("running", NEW, 10_000)
