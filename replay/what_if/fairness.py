"""Whether the rules treat the two sides alike: every case asked again with the sides exchanged.

Buyer and merchant change places in a ticket, its order, what is asked and whoever of them acts; the
very judges and guards are asked on both, and what comes out is exchanged back. So is whatever staff
decides, and what the platform does because time has passed. Where it is not the same a rule treats
the sides differently: on purpose, with the reason that stands here, or it is a finding.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from domain import errors
from domain.commands import ChooseAgent, FollowOrder
from domain.events import AgentChosen, Event
from domain.policies.book import Book
from domain.record import Record
from domain.ticket.actions import actions
from domain.ticket.context import Context
from domain.ticket.decide import KnownTicketCommand
from domain.ticket.following import settle
from domain.ticket.state import Ticket
from domain.values import (
    Actor,
    ActorKind,
    Awaiting,
    Confidential,
    Party,
    Responsible,
)
from replay.what_if.deeds import Deed, Kind, deeds
from replay.what_if.doing import context_of
from replay.what_if.intentions import intention
from replay.what_if.lives import Rules
from replay.what_if.pending import passing
from replay.what_if.reading import History, Streams
from replay.what_if.running import Replay, passed

MAY: Final = "may"
"""In the place of a fact: whether a command may be done now, and if not, why."""
AWAITS: Final = " awaits"
"""Behind a fact: it is the same but for whom it awaits."""
ANY: Final = "any"
"""In the place of a command: whatever brought a fact about."""


class Intended(NamedTuple):
    """A difference between the sides that is meant, and why."""

    command: str
    what: str
    """The fact that differs, or `may`."""
    reason: str


class Treated(msgspec.Struct, frozen=True, order=True):
    """A rule that treats the sides differently."""

    command: str
    what: str
    reason: str | None = None
    """Why it is meant; None where nothing says so."""


class Fairness(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of some matters."""

    asked: int = 0
    """How many cases were judged twice."""
    fair: int = 0
    """In how many of them nothing differs but what is meant to."""
    commands: Mapping[str, int] = {}
    """By command, how often what follows from it was asked; the other cases are of rights."""
    differently: Mapping[Treated, int] = {}
    examples: Mapping[Treated, str] = {}
    """For each rule the first case: the ticket and the place in its record."""

    def plain(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "asked": self.asked,
            "fair": self.fair,
            "unfair": [one.command for one in self.unfair],
            "commands": dict(sorted(self.commands.items())),
            "differently": [
                {**msgspec.to_builtins(one), "count": number, "first": self.examples[one]}
                for one, number in sorted(self.differently.items())
            ],
        }

    @property
    def unfair(self) -> tuple[Treated, ...]:
        """Return the rules for whose difference nothing is said."""
        return tuple(sorted(one for one in self.differently if one.reason is None))


def together(first: Fairness, second: Fairness) -> Fairness:
    """Return what was found of both."""
    return Fairness(
        asked=first.asked + second.asked,
        fair=first.fair + second.fair,
        commands=Counter(first.commands) + Counter(second.commands),
        differently=Counter(first.differently) + Counter(second.differently),
        examples={**second.examples, **first.examples},
    )


