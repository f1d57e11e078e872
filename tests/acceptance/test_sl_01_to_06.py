"""SL-01 to SL-06: questions, complaints, disputes, live orders, what is urgent and what is not."""

import pytest

from domain.values import later
from tests.acceptance.matters import begins, drive, hired, opened
from tests.acceptance.platform import Platform
from tests.rows import special
from tests.rows.checks import does
from tests.rows.played import AGENT, BUYER, MERCHANT, MOMENT, SUPERVISOR, Deed, Ground
from tests.rows.promises import (
    ABROAD,
    ACCEPTS,
    ASKED,
    BABY,
    COMPLAINED,
    HOUR,
    INTERVENED,
    MINUTE,
    RULED,
    SAYS,
    SECOND,
    SETTLED,
    SETTLES,
    TAKES,
    complaint,
    dispute,
    planned,
    promise,
)

JUNIOR = "agent:junior-1"
"""On record, and able to do nothing that is asked for."""


def yuan(amount: int) -> dict[str, object]:
    """Return whole yuan, as a body has them."""
    return {"amount_minor": amount * 100, "currency": "CNY"}


def test_sl_01_a_question_is_answered_by_a_machine_in_ten_seconds(platform: Platform) -> None:
    """An automatic answer in 10 s, else the question goes to people."""
    drive(platform, "consultation_automatic")


def test_sl_01_a_question_gets_clear_guidance_in_an_hour(platform: Platform) -> None:
    """Clear guidance in 1 h, by whom or what ever; an answer that settles nothing is none."""
    drive(platform, "consultation_guidance")
    matter = opened(platform, ASKED)
    does(matter, Deed("bot:bot-1", "automatic-answers", {"text": "See here.", "effective": False}))
    assert matter.facts("clock.stopped", "consultation_guidance") == []
    does(matter, SAYS)
    assert matter.latest("clock.stopped")["kept"] is True
    assert matter.facts("clock.stopped", "consultation_guidance") != []


def test_sl_01_without_an_answer_the_question_goes_to_people(platform: Platform) -> None:
    """It waits in self-service up to 10 s after the opening, then in the general queue."""
    matter = opened(platform, ASKED)
    since = matter.now
    matter.move_to(later(since, 10 * SECOND - MOMENT))
    assert matter.queue() == "self_service"
    matter.move_to(later(since, 10 * SECOND))
    assert matter.queue() == "general"
    assert matter.latest("ticket.queued")["why"] == ["clock:consultation_automatic"]


def test_sl_01_what_people_wait_for_already_is_moved_nowhere(platform: Platform) -> None:
    """A VIP's question is with people from the start: it stays with their desk."""
    matter = opened(platform, Ground(standing={"tier": "top"}, opening=ASKED.opening))
    matter.move_to(later(matter.now, 2 * HOUR))
    assert matter.facts("clock.breached", "consultation_guidance") != []
    assert matter.queue() == "vip"


def test_sl_02_a_person_takes_a_complaint_over_in_half_an_hour(platform: Platform) -> None:
    """A person in 30 min, the supervisor warned at a half and four fifths, called at the breach."""
    drive(platform, "complaint_takeover")


def test_sl_02_a_senior_specialist_has_it_from_the_start(platform: Platform) -> None:
    """The complaint waits with the senior specialists; a question has no such clock."""
    assert opened(platform, COMPLAINED).queue() == "senior"
    assert "complaint_takeover" not in special.clocks(opened(platform, ASKED))


def test_sl_02_being_given_a_complaint_is_not_taking_it_over(platform: Platform) -> None:
    """Only who does something with it has taken it over: a word to the buyer is that."""
    matter = opened(platform, COMPLAINED)
    does(matter, Deed(SUPERVISOR, "notes", {"text": "Who looks at it?"}))
    assert matter.facts("clock.stopped", "complaint_takeover") == []
    matter.do(SAYS)
    assert matter.facts("clock.stopped", "complaint_takeover")[0].data["kept"] is True


def test_sl_02_what_a_junior_does_is_not_taking_it_over(platform: Platform) -> None:
    """Who has no specialist's skill on record may help, and the half hour goes on running."""
    matter = opened(platform, COMPLAINED)
    hired(platform, JUNIOR, "general_desk")
    does(
        matter,
        Deed(JUNIOR, "acceptance"),
        Deed(JUNIOR, "messages", {"text": "I have called the shop."}),
        Deed(JUNIOR, "answers", {"text": "We look into it.", "resolves": False}),
    )
    assert matter.facts("clock.stopped", "complaint_takeover") == []
    assert matter.facts("ticket.agent_noted") == [], "of who can nothing there is nothing to note"
    matter.move_to(later(matter.now, MINUTE))
    matter.do(SAYS)
    assert matter.latest("ticket.agent_noted")["agent"] == AGENT.partition(":")[2]
    [stopped] = matter.facts("clock.stopped", "complaint_takeover")
    assert (stopped.data["by"], stopped.data["at"]) == ("taken_over", matter.now)
    assert stopped.data["kept"] is True


