"""RO-02, RO-03, KN-03, DI-10: who is given a matter, and why not the others."""

from datetime import timedelta
from typing import Any

import pytest

from api.dispatching import Dispatching
from domain.events import AssignmentReleased
from domain.values import later
from tests.acceptance.matters import opened
from tests.acceptance.platform import AGENT, SUPERVISOR
from tests.acceptance.staff import EXPERT, MICROSECOND, MINUTE, Staff
from tests.rows.promises import promise

LARGE = 500_000
"""Up to this many fen a dispute is none of high value."""
SPEND = 1_000_000
"""Up to this many fen a year's spend buys no agent of one's own."""
LEASE = timedelta(minutes=10)
DISPUTE = {"kind": "dispute", "category": "furniture"}
CONSULTED = {"category": "furniture", "reason": "other", "scenario": "service"}
ANGRY = "I am furious, this is unacceptable."


def test_ro_02_a_matter_goes_to_who_is_able_and_there(staff: Staff) -> None:
    """Every agent of the desk stands on record, with a score or the reason against."""
    staff.hire("able")
    staff.hire("unskilled", skills=())
    staff.hire("away", there=False)
    staff.hire("elsewhere", desk="live_desk")
    ticket = staff.matter()
    assert staff.given_to(ticket) == "able"
    assert staff.against(ticket) == {
        "able": None,
        "unskilled": "skill:senior",
        "away": "off_shift",
    }
    assert staff.chosen(ticket)["policy"] == "2026-11-22"


def test_ro_02_who_carries_less_is_given_more(staff: Staff) -> None:
    """Load is looked at: the second matter goes to the second agent."""
    staff.hire("a-1")
    staff.hire("a-2")
    first = staff.given_to(staff.matter())
    assert {first, staff.given_to(staff.matter())} == {"a-1", "a-2"}
    assert [staff.look(one)["agent"]["open"] for one in ("a-1", "a-2")] == [1, 1]
    assert staff.look("a-1")["agent"]["load_bp"] == 500
    assert len(staff.look("a-1")["assignments"]) == 1


def test_ro_02_nobody_is_given_what_an_empty_desk_must_wait_for(staff: Staff) -> None:
    """A matter waits until somebody comes, and then nobody has to remember it."""
    staff.hire("a-1", there=False)
    ticket = staff.matter()
    assert staff.given_to(ticket) is None
    staff.do("a-1", "/shifts")
    assert staff.given_to(ticket) == "a-1"
    staff.do("a-1", "/shifts/end")
    assert staff.given_to(staff.matter()) is None


@pytest.mark.parametrize("missing", EXPERT)
def test_ro_02_a_high_value_dispute_goes_to_the_certified_alone(staff: Staff, missing: str) -> None:
    """Product knowledge, law and psychology: two of three are not enough."""
    staff.hire("half", "expert_desk", passed=[one for one in EXPERT if one != missing])
    ticket = staff.matter(paid_minor=LARGE + 1, **DISPUTE)
    assert staff.queue_of(ticket) == "high_value"
    assert staff.given_to(ticket) is None
    staff.hire("expert", "expert_desk", passed=EXPERT)
    assert staff.given_to(ticket) == "expert"
    assert staff.against(ticket) == {"expert": None, "half": f"certificate:{missing}"}


def test_ro_02_at_the_limit_a_dispute_is_none_of_high_value(staff: Staff) -> None:
    """Above 5,000.00 it is, at 5,000.00 any senior may work on it."""
    staff.hire("senior")
    ticket = staff.matter(paid_minor=LARGE, **DISPUTE)
    assert (staff.given_to(ticket), staff.queue_of(ticket)) == ("senior", "senior")


