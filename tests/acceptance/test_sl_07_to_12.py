"""SL-07 to SL-12: self-service, VIPs, machines first, members, experts, and anger."""

import pytest

from domain.values import later
from tests.acceptance.matters import OverHttp, begins, drive, hired, opened
from tests.acceptance.platform import Platform
from tests.rows import special
from tests.rows.checks import does
from tests.rows.played import AGENT, BUYER, MOMENT, SUPERVISOR, Deed, Ground
from tests.rows.promises import (
    ACCEPTS,
    ASKED,
    BABY,
    BIG_SPENDER,
    COMPLAINED,
    EXPERT,
    HOUR,
    MINUTE,
    SAYS,
    SECOND,
    SETTLED,
    SETTLES,
    TAKES,
    TOP_MEMBER,
    bot_says,
    complaint,
    dispute,
    planned,
    reported,
)

BOOK = "2026-11-22"
ANGRY = "This is outrageous! I am furious, you are liars and thieves, worst shop ever!"


@pytest.mark.parametrize("reason", ["invoice", "installation"])
def test_sl_07_an_invoice_and_a_tutorial_have_no_human_clock(
    platform: Platform, reason: str
) -> None:
    """Only the machine's clocks of SL-01 and SL-09 run, and SL-24 measures."""
    asked = Ground(opening={"kind": "consultation", "scenario": "service", "reason": reason})
    matter = opened(platform, asked)
    assert matter.queue() == "self_service"
    rows = {one.data["row"]: one.data["awaits"] for one in matter.facts("clock.started")}
    assert rows.pop("SL-24") == "agent"
    assert rows == {"SL-01": "nobody", "SL-09": "nobody"}


def test_sl_07_what_self_service_does_not_answer_goes_the_way_of_sl_09(
    platform: Platform,
) -> None:
    """Two minutes after the opening a person has it; a microsecond before nobody has."""
    asked = Ground(opening={"kind": "consultation", "scenario": "service", "reason": "invoice"})
    matter = opened(platform, asked)
    since = matter.now
    does(matter, bot_says(effective=False))
    matter.move_to(later(since, 2 * MINUTE - MOMENT))
    assert matter.queue() == "self_service"
    matter.move_to(later(since, 2 * MINUTE))
    assert matter.queue() == "general"


def test_sl_08_a_vip_is_answered_by_a_person_in_a_minute(platform: Platform) -> None:
    """1 min to a person's answer, then the supervisor."""
    drive(platform, "vip_answer")


def test_sl_08_a_vip_gets_a_plan_in_half_an_hour(platform: Platform) -> None:
    """30 min to a plan, the supervisor warned at a half and called at the breach."""
    drive(platform, "vip_plan")


def test_sl_08_a_vip_spends_more_than_ten_thousand_a_year(platform: Platform) -> None:
    """10,000.00 yuan is not, 10,000.01 is; the top tier always, the super tier not by itself."""
    special.a_vip_spends_more_than_ten_thousand(begins(platform))


def test_sl_08_so_is_a_matter_of_high_value(platform: Platform) -> None:
    """A question about goods for more than 5,000 yuan is answered as a VIP's."""
    dear = {"paid": (500_001,)}
    matter = opened(platform, Ground(order=dear, opening=ASKED.opening))
    assert special.clocks(matter) >= special.VIP_CLOCKS


@pytest.mark.parametrize("reason", ["other", "invoice"])
def test_sl_08_a_dear_question_waits_for_people_from_the_start(
    platform: Platform, reason: str
) -> None:
    """The VIP desk, where somebody is at any hour, has it; an ordinary buyer's as well."""
    asked = {**ASKED.opening, "reason": reason}
    matter = opened(platform, Ground(order={"paid": (500_001,)}, opening=asked))
    assert matter.queue() == "high_value_question"
    does(matter, bot_says(effective=False))
    matter.move_to(later(matter.now, 2 * HOUR))
    assert matter.queue() == "high_value_question"


