"""What is offered to whom: from the guards the judges call, with due times and reasons why not."""

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from domain import commands, errors
from domain.commands import TicketCommand
from domain.ticket.actions import Action, actions
from domain.ticket.guards import GUARDS
from domain.values import SYSTEM, Actor, ActorKind, Awaiting, Channel, Kind, Party, Reason
from tests.domain.play import (
    AGENT,
    BUYER,
    JUDGE,
    MERCHANT,
    PAYMENT,
    PEOPLE,
    SUPERVISOR,
    T1,
    Play,
    coupon,
    refund,
    staging,
)
from tests.scenario import (
    BOT,
    CARRIER,
    ORDER,
    ORDERS,
    TICKET,
    Scenario,
    ordered,
    placed,
    whole_book,
)
from tests.scenario import BUYER as BUYER_OF_ORDER
from tests.scenario import SUPERVISOR as SUPERVISOR_ON_DUTY


def all_commands(of: type[TicketCommand] = TicketCommand) -> set[type[TicketCommand]]:
    """Every command about a ticket that exists."""
    return {one for child in of.__subclasses__() for one in (all_commands(child) or {child})}


def found(actions: tuple[Action, ...], command: type[TicketCommand]) -> Action:
    """The one action of a command."""
    (one,) = [action for action in actions if action.command is command]
    return one


def open_ones(actions: tuple[Action, ...]) -> set[tuple[type[TicketCommand], str | None]]:
    """What may be done now."""
    return {(one.command, one.target) for one in actions if one.refusal is None}


def test_every_command_about_a_ticket_has_a_guard() -> None:
    """A command without one could be done and never be offered."""
    assert set(GUARDS) == all_commands()


def test_a_buyer_is_told_what_he_may_do_and_why_not() -> None:
    """Before negotiation failed the platform is not called: it is said, not hidden."""
    play = Play().negotiating()
    actions = play.actions(BUYER)
    offered = open_ones(actions)
    assert {
        (commands.MakeOffer, None),
        (commands.StageEvidence, None),
        (commands.SealEvidence, None),
        (commands.SendMessage, None),
        (commands.CloseTicket, None),
    } <= offered
    blocked = found(actions, commands.RequestIntervention)
    assert isinstance(blocked.refusal, errors.NegotiationFirst)
    play.passes("negotiation")
    assert (commands.RequestIntervention, None) in open_ones(play.actions(BUYER))


def test_commands_of_another_role_are_left_out() -> None:
    """A buyer is not told that he may not rule."""
    for actor, never in (
        (BUYER, {commands.IssueRuling, commands.ApproveClaim, commands.AddNote}),
        (MERCHANT, {commands.AmendClaim, commands.CancelRemedy, commands.GrantRemedy}),
        (AGENT, {commands.IssueRuling, commands.AcceptOffer, commands.FileAppeal}),
    ):
        actions = Play().negotiating().actions(actor)
        assert never.isdisjoint(one.command for one in actions)


def test_a_stranger_is_offered_nothing() -> None:
    """Another buyer's ticket is none of his business."""
    play = Play().negotiating()
    for kind in (ActorKind.BUYER, ActorKind.MERCHANT, ActorKind.AUDITOR):
        assert play.actions(Actor(kind, "stranger")) == ()


def test_machines_are_offered_what_is_theirs_and_nothing_else() -> None:
    """A machine that answers buyers does not plan, and the platform itself does not talk."""
    play = Play().negotiating()
    assert {one.command for one in play.actions(BOT)} == {
        commands.AnswerAutomatically,
        commands.ReportFact,
    }
    assert {one.command for one in play.actions(SYSTEM)} <= {
        commands.ReviewReturn,
        commands.QueueTicket,
    }


def promised(category: str = "phones", **fields: Any) -> Scenario:
    """A complaint that was just opened under the book of all promises."""
    opening = {"channel": Channel.APP, "order": ORDER, "kind": Kind.COMPLAINT, **fields}
    line = replace(placed().lines[0], category=category)
    asked = ordered(line).staffed(PEOPLE).promised(whole_book())
    return asked.done(commands.OpenTicket(**opening), BUYER_OF_ORDER)