def test_sl_02_a_junior_does_not_take_what_waits_for_seniors(platform: Platform) -> None:
    """The claim is refused for the missing skill, and nobody is offered it."""
    matter = opened(platform, COMPLAINED)
    hired(platform, JUNIOR, "general_desk")
    told = matter.platform.refused(JUNIOR, matter.ticket, "assignment", code="not_fit")
    assert told["reason"] == "skill:senior"
    assert "take_assignment" not in matter.offered(JUNIOR)
    assert "take_assignment" in matter.offered(AGENT)
    does(matter, TAKES)


def test_sl_03_a_complex_dispute_gets_a_framework_in_a_day(platform: Platform) -> None:
    """A dispute about a cross-border order: the first framework of its resolution in 24 h."""
    drive(platform, "complex_framework")


@pytest.mark.parametrize(
    ("deeds", "kept_by"), [(SETTLED, "settled"), ((*INTERVENED, *RULED), "ruled")]
)
def test_sl_03_a_settlement_and_a_ruling_are_such_a_framework(
    platform: Platform, deeds: tuple[Deed, ...], kept_by: str
) -> None:
    """How the matter will be resolved is said: nobody is called for a framework after that."""
    matter = opened(platform, ABROAD)
    does(matter, *deeds)
    [stopped] = matter.facts("clock.stopped", "complex_framework")
    assert (stopped.data["by"], stopped.data["kept"]) == (kept_by, True)
    matter.move_to(later(matter.now, 25 * HOUR))
    assert matter.facts("clock.breached", "complex_framework") == []


@pytest.mark.parametrize(
    ("ground", "complex_one"),
    [
        (ABROAD, True),
        (Ground(opening=dispute()), False),
        (Ground(order=ABROAD.order, opening=complaint()), False),
        (Ground(opening=dispute(reason="counterfeit")), True),
        (Ground(order={"category": "luxury"}, opening=dispute()), True),
        (Ground(order={"paid": (500_000,)}, opening=dispute()), False),
        (Ground(order={"paid": (500_001,)}, opening=dispute()), True),
    ],
)
def test_sl_03_what_is_complex(platform: Platform, ground: Ground, *, complex_one: bool) -> None:
    """Cross-border, luxury, counterfeit or above 5,000 yuan, and a dispute; nothing else."""
    assert ("complex_framework" in special.clocks(opened(platform, ground))) is complex_one


def test_sl_04_the_live_team_answers_in_two_hours_or_the_platform_steps_in(
    platform: Platform,
) -> None:
    """2 h for the host's team; at the breach the matter is with the senior specialists."""
    drive(platform, "live_host_answer")


def test_sl_04_the_top_tier_stays_where_somebody_always_is(platform: Platform) -> None:
    """RO-06: what waits at a desk that is staffed day and night is not moved to one that sleeps."""
    ground = promise("live_host_answer").ground
    matter = opened(platform, ground._replace(standing={"tier": "top"}))
    matter.move_to(later(matter.now, 2 * HOUR))
    assert len(matter.facts("clock.breached", "live_host_answer")) == 1
    assert matter.queue() == "vip"


def test_sl_04_the_later_of_session_end_and_opening_counts(platform: Platform) -> None:
    """A session that ends after the opening, one that was over, and an answer while it ran."""
    special.live_team_answers_from_the_later_of_session_end_and_opening(begins(platform))


def test_sl_04_an_order_of_no_session_promises_nothing(platform: Platform) -> None:
    """Only what was bought in a live session waits for the host's team."""
    assert "live_host_answer" not in special.clocks(opened(platform, COMPLAINED))
    live = opened(platform, promise("live_host_answer").ground)
    assert live.queue() == "live"


def test_sl_05_a_matter_of_high_priority_gets_a_plan_in_four_hours(platform: Platform) -> None:
    """Mother-and-baby quality: a plan in 4 h, then the director."""
    drive(platform, "high_priority_plan")


def test_sl_05_a_large_amount_is_more_than_five_thousand_yuan(platform: Platform) -> None:
    """5,000.00 is not, 5,000.01 is; what is claimed counts before what was paid."""
    special.a_large_amount_begins_above_five_thousand(begins(platform))


def test_sl_05_supply_chain_and_legal_are_asked_when_the_clock_starts(platform: Platform) -> None:
    """Both at once and by nobody, each in 2 h of its own; who asks again asks nobody twice."""
    special.departments_are_asked_by_the_promise_itself(begins(platform))


