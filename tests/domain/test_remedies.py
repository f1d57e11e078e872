"""Remedies are sub-flows: ordered within limits, walked step by step, completed or taken off."""

from collections.abc import Callable

import pytest

from domain import commands, errors
from domain.commands import (
    CancelRemedy,
    GrantRemedy,
    InspectReturn,
    RemedyCommand,
    SettleRefund,
)
from domain.events import (
    CouponIssued,
    DeadlineGiven,
    GrantReleased,
    RefundInitiated,
    RemedyOrdered,
    TicketResolved,
)
from domain.policies.deadlines import DeadlineName
from domain.ticket.state import RemedyStep
from domain.values import Actor, ActorKind, Awaiting, Channel, RemedyKind, Stage, Terms
from tests.domain.play import (
    AGENT,
    BUYER,
    CARRIER,
    INSPECTOR,
    MERCHANT,
    PAYMENT,
    SUPERVISOR,
    T1,
    Play,
    book_with,
    cny,
    coupon,
    names,
    refund,
    terms,
)

Step = tuple[
    Actor, Callable[[str], RemedyCommand], RemedyStep, DeadlineName | None, Awaiting | None
]


def authorise(remedy: str) -> RemedyCommand:
    """Let the goods come back."""
    return commands.AuthoriseReturn(ticket=T1, remedy=remedy, path="pick_up")


def ship_back(remedy: str) -> RemedyCommand:
    """Send the goods."""
    return commands.ShipReturn(ticket=T1, remedy=remedy, carrier="SF", tracking="t-1")


def receive(remedy: str) -> RemedyCommand:
    """Take the goods in."""
    return commands.ReceiveReturn(ticket=T1, remedy=remedy)


def inspect(remedy: str) -> RemedyCommand:
    """Find the goods as they should be."""
    return InspectReturn(ticket=T1, remedy=remedy, passed=True, finding="intact")


def settle(remedy: str) -> RemedyCommand:
    """Report that the price is back."""
    return SettleRefund(ticket=T1, remedy=remedy, reference="p-1")


def ship_replacement(remedy: str) -> RemedyCommand:
    """Send the other one."""
    return commands.ShipReplacement(ticket=T1, remedy=remedy, carrier="SF", tracking="t-2")


def deliver_replacement(remedy: str) -> RemedyCommand:
    """Report that the other one is there."""
    return commands.DeliverReplacement(ticket=T1, remedy=remedy)


def book(remedy: str) -> RemedyCommand:
    """Book a workshop."""
    return commands.BookRepair(ticket=T1, remedy=remedy, repair_order="w-1", provider="Fixers")


def to_workshop(remedy: str) -> RemedyCommand:
    """Report that the device is in the workshop."""
    return commands.ReceiveRepair(ticket=T1, remedy=remedy)


def repaired(remedy: str) -> RemedyCommand:
    """Report that the device works."""
    return commands.CompleteRepair(ticket=T1, remedy=remedy, finding="antenna changed")


def reship(remedy: str) -> RemedyCommand:
    """Send what was missing."""
    return commands.ShipReshipment(ticket=T1, remedy=remedy, carrier="SF", tracking="t-3")


def reshipped(remedy: str) -> RemedyCommand:
    """Report that what was missing is there."""
    return commands.DeliverReshipment(ticket=T1, remedy=remedy)


def issue(remedy: str) -> RemedyCommand:
    """Hand the coupon out."""
    return commands.IssueCoupon(ticket=T1, remedy=remedy, coupon="c-1")


def pay(remedy: str) -> RemedyCommand:
    """Report that the compensation is paid."""
    return commands.PayCompensation(ticket=T1, remedy=remedy, reference="p-2")


def cancel(remedy: str) -> RemedyCommand:
    """Take the remedy off."""
    return CancelRemedy(ticket=T1, remedy=remedy, why="not owed")