@pytest.mark.parametrize(
    ("ground", "clock"),
    [(BIG_SPENDER, "vip_plan"), (BABY, "high_priority_plan"), (EXPERT, "expert_plan")],
)
def test_sl_08_nobody_waits_for_a_plan_where_the_sides_agree(
    platform: Platform, ground: Ground, clock: str
) -> None:
    """Nor of SL-05 and SL-11: a settlement makes the plan moot, and calls nobody later."""
    matter = opened(platform, ground)
    does(matter, *SETTLED)
    [cancelled] = matter.facts("clock.cancelled", clock)
    assert cancelled.data["why"] == "settled"
    matter.move_to(later(matter.now, 5 * HOUR))
    assert matter.facts("clock.breached", clock) == []


def test_sl_09_a_machine_answers_first_and_to_effect_in_two_minutes(platform: Platform) -> None:
    """2 min to an effective answer of the machine, else to people."""
    drive(platform, "bot_first")


def test_sl_09_a_vip_does_not_wait_for_a_machine(platform: Platform) -> None:
    """Ordinary questions alone are a machine's first."""
    matter = opened(platform, Ground(standing={"tier": "top"}, opening=ASKED.opening))
    assert "bot_first" not in special.clocks(matter)
    assert "bot_first" not in special.clocks(opened(platform, COMPLAINED))


NO_HELP = "That does not help at all. I want to talk to a human agent."
THANKS = "Thank you, the problem is solved."


def writes(text: str) -> Deed:
    """Return what the buyer says a minute later."""
    return Deed(BUYER, "messages", {"text": text}, after=MINUTE)


@pytest.mark.parametrize("effective", [True, False])
def test_sl_09_the_buyers_next_word_says_whether_a_machine_helped(
    platform: Platform, *, effective: bool
) -> None:
    """A machine that calls its own answer effective keeps nobody away from people for good."""
    matter = opened(platform, ASKED)
    does(matter, bot_says(effective=effective))
    assert matter.queue() == "self_service"
    does(matter, writes(NO_HELP))
    assert matter.queue() == "general"
    assert matter.latest("ticket.queued")["why"] == ["came_back:bot_first"]
    does(matter, writes("Hello? Is anybody there?"))
    matter.move_to(later(matter.now, 24 * HOUR))
    assert matter.queue() == "general", "it stays with people"
    assert len(matter.facts("ticket.queued")) == 2
    told = platform.read(SUPERVISOR, f"/v1/tickets/{matter.ticket}/explain?what=assignment")
    assert all(one["recomputed"] is not False for one in told["decisions"])


def test_sl_09_who_is_content_with_a_machine_needs_nobody(platform: Platform) -> None:
    """The words that say all is well are no call for people, and silence is none either."""
    matter = opened(platform, ASKED)
    does(matter, bot_says(effective=True))
    matter.move_to(later(matter.now, 5 * MINUTE))
    assert matter.queue() == "self_service"
    does(matter, writes(THANKS))
    assert matter.latest("diagnosis.made")["satisfied"] is True
    assert matter.queue() == "self_service"


def test_sl_09_what_is_said_before_a_machine_answered_waits_for_it(platform: Platform) -> None:
    """A machine has its two minutes; what people have already goes nowhere else."""
    matter = opened(platform, ASKED)
    does(matter, Deed(BUYER, "messages", {"text": NO_HELP}))
    assert matter.queue() == "self_service"
    complained = opened(platform, COMPLAINED)
    does(complained, bot_says(effective=True))
    before = complained.queue()
    does(complained, writes(NO_HELP))
    assert complained.queue() == before
    assert len(complained.facts("ticket.queued")) == 1


def test_sl_10_the_top_tiers_own_agent_answers_in_two_hours(platform: Platform) -> None:
    """2 h at most, then the supervisor."""
    drive(platform, "dedicated_answer")


def test_sl_10_the_stricter_of_it_and_sl_08_ranks_and_both_are_on_record(
    platform: Platform,
) -> None:
    """A minute and two hours run side by side; the queue shows the minute."""
    matter = opened(platform, TOP_MEMBER)
    both = {one: matter.running(one) for one in ("vip_answer", "dedicated_answer")}
    assert {one: found and found.due_at for one, found in both.items()} == {
        "vip_answer": later(matter.now, MINUTE),
        "dedicated_answer": later(matter.now, 2 * HOUR),
    }
    assert matter.row()["due_at"] == later(matter.now, MINUTE)


