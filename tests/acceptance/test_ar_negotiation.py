"""AR-01 and AR-02: buyer and merchant talk first, and only then may the platform be called."""

from datetime import timedelta

import pytest

from domain.values import later
from tests.acceptance.platform import (
    BUYER,
    MERCHANT,
    PRICE,
    SECOND,
    STRANGER,
    Platform,
    money,
)

pytestmark = pytest.mark.usefixtures("senior")

REPAIR = {"terms": [{"kind": "repair"}]}
REFUND = {"terms": [{"kind": "refund", "amount": PRICE}]}


def test_ar_01_offer_counter_offer_and_acceptance_are_events(platform: Platform) -> None:
    """What was proposed, by whom, and what became of it can be read years later."""
    ticket = platform.disputed()
    platform.do(MERCHANT, ticket, "offers", REPAIR)
    platform.do(BUYER, ticket, "offers/O1/counter", REFUND)
    platform.do(MERCHANT, ticket, "offers/O2/acceptance")
    happened = platform.topics(ticket)
    for topic in ("offer.made", "offer.countered", "offer.accepted", "settlement.reached"):
        assert happened.count(topic) == 1, topic
    offers = platform.file(ticket)["offers"]
    assert [(one["by"], one["state"]) for one in offers.values()] == [
        ("merchant", "countered"),
        ("buyer", "accepted"),
    ]
    assert platform.row(ticket)["stage"] == "remedy"
    assert platform.ticket(BUYER, ticket)["remedies"][0]["terms"]["kind"] == "refund"


def test_ar_01_a_rejection_is_an_event_with_its_reason(platform: Platform) -> None:
    """Why an offer was declined is read by whoever rules later."""
    ticket = platform.failed()
    file = platform.file(ticket)
    offer = file["offers"]["O1"]
    assert offer["state"] == "declined"
    assert file["texts"][offer["reason"]["version"], "reason"] == "It is three days old."


def test_ar_01_a_withdrawn_offer_can_not_be_accepted(platform: Platform) -> None:
    """Who proposes may take it back until it is answered."""
    ticket = platform.disputed()
    platform.do(MERCHANT, ticket, "offers", REPAIR)
    platform.do(MERCHANT, ticket, "offers/O1/withdrawal")
    platform.refused(BUYER, ticket, "offers/O1/acceptance", code="offer_not_open")
    assert platform.file(ticket)["offers"]["O1"]["state"] == "withdrawn"


def test_ar_01_silence_lapses_an_offer_at_48_hours_and_not_a_second_before(
    platform: Platform,
) -> None:
    """Silence is an answer once the time for one is over; the clock says so by itself."""
    ticket = platform.disputed()
    platform.do(MERCHANT, ticket, "offers", REPAIR)
    due_at = later(platform.now.at, timedelta(hours=48))
    assert platform.file(ticket)["offers"]["O1"]["due_at"] == due_at
    row = platform.row(ticket)
    assert (row["awaiting"], row["due_at"]) == ("buyer", due_at)
    platform.move_to(later(due_at, -SECOND))
    assert platform.file(ticket)["offers"]["O1"]["state"] == "open"
    platform.move_to(due_at)
    assert platform.file(ticket)["offers"]["O1"]["state"] == "lapsed"
    assert platform.topics(ticket).count("offer.lapsed") == 1
    assert platform.row(ticket)["awaiting"] == "merchant"
    assert platform.ticket(BUYER, ticket)["negotiation_failed"] == "offer_lapsed"


def test_ar_01_an_offer_that_a_settlement_ended_is_superseded(platform: Platform) -> None:
    """That it lapsed would be false: its time was not over."""
    ticket = platform.disputed()
    platform.do(MERCHANT, ticket, "offers", REPAIR)
    platform.do(BUYER, ticket, "offers", REPAIR)
    platform.do(BUYER, ticket, "offers/O1/acceptance")
    offers = platform.file(ticket)["offers"]
    assert {name: one["state"] for name, one in offers.items()} == {
        "O1": "accepted",
        "O2": "superseded",
    }
    assert "offer.lapsed" not in platform.topics(ticket)


def test_ar_01_an_offer_is_answered_in_its_last_second(platform: Platform) -> None:
    """The last second belongs to who was asked."""
    ticket = platform.disputed()
    platform.do(MERCHANT, ticket, "offers", REPAIR)
    platform.move_to(later(platform.now.at, timedelta(hours=48) - SECOND))
    platform.do(BUYER, ticket, "offers/O1/acceptance")
    assert platform.row(ticket)["stage"] == "remedy"