S, A = RemedyStep, Awaiting
PATHS: dict[RemedyKind, tuple[DeadlineName, Awaiting, list[Step]]] = {
    RemedyKind.REFUND: ("refund", A.PAYMENT, [(PAYMENT, settle, S.COMPLETED, None, None)]),
    RemedyKind.RETURN: (
        "return",
        A.MERCHANT,
        [
            (MERCHANT, authorise, S.AUTHORISED, "return", A.BUYER),
            (BUYER, ship_back, S.SHIPPED_BACK, "return_inspection", A.MERCHANT),
            (MERCHANT, receive, S.RECEIVED_BACK, "return_inspection", A.MERCHANT),
            (INSPECTOR, inspect, S.INITIATED, "refund", A.PAYMENT),
            (PAYMENT, settle, S.COMPLETED, None, None),
        ],
    ),
    RemedyKind.EXCHANGE: (
        "exchange",
        A.MERCHANT,
        [
            (AGENT, authorise, S.AUTHORISED, "return", A.BUYER),
            (CARRIER, ship_back, S.SHIPPED_BACK, "return_inspection", A.MERCHANT),
            (INSPECTOR, receive, S.RECEIVED_BACK, "exchange", A.MERCHANT),
            (MERCHANT, ship_replacement, S.SHIPPED, "exchange", A.CARRIER),
            (CARRIER, deliver_replacement, S.COMPLETED, None, None),
        ],
    ),
    RemedyKind.REPAIR: (
        "repair",
        A.MERCHANT,
        [
            (AGENT, book, S.BOOKED, "repair", A.MERCHANT),
            (MERCHANT, to_workshop, S.IN_WORKSHOP, "repair", A.MERCHANT),
            (MERCHANT, repaired, S.COMPLETED, None, None),
        ],
    ),
    RemedyKind.RESHIPMENT: (
        "reshipment",
        A.MERCHANT,
        [
            (MERCHANT, reship, S.SHIPPED, "reshipment", A.CARRIER),
            (BUYER, reshipped, S.COMPLETED, None, None),
        ],
    ),
    RemedyKind.COUPON: ("coupon", A.AGENT, [(AGENT, issue, S.COMPLETED, None, None)]),
    RemedyKind.COMPENSATION: (
        "compensation",
        A.PAYMENT,
        [(PAYMENT, pay, S.COMPLETED, None, None)],
    ),
}
AMOUNTS = {
    RemedyKind.REFUND: 5_000,
    RemedyKind.RETURN: 100_000,
    RemedyKind.COUPON: 5_000,
    RemedyKind.COMPENSATION: 5_000,
}
ALL_STEPS = [
    (AGENT, lambda remedy: commands.InitiateRefund(ticket=T1, remedy=remedy)),
    (
        PAYMENT,
        lambda remedy: commands.FailRefund(ticket=T1, remedy=remedy, reason="account closed"),
    ),
    (AGENT, lambda remedy: commands.InitiateCompensation(ticket=T1, remedy=remedy)),
    (
        PAYMENT,
        lambda remedy: commands.FailCompensation(ticket=T1, remedy=remedy, reason="closed"),
    ),
    *((actor, command) for _, _, steps in PATHS.values() for actor, command, _, _, _ in steps),
]


UNREPEATED = frozenset({commands.AuthoriseReturn})
"""Said by a person and not reported by a machine."""


def agreed(what: Terms) -> Play:
    """The sides settled; the ticket is in its remedy stage."""
    play = Play().opened()
    play.do(MERCHANT, commands.MakeOffer(ticket=T1, terms=(what,)))
    play.do(BUYER, commands.AcceptOffer(ticket=T1, offer="O1"))
    return play


def owing(kind: RemedyKind) -> Play:
    """One remedy of a kind is owed."""
    return agreed(terms(kind, AMOUNTS.get(kind)))


def returned() -> Play:
    """A return of which the goods are back."""
    play = owing(RemedyKind.RETURN)
    play.do(MERCHANT, authorise("R1"))
    play.do(BUYER, ship_back("R1"))
    play.do(MERCHANT, receive("R1"))
    return play


