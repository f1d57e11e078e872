"""Which facts of a ticket a side may know of; what is not named here is staff's alone."""

from typing import Final

from domain.events import (
    AnswerGiven,
    AppealFiled,
    ArbitratorAssigned,
    ArbitratorRecused,
    BotAnswered,
    ChannelJoined,
    ClaimAmended,
    CompensationFailed,
    CompensationInitiated,
    CompensationPaid,
    CouponIssued,
    DeadlineExtended,
    DeadlineGiven,
    DeadlineMet,
    DeadlineMissed,
    DiagnosisCorrected,
    Event,
    EvidenceContested,
    EvidenceDisclosed,
    EvidenceGathered,
    EvidenceReplaced,
    EvidenceRequested,
    EvidenceSealed,
    EvidenceStaged,
    EvidenceSupplemented,
    EvidenceWithdrawn,
    FactReported,
    InterventionRequested,
    LegalHoldPlaced,
    LegalHoldReleased,
    MerchantApproved,
    MerchantRefused,
    MessageSent,
    NpsGiven,
    OfferAccepted,
    OfferCountered,
    OfferDeclined,
    OfferLapsed,
    OfferMade,
    OfferSuperseded,
    OfferWithdrawn,
    PayoutOwed,
    PersonalDataErased,
    PersonalDataRestricted,
    PlanGiven,
    RefundFailed,
    RefundInitiated,
    RefundSettled,
    RemedyCancelled,
    RemedyCompleted,
    RemedyOrdered,
    RepairBooked,
    RepairCompleted,
    RepairReceived,
    ReplacementDelivered,
    ReplacementShipped,
    ReshipmentDelivered,
    ReshipmentShipped,
    ResolutionSigned,
    ReturnAuthorised,
    ReturnInspected,
    ReturnReceived,
    ReturnReviewed,
    ReturnShipped,
    RulingIssued,
    RulingOverturned,
    RulingUpheld,
    RulingVaried,
    SatisfactionGiven,
    SettlementReached,
    SourceBreachReported,
    SourceOutcomeReported,
    SourceReported,
    SurveyAsked,
    SurveyCancelled,
    SurveyScheduled,
    TicketAccepted,
    TicketClosed,
    TicketMovedToBook,
    TicketOpened,
    TicketReopened,
    TicketReprioritised,
    TicketResolved,
    TicketRouted,
    TicketsLinked,
    TicketTransferred,
    WaitBegan,
    WaitEnded,
)
from domain.record import Record
from domain.values import Party

TOLD: Final[frozenset[type[Event]]] = frozenset(
    {
        AnswerGiven,
        AppealFiled,
        ArbitratorAssigned,
        ArbitratorRecused,
        BotAnswered,
        ChannelJoined,
        ClaimAmended,
        CompensationFailed,
        CompensationInitiated,
        CompensationPaid,
        CouponIssued,
        DeadlineExtended,
        DeadlineGiven,
        DeadlineMet,
        DeadlineMissed,
        DiagnosisCorrected,
        EvidenceContested,
        EvidenceDisclosed,
        EvidenceRequested,
        EvidenceSealed,
        FactReported,
        InterventionRequested,
        LegalHoldPlaced,
        LegalHoldReleased,
        MerchantApproved,
        MerchantRefused,
        MessageSent,
        OfferAccepted,
        OfferCountered,
        OfferDeclined,
        OfferLapsed,
        OfferMade,
        OfferSuperseded,
        OfferWithdrawn,
        PersonalDataErased,
        PersonalDataRestricted,
        PlanGiven,
        RefundFailed,
        RefundInitiated,
        RefundSettled,
        RemedyCancelled,
        RemedyCompleted,
        RemedyOrdered,
        RepairBooked,
        RepairCompleted,
        RepairReceived,
        ReplacementDelivered,
        ReplacementShipped,
        ReshipmentDelivered,
        ReshipmentShipped,
        ResolutionSigned,
        ReturnAuthorised,
        ReturnInspected,
        ReturnReceived,
        ReturnReviewed,
        ReturnShipped,
        RulingIssued,
        RulingOverturned,
        RulingUpheld,
        RulingVaried,
        SatisfactionGiven,
        SettlementReached,
        SourceBreachReported,
        SourceOutcomeReported,
        SourceReported,
        TicketAccepted,
        TicketClosed,
        TicketMovedToBook,
        TicketOpened,
        TicketReopened,
        TicketReprioritised,
        TicketResolved,
        TicketRouted,
        TicketTransferred,
        TicketsLinked,
        WaitBegan,
        WaitEnded,
    }
)
"""What both sides may know of: what was said to them, decided on them, and done for them.

How the platform works inside is not among them: diagnosis, priority, what a customer is worth,
queues, clocks and who is called when one breaks. What is promised to a side stands on its ticket.
"""
TOLD_TO_BUYER: Final[frozenset[type[Event]]] = frozenset(
    {NpsGiven, PayoutOwed, SurveyAsked, SurveyCancelled, SurveyScheduled}
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
        case EvidenceStaged() | EvidenceReplaced() | EvidenceWithdrawn():
            return event.party is side
        case EvidenceSupplemented():
            return event.party is side or not event.confidential
        case EvidenceGathered():
            return side in event.shown_to
        case _ if type(event) in TOLD_TO_BUYER:
            return side is Party.BUYER
        case _:
            return type(event) in TOLD