def test_sl_05_the_departments_answer_before_the_plan(platform: Platform) -> None:
    """Their answers are on the ticket; what keeps the promise is the desk's own plan."""
    matter = opened(platform, BABY)
    assert matter.queue() == "mother_and_baby"
    does(matter, ACCEPTS)
    for request in ("D1", "D2"):
        does(matter, Deed(SUPERVISOR, f"department-requests/{request}/plan", {"plan": "Recall."}))
    does(matter, planned("framework"))
    assert matter.facts("clock.stopped", "high_priority_plan") == [], "a framework is no plan"
    does(matter, planned("plan"))
    assert matter.facts("clock.stopped", "high_priority_plan")[0].data["kept"] is True


def test_sl_05_a_juniors_plan_is_not_the_one_that_was_promised(platform: Platform) -> None:
    """It is on record and breaks at four hours; the plan of a senior specialist ends it."""
    matter = opened(platform, BABY)
    hired(platform, JUNIOR, "general_desk", "mother_and_baby")
    due_at = later(matter.now, 4 * HOUR)
    does(matter, ACCEPTS)
    plan = planned("executable")
    assert matter.offered(JUNIOR)["give_plan"]["due_at"] is None, "nobody waits for theirs"
    assert matter.offered(AGENT)["give_plan"]["due_at"] == due_at
    does(matter, plan._replace(who=JUNIOR))
    assert matter.facts("clock.stopped", "high_priority_plan") == []
    matter.move_to(due_at)
    assert len(matter.facts("clock.breached", "high_priority_plan")) == 1
    does(matter, plan)
    assert matter.facts("clock.stopped", "high_priority_plan")[0].data["kept"] is False


@pytest.mark.parametrize(("who", "planned_already"), [("junior", False), ("senior", True)])
def test_sl_05_only_a_seniors_plan_is_there_when_a_matter_becomes_urgent(
    platform: Platform, who: str, *, planned_already: bool
) -> None:
    """The buyer asks for more than 5,000 yuan after a plan was given: by whom is what counts."""
    order, asked = {"paid": (900_000,), "category": "homeware"}, complaint(remedy="refund")
    matter = opened(platform, Ground(order=order, opening={**asked, "claim": yuan(4_000)}))
    hired(platform, JUNIOR, "general_desk")
    does(matter, ACCEPTS, planned("plan")._replace(who=JUNIOR if who == "junior" else AGENT))
    assert "high_priority_plan" not in special.clocks(matter)
    does(matter, Deed(BUYER, "claim", {"remedy": "refund", "claim": yuan(6_000)}, after=MINUTE))
    assert ("high_priority_plan" not in special.clocks(matter)) is planned_already


@pytest.mark.parametrize(
    ("category", "opening", "high"),
    [
        ("mother_and_baby", complaint(), True),
        ("mother_and_baby", dispute(), True),
        ("mother_and_baby", complaint(reason="late"), False),
        ("mother_and_baby", {"kind": "consultation", "reason": "quality_fault"}, False),
        ("toys", complaint(), False),
    ],
)
def test_sl_05_what_is_of_high_priority(
    platform: Platform, category: str, opening: dict[str, object], *, high: bool
) -> None:
    """Quality of mother-and-baby goods, as a complaint or a dispute."""
    matter = opened(platform, Ground(order={"category": category}, opening=opening))
    assert ("high_priority_plan" in special.clocks(matter)) is high


def test_sl_06_a_matter_of_medium_priority_is_closed_in_a_day(platform: Platform) -> None:
    """24 h for what is late, then the supervisor."""
    drive(platform, "medium_priority_closed")


@pytest.mark.parametrize(
    ("reason", "medium"),
    [("missing_parts", True), ("late", True), ("not_received", True), ("quality_fault", False)],
)
def test_sl_06_missing_gifts_and_late_parcels(
    platform: Platform, reason: str, *, medium: bool
) -> None:
    """A missing gift and a delay of the carrier are closed in 24 h; a fault is another matter."""
    matter = opened(platform, Ground(opening=complaint(reason=reason)))
    assert ("medium_priority_closed" in special.clocks(matter)) is medium


@pytest.mark.parametrize("end", [SETTLES, Deed(BUYER, "closing")])
def test_sl_06_settled_or_withdrawn_it_is_closed(platform: Platform, end: Deed) -> None:
    """Whoever ends the matter keeps the promise."""
    matter = opened(platform, promise("medium_priority_closed").ground)
    does(matter, ACCEPTS, Deed(AGENT, "notes", {"text": "Carrier asked."}), end)
    assert matter.facts("clock.stopped", "medium_priority_closed")[0].data["kept"] is True


def test_sl_06_the_merchants_word_closes_nothing(platform: Platform) -> None:
    """An answer on the way leaves the promise running."""
    matter = opened(platform, promise("medium_priority_closed").ground)
    does(matter, Deed(MERCHANT, "messages", {"text": "It is on its way."}))
    assert matter.running("medium_priority_closed") is not None
