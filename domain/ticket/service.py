"""The service track: answers and words, the review of a return, the merchant's own decision."""

from typing import Final

from domain import errors
from domain.commands import (
    AddNote,
    ApproveClaim,
    GiveAnswer,
    RefuseClaim,
    ReopenTicket,
    ReviewReturn,
    SendMessage,
)
from domain.events import (
    AnswerGiven,
    Event,
    MerchantApproved,
    MerchantRefused,
    MessageSent,
    NoteAdded,
    ReturnReviewed,
)
from domain.ticket import cap, deadlines, remedies
from domain.ticket.context import Context
from domain.ticket.eligibility import judge_return
from domain.ticket.guards import (
    DESK,
    GUARDS,
    guards,
    owed,
    require_accepted,
    require_actor,
    require_open,
    require_stage,
    require_unresolved,
)
from domain.ticket.state import Ticket
from domain.values import (
    Actor,
    ActorKind,
    Money,
    Personal,
    RemedyKind,
    Stage,
    Terms,
)

IN_PLACE_OF: Final = {RemedyKind.RETURN: RemedyKind.REFUND}
"""What is better than what was asked: the price back, and the goods may be kept."""


def authored(text: str, actor: Actor) -> Personal:
    """Return a text as personal data of whoever wrote it."""
    return Personal(text, subject=f"{actor.kind}:{actor.ref}")


@guards(GiveAnswer)
def may_give_answer(ticket: Ticket, _target: str | None, context: Context) -> None:
    """The desk answers what it has taken up and nobody has resolved."""
    require_actor(ticket, context, *DESK)
    require_unresolved(ticket)
    require_accepted(ticket)


