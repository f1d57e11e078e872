"""SL-13 to SL-18: rulings, reviews, departments, written resolutions, refunds, spoiled fruit."""

import pytest

from domain.ticket.departments import REQUESTS_MAX
from domain.values import later
from tests.acceptance.matters import OverHttp, begins, drive, opened
from tests.acceptance.platform import Platform
from tests.rows import special
from tests.rows.checks import WAITS, WAITS_NO_MORE, does
from tests.rows.played import AGENT, BUYER, MERCHANT, MOMENT, SUPERVISOR, Deed, Ground
from tests.rows.promises import (
    ACCEPTS,
    ASKED,
    BABY,
    COMPLAINED,
    DEPARTMENTS,
    FRESH,
    HOUR,
    IN_VAIN,
    INTERVENED,
    REFUND_APPROVED,
    RETURN,
    REVIEWS,
    SECOND,
    SETTLED,
    SETTLES,
    WRITTEN,
    complaint,
    promise,
    reported,
)

REQUESTED = "department.asked"


def test_sl_13_an_intervention_is_ruled_on_in_48_hours_that_never_pause(
    platform: Platform,
) -> None:
    """48 h from the request, waiting or not; then the arbitration lead."""
    drive(platform, "ruling")


def test_sl_13_evidence_deadlines_lie_inside_it(platform: Platform) -> None:
    """Both sides' 24 h end before the ruling is due, and no wait moves its due time."""
    matter = opened(platform, COMPLAINED)
    does(matter, *INTERVENED)
    requested = matter.now
    due = later(requested, 48 * HOUR)
    for side in ("buyer", "merchant"):
        evidence = matter.row()["deadlines"][f"evidence:{side}"]["due_at"]
        assert evidence == later(requested, 24 * HOUR)
        assert evidence < due
    does(matter, WAITS)
    matter.move_to(later(requested, 20 * HOUR))
    does(matter, WAITS_NO_MORE)
    running = matter.running("ruling")
    assert running is not None
    assert running.due_at == due
    assert matter.facts("clock.paused", "ruling") == []


def test_sl_14_a_return_request_is_reviewed_in_72_hours(platform: Platform) -> None:
    """72 h to the review, then the supervisor."""
    drive(platform, "return_review")


@pytest.mark.parametrize(
    "deed",
    [
        Deed(MERCHANT, "refusal", {"reasons": "It was worn."}),
        Deed(
            MERCHANT,
            "approval",
            {"terms": {"kind": "return", "amount": {"amount_minor": 399_900, "currency": "CNY"}}},
        ),
        REVIEWS,
    ],
)
def test_sl_14_merchant_or_desk_review_it(platform: Platform, deed: Deed) -> None:
    """An approval, a refusal and the book's own answer are reviews."""
    matter = opened(platform, RETURN)
    does(matter, ACCEPTS, deed)
    assert matter.facts("clock.stopped", "return_review")[0].data["kept"] is True


@pytest.mark.parametrize("photo", [False, True])
def test_sl_14_what_the_sides_agree_on_waits_for_no_review(
    platform: Platform, *, photo: bool
) -> None:
    """A repair agreed leaves no return to review, with a photo of the flaw or without (SL-26)."""
    clock = "flaw_photo_review" if photo else "return_review"
    matter = opened(platform, RETURN)
    does(matter, *((reported("flaw_photo"),) if photo else ()), *SETTLED)
    [cancelled] = matter.facts("clock.cancelled", clock)
    assert cancelled.data["why"] == "settled"
    matter.move_to(later(matter.now, 80 * HOUR))
    assert matter.facts("clock.breached", clock) == []


def test_sl_14_counts_from_the_request_that_asks_for_a_return(platform: Platform) -> None:
    """A claim that becomes a return is reviewed 72 h from then, and with what it becomes after."""
    matter = opened(platform, Ground(opening=complaint(remedy="exchange")))
    assert "return_review" not in special.clocks(matter)
    amended = Deed(BUYER, "claim", {"remedy": "return"}, after=HOUR)
    does(matter, amended)
    running = matter.running("return_review")
    assert running is not None
    assert running.due_at == later(matter.now, 72 * HOUR)
    does(matter, Deed(BUYER, "claim", {"remedy": "refund"}, after=HOUR))
    does(matter, Deed(MERCHANT, "refusal", {"reasons": "It was worn."}))
    assert matter.facts("clock.stopped", "return_review")[0].data["kept"] is True


