"""Judges of evidence on record: shown to a side that has not seen it, and disputed."""

from domain import errors
from domain.commands import ContestEvidence, DiscloseEvidence
from domain.events import Event, EvidenceContested, EvidenceDisclosed
from domain.ticket import deadlines
from domain.ticket.context import Context
from domain.ticket.evidence import author, require_before_decision, require_side
from domain.ticket.files import SIDES
from domain.ticket.guards import guards, require_actor
from domain.ticket.state import Evidence, EvidenceState, Ticket
from domain.values import ActorKind, Personal, Stage


@guards(DiscloseEvidence)
def may_disclose_evidence(ticket: Ticket, target: str | None, context: Context) -> None:
    """Something is left to show while a side of the matter has not seen it."""
    if _disclosable(ticket, target, context).shown_to.issuperset(SIDES):
        raise errors.AlreadyDone("Both sides were shown it.")


def disclose_evidence(
    command: DiscloseEvidence, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Show an item to a side that has not seen it."""
    if command.to in _disclosable(ticket, command.item, context).shown_to:
        return ()
    may_disclose_evidence(ticket, command.item, context)
    if command.to not in SIDES:
        raise errors.Unreasonable("Evidence is shown to buyer or merchant.")
    return (EvidenceDisclosed(item=command.item, to=command.to),)


@guards(ContestEvidence)
def may_contest_evidence(ticket: Ticket, target: str | None, context: Context) -> None:
    """A side disputes what it was shown and is not its own."""
    require_side(ticket, context)
    if _on_record(ticket, target, context).party is context.actor.party:
        raise errors.NotYourRole("A side does not dispute its own evidence.")


def contest_evidence(
    command: ContestEvidence, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Dispute an item of the other side, or of the platform."""
    may_contest_evidence(ticket, command.item, context)
    return (
        EvidenceContested(
            item=command.item,
            by=context.actor.party,
            why=Personal(command.why, subject=author(context)),
        ),
        *deadlines.buyer_came_back(ticket, context),
    )


def _disclosable(ticket: Ticket, target: str | None, context: Context) -> Evidence:
    """Return an item the actor may show: its owner his own, staff what nobody keeps confidential.

    That is for who decides the running instance alone.
    """
    actors = (ActorKind.AGENT, ActorKind.ARBITRATOR, ActorKind.BUYER, ActorKind.MERCHANT)
    require_actor(ticket, context, *actors)
    require_before_decision(ticket, Stage.INTAKE, Stage.NEGOTIATION, Stage.INTERVENTION)
    item = _on_record(ticket, target, context)
    if context.actor.party in SIDES and item.party is not context.actor.party:
        raise errors.NotYourRole("A side shows only what is its own.")
    if item.party is context.actor.party or not item.confidential:
        return item
    if context.actor.kind is not ActorKind.ARBITRATOR:
        raise errors.NotYourRole("Its owner, or who decides, shows what is confidential.")
    if ticket.arbitrator != context.actor.ref:
        raise errors.AssignedToAnother("Only who is to decide shows what is confidential.")
    return item


def _on_record(ticket: Ticket, target: str | None, context: Context) -> Evidence:
    """Return an item on record; what a side was not shown does not exist for it."""
    item = ticket.evidence.get(target or "")
    if item is None or item.state is not EvidenceState.ON_RECORD:
        raise errors.UnknownEvidence
    if context.actor.party in SIDES and context.actor.party not in item.shown_to:
        raise errors.UnknownEvidence
    return item
