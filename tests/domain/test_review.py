"""What a hostile reader tried on the rules of a ticket, and what stands against it."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from domain import errors
from domain.commands import (
    AcceptOffer,
    AcceptTicket,
    AddNote,
    AmendClaim,
    ApproveClaim,
    AssignArbitrator,
    CancelRemedy,
    CloseTicket,
    Command,
    ContestEvidence,
    DeclineOffer,
    DeliverReshipment,
    DiscloseEvidence,
    FailCompensation,
    FailRefund,
    FileAppeal,
    GatherEvidence,
    GiveAnswer,
    GrantRemedy,
    InitiateCompensation,
    MakeOffer,
    OpenTicket,
    PayCompensation,
    RecuseArbitrator,
    RefuseClaim,
    ReopenTicket,
    RequestIntervention,
    SealEvidence,
    SendMessage,
    SettleRefund,
    ShipReshipment,
    StageEvidence,
    WithdrawOffer,
)
from domain.events import OfferSuperseded, RulingOverturned
from domain.ticket.arbitration import has_conflict
from domain.ticket.state import OfferState, RemedyStep
from domain.values import (
    Actor,
    ActorKind,
    Awaiting,
    Channel,
    EvidenceKind,
    Kind,
    Party,
    RemedyKind,
    Stage,
)
from tests.domain.play import (
    AGENT,
    BUYER,
    CARRIER,
    INSPECTOR,
    JUDGE,
    MERCHANT,
    MERCHANT_BEARS_ALL,
    ORDER,
    PAID,
    PAYMENT,
    SECOND_JUDGE,
    SUPERVISOR,
    T1,
    Play,
    appeal_decision,
    attachment,
    book_with,
    cny,
    coupon,
    names,
    refund,
    ruling,
    staging,
    terms,
)

THIRD_JUDGE = Actor(ActorKind.ARBITRATOR, "judge-3")
FOURTH_JUDGE = Actor(ActorKind.ARBITRATOR, "judge-4")


def approve(one: object) -> ApproveClaim:
    """The merchant's approval of terms."""
    return ApproveClaim(ticket=T1, terms=one)  # type: ignore[arg-type]


# --- money ------------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", [AGENT, SUPERVISOR])
def test_a_refund_the_bank_was_told_to_pay_is_not_taken_off_before_it_failed(actor: Actor) -> None:
    """It may arrive all the same, and its part of the cap would have been given a second time."""
    play = Play().opened()
    play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=refund(PAID)))
    cancel = CancelRemedy(ticket=T1, remedy="R1", why="granted_by_mistake")
    with pytest.raises(errors.WrongStep):
        play.do(actor, cancel)
    play.do(PAYMENT, FailRefund(ticket=T1, remedy="R1", reason="stopped"))
    play.do(actor, cancel)
    assert play.order.grants == {}


def test_an_appeal_leaves_a_refund_under_way_and_counts_it() -> None:
    """What the bank was told to pay is no longer ours to take back: more would be above the cap."""
    play = Play().appealed(refund(60_000), coupon(5_000))
    with pytest.raises(errors.CapExceeded):
        play.do(SECOND_JUDGE, appeal_decision("varied", refund(40_001)))
    play.do(SECOND_JUDGE, appeal_decision("varied", refund(40_000)))
    assert play.ticket.remedies["R1"].step is RemedyStep.INITIATED
    assert play.ticket.remedies["R2"].step is RemedyStep.CANCELLED
    play.do(PAYMENT, SettleRefund(ticket=T1, remedy="R1", reference="p-1"))
    assert play.order.grants[f"{T1}/R1"].paid


def test_a_refund_that_failed_gives_way_to_the_decision_of_the_appeal() -> None:
    """Nothing is on its way, so nothing can arrive beside what is decided."""
    play = Play().appealed(refund(PAID))
    play.do(PAYMENT, FailRefund(ticket=T1, remedy="R1", reason="account_closed"))
    play.do(SECOND_JUDGE, appeal_decision("varied", refund(PAID)))
    assert play.ticket.remedies["R1"].step is RemedyStep.CANCELLED