def test_kn_03_a_certificate_counts_until_the_instant_it_expires(staff: Staff) -> None:
    """A microsecond before it is good, at the instant itself it is not."""
    end = later(staff.platform.now.at, timedelta(hours=1))
    staff.hire("expert", "expert_desk", passed=EXPERT, until=end)
    staff.platform.now.move(later(end, -MICROSECOND))
    assert staff.given_to(staff.matter(paid_minor=LARGE + 1, **DISPUTE)) == "expert"
    staff.platform.now.move(end)
    ticket = staff.matter(paid_minor=LARGE + 1, **DISPUTE)
    assert staff.given_to(ticket) is None
    staff.platform.refused("agent:expert", ticket, "assignment", code="not_fit")
    renewed = {"certificate": "product", "expires_at": later(end, timedelta(days=1))}
    for one in EXPERT:
        staff.do("expert", "/certificates", {**renewed, "certificate": one})
    assert staff.given_to(ticket) == "expert"


def test_kn_03_a_certificate_that_is_withdrawn_counts_no_more(staff: Staff) -> None:
    """The next matter is not given, and may not be taken either."""
    staff.hire("expert", "expert_desk", passed=EXPERT)
    staff.do("expert", "/certificates/withdrawal", {"certificate": "law", "why": "audit"})
    ticket = staff.matter(paid_minor=LARGE + 1, **DISPUTE)
    assert staff.given_to(ticket) is None
    told = staff.platform.refused("agent:expert", ticket, "assignment", code="not_fit")
    assert told["reason"] == "certificate:law"
    assert "law" not in staff.look("expert")["agent"]["certificates"]


def test_kn_03_nothing_that_has_expired_is_granted(staff: Staff) -> None:
    """Now is too late, a microsecond on is not."""
    staff.hire("expert", "expert_desk")
    now = staff.platform.now.at
    body = {"certificate": "law", "expires_at": now}
    answer = staff.platform.call(SUPERVISOR, "/v1/agents/expert/certificates", body)
    assert (answer.status, answer.body["code"]) == (409, "unreasonable")
    staff.do("expert", "/certificates", {**body, "expires_at": later(now, MICROSECOND)})


@pytest.mark.parametrize("kind", ["consultation", "complaint", "dispute"])
def test_ro_02_luxury_is_for_who_passed_that_examination(staff: Staff, kind: str) -> None:
    """Whatever the matter is, and whatever else one has passed."""
    staff.hire("expert", "expert_desk", skills=["luxury"], passed=EXPERT)
    ticket = staff.matter(category="luxury", kind=kind, paid_minor=1_000)
    assert staff.given_to(ticket) is None
    told = staff.platform.refused("agent:expert", ticket, "assignment", code="not_fit")
    assert told["reason"] == "certificate:luxury"
    staff.platform.refused(AGENT, ticket, "assignment", code="not_fit")
    staff.do(
        "expert",
        "/certificates",
        {"certificate": "luxury", "expires_at": later(staff.platform.now.at, MINUTE)},
    )
    assert staff.given_to(ticket) == "expert"


def test_ro_02_a_vip_brings_a_high_value_dispute_to_the_certified_too(staff: Staff) -> None:
    """The VIP queue asks for no certificate; the matter does."""
    staff.value("b-7", "top", 0)
    staff.hire("v-1", "vip_desk", skills=["vip", "senior"])
    staff.hire("v-2", "vip_desk", skills=["vip", "senior"], passed=EXPERT)
    ticket = staff.matter(buyer="b-7", paid_minor=LARGE + 1, **DISPUTE)
    assert (staff.given_to(ticket), staff.queue_of(ticket)) == ("v-2", "vip")
    assert staff.against(ticket) == {"v-1": "certificate:law", "v-2": None}


WORK: dict[str, dict[str, Any]] = {
    "acceptance": {},
    "answers": {"text": "We are on it.", "resolves": False},
    "messages": {"text": "We are on it."},
    "plans": {"level": "plan", "text": "A new one is sent."},
    "return-review": {},
    "department-requests": {"departments": ["legal"], "question": "May we?"},
    "wait": {"on": "buyer", "why": "photo"},
    "remedies": {"terms": {"kind": "coupon", "amount": {"amount_minor": 100, "currency": "CNY"}}},
    "diagnosis": {"kind": "complaint", "scenario": "product", "responsible": "merchant"},
}


