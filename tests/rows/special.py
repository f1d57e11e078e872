"""Rows that are more than one clock: each scenario insists on every figure of its row.

They are told once and played twice: over HTTP, and in memory under books with a figure changed.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from domain.values import Instant, later
from tests.rows.checks import does, take_up
from tests.rows.played import (
    AGENT,
    BUYER,
    MERCHANT,
    MOMENT,
    SUPERVISOR,
    Begin,
    Deed,
    Ground,
    Played,
)
from tests.rows.promises import (
    ACCEPTS,
    ASKED,
    BABY,
    COMPLAINED,
    DEPARTMENTS,
    HOUR,
    IN_VAIN,
    MINUTE,
    RETURN,
    SAYS,
    SECOND,
    SETTLES,
    WRITTEN,
    complaint,
    dispute,
    promise,
    reported,
)

VIP_CLOCKS = frozenset({"vip_answer", "vip_plan"})


def opened(begin: Begin, ground: Ground) -> Played:
    """Return a matter that has just come in."""
    played = begin()
    played.begin(ground)
    return played


def clocks(played: Played) -> frozenset[str]:
    """Return the clocks that were ever started on a matter."""
    return frozenset(one.data["clock"] for one in played.facts("clock.started"))


def paying(minor: int, **opening: Any) -> Ground:
    """Return a matter about goods of a price."""
    return Ground(order={"paid": (minor,), "category": "homeware"}, opening=complaint(**opening))


def live_team_answers_from_the_later_of_session_end_and_opening(begin: Begin) -> None:
    """SL-04: the session ends 3 hours after the opening, or was over before it."""
    clock, two_hours = "live_host_answer", 2 * HOUR
    during = opened(begin, Ground(order={"live_session": "s-1"}, opening=complaint()))
    assert clock not in clocks(during)
    during.move_to(later(during.now, 3 * HOUR))
    ended_at = later(during.now, -HOUR)
    during.do(Deed("orders:oms", "/live-session/end", {"ended_at": ended_at}))
    [started] = during.facts("clock.started", clock)
    assert started.data["due_at"] == later(ended_at, two_hours)
    over = begin()
    before = promise(clock).ground
    over.begin(before)
    [started] = over.facts("clock.started", clock)
    assert started.data["due_at"] == later(over.now, two_hours)
    answered = opened(begin, Ground(order={"live_session": "s-2"}, opening=complaint()))
    does(answered, Deed(MERCHANT, "messages", {"text": "We send another one."}))
    answered.move_to(later(answered.now, HOUR))
    answered.do(Deed("orders:oms", "/live-session/end", {"ended_at": answered.now}))
    assert clock not in clocks(answered), "what was answered while the session ran is answered"


def a_large_amount_begins_above_five_thousand(begin: Begin) -> None:
    """SL-05, SL-08: 5,000.00 yuan is not large, a fen more is: plan in 4 h, answer in 1 min."""
    exact, above = opened(begin, paying(500_000)), opened(begin, paying(500_001))
    large = VIP_CLOCKS | {"high_priority_plan"}
    assert clocks(exact).isdisjoint(large)
    assert clocks(above) >= large
    claimed = paying(900_000, claim={"amount_minor": 500_000, "currency": "CNY"})
    assert clocks(opened(begin, claimed)).isdisjoint(large), "what is claimed counts, where it is"


def a_vip_spends_more_than_ten_thousand(begin: Begin) -> None:
    """SL-08, RO-02: 10,000.00 yuan in a year is an ordinary customer, a fen more is a VIP."""
    for spend, tier, vip in (
        (1_000_000, "ordinary", False),
        (1_000_001, "ordinary", True),
        (0, "super", False),
        (0, "top", True),
    ):
        standing = {"tier": tier, "spend_minor": spend}
        played = opened(begin, Ground(standing=standing, opening=complaint()))
        assert (clocks(played) >= VIP_CLOCKS) is vip, (spend, tier)
        assert (played.queue() == "vip") is vip, (spend, tier)


def two_fruitless_contacts_ask_for_a_written_resolution(begin: Begin) -> None:
    """SL-16: one contact in vain asks for nothing; the second one for a resolution by both."""
    played = opened(begin, COMPLAINED)
    clock = "written_resolution"
    does(played, *IN_VAIN)
    _contacts(played, (1, False))
    assert clock not in clocks(played)
    does(played, Deed(BUYER, "messages", {"text": "Is anybody there?"}, after=SECOND))
    _contacts(played, (1, False))  # nobody answered in between: that was no second contact
    does(played, *IN_VAIN)
    _contacts(played, (1, False), (2, True))
    [started] = played.facts("clock.started", clock)
    assert started.data["due_at"] == later(played.now, 48 * HOUR)
    written, signed = WRITTEN
    does(played, written)
    assert played.facts("clock.stopped", clock) == [], "an agent alone does not keep it"
    does(played, signed)
    assert played.facts("clock.stopped", clock)[0].data["kept"] is True
    contented = opened(begin, COMPLAINED)
    does(contented, *IN_VAIN, SAYS._replace(after=SECOND))
    does(contented, Deed(BUYER, "messages", {"text": "Thank you, it is solved."}, after=SECOND))
    _contacts(contented, (1, False))


def _contacts(played: Played, *expected: tuple[int, bool]) -> None:
    found = [
        (one.data["contact"], one.data["exhausted"]) for one in played.facts("contact.fruitless")
    ]
    assert found == list(expected)


def answers_of_people_are_measured_and_break_nothing(begin: Begin) -> None:
    """SL-24: every human answer is timed against 3 minutes; nothing comes of a slow one."""
    played = opened(begin, ASKED)
    does(played, ACCEPTS)
    for within in (3 * MINUTE - MOMENT, 3 * MINUTE):
        spoke = played.now
        assert played.facts("clock.started", "human_answer")[-1].data["target_s"] == 180
        assert played.running("human_answer") is None, "what is only measured ranks nothing"
        played.move_to(later(spoke, within))
        does(played, SAYS)
        stopped = played.facts("clock.stopped", "human_answer")[-1].data
        assert stopped["elapsed_s"] == within // SECOND
        assert stopped["kept"] is (within < 3 * MINUTE)
        does(played, Deed(BUYER, "messages", {"text": "And then?"}, after=MINUTE))
    played.move_to(later(played.now, timedelta(days=1)))
    assert len(played.facts("clock.stopped", "human_answer")) == 2
    for topic in ("clock.breached", "clock.warned", "ticket.escalated", "payout.owed"):
        assert played.facts(topic, "human_answer") == []


def departments_answer_in_parallel_each_in_its_own_time(begin: Begin) -> None:
    """SL-15: two departments are asked at once; the one that is late goes to the director."""
    played = opened(begin, COMPLAINED)
    does(played, *DEPARTMENTS)
    asked_at = played.now
    one, other = "department_plan:D1", "department_plan:D2"
    for clock in (one, other):
        [started] = played.facts("clock.started", clock)
        assert started.data["due_at"] == later(asked_at, 2 * HOUR)
    played.move_to(later(asked_at, 2 * HOUR - MOMENT))
    does(played, Deed(SUPERVISOR, "department-requests/D1/plan", {"plan": "Lot 7."}))
    assert played.facts("clock.stopped", one)[0].data["kept"] is True
    assert played.facts("clock.stopped", other) == []
    played.move_to(later(asked_at, 2 * HOUR))
    assert played.facts("clock.breached", one) == []
    assert [fact.at for fact in played.facts("clock.breached", other)] == [
        later(asked_at, 2 * HOUR)
    ]
    [escalated] = played.facts("ticket.escalated")[-1:]
    assert (escalated.data["clock"], escalated.data["to"]) == (other, "director")


def departments_are_asked_by_the_promise_itself(begin: Begin) -> None:
    """SL-05: with the clock of the plan supply chain and legal are asked, once, each in 2 h."""
    played = opened(begin, BABY)
    asked = [one.data["department"] for one in played.facts("department.asked")]
    assert asked == ["supply_chain", "legal"]
    for clock in ("department_plan:D1", "department_plan:D2"):
        [started] = played.facts("clock.started", clock)
        assert started.data["due_at"] == later(played.now, 2 * HOUR)
    does(played, *DEPARTMENTS)
    assert len(played.facts("department.asked")) == 2, "who is asked already is not asked twice"
    does(played, Deed(SUPERVISOR, "department-requests/D1/plan", {"plan": "Recall."}))
    does(played, *IN_VAIN)
    assert len(played.facts("department.asked")) == 2, "who has answered is not asked again"
    bought = opened(begin, COMPLAINED)
    assert bought.facts("department.asked") == []


def the_rest_of_a_promise_is_kept_by_whom_it_awaits(begin: Begin) -> None:
    """SL-25: who promised is no reason to rest; the buyer, a carrier or another third party is."""
    for on, rests in (("buyer", True), ("carrier", True), ("third_party", False)):
        played = opened(begin, promise("appliance_answer").ground)
        does(played, ACCEPTS, Deed(AGENT, "wait", {"on": on, "why": "visit"}))
        assert bool(played.facts("clock.paused", "appliance_answer")) is rests, on


def reopening_starts_a_new_round(begin: Begin) -> None:
    """SL-25: a matter that comes back is promised everything anew."""
    played = opened(begin, promise("medium_priority_closed").ground)
    does(played, SETTLES)
    played.move_to(later(played.now, timedelta(days=1)))
    played.do(Deed(BUYER, "reopening"))
    for clock, within in (
        ("complaint_takeover", 30 * MINUTE),
        ("medium_priority_closed", 24 * HOUR),
    ):
        started = [one.data["due_at"] for one in played.facts("clock.started", clock)]
        assert len(started) == 2
        assert started[1] == later(played.now, within)


def a_resolved_matter_breaks_no_promise(begin: Begin) -> None:
    """What was settled needs no plan any more: its promises end with it, and pay nothing."""
    played = opened(begin, promise("fresh_solution").ground)
    does(played, SETTLES)
    ended = {one.data["clock"] for one in played.facts("clock.cancelled")}
    assert "fresh_solution" in ended
    played.move_to(later(played.now, timedelta(days=1)))
    assert played.facts("clock.breached") == []
    assert played.facts("payout.owed") == []


def a_flaw_photo_comes_before_the_review_of_the_return(begin: Begin) -> None:
    """SL-26: 2 hours from the photo are on record beside the 72 of SL-14, and rank the ticket."""
    played = opened(begin, RETURN)
    since = played.now
    does(played, reported("flaw_photo")._replace(after=HOUR))
    review, photo = played.running("return_review"), played.running("flaw_photo_review")
    assert review is not None
    assert photo is not None
    assert review.due_at == later(since, 72 * HOUR)
    assert photo.due_at == later(played.now, 2 * HOUR)


WEIGHTS: Mapping[str, tuple[Ground, tuple[Deed, ...], dict[str, tuple[str, int]], int]] = {
    # name: (matter, what happens, subject → (class, points), priority)
    "a question": (ASKED, (), {}, 4),
    "a super member's question": (
        Ground(standing={"tier": "super"}, opening=ASKED.opening),
        (),
        {"value": ("super_member", 15)},
        3,
    ),
    "a big spender's question": (
        Ground(standing={"tier": "ordinary", "spend_minor": 1_000_001}, opening=ASKED.opening),
        (),
        {"value": ("vip", 30)},
        3,
    ),
    "a top member's question": (
        Ground(standing={"tier": "top"}, opening=ASKED.opening),
        (),
        {"value": ("top_member", 40)},
        2,
    ),
    "a complaint": (
        Ground(opening=complaint(reason="other")),
        (),
        {"weight": ("complaint", 20)},
        3,
    ),
    "a late parcel": (
        promise("medium_priority_closed").ground,
        (),
        {"weight": ("complaint", 20), "effect": ("medium_priority", 15)},
        2,
    ),
    "a dispute": (
        Ground(opening=dispute(reason="other")),
        (),
        {"weight": ("dispute", 35)},
        2,
    ),
    "a dispute about baby goods": (
        Ground(order={"category": "mother_and_baby"}, opening=dispute()),
        (),
        {"weight": ("dispute", 35), "effect": ("high_priority", 35)},
        1,
    ),
    "a question about dear goods": (
        Ground(order={"paid": (500_001,), "category": "homeware"}, opening=ASKED.opening),
        (),
        {"effect": ("large_amount", 25)},
        3,
    ),
    "a question about goods from abroad": (
        Ground(order={"services": ["cross_border"]}, opening=ASKED.opening),
        (),
        {"difficulty": ("cross_border", 10)},
        4,
    ),
    "a baby's buyer who sends something back": (
        Ground(
            standing={"tier": "ordinary", "bought": ["mother_and_baby"]},
            opening=complaint(remedy="return"),
        ),
        (),
        {"weight": ("complaint", 20), "effect": ("baby_return", 35)},
        2,
    ),
    "electronics that go back abroad": (
        Ground(
            order={"services": ["cross_border"], "category": "electronics"},
            opening=complaint(remedy="return"),
        ),
        (),
        {"weight": ("complaint", 20), "difficulty": ("cross_border_electronics", 45)},
        2,
    ),
    "a dispute about goods from abroad": (
        promise("complex_framework").ground,
        (),
        {"weight": ("dispute", 35), "difficulty": ("complex", 20)},
        2,
    ),
    "a complaint in public": (
        Ground(opening=complaint(reason="other", channel="social_media")),
        (),
        {"weight": ("complaint", 20), "effect": ("public_opinion", 40)},
        2,
    ),
    "an angry complaint": (
        Ground(opening=complaint(reason="other")),
        (reported("negative_sentiment"),),
        {"weight": ("complaint", 20), "urgency": ("negative", 40)},
        2,
    ),
    "a complaint about a fire": (
        Ground(
            opening={
                "kind": "complaint",
                "scenario": "product",
                "reason": "other",
                "statement": "It caught fire and burned my hand.",
            }
        ),
        (),
        {"weight": ("complaint", 20), "urgency": ("pressing", 30)},
        2,
    ),
    "a question about a price": (
        Ground(opening={**ASKED.opening, "statement": "What about price protection?"}),
        (),
        {"urgency": ("middling", 10)},
        4,
    ),
}
"""Every weight of a priority, alone or at the very sum at which the next priority begins."""


def priority_is_computed_from_what_is_on_record(begin: Begin, name: str) -> int:
    """SL-27: value, urgency, effect and difficulty, each with what it weighs; the sum ranks."""
    ground, deeds, inputs, expected = WEIGHTS[name]
    played = opened(begin, ground)
    does(played, *deeds)
    found = played.facts("ticket.prioritised")
    if not inputs:
        assert found == []
        return expected
    data = found[-1].data
    told = {one["name"]: (one["value"], one["points"]) for one in data["inputs"]}
    assert told == inputs
    assert data["points"] == sum(points for _, points in inputs.values())
    assert data["priority"] == expected
    return expected


def return_goes_back_until(
    begin: Begin,
    *,
    category: str,
    reason: str,
    days: int | None,
    clause: str,
    opened_goods: bool | None = None,
) -> None:
    """DI-07: a return reviewed at the last instant of its time, and a microsecond after it."""
    last = timedelta(days=days or 0)
    for more, eligible in ((timedelta(0), days is not None), (MOMENT, False)):
        order = {"category": category, "signed_ago": last + more}
        opening = complaint(remedy="return", reason=reason)
        played = opened(begin, Ground(order=order, opening=opening))
        take_up(played)
        does(played, Deed(AGENT, "return-review", {"opened": opened_goods}))
        data = played.facts("return.reviewed")[-1].data
        ruled_out = clause if days is None else "returns.window_passed"
        assert data["eligible"] is eligible, (category, reason, last + more)
        assert data["clause"] == (clause if eligible else ruled_out)
        assert data["days_since_signing"] == last.days


RETURNS: tuple[dict[str, Any], ...] = (
    {"category": "bags", "reason": "changed_mind", "days": 7, "clause": "returns.no_reason"},
    {"category": "bags", "reason": "quality_fault", "days": 30, "clause": "returns.quality"},
    {
        "category": "custom_made",
        "reason": "changed_mind",
        "days": None,
        "clause": "returns.excluded",
    },
    {
        "category": "fresh_food",
        "reason": "changed_mind",
        "days": None,
        "clause": "returns.excluded",
    },
    {"category": "custom_made", "reason": "quality_fault", "days": 30, "clause": "returns.quality"},
    *(
        {
            "category": category,
            "reason": "changed_mind",
            "days": days,
            "clause": clause,
            "opened_goods": is_open,
        }
        for category in ("digital_content", "cosmetics", "mother_and_baby", "underwear")
        for is_open, days, clause in (
            (True, None, "returns.opened"),
            (False, 7, "returns.no_reason"),
        )
    ),
)
"""Which goods go back until when, and by which clause."""


ANSWERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    # topic: (a sentence with the book's figure, sentences with another one)
    "price_protection": (
        "价格保护7天。",
        ("价格保护30天。", "价格保护8天。", "The price protection lasts 30 days."),
    ),
    "return_without_reason": ("七天无理由退货。", ("8天无理由退货。",)),
    "return_for_quality": (
        "Faulty goods can be returned within 30 days.",
        ("Faulty goods can be returned within 31 days.",),
    ),
    "refund_to_balance": (
        "A refund to the balance takes 2 hours.",
        ("A refund to the balance takes 3 hours.",),
    ),
    "refund_to_card": (
        "A refund to the card takes 12 hours.",
        ("A refund to the card takes 13 hours.",),
    ),
    "return_review": (
        "The return review takes 72 hours.",
        ("The return review takes 73 hours.",),
    ),
    "ruling": ("平台介入后48小时裁决。", ("平台介入后49小时裁决。",)),
    "late_delivery": ("迟到赔订单金额的2%。", ("迟到赔订单金额的3%。",)),
}


def an_answer_that_differs_from_the_book_is_flagged(begin: Begin, topic: str) -> None:
    """DI-14: the book's figure passes, every other one is on record with both figures."""
    same, others = ANSWERS[topic]
    played = opened(begin, COMPLAINED)
    does(played, Deed(AGENT, "messages", {"text": same}))
    assert played.facts("answer.differed") == []
    for number, text in enumerate(others, start=1):
        does(played, Deed(AGENT, "messages", {"text": text}))
        found = played.facts("answer.differed")
        assert len(found) == number, text
        assert found[-1].data["topic"] == topic
        assert found[-1].data["said"] != found[-1].data["book"]


def due_in(played: Played, topic: str, name: str) -> Instant:
    """Return until when a deadline was given, by its latest fact."""
    given = [one for one in played.facts(topic) if one.data["deadline"] == name]
    due_at: Instant = given[-1].data["due_at"]
    return due_at
