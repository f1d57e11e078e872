"""Negotiation: offers, answers and silence, settlement, and the call for the platform."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain import errors
from domain.commands import (
    AcceptOffer,
    AcceptTicket,
    ApproveClaim,
    CounterOffer,
    DeclineOffer,
    MakeOffer,
    OpenTicket,
    PassDeadline,
    RefuseClaim,
    RequestIntervention,
    WithdrawOffer,
)
from domain.events import (
    DeadlineGiven,
    DeadlineMet,
    DeadlineMissed,
    EvidenceRequested,
    InterventionRequested,
    MerchantApproved,
    OfferAccepted,
    OfferCountered,
    OfferDeclined,
    OfferLapsed,
    OfferMade,
    OfferSuperseded,
    OfferWithdrawn,
    RefundGranted,
    RemedyOrdered,
    SettlementReached,
)
from domain.ticket.state import OfferState
from domain.values import (
    SYSTEM,
    Awaiting,
    Channel,
    Kind,
    Money,
    Party,
    Personal,
    RemedyKind,
    Stage,
    Terms,
)
from tests.scenario import (
    AGENT,
    BOOK,
    BUYER,
    EVERYBODY,
    LINE,
    MERCHANT,
    MOMENT,
    ORDER,
    OTHER_BUYER,
    OTHER_MERCHANT,
    PRICE,
    TICKET,
    Scenario,
    for_each,
    given,
    opened,
    yuan,
)

REFUND = (Terms(kind=RemedyKind.REFUND, amount=yuan(100)),)
REPAIR = (Terms(kind=RemedyKind.REPAIR),)
OFFER = MakeOffer(ticket=TICKET, terms=REFUND)
REFUSE = RefuseClaim(ticket=TICKET, reasons="it was activated")
ASK = RequestIntervention(ticket=TICKET)


def taken_up() -> Scenario:
    """Return a complaint that waits for the merchant."""
    return opened().done(AcceptTicket(ticket=TICKET), AGENT)


def refused() -> Scenario:
    """Return a complaint the merchant refused."""
    return taken_up().done(REFUSE, MERCHANT)


def offered(by: object = MERCHANT) -> Scenario:
    """Return a negotiation with one open offer."""
    return refused().done(OFFER, by)


def accept(offer: str = "O1") -> AcceptOffer:
    """Return an agreement to an offer."""
    return AcceptOffer(ticket=TICKET, offer=offer)


def decline(offer: str = "O1") -> DeclineOffer:
    """Return a no to an offer."""
    return DeclineOffer(ticket=TICKET, offer=offer)


def counter(offer: str = "O1") -> CounterOffer:
    """Return another offer in answer to one."""
    return CounterOffer(ticket=TICKET, offer=offer, terms=REPAIR)


def withdraw(offer: str = "O1") -> WithdrawOffer:
    """Return that an offer is taken back."""
    return WithdrawOffer(ticket=TICKET, offer=offer)


# --- making offers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("actor", "waits"), [(BUYER, Awaiting.MERCHANT), (MERCHANT, Awaiting.BUYER)]
)
def test_either_side_makes_an_offer_and_the_other_has_time_to_answer(
    actor: object, waits: Awaiting
) -> None:
    """AR-01: an offer waits for the other side until the book's deadline."""
    story = refused().after(timedelta(hours=1))
    due_at = BOOK.due("offer", story.now)
    made = story.when(MakeOffer(ticket=TICKET, terms=REFUND, text="please"), by=actor).then(
        OfferMade(
            offer="O1",
            by=actor.party,
            terms=REFUND,
            due_at=due_at,
            policy=BOOK.version,
            text=Personal("please", subject=f"{actor.kind}:{actor.ref}"),
        ),
        DeadlineGiven(deadline="offer:O1", due_at=due_at, awaits=waits, policy=BOOK.version),
    )
    assert made.live.offers["O1"].state is OfferState.OPEN


def test_a_first_offer_opens_the_negotiation() -> None:
    """AR-01: from then on the book's time for negotiation runs."""
    story = taken_up()
    outcome = story.when(OFFER, by=BUYER)
    bought = outcome.then_kinds(OfferMade, DeadlineGiven, DeadlineGiven)
    assert bought.live.stage is Stage.NEGOTIATION
    assert bought.due("negotiation") == BOOK.due("negotiation", story.now)
    assert "merchant_review" in bought.live.deadlines