def test_ar_01_an_offer_is_over_at_its_deadline_before_the_worker_says_so(
    platform: Platform,
) -> None:
    """The instant is the deadline, not who noticed it."""
    ticket = platform.disputed()
    platform.do(MERCHANT, ticket, "offers", REPAIR)
    platform.now.move(later(platform.now.at, timedelta(hours=48)))
    platform.refused(BUYER, ticket, "offers/O1/acceptance", code="offer_not_open")
    platform.settle()


def test_ar_01_only_the_two_sides_negotiate(platform: Platform) -> None:
    """A stranger neither offers nor accepts, and learns nothing of the ticket."""
    ticket = platform.disputed()
    platform.do(MERCHANT, ticket, "offers", REPAIR)
    platform.refused(STRANGER, ticket, "offers/O1/acceptance", code="unknown_ticket")
    platform.refused(MERCHANT, ticket, "offers/O1/acceptance", code="not_your_role")


def test_ar_02_the_platform_is_not_called_while_negotiation_runs(platform: Platform) -> None:
    """Negotiation comes first, and the refusal says until when."""
    ticket = platform.disputed()
    until = later(platform.now.at, timedelta(hours=72))
    problem = platform.refused(BUYER, ticket, "intervention", code="negotiation_first")
    assert problem["negotiable_until"] == until
    platform.do(MERCHANT, ticket, "offers", REPAIR)
    platform.refused(BUYER, ticket, "intervention", code="negotiation_first")
    assert platform.row(ticket)["stage"] == "negotiation"


def test_ar_02_the_platform_is_called_once_negotiation_failed(platform: Platform) -> None:
    """A declined offer with none open is a failed negotiation."""
    ticket = platform.with_platform()
    row = platform.row(ticket)
    assert (row["stage"], row["queue"]) == ("intervention", "arbitration")
    assert platform.file(ticket)["interventions"][0]["ground"] == "offer_declined"


@pytest.mark.parametrize(
    ("start", "hours"), [("disputed", 72), ("accepted", 72)], ids=["negotiation", "merchant_review"]
)
def test_ar_02_silence_opens_the_way_to_the_platform_at_72_hours(
    platform: Platform, start: str, hours: int
) -> None:
    """Neither a merchant who refuses and goes silent nor one who never answers can bar the way."""
    ticket = getattr(platform, start)()
    due_at = later(platform.now.at, timedelta(hours=hours))
    assert platform.row(ticket)["due_at"] == due_at
    platform.move_to(later(due_at, -SECOND))
    platform.refused(BUYER, ticket, "intervention", code="negotiation_first")
    platform.move_to(due_at)
    platform.do(BUYER, ticket, "intervention")
    assert platform.file(ticket)["interventions"][0]["ground"] == "deadline_passed"


def test_ar_02_nobody_but_a_side_calls_the_platform(platform: Platform) -> None:
    """An agent does not take the matter out of the parties' hands."""
    ticket = platform.failed()
    platform.refused("agent:agent-1", ticket, "intervention", code="not_your_role")


def test_ar_02_a_settled_matter_is_not_brought_to_the_platform(platform: Platform) -> None:
    """Who agreed has agreed."""
    ticket = platform.disputed()
    offer = {"terms": [{"kind": "compensation", "amount": money(10_000)}]}
    platform.do(MERCHANT, ticket, "offers", offer)
    platform.do(BUYER, ticket, "offers/O1/acceptance")
    platform.refused(BUYER, ticket, "intervention", code="wrong_stage")


def test_ar_01_forty_offers_are_enough(platform: Platform) -> None:
    """Two sides that go round for ever are sent to the platform."""
    ticket = platform.disputed()
    platform.do(MERCHANT, ticket, "offers", REPAIR)
    sides = (BUYER, MERCHANT)
    for number in range(1, 40):
        platform.do(sides[(number - 1) % 2], ticket, f"offers/O{number}/counter", REPAIR)
    platform.refused(MERCHANT, ticket, "offers/O40/counter", REPAIR, code="limit_reached")
    assert len(platform.file(ticket)["offers"]) == 40
    assert platform.row(ticket)["awaiting"] == "merchant"


def test_ar_01_the_usual_solution_of_the_trade_lies_on_the_table(platform: Platform) -> None:
    """Both sides see what is usual for such a matter before they propose anything."""
    ticket = platform.disputed()
    for side in (BUYER, MERCHANT):
        assert platform.ticket(side, ticket)["usual_remedy"] == "return"
