"""What is owed follows from a decision, once, within cap and authority; all else is found."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from typing import Final

import pytest
from msgspec.structs import replace

from domain import commands as asked
from domain.events import (
    CompensationInitiated,
    CompensationPaid,
    Event,
    MerchantApproved,
    PayoutGranted,
    PayoutOwed,
    RefundGranted,
    RefundInitiated,
    RemedyOrdered,
    ResolutionSigned,
    SettlementReached,
)
from domain.record import Record
from domain.values import Actor, Kind, Money, Reason, RemedyKind, Terms
from replay.explain import Decision, What, recomputed
from tests.replay.explaining import (
    COUPON,
    REFUND,
    again,
    appealed,
    begun,
    book,
    forged,
    late_for_fresh_food,
    ruled,
    signed_by,
    the,
    told,
    words,
)
from tests.replay.told import Told
from tests.scenario import AGENT, BUYER, LINE, MERCHANT, OTHER_AGENT, PAYMENT, SUPERVISOR, TICKET

HOUR: Final = timedelta(hours=1)
CAP: Final = 149_970
"""What payouts on top of the order's only line may come to."""
AUTHORITY: Final = 5_000
"""What an agent may give on a ticket."""
GIVEN: Final = (
    RemedyOrdered,
    RefundGranted,
    PayoutGranted,
    RefundInitiated,
    CompensationInitiated,
)
"""What is recorded of a remedy that is owed."""


def yuan_on_top(amount_minor: int) -> Terms:
    """Return money on top of the price."""
    return Terms(RemedyKind.COMPENSATION, LINE, Money(amount_minor, "CNY"))


@cache
def taken_up(kind: Kind = Kind.DISPUTE) -> Told:
    """Return a matter somebody works on."""
    story = begun(kind=kind, reason=Reason.QUALITY_FAULT)
    return story.after(HOUR).done(asked.AcceptTicket(ticket=TICKET), AGENT)


def given(story: Told, amount_minor: int, by: Actor = AGENT) -> Told:
    """Return it with a gift."""
    return story.done(asked.GrantRemedy(ticket=TICKET, terms=yuan_on_top(amount_minor)), by)


@cache
def settled() -> Told:
    """Return a matter that the two sides settled."""
    offer = asked.MakeOffer(ticket=TICKET, terms=(yuan_on_top(1_000), COUPON))
    return (
        taken_up().done(offer, MERCHANT).done(asked.AcceptOffer(ticket=TICKET, offer="O1"), BUYER)
    )


@cache
def approved() -> Told:
    """Return a matter whose claim the merchant approved."""
    part = Terms(RemedyKind.REFUND, LINE, Money(100_000, "CNY"))
    story = begun(
        kind=Kind.DISPUTE,
        reason=Reason.QUALITY_FAULT,
        remedy=RemedyKind.REFUND,
        claim=part.amount,
    )
    story = story.after(HOUR).done(asked.AcceptTicket(ticket=TICKET), AGENT)
    return story.done(asked.ApproveClaim(ticket=TICKET, terms=part), MERCHANT)


@cache
def gift() -> Told:
    """Return a matter with goodwill of an agent."""
    return given(taken_up(), 1_000)


@cache
def resolved_in_writing() -> Told:
    """Return a matter whose written resolution compensates."""
    story = taken_up(Kind.COMPLAINT)
    for _ in range(2):
        story = story.after(HOUR)
        story = story.done(asked.SendMessage(ticket=TICKET, text="Please restart it."), AGENT)
        story = story.after(HOUR)
        story = story.done(asked.SendMessage(ticket=TICKET, text="It is as before."), BUYER)
    written = asked.WriteResolution(
        ticket=TICKET, text="We are sorry.", improvement="Checks.", compensation=yuan_on_top(1_000)
    )
    return story.done(written, AGENT).done(asked.SignResolution(ticket=TICKET), SUPERVISOR)


@cache
def arrived_late() -> Told:
    """Return a gift that failed, was taken off, was given anew to the cap, and arrived then."""
    return (
        given(taken_up(), 100_000, SUPERVISOR)
        .done(asked.FailCompensation(ticket=TICKET, remedy="R1", reason="bank"), PAYMENT)
        .done(asked.CancelRemedy(ticket=TICKET, remedy="R1", why="failed"), SUPERVISOR)
        .done(asked.GrantRemedy(ticket=TICKET, terms=yuan_on_top(CAP)), SUPERVISOR)
        .done(asked.PayCompensation(ticket=TICKET, remedy="R1", reference="p-1"), PAYMENT)
    )


