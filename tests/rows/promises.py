"""What practice promises, clock by clock: the figures stand here as the rulebook gives them.

Nothing here is read from a book. Each promise says which matter it is made for, what keeps it, and
what a breach of it leads to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from tests.rows.played import (
    AGENT,
    ARBITRATOR,
    BOT,
    BUYER,
    CARRIER,
    MERCHANT,
    NOW,
    PAYMENT,
    SUPERVISOR,
    Deed,
    Ground,
)

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
HALF, FOUR_FIFTHS = 5_000, 8_000
"""Shares of the promised time after which somebody is told, in basis points."""

ACCEPTS = Deed(AGENT, "acceptance")
TAKES = Deed(AGENT, "assignment")
SAYS = Deed(AGENT, "messages", {"text": "We are looking into it."})
SETTLES = Deed(AGENT, "answers", {"text": "This is how it is done.", "resolves": True})
REVIEWS = Deed(AGENT, "return-review")


def planned(level: str) -> Deed:
    """Return that the desk says, so far, how the matter will be resolved."""
    return Deed(AGENT, "plans", {"level": level, "text": "A new one is sent tomorrow."})


def reported(fact: str, who: str = BOT) -> Deed:
    """Return that something is reported the moment it happens."""
    return Deed(who, "facts", {"fact": fact, "occurred_at": NOW})


def bot_says(*, effective: bool) -> Deed:
    """Return that a machine answers."""
    return Deed(BOT, "automatic-answers", {"text": "See here.", "effective": effective})


@dataclass(frozen=True, kw_only=True)
class Promise:
    """One promise as practice makes it."""

    row: str
    clock: str
    within: timedelta
    ground: Ground
    starts: tuple[Deed, ...] = ()
    """What makes it run, where that is not the opening."""
    keeps: tuple[Deed, ...] = ()
    awaits: str = "agent"
    warns: tuple[int, ...] = ()
    escalates_to: str | None = None
    moves_to: str | None = None
    owes: Mapping[str, Any] | None = None
    rests: bool | None = True
    """Whether it rests for the buyer; None where a person's part in it keeps it already."""


def complaint(**fields: Any) -> dict[str, Any]:
    """Return the opening of a complaint about goods."""
    return {"kind": "complaint", "scenario": "product", "reason": "quality_fault", **fields}


def dispute(**fields: Any) -> dict[str, Any]:
    """Return the opening of a dispute about goods."""
    return complaint(kind="dispute", **fields)


ASKED = Ground(opening={"kind": "consultation", "scenario": "service", "reason": "other"})
COMPLAINED = Ground(opening=complaint())
BABY = Ground(order={"category": "mother_and_baby"}, opening=complaint())
ABROAD = Ground(
    order={"category": "homeware", "services": ["cross_border"]},
    opening=dispute(scenario="service"),
)
EXPERT = Ground(
    order={"category": "phones", "services": ["cross_border"]}, opening=dispute(remedy="refund")
)
BIG_SPENDER = Ground(
    standing={"tier": "ordinary", "spend_minor": 1_000_001}, opening=complaint(reason="other")
)
TOP_MEMBER = Ground(standing={"tier": "top"}, opening=complaint(reason="other"))
FRESH = Ground(
    order={"category": "fresh_food", "paid": (399_900, 101)}, opening=complaint(line="1")
)
INSURED = Ground(
    order={"category": "fresh_food", "services": ["quality_insurance"]}, opening=complaint()
)
APPLIANCE = Ground(order={"category": "appliances"}, opening=complaint())
RETURN = Ground(opening=complaint(remedy="return"))
FLASH = Ground(order={"services": ["flash_exchange"]}, opening=complaint(remedy="exchange"))
ABROAD_RETURN = Ground(
    order={"category": "electronics", "services": ["cross_border"]},
    opening=complaint(remedy="return"),
)
REFUND_APPROVED = (
    ACCEPTS,
    Deed(
        MERCHANT,
        "approval",
        {"terms": {"kind": "refund", "amount": {"amount_minor": 399_900, "currency": "CNY"}}},
    ),
)
REFUND_SETTLED = (Deed(PAYMENT, "remedies/R1/settlement", {"reference": "p-1"}),)
PARCEL = {"carrier": "sf", "tracking": "SF-9"}
EXCHANGED = (
    ACCEPTS,
    Deed(MERCHANT, "approval", {"terms": {"kind": "exchange"}}),
    Deed(MERCHANT, "remedies/R1/return-authorisation", {"path": "drop_off"}),
    Deed(BUYER, "remedies/R1/return-shipment", PARCEL),
    Deed(MERCHANT, "remedies/R1/return-receipt"),
    Deed(MERCHANT, "remedies/R1/replacement-shipment", PARCEL),
    Deed(BUYER, "remedies/R1/replacement-delivery"),
)
INTERVENED = (
    ACCEPTS,
    Deed(MERCHANT, "refusal", {"reasons": "An activated phone can not be resold."}),
    Deed(MERCHANT, "offers", {"terms": [{"kind": "repair"}]}),
    Deed(BUYER, "offers/O1/decline", {"reason": "It is three days old."}),
    Deed(BUYER, "intervention"),
)
SETTLED = (
    ACCEPTS,
    Deed(MERCHANT, "offers", {"terms": [{"kind": "repair"}]}),
    Deed(BUYER, "offers/O1/acceptance"),
)
"""The merchant offers something, and the buyer takes it."""
RULED = (
    Deed(SUPERVISOR, "arbitrator", {"arbitrator": ARBITRATOR.partition(":")[2]}),
    Deed(
        ARBITRATOR,
        "rulings",
        {
            "in_favour_of": "buyer",
            "shares": [{"party": "merchant", "share_bp": 10_000}],
            "awards": [{"kind": "repair"}],
            "reasons": "The fault is in the hardware.",
            "clauses": ["quality.hardware_fault"],
            "relied_on": ["E1"],
        },
    ),
)
IN_VAIN = (
    Deed(AGENT, "messages", {"text": "Please restart it."}, after=SECOND),
    Deed(BUYER, "messages", {"text": "I did; it is as before."}, after=SECOND),
)
"""One contact: the buyer is answered, and comes back unsatisfied."""
WRITTEN = (
    Deed(
        AGENT,
        "resolution",
        {
            "text": "We take it back.",
            "improvement": "The supplier checks every battery.",
            "compensation": {
                "kind": "coupon",
                "amount": {"amount_minor": 5_000, "currency": "CNY"},
            },
        },
    ),
    Deed(SUPERVISOR, "resolution/signature"),
)
DEPARTMENTS = (
    ACCEPTS,
    Deed(
        AGENT,
        "department-requests",
        {"departments": ["supply_chain", "legal"], "question": "From which lot is it?"},
    ),
)

