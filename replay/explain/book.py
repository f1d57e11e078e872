"""Which book a ticket is promised under: the one in force, the one its pilot drew, or another's.

Told from the adoptions and pilots on record when it was opened or moved, and worked out again.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from domain.commands import MoveToBook, OpenTicket
from domain.errors import Refusal
from domain.events import (
    ArmDrawn,
    PilotAnnounced,
    PilotEnded,
    PolicyAdopted,
    TicketMovedToBook,
    TicketOpened,
)
from domain.policies.book import Book
from domain.record import Record
from domain.ticket.context import Context
from domain.ticket.moving import move_to_book
from domain.ticket.piloting import Pilots, evolve_pilots, in_pilot
from domain.values import BASIS_POINTS, Instant, moment_of
from replay.explain.deeds import Deeds
from replay.explain.history import Moment, context_of
from replay.explain.telling import (
    IMPORTED,
    NO_BOOK,
    Books,
    Decision,
    Difference,
    Input,
    Step,
    differences,
    ref,
    used,
)

NOT_READ = "the adoptions of books were not read"


def explain(
    life: Sequence[Moment], deeds: Deeds, books: Books, policies: Sequence[Record] | None
) -> tuple[Decision, ...]:
    """Return under which book a ticket was opened and to which it was moved; the last one stands.

    `policies` are the records of the adopted books and of the pilots.
    """
    found = []
    arms = [one.record for one in life if isinstance(one.record.event, ArmDrawn)]
    for moment in life:
        event, at = moment.record.event, moment.record.at
        if not isinstance(event, TicketOpened | TicketMovedToBook):
            continue
        known = None if policies is None else _known_at(policies, at, books)
        if isinstance(event, TicketOpened):
            found.append(_opened(moment, event, arms, deeds, books, known))
        else:
            found.append(_moved(moment, event, books, known))
    return tuple(found)


# --- what was known ---------------------------------------------------------------------------


class _Adoption(NamedTuple):
    event: PolicyAdopted
    record: Record


class _Known(NamedTuple):
    """What was on record of books and pilots at an instant."""

    adopted: Mapping[str, _Adoption]
    """By version, the first in force first."""
    pilots: Pilots
    announced: Mapping[str, Record]
    books: Books

    def in_force(self, at: Instant) -> _Adoption | None:
        """Return what was in force; before any book was, the first that will be."""
        begun = [one for one in self.adopted.values() if one.event.in_force_from <= at]
        return begun[-1] if begun else next(iter(self.adopted.values()), None)

    def find(self, version: str) -> Book | None:
        """Return a book that was adopted by then, in force from when its adoption says."""
        adoption, book = self.adopted.get(version), self.books(version)
        if adoption is None or book is None:
            return None
        begins = moment_of(adoption.event.in_force_from)
        return book.model_copy(update={"in_force_from": begins})

    def told(self, version: str) -> tuple[Step, ...]:
        """Return since when a book is in force, with its adoption."""
        one = self.adopted.get(version)
        if one is None:
            return (Step(f"The book {version} was not adopted by then."),)
        since = one.event.in_force_from
        return (Step(f"The book {version} is in force.", since=since, event=ref(one.record)),)


def _known_at(policies: Sequence[Record], at: Instant, books: Books) -> _Known:
    """Return what was on record at an instant.

    No ledger judges without a book, so the first one counts from the beginning: another process's
    clock may have stamped its adoption a little later than the ticket.
    """
    adoptions = [
        _Adoption(one.event, one) for one in policies if isinstance(one.event, PolicyAdopted)
    ]
    by_then = [one for one in adoptions if one.record.at <= at] or adoptions[:1]
    by_then.sort(key=lambda one: (one.event.in_force_from, one.event.version))
    pilots: Pilots = ()
    announced: dict[str, Record] = {}
    for record in policies:
        event = record.event
        if record.at <= at and isinstance(event, PilotAnnounced | PilotEnded):
            pilots = evolve_pilots(pilots, event)
            announced.setdefault(event.pilot, record)
    return _Known({one.event.version: one for one in by_then}, pilots, announced, books)


# --- the opening ------------------------------------------------------------------------------


def _opened(  # noqa: PLR0917 - what an opening rests on
    moment: Moment,
    event: TicketOpened,
    arms: Sequence[Record],
    deeds: Deeds,
    books: Books,
    known: _Known | None,
) -> Decision:
    """Return under which book a ticket was opened, held against the arm it drew."""
    record = moment.record
    drawn = [one for one in deeds.whole(record) if isinstance(one.event, ArmDrawn)]
    command = record.envelope.cause.command
    later = [one for one in arms if one.envelope.cause.command != command]
    context = None
    gone: str | None = IMPORTED if record.imported else NOT_READ
    if known is not None and not record.imported:
        context = _context(moment, event, known)
        gone = NO_BOOK if context is None else None
    wrong: tuple[Difference, ...] = ()
    if context is not None:
        wrong = _of_the_book(record, event, context) + _of_the_arm(record, drawn, context.arm)
    # What is on record of an arm anywhere else is nobody's draw, whatever the book is.
    beside = [*later, *drawn] if record.imported else later
    wrong += tuple(one for each in beside for one in differences(each, None))
    told = next((one for one in arms if one in drawn), None)
    return Decision(
        about="book",
        book=used(event.policy, books),
        inputs=_inputs(record, event, context, known),
        steps=() if context is None or known is None else _steps(record, context, known),
        result={"policy": event.policy, **_result(told)},
        event=ref(record),
        recomputed=False if wrong else None if gone else True,
        differences=wrong,
        not_recomputed=None if wrong else gone,
    )


def _context(moment: Moment, event: TicketOpened, known: _Known) -> Context | None:
    """Return the context in which the ticket had to be opened; None where a book is not here."""
    at = moment.record.at
    current = known.in_force(at)
    control = None if current is None else known.find(current.event.version)
    running = [one for one in known.pilots if one.runs_at(at)]
    if control is None or any(known.find(one.policy) is None for one in running):
        return None
    there = replace(context_of(moment, control), pilots=known.pilots, books=known.find)
    return in_pilot(
        OpenTicket(channel=event.channel, order=event.order, line=event.line),
        there,
    )


def _of_the_book(record: Record, event: TicketOpened, context: Context) -> tuple[Difference, ...]:
    again = context.book.version
    if event.policy == again:
        return ()
    return (Difference("policy", event.policy, again, ref(record)),)


def _of_the_arm(
    record: Record, drawn: Sequence[Record], again: ArmDrawn | None
) -> tuple[Difference, ...]:
    """Return in what the draw on record is not the one that follows from the ticket's id."""
    if again is not None and not drawn:
        return (Difference("fact", "nothing", again.TOPIC, ref(record)),)
    once = [again, *[None] * len(drawn)]
    return tuple(
        wrong
        for fact, expected in zip(drawn, once, strict=False)
        for wrong in differences(fact, expected)
    )