def varied() -> Told:
    """Return a matter whose ruling was varied to a gift more."""
    ruling = ruled().live.rulings["J1"]
    return appealed(
        "varied",
        in_favour_of=ruling.in_favour_of,
        shares=ruling.shares,
        awards=(COUPON,),
    )


HONEST: Final[dict[str, Callable[[], Told]]] = {
    "settlement": settled,
    "approval": approved,
    "goodwill": gift,
    "goodwill_of_a_supervisor": lambda: given(taken_up(), CAP, SUPERVISOR),
    "goodwill_of_an_agent_twice": lambda: given(given(taken_up(), 2_000), AUTHORITY - 2_000),
    "written_resolution": resolved_in_writing,
    "ruling": ruled,
    "ruling_after_a_gift": lambda: given(ruled(REFUND), 1_000, SUPERVISOR),
    "appeal": varied,
    "late_arrival": arrived_late,
}


def larger(story: Told, amount_minor: int) -> tuple[Decision, ...]:
    """Explain a story whose last payout is another one wherever the record tells it."""
    amount = Money(amount_minor, "CNY")
    ordered = next(
        one.event for one in reversed(story.of_ticket) if isinstance(one.event, RemedyOrdered)
    )
    assert ordered.terms.amount is not None
    refund = ordered.terms.kind is RemedyKind.REFUND
    paid = RefundInitiated if refund else CompensationInitiated
    records = forged(story.of_ticket, RemedyOrdered, terms=replace(ordered.terms, amount=amount))
    records = forged(records, paid, amount=amount)
    order = forged(story.of_order, RefundGranted if refund else PayoutGranted, amount=amount)
    return again(What.OWED, story, records, order)


def found(decisions: Sequence[Decision], about: str) -> dict[str, str]:
    """Return what would follow, by what differs in a decision."""
    return {one.what: one.recomputed for one in the(decisions, about).differences}


def once_more(story: Told, *kinds: type[Event], **fields: str) -> list[Record]:
    """Return all records, and behind them the last of each kind in the same deed once more."""
    made: list[Record] = []
    for kind in kinds:
        last = [one for one in story.records if isinstance(one.event, kind)][-1]
        of_stream = [one for one in (*story.records, *made) if one.stream == last.stream]
        envelope = replace(last.envelope, version=len(of_stream) + 1)
        position = story.records[-1].position + len(made) + 1
        event = replace(last.event, **fields)
        made.append(replace(last, position=position, envelope=envelope, event=event))
    return [*story.records, *made]


def without(story: Told, *kinds: type[Event]) -> list[Record]:
    """Return all records but those of some kinds, numbered anew."""
    kept = [one for one in story.records if not isinstance(one.event, kinds)]
    count: Counter[str] = Counter()
    for number, one in enumerate(kept):
        count[one.stream] += 1
        envelope = replace(one.envelope, version=count[one.stream])
        kept[number] = replace(one, envelope=envelope)
    return kept


def explained(story: Told, records: Sequence[Record]) -> tuple[Decision, ...]:
    """Return what is explained of records of ticket and order."""
    ticket = [one for one in records if one.event.FAMILY == "ticket"]
    return again(What.OWED, story, ticket, [one for one in records if one.event.FAMILY == "order"])


# --- what follows -----------------------------------------------------------------------------


@pytest.mark.parametrize("source", HONEST)
def test_what_is_owed_follows_again_from_its_decision(source: str) -> None:
    """Every way in which something comes to be owed, as it was and as of each of its facts."""
    story = HONEST[source]()
    decisions = told(What.OWED, story)
    assert [one.about for one in decisions if one.about.startswith("remedy:")]
    assert [(one.about, one.differences) for one in decisions if one.differences] == []
    assert all(one.recomputed for one in decisions)


def test_a_gift_is_told_against_what_was_given_before_and_the_authority() -> None:
    """RE-11: small steps lead no further than one."""
    story = given(given(taken_up(), 2_000), 1_000)
    second = the(told(What.OWED, story), "remedy:R2")
    assert (
        "Goodwill of the ticket came to 2000 + 1000 = 3000 CNY (minor units); "
        f"an agent gives up to {AUTHORITY}, above it a supervisor."
    ) in words(second)
    assert book().cap.goodwill_minor == AUTHORITY


def test_money_that_arrives_though_it_was_taken_off_counts_above_the_cap() -> None:
    """It is a fact: the excuse is told with it, and with nothing else."""
    decisions = told(What.OWED, arrived_late())
    assert recomputed(decisions)
    excused = [one.about for one in decisions if "though it was taken off" in words(one)]
    assert excused == ["remedy:R1"]
    line = the(decisions, "line:1:payouts")
    assert (line.result["taken_minor"], line.result["left_minor"]) == (CAP + 100_000, 0)