def offered(story: Scenario, actor: Actor) -> tuple[Action, ...]:
    """What somebody may do now in a story."""
    return actions(story.live, story.context(actor))


def test_the_due_time_of_a_promise_is_told_with_what_would_keep_it() -> None:
    """Whoever can keep it sees until when; to the buyer it is made, nobody waits for him."""
    story = promised()
    takeover = story.live.clocks["complaint_takeover"]
    for command in (commands.AcceptTicket, commands.TakeAssignment, commands.SendMessage):
        assert found(offered(story, AGENT), command).due_at == takeover.due_at
    assert found(offered(story, AGENT), commands.AddNote).due_at is None
    assert found(offered(story, BUYER_OF_ORDER), commands.SendMessage).due_at is None
    late = story.after(timedelta(hours=1))
    assert found(offered(late, AGENT), commands.AcceptTicket).due_at == takeover.due_at


def test_a_promise_that_rests_is_not_due() -> None:
    """While the buyer is waited for, nobody is late."""
    story = promised("luxury", kind=Kind.DISPUTE)
    story = story.done(commands.AcceptTicket(ticket=TICKET), AGENT)
    assert found(offered(story, AGENT), commands.GivePlan).due_at is not None
    waiting = commands.BeginWait(ticket=TICKET, on=Awaiting.BUYER, why="photo_asked_for")
    story = story.done(waiting, AGENT)
    assert story.live.clocks["complex_framework"].paused
    assert found(offered(story, AGENT), commands.GivePlan).due_at is None


def test_each_request_to_a_department_is_a_target_with_its_own_due_time() -> None:
    """Two departments answer in parallel, each for itself; who answered is asked no more."""
    story = promised().done(commands.AcceptTicket(ticket=TICKET), AGENT)
    names = tuple(one.name for one in story.book.department[:2])
    for name in names:
        asking = commands.AskDepartments(ticket=TICKET, departments=(name,), question="Which lot?")
        story = story.after(timedelta(minutes=1)).done(asking, AGENT)
    answering = [
        one
        for one in offered(story, SUPERVISOR_ON_DUTY)
        if one.command is commands.AnswerForDepartment
    ]
    assert {one.target: one.due_at for one in answering} == {
        request: story.live.clocks[f"department_plan:{request}"].due_at for request in ("D1", "D2")
    }
    answer = commands.AnswerForDepartment(ticket=TICKET, request="D1", plan="A new lot.")
    story = story.done(answer, SUPERVISOR_ON_DUTY)
    left = [one.target for one in offered(story, SUPERVISOR_ON_DUTY) if one.target]
    assert left == ["D2"]
    blocked = found(offered(story, AGENT), commands.AnswerForDepartment).refusal
    assert isinstance(blocked, errors.NotFit), "the owner's desk is another one"


def test_a_reported_fact_is_due_when_a_promise_waits_for_it() -> None:
    """The service network of a maker sees until when it should have answered."""
    story = promised("appliances", reason=Reason.QUALITY_FAULT)
    clocks = story.live.clocks
    of_machine = found(offered(story, ORDERS), commands.ReportFact)
    assert of_machine.due_at == min(
        clocks[name].due_at for name in ("appliance_answer", "appliance_on_site")
    )
    assert found(offered(story, CARRIER), commands.ReportFact).due_at is None


def test_the_due_time_is_that_of_the_deadline_an_action_answers() -> None:
    """Whoever looks sees until when the ticket waits for him."""
    play = Play().assigned()
    expected = {
        (JUDGE, commands.IssueRuling): "ruling",
        (BUYER, commands.SealEvidence): "evidence:buyer",
        (MERCHANT, commands.StageEvidence): "evidence:merchant",
    }
    for (actor, command), deadline in expected.items():
        assert found(play.actions(actor), command).due_at == play.due(deadline)
    assert found(play.actions(BUYER), commands.SendMessage).due_at is None