def test_a_merchants_first_offer_is_his_review() -> None:
    """Who proposes something has looked at the claim."""
    outcome = taken_up().when(OFFER, by=MERCHANT)
    made = outcome.then_among(DeadlineMet(deadline="merchant_review"))
    assert set(made.live.deadlines) == {"offer:O1", "negotiation"}


def test_a_later_offer_gives_no_more_time_to_negotiate() -> None:
    """AR-02: offers do not put the platform off."""
    story = refused()
    later = story.after(timedelta(hours=1)).done(OFFER, BUYER)
    assert later.due("negotiation") == story.due("negotiation")


def test_a_side_has_one_open_offer() -> None:
    """What a side proposes must be clear; the other side's offer does not count."""
    story = offered(MERCHANT)
    story.when(OFFER, by=MERCHANT).then_refused(errors.AlreadyDone)
    story.done(OFFER, BUYER)
    story.done(withdraw(), MERCHANT).done(OFFER, MERCHANT)


def test_nobody_offers_before_the_matter_is_taken_up() -> None:
    """The platform has not looked yet."""
    opened().when(OFFER, by=MERCHANT).then_refused(errors.WrongStage)


@pytest.mark.parametrize("actor", for_each(EVERYBODY, but=[BUYER, MERCHANT]))
def test_only_the_two_sides_offer(actor: object) -> None:
    """The platform puts nothing into a side's mouth."""
    refused().when(OFFER, by=actor).then_refused(errors.NotYourRole)


@pytest.mark.parametrize("actor", [OTHER_BUYER, OTHER_MERCHANT])
def test_strangers_do_not_offer(actor: object) -> None:
    """A stranger to the matter has nothing to propose in it."""
    refused().when(OFFER, by=actor).then_refused(errors.NotYourTicket)


def test_without_a_merchant_there_is_nobody_to_negotiate_with() -> None:
    """A question without an order has one side."""
    story = given().done(OpenTicket(channel=Channel.APP), BUYER)
    story = story.done(AcceptTicket(ticket=TICKET), AGENT)
    story.when(OFFER, by=BUYER).then_refused(errors.WrongState)


def test_an_offer_holds_something() -> None:
    """An empty hand is no offer."""
    empty = MakeOffer(ticket=TICKET, terms=())
    refused().when(empty, by=MERCHANT).then_refused(errors.Unreasonable)


def test_an_offer_fits_what_the_line_still_allows() -> None:
    """RE-16: an offer nobody could keep would mislead the other side."""
    cap = BOOK.refund_cap(PRICE)
    for amount, fits in ((cap.amount_minor, True), (cap.amount_minor + 1, False)):
        terms = (Terms(kind=RemedyKind.REFUND, amount=Money(amount, "CNY")),)
        outcome = refused().when(MakeOffer(ticket=TICKET, terms=terms), by=MERCHANT)
        if fits:
            outcome.the(OfferMade)
        else:
            outcome.then_refused(errors.CapExceeded)


def test_a_ticket_holds_as_many_offers_as_the_book_allows() -> None:
    """Haggling without end is not negotiation."""
    few = BOOK.model_copy(update={"limit": BOOK.limit.model_copy(update={"offers": 2})})
    story = refused().under(few).done(OFFER, MERCHANT).done(counter(), BUYER)
    story.when(counter("O2"), by=MERCHANT).then_refused(errors.LimitReached)
    story.done(decline("O2"), MERCHANT).when(OFFER, by=MERCHANT).then_refused(errors.LimitReached)


# --- answers ----------------------------------------------------------------------------------


def test_an_accepted_offer_is_a_settlement_and_owed_at_once() -> None:
    """AR-01: agreement ends the matter but for its remedies."""
    outcome = offered().when(accept(), by=BUYER)
    settled = outcome.then_among(
        DeadlineMet(deadline="offer:O1"),
        DeadlineMet(deadline="negotiation"),
        OfferAccepted(offer="O1", by=Party.BUYER),
        SettlementReached(offer="O1", terms=REFUND),
    )
    assert outcome.the(RemedyOrdered).source == "settlement"
    assert outcome.the(RefundGranted).amount == yuan(100)
    assert settled.live.stage is Stage.REMEDY
    assert set(settled.live.deadlines) == {"remedy:R1"}


