"""Arbitration: who may judge, what a ruling rests on and does, and the one appeal against it."""

from datetime import timedelta

import pytest

from domain import errors
from domain.commands import (
    AddNote,
    AssignArbitrator,
    FailRefund,
    FileAppeal,
    GatherEvidence,
    RecuseArbitrator,
    RequestEvidence,
    SealEvidence,
    SettleRefund,
    WithdrawEvidence,
)
from domain.events import (
    AppealFiled,
    ArbitratorAssigned,
    ArbitratorRecused,
    DeadlineMet,
    GrantReleased,
    RemedyCancelled,
    RemedyOrdered,
    RulingIssued,
    RulingOverturned,
    RulingUpheld,
    RulingVaried,
    TicketResolved,
)
from domain.ticket.state import RemedyStep
from domain.values import (
    Actor,
    ActorKind,
    Awaiting,
    EvidenceKind,
    Party,
    Personal,
    RemedyKind,
    Responsible,
    Share,
    Stage,
    later,
)
from tests.domain.play import (
    AGENT,
    BUYER,
    JUDGE,
    MERCHANT,
    MERCHANT_BEARS_ALL,
    PAID,
    PAYMENT,
    SECOND_JUDGE,
    SUPERVISOR,
    T1,
    Play,
    appeal_decision,
    attachment,
    cny,
    coupon,
    names,
    refund,
    ruling,
    staging,
    terms,
)

APPEAL = FileAppeal(ticket=T1, grounds="Look again.")
RECUSE = RecuseArbitrator(ticket=T1, reason="knows_party")


def assigning(arbitrator: Actor) -> AssignArbitrator:
    """Naming who judges."""
    return AssignArbitrator(ticket=T1, arbitrator=arbitrator.ref)


def judge(ref: str) -> Actor:
    """Somebody who acts as an arbitrator."""
    return Actor(ActorKind.ARBITRATOR, ref)


# --- who judges -------------------------------------------------------------------------------


@pytest.mark.parametrize("actor", [JUDGE, SUPERVISOR])
def test_an_arbitrator_takes_the_matter_or_is_named_by_a_supervisor(actor: Actor) -> None:
    """The assignment's deadline is met by it; naming the same one again changes nothing."""
    play = Play().intervened()
    assert play.do(actor, assigning(JUDGE)) == (
        ArbitratorAssigned(arbitrator=JUDGE.ref, instance=1),
        DeadlineMet(deadline="assignment"),
    )
    assert play.do(actor, assigning(JUDGE)) == ()


def test_nobody_else_names_the_arbitrator() -> None:
    """Sides do not choose their judge, and an arbitrator names nobody but himself."""
    play = Play().intervened()
    for actor in (BUYER, MERCHANT, AGENT):
        with pytest.raises(errors.NotYourRole):
            play.do(actor, assigning(JUDGE))
    with pytest.raises(errors.NotYourRole):
        play.do(JUDGE, assigning(SECOND_JUDGE))


def test_an_arbitrator_is_named_only_when_there_is_something_to_judge() -> None:
    """Before the intervention and after the ruling nobody judges, save an appeal waits."""
    for play in (Play().opened(), Play().negotiating(), Play().ruled(refund(1))):
        with pytest.raises(errors.WrongStage):
            play.do(SUPERVISOR, assigning(SECOND_JUDGE))


def test_a_matter_is_not_taken_from_another_arbitrator() -> None:
    """Only a supervisor gives it to somebody else."""
    play = Play().assigned()
    with pytest.raises(errors.AssignedToAnother):
        play.do(SECOND_JUDGE, assigning(SECOND_JUDGE))
    play.do(SUPERVISOR, assigning(SECOND_JUDGE))
    with pytest.raises(errors.AssignedToAnother):
        play.do(JUDGE, ruling())
    play.do(SECOND_JUDGE, ruling())


def test_whoever_handled_the_ticket_may_not_judge_it() -> None:
    """Agent yesterday, arbitrator today: the same person would judge his own work."""
    play = Play().intervened()
    same_person = judge(AGENT.ref)
    for actor in (same_person, SUPERVISOR):
        with pytest.raises(errors.ConflictOfInterest):
            play.do(actor, assigning(same_person))


