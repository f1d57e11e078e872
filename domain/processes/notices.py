"""Which notices a fact means: to whom, by which channel, from when on, in which words; until when.

Everything follows from the record and the book it names, so the same record always means the
same notices. Whether one was sent, and where an address comes from, is not known here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from domain.events import (
    AppealFiled,
    ClockBreached,
    ClockCancelled,
    ClockStopped,
    ClockWarned,
    DepartmentAsked,
    DepartmentPlanned,
    Event,
    NpsGiven,
    QueueEased,
    QueueOverflowed,
    SurveyAsked,
    TicketAccepted,
    TicketClosed,
    TicketReopened,
    TicketResolved,
)
from domain.policies.book import Book
from domain.policies.notices import FAMILIES, Locale, Notice, NoticeText
from domain.processes.keys import key_of
from domain.record import Record
from domain.values import Instant

PROCESS = "notices"
"""Part of every id; a new name would send everything a second time."""


class NoticeDue(msgspec.Struct, frozen=True):
    """One notice to one recipient by one channel."""

    notice: str
    """Its id: the same whenever it is worked out, so a channel can tell a repetition."""
    about: str
    """The stream of the fact that it tells: a ticket's or a queue's."""
    version: int
    """Of that fact."""
    rule: str
    policy: str
    to: str
    """buyer, merchant, desk:<name> or department:<name>."""
    channel: str
    due_at: Instant


class Meant(NamedTuple):
    """Whom a fact is told to, by which rule, by which channels, and from when on."""

    rule: Notice
    to: str
    channels: tuple[str, ...]
    due_at: Instant


def notices_of(
    record: Record, in_force: Callable[[Instant], Book], named: Callable[[str], Book | None]
) -> tuple[NoticeDue, ...]:
    """Return the notices a fact means; none from history.

    The book is the one the fact names, else the one that was in force when it was recorded.
    """
    if record.imported or record.event.FAMILY not in FAMILIES:
        return ()
    policy = getattr(record.event, "policy", None)
    book = (named(policy) if policy else None) or in_force(record.at)
    return tuple(
        NoticeDue(
            notice=key_of(
                PROCESS, f"{record.envelope.id}\x1f{one.rule.id}\x1f{one.to}\x1f{channel}", 0
            ),
            about=record.stream,
            version=record.version,
            rule=one.rule.id,
            policy=book.version,
            to=one.to,
            channel=channel,
            due_at=one.due_at,
        )
        for one in meant(record.event, record.at, book)
        for channel in one.channels
    )


def meant(event: Event, at: Instant, book: Book) -> Iterator[Meant]:
    """Yield who is told of a fact by a book."""
    for rule in book.notice:
        if rule.on == event.TOPIC and _fits(rule, event, book):
            due_at = book.calendar_of(rule.calendar).next_open(at)
            for to, channels in _recipients(rule, event, book):
                yield Meant(rule, to, channels, due_at)


def moot(event: Event, since: Iterable[Event]) -> bool:  # noqa: PLR0911 - one a fact
    """Return whether later facts of its stream have overtaken what a fact would tell.

    What announces or asks for something is moot when that is over; what tells something that
    happened stays true, and a broken promise stays broken though it was met late.
    """
    match event:
        case ClockWarned():
            ends = (ClockStopped, ClockCancelled, ClockBreached)
            return any(isinstance(one, ends) and one.clock == event.clock for one in since)
        case DepartmentAsked():
            return any(
                isinstance(one, TicketResolved | TicketClosed)
                or (isinstance(one, DepartmentPlanned) and one.request == event.request)
                for one in since
            )
        case TicketAccepted():
            return any(isinstance(one, TicketResolved | TicketClosed) for one in since)
        case TicketResolved():
            return any(isinstance(one, TicketReopened | AppealFiled) for one in since)
        case SurveyAsked():
            return any(isinstance(one, TicketReopened | AppealFiled | NpsGiven) for one in since)
        case QueueOverflowed():
            return any(isinstance(one, QueueEased) for one in since)
        case _:
            return False


def words(rule: Notice, record: Record, book: Book, locale: Locale) -> NoticeText:
    """Return the text of a notice in a language, with its names filled in."""
    text = rule.text[locale]
    names = _names(rule, record, book, locale)
    return NoticeText(
        subject=text.subject.format_map(names),
        body=text.body.format_map(names),
        enclosed=text.enclosed,
    )


def _fits(rule: Notice, event: Event, book: Book) -> bool:
    """Return whether a fact says of itself what a rule asks for."""
    said = {"row": _row(event, book)}
    return all(
        said.get(name, getattr(event, name, None)) in values for name, values in rule.when.items()
    )


def _recipients(rule: Notice, event: Event, book: Book) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Yield who is told, and by which channels; a desk the book does not know is told nothing."""
    match rule.to:
        case "desk":
            name = rule.desk or getattr(event, "to", "")
            yield from (
                (f"desk:{desk.name}", rule.channels or desk.notify)
                for desk in book.desk
                if desk.name == name
            )
        case "department":
            name = getattr(event, "department", "")
            yield from (
                (f"department:{one.name}", rule.channels or one.notify)
                for one in book.department
                if one.name == name
            )
        case _:
            yield rule.to, rule.channels


def _names(rule: Notice, record: Record, book: Book, locale: Locale) -> Mapping[str, str]:
    """Return what a text may name: ticket or queue, and things of the book by their own names."""
    chinese = locale == "zh-CN"
    desk = rule.desk or getattr(record.event, "to", None)
    department = getattr(record.event, "department", None)
    found = {"ticket": record.subject, "row": _row(record.event, book) or ""}
    for queue in book.queue if record.event.FAMILY == "queue" else ():
        if queue.name == record.subject:
            found["queue"] = queue.zh if chinese else queue.en
    for one in book.desk:
        if one.name == desk:
            found["desk"] = one.zh if chinese else one.en
    for other in book.department:
        if other.name == department:
            found["department"] = other.zh if chinese else other.en
    promise = book.clock_rule(_clock(record.event))
    if promise is not None:
        found["promise"] = promise.zh if chinese else promise.en
    return found


def _row(event: Event, book: Book) -> str | None:
    promise = book.clock_rule(_clock(event))
    return None if promise is None else promise.row


def _clock(event: Event) -> str:
    return str(getattr(event, "clock", "")).partition(":")[0]