@pytest.mark.parametrize("path", WORK)
@pytest.mark.parametrize(
    ("lacks", "said"),
    [
        ("luxury", {"category": "luxury", "kind": "complaint", "paid_minor": 1_000}),
        ("law", {**DISPUTE, "paid_minor": LARGE + 1}),
    ],
)
def test_ro_02_who_lacks_a_certificate_does_no_work_unclaimed_either(
    staff: Staff, path: str, lacks: str, said: dict[str, Any]
) -> None:
    """Whatever the work is, and whether or not anybody claimed the matter; nobody unknown works."""
    others = {"luxury", *EXPERT} - {lacks}
    staff.hire("half", "brand_lead", skills=["luxury", "senior"], passed=sorted(others))
    staff.hire("whole", "brand_lead", skills=["senior"], passed=[*sorted(others), lacks])
    ticket = staff.matter(**said)
    if path != "acceptance":
        staff.platform.do("agent:whole", ticket, "acceptance")
    for who in ("agent:half", "agent:stranger"):
        told = staff.platform.refused(who, ticket, path, WORK[path], code="not_fit")
    assert told["reason"].startswith("certificate:")
    half = staff.platform.refused("agent:half", ticket, path, WORK[path], code="not_fit")
    assert half["reason"] == f"certificate:{lacks}"
    staff.platform.do("agent:whole", ticket, path, WORK[path])


def test_ro_02_what_may_be_done_tells_of_the_missing_certificate(staff: Staff) -> None:
    """Blocked with the same reason the judgement gives; passing on and taking notes is free."""
    staff.hire("half", "brand_lead")
    staff.hire("whole", "brand_lead", passed=["luxury"])
    ticket = staff.matter(category="luxury", paid_minor=1_000)
    staff.platform.do("agent:whole", ticket, "acceptance")
    told = {one["name"]: one for one in staff.platform.ticket("agent:half", ticket)["actions"]}
    for name in ("take_assignment", "give_answer", "give_plan", "send_message", "grant_remedy"):
        assert told[name]["blocked"]["code"] == "not_fit", name
    for name in ("add_note", "queue_ticket", "report_fact"):
        assert told[name]["blocked"] is None, name
    free = {one["name"] for one in staff.platform.ticket("agent:whole", ticket)["actions"]}
    assert free == set(told)
    staff.platform.do("agent:half", ticket, "notes", {"text": "For the experts."})
    staff.platform.do(SUPERVISOR, ticket, "messages", {"text": "We are on it."})


def test_ro_02_who_works_on_it_stops_with_the_certificate(staff: Staff) -> None:
    """At the instant of its expiry the assignee works no more, and may still let the matter go."""
    end = later(staff.platform.now.at, timedelta(hours=1))
    staff.hire("expert", "brand_lead", skills=["luxury"], passed=["luxury"], until=end)
    ticket = staff.matter(category="luxury", paid_minor=1_000)
    staff.platform.settle()
    staff.platform.do("agent:expert", ticket, "assignment")
    staff.platform.do("agent:expert", ticket, "acceptance")
    staff.platform.now.move(later(end, -MICROSECOND))
    staff.platform.do("agent:expert", ticket, "answers", WORK["answers"])
    staff.platform.now.move(end)
    told = staff.platform.refused(
        "agent:expert", ticket, "answers", WORK["answers"], code="not_fit"
    )
    assert told["reason"] == "certificate_expired:luxury"
    staff.platform.do("agent:expert", ticket, "assignment/release")


def corrected(staff: Staff, ticket: str, kind: str) -> None:
    """Have a supervisor say what a matter really is."""
    said = {"kind": kind, "scenario": "product", "responsible": "merchant"}
    staff.platform.do(SUPERVISOR, ticket, "diagnosis", said)