def test_whoever_handles_the_ticket_after_the_assignment_may_not_rule() -> None:
    """The conflict is looked at again when the decision is made."""
    play = Play().assigned()
    play.do(Actor(ActorKind.AGENT, JUDGE.ref), AddNote(ticket=T1, text="I called the buyer."))
    with pytest.raises(errors.ConflictOfInterest):
        play.do(JUDGE, ruling())


def test_a_supervisor_names_nobody_in_conflict_and_not_himself() -> None:
    """A side is no judge, and neither is who assigns."""
    play = Play().intervened()
    for one in (BUYER, MERCHANT, SUPERVISOR):
        with pytest.raises(errors.ConflictOfInterest):
            play.do(SUPERVISOR, assigning(one))


def test_an_arbitrator_steps_aside_for_good() -> None:
    """Another one is to be found at once; the ruling's 48 hours run on."""
    play = Play().assigned()
    ruling_due = play.due("ruling")
    play.wait(hours=1)
    events = play.do(JUDGE, RECUSE)
    assert events[0] == ArbitratorRecused(arbitrator=JUDGE.ref, reason="knows_party")
    assert play.due("assignment") == play.book.due("assignment", play.now)
    assert play.due("ruling") == ruling_due
    for actor in (JUDGE, SUPERVISOR):
        with pytest.raises(errors.ConflictOfInterest):
            play.do(actor, assigning(JUDGE))
    with pytest.raises(errors.ConflictOfInterest):
        play.do(JUDGE, ruling())
    play.do(SECOND_JUDGE, assigning(SECOND_JUDGE))
    play.do(SECOND_JUDGE, ruling())


def test_an_assignment_is_asked_for_inside_the_rulings_time() -> None:
    """A late recusal does not move the promise."""
    play = Play().assigned()
    ruling_due = play.due("ruling")
    play.now = later(ruling_due, timedelta(minutes=-1))
    play.do(JUDGE, RECUSE)
    assert play.due("assignment") == ruling_due


def test_only_the_assigned_arbitrator_steps_aside_with_a_known_reason() -> None:
    """A reason is a code, so that recusals can be counted."""
    play = Play().assigned()
    with pytest.raises(errors.AssignedToAnother):
        play.do(SECOND_JUDGE, RECUSE)
    with pytest.raises(errors.Unreasonable):
        play.do(JUDGE, RecuseArbitrator(ticket=T1, reason="tired"))


# --- the ruling -------------------------------------------------------------------------------


def test_a_ruling_says_who_is_responsible_what_is_owed_and_why() -> None:
    """AR-04 in one fact, followed by what it orders and the window for an appeal."""
    play = Play().assigned()
    award = refund(PAID)
    events = play.do(JUDGE, ruling(award))
    assert events[0] == RulingIssued(
        ruling="J1",
        in_favour_of=Party.BUYER,
        shares=MERCHANT_BEARS_ALL,
        awards=(award,),
        reasons=Personal("The report shows a hardware fault.", subject=f"ticket:{T1}"),
        clauses=("quality.hardware_fault",),
        relied_on=("E1",),
        policy=play.book.version,
    )
    met = {one.deadline for one in events if isinstance(one, DeadlineMet)}
    assert met == {"ruling", "evidence:buyer", "evidence:merchant"}
    assert [one.source for one in events if isinstance(one, RemedyOrdered)] == ["ruling"]
    window = play.ticket.deadlines["appeal"]
    assert (window.due_at, window.awaits) == (play.book.due("appeal", play.now), Awaiting.NOBODY)
    assert play.ticket.stage is Stage.REMEDY
    assert play.ticket.resolved is None
    assert play.ticket.responsible is Responsible.MERCHANT


def test_a_ruling_that_awards_nothing_resolves_the_matter() -> None:
    """Rejected: it closes in its time, and may be appealed meanwhile."""
    play = Play().assigned()
    lost = ruling(in_favour_of=Party.MERCHANT, clauses=("evidence.no_fault_found",))
    events = play.do(JUDGE, lost)
    assert TicketResolved(outcome="rejected") in events
    assert set(play.ticket.deadlines) == {"appeal", "closing"}