def test_goodwill_does_not_cross_a_pending_appeal() -> None:
    """While another arbitrator weighs the matter nothing is given beside it, nor taken off."""
    play = Play().appealed(coupon(5_000))
    with pytest.raises(errors.WrongStage):
        play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=coupon(1)))
    with pytest.raises(errors.WrongStage):
        play.do(SUPERVISOR, CancelRemedy(ticket=T1, remedy="R1", why="not_owed"))


def test_what_was_ruled_is_taken_off_by_no_agent() -> None:
    """A ruling is enforced (AR-05): an agent can not undo it, and a supervisor answers for it."""
    play = Play().ruled(coupon(5_000))
    cancel = CancelRemedy(ticket=T1, remedy="R1", why="not_owed")
    with pytest.raises(errors.NotYourRole):
        play.do(AGENT, cancel)
    play.do(SUPERVISOR, cancel)


def test_an_agents_authority_is_not_stretched_by_small_steps() -> None:
    """RE-11: two gifts of the limit are one of twice the limit, and that needs a supervisor."""
    play = Play().opened()
    limit = play.book.cap.goodwill_minor
    play.do(AGENT, GrantRemedy(ticket=T1, terms=coupon(limit - 1)))
    with pytest.raises(errors.CapExceeded):
        play.do(AGENT, GrantRemedy(ticket=T1, terms=refund(2)))
    play.do(AGENT, GrantRemedy(ticket=T1, terms=refund(1)))
    play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=refund(1)))


@pytest.mark.parametrize("given", [coupon(1), terms(RemedyKind.COMPENSATION, 1)])
def test_a_trifle_is_no_approval_of_a_matter_that_names_no_remedy(given: object) -> None:
    """One click opens a ticket; a cent as a coupon would bar the buyer from the platform."""
    play = Play().opened()
    with pytest.raises(errors.LessThanClaimed):
        play.do(MERCHANT, approve(given))


@pytest.mark.parametrize("kind", [RemedyKind.REPAIR, RemedyKind.EXCHANGE, RemedyKind.RESHIPMENT])
def test_a_claim_of_money_is_not_approved_without_money(kind: RemedyKind) -> None:
    """Who asks for an amount and is offered a repair has been made an offer."""
    play = Play()
    opening = OpenTicket(channel=Channel.APP, order=ORDER, line="L1", claim=cny(5_000))
    play.do(BUYER, opening)
    play.do(AGENT, AcceptTicket(ticket=T1))
    with pytest.raises(errors.LessThanClaimed):
        play.do(MERCHANT, approve(terms(kind)))


def test_small_gifts_of_agents_leave_room_for_the_ruling() -> None:
    """The number of remedies is limited for goodwill, never for what an arbitrator decides."""
    play = Play(book=book_with(remedies=2)).opened()
    for _ in range(2):
        play.do(AGENT, GrantRemedy(ticket=T1, terms=coupon(1)))
    play.do(MERCHANT, RefuseClaim(ticket=T1, reasons="It was activated."))
    play.passes("negotiation")
    play.do(BUYER, RequestIntervention(ticket=T1))
    play.do(JUDGE, AssignArbitrator(ticket=T1, arbitrator=JUDGE.ref))
    assert "RemedyOrdered" in names(play.do(JUDGE, ruling(refund(PAID))))


# --- evidence ---------------------------------------------------------------------------------


def test_a_side_does_not_use_up_the_room_of_the_other() -> None:
    """Blank pages keep neither the buyer nor the inspection from speaking."""
    play = Play(book=book_with(evidence_items=3)).intervened()
    play.do(MERCHANT, staging("1"))
    play.do(MERCHANT, staging("2"))
    with pytest.raises(errors.LimitReached):
        play.do(MERCHANT, staging("3"))
    play.do(BUYER, staging("photo"))
    report = GatherEvidence(
        ticket=T1,
        kind=EvidenceKind.INSPECTION_REPORT,
        attachment=attachment("report"),
        obtained="posted_by_inspector",
    )
    play.do(INSPECTOR, report)


