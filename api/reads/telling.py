"""Which facts of a ticket a side may know of; what is not named here is staff's alone."""

from typing import Final

from domain import events
from domain.events import Event
from domain.record import Record
from domain.values import Party

TOLD: Final[frozenset[type[Event]]] = frozenset(
    {
        events.AnswerGiven,
        events.AppealFiled,
        events.ArbitratorAssigned,
        events.ArbitratorRecused,
        events.BotAnswered,
        events.ChannelJoined,
        events.ClaimAmended,
        events.CompensationFailed,
        events.CompensationInitiated,
        events.CompensationPaid,
        events.CouponIssued,
        events.DeadlineExtended,
        events.DeadlineGiven,
        events.DeadlineMet,
        events.DeadlineMissed,
        events.DiagnosisCorrected,
        events.EvidenceContested,
        events.EvidenceDisclosed,
        events.EvidenceRequested,
        events.EvidenceSealed,
        events.FactReported,
        events.InterventionRequested,
        events.LegalHoldPlaced,
        events.LegalHoldReleased,
        events.MerchantApproved,
        events.MerchantRefused,
        events.MessageSent,
        events.OfferAccepted,
        events.OfferCountered,
        events.OfferDeclined,
        events.OfferLapsed,
        events.OfferMade,
        events.OfferSuperseded,
        events.OfferWithdrawn,
        events.PersonalDataErased,
        events.PersonalDataRestricted,
        events.PlanGiven,
        events.RefundFailed,
        events.RefundInitiated,
        events.RefundSettled,
        events.RemedyCancelled,
        events.RemedyCompleted,
        events.RemedyOrdered,
        events.RepairBooked,
        events.RepairCompleted,
        events.RepairReceived,
        events.ReplacementDelivered,
        events.ReplacementShipped,
        events.ReshipmentDelivered,
        events.ReshipmentShipped,
        events.ResolutionSigned,
        events.ReturnAuthorised,
        events.ReturnInspected,
        events.ReturnReceived,
        events.ReturnReviewed,
        events.ReturnShipped,
        events.RulingIssued,
        events.RulingOverturned,
        events.RulingUpheld,
        events.RulingVaried,
        events.SatisfactionGiven,
        events.SettlementReached,
        events.SourceBreachReported,
        events.SourceOutcomeReported,
        events.SourceReported,
        events.TicketAccepted,
        events.TicketClosed,
        events.TicketMovedToBook,
        events.TicketOpened,
        events.TicketReopened,
        events.TicketReprioritised,
        events.TicketResolved,
        events.TicketRouted,
        events.TicketTransferred,
        events.TicketsLinked,
        events.WaitBegan,
        events.WaitEnded,
    }
)
"""What both sides may know of: what was said to them, decided on them, and done for them.

How the platform works inside is not among them: diagnosis, priority, what a customer is worth,
queues, clocks and who is called when one breaks. What is promised to a side stands on its ticket.
"""
TOLD_TO_BUYER: Final[frozenset[type[Event]]] = frozenset(
    {
        events.NpsGiven,
        events.PayoutOwed,
        events.SurveyAsked,
        events.SurveyCancelled,
        events.SurveyScheduled,
    }
)
"""What concerns the buyer alone."""


def told_to(record: Record, side: Party | None) -> bool:
    """Return whether a side, or staff (None), may know that a ticket's record is there.

    What a side lays ready or keeps back is its own.
    """
    event = record.event
    if side is None:
        return True
    match event:
        case events.EvidenceStaged() | events.EvidenceReplaced() | events.EvidenceWithdrawn():
            return event.party is side
        case events.EvidenceSupplemented():
            return event.party is side or not event.confidential
        case events.EvidenceGathered():
            return side in event.shown_to
        case _ if type(event) in TOLD_TO_BUYER:
            return side is Party.BUYER
        case _:
            return type(event) in TOLD