def test_a_ruling_may_come_late_but_only_once() -> None:
    """The promise is then broken and on record; the decision still stands."""
    play = Play().assigned()
    play.passes("ruling")
    assert play.ticket.deadlines["ruling"].missed
    play.do(JUDGE, ruling(refund(1)))
    assert "ruling" not in play.ticket.deadlines
    with pytest.raises(errors.WrongStage):
        play.do(JUDGE, ruling(refund(1)))


def test_only_an_assigned_arbitrator_rules() -> None:
    """Nobody is judge in their own cause, and no arbitrator in another's."""
    play = Play().assigned()
    for actor in (BUYER, MERCHANT, AGENT, SUPERVISOR):
        with pytest.raises(errors.NotYourRole):
            play.do(actor, ruling())
    with pytest.raises(errors.AssignedToAnother):
        play.do(SECOND_JUDGE, ruling())
    with pytest.raises(errors.AssignedToAnother):
        Play().intervened().do(JUDGE, ruling())


@pytest.mark.parametrize(
    "shares",
    [
        (),
        (Share(Responsible.MERCHANT, 9_999),),
        (Share(Responsible.MERCHANT, 10_001),),
        (Share(Responsible.MERCHANT, 5_000), Share(Responsible.MERCHANT, 5_000)),
        (Share(Responsible.MERCHANT, 10_001), Share(Responsible.BUYER, -1)),
        (Share(Responsible.MERCHANT, 10_000), Share(Responsible.BUYER, 0)),
        (Share(Responsible.UNDETERMINED, 10_000),),
        (Share(Responsible.MERCHANT, 5_000), Share(Responsible.UNDETERMINED, 5_000)),
    ],
)
def test_shares_name_each_party_once_and_make_up_the_whole(shares: tuple[Share, ...]) -> None:
    """A ruling leaves nothing of the responsibility open."""
    play = Play().assigned()
    with pytest.raises(errors.SharesDoNotAddUp):
        play.do(JUDGE, ruling(shares=shares))


def test_responsibility_may_be_shared() -> None:
    """Who bears the most is held responsible."""
    play = Play().assigned()
    shared = (Share(Responsible.MERCHANT, 4_999), Share(Responsible.LOGISTICS, 5_001))
    play.do(JUDGE, ruling(shares=shared))
    assert play.ticket.responsible is Responsible.LOGISTICS


def test_a_ruling_is_in_favour_of_a_side() -> None:
    """The platform does not win a matter between others."""
    with pytest.raises(errors.Unreasonable):
        Play().assigned().do(JUDGE, ruling(in_favour_of=Party.PLATFORM))


@pytest.mark.parametrize("clauses", [(), ("quality.hardware_fault", "no.such_clause")])
def test_a_ruling_applies_clauses_of_the_book(clauses: tuple[str, ...]) -> None:
    """A decision without a rule is a mood."""
    with pytest.raises(errors.UnknownClause):
        Play().assigned().do(JUDGE, ruling(clauses=clauses))


@pytest.mark.parametrize("relied_on", [(), ("E1", "E9")])
def test_a_ruling_relies_on_known_evidence(relied_on: tuple[str, ...]) -> None:
    """A decision without evidence is a guess."""
    with pytest.raises(errors.UnknownEvidence):
        Play().assigned().do(JUDGE, ruling(relied_on=relied_on))


def test_a_ruling_relies_only_on_what_both_sides_were_shown() -> None:
    """Nobody is ruled on by what he could not answer; the refusal names items and sides."""
    play = Play().assigned()
    play.do(BUYER, staging("sealed and secret", confidential=True))
    play.do(BUYER, SealEvidence(ticket=T1))
    play.do(MERCHANT, staging("only staged"))
    play.do(
        AGENT,
        GatherEvidence(
            ticket=T1,
            kind=EvidenceKind.SENSOR_LOG,
            attachment=attachment("log"),
            obtained="posted_by_inspector",
            shown_to=(),
        ),
    )
    with pytest.raises(errors.EvidenceNotShown) as refused:
        play.do(JUDGE, ruling(relied_on=("E1", "E2", "E3", "E4")))
    assert refused.value.facts == {
        "hidden": {
            "E2": [Party.MERCHANT],
            "E3": [Party.BUYER],
            "E4": [Party.BUYER, Party.MERCHANT],
        }
    }


