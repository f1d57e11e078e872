"""The book of rules: one dated version of everything the platform promises, proved total.

`parse` is pure: who reads the bytes, and which adopted book is in force, is decided elsewhere.
"""

import hashlib
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property, lru_cache, partial
from typing import Annotated, Any, Final, Self

from pydantic import Field, ValidationError, model_validator

from domain.policies import (
    answers,
    clauses,
    clocks,
    deadlines,
    matters,
    notices,
    priorities,
    returns,
    routing,
    soundness,
    tags,
)
from domain.policies import calendar as calendars
from domain.policies.answers import Answer, BookAnswer
from domain.policies.calendar import Calendar
from domain.policies.clauses import Clause
from domain.policies.clocks import ClockRule
from domain.policies.contacts import Contacts
from domain.policies.deadlines import DeadlineName, DeadlineRule
from domain.policies.lexicon import Lexicon
from domain.policies.matters import Matter, MatterClass
from domain.policies.notices import LowRating, Notice, Notification, Survey
from domain.policies.priorities import Level, Weight
from domain.policies.returns import ReturnException
from domain.policies.routing import Department, Desk, Load, Queue, Seniority
from domain.policies.table import LONGEST_YEARS, ROWS_STEP, Column, Days, Source, Table
from domain.policies.tags import Tag
from domain.policies.vocabulary import Vocabulary
from domain.values import (
    Awaiting,
    Instant,
    Kind,
    Money,
    Reason,
    RemedyKind,
    Sha256,
    later,
    years_later,
)

FIRST_YEAR: Final = 1
LAST_YEAR: Final = 9999
"""The years in which a zone may lead out of the calendar."""
ROW_NAMES: Final = ("id", "name", "topic", "of", "category", "priority", "to")
"""The columns by one of which a row is called."""
NO_CLOCK: Final = "SL-07"
"""The promise that has no human clock; what self-service settles names it."""


class BookError(ValueError):
    """The bytes are no book: what is wrong is said per table and row, so an editor can mend it."""

    def __init__(self, *problems: str) -> None:
        """Keep each thing that is wrong."""
        super().__init__("; ".join(problems))
        self.problems = problems


class _UnsoundError(ValueError):
    """What is wrong between the rows of a book."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class Cap(Table):
    """What one order line may be given back and given on top, over all its tickets."""

    refund_bp: int = Field(ge=0, le=10_000)
    payout_bp: int = Field(ge=0, le=10_000)
    goodwill_minor: int = Field(ge=0)
    """What agents may grant out of goodwill on one ticket, in minor units."""
    source: Source


class Limit(Table):
    """How many of something one ticket holds."""

    evidence_items: int = Field(gt=0)
    """Of one side, those the platform gathered counted in: no side fills the other's room."""
    offers: int = Field(gt=0)
    remedies: int = Field(gt=0)
    """When more are agreed or given; what an arbitrator awards is not refused for it."""
    links: int = Field(gt=0)
    content_bytes: int = Field(default=52_428_800, gt=0, le=52_428_800)
    """Of one file; more no vault takes. For books that name none, as for the two below."""
    evidence_bytes: int = Field(default=524_288_000, gt=0)
    """Of all files of one side, those the platform gathered counted in."""
    certificates: int = Field(default=20, gt=0)
    """That come with one order; they take no room from the sides."""
    browsing: int = Field(default=200, gt=0)
    """Looks at pages that are kept with one order."""
    source: Source


class Returns(Table):
    """Until when what may go back."""

    no_reason_days: Days = Field(ge=0)
    quality_days: Days = Field(ge=0)
    excluded_categories: tuple[str, ...]
    source: Source


class Retention(Table):
    """How long what is personal is kept after a matter's end, whoever wants it erased."""

    transaction_years: int = Field(default=3, ge=3, le=LONGEST_YEARS)
    """Of a matter about an order; the law asks for three years at least."""
    other_days: Days = Field(default=180, ge=0)
    source: Source = "E-Commerce Law of the PRC, article 31"


