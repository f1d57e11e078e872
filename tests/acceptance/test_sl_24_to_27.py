"""SL-24 to SL-27: what is only measured, what rests, photos of flaws, and who comes first."""

from typing import Any, Final

import pytest

from domain.values import later
from tests.acceptance.matters import begins, drive, employ, opened
from tests.acceptance.platform import SUPERVISOR, Platform
from tests.rows import special
from tests.rows.checks import does
from tests.rows.played import AGENT, BUYER, CARRIER, MERCHANT, Deed, Ground
from tests.rows.promises import (
    ACCEPTS,
    BABY,
    COMPLAINED,
    HOUR,
    MINUTE,
    RETURN,
    SAYS,
    SETTLES,
    complaint,
    promise,
    reported,
)

CLOSED: Final = "medium_priority_closed"
NETWORK: Final = "network_answered"
LATE: Final = Ground(opening=complaint(reason="late", remedy="refund"))
REFUSES: Final = Deed(MERCHANT, "refusal", {"reasons": "It was the weather."})
OFFERS: Final = Deed(MERCHANT, "offers", {"terms": [{"kind": "repair"}]})
DECLINES: Final = Deed(BUYER, "offers/O1/decline", {"reason": "It is three days old."})
COUPON: Final = {"kind": "coupon", "amount": {"amount_minor": 100, "currency": "CNY"}}
BY_THE_BUYER: Final = (
    DECLINES,
    Deed(BUYER, "offers/O1/acceptance"),
    Deed(BUYER, "offers/O1/counter", {"terms": [COUPON]}),
    Deed(BUYER, "intervention"),
)


def test_sl_24_every_human_answer_is_measured_against_three_minutes(platform: Platform) -> None:
    """Kept a microsecond before 3 min and not at 3 min; nothing is broken, warned of or ranked."""
    special.answers_of_people_are_measured_and_break_nothing(begins(platform))


def test_sl_24_a_buyer_on_the_phone_is_measured_too(platform: Platform) -> None:
    """Staff write down what a buyer says: the answer after 10 min took 10 min, and is not kept."""
    employ(platform)
    ticket = _phoned(platform, statement="The screen is broken.")
    platform.do(AGENT, ticket, "acceptance")
    platform.pass_by(10 * MINUTE)
    platform.do(AGENT, ticket, "answers", {"text": "A new one comes tomorrow.", "resolves": False})
    [stopped] = _of_clock(platform, ticket, "clock.stopped")
    assert (stopped["elapsed_s"], stopped["kept"]) == (600, False)
    [started] = _of_clock(platform, ticket, "clock.started")
    assert started["since"] == platform.ticket(SUPERVISOR, ticket)["opened_at"]


def test_sl_24_where_nobody_has_said_anything_nothing_is_measured(platform: Platform) -> None:
    """Staff open a matter of their own accord: there is no buyer who waits for an answer."""
    employ(platform)
    ticket = _phoned(platform)
    platform.do(AGENT, ticket, "acceptance")
    assert _of_clock(platform, ticket, "clock.started") == []


def _phoned(platform: Platform, **said: str) -> str:
    """Have staff open a ticket for the buyer of an order."""
    opening = {"channel": "phone", "order": platform.order(), "buyer": "b-1", **complaint(), **said}
    answer = platform.call(AGENT, "/v1/tickets", opening)
    assert answer.status == 201, answer
    platform.settle()
    return str(answer.body["stream"]).removeprefix("ticket:")


def _of_clock(platform: Platform, ticket: str, topic: str) -> list[dict[str, Any]]:
    """Return what is on record of the measured answers of a ticket."""
    return [
        one["data"]
        for one in platform.events(ticket).values()
        if one["topic"].startswith(topic) and one["data"]["clock"] == "human_answer"
    ]


def test_sl_25_whoever_must_act_first_lets_the_others_rest(platform: Platform) -> None:
    """The buyer, a carrier, another third party; never who made the promise, nor the merchant."""
    special.the_rest_of_a_promise_is_kept_by_whom_it_awaits(begins(platform))
    matter = opened(platform, COMPLAINED)
    does(matter, ACCEPTS)
    matter.refused(Deed(AGENT, "wait", {"on": "merchant", "why": "late"}), code="malformed")


def test_sl_25_a_promise_runs_on_with_what_was_left_of_it(platform: Platform) -> None:
    """An hour used, ten days of rest: 23 hours are left when the buyer speaks."""
    matter = opened(platform, promise("medium_priority_closed").ground)
    does(matter, ACCEPTS._replace(after=HOUR), Deed(AGENT, "wait", {"on": "buyer", "why": "photo"}))
    does(matter, Deed(BUYER, "messages", {"text": "Here it is."}, after=240 * HOUR))
    running = matter.running("medium_priority_closed")
    assert running is not None
    assert running.due_at == later(matter.now, 23 * HOUR)
    paused, resumed = matter.facts("clock.paused"), matter.facts("clock.resumed")
    assert {one.data["clock"] for one in paused} >= {"medium_priority_closed"}
    assert {one.data["clock"] for one in resumed} >= {"medium_priority_closed"}