# --- who judges -------------------------------------------------------------------------------


def test_an_arbitrator_who_came_into_conflict_steps_aside() -> None:
    """Refusing it because of the conflict would keep him on the matter because of the conflict."""
    play = Play().assigned()
    play.do(Actor(ActorKind.AGENT, JUDGE.ref), AddNote(ticket=T1, text="I called the buyer."))
    play.do(JUDGE, RecuseArbitrator(ticket=T1, reason="handled_before"))
    assert play.ticket.arbitrator is None


# --- no ticket waits for ever -----------------------------------------------------------------


def test_a_merchant_who_refuses_late_stops_no_clock() -> None:
    """A refusal after the review's time ends the buyer's deadline and must start another one."""
    play = Play().opened()
    play.passes("merchant_review")
    play.do(MERCHANT, RefuseClaim(ticket=T1, reasons="It was activated."))
    assert play.ticket.deadlines


@pytest.mark.parametrize("end", ["lapses", "is declined", "is withdrawn"])
def test_a_merchants_late_offer_stops_no_clock(end: str) -> None:
    """However the offer ends, something still runs that brings the matter to its end."""
    play = Play().opened()
    play.passes("merchant_review")
    play.do(MERCHANT, MakeOffer(ticket=T1, terms=(coupon(1),)))
    match end:
        case "lapses":
            play.passes("offer:O1")
        case "is declined":
            play.do(BUYER, DeclineOffer(ticket=T1, offer="O1"))
        case _:
            play.do(MERCHANT, WithdrawOffer(ticket=T1, offer="O1"))
    assert play.ticket.deadlines


def test_what_is_owed_stays_due_when_the_matter_is_let_go() -> None:
    """A refund promised out of goodwill is due though nobody called the platform."""
    play = Play().negotiating()
    play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=refund(5_000)))
    play.passes("negotiation")
    play.passes("intervention")
    assert play.ticket.resolved == "abandoned"
    assert "remedy:R1" in play.ticket.deadlines


# --- whose matter -----------------------------------------------------------------------------


def test_a_buyer_opens_nothing_in_the_name_of_another() -> None:
    """Taking it for the caller's own would file the matter where nobody looks for it."""
    play = Play()
    with pytest.raises(errors.NotYourRole):
        play.do(BUYER, OpenTicket(channel=Channel.APP, buyer="buyer-2"))


@pytest.mark.parametrize("actor", [AGENT, SUPERVISOR])
def test_staff_names_no_other_buyer_than_the_orders(actor: Actor) -> None:
    """A contradiction is refused and not settled in silence."""
    play = Play()
    with pytest.raises(errors.Unreasonable):
        play.do(actor, OpenTicket(channel=Channel.PHONE, order=ORDER, line="L1", buyer="buyer-2"))


def test_what_comes_back_after_an_answer_is_not_swallowed() -> None:
    """The ticket is resolved and about to close: who opens it again is told to reopen it."""
    play = Play().opened()
    play.do(AGENT, GiveAnswer(ticket=T1, text="Restart it.", resolves=True))
    again = OpenTicket(channel=Channel.PHONE, order=ORDER, line="L1", statement="It is back.")
    with pytest.raises(errors.AlreadyOpen) as refused:
        play.do(BUYER, again)
    assert refused.value.facts == {"ticket": T1}


