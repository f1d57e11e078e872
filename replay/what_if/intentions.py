"""Which command a deed of somebody was, so that the very judges can be asked about it again.

Words are not needed for that and stand empty. What is not here is kept as it is on record.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from domain import commands as asked
from domain import events as told
from domain.commands import PersonalFile
from domain.events import Event
from domain.ticket.decide import KnownTicketCommand
from domain.ticket.files import Descriptor
from domain.values import ActorKind
from replay.what_if.deeds import Deed, moved, said

UNSAID: Final = ""
"""In the place of words that nobody needs to judge the deed again."""
Making = Callable[[str, Any, Sequence[Event]], KnownTicketCommand | None]
"""(ticket, the fact that tells what was asked, all facts of the deed) → the command."""


def intention(deed: Deed) -> KnownTicketCommand | None:
    """Return what was asked by a deed about a ticket; None where it is not made out again."""
    facts, ticket = said(deed.facts), deed.ticket
    if ticket is None or not facts:
        return None
    for event_class, making in _TOLD_BY.items():
        for fact in facts:
            if isinstance(fact, event_class):
                if isinstance(fact, told.TicketClosed) and deed.actor.kind is ActorKind.SYSTEM:
                    return None
                return making(ticket, fact, facts)
    return None


def _reopened(
    ticket: str, fact: told.TicketReopened, _facts: Sequence[Event]
) -> KnownTicketCommand | None:
    return asked.ReopenTicket(ticket=ticket, reason=None if fact.reason is None else UNSAID)


def _ruling(
    ticket: str, fact: told.RulingIssued, _facts: Sequence[Event]
) -> KnownTicketCommand | None:
    return asked.IssueRuling(
        ticket=ticket,
        in_favour_of=fact.in_favour_of,
        shares=fact.shares,
        awards=fact.awards,
        reasons=UNSAID,
        clauses=fact.clauses,
        relied_on=fact.relied_on,
    )


def _upheld(
    ticket: str, fact: told.RulingUpheld, _facts: Sequence[Event]
) -> KnownTicketCommand | None:
    return asked.DecideAppeal(
        ticket=ticket,
        outcome="upheld",
        reasons=UNSAID,
        clauses=fact.clauses,
        relied_on=fact.relied_on,
    )


def _ruled_anew(outcome: str) -> Making:
    def making(
        ticket: str, fact: told.RulingVaried | told.RulingOverturned, _facts: Sequence[Event]
    ) -> KnownTicketCommand | None:
        return asked.DecideAppeal(
            ticket=ticket,
            outcome=outcome,
            reasons=UNSAID,
            clauses=fact.clauses,
            relied_on=fact.relied_on,
            in_favour_of=fact.in_favour_of,
            shares=fact.shares,
            awards=fact.awards,
        )

    return making


def _granted(
    ticket: str, fact: told.RemedyOrdered, _facts: Sequence[Event]
) -> KnownTicketCommand | None:
    if fact.source != "goodwill":
        return None
    return asked.GrantRemedy(ticket=ticket, terms=fact.terms)


def _written(
    ticket: str, fact: told.ResolutionWritten, _facts: Sequence[Event]
) -> KnownTicketCommand | None:
    return asked.WriteResolution(
        ticket=ticket, text=UNSAID, improvement=UNSAID, compensation=fact.compensation
    )


def _staged(
    ticket: str,
    fact: told.EvidenceStaged | told.EvidenceSupplemented,
    _facts: Sequence[Event],
) -> KnownTicketCommand | None:
    return asked.StageEvidence(
        ticket=ticket,
        kind=fact.kind,
        attachment=fact.attachment,
        obtained=fact.obtained,
        confidential=fact.confidential,
        personal=_file(fact),
    )


def _replaced(
    ticket: str, fact: told.EvidenceReplaced, _facts: Sequence[Event]
) -> KnownTicketCommand | None:
    return asked.ReplaceEvidence(
        ticket=ticket,
        item=fact.replaces,
        kind=fact.kind,
        attachment=fact.attachment,
        obtained=fact.obtained,
        confidential=fact.confidential,
        personal=_file(fact),
    )


def _file(
    fact: told.EvidenceStaged | told.EvidenceSupplemented | told.EvidenceReplaced,
) -> PersonalFile | None:
    """Return a personal file of the same size; what is in it nobody needs to know."""
    if fact.descriptor is None:
        return None
    known = fact.attachment
    return PersonalFile(Descriptor(known.sha256, known.size, known.media_type).text, UNSAID)


def _departments(
    ticket: str, _fact: told.DepartmentAsked, facts: Sequence[Event]
) -> KnownTicketCommand | None:
    names = tuple(one.department for one in facts if isinstance(one, told.DepartmentAsked))
    return asked.AskDepartments(ticket=ticket, departments=names, question=UNSAID)


def _queued(
    ticket: str, fact: told.TicketQueued, _facts: Sequence[Event]
) -> KnownTicketCommand | None:
    assert moved(fact), "what the book did was left out before"
    return asked.QueueTicket(
        ticket=ticket, queue=fact.queue, why=fact.why[0].removeprefix("moved:")
    )


def _corrected(
    ticket: str, fact: told.DiagnosisCorrected, facts: Sequence[Event]
) -> KnownTicketCommand | None:
    read = next((one for one in facts if isinstance(one, told.ReadingCorrected)), None)
    return asked.CorrectDiagnosis(
        ticket=ticket,
        scenario=fact.scenario,
        responsible=fact.responsible,
        kind=fact.kind,
        tags=None if read is None else read.tags,
        urgency=None if read is None else read.urgency,
        sentiment=None if read is None else read.sentiment,
        upset=None if read is None else read.upset,
    )


def _of(command: Any, *fields: str, **fixed: Any) -> Making:
    """Return the making of a command whose fields the fact has under the same names."""

    def making(ticket: str, fact: Any, _facts: Sequence[Event]) -> KnownTicketCommand | None:
        known = {name: getattr(fact, name) for name in fields}
        made: KnownTicketCommand = command(ticket=ticket, **known, **fixed)
        return made

    return making


def _step(command: Any, *fields: str) -> Making:
    return _of(command, "remedy", *fields)


_TOLD_BY: Final[Mapping[type[Event], Making]] = {
    told.TicketReopened: _reopened,
    told.RulingIssued: _ruling,
    told.RulingUpheld: _upheld,
    told.RulingVaried: _ruled_anew("varied"),
    told.RulingOverturned: _ruled_anew("overturned"),
    told.AppealFiled: _of(asked.FileAppeal, grounds=UNSAID),
    told.InterventionRequested: _of(asked.RequestIntervention),
    told.OfferAccepted: _of(asked.AcceptOffer, "offer"),
    told.OfferCountered: lambda ticket, fact, _facts: asked.CounterOffer(
        ticket=ticket, offer=fact.counters, terms=fact.terms
    ),
    told.OfferMade: _of(asked.MakeOffer, "terms"),
    told.OfferDeclined: _of(asked.DeclineOffer, "offer"),
    told.OfferWithdrawn: _of(asked.WithdrawOffer, "offer"),
    told.MerchantApproved: _of(asked.ApproveClaim, "terms"),
    told.MerchantRefused: _of(asked.RefuseClaim, "clause", reasons=UNSAID),
    told.ResolutionSigned: _of(asked.SignResolution),
    told.ResolutionWritten: _written,
    told.AnswerGiven: _of(asked.GiveAnswer, "resolves", text=UNSAID),
    told.MessageSent: _of(asked.SendMessage, text=UNSAID),
    told.BotAnswered: _of(asked.AnswerAutomatically, "effective", text=UNSAID),
    told.PlanGiven: _of(asked.GivePlan, "level", text=UNSAID),
    told.WaitBegan: _of(asked.BeginWait, "on", "why"),
    told.WaitEnded: _of(asked.EndWait),
    told.FactReported: _of(asked.ReportFact, "fact", "occurred_at", "reference"),
    told.TicketAccepted: _of(asked.AcceptTicket),
    told.ClaimAmended: _of(asked.AmendClaim, "remedy", "claim"),
    told.DiagnosisCorrected: _corrected,
    told.ReturnReviewed: _of(asked.ReviewReturn, "opened"),
    told.EvidenceStaged: _staged,
    told.EvidenceSupplemented: _staged,
    told.EvidenceReplaced: _replaced,
    told.EvidenceWithdrawn: _of(asked.WithdrawEvidence, "item"),
    told.EvidenceSealed: _of(asked.SealEvidence),
    told.EvidenceRequested: _of(asked.RequestEvidence, "party", "kinds"),
    told.ArbitratorAssigned: _of(asked.AssignArbitrator, "arbitrator"),
    told.ArbitratorRecused: _of(asked.RecuseArbitrator, "reason"),
    told.RefundSettled: _step(asked.SettleRefund, "reference"),
    told.RefundFailed: _step(asked.FailRefund, "reason"),
    told.ReturnAuthorised: _step(asked.AuthoriseReturn, "path", "label"),
    told.ReturnShipped: _step(asked.ShipReturn, "carrier", "tracking"),
    told.ReturnReceived: _step(asked.ReceiveReturn),
    told.ReturnInspected: _step(asked.InspectReturn, "passed", "finding"),
    told.ReplacementShipped: _step(asked.ShipReplacement, "carrier", "tracking"),
    told.ReplacementDelivered: _step(asked.DeliverReplacement),
    told.RepairBooked: _step(asked.BookRepair, "repair_order", "provider"),
    told.RepairReceived: _step(asked.ReceiveRepair),
    told.RepairCompleted: _step(asked.CompleteRepair, "finding"),
    told.ReshipmentShipped: _step(asked.ShipReshipment, "carrier", "tracking"),
    told.ReshipmentDelivered: _step(asked.DeliverReshipment),
    told.CouponIssued: _step(asked.IssueCoupon, "coupon"),
    told.CompensationPaid: _step(asked.PayCompensation, "reference"),
    told.CompensationFailed: _step(asked.FailCompensation, "reason"),
    told.RemedyCancelled: _step(asked.CancelRemedy, "why"),
    told.RemedyOrdered: _granted,
    told.RefundInitiated: _step(asked.InitiateRefund),
    told.CompensationInitiated: _step(asked.InitiateCompensation),
    told.TicketClosed: _of(asked.CloseTicket),
    told.DepartmentAsked: _departments,
    told.TicketMovedToBook: _of(asked.MoveToBook, "policy", "why"),
    told.TicketQueued: _queued,
    told.SatisfactionGiven: _of(asked.GiveSatisfaction, "result", "speed", "attitude"),
    told.NpsGiven: _of(asked.GiveNps, "score"),
}
"""By the fact that tells what was asked; where a deed has several of them, the first here tells."""