def let_go(staff: Staff, ticket: str) -> list[str]:
    """Return who let go of a matter, as it stands on record."""
    return [
        one.event.agent
        for one in staff.records(ticket)
        if isinstance(one.event, AssignmentReleased)
    ]


def why_let_go(staff: Staff, ticket: str) -> list[str]:
    """Return what is told of who let go, and that nothing of it is held against the record."""
    path = f"/v1/tickets/{ticket}/explain?what=assignment"
    told = staff.platform.read(SUPERVISOR, path)["decisions"]
    assert not any(one["recomputed"] is False for one in told), told
    return [one["result"]["what"] for one in told if "lacks" in one["result"].get("what", "")]


def test_ro_02_who_may_not_work_where_a_correction_brings_a_matter_lets_go(staff: Staff) -> None:
    """Of high value it asks for certificates: without them nobody keeps it from the certified."""
    staff.hire("senior")
    ticket = staff.matter(paid_minor=LARGE + 1, category="furniture")
    assert staff.given_to(ticket) == "senior"
    staff.platform.do("agent:senior", ticket, "acceptance")
    staff.hire("expert", "expert_desk", skills=(), passed=EXPERT)
    corrected(staff, ticket, "dispute")
    assert (staff.given_to(ticket), staff.queue_of(ticket)) == ("expert", "high_value")
    assert let_go(staff, ticket) == ["senior"]
    (why,) = why_let_go(staff, ticket)
    assert why == "lacks a skill or certificate that the matter asks for in high_value"
    staff.platform.do("agent:expert", ticket, "messages", {"text": "We are on it."})


@pytest.mark.parametrize(
    ("skills", "passed"), [(("senior",), ()), (("senior", "vip"), EXPERT), ((), EXPERT)]
)
def test_ro_02_who_lacks_a_skill_where_a_class_brings_a_matter_lets_go(
    staff: Staff, skills: tuple[str, ...], passed: tuple[str, ...]
) -> None:
    """A complaint is for seniors (SL-02); who is one keeps it, and works on without a break."""
    staff.hire("first", "general_desk", skills=skills, passed=passed)
    ticket = staff.matter(kind="consultation", paid_minor=LARGE, **CONSULTED)
    staff.platform.pass_by(3 * MINUTE)
    assert (staff.given_to(ticket), staff.queue_of(ticket)) == ("first", "general")
    staff.platform.do("agent:first", ticket, "acceptance")
    staff.hire("second")
    corrected(staff, ticket, "complaint")
    keeps = "senior" in skills
    assert staff.queue_of(ticket) == "senior"
    assert staff.given_to(ticket) == ("first" if keeps else "second")
    assert let_go(staff, ticket) == ([] if keeps else ["first"])


def test_ro_02_who_may_not_work_where_a_breach_brings_a_matter_lets_go(staff: Staff) -> None:
    """SL-04: the seller's team was silent for two hours; the desk of live goods has no seniors."""
    staff.hire("live", "live_desk", skills=("live",))
    ticket = opened(staff.platform, promise("live_host_answer").ground).ticket
    assert (staff.given_to(ticket), staff.queue_of(ticket)) == ("live", "live")
    staff.platform.do("agent:live", ticket, "acceptance")
    staff.hire("senior")
    staff.platform.pass_by(timedelta(hours=2))
    assert (staff.given_to(ticket), staff.queue_of(ticket)) == ("senior", "senior")
    assert let_go(staff, ticket) == ["live"]


def test_ro_02_a_supervisor_answers_for_a_matter_wherever_it_goes(staff: Staff) -> None:
    """They may work on anything, so nothing is taken from them, and nothing has expired."""
    ticket = staff.matter(paid_minor=LARGE + 1, category="furniture")
    staff.platform.settle()
    staff.platform.do(SUPERVISOR, ticket, "assignment")
    staff.hire("expert", "expert_desk", passed=EXPERT)
    corrected(staff, ticket, "dispute")
    assert staff.given_to(ticket) == SUPERVISOR.partition(":")[2]
    assert (staff.queue_of(ticket), let_go(staff, ticket)) == ("high_value", [])


