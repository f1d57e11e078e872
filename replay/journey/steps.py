"""The steps of a journey: which facts are one, what kind each is, and what of it is told."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from domain import events as told
from domain.events import Event
from domain.record import Record
from domain.values import Instant
from replay.explain.telling import EventRef, ref, text_of
from replay.happened import happened_at
from replay.journey.audience import Audience


class Kind(StrEnum):
    """What a step of a journey is."""

    BROWSING = "browsing"
    ORDER = "order"
    DELIVERY = "delivery"
    OPENING = "opening"
    CONTACT = "contact"
    DECISION = "decision"
    EVIDENCE = "evidence"
    OFFER = "offer"
    RULING = "ruling"
    REMEDY = "remedy"
    WORK = "work"
    """Who in the house took it, passed it on, or was asked."""
    PROMISE = "promise"
    """What was promised and not kept, and what it led to."""
    SURVEY = "survey"
    RATING = "rating"
    SOURCE = "source"
    """What another system reported of its own ticket."""


class Passed(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of a journey."""

    at: Instant
    """When it happened."""
    kind: Kind
    what: str
    """The fact, by its name in the ledger without its version."""
    by: str
    """Who said so; parties are told the role alone."""
    event: EventRef
    told: Mapping[str, str] = {}
    """What of the fact tells the step; never anything of a person."""


_KINDS: Final[Mapping[Kind, tuple[type[Event], ...]]] = {
    Kind.BROWSING: (told.PageBrowsed,),
    Kind.ORDER: (told.OrderPlaced, told.PaymentSettled, told.LiveSessionEnded),
    Kind.DELIVERY: (told.OrderShipped, told.OrderSigned),
    Kind.OPENING: (
        *(told.TicketOpened, told.ChannelJoined, told.TicketReopened, told.TicketsLinked),
        told.TicketAccepted,
    ),
    Kind.CONTACT: (
        *(told.MessageSent, told.AnswerGiven, told.BotAnswered, told.PlanGiven),
        *(told.ClaimAmended, told.ContactFruitless, told.FactReported),
        *(told.WaitBegan, told.WaitEnded),
    ),
    Kind.DECISION: (
        *(told.MerchantApproved, told.MerchantRefused, told.ReturnReviewed),
        *(told.DiagnosisMade, told.DiagnosisCorrected, told.ReadingCorrected),
        told.ResolutionWritten,
        *(told.ResolutionSigned, told.TicketResolved, told.TicketClosed),
    ),
    Kind.EVIDENCE: (
        *(told.EvidenceGathered, told.EvidenceRequested, told.EvidenceStaged),
        *(told.EvidenceReplaced, told.EvidenceWithdrawn, told.EvidenceSealed),
        *(told.EvidenceSupplemented, told.EvidenceDisclosed, told.EvidenceContested),
        told.CertificatePosted,
    ),
    Kind.OFFER: (
        *(told.OfferMade, told.OfferCountered, told.OfferAccepted, told.OfferDeclined),
        *(told.OfferWithdrawn, told.OfferLapsed, told.OfferSuperseded, told.SettlementReached),
    ),
    Kind.RULING: (
        *(told.InterventionRequested, told.ArbitratorAssigned, told.ArbitratorRecused),
        *(told.RulingIssued, told.AppealFiled, told.RulingUpheld),
        *(told.RulingVaried, told.RulingOverturned),
    ),
    Kind.REMEDY: (
        *(told.RemedyOrdered, told.RemedyCompleted, told.RemedyCancelled),
        *(told.RefundInitiated, told.RefundSettled, told.RefundFailed),
        *(told.ReturnAuthorised, told.ReturnShipped, told.ReturnReceived, told.ReturnInspected),
        *(told.ReplacementShipped, told.ReplacementDelivered),
        *(told.RepairBooked, told.RepairReceived, told.RepairCompleted),
        *(told.ReshipmentShipped, told.ReshipmentDelivered, told.CouponIssued),
        *(told.CompensationInitiated, told.CompensationFailed, told.CompensationPaid),
    ),
    Kind.WORK: (
        *(told.TicketQueued, told.TicketAssigned, told.AssignmentReleased),
        *(told.AssignmentLapsed, told.AssignmentReturned, told.TicketRouted),
        *(told.TicketTransferred, told.DepartmentAsked, told.DepartmentPlanned),
    ),
    Kind.PROMISE: (
        *(told.DeadlineMissed, told.ClockBreached, told.TicketEscalated),
        *(told.PayoutOwed, told.TicketMovedToBook),
    ),
    Kind.SURVEY: (told.SurveyAsked,),
    Kind.RATING: (told.NpsGiven, told.SatisfactionGiven, told.JourneyLaidOut),
    Kind.SOURCE: (*(told.SourceReported, told.SourceOutcomeReported, told.SourceBreachReported),),
}
KIND_OF: Final[Mapping[type[Event], Kind]] = {
    event: kind for kind, those in _KINDS.items() for event in those
}
"""Every fact that is a step; what only counts time or weighs is none."""
_TOLD: Final = (
    *("page", "ship_by", "deliver_by", "carrier", "channel", "kind", "scenario", "reason"),
    *("stage", "state", "outcome", "in_favour_of", "offer", "item", "ruling", "remedy"),
    *("terms", "awards", "source", "amount", "to", "queue", "agent", "department", "rung"),
    *("deadline", "clock", "row", "result", "speed", "attitude", "score", "rating", "fact"),
    *("resolves", "effective", "round", "threshold", "on", "count", "promise"),
)
"""The fields of facts that tell a step: codes, ids and figures."""


def steps(records: Iterable[Record], audience: Audience) -> tuple[Passed, ...]:
    """Return the steps that an audience may know of, in the order in which they happened."""
    found = [
        _step(record, KIND_OF[type(record.event)], audience)
        for record in records
        if type(record.event) in KIND_OF and audience.knows(record)
    ]
    return tuple(sorted(found, key=lambda one: (one.at, one.event.at)))


def _step(record: Record, kind: Kind, audience: Audience) -> Passed:
    actor = record.actor
    return Passed(
        at=happened_at(record),
        kind=kind,
        what=record.envelope.topic.rpartition(".")[0],
        by=f"{actor.kind}:{actor.ref}" if audience.inside else actor.kind.value,
        event=ref(record),
        told=_facts(record.event) if audience.inside else {},
    )


def _facts(event: Event) -> dict[str, str]:
    personal = told.personal_fields(type(event))
    found: dict[str, Any] = {
        name: getattr(event, name)
        for name in event.__struct_fields__
        if name in _TOLD and name not in personal
    }
    return {name: text_of(value) for name, value in found.items() if value is not None}
