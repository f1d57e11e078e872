"""What a step tells of a fact: an allow-list of fields, names of the scenario, no text of anybody.

What is not listed here is not told; a new event tells nothing before somebody lists it.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from domain import events
from domain.events import Event, personal_fields
from domain.values import Actor, ActorKind, Money, OrderLine, Reason, Share, Terms
from replay.training.scenario import Text, Told
from replay.training.tables import Sentence, scoring, sentences, sources

_EVIDENCE: Final = ("item", "party", "kind", "late", "confidential")
_DECIDED: Final = ("in_favour_of", "shares", "awards", "clauses", "relied_on")
PLAIN: Final[Mapping[type[Event], tuple[str, ...]]] = {
    events.OrderPlaced: ("lines", "services"),
    events.OrderShipped: (),
    events.OrderSigned: (),
    events.PaymentSettled: ("amount", "paid_by"),
    events.CertificatePosted: ("kind",),
    events.TicketOpened: (
        *("channel", "kind", "scenario", "reason", "priority", "line", "remedy", "claim"),
    ),
    events.CustomerNoted: ("tier",),
    events.DiagnosisMade: (
        *("tags", "responsible", "scenario", "kind", "urgency", "sentiment", "upset"),
    ),
    events.DiagnosisCorrected: ("scenario", "responsible", "kind", "priority"),
    events.ReadingCorrected: ("tags", "urgency", "sentiment", "upset"),
    events.ClaimAmended: ("remedy", "claim"),
    events.TicketAccepted: (),
    events.TicketAssigned: ("agent",),
    events.AnswerGiven: ("resolves",),
    events.BotAnswered: ("effective",),
    events.MessageSent: ("by",),
    events.NoteAdded: (),
    events.PlanGiven: ("level",),
    events.ContactFruitless: ("contact", "exhausted"),
    events.FactReported: ("fact",),
    events.ReturnReviewed: ("eligible", "clause", "days_since_signing", "opened", "if_unopened"),
    events.MerchantApproved: ("terms",),
    events.MerchantRefused: ("clause",),
    events.OfferMade: ("offer", "by", "terms"),
    events.OfferCountered: ("offer", "counters", "by", "terms"),
    events.OfferAccepted: ("offer", "by"),
    events.OfferDeclined: ("offer", "by"),
    events.OfferWithdrawn: ("offer", "by"),
    events.OfferLapsed: ("offer",),
    events.SettlementReached: ("offer", "terms"),
    events.InterventionRequested: ("by", "ground"),
    events.EvidenceGathered: ("item", "kind", "obtained", "shown_to"),
    events.EvidenceRequested: ("party", "kinds"),
    events.EvidenceSupplemented: (*_EVIDENCE, "obtained"),
    events.EvidenceSealed: ("party", "items", "shown"),
    events.EvidenceDisclosed: ("item", "to"),
    events.EvidenceContested: ("item", "by"),
    events.ArbitratorAssigned: ("arbitrator", "instance"),
    events.RulingIssued: _DECIDED,
    events.AppealFiled: ("by",),
    events.RulingUpheld: ("clauses", "relied_on"),
    events.RulingVaried: _DECIDED,
    events.RulingOverturned: _DECIDED,
    events.RemedyOrdered: ("remedy", "terms", "source"),
    events.RefundSettled: ("remedy",),
    events.RefundFailed: ("remedy",),
    events.ReturnShipped: ("remedy",),
    events.ReturnReceived: ("remedy",),
    events.ReturnInspected: ("remedy", "passed"),
    events.RepairCompleted: ("remedy",),
    events.ReplacementDelivered: ("remedy",),
    events.ReshipmentDelivered: ("remedy",),
    events.CouponIssued: ("remedy", "value"),
    events.CompensationPaid: ("remedy",),
    events.RemedyCancelled: ("remedy",),
    events.TicketResolved: ("outcome",),
    events.TicketClosed: ("outcome",),
    events.TicketReopened: ("round",),
    events.SatisfactionGiven: ("result", "speed", "attitude"),
    events.SourceReported: ("state", "stage", "awaiting", "fields"),
    events.TicketReprioritised: ("priority",),
    events.TicketRouted: ("queue",),
    events.TicketTransferred: ("count",),
}
"""Class → the fields that are told; a class that is not here is no step."""
_NAMED: Final = frozenset({"agent", "arbitrator", "queue", "line"})
"""Fields that hold a reference: the scenario has a name of its own for it."""
_KINDS: Final[Mapping[tuple[type[Event], str], str]] = {
    (events.AnswerGiven, "text"): "answer",
    (events.BotAnswered, "text"): "answer",
    (events.MessageSent, "text"): "message",
    (events.NoteAdded, "text"): "note",
    (events.PlanGiven, "text"): "plan",
    (events.MerchantRefused, "reasons"): "refusal",
    (events.OfferMade, "text"): "offer",
    (events.OfferCountered, "text"): "offer",
    (events.OfferDeclined, "reason"): "decline",
    (events.EvidenceSupplemented, "caption"): "caption",
    (events.EvidenceContested, "why"): "contest",
    (events.RulingIssued, "reasons"): "reasons",
    (events.RulingUpheld, "reasons"): "reasons",
    (events.RulingVaried, "reasons"): "reasons",
    (events.RulingOverturned, "reasons"): "reasons",
    (events.AppealFiled, "grounds"): "grounds",
    (events.SourceReported, "text"): "report",
    (events.TicketReopened, "reason"): "reopening",
    (events.SatisfactionGiven, "text"): "message",
}
"""What kind of text a personal field of a step holds; what is not here is not told of."""
_ROLES: Final = frozenset({ActorKind.AGENT, ActorKind.SUPERVISOR, ActorKind.ARBITRATOR})
Sealed = Mapping[tuple[int, str], int]
"""(version, field) of a ticket → in how many bytes the value is sealed."""


class Names:
    """The names of one scenario: each reference has one, in the order in which it is met."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._known: dict[tuple[str, str], str] = {}
        self._count: dict[str, int] = {}

    def of(self, role: str, reference: str) -> str:
        """Return the name of a reference in a role: agent-1, line-2 …"""
        if (role, reference) not in self._known:
            self._count[role] = self._count.get(role, 0) + 1
            self._known[role, reference] = f"{role}-{self._count[role]}"
        return self._known[role, reference]

    def actor(self, actor: Actor) -> str:
        """Return who acted: a role, and for staff which of them."""
        if actor.kind in _ROLES:
            return self.of(actor.kind.value, actor.ref)
        return "platform" if actor.kind is ActorKind.SYSTEM else actor.kind.value

    def terms(self, terms: Terms) -> Terms:
        """Return terms on a line of the scenario."""
        line = None if terms.line is None else self.of("line", terms.line)
        return Terms(kind=terms.kind, line=line, amount=terms.amount)