def test_sl_10_only_who_has_the_matter_keeps_it(platform: Platform) -> None:
    """An agent who claimed nothing and a supervisor help the buyer: their own agent still owes."""
    matter = opened(platform, TOP_MEMBER)
    does(matter, SAYS)
    assert matter.facts("clock.stopped", "vip_answer") != [], "a person answered"
    assert matter.facts("clock.stopped", "dedicated_answer") == []
    does(matter, TAKES)
    hired(platform, "agent:vip-2", "vip_desk", "vip", "senior")
    matter.refused(SAYS._replace(who="agent:vip-2"), code="assigned_to_another")
    does(matter, SAYS._replace(who=SUPERVISOR))
    assert matter.facts("clock.stopped", "dedicated_answer") == []
    does(matter, SAYS)
    [stopped] = matter.facts("clock.stopped", "dedicated_answer")
    assert (stopped.data["by"], stopped.data["kept"]) == ("human_answer", True)


@pytest.mark.parametrize(("tier", "own"), [("ordinary", False), ("super", False), ("top", True)])
def test_sl_10_only_the_top_tier_has_one(platform: Platform, tier: str, *, own: bool) -> None:
    """A super member is no top member."""
    matter = opened(platform, Ground(standing={"tier": tier}, opening=complaint()))
    assert ("dedicated_answer" in special.clocks(matter)) is own


def test_sl_11_an_expert_answers_in_half_a_minute(platform: Platform) -> None:
    """30 s to an answer, then the lead of the pool."""
    drive(platform, "expert_answer")


def test_sl_11_an_expert_gives_a_plan_that_can_be_carried_out_in_an_hour(
    platform: Platform,
) -> None:
    """1 h to an executable plan; one that is none does not keep it."""
    drive(platform, "expert_plan")
    matter = opened(platform, EXPERT)
    does(matter, planned("plan"))
    assert matter.facts("clock.stopped", "expert_plan") == []


@pytest.mark.parametrize(
    ("order", "scenario", "queue"),
    [
        ({"category": "phones", "services": ["cross_border"]}, "product", "expert_phones"),
        ({"category": "electronics", "services": ["cross_border"]}, "product", "expert_phones"),
        ({"category": "phones", "services": ["cross_border"]}, "service", None),
        ({"category": "mother_and_baby", "services": ["cross_border"]}, "product", "expert_baby"),
        ({"category": "luxury"}, "service", "expert_luxury"),
        ({"category": "homeware", "services": ["cross_border"]}, "product", None),
        ({"category": "phones"}, "product", None),
    ],
)
def test_sl_11_a_pool_is_a_category_and_a_scenario(
    platform: Platform, order: dict[str, object], scenario: str, queue: str | None
) -> None:
    """Complex matters of a pool's category and scenario wait there, and its clocks run."""
    matter = opened(platform, Ground(order=order, opening=dispute(scenario=scenario)))
    assert ("expert_answer" in special.clocks(matter)) is (queue is not None)
    assert (matter.queue() == queue) is (queue is not None)


def test_sl_12_an_angry_buyers_matter_is_resolved_in_two_hours(platform: Platform) -> None:
    """2 h to the resolution; the breach calls the supervisor and owes 20.00 yuan, once."""
    drive(platform, "negative_resolved")


def test_sl_12_anger_in_a_text_starts_the_clock(platform: Platform) -> None:
    """At the opening, and in a later message; a plain complaint starts none."""
    angry = opened(platform, Ground(opening=complaint(statement=ANGRY)))
    [started] = angry.facts("clock.started", "negative_resolved")
    assert started.data["due_at"] == later(angry.now, 2 * HOUR)
    calm = opened(platform, Ground(opening=complaint(statement="The screen is scratched.")))
    assert "negative_resolved" not in special.clocks(calm)
    does(calm, Deed(BUYER, "messages", {"text": ANGRY}, after=MINUTE))
    [started] = calm.facts("clock.started", "negative_resolved")
    assert started.data["due_at"] == later(calm.now, 2 * HOUR)


def test_sl_12_one_payout_however_often_anger_is_heard(platform: Platform) -> None:
    """The same round owes once; what is resolved a second before owes nothing."""
    matter = opened(platform, COMPLAINED)
    since = matter.now
    does(matter, reported("negative_sentiment"))
    does(matter, Deed(BUYER, "messages", {"text": ANGRY}, after=MINUTE))
    matter.move_to(later(since, 2 * HOUR + MINUTE))
    does(matter, Deed(BUYER, "messages", {"text": ANGRY}, after=MINUTE))
    matter.move_to(later(since, 6 * HOUR))
    assert len(matter.facts("payout.owed")) == 1
    calm = opened(platform, COMPLAINED)
    does(calm, reported("negative_sentiment"))
    calm.move_to(later(calm.now, 2 * HOUR - SECOND))
    does(calm, SETTLES)
    calm.move_to(later(calm.now, HOUR))
    assert calm.facts("payout.owed") == []


