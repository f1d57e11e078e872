"""Drawing a scenario from a ticket's records: the steps up to its decision, and the real decision.

Nothing is opened: of a personal text its kind and the size it is sealed in are all that is used.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

import msgspec

from domain.commands import AnswerKey, Room
from domain.events import (
    AppealFiled,
    CertificatePosted,
    Event,
    MerchantApproved,
    OrderPlaced,
    OrderShipped,
    OrderSigned,
    PaymentSettled,
    RemedyOrdered,
    ResolutionWritten,
    RulingIssued,
    RulingOverturned,
    RulingUpheld,
    RulingVaried,
    SatisfactionGiven,
    SettlementReached,
    SourceOutcomeReported,
    TicketClosed,
    TicketResolved,
)
from domain.policies.book import Book
from domain.record import Record
from domain.ticket.cap import grant_key, left
from domain.ticket.decisions import Decision, evolve_decision
from domain.ticket.evolve import evolve
from domain.ticket.order import evolve_order
from domain.ticket.state import EvidenceState, Grant, Order, Stamp, Ticket
from domain.values import Decided, Ending, Instant, Reason, Stage, Terms, Verdict, moment_of
from replay.training.scenario import Against, Asked, Clause, Item, Scenario, Step, Worth
from replay.training.tables import Sentence, scoring, sentences, sources
from replay.training.telling import PLAIN, Names, Sealed, texts, told

_AFTERWARDS: Final = (
    *(AppealFiled, RulingUpheld, RulingVaried, RulingOverturned),
    *(TicketResolved, TicketClosed, SatisfactionGiven),
)
_RULINGS: Final = (RulingIssued, RulingVaried, RulingOverturned)
_MINUTE: Final = timedelta(minutes=1)


class NoScenario(Exception):  # noqa: N818 - an answer, named as one
    """The records hold no decision there."""


class Drawn(msgspec.Struct, frozen=True):
    """A scenario with what only the program may know before the trainee has ruled."""

    scenario: Scenario
    key: AnswerKey


def draw(
    name: str,
    records: Sequence[Record],
    order: Sequence[Record],
    *,
    decision: int,
    books: Callable[[str], Book | None],
    sealed: Sealed,
) -> Drawn:
    """Return the scenario of a ticket that was decided at a version; raise NoScenario."""
    found = _decision(records, decision)
    deciding = records[decision - 1]
    cut = _cut(found, deciding, records, order)
    before = _folded([one for one in records if one.position < cut])
    goods = _order([one for one in order if one.position < cut])
    names = Names()
    teller = _Teller(names, sealed, before.reason, _when(records[0]))
    steps = tuple(_steps(records, order, cut, teller))
    stands = _standing(deciding.event, records)
    policy: str = getattr(stands, "policy", before.policy)
    book = books(policy)
    real = _verdict(found.decided, stands, deciding, records, names)
    key = AnswerKey(
        decided=found.decided or Decided.ANSWER,
        real=real,
        worth=scoring().worth[found.decided or Decided.ANSWER],
        scoring=scoring().version,
        evidence=_on_record(before),
        policy=policy,
        clauses=() if book is None else tuple(one.id for one in book.clause),
        rooms=()
        if goods is None or book is None
        else tuple(_rooms(goods, _standing_grants(goods, before, records[0].subject), book, names)),
    )
    ending = found.ending or Ending.NO_RULING
    scenario = Scenario(
        scenario=name,
        decided=key.decided,
        ending=ending,
        reason=before.reason,
        kind=before.kind,
        difficulty=found.difficulty,
        imported=before.imported,
        beforehand=_against(sentences().beforehand[ending], found, deciding),
        against=_against(sentences().against[key.decided], found, deciding),
        steps=steps,
        asked=_asked(key, book, before, steps, deciding),
        afterwards=tuple(_afterwards(records, deciding, teller)),
    )
    return Drawn(scenario, key)


def _decision(records: Sequence[Record], version: int) -> Decision:
    """Return the decision that stands at a version."""
    known = Decision()
    for record in records[:version]:
        known = evolve_decision(known, record.event, record.version, imported=record.imported)
    if known.decided is None or known.version != version:
        raise NoScenario
    return known


def _cut(
    found: Decision, deciding: Record, records: Sequence[Record], order: Sequence[Record]
) -> int:
    """Return the position at which the decision begins: what one command did is one."""
    first = deciding
    if found.decided is Decided.RESOLUTION:
        # Written it was decided, and signed it stood.
        written = [one for one in records if isinstance(one.event, ResolutionWritten)]
        first = max(
            (one for one in written if one.version < deciding.version), key=lambda one: one.version
        )
    command = first.envelope.cause.command
    begun = min(one.position for one in (*records, *order) if one.envelope.cause.command == command)
    # A source's first row may be its last: what it opened with is told, how it ended is not.
    return deciding.position if begun == records[0].position else begun


# --- the steps --------------------------------------------------------------------------------


class _Teller(NamedTuple):
    """Makes steps of the facts of one matter."""

    names: Names
    sealed: Sealed
    reason: Reason
    opened: Instant

    def step(self, number: int, record: Record, stage: Stage) -> Step:
        """Return a fact as a step."""
        topic, _, _version = record.envelope.topic.rpartition(".")
        sealed = self.sealed if record.event.FAMILY == "ticket" else {}
        return Step(
            step=number,
            after_min=(moment_of(_when(record)) - moment_of(self.opened)) // _MINUTE,
            by=self.names.actor(record.actor),
            what=topic,
            stage=stage,
            told=tuple(told(record.event, self.names)),
            texts=tuple(texts(record.event, record.version, sealed, self.reason)),
        )


def _steps(
    records: Sequence[Record], order: Sequence[Record], cut: int, teller: _Teller
) -> Iterator[Step]:
    """Yield what was on record before the decision, numbered from 1."""
    stage, state, number = Stage.INTAKE, None, 0
    for record in sorted((*records, *order), key=lambda one: one.position):
        if record.position >= cut:
            return
        if record.event.FAMILY == "ticket":
            state = evolve(state, record.event, _stamp(record))
            stage = state.stage
        if type(record.event) in PLAIN:
            number += 1
            yield teller.step(number, record, stage)


def _afterwards(records: Sequence[Record], deciding: Record, teller: _Teller) -> Iterator[Step]:
    """Yield what came of the decision."""
    state = None
    for record in records:
        state = evolve(state, record.event, _stamp(record))
        if record.version > deciding.version and isinstance(record.event, _AFTERWARDS):
            yield teller.step(0, record, state.stage)


def _when(record: Record) -> Instant:
    """Return when a fact was true, as far as it says."""
    match record.event:
        case OrderPlaced(placed_at=at) | OrderShipped(shipped_at=at) | OrderSigned(signed_at=at):
            return at
        case PaymentSettled(settled_at=at) | CertificatePosted(issued_at=at):
            return at
        case _:
            return record.occurred_at


# --- the decision -----------------------------------------------------------------------------


def _verdict(
    decided: Decided | None,
    event: Event,
    deciding: Record,
    records: Sequence[Record],
    names: Names,
) -> Verdict:
    """Return the real decision, in the names of the scenario."""
    if isinstance(event, _RULINGS):
        return Verdict(
            in_favour_of=event.in_favour_of,
            shares=tuple(sorted(event.shares, key=lambda one: one.party)),
            awards=tuple(names.terms(one) for one in event.awards),
            clauses=tuple(sorted(set(event.clauses))),
            relied_on=tuple(sorted(set(event.relied_on))),
        )
    since = [one.event for one in records[deciding.version - 1 :]]
    awards = _given(deciding, records) if decided is not Decided.GOODWILL else _gifts(since)
    return Verdict(
        shares=(),
        awards=tuple(names.terms(one) for one in awards),
        clauses=(),
        relied_on=(),
        outcome=_outcome(since) if decided is Decided.SOURCE else None,
    )


def _standing(event: Event, records: Sequence[Record]) -> Event:
    """Return the fact that says what was decided: where a ruling was upheld, that ruling."""
    if not isinstance(event, RulingUpheld):
        return event
    rulings = (one.event for one in records if isinstance(one.event, RulingIssued))
    return next(one for one in rulings if one.ruling == event.ruling)


def _given(deciding: Record, records: Sequence[Record]) -> tuple[Terms, ...]:
    """Return what followed from a decision that is no ruling: remedies of the same command."""
    match deciding.event:
        case MerchantApproved(terms=terms):
            return (terms,)
        case SettlementReached(terms=agreed):
            return agreed
        case _:
            command = deciding.envelope.cause.command
            of_it = [one.event for one in records if one.envelope.cause.command == command]
            return tuple(one.terms for one in of_it if isinstance(one, RemedyOrdered))


def _gifts(since: Sequence[Event]) -> tuple[Terms, ...]:
    """Return everything that was given freely."""
    given = [one for one in since if isinstance(one, RemedyOrdered)]
    return tuple(one.terms for one in given if one.source == "goodwill")


def _outcome(since: Sequence[Event]) -> str:
    """Return how another system says the matter ended: a column of ours to tell, or its state."""
    reported = {
        field.name: field.value
        for one in since
        if isinstance(one, SourceOutcomeReported)
        for field in one.fields
    }
    named = [reported[name] for name in sources().outcomes if name in reported]
    ended = [one.outcome for one in since if isinstance(one, TicketClosed | TicketResolved)]
    return (*named, *reversed(ended), "unknown")[0]


def _on_record(ticket: Ticket) -> tuple[str, ...]:
    on_record = EvidenceState.ON_RECORD
    return tuple(name for name, one in ticket.evidence.items() if one.state is on_record)


def _standing_grants(order: Order, ticket: Ticket, named: str) -> Mapping[str, Grant]:
    """Return what was taken of the lines, without the ruling that an appeal decides again."""
    ruled = {
        grant_key(named, name) for name, one in ticket.remedies.items() if one.source == "ruling"
    }
    return {key: grant for key, grant in order.grants.items() if key not in ruled}


def _rooms(order: Order, grants: Mapping[str, Grant], book: Book, names: Names) -> Iterator[Room]:
    """Yield what was left of the caps of each line."""
    for line in order.lines.values():
        yield Room(
            names.of("line", line.line),
            left(line, grants, book, refund=True),
            left(line, grants, book, refund=False),
        )


def _against(said: Sentence, found: Decision, deciding: Record) -> Against:
    """Return what a ruling is held against, in a sentence, and whose that is."""
    source = deciding.envelope.source
    theirs = source is not None and found.decided is Decided.SOURCE
    return Against(said.zh, said.en, source.system if theirs and source else None)


def _asked(
    key: AnswerKey, book: Book | None, ticket: Ticket, steps: Sequence[Step], deciding: Record
) -> Asked:
    """Return what is asked at the end of the steps."""
    came = _came_with(steps)
    system = "" if deciding.envelope.source is None else deciding.envelope.source.system
    return Asked(
        parts=tuple(Worth(one.part, one.of) for one in key.worth),
        lines=tuple(one.line for one in key.rooms),
        evidence=tuple(
            Item(name, ticket.evidence[name].kind, ticket.evidence[name].party, came.get(name, 0))
            for name in key.evidence
        ),
        clauses=()
        if book is None or key.decided is Decided.SOURCE
        else tuple(Clause(one.id, one.zh, one.en) for one in book.clauses),
        choices=sources().choices.get(system, ()) if key.decided is Decided.SOURCE else (),
    )


def _came_with(steps: Sequence[Step]) -> Mapping[str, int]:
    """Return evidence item → the step with which it came on record."""
    found: dict[str, int] = {}
    for step in steps:
        if step.what.startswith("evidence."):
            for one in step.told:
                if one.name in {"item", "items"}:
                    found = dict.fromkeys(one.value.split("; "), step.step) | found
    return found


# --- folding ----------------------------------------------------------------------------------


def _folded(records: Sequence[Record]) -> Ticket:
    ticket = None
    for record in records:
        ticket = evolve(ticket, record.event, _stamp(record))
    if ticket is None:
        raise NoScenario
    return ticket


def _order(records: Sequence[Record]) -> Order | None:
    order = None
    for record in records:
        order = evolve_order(order, record.event, _stamp(record))
    return order


def _stamp(record: Record) -> Stamp:
    return Stamp(record.subject, record.version, record.at, record.actor, record.imported)