def test_a_buyer_who_comes_back_after_an_answer_is_waited_on_again() -> None:
    """Without a clock the question would stand in nobody's queue."""
    play = Play()
    opening = OpenTicket(channel=Channel.APP, order=ORDER, line="L1", kind=Kind.CONSULTATION)
    play.do(BUYER, opening)
    play.do(AGENT, AcceptTicket(ticket=T1))
    play.do(AGENT, GiveAnswer(ticket=T1, text="Which colour?", resolves=False))
    assert "DeadlineGiven" in names(play.do(BUYER, SendMessage(ticket=T1, text="Green.")))
    assert play.ticket.deadlines["answer"].awaits is Awaiting.AGENT
    assert names(play.do(BUYER, SendMessage(ticket=T1, text="Or blue."))) == ["MessageSent"]


def test_an_agent_does_not_give_away_what_a_side_keeps_confidential() -> None:
    """Whether the other side must see it is for its owner and for who decides."""
    play = Play().assigned()
    play.do(MERCHANT, staging("a trade secret", confidential=True))
    play.do(MERCHANT, SealEvidence(ticket=T1))
    show = DiscloseEvidence(ticket=T1, item="E2", to=Party.BUYER)
    with pytest.raises(errors.NotYourRole):
        play.do(AGENT, show)
    play.do(JUDGE, show)


@pytest.mark.parametrize(
    "forged",
    [
        staging("forged", kind=EvidenceKind.ORDER_SNAPSHOT),
        staging("forged", obtained="snapshot_at_opening"),
        staging("forged", obtained="posted_by_inspector"),
    ],
)
def test_a_side_does_not_bring_evidence_in_the_platforms_words(forged: StageEvidence) -> None:
    """How an item was come by is part of its custody (AR-03): some of it only systems can say."""
    with pytest.raises(errors.Unreasonable):
        Play().intervened().do(MERCHANT, forged)


# --- money that is on its way ------------------------------------------------------------------


def compensated() -> Play:
    """The platform owes a compensation and told the payment system so."""
    play = Play().opened()
    play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=terms(RemedyKind.COMPENSATION, 5_000)))
    return play


def paid(reference: str = "p-1", remedy: str = "R1") -> PayCompensation:
    """The payment system's report that a compensation arrived."""
    return PayCompensation(ticket=T1, remedy=remedy, reference=reference)


def settled(reference: str = "p-1", remedy: str = "R1") -> SettleRefund:
    """The payment system's report that a refund arrived."""
    return SettleRefund(ticket=T1, remedy=remedy, reference=reference)


def test_a_compensation_the_bank_was_told_to_pay_is_not_taken_off_before_it_failed() -> None:
    """It may arrive all the same, as a refund may: the same rule for all money."""
    play = compensated()
    assert play.ticket.remedies["R1"].step is RemedyStep.INITIATED
    cancel = CancelRemedy(ticket=T1, remedy="R1", why="granted_by_mistake")
    with pytest.raises(errors.WrongStep):
        play.do(SUPERVISOR, cancel)
    play.do(PAYMENT, FailCompensation(ticket=T1, remedy="R1", reason="account closed"))
    play.do(SUPERVISOR, cancel)
    assert play.order.grants == {}


def test_a_compensation_that_failed_is_initiated_again() -> None:
    """It is still owed, and staff look into it."""
    play = compensated()
    again = InitiateCompensation(ticket=T1, remedy="R1")
    with pytest.raises(errors.WrongStep):
        play.do(AGENT, again)
    play.do(PAYMENT, FailCompensation(ticket=T1, remedy="R1", reason="account closed"))
    assert play.ticket.deadlines["remedy:R1"].awaits is Awaiting.AGENT
    play.do(AGENT, again)
    assert play.ticket.deadlines["remedy:R1"].awaits is Awaiting.PAYMENT
    play.do(PAYMENT, paid())
    assert play.ticket.remedies["R1"].step is RemedyStep.COMPLETED


def test_an_appeal_leaves_a_compensation_under_way_and_counts_it() -> None:
    """AR-06: what the bank was told to pay is no longer ours to take back."""
    play = Play().appealed(terms(RemedyKind.COMPENSATION, 5_000))
    play.do(SECOND_JUDGE, appeal_decision("overturned"))
    assert play.ticket.remedies["R1"].step is RemedyStep.INITIATED
    play.do(PAYMENT, paid())
    assert play.order.grants[f"{T1}/R1"].paid