def step_of(play: Play, remedy: str = "R1") -> RemedyStep:
    """How far a remedy has come."""
    return play.ticket.remedies[remedy].step


# --- ordering ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(RemedyKind))
def test_a_remedy_is_owed_with_the_books_deadline_of_its_kind(kind: RemedyKind) -> None:
    """Enforcement is tracked from the first moment (AR-05)."""
    name, awaits, _ = PATHS[kind]
    play = owing(kind)
    given = play.ticket.deadlines["remedy:R1"]
    assert (given.due_at, given.awaits) == (play.book.due(name, play.now), awaits)
    assert play.ticket.remedies["R1"].terms.line == "L1", "the line defaults to the ticket's"
    assert play.ticket.stage is Stage.REMEDY


def test_a_refund_is_initiated_at_once() -> None:
    """Nobody has to be waited for before the payment system is told."""
    play = agreed(refund(5_000))
    assert RefundInitiated(remedy="R1", amount=cny(5_000)) in play.facts
    assert step_of(play) is RemedyStep.INITIATED


@pytest.mark.parametrize("kind", list(AMOUNTS))
@pytest.mark.parametrize("amount", [None, 0, -1])
def test_a_remedy_of_money_needs_an_amount(kind: RemedyKind, amount: int | None) -> None:
    """A promise of an unknown sum can not be kept within a cap."""
    play = Play().opened()
    with pytest.raises(errors.AmountRequired):
        play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=terms(kind, amount)))
    play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=terms(kind, 1)))


@pytest.mark.parametrize("kind", [RemedyKind.EXCHANGE, RemedyKind.REPAIR, RemedyKind.RESHIPMENT])
def test_a_remedy_of_goods_takes_no_amount(kind: RemedyKind) -> None:
    """Money that no cap counts must not hide in a repair."""
    play = Play().opened()
    with pytest.raises(errors.AmountNotAllowed):
        play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=terms(kind, 1)))
    play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=terms(kind)))


def test_a_remedy_is_about_a_line_of_the_order() -> None:
    """A line may be named; one that was not bought is refused."""
    play = Play().opened()
    with pytest.raises(errors.UnknownLine):
        play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=terms(RemedyKind.REFUND, 1, "L9")))
    play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=terms(RemedyKind.REFUND, 1, "L2")))
    assert play.ticket.remedies["R1"].terms.line == "L2"


def test_without_an_order_no_money_is_given_back() -> None:
    """Where nothing was bought there is no price, and so no cap."""
    play = Play()
    opening = commands.OpenTicket(channel=Channel.CHAT)
    play.do(BUYER, opening)
    with pytest.raises(errors.NothingToRefund):
        play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=coupon(1)))
    play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=terms(RemedyKind.REPAIR)))


def test_a_ticket_holds_as_many_remedies_as_the_book_says() -> None:
    """Every list has a limit; what was cancelled still counts, for its name is used."""
    play = Play(book=book_with(remedies=2)).opened()
    play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=coupon(1)))
    play.do(SUPERVISOR, cancel("R1"))
    play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=coupon(1)))
    with pytest.raises(errors.LimitReached):
        play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=coupon(1)))


# --- the sub-flows ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(RemedyKind))
def test_a_remedy_walks_its_own_path_to_its_end(kind: RemedyKind) -> None:
    """Each step moves the deadline and says whose turn it is; the last one resolves the matter."""
    play = owing(kind)
    for actor, command, step, name, awaits in PATHS[kind][2]:
        play.wait(minutes=7)
        play.do(actor, command("R1"))
        assert step_of(play) is step
        waits = play.ticket.deadlines.get("remedy:R1")
        if name is None:
            assert waits is None
        else:
            assert waits is not None
            assert (waits.due_at, waits.awaits) == (play.book.due(name, play.now), awaits)
    assert play.ticket.resolved == "remedied"
    assert play.ticket.deadlines["closing"].due_at == play.book.due("closing", play.now)
    assert all(one.paid for one in play.order.grants.values())


