"""Where two histories of a ticket differ, and what the differences of many tickets come to.

What is added up of parts and what is added up of the whole is the same, so matters may be gone
through anywhere and in any order.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeVar

import msgspec

from domain.streams import position_text, ticket_lane
from domain.values import Instant, Money
from replay.what_if.lives import Life, Made
from replay.what_if.refusing import called
from replay.what_if.telling import BROKEN, Kind, Row, tell

_LISTED_IN_ORDER: Final = tuple(Kind)
K = TypeVar("K")


class Place(msgspec.Struct, frozen=True):
    """An event on record."""

    position: str
    version: int


class Difference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing on a ticket that is otherwise under the other book."""

    ticket: str
    kind: Kind
    subject: str
    """The promise, the deadline, the command … it is about."""
    row: str = ""
    """The promise in the rulebook, where it is of one."""
    number: int = 1
    """The how manyeth of its kind and subject on the ticket."""
    about: str = ""
    """Of what is refused: which ruling, offer, remedy or item it is."""
    figures: Mapping[str, str | int] = {}
    """Of what is refused: what the refusal names, and what of the deed it is held against."""
    before: str | None = None
    """On record; None for what is not."""
    after: str | None = None
    amount_before: Money | None = None
    amount_after: Money | None = None
    at: Instant
    """When it arises: on record, or where it is not there, under the other book."""
    event: Place | None = None
    """What the record says; None for what it does not."""
    by: str
    """The place in the record at, or before, which it follows under the other book."""
    book_before: str
    book_after: str

    @property
    def change(self) -> str:
        """Return in a few words what changes."""
        if self.kind in {Kind.DUE, Kind.AMOUNT, Kind.DIAGNOSIS, Kind.NOTICE}:
            return _direction(self)
        if self.kind is Kind.REFUSED:
            return self.after or ""
        return f"{self.before or '-'} -> {self.after or '-'}"


class Counted(msgspec.Struct, frozen=True, order=True):
    """What is counted together."""

    kind: str
    subject: str
    row: str
    change: str


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What the differences of some tickets come to."""

    tickets: int = 0
    """That were gone through."""
    changed: int = 0
    imported: int = 0
    """Tickets of another system's history: nothing follows on them under any book."""
    headless: int = 0
    """Tickets whose beginning is not in what was given."""
    counts: Mapping[Counted, int] = {}
    owed_before: Mapping[str, int] = {}
    """By currency, in minor units: what breaches cost on record."""
    owed_after: Mapping[str, int] = {}
    by_day: Mapping[tuple[str, str], int] = {}
    """By day (UTC) and kind."""
    early: int = 0
    """Tickets that were opened before the other book begins to be in force."""

    def of(self, *kinds: Kind) -> int:
        """Return how many differences are of these kinds."""
        return sum(number for one, number in self.counts.items() if one.kind in kinds)


class Found(msgspec.Struct, frozen=True):
    """What was found of some matters."""

    totals: Totals = Totals()
    differences: tuple[Difference, ...] = ()


def merge(first: Found, second: Found) -> Found:
    """Return what was found of both; whatever is put together first, the sum is the same."""
    a, b = first.totals, second.totals
    return Found(
        Totals(
            tickets=a.tickets + b.tickets,
            changed=a.changed + b.changed,
            imported=a.imported + b.imported,
            headless=a.headless + b.headless,
            early=a.early + b.early,
            counts=_sum(a.counts, b.counts),
            owed_before=_sum(a.owed_before, b.owed_before),
            owed_after=_sum(a.owed_after, b.owed_after),
            by_day=_sum(a.by_day, b.by_day),
        ),
        (*first.differences, *second.differences),
    )


def counted(life: Life, differences: Iterable[Difference]) -> Totals:
    """Return what the differences of one ticket come to."""
    found = tuple(differences)
    counts: dict[Counted, int] = {}
    days: dict[tuple[str, str], int] = {}
    for one in found:
        of = Counted(one.kind.value, general(one.subject), one.row, one.change)
        counts[of] = counts.get(of, 0) + 1
        day = (one.at[:10], one.kind.value)
        days[day] = days.get(day, 0) + 1
    return Totals(
        tickets=1,
        changed=bool(found),
        counts=counts,
        by_day=days,
        owed_before=_owed(life.record),
        owed_after=_owed(life.otherwise),
    )


