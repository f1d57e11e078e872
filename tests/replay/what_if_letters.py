"""Who is told of what by a book, for the slow count: rules of the book laid on facts; no test."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

from domain.policies.book import Book
from domain.record import Record
from domain.values import Instant

LATE = {"clock.warned.v1", "ticket.escalated.v1", "survey.asked.v1"}
"""Facts that a worker may record later than they were due."""
Letter = tuple[Instant, tuple[str, ...]]
"""From when on, and by which channels."""
Address = tuple[str, str, str]
"""(rule of the book, to whom, the promise it is about)."""


class Said(NamedTuple):
    """What a notice is made of."""

    topic: str
    at: Instant
    clock: str = ""
    to: str = ""
    """The desk, or the department."""
    due_at: Instant | None = None


def said_on_record(records: Iterable[Record]) -> Iterator[Said]:
    """Yield what the facts of a ticket say."""
    for one in records:
        event: Any = one.event
        if event.FAMILY == "ticket":
            clock = getattr(event, "clock", "").partition(":")[0]
            to = getattr(event, "department", None) or getattr(event, "to", "")
            yield Said(event.TOPIC, one.at, clock, to, getattr(event, "due_at", None))


def letters(facts: Iterable[Said], book: Book) -> dict[Address, list[Letter]]:
    """Return what is written to whom by the notices of a book."""
    found: dict[Address, list[Letter]] = defaultdict(list)
    for fact in facts:
        promise = book.clock_rule(fact.clock)
        for rule in book.notice:
            rows = rule.when.get("row", ())
            if rule.on != fact.topic or (rows and (promise is None or promise.row not in rows)):
                continue
            assert set(rule.when) <= {"row"}
            to, channels = rule.to, rule.channels
            if rule.to == "desk":
                name = rule.desk or fact.to
                (desk,) = (one for one in book.desk if one.name == name)
                to, channels = f"desk:{name}", rule.channels or desk.notify
            elif rule.to == "department":
                (part,) = (one for one in book.department if one.name == fact.to)
                to, channels = f"department:{fact.to}", rule.channels or part.notify
            late = fact.due_at is not None and rule.on in LATE
            due = min(fact.at, fact.due_at) if late and fact.due_at is not None else fact.at
            open_at = book.calendar_of(rule.calendar).next_open(due)
            found[rule.id, to, fact.clock].append((open_at, channels))
    return found


def told_otherwise(
    said: Iterable[Said], otherwise: Iterable[Said], own: Book, other: Book
) -> Counter[tuple[str, str, str, str]]:
    """Return who would be told otherwise, rule by rule of the books and recipient by recipient."""
    counts: Counter[tuple[str, str, str, str]] = Counter()
    before, after = letters(said, own), letters(otherwise, other)
    for key in before.keys() | after.keys():
        for old, new in zip_longest(before.get(key, ()), after.get(key, ())):
            change = _change(old, new)
            if change is not None:
                rule, to, clock = key
                promise = own.clock_rule(clock)
                what = f"{rule} to {to}" + (f" of {clock}" if clock else "")
                counts["notice", what, "" if promise is None else promise.row, change] += 1
    return counts


def _change(old: Letter | None, new: Letter | None) -> str | None:
    if old is None or new is None:
        return "new" if old is None else "gone"
    if old[0] != new[0]:
        return "later" if new[0] > old[0] else "sooner"
    return None if old == new else "changed"