@pytest.mark.parametrize("kind", list(RemedyKind))
def test_no_step_is_taken_out_of_turn(kind: RemedyKind) -> None:
    """At each step of each kind every step but the next one is refused, with the step it is at.

    What was reported before in the same words is a repetition and changes nothing.
    """
    play = owing(kind)
    done: set[type[RemedyCommand]] = set()
    attempts = {
        commands.InitiateRefund,
        commands.FailRefund,
        commands.InitiateCompensation,
        commands.FailCompensation,
    }
    for actor, command, _, _, _ in PATHS[kind][2]:
        allowed = {type(command("R1")), *attempts}
        for other_actor, other in ALL_STEPS:
            if type(other("R1")) in allowed:
                continue
            if type(other("R1")) in done - UNREPEATED:
                assert play.do(other_actor, other("R1")) == ()
                continue
            with pytest.raises(errors.WrongStep) as refused:
                play.do(other_actor, other("R1"))
            assert refused.value.facts == {"step": step_of(play)}
        play.do(actor, command("R1"))
        done.add(type(command("R1")))
    for other_actor, other in ALL_STEPS:
        if type(other("R1")) in done - UNREPEATED:
            assert play.do(other_actor, other("R1")) == ()
            continue
        with pytest.raises(errors.WrongStep):
            play.do(other_actor, other("R1"))


@pytest.mark.parametrize("kind", list(RemedyKind))
def test_a_step_is_taken_only_by_whose_it_is(kind: RemedyKind) -> None:
    """A buyer does not report his own refund, and a merchant not his own delivery."""
    play = owing(kind)
    for actor, command, _, _, _ in PATHS[kind][2]:
        stranger = Actor(ActorKind.AUDITOR, "auditor-1")
        with pytest.raises(errors.NotYourRole):
            play.do(stranger, command("R1"))
        if actor.kind is ActorKind.PAYMENT:
            for person in (BUYER, MERCHANT, AGENT, SUPERVISOR):
                with pytest.raises(errors.NotYourRole):
                    play.do(person, command("R1"))
        play.do(actor, command("R1"))


def test_a_party_takes_steps_only_on_its_own_ticket() -> None:
    """Another merchant is a stranger here."""
    play = owing(RemedyKind.RETURN)
    with pytest.raises(errors.NotYourTicket):
        play.do(Actor(ActorKind.MERCHANT, "merchant-2"), authorise("R1"))


def test_an_unknown_remedy_has_no_steps() -> None:
    """A mistyped name moves nothing."""
    with pytest.raises(errors.UnknownRemedy):
        owing(RemedyKind.REFUND).do(PAYMENT, settle("R2"))


def test_goods_go_back_by_a_path_of_the_house() -> None:
    """Pick-up, drop-off or a prepaid label (RE-01)."""
    for path in ("pick_up", "drop_off", "prepaid_label"):
        play = owing(RemedyKind.RETURN)
        play.do(MERCHANT, commands.AuthoriseReturn(ticket=T1, remedy="R1", path=path))
        assert step_of(play) is RemedyStep.AUTHORISED
    play = owing(RemedyKind.RETURN)
    with pytest.raises(errors.Unreasonable):
        play.do(MERCHANT, commands.AuthoriseReturn(ticket=T1, remedy="R1", path="pigeon"))


def test_a_failed_refund_is_initiated_again_by_staff() -> None:
    """The price is still owed, and somebody looks into it."""
    play = agreed(refund(5_000))
    play.do(PAYMENT, commands.FailRefund(ticket=T1, remedy="R1", reason="account closed"))
    assert step_of(play) is RemedyStep.FAILED
    assert play.ticket.deadlines["remedy:R1"].awaits is Awaiting.AGENT
    with pytest.raises(errors.NotYourRole):
        play.do(MERCHANT, commands.InitiateRefund(ticket=T1, remedy="R1"))
    play.do(AGENT, commands.InitiateRefund(ticket=T1, remedy="R1"))
    assert play.ticket.deadlines["remedy:R1"].awaits is Awaiting.PAYMENT
    play.do(PAYMENT, settle("R1"))
    assert play.ticket.resolved == "remedied"