def told_fields() -> Mapping[tuple[type[Event], str], str]:
    """Return the personal fields that steps tell of, with the kind of text each holds."""
    return {**_KINDS, (events.TicketOpened, "statement"): "statement"}


def told(event: Event, names: Names) -> Iterator[Told]:
    """Yield what a step tells of a fact's fields."""
    for name in PLAIN[type(event)]:
        value = getattr(event, name)
        if value is None or value == ():
            continue
        if name in _NAMED:
            yield Told(name, names.of(name, value))
        elif name == "fields":
            columns = sources().columns
            yield from (Told(one.name, one.value) for one in value if one.name in columns)
        elif name != "obtained" or value in sources().obtained:
            yield Told(name, _said(value, names))


def texts(event: Event, version: int, sealed: Sealed, reason: Reason) -> Iterator[Text]:
    """Yield that there were texts, with a sentence of ours in the place of each."""
    for name in personal_fields(type(event)):
        if getattr(event, name) is None:
            continue
        size = sealed.get((version, name))
        if isinstance(event, events.TicketOpened):
            yield _text("statement", sentences().statement[reason], size)
        elif (kind := _KINDS.get((type(event), name))) is not None:
            yield _text(kind, sentences().text[kind], size)


def _text(kind: str, sentence: Sentence, size: int | None) -> Text:
    """Return a text by its kind and length; None for the size where it was erased."""
    limits = scoring().length
    if size is None:
        length = "forgotten"
    elif size <= limits.short_bytes:
        length = "short"
    else:
        length = "medium" if size <= limits.medium_bytes else "long"
    return Text(kind, length, sentence.zh, sentence.en)


def _said(value: Any, names: Names) -> str:
    """Return a value in one line."""
    match value:
        case bool():
            said = "yes" if value else "no"
        case StrEnum():
            said = value.value
        case Money():
            said = f"{value.amount_minor} {value.currency}"
        case Terms():
            said = _joined((value.kind, value.amount, names.terms(value).line), names, " ")
        case Share():
            said = f"{value.party.value} {value.share_bp} bp"
        case OrderLine():
            line = names.of("line", value.line)
            said = f"{line}: {value.quantity} × {value.category}, {_said(value.paid, names)}"
        case tuple():
            said = _joined(value, names, "; ")
        case _:
            said = str(value)
    return said


def _joined(values: Iterable[Any], names: Names, between: str) -> str:
    return between.join(_said(one, names) for one in values if one is not None)