# --- anger that was none ----------------------------------------------------------------------


def rather(who: str, **reading: object) -> Deed:
    """Return that somebody leaves a complaint a complaint, and reads its words otherwise."""
    body = {"scenario": "product", "responsible": "undetermined", "kind": "complaint", **reading}
    return Deed(who, "diagnosis", body)


def angry(platform: Platform) -> OverHttp:
    """Return a complaint that was taken up, and is reported to be an angry buyer's."""
    matter = opened(platform, COMPLAINED)
    does(matter, reported("negative_sentiment"), ACCEPTS)
    return matter


def test_sl_12_anger_that_was_none_ends_the_promise_and_says_why(platform: Platform) -> None:
    """A supervisor takes it back in time: the clock is cancelled, and nothing is ever owed."""
    matter = angry(platform)
    since = matter.now
    matter.move_to(later(since, 2 * HOUR - MOMENT))
    does(matter, rather(SUPERVISOR, upset=False))
    assert matter.latest("diagnosis.reading_corrected") == {"policy": BOOK, "upset": False}
    [cancelled] = matter.facts("clock.cancelled", "negative_resolved")
    assert cancelled.data["why"] == "ground_withdrawn"
    assert matter.running("negative_resolved") is None
    matter.move_to(later(since, 6 * HOUR))
    assert matter.facts("payout.owed") == []
    assert matter.facts("clock.breached", "negative_resolved") == []


def test_sl_12_what_is_owed_by_then_stays_owed(platform: Platform) -> None:
    """At the instant of the breach it is too late, whoever looks first: the correction pays it."""
    matter = angry(platform)
    platform.now.move(later(matter.now, 2 * HOUR))
    does(matter, rather(SUPERVISOR, upset=False))
    assert len(matter.facts("clock.breached", "negative_resolved")) == 1
    assert len(matter.facts("payout.owed")) == 1
    [cancelled] = matter.facts("clock.cancelled", "negative_resolved")
    assert cancelled.data["why"] == "ground_withdrawn"
    does(matter, Deed(BUYER, "messages", {"text": ANGRY}, after=MINUTE))
    matter.move_to(later(matter.now, 6 * HOUR))
    assert len(matter.facts("payout.owed")) == 1, "a round owes it once"


def test_sl_12_who_answers_for_the_promise_does_not_take_its_ground_away(
    platform: Platform,
) -> None:
    """An agent may hear anger that nobody heard; that there was none a supervisor has to say."""
    matter = angry(platform)
    matter.refused(rather(AGENT, upset=False), code="not_your_role")
    calm = opened(platform, COMPLAINED)
    does(calm, ACCEPTS, rather(AGENT, upset=True))
    [started] = calm.facts("clock.started", "negative_resolved")
    assert started.data["due_at"] == later(calm.now, 2 * HOUR)
    does(calm, rather(AGENT, upset=True))
    assert len(calm.facts("diagnosis.reading_corrected")) == 1, "the same again is one fact"


def test_sl_12_the_same_report_again_is_answered_by_the_correction(platform: Platform) -> None:
    """A machine that repeats itself starts nothing; new words are judged anew."""
    matter = opened(platform, COMPLAINED)
    heard = matter.now
    report = Deed("bot:bot-1", "facts", {"fact": "negative_sentiment", "occurred_at": heard})
    does(matter, report, ACCEPTS)
    matter.move_to(later(heard, MINUTE))
    does(matter, rather(SUPERVISOR, upset=False), report)
    assert len(matter.facts("clock.started", "negative_resolved")) == 1
    does(matter, Deed(BUYER, "messages", {"text": ANGRY}, after=MINUTE))
    assert len(matter.facts("clock.started", "negative_resolved")) == 2
    matter.refused(report, code="fact_known_otherwise")
    running = matter.running("negative_resolved")
    assert running is not None
    assert running.due_at == later(matter.now, 2 * HOUR)