# --- what does not ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("story", "amount"), [(settled, 5_000), (approved, 499_900), (resolved_in_writing, 2_000)]
)
def test_another_amount_than_was_decided_is_found(story: Callable[[], Told], amount: int) -> None:
    """Within the cap and told alike by ticket, order and payment: it is not what was agreed."""
    now = story()
    if story is settled:  # its last remedy is a coupon, which nobody is told to pay
        now = taken_up().done(asked.MakeOffer(ticket=TICKET, terms=(yuan_on_top(1_000),)), MERCHANT)
        now = now.done(asked.AcceptOffer(ticket=TICKET, offer="O1"), BUYER)
    differences = found(larger(now, amount), "remedy:R1")
    assert differences.keys() == {"amount", "terms"}
    before = next(one.event for one in now.of_ticket if isinstance(one.event, RemedyOrdered))
    assert before.terms.amount is not None
    assert f'"amount_minor":{before.terms.amount.amount_minor},' in differences["terms"]


@pytest.mark.parametrize("by", [AGENT, SUPERVISOR])
def test_a_gift_above_the_cap_is_found_and_has_no_excuse(by: Actor) -> None:
    """The remedy and the line both say so; a supervisor has no more than the cap either."""
    decisions = larger(given(taken_up(), 1_000, by), CAP + 1)
    assert found(decisions, "remedy:R1")["cap"] == f"at most {CAP}"
    assert found(decisions, "remedy:R1")["fact"] == "refused: cap_exceeded"
    assert found(decisions, "line:1:payouts") == {"cap": f"at most {CAP}"}
    assert not any("though it was taken off" in words(one) for one in decisions)


def test_a_gift_above_an_agents_authority_is_found() -> None:
    """What was given on the ticket before counts, and who gives is whom the record names."""
    story = given(given(taken_up(), 2_000), 1_000)
    assert recomputed(larger(story, AUTHORITY - 2_000))
    decisions = larger(story, AUTHORITY - 2_000 + 1)
    assert found(decisions, "remedy:R2") == {"fact": "refused: cap_exceeded"}
    assert the(decisions, "remedy:R1").recomputed


@pytest.mark.parametrize("by", [MERCHANT, BUYER, PAYMENT])
def test_a_gift_of_who_may_give_nothing_is_found(by: Actor) -> None:
    """Goodwill is the desk's."""
    story = gift()
    decisions = again(What.OWED, story, signed_by(story.of_ticket, RemedyOrdered, by))
    assert found(decisions, "remedy:R1") == {"fact": "refused: not_your_role"}


@pytest.mark.parametrize("source", ["ruling", "appeal", "settlement", "approval", "made_up"])
def test_a_source_that_decided_nothing_is_found(source: str) -> None:
    """A gift is told as what somebody awarded or agreed to."""
    story = gift()
    decisions = again(What.OWED, story, forged(story.of_ticket, RemedyOrdered, source=source))
    assert found(decisions, "remedy:R1") == {"source": "goodwill"}


@pytest.mark.parametrize("story", [settled, approved, ruled])
def test_what_was_decided_is_not_told_as_a_gift(story: Callable[[], Told]) -> None:
    """Goodwill has another cap and another name under it."""
    now = story()
    last = list(now.live.remedies)[-1]
    decisions = again(What.OWED, now, forged(now.of_ticket, RemedyOrdered, source="goodwill"))
    assert found(decisions, f"remedy:{last}").keys() == {"source"}


def test_what_follows_from_nothing_in_its_deed_is_found() -> None:
    """A gift put behind an answer that gives none."""
    story = gift().done(asked.GiveAnswer(ticket=TICKET, text="x", resolves=False), AGENT)
    answer = story.records[-1].envelope.cause
    records = once_more(story, PayoutGranted, RemedyOrdered, remedy="R2")
    records[-2:] = [
        replace(one, envelope=replace(one.envelope, cause=answer)) for one in records[-2:]
    ]
    nothing = "nothing in its deed that it follows from"
    assert found(explained(story, records), "remedy:R2")["source"] == nothing


def test_a_settlement_of_other_terms_than_were_offered_is_found() -> None:
    """Whoever accepts an offer agrees to that one."""
    story = settled()
    terms = (yuan_on_top(9_000), COUPON)
    decisions = again(What.OWED, story, forged(story.of_ticket, SettlementReached, terms=terms))
    for remedy in ("remedy:R1", "remedy:R2"):
        assert found(decisions, remedy).keys() == {"terms"}