def give_answer(command: GiveAnswer, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Answer the buyer; an answer that settles the matter resolves the ticket."""
    may_give_answer(ticket, None, context)
    answer = AnswerGiven(text=authored(command.text, context.actor), resolves=command.resolves)
    if not command.resolves:
        answered = deadlines.met(ticket, "answer", deadlines.REPLY)
        window = (deadlines.reply_awaited(context),) if deadlines.idle(ticket, "answer") else ()
        return (answer, *answered, *window)
    require_stage(ticket, Stage.INTAKE)
    if owed(ticket):
        raise errors.WrongStage("A remedy is still owed.", stage=ticket.stage)
    return (answer, *deadlines.resolution(ticket, context, "answered"))


@guards(SendMessage)
def may_send_message(ticket: Ticket, _target: str | None, context: Context) -> None:
    """The parties and the desk talk until the ticket is closed; what can reopen it is not talk."""
    require_actor(ticket, context, ActorKind.BUYER, ActorKind.MERCHANT, *DESK)
    require_open(ticket)
    if context.actor.kind is ActorKind.BUYER and _may_reopen(ticket, context):
        raise errors.WrongStage(
            "The matter is resolved: reopen it, and say why.",
            stage=ticket.stage,
            instead="reopen_ticket",
        )


def send_message(command: SendMessage, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Write to the others; a buyer who comes back where nothing runs is to be answered.

    So is one who writes about a resolved matter that can not be reopened yet; the desk answers by
    a message then.
    """
    may_send_message(ticket, None, context)
    text = authored(command.text, context.actor)
    message = MessageSent(by=context.actor.party, text=text)
    if ticket.resolved is None:
        return (message, *deadlines.buyer_came_back(ticket, context))
    if context.actor.kind in DESK:
        return (message, *deadlines.met(ticket, "answer"))
    if context.actor.kind is not ActorKind.BUYER or "answer" in ticket.deadlines:
        return (message,)
    return (message, deadlines.given(context, "answer"))


def _may_reopen(ticket: Ticket, context: Context) -> bool:
    """Return whether a resolved matter can be reopened now."""
    if ticket.resolved is None:
        return False
    try:
        GUARDS[ReopenTicket](ticket, None, context)
    except errors.Refusal:
        return False
    return True


@guards(AddNote)
def may_add_note(ticket: Ticket, _target: str | None, context: Context) -> None:
    """Staff leave notes among themselves, on a closed ticket too."""
    require_actor(ticket, context, *DESK, ActorKind.ARBITRATOR, works=False)


def add_note(command: AddNote, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Leave a note the parties do not see."""
    may_add_note(ticket, None, context)
    return (NoteAdded(text=authored(command.text, context.actor)),)


@guards(ReviewReturn)
def may_review_return(ticket: Ticket, _target: str | None, context: Context) -> None:
    """The book can be asked about an order's return until the matter is resolved."""
    require_actor(ticket, context, *DESK, ActorKind.MERCHANT, ActorKind.SYSTEM)
    require_unresolved(ticket)
    if ticket.line is None or context.order is None:
        raise errors.WrongState("The matter is about no order.")


def review_return(command: ReviewReturn, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Let the book say whether the goods may go back."""
    may_review_return(ticket, None, context)
    assert context.order is not None, "the guard asks for the order"
    order = context.order
    assert ticket.line is not None, "the guard asks for the line"
    judged = judge_return(
        reason=ticket.reason,
        category=order.lines[ticket.line].category,
        signed_at=order.signed_at,
        opened=command.opened,
        now=context.now,
        returns=context.book.returns,
        exceptions=context.book.return_exception,
    )
    return (
        ReturnReviewed(
            eligible=judged.eligible,
            clause=judged.clause,
            policy=context.book.version,
            days_since_signing=judged.days_since_signing,
            opened=command.opened,
            if_unopened=judged.if_unopened or None,
        ),
    )


@guards(ApproveClaim)
def may_approve_claim(ticket: Ticket, _target: str | None, context: Context) -> None:
    """The merchant may grant what is claimed, after a refusal too, until the platform decides."""
    require_actor(ticket, context, ActorKind.MERCHANT)
    require_unresolved(ticket)
    require_stage(ticket, Stage.INTAKE, Stage.NEGOTIATION)
    require_accepted(ticket)


def approve_claim(command: ApproveClaim, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Grant what is claimed or better, within the merchant's rules and never below ours (AR-10)."""
    may_approve_claim(ticket, None, context)
    _require_enough(command.terms, ticket, context)
    return (
        *deadlines.moot(ticket, context, "approval"),
        MerchantApproved(terms=command.terms),
        *remedies.ordered((command.terms,), "approval", ticket, context),
    )


@guards(RefuseClaim)
def may_refuse_claim(ticket: Ticket, _target: str | None, context: Context) -> None:
    """The merchant may refuse once a round, before the platform decides."""
    require_actor(ticket, context, ActorKind.MERCHANT)
    require_unresolved(ticket)
    require_stage(ticket, Stage.INTAKE, Stage.NEGOTIATION)
    require_accepted(ticket)
    if ticket.refused:
        raise errors.AlreadyDone


def refuse_claim(command: RefuseClaim, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Refuse with reasons: the two sides negotiate, and only then may the platform be asked."""
    may_refuse_claim(ticket, None, context)
    if command.clause is not None and not context.book.has_clause(command.clause):
        raise errors.UnknownClause
    return (
        MerchantRefused(
            reasons=Personal(command.reasons, subject=f"merchant:{ticket.merchant}"),
            clause=command.clause,
        ),
        *deadlines.merchant_answered(ticket, context),
    )


def _require_enough(terms: Terms, ticket: Ticket, context: Context) -> None:
    """Let terms pass that grant what is claimed or better; less than that is an offer."""
    asked = ticket.remedy
    if asked is not None and terms.kind not in {asked, IN_PLACE_OF.get(asked)}:
        raise errors.LessThanClaimed(remedy=asked)
    if asked is None:
        _require_in_kind(terms, ticket, context)
    if terms.line not in {None, ticket.line}:
        raise errors.LessThanClaimed("The claim is about another line.", line=ticket.line)
    least = _least(terms, ticket, context)
    if least is None or terms.amount is None:
        return
    if terms.amount.currency != least.currency:
        raise errors.CurrencyDiffers
    if terms.amount.amount_minor < least.amount_minor:
        raise errors.LessThanClaimed(least_minor=least.amount_minor, currency=least.currency)


def _require_in_kind(terms: Terms, ticket: Ticket, context: Context) -> None:
    """Let a remedy pass that fits a matter which names none.

    Where money is claimed it is money; a gift on top is enough only where that is usual.
    """
    usual = context.book.usual[ticket.reason]
    if ticket.claim is not None and terms.amount is None:
        raise errors.LessThanClaimed("An amount is claimed.")
    gifts = cap.ON_TOP if ticket.claim is None else {RemedyKind.COUPON}
    if terms.kind in gifts and usual not in cap.ON_TOP:
        raise errors.LessThanClaimed("A gift on top is an offer here.", usual=usual)


def _least(terms: Terms, ticket: Ticket, context: Context) -> Money | None:
    """Return what an approval must come to: the claim, or all that is left of the line's price."""
    if ticket.claim is not None:
        return ticket.claim
    if terms.kind not in cap.PRICE_BACK or context.order is None or ticket.line is None:
        return None
    order = context.order
    return cap.left(order.lines[ticket.line], order.grants, context.book, refund=True)