def test_a_ruling_does_not_rely_on_what_was_taken_back() -> None:
    """It is not on record."""
    play = Play().assigned()
    play.do(BUYER, staging("photo"))
    play.do(BUYER, WithdrawEvidence(ticket=T1, item="E2"))
    with pytest.raises(errors.EvidenceNotShown):
        play.do(JUDGE, ruling(relied_on=("E2",)))


def test_a_silent_party_is_ruled_on_what_is_there() -> None:
    """AR-09: silence does not hold a decision up."""
    play = Play().assigned()
    play.do(BUYER, staging("photo"))
    play.do(BUYER, SealEvidence(ticket=T1))
    play.passes("evidence:merchant")
    play.do(JUDGE, ruling(refund(PAID), relied_on=("E1", "E2"), clauses=("evidence.burden",)))
    assert play.ticket.ruling is not None


def test_awards_stay_within_the_cap() -> None:
    """RE-16 binds an arbitrator too; nothing is written when they do not."""
    play = Play().assigned()
    with pytest.raises(errors.CapExceeded):
        play.do(JUDGE, ruling(refund(PAID + 1)))
    with pytest.raises(errors.AmountNotAllowed):
        play.do(JUDGE, ruling(terms(RemedyKind.REPAIR, 1)))
    play.do(JUDGE, ruling(refund(PAID), coupon(30_000), terms(RemedyKind.REPAIR)))


# --- the appeal -------------------------------------------------------------------------------


@pytest.mark.parametrize(("actor", "party"), [(BUYER, Party.BUYER), (MERCHANT, Party.MERCHANT)])
def test_a_side_asks_once_for_a_review(actor: Actor, party: Party) -> None:
    """AR-06: one appeal a ticket, whoever files it."""
    play = Play().ruled(refund(1))
    events = play.do(actor, APPEAL)
    assert events[0] == AppealFiled(
        appeal="A1",
        ruling="J1",
        by=party,
        grounds=Personal("Look again.", subject=f"{actor.kind}:{actor.ref}"),
        policy=play.book.version,
    )
    assert play.due("appeal_ruling") == play.book.due("appeal_ruling", play.now)
    assert play.due("assignment") == play.book.due("assignment", play.now)
    assert "appeal" not in play.ticket.deadlines
    for other in (BUYER, MERCHANT):
        with pytest.raises(errors.AlreadyDone):
            play.do(other, APPEAL)


@pytest.mark.parametrize("said", [True, False])
def test_an_appeal_is_filed_while_its_window_is_open(*, said: bool) -> None:
    """The instant counts, whether the clock has said so yet or not."""
    play = Play().ruled(refund(1))
    due_at = play.due("appeal")
    play.now = later(due_at, timedelta(microseconds=-1))
    in_time = Play().ruled(refund(1))
    in_time.now = play.now
    in_time.do(MERCHANT, APPEAL)
    play.now = due_at
    if said:
        play.passes("appeal")
    with pytest.raises(errors.WindowPassed):
        play.do(MERCHANT, APPEAL)


def test_only_sides_appeal_and_only_against_a_ruling() -> None:
    """There is nothing to review before one."""
    with pytest.raises(errors.WrongStage):
        Play().assigned().do(BUYER, APPEAL)
    for actor in (AGENT, JUDGE, SUPERVISOR):
        with pytest.raises(errors.NotYourRole):
            Play().ruled(refund(1)).do(actor, APPEAL)


def test_a_closed_ticket_is_not_appealed() -> None:
    """It would have to be reopened, and a ruling is reviewed while it is fresh."""
    play = Play().ruled()
    play.passes("closing")
    with pytest.raises(errors.TicketClosedAlready):
        play.do(BUYER, APPEAL)


def test_nothing_closes_while_an_appeal_waits() -> None:
    """A rejected matter that is appealed is not over, and paid remedies do not end it."""
    play = Play().ruled()
    play.do(BUYER, APPEAL)
    assert "closing" not in play.ticket.deadlines
    assert play.ticket.resolved is None
    play = Play().ruled(refund(1))
    play.do(MERCHANT, APPEAL)
    play.do(PAYMENT, SettleRefund(ticket=T1, remedy="R1", reference="p-1"))
    assert play.ticket.resolved is None


