"""Negotiation: offers between buyer and merchant, settlement, and the call for the platform."""

from collections.abc import Sequence
from typing import Final

from domain import errors
from domain.commands import (
    AcceptOffer,
    CounterOffer,
    DeclineOffer,
    MakeOffer,
    RequestIntervention,
    WithdrawOffer,
)
from domain.events import (
    DeadlineMissed,
    Event,
    EvidenceRequested,
    InterventionRequested,
    OfferAccepted,
    OfferCountered,
    OfferDeclined,
    OfferMade,
    OfferWithdrawn,
    SettlementReached,
)
from domain.ticket import deadlines, remedies
from domain.ticket.context import Context
from domain.ticket.guards import (
    guards,
    require_accepted,
    require_actor,
    require_stage,
    require_unresolved,
)
from domain.ticket.service import authored
from domain.ticket.state import Offer, OfferState, Ticket
from domain.values import (
    ActorKind,
    Awaiting,
    EvidenceKind,
    Instant,
    Party,
    Personal,
    Stage,
    Terms,
)

SIDES: Final = (ActorKind.BUYER, ActorKind.MERCHANT)
"""Who negotiates."""

ASKED_OF: Final = {
    Party.BUYER: (
        EvidenceKind.PHOTO,
        EvidenceKind.VIDEO,
        EvidenceKind.CHAT_RECORD,
        EvidenceKind.STATEMENT,
    ),
    Party.MERCHANT: (
        EvidenceKind.LOGISTICS_PROOF,
        EvidenceKind.INSPECTION_REPORT,
        EvidenceKind.CHAT_RECORD,
        EvidenceKind.STATEMENT,
    ),
}
"""The kinds of evidence each side is asked for when the platform steps in (AR-03)."""

_TURN: Final = {Party.BUYER: Awaiting.BUYER, Party.MERCHANT: Awaiting.MERCHANT}
_OTHER: Final = {Party.BUYER: Party.MERCHANT, Party.MERCHANT: Party.BUYER}


@guards(MakeOffer)
def may_make_offer(ticket: Ticket, _target: str | None, context: Context) -> None:
    """Each side has one open offer at a time, and a ticket as many as the book allows."""
    _require_negotiable(ticket, context)
    _require_room(ticket, context)