def test_a_return_that_does_not_pass_waits_for_an_agent() -> None:
    """The goods are back, but not as they should be: a person decides."""
    play = returned()
    failed = InspectReturn(ticket=T1, remedy="R1", passed=False, finding="another device")
    events = play.do(MERCHANT, failed)
    assert "RefundInitiated" not in names(events)
    assert step_of(play) is RemedyStep.INSPECTED
    assert play.ticket.deadlines["remedy:R1"].awaits is Awaiting.AGENT
    play.do(AGENT, commands.InitiateRefund(ticket=T1, remedy="R1"))
    play.do(PAYMENT, settle("R1"))
    assert play.ticket.resolved == "remedied"


def test_a_return_that_does_not_pass_may_be_taken_off() -> None:
    """Then nothing was given, and the matter ends as rejected."""
    play = returned()
    play.do(MERCHANT, InspectReturn(ticket=T1, remedy="R1", passed=False, finding="used"))
    play.do(SUPERVISOR, cancel("R1"))
    assert play.ticket.resolved == "rejected"
    assert play.order.grants == {}


def test_a_coupon_is_worth_what_was_granted() -> None:
    """Whoever hands it out does not choose its value; the platform itself may do it."""
    play = agreed(coupon(5_000))
    play.do(Actor(ActorKind.SYSTEM, "platform"), issue("R1"))
    assert CouponIssued(remedy="R1", coupon="c-1", value=cny(5_000)) in play.facts


def test_an_overdue_step_may_still_be_taken() -> None:
    """What is missed stays owed."""
    play = agreed(refund(5_000))
    play.passes("remedy:R1")
    assert play.ticket.deadlines["remedy:R1"].missed
    play.do(PAYMENT, settle("R1"))
    assert "remedy:R1" not in play.ticket.deadlines


# --- the end ----------------------------------------------------------------------------------


def test_a_matter_is_resolved_when_all_its_remedies_are_over() -> None:
    """One of two is not all."""
    play = Play().ruled(refund(5_000), coupon(5_000))
    play.do(PAYMENT, settle("R1"))
    assert play.ticket.resolved is None
    events = play.do(AGENT, issue("R2"))
    assert TicketResolved(outcome="remedied") in events
    assert "closing" in play.ticket.deadlines


def test_a_matter_is_remedied_when_the_last_is_taken_off_but_one_was_given() -> None:
    """The outcome tells what the buyer got."""
    play = Play().ruled(refund(5_000), coupon(5_000))
    play.do(PAYMENT, settle("R1"))
    play.do(SUPERVISOR, cancel("R2"))
    assert play.ticket.resolved == "remedied"


def test_a_cancelled_remedy_is_over() -> None:
    """Its deadline ends, its part of the order is free, and no step follows."""
    play = Play().ruled(coupon(5_000), refund(5_000))
    events = play.do(SUPERVISOR, cancel("R1"))
    assert names(events) == ["RemedyCancelled", "GrantReleased", "DeadlineMet"]
    assert GrantReleased(ticket=T1, remedy="R1", line="L1", amount=cny(5_000)) in events
    assert "T0-261111-AAAAAA0/R1" not in play.order.grants
    for actor, command in ((AGENT, issue), (SUPERVISOR, cancel)):
        with pytest.raises(errors.WrongStep):
            play.do(actor, command("R1"))


def test_only_the_desk_takes_a_remedy_off() -> None:
    """A merchant does not free himself of what he owes."""
    play = agreed(refund(5_000))
    for actor in (MERCHANT, BUYER, PAYMENT):
        with pytest.raises(errors.NotYourRole):
            play.do(actor, cancel("R1"))


def test_money_that_moved_is_not_taken_off() -> None:
    """The record would say otherwise than the bank."""
    play = agreed(refund(5_000))
    play.do(PAYMENT, settle("R1"))
    with pytest.raises(errors.WrongStep) as refused:
        play.do(SUPERVISOR, cancel("R1"))
    assert refused.value.facts == {"step": RemedyStep.COMPLETED}