def test_an_appeal_is_decided_by_another_arbitrator() -> None:
    """AR-06: nobody reviews his own ruling."""
    play = Play().ruled(refund(1))
    play.do(MERCHANT, APPEAL)
    for actor in (JUDGE, SUPERVISOR):
        with pytest.raises(errors.ConflictOfInterest):
            play.do(actor, assigning(JUDGE))
    with pytest.raises(errors.ConflictOfInterest):
        play.do(JUDGE, appeal_decision("upheld"))
    with pytest.raises(errors.AssignedToAnother):
        play.do(SECOND_JUDGE, appeal_decision("upheld"))
    events = play.do(SECOND_JUDGE, assigning(SECOND_JUDGE))
    assert events[0] == ArbitratorAssigned(arbitrator=SECOND_JUDGE.ref, instance=2)
    play.do(SECOND_JUDGE, appeal_decision("upheld"))


def test_the_arbitrator_of_an_appeal_may_step_aside() -> None:
    """The same rules hold in the second instance."""
    play = Play().appealed(refund(1))
    play.do(SECOND_JUDGE, RECUSE)
    third = judge("judge-3")
    play.do(third, assigning(third))
    play.do(third, appeal_decision("upheld"))


def test_an_upheld_ruling_stands_with_its_awards() -> None:
    """What is owed stays owed, and the appeal's deadline is met."""
    play = Play().appealed(refund(5_000))
    events = play.do(SECOND_JUDGE, appeal_decision("upheld"))
    assert isinstance(events[0], RulingUpheld)
    assert (events[0].appeal, events[0].ruling) == ("A1", "J1")
    assert events[1:] == (DeadlineMet(deadline="appeal_ruling"),)
    assert play.ticket.ruling is not None
    assert play.ticket.ruling.ruling == "J1"
    play.do(PAYMENT, SettleRefund(ticket=T1, remedy="R1", reference="p-1"))
    assert play.ticket.resolved == "remedied"


@pytest.mark.parametrize(("award", "outcome"), [(refund(5_000), "remedied"), (None, "rejected")])
def test_an_upheld_ruling_of_which_nothing_is_owed_resolves_the_matter(
    award: object, outcome: str
) -> None:
    """Paid in the meantime, or never owed."""
    play = Play().appealed(*((refund(5_000),) if award else ()))
    if award:
        play.do(PAYMENT, SettleRefund(ticket=T1, remedy="R1", reference="p-1"))
    events = play.do(SECOND_JUDGE, appeal_decision("upheld"))
    assert TicketResolved(outcome=outcome) in events
    assert set(play.ticket.deadlines) == {"closing"}


def test_an_overturned_ruling_takes_back_what_is_not_paid() -> None:
    """Unpaid awards are cancelled and free their part; with nothing owed the matter is over."""
    play = Play().appealed(refund(5_000), coupon(5_000))
    play.do(PAYMENT, FailRefund(ticket=T1, remedy="R1", reason="stopped"))
    events = play.do(SECOND_JUDGE, appeal_decision("overturned"))
    assert isinstance(events[0], RulingOverturned)
    assert events[0].ruling == "J2"
    cancelled = [one.remedy for one in events if isinstance(one, RemedyCancelled)]
    released = [one.remedy for one in events if isinstance(one, GrantReleased)]
    assert cancelled == released == ["R1", "R2"]
    assert play.order.grants == {}
    assert play.ticket.resolved == "rejected"
    assert set(play.ticket.deadlines) == {"closing"}


