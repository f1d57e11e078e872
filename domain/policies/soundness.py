"""What is proved, between its tables, of a book that is to be adopted, beyond being readable.

Books that were adopted before something was asked here are read as they are, so nothing of this
is asked when a kept book is parsed.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from domain.policies import (
    clauses,
    clocks,
    contacts,
    deadlines,
    notices,
    routing,
    top_tier,
    unattended,
    vocabulary,
)
from domain.policies.table import rows_of

if TYPE_CHECKING:
    from domain.policies.book import Book

NEVER_PAUSED: Final = "SL-13"
"""The promise whose clock nothing stops."""


def problems(book: "Book") -> list[str]:
    """Return what no book to come may be like, each with the table, the row and the reason."""
    return [
        *_sources(book),
        *deadlines.cut_short(book.deadline, book.times),
        *clocks.unsourced(book.clock),
        *clocks.elsewhere(book.clock),
        *contacts.undefined(book.contacts),
        *clauses.unquoted(book.clause),
        *_written_twice(book),
        *_resting(book),
        *notices.untold_overflow(book.notice, book.load),
        *notices.untold(book.notice, book.clock, book.department),
        *routing.doubled(book.desk),
        *unattended.problems(book.clock, book.matter, book.queue, book.load),
        *_paused(book),
        *_words(book),
        *_unnamed(book),
        *_top_tier(book),
    ]


def _sources(book: "Book") -> Iterator[str]:
    """Yield the tables whose figures come from nowhere."""
    tables = {"priority": book.priority.source, "usual": book.usual.source}
    yield from (f"{name} has no source" for name, source in tables.items() if source is None)


def _written_twice(book: "Book") -> Iterator[str]:
    """Yield the rows that write a figure of their own for what a clock promises (DI-14)."""
    rows = {rule.id: rule.row for rule in book.clock}
    kept: dict[str, list[str]] = {}
    for clock in book.clock:
        kept.setdefault(clock.row, []).append(clock.id)
    for deadline in book.deadline:
        for row in rows_of(deadline.source):
            if deadline.clock is None and row in kept:
                yield (
                    f"deadline {deadline.name} writes a time of its own, and {row} is promised by "
                    f"the clock {' or '.join(kept[row])}: name the clock"
                )
        if deadline.clock is not None and rows[deadline.clock] not in rows_of(deadline.source):
            yield (
                f"deadline {deadline.name} has the time of the clock {deadline.clock}, which is "
                f"of {rows[deadline.clock]} and not of its source"
            )
    for answer in book.answer:
        for row in rows_of(answer.source):
            if answer.value is not None and row in kept:
                yield (
                    f"answer {answer.topic} writes a figure of its own, and {row} is promised by "
                    f"the clock {' or '.join(kept[row])}: quote it"
                )


def _resting(book: "Book") -> Iterator[str]:
    """Yield the deadlines with the time of a clock that rests, for they run around the clock."""
    for deadline in book.deadline:
        clock = book.clock_rule(deadline.clock or "")
        if clock is not None and not book.calendar_of(clock.calendar).is_around_the_clock:
            yield (
                f"deadline {deadline.name} has the time of the clock {clock.id}, which rests while "
                f"its calendar {clock.calendar} is closed, and a deadline never does"
            )


def _paused(book: "Book") -> Iterator[str]:
    """Yield the clocks that rest, though their promise is kept without a pause."""
    for clock in book.clock:
        if clock.row != NEVER_PAUSED:
            continue
        if clock.pauses:
            yield f"clock {clock.id} pauses, and {NEVER_PAUSED} never does"
        if not book.calendar_of(clock.calendar).is_around_the_clock:
            yield (
                f"clock {clock.id} rests while its calendar {clock.calendar} is closed, and "
                f"{NEVER_PAUSED} never does"
            )


def _words(book: "Book") -> Iterable[str]:
    """Return the words that are wrong in the vocabulary, or that it has not."""
    if book.vocabulary is None and not book.matter:
        return []
    if book.vocabulary is None:
        return ["vocabulary is missing, and classes of matters are told by it"]
    return [
        *vocabulary.problems(book.vocabulary),
        *vocabulary.unknown(book.vocabulary, _named(book)),
    ]


def _named(book: "Book") -> Iterator[tuple[str, str, str]]:
    """Yield the free words that tables name, each with its place and what it is a word for."""
    yield from vocabulary.of_classes(book.matter)
    for category in book.returns.excluded_categories:
        yield "returns.excluded_categories", "category", category
    for exception in book.return_exception:
        yield f"return_exception {exception.category}", "category", exception.category
    for queue in book.queue:
        yield from ((f"queue {queue.name}", "skill", skill) for skill in queue.skills)
    if book.seniority is not None:
        yield "seniority", "skill", book.seniority.skill
    for clock in book.clock:
        if clock.payout is not None and clock.payout.currency is not None:
            yield f"clock {clock.id}", "currency", clock.payout.currency
        yield from ((f"clock {clock.id}", "skill", skill) for skill in clock.by_skill)


def _top_tier(book: "Book") -> Iterable[str]:
    """Return where the way of the top tier leads to a desk that may be empty."""
    words = book.vocabulary
    return top_tier.problems(
        book.matter,
        book.queue,
        book.desk,
        book.clock,
        categories=frozenset() if words is None else words.ids("category"),
        services=frozenset() if words is None else words.ids("service"),
    )


def _unnamed(book: "Book") -> Iterator[str]:
    """Yield the rows that nothing follows from, for no other row names them."""
    classes = {
        *(name for clock in book.clock for name in (*clock.when, *clock.unless)),
        *(weight.of for weight in book.weight),
        *(name for queue in book.queue for name in queue.any),
        *(name for one in book.matter for condition in one.any for name in condition.within),
    }
    yield from (
        f"matter {one.name} is named by nothing: no promise, weight or queue differs for it"
        for one in book.matter
        if one.name not in classes
    )
    calendars = {
        *(clock.calendar for clock in book.clock),
        *(notice.calendar for notice in book.notice),
        *((book.low_rating.calendar,) if book.low_rating is not None else ()),
    }
    yield from (
        f"calendar {one.name} is named by nothing: no promise or notice is kept by it"
        for one in book.calendar
        if one.name not in calendars
    )
    desks = {
        *(rung.to for clock in book.clock for rung in clock.ladder),
        *(queue.desk for queue in book.queue),
        *(department.owner for department in book.department),
        *(notice.desk for notice in book.notice),
    }
    yield from (
        f"desk {one.name} is named by nothing: it works no queue and is called for nothing"
        for one in book.desk
        if one.name not in desks
    )
