"""SL-19 to SL-23: fresh food, flash exchange, appliances, public opinion, returns from abroad."""

import pytest

from domain.values import later
from tests.acceptance.matters import begins, drive, opened
from tests.acceptance.platform import SUPERVISOR, Platform
from tests.rows import special
from tests.rows.checks import does
from tests.rows.played import MERCHANT, Deed, Ground
from tests.rows.promises import (
    ACCEPTS,
    ASKED,
    COMPLAINED,
    FLASH,
    HOUR,
    complaint,
    promise,
    reported,
)

DAY = 24 * HOUR


def test_sl_19_a_solution_for_fresh_food_in_an_hour_or_five_percent(platform: Platform) -> None:
    """1 h to a solution offered; the breach owes 5 % of the whole order, in whole fen."""
    drive(platform, "fresh_solution")


@pytest.mark.parametrize(
    ("paid", "owed"),
    [((10_000,), 500), ((10_019,), 500), ((10_020,), 501), ((1_999, 1), 100), ((19,), 0)],
)
def test_sl_19_the_payout_is_exact(platform: Platform, paid: tuple[int, ...], owed: int) -> None:
    """5 % of what the whole order cost, to the fen: what is less than one is not owed."""
    opening = complaint(line="1")
    matter = opened(
        platform, Ground(order={"category": "fresh_food", "paid": paid}, opening=opening)
    )
    matter.move_to(later(matter.now, HOUR))
    [payout] = matter.facts("payout.owed")
    assert payout.data["amount"] == {"amount_minor": owed, "currency": "CNY"}
    assert payout.data["row"] == "SL-19"


@pytest.mark.parametrize(
    "solution",
    [
        Deed(MERCHANT, "offers", {"terms": [{"kind": "reshipment"}]}),
        Deed("supervisor:sup-1", "remedies", {"terms": {"kind": "reshipment"}}),
    ],
)
def test_sl_19_an_offer_or_a_remedy_is_a_solution(platform: Platform, solution: Deed) -> None:
    """Whatever puts it right counts, whoever offers it."""
    matter = opened(platform, promise("fresh_solution").ground)
    does(matter, ACCEPTS)
    if solution.path == "offers":
        does(matter, Deed(MERCHANT, "refusal", {"reasons": "It was ripe."}))
    does(matter, solution)
    assert matter.facts("clock.stopped", "fresh_solution")[0].data["kept"] is True


def test_sl_19_a_question_about_fruit_owes_nothing(platform: Platform) -> None:
    """Complaints and disputes alone; and what was resolved meanwhile breaks nothing."""
    asked = Ground(order={"category": "fresh_food"}, opening=ASKED.opening)
    assert "fresh_solution" not in special.clocks(opened(platform, asked))
    special.a_resolved_matter_breaks_no_promise(begins(platform))


def test_sl_20_a_flash_exchange_is_complete_in_a_day_from_the_request(platform: Platform) -> None:
    """24 h from the request to the goods with the buyer, then the supervisor."""
    drive(platform, "flash_exchange")


@pytest.mark.parametrize(
    ("services", "remedy", "flash"),
    [
        (["flash_exchange"], "exchange", True),
        (["flash_exchange"], "return", True),
        (["flash_exchange"], "refund", False),
        ([], "exchange", False),
    ],
)
def test_sl_20_returns_and_exchanges_of_a_flash_category(
    platform: Platform, services: list[str], remedy: str, *, flash: bool
) -> None:
    """The order bears the mark, and goods go back."""
    ground = Ground(order={"services": services}, opening=complaint(remedy=remedy))
    assert ("flash_exchange" in special.clocks(opened(platform, ground))) is flash


def test_sl_20_a_step_on_the_way_is_not_the_end(platform: Platform) -> None:
    """The merchant's approval leaves the clock running."""
    matter = opened(platform, FLASH)
    does(matter, ACCEPTS, Deed(MERCHANT, "approval", {"terms": {"kind": "exchange"}}))
    assert matter.running("flash_exchange") is not None


def test_sl_21_the_service_network_answers_in_two_hours(platform: Platform) -> None:
    """2 h to the network's answer, then the brand lead."""
    drive(platform, "appliance_answer")


def test_sl_21_the_service_network_is_on_site_in_four_hours(platform: Platform) -> None:
    """4 h to somebody on site, then the brand lead."""
    drive(platform, "appliance_on_site")