def test_an_approval_of_less_than_was_claimed_is_found() -> None:
    """A merchant who gives less makes an offer (AR-10)."""
    story = approved()
    less = Terms(RemedyKind.REFUND, LINE, Money(1, "CNY"))
    decisions = again(What.OWED, story, forged(story.of_ticket, MerchantApproved, terms=less))
    assert found(decisions, "remedy:R1") == {"fact": "refused: less_than_claimed"}


def test_a_resolution_that_an_agent_signs_gives_nothing() -> None:
    """Only both together owe its compensation."""
    story = resolved_in_writing()
    decisions = again(What.OWED, story, signed_by(story.of_ticket, ResolutionSigned, OTHER_AGENT))
    assert found(decisions, "remedy:R1") == {"fact": "refused: not_your_role"}


@pytest.mark.parametrize("story", [ruled, settled, gift])
def test_one_award_is_owed_once(story: Callable[[], Told]) -> None:
    """A second remedy in the same deed, with a grant of its own, follows from nothing."""
    now = story()
    more = f"R{len(now.live.remedies) + 1}"
    decisions = explained(now, once_more(now, RemedyOrdered, PayoutGranted, remedy=more))
    assert [one.about for one in decisions if not one.recomputed] == [f"remedy:{more}"]
    assert found(decisions, f"remedy:{more}") == {"fact": "nothing"}


def test_a_book_that_nobody_knows_hides_no_amount() -> None:
    """What is promised under one book is judged by it, whatever the facts name."""
    story = gift()
    amount = Money(CAP + 1, "CNY")
    named = {"policy": "2025-01-01"}
    for forgery in ({}, {"amount": amount}):
        terms = replace(yuan_on_top(1_000), **forgery)
        decisions = again(
            What.OWED,
            story,
            forged(story.of_ticket, RemedyOrdered, terms=terms, **named),
            forged(story.of_order, PayoutGranted, **forgery, **named),
        )
        assert the(decisions, "remedy:R1").recomputed is False


def test_one_remedy_is_not_ordered_twice() -> None:
    """The same name again is no other award."""
    story = gift()
    assert not recomputed(explained(story, once_more(story, RemedyOrdered)))


def test_a_grant_by_which_nothing_is_owed_is_found() -> None:
    """It takes of the line what nobody gets."""
    story = gift()
    decisions = explained(story, once_more(story, PayoutGranted, remedy="R7"))
    assert found(decisions, "remedy:R7") == {"fact": "nothing is owed by it"}


def test_money_that_was_not_taken_off_takes_no_second_part_of_its_line() -> None:
    """A grant beside a payment needs a remedy that was cancelled before."""
    story = gift().done(asked.PayCompensation(ticket=TICKET, remedy="R1", reference="p-1"), PAYMENT)
    paid = next(one for one in story.records if isinstance(one.event, CompensationPaid))
    *records, grant = once_more(story, PayoutGranted)
    again_taken = replace(grant, envelope=replace(grant.envelope, cause=paid.envelope.cause))
    decisions = explained(story, [*records, again_taken])
    assert "fact" in found(decisions, "remedy:R1")


@pytest.mark.parametrize("fields", [{"amount": Money(99_999, "CNY")}, {"cap": Money(1, "CNY")}])
def test_late_money_takes_what_its_remedy_gave(fields: dict[str, Money]) -> None:
    """The excuse is for the amount that was taken off."""
    story = arrived_late()
    decisions = again(
        What.OWED, story, story.of_ticket, forged(story.of_order, PayoutGranted, **fields)
    )
    assert found(decisions, "remedy:R1").keys() >= fields.keys()


@pytest.mark.parametrize("story", [settled, approved, ruled])
def test_a_decision_that_is_not_carried_out_is_found(story: Callable[[], Told]) -> None:
    """What was agreed is owed: leaving it out of the record does not make it go away."""
    now = story()
    decisions = explained(now, without(now, *GIVEN))
    assert [one.about for one in decisions] == [f"remedy:{name}" for name in now.live.remedies]
    assert [one.recomputed for one in decisions] == [False] * len(decisions)
    first = next(iter(now.live.remedies))
    assert found(decisions, f"remedy:{first}") == {"remedy": "remedy.ordered.v1"}


def test_a_breach_costs_once() -> None:
    """The same cost told twice is one too many."""
    story = late_for_fresh_food()
    decisions = explained(story, once_more(story, PayoutOwed))
    twice = [one for one in decisions if one.about == "payout:fresh_solution"]
    assert [one.recomputed for one in twice] == [True, False]