def test_sl_25_a_promise_made_while_somebody_is_waited_for_rests_at_once(
    platform: Platform,
) -> None:
    """A public mention during the wait for a carrier counts from when the wait ends."""
    matter = opened(platform, COMPLAINED)
    does(matter, ACCEPTS, Deed(AGENT, "wait", {"on": "carrier", "why": "trace"}))
    does(matter, reported("negative_sentiment"))
    matter.move_to(later(matter.now, 24 * HOUR))
    assert matter.facts("clock.breached", "negative_resolved") == []
    does(matter, Deed(AGENT, "wait/end"))
    running = matter.running("negative_resolved")
    assert running is not None
    assert running.due_at == later(matter.now, 2 * HOUR)


@pytest.mark.parametrize("deed", BY_THE_BUYER, ids=lambda deed: deed.path)
def test_sl_25_whatever_the_buyer_does_ends_the_wait_for_the_buyer(
    platform: Platform, deed: Deed
) -> None:
    """An offer answered, the platform called: 23 hours are left when the buyer acts."""
    matter = opened(platform, LATE)
    does(matter, ACCEPTS._replace(after=HOUR), REFUSES, OFFERS)
    if deed.path == "intervention":
        does(matter, DECLINES)
    does(matter, Deed(AGENT, "wait", {"on": "buyer", "why": "offer"}))
    assert matter.facts("clock.paused", CLOSED)
    does(matter, deed._replace(after=12 * HOUR))
    assert [one.data["on"] for one in matter.facts("wait.ended")] == ["buyer"]
    [resumed] = matter.facts("clock.resumed", CLOSED)
    assert resumed.data["due_at"] == later(matter.now, 23 * HOUR)


def test_sl_25_what_others_do_does_not_end_the_wait_for_the_buyer(platform: Platform) -> None:
    """The merchant writes, the network calls, staff take a note: the buyer is waited for still."""
    matter = opened(platform, LATE)
    does(matter, ACCEPTS, Deed(AGENT, "wait", {"on": "buyer", "why": "photo"}))
    does(matter, Deed(MERCHANT, "messages", {"text": "We look."}), reported(NETWORK, AGENT))
    does(matter, Deed(AGENT, "notes", {"text": "Called."}))
    assert matter.facts("wait.ended") == []
    assert matter.facts("clock.resumed", CLOSED) == []


@pytest.mark.parametrize(
    ("on", "deed"),
    [
        ("third_party", reported(NETWORK, AGENT)),
        ("third_party", reported("on_site", MERCHANT)),
        ("carrier", reported("warehouse_received", CARRIER)),
        ("carrier", reported("cross_border_completed", AGENT)),
    ],
    ids=lambda one: one if isinstance(one, str) else one.body["fact"],
)
def test_sl_25_who_is_waited_for_acts_and_the_wait_is_over(
    platform: Platform, on: str, deed: Deed
) -> None:
    """A network calls, a parcel arrives: whoever reports it, what rested for it runs on."""
    matter = opened(platform, LATE)
    does(
        matter, ACCEPTS, Deed(AGENT, "wait", {"on": on, "why": "visit"}), deed._replace(after=HOUR)
    )
    assert [one.data["on"] for one in matter.facts("wait.ended")] == [on]
    [resumed] = matter.facts("clock.resumed", CLOSED)
    assert resumed.data["due_at"] == later(matter.now, 24 * HOUR)


@pytest.mark.parametrize(
    ("on", "fact"), [("carrier", NETWORK), ("third_party", "warehouse_received")]
)
def test_sl_25_what_another_third_party_does_leaves_the_wait_open(
    platform: Platform, on: str, fact: str
) -> None:
    """The parcel's way says nothing of the network's visit, nor the visit of the parcel."""
    matter = opened(platform, LATE)
    does(matter, ACCEPTS, Deed(AGENT, "wait", {"on": on, "why": "visit"}), reported(fact, AGENT))
    assert matter.facts("wait.ended") == []


def test_sl_25_marks_for_the_handling_end_no_wait(platform: Platform) -> None:
    """Who rates what was done has not brought what was asked for."""
    matter = opened(platform, LATE)
    does(matter, ACCEPTS, Deed(AGENT, "wait", {"on": "buyer", "why": "photo"}), SETTLES)
    matter.do(Deed(BUYER, "satisfaction", {"result": 5, "speed": 5, "attitude": 5}))
    assert matter.facts("satisfaction.given")
    assert matter.facts("wait.ended") == []