def test_sl_21_an_answer_is_no_visit(platform: Platform) -> None:
    """The one clock stops, the other runs; the desk's own answer stops neither."""
    matter = opened(platform, promise("appliance_answer").ground)
    does(matter, Deed("agent:agent-1", "messages", {"text": "They will call."}))
    assert matter.running("appliance_answer") is not None
    does(matter, reported("network_answered", MERCHANT))
    assert matter.running("appliance_answer") is None
    assert matter.running("appliance_on_site") is not None


@pytest.mark.parametrize(
    ("category", "reason", "applies"),
    [
        ("appliances", "quality_fault", True),
        ("appliances", "installation", True),
        ("appliances", "late", False),
        ("toys", "quality_fault", False),
    ],
)
def test_sl_21_faults_and_installations_of_appliances(
    platform: Platform, category: str, reason: str, *, applies: bool
) -> None:
    """What a service network is needed for."""
    ground = Ground(order={"category": category}, opening=complaint(reason=reason))
    assert ("appliance_on_site" in special.clocks(opened(platform, ground))) is applies


def test_sl_22_somebody_steps_in_two_hours_after_a_public_complaint(platform: Platform) -> None:
    """What comes in through social media: 2 h to a person, then the director."""
    drive(platform, "public_opinion")
    matter = opened(platform, promise("public_opinion").ground)
    assert matter.queue() == "public_opinion"


def test_sl_22_a_matter_that_becomes_public_counts_from_the_mention(platform: Platform) -> None:
    """2 h from the mention, though somebody took the matter up before it."""
    drive(platform, "public_mention")
    matter = opened(platform, COMPLAINED)
    assert matter.queue() == "senior"
    does(matter, reported("mention_found"))
    assert matter.queue() == "public_opinion"


def test_sl_23_a_return_from_abroad_is_through_in_seven_days(platform: Platform) -> None:
    """7 days for the whole cycle, whoever is waited for; then the cross-border lead."""
    drive(platform, "cross_border_cycle")


def test_sl_23_warehouse_and_forwarder_report_on_the_ticket(platform: Platform) -> None:
    """The bonded warehouse's receipt is on record and ends nothing; the end of the cycle does."""
    matter = opened(platform, promise("cross_border_cycle").ground)
    received = {"fact": "warehouse_received", "occurred_at": "{now}", "reference": "bonded-7"}
    does(matter, Deed("carrier:bonded", "facts", received))
    assert matter.running("cross_border_cycle") is not None
    does(matter, reported("cross_border_completed", "carrier:forwarder")._replace(after=DAY))
    assert matter.running("cross_border_cycle") is None
    told = [
        (one["actor"]["ref"], one["data"]["fact"])
        for one in matter.platform.events(matter.ticket).values()
        if one["topic"] == "ticket.fact_reported.v1"
    ]
    assert told == [
        ("bonded", "warehouse_received"),
        ("forwarder", "cross_border_completed"),
    ]


@pytest.mark.parametrize(
    ("order", "remedy", "applies"),
    [
        ({"services": ["cross_border"], "category": "electronics"}, "return", True),
        ({"services": ["cross_border"], "category": "homeware"}, "return", True),
        ({"services": ["cross_border"], "category": "electronics"}, "refund", False),
        ({"category": "electronics"}, "return", False),
    ],
)
def test_sl_23_returns_across_the_border(
    platform: Platform, order: dict[str, object], remedy: str, *, applies: bool
) -> None:
    """Goods that crossed a border and go back, electronics and all others."""
    ground = Ground(order=order, opening=complaint(remedy=remedy))
    assert ("cross_border_cycle" in special.clocks(opened(platform, ground))) is applies


@pytest.mark.parametrize("kind", ["consultation", "complaint", "dispute"])
def test_sl_23_electronics_come_first_among_returns_from_abroad(
    platform: Platform, kind: str
) -> None:
    """Opened later and alike in all else, they stand before other goods, experts' or not."""
    other, electronics = (
        opened(
            platform,
            Ground(
                order={"services": ["cross_border"], "category": category},
                opening={**complaint(remedy="return"), "kind": kind},
            ),
        )
        for category in ("homeware", "electronics")
    )
    assert other.queue() == "cross_border"
    assert electronics.queue() == ("expert_phones" if kind == "dispute" else "cross_border")
    assert electronics.row()["priority"] < other.row()["priority"]
    ranks = [
        platform.read(SUPERVISOR, f"/v1/tickets/{one.ticket}/queue-position")["overall"]["rank"]
        for one in (electronics, other)
    ]
    assert ranks[0] < ranks[1]