# --- goodwill ---------------------------------------------------------------------------------


def test_an_agent_is_generous_up_to_the_books_authority() -> None:
    """RE-11: the edge is allowed, above it a supervisor grants, up to the cap; it is on record."""
    play = Play().opened()
    limit = play.book.cap.goodwill_minor
    with pytest.raises(errors.CapExceeded) as refused:
        play.do(AGENT, GrantRemedy(ticket=T1, terms=coupon(limit + 1)))
    assert refused.value.facts == {"authority_minor": limit, "needs": ActorKind.SUPERVISOR}
    play.do(AGENT, GrantRemedy(ticket=T1, terms=coupon(limit)))
    play.do(SUPERVISOR, GrantRemedy(ticket=T1, terms=coupon(limit + 1)))
    ordered = [one for one in play.facts if isinstance(one, RemedyOrdered)]
    assert [(one.source, one.approved_by) for one in ordered] == [
        ("goodwill", "agent:agent-1"),
        ("goodwill", "supervisor:supervisor-1"),
    ]


def test_the_authority_is_a_figure_of_the_book() -> None:
    """One unit less in the book is one unit less for the agent."""
    play = Play(book=book_with(goodwill_minor=4_999)).opened()
    with pytest.raises(errors.CapExceeded):
        play.do(AGENT, GrantRemedy(ticket=T1, terms=coupon(5_000)))
    play.do(AGENT, GrantRemedy(ticket=T1, terms=coupon(4_999)))


def test_nobody_else_grants_for_the_platform() -> None:
    """Merchants approve and offer; the platform's money is the platform's."""
    for actor in (BUYER, MERCHANT, PAYMENT):
        with pytest.raises(errors.NotYourRole):
            Play().opened().do(actor, GrantRemedy(ticket=T1, terms=coupon(1)))


def test_goodwill_does_not_cross_a_pending_ruling() -> None:
    """While an arbitrator weighs the matter nothing is given beside it."""
    with pytest.raises(errors.WrongStage):
        Play().intervened().do(SUPERVISOR, GrantRemedy(ticket=T1, terms=coupon(1)))


def test_goodwill_before_a_decision_resolves_nothing() -> None:
    """A coupon for the waiting is no answer to the claim."""
    play = Play().negotiating()
    play.do(AGENT, GrantRemedy(ticket=T1, terms=coupon(5_000)))
    play.do(AGENT, issue("R1"))
    assert play.ticket.stage is Stage.NEGOTIATION
    assert play.ticket.resolved is None


def test_goodwill_after_the_end_puts_the_closing_off() -> None:
    """A resolved matter is resolved once, and closes when nothing is owed any more."""
    play = agreed(refund(5_000))
    play.do(PAYMENT, settle("R1"))
    play.wait(hours=1)
    play.do(AGENT, GrantRemedy(ticket=T1, terms=coupon(5_000)))
    play.passes("closing")
    assert play.ticket.stage is Stage.REMEDY
    events = play.do(AGENT, issue("R2"))
    assert names(events) == ["CouponIssued", "RemedyCompleted", "GrantPaid", "DeadlineMet"]
    play.passes("closing")
    assert play.ticket.stage is Stage.CLOSED
    with pytest.raises(errors.TicketClosedAlready):
        play.do(AGENT, GrantRemedy(ticket=T1, terms=coupon(1)))


def test_a_step_without_a_deadline_left_still_gets_the_next_one() -> None:
    """The queue shows whose turn it is whatever happened to the last deadline."""
    play = owing(RemedyKind.REPAIR)
    play.passes("remedy:R1")
    events = play.do(MERCHANT, book("R1"))
    assert any(isinstance(one, DeadlineGiven) and one.deadline == "remedy:R1" for one in events)
    assert not play.ticket.deadlines["remedy:R1"].missed
