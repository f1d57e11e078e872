"""How things change by events: the attributes of objects, which `things` names."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from domain.events import (
    AgentMoved,
    AgentRated,
    AgentRegistered,
    AgentRetrained,
    AgentShiftEnded,
    AgentShiftStarted,
    AppealFiled,
    AssignmentLapsed,
    AssignmentReleased,
    AssignmentReturned,
    ClaimAmended,
    CustomerNoted,
    CustomerValued,
    DiagnosisCorrected,
    DiagnosisMade,
    Event,
    EvidenceGathered,
    EvidenceReplaced,
    EvidenceSealed,
    EvidenceStaged,
    EvidenceSupplemented,
    EvidenceWithdrawn,
    NpsGiven,
    OfferAccepted,
    OfferCountered,
    OfferDeclined,
    OfferLapsed,
    OfferMade,
    OfferSuperseded,
    OfferWithdrawn,
    OrderPlaced,
    OrderShipped,
    OrderSigned,
    QueueEased,
    QueueOverflowed,
    ReadingCorrected,
    RemedyCancelled,
    RemedyCompleted,
    RemedyOrdered,
    RulingIssued,
    RulingOverturned,
    RulingUpheld,
    RulingVaried,
    SourceReported,
    TicketAssigned,
    TicketClosed,
    TicketOpened,
    TicketPrioritised,
    TicketQueued,
    TicketReopened,
    TicketReprioritised,
    TicketResolved,
    TicketRouted,
    TicketTransferred,
)
from domain.record import Record
from domain.values import Money, Stage, Terms
from projections.stages import STAGE_AFTER, stage_after
from replay.exports.columns import Kind, Value, packed
from replay.exports.things import Thing, subject_of, thing, ticket_of

Values: TypeAlias = dict[str, Value]

NOBODY: Final = ""
"""Stands where an attribute has ended: OCEL has no word for nothing."""

ATTRIBUTES: Final[Mapping[str, Mapping[str, Kind]]] = {
    "ticket": {
        "stage": Kind.STRING,
        "state": Kind.STRING,
        "awaiting": Kind.STRING,
        "channel": Kind.STRING,
        "kind": Kind.STRING,
        "scenario": Kind.STRING,
        "reason": Kind.STRING,
        "responsible": Kind.STRING,
        "urgency": Kind.STRING,
        "sentiment": Kind.STRING,
        "priority": Kind.INTEGER,
        "tier": Kind.STRING,
        "remedy": Kind.STRING,
        "claim_minor": Kind.INTEGER,
        "claim_currency": Kind.STRING,
        "routed": Kind.STRING,
        "agent": Kind.STRING,
        "transfers": Kind.INTEGER,
        "round": Kind.INTEGER,
        "outcome": Kind.STRING,
        "nps": Kind.INTEGER,
    },
    "order": {
        "state": Kind.STRING,
        "placed_at": Kind.TIME,
        "live_session": Kind.STRING,
    },
    "evidence_item": {
        "state": Kind.STRING,
        "kind": Kind.STRING,
        "party": Kind.STRING,
        "sha256": Kind.STRING,
        "size": Kind.INTEGER,
        "media_type": Kind.STRING,
        "obtained": Kind.STRING,
    },
    "offer": {
        "state": Kind.STRING,
        "by": Kind.STRING,
        "due_at": Kind.TIME,
        "terms": Kind.STRING,
    },
    "ruling": {
        "state": Kind.STRING,
        "in_favour_of": Kind.STRING,
        "shares": Kind.STRING,
        "awards": Kind.STRING,
        "policy": Kind.STRING,
    },
    "appeal": {"state": Kind.STRING, "by": Kind.STRING},
    "remedy": {
        "state": Kind.STRING,
        "kind": Kind.STRING,
        "amount_minor": Kind.INTEGER,
        "amount_currency": Kind.STRING,
        "source": Kind.STRING,
    },
    "buyer": {"tier": Kind.STRING},
    "agent": {
        "desk": Kind.STRING,
        "skills": Kind.STRING,
        "good_bp": Kind.INTEGER,
        "on_shift": Kind.BOOLEAN,
    },
    "queue": {"overflows_to": Kind.STRING},
}
"""Type of thing → its attributes; a type that is not here has none."""

_OWN: Final[Mapping[type[Event], Mapping[str, str]]] = {
    TicketOpened: {
        name: name for name in ("channel", "kind", "scenario", "reason", "priority", "remedy")
    },
    ClaimAmended: {"remedy": "remedy"},
    DiagnosisMade: {"urgency": "urgency", "sentiment": "sentiment"},
    DiagnosisCorrected: {name: name for name in ("scenario", "responsible", "kind", "priority")},
    ReadingCorrected: {"urgency": "urgency", "sentiment": "sentiment"},
    CustomerNoted: {"tier": "tier"},
    TicketPrioritised: {"priority": "priority"},
    TicketReprioritised: {"priority": "priority"},
    TicketQueued: {"routed": "queue"},
    TicketRouted: {"routed": "queue"},
    TicketTransferred: {"transfers": "count"},
    TicketAssigned: {"agent": "agent"},
    TicketResolved: {"outcome": "outcome"},
    TicketClosed: {"outcome": "outcome"},
    TicketReopened: {"round": "round"},
    SourceReported: {"state": "state", "awaiting": "awaiting"},
    NpsGiven: {"nps": "score"},
    OrderPlaced: {"placed_at": "placed_at", "live_session": "live_session"},
    CustomerValued: {"tier": "tier"},
    AgentRegistered: {"desk": "desk"},
    AgentMoved: {"desk": "to_desk"},
    AgentRated: {"good_bp": "good_bp"},
    QueueOverflowed: {"overflows_to": "to"},
}
"""Event → attribute of the thing its stream is about → the field that says it."""

_FIXED: Final[Mapping[type[Event], Values]] = {
    AssignmentReleased: {"agent": NOBODY},
    AssignmentLapsed: {"agent": NOBODY},
    AssignmentReturned: {"agent": NOBODY},
    OrderPlaced: {"state": "placed"},
    OrderShipped: {"state": "shipped"},
    OrderSigned: {"state": "signed"},
    AgentShiftStarted: {"on_shift": True},
    AgentShiftEnded: {"on_shift": False},
    QueueEased: {"overflows_to": NOBODY},
}
"""Event → what the thing its stream is about is by it alone."""

_STATES: Final[Mapping[type[Event], tuple[tuple[str, str, str], ...]]] = {
    EvidenceReplaced: (("evidence_item", "replaces", "replaced"),),
    EvidenceWithdrawn: (("evidence_item", "item", "withdrawn"),),
    OfferCountered: (("offer", "counters", "countered"),),
    OfferAccepted: (("offer", "offer", "accepted"),),
    OfferDeclined: (("offer", "offer", "declined"),),
    OfferWithdrawn: (("offer", "offer", "withdrawn"),),
    OfferLapsed: (("offer", "offer", "lapsed"),),
    OfferSuperseded: (("offer", "offer", "superseded"),),
    RemedyCompleted: (("remedy", "remedy", "completed"),),
    RemedyCancelled: (("remedy", "remedy", "cancelled"),),
    RulingUpheld: (("ruling", "ruling", "upheld"), ("appeal", "appeal", "decided")),
    RulingVaried: (("ruling", "ruling", "varied"), ("appeal", "appeal", "decided")),
    RulingOverturned: (("ruling", "ruling", "overturned"), ("appeal", "appeal", "decided")),
}
"""Event → what on a ticket has another state by it: type, naming field, state."""

_LAID: Final[Mapping[type[Event], str]] = {
    EvidenceGathered: "gathered",
    EvidenceStaged: "staged",
    EvidenceReplaced: "staged",
    EvidenceSupplemented: "supplemented",
}


def changes_of(record: Record, stage: Callable[[], Stage | None]) -> list[tuple[Thing, Values]]:
    """Return what an event says of things; `stage` is the ticket's before it, where known."""
    subject, event = subject_of(record.stream), record.event
    own: Values = {}
    for attribute, field in _OWN.get(type(event), {}).items():
        value = getattr(event, field)
        if value is not None:
            own[attribute] = value
    own |= _FIXED.get(type(event), {})
    own |= _more(event, stage) if subject.type == "ticket" else {}
    if isinstance(event, AgentRegistered | AgentRetrained):
        own["skills"] = packed(event.skills)
    found = [(subject, own)] if own and subject.type in ATTRIBUTES else []
    found += _on_ticket(event, ticket_of(record))
    return found