@pytest.mark.parametrize("buyer", ["b-1", "b-7"])
def test_kn_03_what_somebody_works_on_goes_to_others_when_a_certificate_expires(
    staff: Staff, buyer: str
) -> None:
    """Up to that instant it is theirs; from it on the next round takes it, in the VIP queue too."""
    staff.value("b-7", "top", 0)
    desk = "vip_desk" if buyer == "b-7" else "expert_desk"
    end = later(staff.platform.now.at, timedelta(hours=1))
    staff.hire("first", desk, skills=["vip"], passed=EXPERT, until=end)
    ticket = staff.matter(buyer=buyer, paid_minor=LARGE + 1, **DISPUTE)
    assert staff.given_to(ticket) == "first"
    staff.platform.do("agent:first", ticket, "acceptance")
    staff.hire("second", desk, skills=["vip"], passed=EXPERT)
    staff.platform.move_to(later(end, -MICROSECOND))
    assert staff.given_to(ticket) == "first"
    staff.platform.move_to(end)
    assert staff.given_to(ticket) == "second"
    assert let_go(staff, ticket) == ["first"]
    assert staff.against(ticket)["first"] == "certificate_expired:law"
    staff.platform.do("agent:second", ticket, "messages", {"text": "We are on it."})


def test_kn_03_all_that_somebody_works_on_is_taken_page_by_page(staff: Staff) -> None:
    """However much it is: a round looks at two pages of a list, and each matter goes back once."""
    end = later(staff.platform.now.at, timedelta(hours=1))
    staff.hire("first", "expert_desk", skills=("senior",), passed=EXPERT, until=end)
    tickets = [staff.matter(paid_minor=LARGE + 1, **DISPUTE) for _ in range(3)]
    other = staff.matter()
    staff.platform.settle()
    staff.platform.do("agent:first", other, "assignment")
    staff.platform.now.move(end)
    parts = staff.platform.parts
    dispatching = Dispatching(parts, parts.ledger.submit, page_size=1)
    taken = []
    for _ in range(3):
        assert parts.views.catch_up(60)
        taken.append(dispatching.step())
    assert taken == [2, 1, 0]
    assert [let_go(staff, one) for one in tickets] == [["first"]] * 3
    assert let_go(staff, other) == [], "it asks for no certificate"


def test_kn_03_what_somebody_works_on_waits_when_a_certificate_is_withdrawn(staff: Staff) -> None:
    """Nobody else is there: it waits for whoever has one, and is open to their claim."""
    staff.hire("first", "expert_desk", skills=(), passed=EXPERT)
    ticket = staff.matter(paid_minor=LARGE + 1, **DISPUTE)
    other = staff.matter()
    assert staff.given_to(ticket) == "first"
    staff.do("first", "/certificates/withdrawal", {"certificate": "law", "why": "audit"})
    assert (staff.given_to(ticket), staff.given_to(other)) == (None, None)
    assert let_go(staff, ticket) == ["first"]
    path = f"/v1/tickets/{ticket}/explain?what=assignment"
    told = staff.platform.read(SUPERVISOR, path)["decisions"][-1]
    assert told["result"]["what"].startswith("was not to work on the matter")
    staff.hire("second", "expert_desk", passed=EXPERT)
    assert staff.given_to(ticket) == "second"