def test_an_open_offer_is_a_target_of_the_other_side() -> None:
    """Who made it may take it back, the other one answers; a settled one is no target."""
    play = Play().negotiating()
    play.do(MERCHANT, commands.MakeOffer(ticket=T1, terms=(refund(1),)))
    answers = {commands.AcceptOffer, commands.DeclineOffer, commands.CounterOffer}
    buyer, merchant = (open_ones(play.actions(actor)) for actor in (BUYER, MERCHANT))
    assert {(one, "O1") for one in answers} <= buyer
    assert (commands.WithdrawOffer, "O1") in merchant
    assert answers.isdisjoint(one.command for one in play.actions(MERCHANT))
    assert found(play.actions(BUYER), commands.AcceptOffer).due_at == play.due("offer:O1")
    play.do(BUYER, commands.AcceptOffer(ticket=T1, offer="O1"))
    assert "O1" not in {one.target for one in play.actions(BUYER)}


def test_remedies_that_are_not_over_are_targets_of_steps_of_their_kind() -> None:
    """A coupon is not inspected, and what is done is done."""
    play = Play().ruled(refund(1), coupon(1))
    assert open_ones(play.actions(PAYMENT)) == {
        (commands.SettleRefund, "R1"),
        (commands.FailRefund, "R1"),
    }
    agent = play.actions(AGENT)
    assert found(agent, commands.IssueCoupon).target == "R2"
    assert found(agent, commands.IssueCoupon).due_at == play.due("remedy:R2")
    assert isinstance(found(agent, commands.InitiateRefund).refusal, errors.WrongStep)
    supervisor = [one for one in play.actions(SUPERVISOR) if one.command is commands.CancelRemedy]
    assert {one.target: type(one.refusal) for one in supervisor} == {
        "R1": errors.WrongStep,
        "R2": type(None),
    }
    assert commands.BookRepair not in {one.command for one in agent}
    play.do(PAYMENT, commands.SettleRefund(ticket=T1, remedy="R1", reference="p-1"))
    assert open_ones(play.actions(PAYMENT)) == set()


def test_items_are_targets_only_of_those_who_know_them() -> None:
    """A list of what may be done must not tell what the other side prepares."""
    play = Play().assigned()
    play.do(BUYER, staging("photo"))
    play.do(BUYER, staging("secret", confidential=True))
    mine = {(commands.WithdrawEvidence, "E2"), (commands.ReplaceEvidence, "E2")}
    assert mine <= open_ones(play.actions(BUYER))
    for actor in (MERCHANT, JUDGE):
        assert {"E2", "E3"}.isdisjoint(one.target for one in play.actions(actor))
    play.do(BUYER, commands.SealEvidence(ticket=T1))
    assert (commands.ContestEvidence, "E2") in open_ones(play.actions(MERCHANT))
    assert "E3" not in {one.target for one in play.actions(MERCHANT)}
    disclosing = (commands.DiscloseEvidence, "E3")
    assert disclosing in open_ones(play.actions(JUDGE))
    play.do(JUDGE, commands.DiscloseEvidence(ticket=T1, item="E3", to=Party.MERCHANT))
    assert disclosing not in open_ones(play.actions(JUDGE))


def test_an_arbitrator_in_conflict_is_told_so() -> None:
    """He sees why the matter is not his to take."""
    play = Play().ruled(refund(1))
    play.do(MERCHANT, commands.FileAppeal(ticket=T1, grounds="Look again."))
    blocked = found(play.actions(JUDGE), commands.AssignArbitrator)
    assert isinstance(blocked.refusal, errors.ConflictOfInterest)


def test_the_passing_of_time_is_offered_to_nobody() -> None:
    """It happens by itself."""
    play = Play().negotiating()
    for kind in ActorKind:
        offered = {one.command for one in play.actions(Actor(kind, "somebody"))}
        assert commands.PassDeadline not in offered