@pytest.mark.parametrize("taken_off", ["", "taken off before"])
@pytest.mark.parametrize("kind", [RemedyKind.REFUND, RemedyKind.COMPENSATION])
def test_money_that_arrived_after_all_is_never_refused(kind: RemedyKind, taken_off: str) -> None:
    """The bank reported a failure and paid: that is a fact, and the cap has to know of it."""
    play = Play().opened()
    play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=terms(kind, 5_000)))
    refunds = kind is RemedyKind.REFUND
    fail = FailRefund if refunds else FailCompensation
    play.do(PAYMENT, fail(ticket=T1, remedy="R1", reason="stopped"))
    if taken_off:
        play.do(SUPERVISOR, CancelRemedy(ticket=T1, remedy="R1", why="not_owed"))
    play.do(PAYMENT, settled() if refunds else paid())
    assert play.ticket.remedies["R1"].step is RemedyStep.COMPLETED
    assert play.order.grants[f"{T1}/R1"].paid
    whole = PAID if refunds else PAID * 3 // 10
    with pytest.raises(errors.CapExceeded):
        play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=terms(kind, whole - 4_999)))


def test_what_nobody_was_told_to_pay_does_not_arrive() -> None:
    """A return taken off before its goods came back was never with the payment system."""
    play = Play().opened()
    play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=terms(RemedyKind.RETURN, 5_000)))
    play.do(SUPERVISOR, CancelRemedy(ticket=T1, remedy="R1", why="not_owed"))
    with pytest.raises(errors.WrongStep):
        play.do(PAYMENT, settled())


def test_one_payment_completes_one_remedy() -> None:
    """A reference that is used again would close a debt nobody paid."""
    play = Play().opened()
    for _ in range(2):
        play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=refund(5_000)))
    play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=terms(RemedyKind.COMPENSATION, 5_000)))
    play.do(PAYMENT, settled("p-1", "R1"))
    with pytest.raises(errors.AlreadyDone):
        play.do(PAYMENT, settled("p-1", "R2"))
    with pytest.raises(errors.AlreadyDone):
        play.do(PAYMENT, paid("p-1", "R3"))
    play.do(PAYMENT, settled("p-2", "R2"))
    play.do(PAYMENT, paid("p-3", "R3"))


def test_the_same_payment_reported_twice_is_one_fact() -> None:
    """A system that got no reply repeats itself; another reference is a contradiction."""
    play = Play().opened()
    play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=refund(5_000)))
    play.do(PAYMENT, settled())
    assert play.do(PAYMENT, settled()) == ()
    with pytest.raises(errors.WrongStep):
        play.do(PAYMENT, settled("p-2"))
    with pytest.raises(errors.NotYourRole):
        play.do(AGENT, settled())


def test_a_failure_reported_twice_is_one_fact_of_one_attempt() -> None:
    """After it was initiated again the same words tell of another attempt."""
    play = compensated()
    fail = FailCompensation(ticket=T1, remedy="R1", reason="account closed")
    play.do(PAYMENT, fail)
    assert play.do(PAYMENT, fail) == ()
    play.do(AGENT, InitiateCompensation(ticket=T1, remedy="R1"))
    assert "CompensationFailed" in names(play.do(PAYMENT, fail))


def test_a_parcel_reported_twice_is_one_fact() -> None:
    """A carrier's second scan of the same parcel is no second parcel."""
    play = Play().opened()
    play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=terms(RemedyKind.RESHIPMENT)))
    ship = ShipReshipment(ticket=T1, remedy="R1", carrier="SF", tracking="t-3")
    play.do(CARRIER, ship)
    assert play.do(CARRIER, ship) == ()
    with pytest.raises(errors.WrongStep):
        play.do(CARRIER, ShipReshipment(ticket=T1, remedy="R1", carrier="SF", tracking="t-4"))
    deliver = DeliverReshipment(ticket=T1, remedy="R1")
    play.do(CARRIER, deliver)
    assert play.do(CARRIER, deliver) == ()