def test_sl_15_a_departments_owner_gives_a_first_plan_in_two_hours(platform: Platform) -> None:
    """2 h to the first plan, waiting or not; then the director supervises."""
    drive(platform, "department_plan:D1")


def test_sl_15_two_departments_in_parallel(platform: Platform) -> None:
    """Each has its own clock: one answers in time, the other goes to the director."""
    special.departments_answer_in_parallel_each_in_its_own_time(begins(platform))


def test_sl_15_who_is_asked_already_is_not_asked_twice(platform: Platform) -> None:
    """A second request to the same department starts no second clock before it answered."""
    matter = opened(platform, COMPLAINED)
    does(matter, *DEPARTMENTS)
    again = {"departments": ["legal", "finance"], "question": "And now?"}
    does(matter, Deed(AGENT, "department-requests", again))
    asked = [one.data["department"] for one in matter.facts("department.asked")]
    assert asked == ["supply_chain", "legal", "finance"]


def test_sl_15_departments_of_an_earlier_round_are_asked_again(platform: Platform) -> None:
    """What nobody answered is moot with its round: the promise of the new one asks anew."""
    matter = opened(platform, BABY)
    does(matter, ACCEPTS, SETTLES, Deed(BUYER, "reopening", {"reason": "It is back."}, after=HOUR))
    asked = [(one.data["request"], one.data["department"]) for one in matter.facts(REQUESTED)]
    assert asked[2:] == [("D3", "supply_chain"), ("D4", "legal")]
    for request in ("D1", "D2"):
        assert matter.running(f"department_plan:{request}") is None
    for request in ("D3", "D4"):
        running = matter.running(f"department_plan:{request}")
        assert running is not None
        assert running.due_at == later(matter.now, 2 * HOUR)
    assert _requests(matter, "legal") == {"D2": "moot", "D4": "open"}
    does(matter, Deed(SUPERVISOR, "department-requests/D4/plan", {"plan": "Recall."}))
    assert _requests(matter, "legal") == {"D2": "moot", "D4": "planned"}


def test_sl_15_the_desk_asks_again_whom_an_earlier_round_asked_in_vain(
    platform: Platform,
) -> None:
    """Within a round nobody is asked twice; over rounds the ids count on."""
    matter = opened(platform, Ground(opening=complaint(reason="other")))
    legal = {"departments": ["legal"], "question": "May we?"}
    asks = Deed(AGENT, "department-requests", legal)
    does(matter, ACCEPTS, asks, SETTLES, Deed(BUYER, "reopening", after=HOUR), ACCEPTS, asks, asks)
    assert [one.data["request"] for one in matter.facts(REQUESTED)] == ["D1", "D2"]
    assert _targets(matter) == ["D2"]
    moot = Deed(SUPERVISOR, "department-requests/D1/plan", {"plan": "Yes."})
    matter.refused(moot, code="wrong_state")
    assert _requests(matter, "legal") == {"D1": "moot", "D2": "open"}