@pytest.mark.parametrize("clock", ["ruling", "cross_border_cycle", "department_plan:D1"])
def test_sl_25_what_never_rests(platform: Platform, clock: str) -> None:
    """An intervention, a whole cycle, another department: a wait changes no due time."""
    made = promise(clock)
    matter = opened(platform, made.ground)
    does(matter, *made.starts)
    before = matter.running(clock)
    does(matter, Deed(AGENT, "wait", {"on": "buyer", "why": "photo"}))
    assert matter.facts("clock.paused", clock) == []
    assert matter.running(clock) == before


def test_sl_25_reopening_starts_a_new_round(platform: Platform) -> None:
    """Every promise is made anew, from the moment the matter came back."""
    special.reopening_starts_a_new_round(begins(platform))


def test_sl_26_a_photo_of_a_flaw_is_reviewed_in_two_hours(platform: Platform) -> None:
    """2 h from the photo to the review of the return, then the supervisor."""
    drive(platform, "flaw_photo_review")


def test_sl_26_comes_before_sl_14(platform: Platform) -> None:
    """Both clocks are on record; one review stops both, and the photo's ranks the ticket."""
    special.a_flaw_photo_comes_before_the_review_of_the_return(begins(platform))
    matter = opened(platform, RETURN)
    does(matter, reported("flaw_photo"), ACCEPTS)
    assert matter.row()["due_at"] == later(matter.now, 2 * HOUR)
    does(matter, Deed(AGENT, "return-review"))
    assert matter.running("flaw_photo_review") is None
    assert matter.running("return_review") is None


@pytest.mark.parametrize("name", sorted(special.WEIGHTS))
def test_sl_27_priority_and_its_inputs_are_on_record(platform: Platform, name: str) -> None:
    """Value, urgency, effect and difficulty with their points; the sum names the priority."""
    expected = special.priority_is_computed_from_what_is_on_record(begins(platform), name)
    ground, deeds, _, _ = special.WEIGHTS[name]
    matter = opened(platform, ground)
    does(matter, *deeds)
    assert matter.row()["priority"] == expected
    assert matter.seen()["priority"] == expected


def test_sl_27_the_more_urgent_stands_first_and_of_equals_what_is_due_first(
    platform: Platform,
) -> None:
    """The queue is read from its top: priority, then due time."""
    question = opened(platform, Ground(opening={"kind": "consultation", "scenario": "service"}))
    first = opened(platform, Ground(opening=complaint()))
    platform.move_to(later(platform.now.at, MINUTE))
    second = opened(platform, Ground(opening=complaint()))
    baby = opened(platform, Ground(order=BABY.order, opening=complaint(kind="dispute")))
    page = platform.read(SUPERVISOR, "/v1/queue?limit=200")
    order = [one["ticket"] for one in page["items"]]
    mine = [one.ticket for one in (baby, first, second, question)]
    assert [one for one in order if one in mine] == mine


def test_sl_27_where_two_rows_apply_the_stricter_ranks_and_both_are_on_record(
    platform: Platform,
) -> None:
    """A complaint about late goods of a VIP: 1 min, 30 min, 30 min and 24 h run together."""
    standing = {"tier": "ordinary", "spend_minor": 1_000_001}
    ground = Ground(standing=standing, opening=complaint(reason="late"))
    matter = opened(platform, ground)
    since = matter.now
    due = {
        name.removeprefix("clock:"): one["due_at"]
        for name, one in matter.row()["deadlines"].items()
        if name.startswith("clock:")
    }
    assert due == {
        "vip_answer": later(since, MINUTE),
        "vip_plan": later(since, 30 * MINUTE),
        "complaint_takeover": later(since, 30 * MINUTE),
        "medium_priority_closed": later(since, 24 * HOUR),
    }
    assert matter.row()["due_at"] == later(since, MINUTE)
    listed = platform.read(SUPERVISOR, "/v1/clocks?row=SL-08&limit=200")["items"]
    mine = {one["clock"]: one["due_at"] for one in listed if one["ticket"] == matter.ticket}
    assert mine == {one: due[one] for one in ("vip_answer", "vip_plan")}
    does(matter, ACCEPTS, SAYS)
    assert matter.row()["due_at"] == later(since, 30 * MINUTE)


def test_sl_27_the_merchant_does_not_see_whose_wallet_is_fat(platform: Platform) -> None:
    """What a customer spends is the platform's ground, not a party's to read."""
    matter = opened(platform, Ground(standing={"tier": "top"}, opening=complaint()))
    assert "spend" not in str(matter.seen(MERCHANT))