@pytest.mark.parametrize(
    "kind", [RemedyKind.RETURN, RemedyKind.EXCHANGE, RemedyKind.REPAIR, RemedyKind.RESHIPMENT]
)
def test_goods_are_given_by_a_supervisor(kind: RemedyKind) -> None:
    """RE-11: what has no amount is not therefore within an agent's authority."""
    play = Play().opened()
    amount = 1 if kind is RemedyKind.RETURN else None
    gift = GrantRemedy(ticket=T1, terms=terms(kind, amount))
    with pytest.raises(errors.CapExceeded):
        play.do(AGENT, gift)
    play.do(SUPERVISOR, gift)


@pytest.mark.parametrize("source", ["settlement", "approval"])
def test_what_was_agreed_is_taken_off_by_no_agent(source: str) -> None:
    """What a merchant granted or both sides settled is owed like what was ruled."""
    play = Play().opened()
    if source == "settlement":
        play.do(MERCHANT, MakeOffer(ticket=T1, terms=(coupon(5_000),)))
        play.do(BUYER, AcceptOffer(ticket=T1, offer="O1"))
    else:
        play.do(MERCHANT, approve(terms(RemedyKind.EXCHANGE)))
    cancel = CancelRemedy(ticket=T1, remedy="R1", why="not_owed")
    with pytest.raises(errors.NotYourRole):
        play.do(AGENT, cancel)
    play.do(SUPERVISOR, cancel)


# --- offers that something else ended ----------------------------------------------------------


def offered_by_both() -> Play:
    """Each side has an open offer."""
    play = Play().negotiating()
    play.do(MERCHANT, MakeOffer(ticket=T1, terms=(coupon(5_000),)))
    play.do(BUYER, MakeOffer(ticket=T1, terms=(coupon(6_000),)))
    return play


@pytest.mark.parametrize(
    ("end", "by_what"),
    [
        (lambda play: play.do(BUYER, AcceptOffer(ticket=T1, offer="O1")), "settlement"),
        (lambda play: play.do(MERCHANT, approve(refund(PAID))), "approval"),
        (lambda play: play.do(BUYER, CloseTicket(ticket=T1)), "withdrawal"),
        (lambda play: play.do(BUYER, RequestIntervention(ticket=T1)), "intervention"),
    ],
)
def test_an_offer_that_something_else_ended_did_not_lapse(
    end: Callable[[Play], object], by_what: str
) -> None:
    """That nobody answered it in time would be false: its time was not over."""
    if by_what == "intervention":
        play = Play().negotiating()
        play.passes("negotiation")
        play.do(BUYER, MakeOffer(ticket=T1, terms=(coupon(6_000),)))
        last = "O1"
    else:
        play, last = offered_by_both(), "O2"
    end(play)
    assert "OfferLapsed" not in names(tuple(play.facts))
    assert OfferSuperseded(offer=last, by_what=by_what) in play.facts
    assert play.ticket.offers[last].state is OfferState.SUPERSEDED


# --- a round of its own ------------------------------------------------------------------------


def reopened() -> Play:
    """A matter that was ruled on and appealed comes back."""
    play = Play().appealed()
    play.do(SECOND_JUDGE, appeal_decision("upheld"))
    play.do(BUYER, ReopenTicket(ticket=T1, reason="It broke again."))
    return play


def test_a_reopened_matter_can_be_withdrawn() -> None:
    """A ruling of an earlier round does not keep the buyer in this one."""
    play = reopened()
    play.do(BUYER, CloseTicket(ticket=T1))
    assert play.ticket.resolved == "withdrawn"