@pytest.mark.parametrize(
    ("tier", "spend_minor", "desk", "same"),
    [
        pytest.param("ordinary", SPEND, "senior_desk", False, id="10,000.00 is not above"),
        pytest.param("ordinary", SPEND + 1, "vip_desk", True, id="10,000.01 is above"),
        pytest.param("top", 0, "vip_desk", True, id="a top member"),
    ],
)
def test_ro_02_who_spends_enough_keeps_the_agent(
    staff: Staff, tier: str, spend_minor: int, desk: str, *, same: bool
) -> None:
    """The same agent as before, although another one has nothing to do."""
    staff.value("b-7", tier, spend_minor)
    staff.hire("first", desk, skills=["vip", "senior"])
    assert staff.given_to(staff.matter(buyer="b-7")) == "first"
    staff.hire("other", desk, skills=["vip", "senior"])
    assert staff.given_to(staff.matter(buyer="b-7")) == ("first" if same else "other")


def test_ro_02_a_dedicated_agent_who_is_away_is_replaced(staff: Staff) -> None:
    """To keep one's agent is not to wait for one's agent."""
    staff.value("b-7", "top", 0)
    staff.hire("first", "vip_desk", skills=["vip"])
    assert staff.given_to(staff.matter(buyer="b-7")) == "first"
    staff.hire("other", "vip_desk", skills=["vip"])
    staff.do("first", "/shifts/end")
    assert staff.given_to(staff.matter(buyer="b-7")) == "other"


def test_ro_02_whoever_is_quicker_does_not_take_a_vip_from_their_own_agent(staff: Staff) -> None:
    """The claim waits for the buyer's agent while they are there, and actions[] say the same."""
    staff.value("b-7", "top", 0)
    staff.hire("first", "vip_desk", skills=["vip", "senior"])
    assert staff.given_to(staff.matter(buyer="b-7")) == "first"
    staff.hire("other", "brand_lead", skills=["vip", "senior"])
    ticket = staff.matter(buyer="b-7")
    assert staff.platform.parts.views.catch_up(60)
    told = staff.platform.refused("agent:other", ticket, "assignment", code="not_fit")
    assert told["reason"] == "dedicated_to_another"
    assert staff.may_take("agent:other", ticket) == "not_fit"
    assert staff.may_take("agent:first", ticket) is None
    staff.do("first", "/shifts/end")
    assert staff.platform.parts.views.catch_up(60)
    assert staff.may_take("agent:other", ticket) is None
    staff.platform.do("agent:other", ticket, "assignment")


def test_ro_02_a_plan_that_a_senior_owes_is_given_to_one_who_is(staff: Staff) -> None:
    """SL-05 asks for more than the queue does: who can keep it comes first, and else who is there.

    Work that nobody is given helps no buyer, so the promise is no condition of the assignment.
    """
    staff.hire("baby", skills=["mother_and_baby"])
    alone = staff.matter(category="mother_and_baby")
    assert (staff.given_to(alone), staff.queue_of(alone)) == ("baby", "mother_and_baby")
    staff.hire("both", skills=["mother_and_baby", "senior"])
    staff.matter(category="mother_and_baby")
    urgent = staff.matter(category="mother_and_baby")
    assert (staff.given_to(urgent), staff.queue_of(urgent)) == ("both", "mother_and_baby")
    assert staff.against(urgent) == {"baby": None, "both": None}
    asked = staff.matter(category="mother_and_baby", kind="consultation")
    assert (staff.given_to(asked), staff.queue_of(asked)) == ("baby", "mother_and_baby")


@pytest.mark.parametrize("party", ["buyer", "merchant"])
def test_ro_02_nobody_is_given_or_takes_a_matter_of_their_own(staff: Staff, party: str) -> None:
    """An agent who buys or sells is a party like any other."""
    staff.hire("p-1")
    ticket = staff.matter(**{party: "p-1"})
    assert staff.given_to(ticket) is None
    staff.platform.refused("agent:p-1", ticket, "assignment", code="conflict_of_interest")
    staff.hire("a-1")
    assert staff.given_to(ticket) == "a-1"
    assert staff.against(ticket)["p-1"] == "conflict_of_interest"