def test_a_varied_ruling_orders_its_own_awards_within_the_freed_cap() -> None:
    """The first refund gives way before the second is measured."""
    play = Play().appealed(refund(PAID))
    play.do(PAYMENT, FailRefund(ticket=T1, remedy="R1", reason="stopped"))
    partly = (Share(Responsible.MERCHANT, 6_000), Share(Responsible.BUYER, 4_000))
    events = play.do(
        SECOND_JUDGE,
        appeal_decision("varied", refund(PAID - 1), in_favour_of=Party.BUYER, shares=partly),
    )
    assert isinstance(events[0], RulingVaried)
    ordered = [one for one in events if isinstance(one, RemedyOrdered)]
    assert [(one.remedy, one.source) for one in ordered] == [("R2", "appeal")]
    assert play.ticket.remedies["R1"].step is RemedyStep.CANCELLED
    assert {name: one.amount for name, one in play.order.grants.items()} == {
        f"{T1}/R2": cny(PAID - 1)
    }
    assert set(play.ticket.deadlines) == {"remedy:R2"}
    play.do(PAYMENT, SettleRefund(ticket=T1, remedy="R2", reference="p-1"))
    assert play.ticket.resolved == "remedied"


def test_money_paid_under_the_first_ruling_stays_and_counts() -> None:
    """What moved is a fact; only the rest may be awarded."""
    play = Play().appealed(refund(60_000))
    play.do(PAYMENT, SettleRefund(ticket=T1, remedy="R1", reference="p-1"))
    with pytest.raises(errors.CapExceeded):
        play.do(SECOND_JUDGE, appeal_decision("varied", refund(40_001)))
    play.do(SECOND_JUDGE, appeal_decision("varied", refund(40_000)))
    assert play.ticket.remedies["R1"].step is RemedyStep.COMPLETED


def test_the_first_ruling_stays_on_record() -> None:
    """The later one stands; the earlier one is a fact like any other."""
    play = Play().appealed(refund(1))
    play.do(SECOND_JUDGE, appeal_decision("overturned"))
    assert names(tuple(play.facts)).count("RulingIssued") == 1
    assert play.ticket.ruling is not None
    assert (play.ticket.ruling.ruling, play.ticket.ruling.by) == ("J2", SECOND_JUDGE.ref)
    assert [(one, ruled.by) for one, ruled in play.ticket.rulings.items()] == [
        ("J1", JUDGE.ref),
        ("J2", SECOND_JUDGE.ref),
    ]


def test_an_appeal_is_decided_once_and_the_decision_is_final() -> None:
    """There is no second appeal."""
    play = Play().appealed(refund(1))
    play.do(SECOND_JUDGE, appeal_decision("upheld"))
    with pytest.raises(errors.AlreadyDone):
        play.do(SECOND_JUDGE, appeal_decision("overturned"))
    for actor in (BUYER, MERCHANT):
        with pytest.raises(errors.AlreadyDone):
            play.do(actor, APPEAL)


def test_a_decision_of_an_appeal_rests_on_what_a_ruling_rests_on() -> None:
    """Clauses, evidence both sides know, whole shares, awards within the cap."""
    play = Play().appealed(refund(1))
    for refusal, decision in (
        (errors.Unreasonable, appeal_decision("reversed")),
        (errors.UnknownClause, appeal_decision("upheld", clauses=())),
        (errors.UnknownEvidence, appeal_decision("upheld", relied_on=())),
        (errors.Unreasonable, appeal_decision("varied", in_favour_of=None)),
        (errors.SharesDoNotAddUp, appeal_decision("varied", shares=())),
        (errors.CapExceeded, appeal_decision("varied", refund(PAID + 1))),
    ):
        with pytest.raises(refusal):
            play.do(SECOND_JUDGE, decision)
    assert play.ticket.remedies["R1"].step is RemedyStep.INITIATED


def test_without_an_appeal_there_is_nothing_to_decide() -> None:
    """A ruling is not looked at again unasked."""
    with pytest.raises(errors.WrongStage):
        Play().ruled(refund(1)).do(SECOND_JUDGE, appeal_decision("upheld"))


def test_evidence_of_an_appeal_is_asked_for_inside_its_time() -> None:
    """The second decision has a promise of its own."""
    play = Play().appealed(refund(1))
    decision_due = play.due("appeal_ruling")
    play.now = later(decision_due, timedelta(minutes=-1))
    play.do(
        SECOND_JUDGE,
        RequestEvidence(ticket=T1, party=Party.BUYER, kinds=(EvidenceKind.PHOTO,)),
    )
    assert play.due("evidence:buyer") == decision_due
    play.do(SECOND_JUDGE, appeal_decision("upheld"))
    assert "evidence:buyer" not in play.ticket.deadlines
