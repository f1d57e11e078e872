"""Which notices a fact means: to whom, by which channel, from when on, and in which words.

Everything follows from the record and the book it names, so the same record always means the
same notices. Whether one was sent, and where an address comes from, is not known here.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from domain.policies.book import Book
from domain.policies.notices import Locale, Notice, NoticeText
from domain.processes.keys import key_of
from domain.record import Record
from domain.values import Instant

PROCESS = "notices"
"""Part of every id; a new name would send everything a second time."""


class NoticeDue(msgspec.Struct, frozen=True):
    """One notice to one recipient by one channel."""

    notice: str
    """Its id: the same whenever it is worked out, so a channel can tell a repetition."""
    ticket: str
    version: int
    """Of the fact it is about."""
    rule: str
    policy: str
    to: str
    """buyer, merchant, desk:<name> or department:<name>."""
    channel: str
    due_at: Instant


def notices_of(
    record: Record, in_force: Callable[[Instant], Book], named: Callable[[str], Book | None]
) -> tuple[NoticeDue, ...]:
    """Return the notices a fact means; none from history.

    The book is the one the fact names, else the one that was in force when it was recorded.
    """
    if record.imported or not record.stream.startswith("ticket:"):
        return ()
    policy = getattr(record.event, "policy", None)
    book = (named(policy) if policy else None) or in_force(record.at)
    return tuple(
        NoticeDue(
            notice=key_of(PROCESS, f"{record.envelope.id}\x1f{rule.id}\x1f{to}\x1f{channel}", 0),
            ticket=record.subject,
            version=record.version,
            rule=rule.id,
            policy=book.version,
            to=to,
            channel=channel,
            due_at=book.calendar_of(rule.calendar).next_open(record.at),
        )
        for rule in book.notice
        if rule.on == record.envelope.topic and _fits(rule, record, book)
        for to, channels in _recipients(rule, record, book)
        for channel in channels
    )


def words(rule: Notice, record: Record, book: Book, locale: Locale) -> NoticeText:
    """Return the text of a notice in a language, with its names filled in."""
    text = rule.text[locale]
    names = _names(rule, record, book, locale)
    return NoticeText(
        subject=text.subject.format_map(names),
        body=text.body.format_map(names),
        enclosed=text.enclosed,
    )


def _fits(rule: Notice, record: Record, book: Book) -> bool:
    """Return whether a fact says of itself what a rule asks for."""
    said = {"row": _row(record, book)}
    return all(
        said.get(name, getattr(record.event, name, None)) in values
        for name, values in rule.when.items()
    )


def _recipients(rule: Notice, record: Record, book: Book) -> Iterable[tuple[str, tuple[str, ...]]]:
    """Yield who is told, and by which channels; a desk the book does not know is told nothing."""
    match rule.to:
        case "desk":
            name = rule.desk or getattr(record.event, "to", "")
            yield from (
                (f"desk:{desk.name}", rule.channels or desk.notify)
                for desk in book.desk
                if desk.name == name
            )
        case "department":
            name = getattr(record.event, "department", "")
            yield from (
                (f"department:{one.name}", rule.channels or one.notify)
                for one in book.department
                if one.name == name
            )
        case _:
            yield rule.to, rule.channels


def _names(rule: Notice, record: Record, book: Book, locale: Locale) -> Mapping[str, str]:
    """Return what a text may name: the ticket, and things of the book by their own names."""
    chinese = locale == "zh-CN"
    desk = rule.desk or getattr(record.event, "to", None)
    department = getattr(record.event, "department", None)
    found = {"ticket": record.subject, "row": _row(record, book) or ""}
    for one in book.desk:
        if one.name == desk:
            found["desk"] = one.zh if chinese else one.en
    for other in book.department:
        if other.name == department:
            found["department"] = other.zh if chinese else other.en
    promise = book.clock_rule(_clock(record))
    if promise is not None:
        found["promise"] = promise.zh if chinese else promise.en
    return found


def _row(record: Record, book: Book) -> str | None:
    promise = book.clock_rule(_clock(record))
    return None if promise is None else promise.row


def _clock(record: Record) -> str:
    return str(getattr(record.event, "clock", "")).partition(":")[0]