def over_ledger(
    history: History,
    rules: Rules,
    *,
    matters: Sequence[tuple[int, Streams]],
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Fairness:
    """Return how the sides of a ledger's matters were treated; nothing is written."""
    found = Fairness()
    for done, (lane, streams) in enumerate(matters):
        progress(done, len(matters))
        found = together(found, fairness(history.read(lane, streams), rules))
    progress(len(matters), len(matters))
    return found


def fairness(
    history: Sequence[Record], rules: Rules, intended: Iterable[Intended] | None = None
) -> Fairness:
    """Return how the sides of one matter were treated, given all its records in lane order."""
    meant = {
        (one.command, one.what): one.reason for one in (INTENDED if intended is None else intended)
    }
    found = Fairness()
    replay = _Watching(rules)
    for deed in deeds(history):
        for case in replay.asked(deed):
            counts = Counter(
                Treated(name, what, meant.get((name, what)) or meant.get((ANY, what)))
                for name, what in case.differing
            )
            place = f"{deed.ticket} {deed.place}"
            found = together(
                found,
                Fairness(
                    asked=1,
                    fair=all(one.reason is not None for one in counts),
                    commands={} if case.command is None else {case.command: 1},
                    differently=counts,
                    examples=dict.fromkeys(counts, place),
                ),
            )
        replay.take(deed)
    return found


class _Case(NamedTuple):
    """One case that was judged twice."""

    differing: set[tuple[str, str]]
    """Commands and facts of them, or `may`, that differ between the two."""
    command: str | None = None
    """What was asked; None where it was who may do what."""


class _Watching(Replay):
    """A matter lived under its own books, and asked about before each deed."""

    def asked(self, deed: Deed) -> Iterator[_Case]:
        """Yield the cases of a deed: what may be done before it, and what follows from it."""
        life = self.lives.get(deed.ticket or "")
        if life is None or life.own is None or life.own.merchant is None:
            return
        context = context_of(life, life.own_book, self.order, deed.at, deed.actor, self.rules)
        yield _Case(_rights(life.own, context))
        command = _command(deed, life.own, life.own_book)
        if command is not None:
            yield _Case(_outcomes(command, life.own, context), type(command).__name__)


def _command(deed: Deed, ticket: Ticket, book: Book) -> KnownTicketCommand | None:
    """Return what was asked by a deed, of the platform too; None where it is not made out again."""
    match deed.kind:
        case Kind.SAID:
            return _chosen(deed) or intention(deed)
        case Kind.ORDER:
            return FollowOrder(ticket=ticket.ticket)
        case Kind.CLOCK | Kind.DEADLINE | Kind.SURVEY:
            due = passed(deed, ticket, book)
            return None if due is None else passing(ticket.ticket, due)


def _chosen(deed: Deed) -> KnownTicketCommand | None:
    """Return the choice of an agent, made again among the same candidates."""
    for fact in deed.facts:
        if isinstance(fact, AgentChosen):
            return ChooseAgent(
                ticket=deed.ticket or "", candidates=fact.candidates, staff_at=fact.staff_at
            )
    return None


def _rights(ticket: Ticket, context: Context) -> set[tuple[str, str]]:
    """Return the commands that one side may do, and the other in its place may not."""
    buyer = replace(context, actor=Actor(ActorKind.BUYER, ticket.buyer))
    other = _other_way(ticket)
    exchanged = replace(
        context,
        actor=Actor(ActorKind.MERCHANT, other.merchant or ""),
        order=None if context.order is None else _other_way(context.order),
    )
    first, second = _may(ticket, buyer), _may(other, exchanged)
    of_both = {name for name, _, _ in first ^ second}
    return {(name, MAY) for name in of_both}


def _may(ticket: Ticket, context: Context) -> set[tuple[str, str | None, str | None]]:
    return {
        (one.command.__name__, one.target, None if one.refusal is None else one.refusal.code)
        for one in actions(ticket, context)
    }


def _outcomes(
    command: KnownTicketCommand, ticket: Ticket, context: Context
) -> set[tuple[str, str]]:
    """Return the facts that follow for one side, and not for the other in its place."""
    exchanged = replace(
        context,
        actor=_named(context.actor, ticket),
        order=None if context.order is None else _other_way(context.order),
    )
    first = _facts(command, ticket, context)
    second = _facts(mirrored(command), _other_way(ticket), exchanged)
    if first is None or second is None:
        return set() if first is second else {(type(command).__name__, MAY)}
    name = type(command).__name__
    return {(name, what) for what in _differing([mirrored(one) for one in first], second)}


def _differing(here: Iterable[Event], there: Iterable[Event]) -> Iterator[str]:
    """Yield the kinds of facts that differ; where only whom they await does, that is said."""
    one, other = _by_kind(here), _by_kind(there)
    for what in one.keys() | other.keys():
        first, second = one.get(what, []), other.get(what, [])
        if _counted(first) != _counted(second):
            alike = _counted(map(_of_nobody, first)) == _counted(map(_of_nobody, second))
            yield f"{what}{AWAITS}" if alike else what


def _by_kind(facts: Iterable[Event]) -> Mapping[str, list[Event]]:
    """Return facts without their words by kind, of deadlines by which one it is too."""
    found: dict[str, list[Event]] = {}
    for fact in facts:
        kind, name = type(fact).__name__, getattr(fact, "deadline", None)
        what = kind if name is None else f"{kind} {name.partition(':')[0]}"
        found.setdefault(what, []).append(_plain(fact))
    return found


def _counted(facts: Iterable[Event]) -> Counter[str]:
    return Counter(map(repr, facts))


def _of_nobody(fact: Event) -> Event:
    """Return a fact as if nobody was to act."""
    return replace(fact, awaits=Awaiting.NOBODY) if hasattr(fact, "awaits") else fact


def _facts(
    command: KnownTicketCommand, ticket: Ticket, context: Context
) -> tuple[Event, ...] | None:
    """Return what follows from a command; None where it is refused."""
    try:
        return settle(command, ticket, context)
    except errors.Refusal:
        return None


def _named(actor: Actor, ticket: Ticket) -> Actor:
    """Return who acts when the sides are exchanged; only a side of the ticket is another then."""
    match actor.kind:
        case ActorKind.BUYER:
            return Actor(ActorKind.MERCHANT, ticket.buyer)
        case ActorKind.MERCHANT:
            return Actor(ActorKind.BUYER, ticket.merchant or "")
        case _:
            return actor


def _other_way(case: Any) -> Any:
    """Return a ticket or an order whose sides have changed places."""
    turned = mirrored(case)
    return replace(turned, buyer=case.merchant, merchant=case.buyer)


def mirrored(value: Any) -> Any:  # noqa: PLR0911 - one a kind of value
    """Return a value in which every mention of one side's role is one of the other's."""
    if isinstance(value, Enum):
        # Members of different roles are equal as texts, so each is asked what it is.
        known = type(value) in _ROLES and value.value in _EXCHANGED
        return type(value)(_EXCHANGED[value.value]) if known else value
    if isinstance(value, str):
        return _NAMES.get(value, value)
    if isinstance(value, Mapping):
        return {mirrored(key): mirrored(one) for key, one in value.items()}
    if isinstance(value, frozenset):
        return frozenset(map(mirrored, value))
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(map(mirrored, value))
    if isinstance(value, msgspec.Struct):
        names = value.__struct_fields__
        return replace(value, **{name: mirrored(getattr(value, name)) for name in names})
    return value


def _plain(event: Event) -> Event:
    """Return a fact without its words, which bear the name of whose they are."""
    words = {
        name: None
        for name in event.__struct_fields__
        if isinstance(getattr(event, name), Confidential)
    }
    return replace(event, **words)


_ROLES: Final = (Party, ActorKind, Awaiting, Responsible)
_EXCHANGED: Final = {"buyer": "merchant", "merchant": "buyer"}
_NAMES: Final = {"evidence:buyer": "evidence:merchant", "evidence:merchant": "evidence:buyer"}

_CLAIMS = (
    "The claim is the buyer's: who asks says what is asked, whether it is over, and how it was."
)
_GRANTS = "What the buyer claims the merchant grants, refuses, or has reviewed."
_COMES_BACK = "A buyer whose matter is resolved reopens it instead of writing; a merchant can not."
_GOODS = "The goods go from the buyer to the merchant and back: each side reports its own part."
_COMES = "A buyer who comes back is to be answered; a merchant is a party that answers."
_SPEAKS = "What a buyer says calls for promises, and what a merchant says keeps them."
_TURN = "Whose turn it is follows from who brings the claim, and who is to meet it."
_TURNS = ("merchant_review", "negotiation", "intervention", "reply", "remedy")
_RESTS = "A promise to the buyer rests while the buyer is waited for, and for no merchant (SL-25)."
_REVIEW = "A merchant's first answer is the review that was waited for; a buyer owes none."
_ASKED = "Each side is asked for the kinds of evidence it has (AR-03)."
INTENDED: Final = (
    *(
        Intended(name, MAY, _CLAIMS)
        for name in (*("AmendClaim", "CloseTicket", "ReopenTicket", "GiveSatisfaction", "GiveNps"),)
    ),
    *(Intended(name, MAY, _GRANTS) for name in ("ApproveClaim", "RefuseClaim", "ReviewReturn")),
    Intended("SendMessage", MAY, _COMES_BACK),
    *(
        Intended(name, MAY, _GOODS)
        for name in (
            *("ShipReturn", "AuthoriseReturn", "ReceiveReturn", "InspectReturn", "BookRepair"),
            *("ShipReplacement", "ShipReshipment", "ReceiveRepair", "CompleteRepair"),
            *("DeliverReplacement", "DeliverReshipment"),
        )
    ),
    Intended("ReportFact", MAY, "A merchant reports what its service network did."),
    Intended("BeginWait", MAY, _RESTS),
    *(
        Intended(name, what, _COMES)
        for name in ("SendMessage", "StageEvidence", "ReplaceEvidence")
        for what in ("DeadlineGiven answer", "DeadlineMet reply")
    ),
    *(
        Intended("SendMessage", what, _SPEAKS)
        for what in (
            *("ContactFruitless", "TicketPrioritised", "TicketQueued", "ClockStarted"),
            *("ClockStopped", "DepartmentAsked"),
        )
    ),
    *(
        Intended(name, what, _REVIEW)
        for name in ("MakeOffer", "CounterOffer")
        for what in (
            *("DeadlineMet merchant_review", "DeadlineMet intervention"),
            *("DeadlineGiven intervention", "ClockStopped"),
        )
    ),
    *(Intended(ANY, f"DeadlineGiven {name}{AWAITS}", _TURN) for name in _TURNS),
    Intended(ANY, f"ClockStarted{AWAITS}", _TURN),
    *(Intended(ANY, what, _RESTS) for what in ("ClockPaused", "ClockResumed", "WaitEnded")),
    Intended("RequestIntervention", "EvidenceRequested", _ASKED),
)
"""What treats the sides differently on purpose."""