def _more(event: Event, stage: Callable[[], Stage | None]) -> Values:
    """Return what of a ticket follows from more than one field."""
    found: Values = {}
    if isinstance(event, TicketOpened | ClaimAmended):
        found |= _money("claim", event.claim)
    if (after := _stage(event, stage())) is not None:
        found["stage"] = after.value
    return found


def _stage(event: Event, before: Stage | None) -> Stage | None:
    """Return the stage a fact says its ticket is in, None where it says none or it is not known."""
    if isinstance(event, TicketOpened):
        return Stage.INTAKE
    if isinstance(event, SourceReported):
        return event.stage
    if before is None or type(event) in STAGE_AFTER:
        return STAGE_AFTER.get(type(event))
    after = stage_after(before, event)
    return None if after is before else after


def _on_ticket(event: Event, ticket: str | None) -> Iterator[tuple[Thing, Values]]:
    """Give what an event says of what is numbered on its ticket."""

    def on(of: str, reference: str, /, **values: Any) -> tuple[Thing, Values]:
        told = {name: value for name, value in values.items() if value is not None}
        return thing(of, reference, ticket), told

    for kind, field, word in _STATES.get(type(event), ()):
        yield on(kind, getattr(event, field), state=word)
    match event:
        case EvidenceGathered() | EvidenceStaged() | EvidenceReplaced() | EvidenceSupplemented():
            state = _LAID[type(event)]
            yield on("evidence_item", event.item, state=state, **_content(event))
        case EvidenceSealed():
            for item in event.items:
                yield on("evidence_item", item, state="sealed")
        case OfferMade() | OfferCountered():
            said = {"by": event.by.value, "due_at": event.due_at, "terms": packed(event.terms)}
            yield on("offer", event.offer, state="open", **said)
        case RemedyOrdered():
            owed = _terms(event.terms)
            yield on("remedy", event.remedy, state="ordered", source=event.source, **owed)
        case RulingIssued():
            yield on("ruling", event.ruling, state="issued", policy=event.policy, **_decided(event))
        case RulingVaried() | RulingOverturned():
            yield on("ruling", event.ruling, **_decided(event))
        case AppealFiled():
            yield on("appeal", event.appeal, state="filed", by=event.by.value)
        case _:
            pass


def _content(
    event: EvidenceGathered | EvidenceStaged | EvidenceReplaced | EvidenceSupplemented,
) -> Values:
    attachment = event.attachment
    party = {} if isinstance(event, EvidenceGathered) else {"party": event.party.value}
    return {
        **party,
        "kind": event.kind.value,
        "sha256": attachment.sha256,
        "size": attachment.size,
        "media_type": attachment.media_type,
        "obtained": event.obtained,
    }


def _decided(event: RulingIssued | RulingVaried | RulingOverturned) -> Values:
    return {
        "in_favour_of": event.in_favour_of.value,
        "shares": packed(event.shares),
        "awards": packed(event.awards),
    }


def _terms(terms: Terms) -> Values:
    return {"kind": terms.kind.value, **_money("amount", terms.amount)}


def _money(name: str, money: Money | None) -> Values:
    if money is None:
        return {}
    return {f"{name}_minor": money.amount_minor, f"{name}_currency": money.currency}