def test_accepting_twice_settles_once() -> None:
    """A repeated yes is one yes."""
    offered().done(accept(), BUYER).when(accept(), by=BUYER).then_nothing()


def test_a_settlement_ends_the_other_offer() -> None:
    """Nothing stays open beside an agreement."""
    story = offered(MERCHANT).done(OFFER, BUYER)
    outcome = story.when(accept("O1"), by=BUYER)
    settled = outcome.then_among(OfferSuperseded(offer="O2", by_what="settlement"))
    assert settled.live.offers["O2"].state is OfferState.SUPERSEDED
    assert settled.live.negotiation_failed is None


def test_what_an_earlier_matter_took_since_stands_against_accepting() -> None:
    """RE-16: an offer that fitted when it was made may not fit any more."""
    terms = (Terms(kind=RemedyKind.REFUND, amount=PRICE),)
    story = refused().done(MakeOffer(ticket=TICKET, terms=terms), MERCHANT)
    taken = RefundGranted(
        ticket="T0-261101-0000002", remedy="R1", line=LINE, amount=yuan(1), cap=PRICE, policy="p"
    )
    story.given(taken).when(accept(), by=BUYER).then_refused(errors.CapExceeded)


def test_a_counter_offer_takes_the_place_of_the_offer() -> None:
    """AR-01: an answer that is a proposal; one offer gives way to another."""
    story = offered().after(timedelta(hours=2))
    due_at = BOOK.due("offer", story.now)
    countered = story.when(counter(), by=BUYER).then(
        DeadlineMet(deadline="offer:O1"),
        OfferCountered(
            offer="O2",
            counters="O1",
            by=Party.BUYER,
            terms=REPAIR,
            due_at=due_at,
            policy=BOOK.version,
        ),
        DeadlineGiven(
            deadline="offer:O2", due_at=due_at, awaits=Awaiting.MERCHANT, policy=BOOK.version
        ),
    )
    assert countered.live.offers["O1"].state is OfferState.COUNTERED
    assert countered.live.offers["O2"].state is OfferState.OPEN
    assert countered.live.negotiation_failed is None


def test_a_declined_offer_ends_the_negotiation_when_none_is_open_any_more() -> None:
    """AR-02: then the buyer may ask the platform."""
    story = offered()
    declined = story.when(decline(), by=BUYER).then(
        DeadlineMet(deadline="offer:O1"), OfferDeclined(offer="O1", by=Party.BUYER)
    )
    assert declined.live.negotiation_failed == "offer_declined"
    both = story.done(OFFER, BUYER).done(decline(), BUYER)
    assert both.live.negotiation_failed is None


def test_a_side_takes_its_own_offer_back_and_that_fails_nothing() -> None:
    """Who withdraws has not been refused anything."""
    withdrawn = (
        offered()
        .when(withdraw(), by=MERCHANT)
        .then(DeadlineMet(deadline="offer:O1"), OfferWithdrawn(offer="O1", by=Party.MERCHANT))
    )
    assert withdrawn.live.negotiation_failed is None


@pytest.mark.parametrize("command", [accept(), decline(), counter()])
def test_an_offer_is_answered_by_the_other_side(command: object) -> None:
    """Nobody agrees with himself."""
    offered(MERCHANT).when(command, by=MERCHANT).then_refused(errors.NotYourRole)
    offered(BUYER).when(command, by=BUYER).then_refused(errors.NotYourRole)


def test_an_offer_is_withdrawn_by_the_side_that_made_it() -> None:
    """The other side may only decline it."""
    offered(MERCHANT).when(withdraw(), by=BUYER).then_refused(errors.NotYourRole)


@pytest.mark.parametrize("command", [accept("O9"), decline("O9"), counter("O9"), withdraw("O9")])
def test_an_offer_that_was_never_made_is_unknown(command: object) -> None:
    """There is nothing to answer."""
    offered().when(command, by=BUYER).then_refused(errors.UnknownOffer)