def differences(life: Life) -> Iterator[Difference]:
    """Yield where a ticket's two histories differ: kind by kind, in the order of the tables."""
    before, after = tell(life.record), tell(life.otherwise)
    keys = sorted({*before, *after}, key=lambda one: (_LISTED_IN_ORDER.index(one.kind), one[1:]))
    for key in keys:
        old, new = before.get(key), after.get(key)
        if not _differ(key.kind, old, new):
            continue
        first = old or new
        assert first is not None, "a key is of one of the two tables"
        yield Difference(
            ticket=life.ticket,
            kind=key.kind,
            subject=key.subject,
            row=(old or first).row,
            number=key.number,
            before=None if old is None else old.value,
            after=None if new is None else new.value,
            amount_before=None if old is None else old.amount,
            amount_after=None if new is None else new.amount,
            at=first.by.at,
            event=None if old is None else _place(life, old.by),
            by=_position(life, (new or first).by.place),
            book_before=life.own_book.version,
            book_after=life.book.version,
        )
    for turned in life.turned:
        if turned.before != turned.after:
            yield Difference(
                ticket=life.ticket,
                kind=Kind(turned.what),
                subject="",
                before=turned.before,
                after=turned.after,
                at=turned.at,
                event=None if turned.fact is None else _place(life, turned.fact),
                by=_position(life, turned.place),
                book_before=life.own_book.version,
                book_after=life.book.version,
            )
    for refused in life.refused:
        yield Difference(
            ticket=life.ticket,
            kind=Kind.REFUSED,
            subject=refused.what,
            before="accepted",
            after=refused.code,
            about=called(refused.fact.event),
            figures=refused.figures,
            at=refused.at,
            event=_place(life, refused.fact),
            by=_position(life, refused.place),
            book_before=life.own_book.version,
            book_after=life.book.version,
        )


def _differ(kind: Kind, old: Row | None, new: Row | None) -> bool:
    values = (None if old is None else old.value, None if new is None else new.value)
    if values[0] == values[1]:
        return False
    if kind is Kind.BREACH:
        return BROKEN in values
    if kind is Kind.LATE:
        return "late" in values
    return True


def _direction(one: Difference) -> str:
    if one.before is None:
        return "new"
    if one.after is None:
        return "gone"
    before, after = (text.partition(" by ")[0] for text in (one.before, one.after))
    if one.kind in {Kind.DUE, Kind.NOTICE} and before != after:
        return "later" if after > before else "sooner"
    return "changed"


def general(subject: str) -> str:
    """Return what a subject is counted as: of whichever offer, item or remedy it is."""
    name, _, about = subject.partition(":")
    if name in {"deadline offer", "deadline remedy"}:
        return name
    about, rung, number = about.partition("/")
    if about[:1] in {"R", "D"} and about[1:].isdigit():
        return f"{name}{rung}{number}"
    if subject[:6] == "offer " or (subject[:1] == "E" and subject[1:].isdigit()):
        return "offer" if subject[:6] == "offer " else "evidence"
    return subject


def _owed(facts: Iterable[Made]) -> dict[str, int]:
    found: dict[str, int] = {}
    for key, row in tell(facts).items():
        if key.kind is Kind.AMOUNT and row.amount is not None:
            currency = row.amount.currency
            found[currency] = found.get(currency, 0) + row.amount.amount_minor
    return found


def _place(life: Life, one: Made) -> Place:
    assert one.version is not None, "what is on record has a version"
    return Place(_position(life, one.place), one.version)


def _position(life: Life, place: int) -> str:
    return position_text(ticket_lane(life.ticket), place)


def _sum(a: Mapping[K, int], b: Mapping[K, int]) -> dict[K, int]:
    return {key: a.get(key, 0) + b.get(key, 0) for key in (*a, *(one for one in b if one not in a))}