def test_a_reopened_matter_has_a_ruling_and_an_appeal_of_its_own() -> None:
    """AR-06: one appeal a ruling; and nobody who judged before judges again."""
    play = reopened()
    play.do(AGENT, AcceptTicket(ticket=T1))
    play.do(MERCHANT, RefuseClaim(ticket=T1, reasons="It was activated."))
    play.passes("negotiation")
    play.do(BUYER, RequestIntervention(ticket=T1))
    for judge in (JUDGE, SECOND_JUDGE):
        with pytest.raises(errors.ConflictOfInterest):
            play.do(judge, AssignArbitrator(ticket=T1, arbitrator=judge.ref))
    play.do(THIRD_JUDGE, AssignArbitrator(ticket=T1, arbitrator=THIRD_JUDGE.ref))
    play.do(THIRD_JUDGE, ruling(refund(PAID)))
    play.do(PAYMENT, settled())
    play.do(MERCHANT, FileAppeal(ticket=T1, grounds="Look again."))
    play.do(FOURTH_JUDGE, AssignArbitrator(ticket=T1, arbitrator=FOURTH_JUDGE.ref))
    decided = play.do(FOURTH_JUDGE, appeal_decision("overturned"))
    assert isinstance(decided[0], RulingOverturned)
    assert (decided[0].appeal, decided[0].ruling) == ("A2", "J3")
    assert list(play.ticket.rulings) == ["J1", "J2", "J3"]
    with pytest.raises(errors.AlreadyDone):
        play.do(BUYER, FileAppeal(ticket=T1, grounds="And again."))


def test_who_was_to_judge_an_earlier_round_does_not_judge_a_later_one() -> None:
    """The buyer withdrew before the ruling; the arbitrator had the case all the same."""
    play = Play().assigned()
    play.do(BUYER, CloseTicket(ticket=T1))
    play.do(BUYER, ReopenTicket(ticket=T1))
    assert has_conflict(play.ticket, JUDGE.ref)


def test_a_settlement_is_possible_in_a_new_round() -> None:
    """Two sides may always agree."""
    play = reopened()
    play.do(AGENT, AcceptTicket(ticket=T1))
    play.do(MERCHANT, MakeOffer(ticket=T1, terms=(coupon(5_000),)))
    assert "SettlementReached" in names(play.do(BUYER, AcceptOffer(ticket=T1, offer="O1")))


# --- a buyer who is silent, and one who comes back ---------------------------------------------


def answered() -> Play:
    """The desk answered a question and waits whether there is more."""
    play = Play()
    play.do(BUYER, OpenTicket(channel=Channel.APP, order=ORDER, line="L1", kind=Kind.CONSULTATION))
    play.do(AGENT, AcceptTicket(ticket=T1))
    play.do(AGENT, GiveAnswer(ticket=T1, text="Which colour?", resolves=False))
    return play


def test_a_question_whose_buyer_is_silent_ends_as_answered() -> None:
    """Nothing else runs: without a window the matter would stand open for ever."""
    play = answered()
    assert play.due("reply") == play.book.due("closing", play.now)
    assert play.ticket.deadlines["reply"].awaits is Awaiting.BUYER
    play.passes("reply")
    assert play.ticket.resolved == "answered"
    play.passes("closing")
    assert play.ticket.stage is Stage.CLOSED


@pytest.mark.parametrize(
    "command",
    [
        SendMessage(ticket=T1, text="Green."),
        staging("a photo of it"),
        ContestEvidence(ticket=T1, item="E1", why="I never signed for it."),
        AmendClaim(ticket=T1, remedy=RemedyKind.REFUND),
        OpenTicket(channel=Channel.PHONE, order=ORDER, line="L1", kind=Kind.CONSULTATION),
    ],
)
def test_a_buyer_who_comes_back_in_whatever_way_is_waited_on(command: Command) -> None:
    """A photo is a reply too: it must not be resolved away."""
    play = answered()
    play.do(BUYER, command)
    assert "reply" not in play.ticket.deadlines
    assert play.ticket.deadlines["answer"].awaits is Awaiting.AGENT