@pytest.mark.parametrize("command", [accept(), decline(), counter()])
def test_an_offer_is_answered_once(command: object) -> None:
    """Declined, countered, withdrawn: it is open no more."""
    for end, who in ((decline(), BUYER), (withdraw(), MERCHANT)):
        offered().done(end, who).when(command, by=BUYER).then_refused(errors.OfferNotOpen)


@pytest.mark.parametrize("command", [accept(), decline(), counter()])
def test_an_offer_is_answered_within_its_time(command: object) -> None:
    """AR-01: at its due time an offer is over, though the clock has not said so yet."""
    story = offered()
    last = story.at(story.due("offer:O1"))
    last.after(-MOMENT).done(command, BUYER)
    last.when(command, by=BUYER).then_refused(errors.OfferNotOpen)


def test_silence_is_a_fact() -> None:
    """AR-01: an offer nobody answered lapses when the book says so, and not before."""
    story = offered()
    due_at = story.due("offer:O1")
    assert due_at == BOOK.due("offer", story.now)
    clock = PassDeadline(ticket=TICKET, deadline="offer:O1", due_at=due_at)
    story.at(due_at).after(-MOMENT).when(clock, by=SYSTEM).then_refused(errors.NotYetDue)
    lapsed = story.at(due_at).when(clock, by=SYSTEM).then(OfferLapsed(offer="O1", due_at=due_at))
    assert lapsed.live.offers["O1"].state is OfferState.LAPSED
    assert lapsed.live.negotiation_failed == "offer_lapsed"
    lapsed.when(clock, by=SYSTEM).then_nothing()


def test_an_approval_ends_open_offers() -> None:
    """What is granted in full is not haggled over."""
    story = offered(BUYER)
    command = ApproveClaim(ticket=TICKET, terms=Terms(kind=RemedyKind.EXCHANGE))
    approved = story.when(command, by=MERCHANT).then_among(
        MerchantApproved(terms=command.terms),
        OfferSuperseded(offer="O1", by_what="approval"),
    )
    assert approved.live.negotiation_failed is None


# --- calling the platform ---------------------------------------------------------------------


def test_the_platform_is_not_called_before_negotiation_failed() -> None:
    """AR-02: negotiation first, and the buyer is told until when."""
    story = refused()
    story.when(ASK, by=BUYER).then_refused(
        errors.NegotiationFirst, negotiable_until=story.due("negotiation")
    )
    waiting = taken_up()
    waiting.when(ASK, by=BUYER).then_refused(
        errors.NegotiationFirst, negotiable_until=waiting.due("merchant_review")
    )


@pytest.mark.parametrize("actor", [BUYER, MERCHANT])
def test_a_failed_negotiation_lets_either_side_call_the_platform(actor: object) -> None:
    """AR-02 and SL-13: the promise of a ruling runs from the request."""
    story = offered().done(decline(), BUYER).after(timedelta(minutes=7))
    outcome = story.when(ASK, by=actor)
    due_at = BOOK.due("ruling", story.now)
    called = outcome.then_among(
        DeadlineMet(deadline="negotiation"),
        InterventionRequested(
            by=actor.party, ground="offer_declined", due_at=due_at, policy=BOOK.version
        ),
        DeadlineGiven(
            deadline="ruling", due_at=due_at, awaits=Awaiting.ARBITRATOR, policy=BOOK.version
        ),
    )
    assert called.live.stage is Stage.INTERVENTION
    assert set(called.live.deadlines) == {
        "ruling",
        "assignment",
        "evidence:buyer",
        "evidence:merchant",
    }


def test_both_sides_are_asked_for_evidence_inside_the_rulings_time() -> None:
    """AR-03 and SL-13: who judges must have the evidence before judging."""
    story = offered().done(decline(), BUYER)
    called = story.done(ASK, BUYER)
    asked = [one for one in called.facts if isinstance(one, EvidenceRequested)]
    assert [one.party for one in asked] == [Party.BUYER, Party.MERCHANT]
    for one in asked:
        assert one.due_at == BOOK.due("evidence", story.now) == called.due(f"evidence:{one.party}")
        assert one.due_at < called.due("ruling")
    assert called.live.deadlines["evidence:buyer"].awaits is Awaiting.BUYER


