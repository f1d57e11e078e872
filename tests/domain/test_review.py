"""What a hostile reader tried on the rules of a ticket, and what stands against it."""

import pytest

from domain import errors
from domain.commands import (
    AcceptTicket,
    AddNote,
    ApproveClaim,
    AssignArbitrator,
    CancelRemedy,
    DeclineOffer,
    DiscloseEvidence,
    FailRefund,
    GatherEvidence,
    GiveAnswer,
    GrantRemedy,
    MakeOffer,
    OpenTicket,
    RecuseArbitrator,
    RefuseClaim,
    RequestIntervention,
    SealEvidence,
    SendMessage,
    SettleRefund,
    StageEvidence,
    WithdrawOffer,
)
from domain.ticket.state import RemedyStep
from domain.values import (
    Actor,
    ActorKind,
    Awaiting,
    Channel,
    EvidenceKind,
    Kind,
    Party,
    RemedyKind,
)
from tests.domain.play import (
    AGENT,
    BUYER,
    INSPECTOR,
    JUDGE,
    MERCHANT,
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