def make_offer(command: MakeOffer, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Propose remedies that would end the matter; the other side has the book's time to answer."""
    may_make_offer(ticket, None, context)
    _require_terms(command.terms, ticket, context)
    by, offer = context.actor.party, _next_offer(ticket)
    deadline = deadlines.given(context, "offer", of=offer, awaits=_TURN[_OTHER[by]])
    return (
        OfferMade(
            offer=offer,
            by=by,
            terms=command.terms,
            due_at=deadline.due_at,
            policy=context.book.version,
            text=_text(command.text, context),
        ),
        deadline,
        *_negotiating(ticket, by, context),
    )


@guards(CounterOffer)
def may_counter_offer(ticket: Ticket, target: str | None, context: Context) -> None:
    """The side an open offer was made to may answer it with one of its own."""
    _require_negotiable(ticket, context)
    _require_answerable(ticket, target, context)
    _require_room(ticket, context)


def counter_offer(command: CounterOffer, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Answer an offer with another one, which takes its place."""
    may_counter_offer(ticket, command.offer, context)
    _require_terms(command.terms, ticket, context)
    by, offer = context.actor.party, _next_offer(ticket)
    deadline = deadlines.given(context, "offer", of=offer, awaits=_TURN[_OTHER[by]])
    return (
        *deadlines.met(ticket, f"offer:{command.offer}"),
        OfferCountered(
            offer=offer,
            counters=command.offer,
            by=by,
            terms=command.terms,
            due_at=deadline.due_at,
            policy=context.book.version,
            text=_text(command.text, context),
        ),
        deadline,
        *_negotiating(ticket, by, context),
    )


@guards(AcceptOffer)
def may_accept_offer(ticket: Ticket, target: str | None, context: Context) -> None:
    """The side an open offer was made to may agree to it."""
    _require_negotiable(ticket, context)
    _require_answerable(ticket, target, context)


def accept_offer(command: AcceptOffer, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Agree: the negotiation is over, and what was offered is owed."""
    offer = ticket.offers.get(command.offer)
    require_actor(ticket, context, *SIDES)
    if offer is not None and offer.state is OfferState.ACCEPTED and offer.by != context.actor.party:
        return ()
    may_accept_offer(ticket, command.offer, context)
    terms = ticket.offers[command.offer].terms
    others = deadlines.offers_over(ticket, context, "settlement", but=command.offer)
    asked = [name for name in ticket.deadlines if not name.startswith(("remedy:", "offer:"))]
    return (
        *deadlines.met(ticket, f"offer:{command.offer}", *asked),
        OfferAccepted(offer=command.offer, by=context.actor.party),
        *others,
        SettlementReached(offer=command.offer, terms=terms),
        *remedies.ordered(terms, "settlement", ticket, context),
    )


@guards(DeclineOffer)
def may_decline_offer(ticket: Ticket, target: str | None, context: Context) -> None:
    """The side an open offer was made to may say no."""
    _require_negotiable(ticket, context)
    _require_answerable(ticket, target, context)


def decline_offer(command: DeclineOffer, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Say no; with no offer open any more the negotiation has failed."""
    may_decline_offer(ticket, command.offer, context)
    return (
        *deadlines.met(ticket, f"offer:{command.offer}"),
        OfferDeclined(
            offer=command.offer,
            by=context.actor.party,
            reason=_text(command.reason, context),
        ),
    )


@guards(WithdrawOffer)
def may_withdraw_offer(ticket: Ticket, target: str | None, context: Context) -> None:
    """The side that made an open offer may take it back."""
    _require_negotiable(ticket, context)
    offer = _known(ticket, target)
    if offer.by != context.actor.party:
        raise errors.NotYourRole("An offer is withdrawn by the side that made it.")
    _require_still_open(ticket, target, offer, context)


def withdraw_offer(command: WithdrawOffer, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Take one's own offer back."""
    may_withdraw_offer(ticket, command.offer, context)
    return (
        *deadlines.met(ticket, f"offer:{command.offer}"),
        OfferWithdrawn(offer=command.offer, by=context.actor.party),
    )


@guards(RequestIntervention)
def may_request_intervention(ticket: Ticket, _target: str | None, context: Context) -> None:
    """A side may call the platform once negotiation failed or its time passed; not before."""
    require_actor(ticket, context, *SIDES)
    require_unresolved(ticket)
    require_stage(ticket, Stage.INTAKE, Stage.NEGOTIATION)
    require_accepted(ticket)
    if ticket.merchant is None:
        raise errors.WrongState("There is no merchant to negotiate with.")
    if ticket.ruling is not None:
        raise errors.AlreadyDone("The matter is ruled on; a ruling is appealed.")
    if _ground(ticket, context) is None:
        running = ticket.deadlines.get("negotiation") or ticket.deadlines.get("merchant_review")
        raise errors.NegotiationFirst(
            **({} if running is None else {"negotiable_until": running.due_at})
        )


def request_intervention(
    command: RequestIntervention, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Call the platform: the promise of a ruling starts, and both sides are asked for evidence."""
    may_request_intervention(ticket, None, context)
    ground = _ground(ticket, context)
    assert ground is not None, "the guard asks for a ground"
    missed = () if ticket.negotiation_failed is not None else _overdue(ticket, context)
    gone = {fact.deadline for fact in missed if fact.deadline == "negotiation"}
    asked = [name for name in ticket.deadlines if not name.startswith(("remedy:", "offer:"))]
    ruling = deadlines.given(context, "ruling")
    return (
        *missed,
        *deadlines.offers_over(ticket, context, "intervention"),
        *deadlines.met(ticket, *(name for name in asked if name not in gone)),
        InterventionRequested(
            by=context.actor.party,
            ground=ground,
            due_at=ruling.due_at,
            policy=context.book.version,
        ),
        ruling,
        deadlines.given(context, "assignment", within=ruling.due_at),
        *_evidence_asked(Party.BUYER, ruling.due_at, context),
        *_evidence_asked(Party.MERCHANT, ruling.due_at, context),
    )


def _require_negotiable(ticket: Ticket, context: Context) -> None:
    """Let buyer and merchant pass while the matter is theirs to settle."""
    require_actor(ticket, context, *SIDES)
    require_unresolved(ticket)
    require_stage(ticket, Stage.INTAKE, Stage.NEGOTIATION)
    require_accepted(ticket)
    if ticket.merchant is None:
        raise errors.WrongState("There is no merchant to negotiate with.")


def _require_room(ticket: Ticket, context: Context) -> None:
    """Let one more offer of this side pass."""
    open_ones = [one for one in ticket.offers.values() if one.state is OfferState.OPEN]
    if any(one.by == context.actor.party for one in open_ones):
        raise errors.AlreadyDone("Your side's offer is still open.")
    if len(ticket.offers) >= context.book.limit.offers:
        raise errors.LimitReached


def _require_answerable(ticket: Ticket, offer: str | None, context: Context) -> None:
    """Let the other side answer an offer while it is open."""
    known = _known(ticket, offer)
    if known.by == context.actor.party:
        raise errors.NotYourRole("An offer is answered by the other side.")
    _require_still_open(ticket, offer, known, context)


def _require_still_open(ticket: Ticket, name: str | None, offer: Offer, context: Context) -> None:
    """Let nobody act on an offer that is over, though the clock has not said so yet."""
    if offer.state is not OfferState.OPEN:
        raise errors.OfferNotOpen(state=offer.state)
    if deadlines.passed(ticket, f"offer:{name}", context):
        raise errors.OfferNotOpen(state=OfferState.LAPSED)


def _require_terms(terms: Sequence[Terms], ticket: Ticket, context: Context) -> None:
    """Let only terms pass that could be owed now: an offer nobody could keep misleads."""
    if not terms:
        raise errors.Unreasonable("An offer holds at least one remedy.")
    remedies.ordered(terms, "settlement", ticket, context)


def _known(ticket: Ticket, offer: str | None) -> Offer:
    known = ticket.offers.get(offer or "")
    if known is None:
        raise errors.UnknownOffer
    return known


def _next_offer(ticket: Ticket) -> str:
    return f"O{len(ticket.offers) + 1}"


def _text(text: str | None, context: Context) -> Personal | None:
    return None if text is None else authored(text, context.actor)


def _negotiating(ticket: Ticket, by: Party, context: Context) -> tuple[Event, ...]:
    """Return that time for negotiation runs, and that a merchant who offers has reviewed."""
    if by is Party.MERCHANT:
        return deadlines.merchant_answered(ticket, context)
    replied = deadlines.met(ticket, deadlines.REPLY)
    if "negotiation" in ticket.deadlines or ticket.negotiation_failed is not None:
        return replied
    return (*replied, deadlines.given(context, "negotiation"))


def _ground(ticket: Ticket, context: Context) -> str | None:
    """Return why negotiation is over, or None while it is not.

    What the clock will say in a moment counts: the instant is the deadline, not who noticed it.
    """
    if ticket.negotiation_failed is not None:
        return ticket.negotiation_failed
    if _overdue(ticket, context):
        return "deadline_passed"
    still_open = deadlines.open_offers(ticket)
    over = all(deadlines.passed(ticket, f"offer:{offer}", context) for offer in still_open)
    return "offer_lapsed" if still_open and over else None


def _overdue(ticket: Ticket, context: Context) -> tuple[DeadlineMissed, ...]:
    """Return the deadlines whose passing ends the negotiation and that nobody said passed yet."""
    return tuple(
        DeadlineMissed(deadline=name, due_at=ticket.deadlines[name].due_at)
        for name in ("negotiation", "merchant_review")
        if deadlines.passed(ticket, name, context)
    )


def _evidence_asked(party: Party, within: Instant, context: Context) -> tuple[Event, ...]:
    """Return that a side is asked for evidence, by a deadline inside the ruling's."""
    deadline = deadlines.given(context, "evidence", of=party, awaits=_TURN[party], within=within)
    asked = EvidenceRequested(
        party=party,
        kinds=ASKED_OF[party],
        due_at=deadline.due_at,
        policy=context.book.version,
    )
    return (asked, deadline)