def test_evidence_is_never_due_after_the_ruling() -> None:
    """SL-13: a book with a longer time for evidence does not break the promise of the ruling."""
    rules = tuple(
        rule.model_copy(update={"within": timedelta(days=9)}) if rule.name == "evidence" else rule
        for rule in BOOK.deadline
    )
    slow = BOOK.model_copy(update={"deadline": rules})
    called = offered().done(decline(), BUYER).under(slow).done(ASK, BUYER)
    assert called.due("evidence:buyer") == called.due("ruling")


def test_the_merchants_silence_lets_the_buyer_call_the_platform() -> None:
    """SL-14 and AR-09: whoever does not answer in time does not hold the matter up."""
    story = taken_up()
    due_at = story.due("merchant_review")
    clock = PassDeadline(ticket=TICKET, deadline="merchant_review", due_at=due_at)
    passed = story.at(due_at).done(clock, SYSTEM)
    assert passed.live.negotiation_failed == "deadline_passed"
    assert passed.when(ASK, by=BUYER).the(InterventionRequested).ground == "deadline_passed"


@pytest.mark.parametrize("deadline", ["negotiation", "merchant_review"])
def test_who_calls_at_the_very_instant_need_not_wait_for_the_clock(deadline: str) -> None:
    """AR-02: the deadline's instant counts, not when a worker noticed it."""
    story = refused() if deadline == "negotiation" else taken_up()
    last = story.at(story.due(deadline))
    last.after(-MOMENT).when(ASK, by=BUYER).then_refused(errors.NegotiationFirst)
    outcome = last.when(ASK, by=BUYER)
    called = outcome.then_among(DeadlineMissed(deadline=deadline, due_at=last.now))
    assert outcome.the(InterventionRequested).ground == "deadline_passed"
    assert deadline not in called.live.deadlines
    clock = PassDeadline(ticket=TICKET, deadline=deadline, due_at=last.now)
    called.when(clock, by=SYSTEM).then_nothing()


def test_who_calls_when_the_last_offer_lapses_need_not_wait_for_the_clock() -> None:
    """AR-02: silence has failed the negotiation at that instant, whoever noticed it."""
    story = offered()
    last = story.at(story.due("offer:O1"))
    last.after(-MOMENT).when(ASK, by=BUYER).then_refused(errors.NegotiationFirst)
    outcome = last.when(ASK, by=BUYER)
    outcome.then_among(OfferLapsed(offer="O1", due_at=last.now))
    assert outcome.the(InterventionRequested).ground == "offer_lapsed"


def test_calling_the_platform_ends_open_offers() -> None:
    """Whoever wants a ruling does not haggle beside it."""
    story = offered().done(OFFER, BUYER).done(decline(), BUYER)
    story = story.at(story.due("negotiation")).after(-MOMENT)
    assert story.live.offers["O2"].state is OfferState.OPEN
    at_last = story.after(MOMENT)
    called = at_last.done(ASK, BUYER)
    assert called.live.offers["O2"].state is not OfferState.OPEN
    for command in (OFFER, accept("O2")):
        called.when(command, by=MERCHANT).then_refused(errors.WrongStage)
    called.when(ASK, by=BUYER).then_refused(errors.WrongStage)


@pytest.mark.parametrize("actor", for_each(EVERYBODY, but=[BUYER, MERCHANT]))
def test_the_platform_does_not_call_itself(actor: object) -> None:
    """AR-02: a side asks; nobody asks for it."""
    offered().done(decline(), BUYER).when(ASK, by=actor).then_refused(errors.NotYourRole)


def test_the_kind_does_not_matter_for_calling_the_platform() -> None:
    """AR-02 holds for every matter that has two sides."""
    story = opened(OpenTicket(channel=Channel.APP, order=ORDER, kind=Kind.DISPUTE))
    story = story.done(AcceptTicket(ticket=TICKET), AGENT).done(OFFER, MERCHANT)
    story.done(decline(), BUYER).done(ASK, BUYER)


def test_what_was_ruled_on_is_appealed_and_not_called_for_again() -> None:
    """AR-06: one ruling a ticket."""
    story = offered().done(decline(), BUYER)
    ruled = replace(story.live, ruling=object())
    again = Scenario(ticket=ruled, order=story.order)
    again.when(ASK, by=BUYER).then_refused(errors.AlreadyDone)