class Book(Table):
    """One dated version of the rules; every lookup is total, so a judgement never guesses."""

    version: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]
    in_force_from: datetime
    priority: Column[Kind, Annotated[int, Field(ge=1, le=4)]]
    deadline: tuple[DeadlineRule, ...]
    cap: Cap
    limit: Limit
    usual: Column[Reason, RemedyKind]
    returns: Returns
    clause: tuple[Clause, ...]
    digest: Sha256
    retention: Retention = Retention()
    """The law's own figures, for books that were adopted before they stood in one."""

    # What follows joined the form later: a book without it promises nothing of the kind, and a
    # book that was adopted then goes on to be read as it was meant.
    calendar: tuple[Calendar, ...] = ()
    tag: tuple[Tag, ...] = ()
    lexicon: Lexicon | None = None
    answer: tuple[Answer, ...] = ()
    return_exception: tuple[ReturnException, ...] = ()
    matter: tuple[MatterClass, ...] = ()
    clock: tuple[ClockRule, ...] = ()
    weight: tuple[Weight, ...] = ()
    level: tuple[Level, ...] = ()
    desk: tuple[Desk, ...] = ()
    queue: tuple[Queue, ...] = ()
    department: tuple[Department, ...] = ()
    load: Load | None = None
    seniority: Seniority | None = None
    contacts: Contacts | None = None
    notice: tuple[Notice, ...] = ()
    notification: Notification | None = None
    survey: Survey | None = None
    low_rating: LowRating | None = None
    vocabulary: Vocabulary | None = None

    @model_validator(mode="after")
    def _is_total(self) -> "Book":
        """Refuse a book with a gap or an overlap."""
        problems = [
            *deadlines.problems(self.deadline, self.times),
            *(f"priority of {kind} is missing" for kind in Kind if kind not in self.priority),
            *(
                f"usual remedy of {reason} is missing"
                for reason in Reason
                if reason not in self.usual
            ),
            *clauses.problems(self.clause, self),
            *self._subjects(),
        ]
        if self.in_force_from.tzinfo is None:
            problems.append("in_force_from has no zone")
        elif not FIRST_YEAR < self.in_force_from.year < LAST_YEAR:
            problems.append(
                f"in_force_from is in the year {self.in_force_from.year}, where the calendar ends "
                "and no time can be counted: write one in between"
            )
        if problems:
            raise _UnsoundError(problems)
        return self

    def _subjects(self) -> Iterable[str]:
        """Return what is wrong within a subject, or between two."""
        classes = frozenset(one.name for one in self.matter)
        yield from tags.problems(self.tag)
        yield from answers.problems(self.answer, self)
        yield from returns.problems(
            self.return_exception,
            excluded=self.returns.excluded_categories,
            clauses=frozenset(one.id for one in self.clause),
        )
        rows = {rule.row for rule in self.clock} | {NO_CLOCK}
        yield from (
            f"tag {tag.id} names {tag.clock}, which no clock keeps"
            for tag in self.tag
            if tag.clock not in rows
        )
        yield from calendars.problems(self.calendar)
        yield from notices.problems(
            self.notice,
            self.notification,
            self.survey,
            self.low_rating,
            calendars=frozenset(one.name for one in self.calendar),
            desks=self.desk,
            departments=self.department,
            clocks=self.clock,
        )
        yield from matters.problems(self.matter, tags=frozenset(one.id for one in self.tag))
        yield from clocks.problems(
            self.clock,
            classes=classes,
            calendars=frozenset(one.name for one in self.calendar),
            desks=frozenset(one.name for one in self.desk),
            queues=frozenset(one.name for one in self.queue),
            departments=frozenset(one.name for one in self.department),
            skills=frozenset(skill for one in self.queue for skill in one.skills),
        )
        yield from clocks.beyond(self.clock, self._calendars)
        yield from priorities.problems(self.weight, self.level, classes=classes)
        yield from routing.problems(
            self.desk,
            self.queue,
            self.department,
            self.load,
            self.seniority,
            classes=classes,
        )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy whose answers are worked out anew, not with this one's rows."""
        del deep  # nothing in a table can be changed, so there is nothing to copy deeply
        rows = {name: getattr(self, name) for name in type(self).model_fields}
        return self.model_construct(self.model_fields_set, **{**rows, **(update or {})})

    def classes_of(self, matter: Matter) -> frozenset[str]:
        """Return the classes a matter is in."""
        return self._classed(matter)

    @cached_property
    def _classed(self) -> Callable[[Matter], frozenset[str]]:
        # Every step behind a decision asks for the classes of what is mostly the same matter.
        return lru_cache(maxsize=1_024)(partial(matters.classes_of, classes=self.matter))

    def promises_to(self, classes: frozenset[str]) -> tuple[ClockRule, ...]:
        """Return the promises that are made for matters of these classes."""
        return self._promised(classes)

    @cached_property
    def _promised(self) -> Callable[[frozenset[str]], tuple[ClockRule, ...]]:
        return lru_cache(maxsize=1_024)(
            lambda classes: tuple(rule for rule in self.clock if rule.is_made_to(classes))
        )

    def clock_rule(self, rule: str) -> ClockRule | None:
        """Return a promise by its id; None when the book makes no such promise."""
        return self._clocks.get(rule)

    def calendar_of(self, name: str) -> Calendar:
        """Return a calendar that the book names."""
        return self._calendars[name]

    @cached_property
    def times(self) -> Mapping[str, timedelta]:
        """Return the promised times by the ids of their clocks."""
        return {rule.id: rule.within for rule in self.clock}

    @cached_property
    def answers(self) -> tuple[BookAnswer, ...]:
        """Return what the book answers, with its own figures."""
        return answers.resolved(self.answer, self)

    @cached_property
    def _calendars(self) -> dict[str, Calendar]:
        return {one.name: one for one in self.calendar}

    @cached_property
    def _clocks(self) -> dict[str, ClockRule]:
        return {rule.id: rule for rule in self.clock}

    def due(self, name: DeadlineName, since: Instant) -> Instant:
        """Return when a deadline that starts at `since` is due."""
        return later(since, self.within(name))

    def within(self, name: DeadlineName) -> timedelta:
        """Return how long a deadline gives, by itself or by the promise it follows."""
        return deadlines.timed(self.deadline_rule(name), self.times)

    def awaits(self, name: DeadlineName) -> Awaiting:
        """Return whose turn it is while a deadline runs."""
        return self.deadline_rule(name).awaits

    def deadline_rule(self, name: DeadlineName) -> DeadlineRule:
        """Return the row of a deadline."""
        return next(rule for rule in self.deadline if rule.name == name)

    @cached_property
    def clauses(self) -> tuple[Clause, ...]:
        """Return the clauses in words that can be read out."""
        return tuple(clauses.resolved(one, self) for one in self.clause)

    def clause_of(self, clause: str) -> Clause | None:
        """Return a clause in words that can be read out; None when the book has none such."""
        return next((one for one in self.clauses if one.id == clause), None)

    def has_clause(self, clause: str) -> bool:
        """Return whether a clause of this id stands in the book."""
        return any(one.id == clause for one in self.clause)

    def refund_cap(self, paid: Money) -> Money:
        """Return what refunds of a line may come to, all its tickets together."""
        return Money(paid.amount_minor * self.cap.refund_bp // 10_000, paid.currency)

    def payout_cap(self, paid: Money) -> Money:
        """Return what may be paid or given on top of a line's price, all its tickets together."""
        return Money(paid.amount_minor * self.cap.payout_bp // 10_000, paid.currency)

    def kept_until(self, ended: Instant, *, transaction: bool) -> Instant:
        """Return when what is personal on a matter may be erased, counted from its end."""
        if transaction:
            return years_later(ended, self.retention.transaction_years)
        return later(ended, timedelta(days=self.retention.other_days))


def join(parts: Iterable[bytes]) -> bytes:
    """Return one document made of a book's files; the one with its version comes first."""
    return b"\n".join(parts)


def require_adoptable(book: Book) -> Book:
    """Return a book that is to be adopted; raise BookError for what no book to come may be like.

    Books that were adopted before this was asked are read as they are.
    """
    problems = soundness.problems(book)
    if problems:
        raise BookError(*problems)
    return book


@lru_cache(maxsize=8)
def parse(content: bytes) -> Book:
    """Return the book that TOML bytes hold; raise BookError naming every place that is wrong."""
    try:
        table = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:  # beside TOML errors: digits or nests no end
        raise BookError(f"not TOML: {error}") from error
    return of_tables(table, Sha256(hashlib.sha256(content).hexdigest()))


def of_tables(tables: Mapping[str, Any], digest: Sha256) -> Book:
    """Return the book of its tables; raise BookError naming table, row and reason of each fault."""
    try:
        return Book.model_validate({**tables, "digest": digest})
    except ValidationError as error:
        raise BookError(*_told(error, tables)) from error


def _told(error: ValidationError, tables: Mapping[str, Any]) -> Iterable[str]:
    for one in error.errors(include_input=False, include_url=False):
        inner = one.get("ctx", {}).get("error")
        if isinstance(inner, _UnsoundError):
            yield from inner.problems
            continue
        steps = [str(step) for step in one["loc"] if step != ROWS_STEP]
        place = ".".join(steps) or "book"
        row = _row(one["loc"], tables)
        yield f"{place}{f' of {row}' if row else ''}: {one['msg']}"


def _row(place: Sequence[str | int], tables: Mapping[str, Any]) -> str:
    """Return the names of the rows a place lies in, as an editor knows them."""
    found: list[str] = []
    inside: Any = tables
    for step in place:
        try:
            inside = inside[step]
        except (LookupError, TypeError):
            break
        if isinstance(step, int) and isinstance(inside, dict):
            found += [str(inside[name]) for name in ROW_NAMES if name in inside][:1]
    return ".".join(found)