def test_sl_15_the_requests_of_all_rounds_are_counted_together(platform: Platform) -> None:
    """A new round is no way around how many requests a ticket holds."""
    matter = opened(platform, Ground(opening=complaint(reason="other")))
    names = ["supply_chain", "legal", "finance", "logistics"]
    asks = Deed(AGENT, "department-requests", {"departments": names, "question": "And now?"})
    for _ in range(REQUESTS_MAX // len(names)):
        does(matter, ACCEPTS, asks, SETTLES, Deed(BUYER, "reopening", after=HOUR))
    does(matter, ACCEPTS)
    assert len(matter.facts(REQUESTED)) == REQUESTS_MAX
    matter.refused(asks, code="limit_reached")


def _targets(matter: OverHttp) -> list[str]:
    """Return the requests that a supervisor is offered to answer."""
    actions = matter.seen(SUPERVISOR)["actions"]
    return [one["target"] for one in actions if one["name"] == "answer_for_department"]


def _requests(matter: OverHttp, department: str) -> dict[str, str]:
    """Return how the matter's requests to a department stand, as the list of them tells."""
    assert matter.platform.parts.views.catch_up(60)
    path = f"/v1/departments/{department}/requests"
    items = matter.platform.read(SUPERVISOR, path)["items"]
    return {one["request"]: one["state"] for one in items if one["ticket"] == matter.ticket}


def test_sl_15_the_owners_desk_answers_and_nobody_else(platform: Platform) -> None:
    """A supervisor of another desk is refused, an agent of the owner's answers; actions[] agree."""
    matter = opened(platform, COMPLAINED)
    for who, desk in (("sup-8", "supervisor"), ("ag-9", "payment_owner"), ("ag-8", "senior_desk")):
        employed(platform, who, desk)
    asked = {"departments": ["finance"], "question": "Was it paid?"}
    does(matter, ACCEPTS, Deed(AGENT, "department-requests", asked))
    answer = Deed("supervisor:sup-8", "department-requests/D1/plan", {"plan": "It was."})
    for who in ("supervisor:sup-8", "agent:ag-8", "supervisor:nobody", SUPERVISOR):
        matter.refused(answer._replace(who=who), code="not_fit")
        assert "answer_for_department" not in matter.offered(who)
    assert "answer_for_department" in matter.offered("agent:ag-9")
    does(matter, answer._replace(who="agent:ag-9"))
    assert matter.facts("clock.stopped", "department_plan:D1")[0].data["kept"] is True


def test_sl_15_after_the_breach_the_director_answers_too(platform: Platform) -> None:
    """Whose desk the clock was escalated to may answer from then on, and not before."""
    matter = opened(platform, COMPLAINED)
    asked = {"departments": ["finance"], "question": "Was it paid?"}
    does(matter, ACCEPTS, Deed(AGENT, "department-requests", asked))
    answer = Deed(SUPERVISOR, "department-requests/D1/plan", {"plan": "It was."})
    begun = matter.now
    matter.move_to(later(begun, 2 * HOUR - MOMENT))
    matter.refused(answer, code="not_fit")
    matter.move_to(later(begun, 2 * HOUR))
    does(matter, answer)
    assert matter.facts("clock.stopped", "department_plan:D1")[0].data["kept"] is False


def test_sl_15_who_works_on_the_matter_does_not_hold_up_the_owner(platform: Platform) -> None:
    """A claim is of the matter: the department's people answer beside it; a party never does."""
    matter = opened(platform, COMPLAINED)
    employed(platform, "ag-9", "payment_owner")
    employed(platform, "m-1", "payment_owner")
    asked = {"departments": ["finance"], "question": "Was it paid?"}
    does(matter, ACCEPTS)
    platform.settle()
    does(matter, Deed(AGENT, "assignment"), Deed(AGENT, "department-requests", asked))
    answer = Deed("agent:ag-9", "department-requests/D1/plan", {"plan": "It was."})
    matter.refused(answer._replace(who="agent:m-1"), code="conflict_of_interest")
    does(matter, answer)


def test_sl_16_a_written_resolution_in_48_hours(platform: Platform) -> None:
    """48 h from the second fruitless contact, warned of twice, then the director."""
    drive(platform, "written_resolution")


def test_sl_16_two_fruitless_contacts_ask_for_it(platform: Platform) -> None:
    """One does not; nor does a word nobody answered in between, or a satisfied one."""
    special.two_fruitless_contacts_ask_for_a_written_resolution(begins(platform))


def test_sl_16_senior_agent_and_supervisor_together_with_compensation(platform: Platform) -> None:
    """A supervisor alone writes none, an agent alone keeps none; the compensation is owed."""
    matter = opened(platform, COMPLAINED)
    written, signed = WRITTEN
    does(matter, ACCEPTS)
    matter.refused(written, code="wrong_state")
    does(matter, *IN_VAIN, *IN_VAIN)
    matter.refused(written._replace(who="supervisor:sup-1"), code="not_your_role")
    matter.refused(signed, code="wrong_state")
    does(matter, written)
    assert matter.seen()["remedies"] == [], "nothing is owed before both stand for it"
    matter.refused(signed._replace(who=AGENT), code="not_your_role")
    assert matter.running("written_resolution") is not None
    does(matter, signed._replace(after=SECOND))
    assert matter.running("written_resolution") is None
    data = matter.latest("resolution.written")
    assert data["compensation"]["kind"] == "coupon"
    remedy = matter.seen()["remedies"][0]
    assert remedy["terms"]["kind"] == "coupon"
    assert data["improvement"], "what will be better is part of it"


def test_sl_16_who_is_no_senior_agent_writes_none(platform: Platform) -> None:
    """The book says by which skill one is senior; who is not on record is not."""
    matter = opened(platform, COMPLAINED)
    employed(platform, "ag-7", "brand_lead", "phones")
    does(matter, ACCEPTS, *IN_VAIN, *IN_VAIN)
    written, signed = WRITTEN
    for who in ("agent:ag-7", "agent:nobody"):
        matter.refused(written._replace(who=who), code="not_fit")
        assert "write_resolution" not in matter.offered(who)
    employed(platform, "ag-7", "brand_lead", "senior")
    assert "write_resolution" in matter.offered("agent:ag-7")
    does(matter, written._replace(who="agent:ag-7"), signed)
    assert matter.facts("clock.stopped", "written_resolution")[0].data["kept"] is True


def test_sl_16_a_question_has_no_written_resolution(platform: Platform) -> None:
    """Complaints and disputes alone."""
    matter = opened(platform, ASKED)
    does(matter, ACCEPTS, *IN_VAIN, *IN_VAIN, *IN_VAIN)
    assert matter.facts("contact.fruitless") == []
    assert "written_resolution" not in special.clocks(matter)


def test_sl_17_a_refund_to_the_balance_is_settled_in_two_hours(platform: Platform) -> None:
    """2 h to the balance, then the payment owner."""
    drive(platform, "refund_to_balance:R1")


def test_sl_17_a_refund_to_a_bank_card_is_settled_in_twelve_hours(platform: Platform) -> None:
    """12 h to a card, then the payment owner."""
    drive(platform, "refund_to_card:R1")


@pytest.mark.parametrize(
    ("paid_by", "clock"), [("balance", "refund_to_balance"), ("card", "refund_to_card")]
)
def test_sl_17_each_remedy_has_the_one_clock_of_where_its_money_goes(
    platform: Platform, paid_by: str, clock: str
) -> None:
    """The money goes back to where it came from, and the clock is that remedy's own."""
    matter = opened(platform, Ground(order={"paid_by": paid_by}, opening=complaint()))
    does(matter, ACCEPTS, _refund(300_000))
    does(matter, _refund(99_900)._replace(after=HOUR))
    refunds = {one for one in special.clocks(matter) if one.startswith("refund_")}
    assert refunds == {f"{clock}:R1", f"{clock}:R2"}
    due = [matter.running(f"{clock}:{one}") for one in ("R1", "R2")]
    assert all(due)
    assert due[1] is not None
    assert due[0] is not None
    assert later(due[0].due_at, HOUR) == due[1].due_at


def test_sl_17_no_refund_is_due_before_it_is_granted(platform: Platform) -> None:
    """The clock begins with the refund itself."""
    matter = opened(platform, promise("refund_to_card:R1").ground)
    matter.move_to(later(matter.now, HOUR))
    assert not any(one.startswith("refund_") for one in special.clocks(matter))
    does(matter, *REFUND_APPROVED)
    running = matter.running("refund_to_card:R1")
    assert running is not None
    assert running.due_at == later(matter.now, 12 * HOUR)


def employed(platform: Platform, who: str, desk: str, *skills: str) -> None:
    """Have somebody work at a desk without a queue, with these skills and no others."""
    body = {"desk": desk, "skills": list(skills)}
    assert platform.call(SUPERVISOR, f"/v1/agents/{who}", body).ok


def _refund(minor: int) -> Deed:
    terms = {"kind": "refund", "amount": {"amount_minor": minor, "currency": "CNY"}}
    return Deed("supervisor:sup-1", "remedies", {"terms": terms})


def test_sl_18_a_claim_for_spoiled_fruit_is_answered_in_an_hour(platform: Platform) -> None:
    """1 h to an answer, then the supervisor."""
    drive(platform, "spoiled_answer")


def test_sl_18_only_insured_fruit(platform: Platform) -> None:
    """Fresh food without the insurance has no such clock; it has SL-19."""
    assert "spoiled_answer" not in special.clocks(opened(platform, FRESH))