def _result(drawn: Record | None) -> dict[str, str | int | bool | None]:
    """Return the draw as it stands on record."""
    if drawn is None or not isinstance(drawn.event, ArmDrawn):
        return {}
    event = drawn.event
    return {
        "pilot": event.pilot,
        "arm": event.arm,
        "drawn_bp": event.drawn_bp,
        "share_bp": event.share_bp,
        "other": event.other,
    }


def _inputs(
    record: Record, event: TicketOpened, context: Context | None, known: _Known | None
) -> tuple[Input, ...]:
    inputs = [Input("opened_at", record.at, ref(record))]
    if event.line is not None:
        inputs.append(Input("line", event.line, ref(record)))
    if known is not None and context is not None:
        current = known.in_force(record.at)
        if current is not None:
            inputs.append(Input("in_force", current.event.version, ref(current.record)))
        if context.arm is not None:
            announced = known.announced[context.arm.pilot]
            inputs.append(Input("pilot", context.arm.pilot, ref(announced)))
    return tuple(inputs)


def _steps(record: Record, context: Context, known: _Known) -> tuple[Step, ...]:
    current, arm = known.in_force(record.at), context.arm
    steps = () if current is None else known.told(current.event.version)
    if current is not None and current.event.in_force_from > record.at:
        steps += (Step("No book was in force yet, so it is the first that will be."),)
    if arm is None:
        return (*steps, Step("The ticket falls in no pilot, so this is its book."))
    pilot = next(one for one in known.pilots if one.pilot == arm.pilot)
    goods = "all goods" if pilot.category is None else f"goods of the category {pilot.category}"
    below = "below" if arm.drawn_bp < arm.share_bp else "not below"
    return (
        *steps,
        Step(
            f"The pilot {arm.pilot} tries the book {pilot.policy} on {arm.share_bp} of "
            f"{BASIS_POINTS} tickets about {goods}.",
            since=pilot.begins_at,
            until=pilot.ends_at,
            event=ref(known.announced[arm.pilot]),
        ),
        Step(
            f"The ticket's id draws {arm.drawn_bp} in it, {below} the share of {arm.share_bp}: "
            f"its arm is {arm.arm}, and its book {arm.policy}."
        ),
    )


# --- a move -----------------------------------------------------------------------------------


def _moved(
    moment: Moment, event: TicketMovedToBook, books: Books, known: _Known | None
) -> Decision:
    """Return that somebody moved a ticket to a book, which had to be in force by then."""
    record = moment.record
    gone: str | None = IMPORTED if record.imported else NOT_READ
    wrong: tuple[Difference, ...] = ()
    if known is not None and not record.imported:
        own = _own(moment, known)
        missing = event.policy in known.adopted and known.find(event.policy) is None
        gone = NO_BOOK if own is None or missing else None
        if own is not None and gone is None:
            wrong = _moved_again(moment, event, replace(context_of(moment, own), books=known.find))
    return Decision(
        about="book",
        book=used(event.policy, books),
        inputs=(Input("before", event.before, ref(record)), Input("why", event.why, ref(record))),
        steps=() if known is None else known.told(event.policy),
        result={"policy": event.policy, "before": event.before},
        event=ref(record),
        recomputed=None if gone else not wrong,
        differences=wrong,
        not_recomputed=gone,
    )


def _own(moment: Moment, known: _Known) -> Book | None:
    """Return the book a ticket was promised under; for an imported one, the book in force."""
    assert moment.before is not None, "a ticket that is moved is there"
    if not moment.before.imported:
        return known.find(moment.before.policy)
    current = known.in_force(moment.record.at)
    return None if current is None else known.find(current.event.version)


def _moved_again(
    moment: Moment, event: TicketMovedToBook, context: Context
) -> tuple[Difference, ...]:
    record = moment.record
    assert moment.before is not None, "a ticket that is moved is there"
    command = MoveToBook(ticket=record.subject, policy=event.policy, why=event.why)
    try:
        facts = move_to_book(command, moment.before, context)
    except Refusal as refusal:
        return (Difference("fact", event.TOPIC, f"refused: {refusal.code}", ref(record)),)
    again = next((one for one in facts if isinstance(one, TicketMovedToBook)), None)
    return differences(record, again)
