"""The book of rules: one dated version of everything the platform promises, proved total.

`parse` is pure: who reads the bytes, and which adopted book is in force, is decided elsewhere.
"""

import hashlib
import tomllib
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

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

DeadlineName = Literal[
    "acceptance",
    "answer",
    "merchant_review",
    "negotiation",
    "offer",
    "intervention",
    "assignment",
    "evidence",
    "ruling",
    "appeal",
    "appeal_ruling",
    "closing",
    "reopening",
    "refund",
    "return",
    "return_inspection",
    "exchange",
    "repair",
    "reshipment",
    "compensation",
    "coupon",
]
DEADLINES: Final[frozenset[str]] = frozenset(DeadlineName.__args__)  # type: ignore[attr-defined]  # Literal keeps its members there


class BookError(ValueError):
    """The bytes are no book: what is wrong is said per place, so an editor can mend it."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DeadlineRule(_Table):
    """How long somebody has, and whose turn it is meanwhile."""

    name: DeadlineName
    within: timedelta = Field(gt=timedelta(0))
    awaits: Awaiting
    source: str


class Cap(_Table):
    """What one order line may be given back and given on top, over all its tickets."""

    refund_bp: int = Field(ge=0, le=10_000)
    payout_bp: int = Field(ge=0, le=10_000)
    goodwill_minor: int = Field(ge=0)
    """What agents may grant out of goodwill on one ticket, in minor units."""
    source: str


class Limit(_Table):
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
    source: str


class Returns(_Table):
    """Until when what may go back."""

    no_reason_days: int = Field(ge=0)
    quality_days: int = Field(ge=0)
    excluded_categories: tuple[str, ...]
    source: str


class Retention(_Table):
    """How long what is personal is kept after a matter's end, whoever wants it erased."""

    transaction_years: int = Field(default=3, ge=3)
    """Of a matter about an order; the law asks for three years at least."""
    other_days: int = Field(default=180, ge=0)
    source: str = "E-Commerce Law of the PRC, article 31"


class Clause(_Table):
    """One sentence a decision can rest on, in both languages."""

    id: str = Field(pattern=r"^[a-z_]+\.[a-z_]+$")
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)
    legal_base: str | None = None


class Book(_Table):
    """One dated version of the rules; every lookup is total, so a judgement never guesses."""

    version: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]
    in_force_from: datetime
    priority: dict[Kind, Annotated[int, Field(ge=1, le=4)]]
    deadline: tuple[DeadlineRule, ...]
    cap: Cap
    limit: Limit
    usual: dict[Reason, RemedyKind]
    returns: Returns
    clause: tuple[Clause, ...]
    digest: Sha256
    retention: Retention = Retention()
    """The law's own figures, for books that were adopted before they stood in one."""

    @model_validator(mode="after")
    def _is_total(self) -> "Book":
        """Refuse a book with a gap or an overlap."""
        names = [rule.name for rule in self.deadline]
        clauses = [clause.id for clause in self.clause]
        problems = [
            *(f"deadline {name} is missing" for name in sorted(DEADLINES - set(names))),
            *(
                f"deadline {name} stands twice"
                for name in sorted(set(names))
                if names.count(name) > 1
            ),
            *(f"priority of {kind} is missing" for kind in Kind if kind not in self.priority),
            *(
                f"usual remedy of {reason} is missing"
                for reason in Reason
                if reason not in self.usual
            ),
            *(
                f"clause {one} stands twice"
                for one in sorted(set(clauses))
                if clauses.count(one) > 1
            ),
        ]
        if self.in_force_from.tzinfo is None:
            problems.append("in_force_from has no zone")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def due(self, name: DeadlineName, since: Instant) -> Instant:
        """Return when a deadline that starts at `since` is due."""
        return later(since, self._rule(name).within)

    def awaits(self, name: DeadlineName) -> Awaiting:
        """Return whose turn it is while a deadline runs."""
        return self._rule(name).awaits

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

    def _rule(self, name: DeadlineName) -> DeadlineRule:
        return next(rule for rule in self.deadline if rule.name == name)


def parse(content: bytes) -> Book:
    """Return the book that TOML bytes hold; raise BookError naming every place that is wrong."""
    try:
        table = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BookError(f"not TOML: {error}") from error
    try:
        return Book.model_validate({**table, "digest": hashlib.sha256(content).hexdigest()})
    except ValidationError as error:
        places = (
            f"{'.'.join(str(step) for step in one['loc']) or 'book'}: {one['msg']}"
            for one in error.errors(include_input=False, include_url=False)
        )
        raise BookError("; ".join(places)) from error