def test_a_merchant_who_offers_takes_the_place_of_the_answer() -> None:
    """From then on the two sides negotiate."""
    play = answered()
    play.do(MERCHANT, MakeOffer(ticket=T1, terms=(coupon(5_000),)))
    assert "reply" not in play.ticket.deadlines
    assert "negotiation" in play.ticket.deadlines


def test_a_message_about_a_resolved_matter_is_answered_by_how_to_reopen_it() -> None:
    """It would stand in nobody's queue, and the ticket would close over it."""
    play = Play().opened()
    play.do(AGENT, GiveAnswer(ticket=T1, text="Restart it.", resolves=True))
    message = SendMessage(ticket=T1, text="It is back.")
    with pytest.raises(errors.WrongStage) as refused:
        play.do(BUYER, message)
    assert refused.value.facts["instead"] == "reopen_ticket"
    offered = {one.command for one in play.actions(BUYER) if one.refusal is None}
    assert ReopenTicket in offered
    assert SendMessage not in offered
    play.do(BUYER, ReopenTicket(ticket=T1, reason="It is back."))


def test_a_message_about_what_can_not_be_reopened_yet_reaches_the_desk() -> None:
    """While the ruling may be appealed nothing is reopened, but the buyer is not turned away."""
    play = Play().ruled()
    assert play.ticket.resolved == "rejected"
    play.do(BUYER, SendMessage(ticket=T1, text="Why?"))
    assert play.ticket.deadlines["answer"].awaits is Awaiting.AGENT
    assert names(play.do(BUYER, SendMessage(ticket=T1, text="Hello?"))) == ["MessageSent"]
    play.passes("closing")
    assert play.ticket.stage is not Stage.CLOSED
    play.do(AGENT, SendMessage(ticket=T1, text="See the reasons."))
    assert "answer" not in play.ticket.deadlines
    play.passes("closing")
    assert play.ticket.stage is Stage.CLOSED


# --- what a decision of an appeal says ---------------------------------------------------------


def test_an_appeal_that_overturns_changes_sides() -> None:
    """AR-06: what stays in favour of the same side was not reversed."""
    play = Play().appealed(refund(5_000))
    same = appeal_decision("overturned", refund(1), in_favour_of=Party.BUYER)
    with pytest.raises(errors.Unreasonable):
        play.do(SECOND_JUDGE, same)
    play.do(SECOND_JUDGE, appeal_decision("overturned"))


def test_an_appeal_that_varies_changes_shares_or_awards() -> None:
    """What is the same in all of it is upheld."""
    play = Play().appealed(coupon(5_000))
    same = appeal_decision(
        "varied", coupon(5_000), in_favour_of=Party.BUYER, shares=MERCHANT_BEARS_ALL
    )
    with pytest.raises(errors.Unreasonable):
        play.do(SECOND_JUDGE, same)
    play.do(SECOND_JUDGE, replace(same, awards=(coupon(4_000),)))


def test_what_is_confidential_is_shown_only_by_who_is_to_decide() -> None:
    """Another arbitrator has no business with it, nor the first one once it is appealed."""
    play = Play().assigned()
    play.do(MERCHANT, staging("a trade secret", confidential=True))
    play.do(MERCHANT, SealEvidence(ticket=T1))
    show = DiscloseEvidence(ticket=T1, item="E2", to=Party.BUYER)
    with pytest.raises(errors.AssignedToAnother):
        play.do(SECOND_JUDGE, show)
    play.do(JUDGE, ruling())
    play.do(BUYER, FileAppeal(ticket=T1, grounds="Look again."))
    with pytest.raises(errors.AssignedToAnother):
        play.do(JUDGE, show)
    play.do(SECOND_JUDGE, AssignArbitrator(ticket=T1, arbitrator=SECOND_JUDGE.ref))
    play.do(SECOND_JUDGE, show)