# --- DI-10 ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("good_bp", "chosen"), [(9_500, "rated"), (9_499, "idle")])
def test_di_10_an_angry_buyer_is_given_a_top_rated_agent(
    staff: Staff, good_bp: int, chosen: str
) -> None:
    """From 95 % good answers on, however busy; below that, load counts as for everybody."""
    staff.hire("rated", good_bp=good_bp)
    calm = staff.matter()
    assert staff.given_to(calm) == "rated"
    staff.hire("idle", good_bp=9_499 if chosen == "idle" else 9_400)
    assert staff.given_to(staff.matter(statement=ANGRY)) == chosen


@pytest.mark.parametrize(("good_bp", "holds"), [(9_499, False), (9_500, True)])
def test_di_10_a_top_rated_agent_takes_over(staff: Staff, good_bp: int, *, holds: bool) -> None:
    """Emotions that come later take the matter from an agent who is not top-rated."""
    staff.hire("a-1", good_bp=good_bp)
    ticket = staff.matter()
    assert staff.given_to(ticket) == "a-1"
    staff.hire("top", good_bp=9_900)
    assert staff.given_to(ticket) == "a-1"
    staff.platform.do("buyer:b-1", ticket, "messages", {"text": ANGRY})
    assert staff.given_to(ticket) == ("a-1" if holds else "top")
    assert staff.platform.topics(ticket).count("assignment.chosen") == (1 if holds else 2)


def test_di_10_a_supervisor_keeps_an_angry_buyers_matter(staff: Staff) -> None:
    """Who took it as a supervisor is not relieved by the platform."""
    staff.hire("top", good_bp=9_900, there=False)
    ticket = staff.matter(statement=ANGRY)
    staff.platform.do(SUPERVISOR, ticket, "assignment")
    staff.do("top", "/shifts")
    assert staff.given_to(ticket) == "sup-1"


# --- Leases -----------------------------------------------------------------------------------


def test_a_silent_agent_loses_the_matter_to_another(staff: Staff) -> None:
    """A microsecond before the lease is over nothing happens; then the next one has a turn."""
    staff.hire("a-1")
    ticket = staff.matter()
    assert staff.given_to(ticket) == "a-1"
    staff.hire("a-2")
    for _ in range(3):
        assert staff.given_to(staff.matter()) is not None
    staff.platform.pass_by(LEASE - MICROSECOND)
    assert staff.given_to(ticket) == "a-1"
    staff.platform.pass_by(MICROSECOND)
    assert staff.given_to(ticket) == "a-2"
    assert staff.platform.topics(ticket).count("assignment.lapsed") == 1
    silent = next(one for one in staff.chosen(ticket)["candidates"] if one["agent"] == "a-1")
    assert silent["score"] < 0


def test_the_only_agent_is_asked_again(staff: Staff) -> None:
    """Silence ranks last; where nobody else is, last is still somebody."""
    staff.hire("a-1")
    ticket = staff.matter()
    assert staff.given_to(ticket) == "a-1"
    staff.platform.pass_by(LEASE)
    assert staff.given_to(ticket) == "a-1"
    assert staff.platform.topics(ticket).count("assignment.chosen") == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("acceptance", {}),
        ("messages", {"text": "We are on it."}),
        ("answers", {"text": "We are on it.", "resolves": False}),
        ("plans", {"level": "framework", "text": "A refund."}),
    ],
)
def test_an_agent_who_does_something_is_not_silent(
    staff: Staff, path: str, body: dict[str, Any]
) -> None:
    """Taking up, writing, answering and planning all end the lease."""
    staff.hire("a-1")
    ticket = staff.matter()
    if path in {"answers", "plans"}:
        staff.platform.do(SUPERVISOR, ticket, "acceptance")
    assert staff.given_to(ticket) == "a-1"
    staff.platform.do("agent:a-1", ticket, path, body)
    staff.platform.pass_by(2 * LEASE)
    assert staff.given_to(ticket) == "a-1"
    assert "assignment.lapsed" not in staff.platform.topics(ticket)