PROMISES: Final = (
    Promise(
        row="SL-01",
        clock="consultation_automatic",
        within=10 * SECOND,
        ground=ASKED,
        keeps=(bot_says(effective=False),),
        awaits="nobody",
        moves_to="general",
    ),
    Promise(
        row="SL-01",
        clock="consultation_guidance",
        within=HOUR,
        ground=ASKED,
        keeps=(bot_says(effective=True),),
        moves_to="general",
    ),
    Promise(
        row="SL-02",
        clock="complaint_takeover",
        within=30 * MINUTE,
        ground=COMPLAINED,
        keeps=(ACCEPTS,),
        warns=(HALF, FOUR_FIFTHS),
        escalates_to="supervisor",
        rests=None,
    ),
    Promise(
        row="SL-03",
        clock="complex_framework",
        within=24 * HOUR,
        ground=ABROAD,
        keeps=(planned("framework"),),
        warns=(FOUR_FIFTHS,),
        escalates_to="supervisor",
    ),
    Promise(
        row="SL-04",
        clock="live_host_answer",
        within=2 * HOUR,
        ground=Ground(
            order={"live_session": "s-1"},
            opening=complaint(),
            first=(Deed("orders:oms", "/live-session/end", {"ended_at": NOW}),),
        ),
        keeps=(Deed(MERCHANT, "messages", {"text": "We send another one."}),),
        awaits="merchant",
        moves_to="senior",
    ),
    Promise(
        row="SL-05",
        clock="high_priority_plan",
        within=4 * HOUR,
        ground=BABY,
        keeps=(planned("plan"),),
        warns=(HALF, FOUR_FIFTHS),
        escalates_to="director",
    ),
    Promise(
        row="SL-06",
        clock="medium_priority_closed",
        within=24 * HOUR,
        ground=Ground(opening=complaint(reason="late", scenario="experience")),
        keeps=(SETTLES,),
        warns=(FOUR_FIFTHS,),
        escalates_to="supervisor",
    ),
    Promise(
        row="SL-08",
        clock="vip_answer",
        within=MINUTE,
        ground=BIG_SPENDER,
        keeps=(SAYS,),
        escalates_to="supervisor",
    ),
    Promise(
        row="SL-08",
        clock="vip_plan",
        within=30 * MINUTE,
        ground=BIG_SPENDER,
        keeps=(planned("plan"),),
        warns=(HALF,),
        escalates_to="supervisor",
    ),
    Promise(
        row="SL-09",
        clock="bot_first",
        within=2 * MINUTE,
        ground=ASKED,
        starts=(bot_says(effective=False),),
        keeps=(bot_says(effective=True),),
        awaits="nobody",
        moves_to="general",
    ),
    Promise(
        row="SL-10",
        clock="dedicated_answer",
        within=2 * HOUR,
        ground=TOP_MEMBER,
        keeps=(TAKES, SAYS),
        escalates_to="supervisor",
    ),
    Promise(
        row="SL-11",
        clock="expert_answer",
        within=30 * SECOND,
        ground=EXPERT,
        keeps=(SAYS,),
        escalates_to="pool_lead",
    ),
    Promise(
        row="SL-11",
        clock="expert_plan",
        within=HOUR,
        ground=EXPERT,
        keeps=(planned("executable"),),
        warns=(FOUR_FIFTHS,),
        escalates_to="pool_lead",
    ),
    Promise(
        row="SL-12",
        clock="negative_resolved",
        within=2 * HOUR,
        ground=COMPLAINED,
        starts=(reported("negative_sentiment"),),
        keeps=(SETTLES,),
        warns=(HALF,),
        escalates_to="supervisor",
        owes={"amount_minor": 2_000, "currency": "CNY"},
    ),
    Promise(
        row="SL-13",
        clock="ruling",
        within=48 * HOUR,
        ground=COMPLAINED,
        starts=INTERVENED,
        keeps=RULED,
        awaits="arbitrator",
        warns=(HALF, FOUR_FIFTHS),
        escalates_to="arbitration_lead",
        rests=False,
    ),
    Promise(
        row="SL-14",
        clock="return_review",
        within=72 * HOUR,
        ground=RETURN,
        keeps=(REVIEWS,),
        awaits="merchant",
        warns=(FOUR_FIFTHS,),
        escalates_to="supervisor",
    ),
    Promise(
        row="SL-15",
        clock="department_plan:D1",
        within=2 * HOUR,
        ground=COMPLAINED,
        starts=DEPARTMENTS,
        keeps=(Deed(SUPERVISOR, "department-requests/D1/plan", {"plan": "Lot 7; recalled."}),),
        awaits="third_party",
        warns=(HALF,),
        escalates_to="director",
        rests=False,
    ),
    Promise(
        row="SL-16",
        clock="written_resolution",
        within=48 * HOUR,
        ground=COMPLAINED,
        starts=(ACCEPTS, *IN_VAIN, *IN_VAIN),
        keeps=WRITTEN,
        warns=(HALF, FOUR_FIFTHS),
        escalates_to="director",
    ),
    Promise(
        row="SL-17",
        clock="refund_to_balance:R1",
        within=2 * HOUR,
        ground=Ground(order={"paid_by": "balance"}, opening=complaint(remedy="refund")),
        starts=REFUND_APPROVED,
        keeps=REFUND_SETTLED,
        awaits="payment",
        escalates_to="payment_owner",
        rests=False,
    ),
    Promise(
        row="SL-17",
        clock="refund_to_card:R1",
        within=12 * HOUR,
        ground=Ground(order={"paid_by": "card"}, opening=complaint(remedy="refund")),
        starts=REFUND_APPROVED,
        keeps=REFUND_SETTLED,
        awaits="payment",
        escalates_to="payment_owner",
        rests=False,
    ),
    Promise(
        row="SL-18",
        clock="spoiled_answer",
        within=HOUR,
        ground=INSURED,
        keeps=(SAYS,),
        escalates_to="supervisor",
    ),
    Promise(
        row="SL-19",
        clock="fresh_solution",
        within=HOUR,
        ground=FRESH,
        keeps=(planned("plan"),),
        # 5 % of 3,999.00 + 1.01 yuan is 200.0005: the fraction of a fen is not owed.
        owes={"amount_minor": 20_000, "currency": "CNY"},
    ),
    Promise(
        row="SL-20",
        clock="flash_exchange",
        within=24 * HOUR,
        ground=FLASH,
        keeps=EXCHANGED,
        escalates_to="supervisor",
    ),
    Promise(
        row="SL-21",
        clock="appliance_answer",
        within=2 * HOUR,
        ground=APPLIANCE,
        keeps=(reported("network_answered", MERCHANT),),
        awaits="third_party",
        escalates_to="brand_lead",
    ),
    Promise(
        row="SL-21",
        clock="appliance_on_site",
        within=4 * HOUR,
        ground=APPLIANCE,
        keeps=(reported("on_site", MERCHANT),),
        awaits="third_party",
        escalates_to="brand_lead",
    ),
    Promise(
        row="SL-22",
        clock="public_opinion",
        within=2 * HOUR,
        ground=Ground(opening=complaint(channel="social_media")),
        keeps=(ACCEPTS,),
        warns=(HALF,),
        escalates_to="director",
        rests=None,
    ),
    Promise(
        row="SL-22",
        clock="public_mention",
        within=2 * HOUR,
        ground=COMPLAINED,
        starts=(ACCEPTS, reported("mention_found")._replace(after=3 * HOUR)),
        keeps=(SAYS,),
        warns=(HALF,),
        escalates_to="director",
    ),
    Promise(
        row="SL-23",
        clock="cross_border_cycle",
        within=timedelta(days=7),
        ground=ABROAD_RETURN,
        keeps=(
            reported("warehouse_received", CARRIER),
            reported("cross_border_completed", CARRIER),
        ),
        awaits="third_party",
        warns=(FOUR_FIFTHS,),
        escalates_to="cross_border_lead",
        rests=False,
    ),
    Promise(
        row="SL-26",
        clock="flaw_photo_review",
        within=2 * HOUR,
        ground=RETURN,
        starts=(reported("flaw_photo")._replace(after=HOUR),),
        keeps=(REVIEWS,),
        warns=(HALF,),
        escalates_to="supervisor",
    ),
)
"""Every promise that can be broken; what is only measured (SL-24) is told apart."""


def promise(clock: str) -> Promise:
    """Return the promise of a clock."""
    return next(one for one in PROMISES if one.clock == clock)
