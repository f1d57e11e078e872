"""A ticket's life step by step: what it and its order were when each fact was recorded."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from domain.policies.book import Book
from domain.policies.matters import Matter
from domain.record import Record
from domain.ticket.context import Context
from domain.ticket.evolve import evolve
from domain.ticket.matter import matter_of
from domain.ticket.milestones import occurrences, of_order, seen
from domain.ticket.order import evolve_order
from domain.ticket.state import Order, Stamp, Ticket
from domain.values import Attachment
from replay.explain.telling import Books


class Moment(NamedTuple):
    """One record of a ticket with what was known when it was made."""

    record: Record
    before: Ticket | None
    """The ticket without it."""
    after: Ticket
    order: Order | None
    milestones: Mapping[str, Record]
    """Milestone → the record it comes from, as far as the ticket without this one knows."""
    attributes: Mapping[str, Record]
    """What classes are told by → the record that last changed it, in the same way."""


def moments(ticket: Sequence[Record], order: Sequence[Record]) -> Iterator[Moment]:
    """Yield the records of a ticket in their order, among those of its order.

    Both lie in one lane, so their positions say which came first.
    """
    here: Ticket | None = None
    there: Order | None = None
    milestones: dict[str, Record] = {}
    attributes: dict[str, Record] = {}
    matter: Matter | None = None
    for record in sorted((*ticket, *order), key=lambda one: one.position):
        stamp = _stamp(record)
        before, known, traits = here, dict(milestones), dict(attributes)
        if record.event.FAMILY == "order":
            told = of_order(there)
            there = evolve_order(there, record.event, stamp)
            changed = [name for name, at in of_order(there).items() if told.get(name) != at]
        else:
            here = evolve(here, record.event, stamp)
            changed = [name for name, _ in occurrences(here, record.event, stamp)]
        milestones |= dict.fromkeys(changed, record)
        if here is not None:
            still = seen(here, there)
            milestones = {name: one for name, one in milestones.items() if name in still}
            now = matter_of(here, there)
            attributes |= dict.fromkeys(_changed(matter, now), record)
            matter = now
        if record.event.FAMILY != "order":
            assert here is not None, "a ticket's fact makes a ticket"
            yield Moment(record, before, here, there, known, traits)


def order_of(facts: Sequence[Record]) -> Order | None:
    """Return an order after its facts."""
    found: Order | None = None
    for one in facts:
        found = evolve_order(found, one.event, _stamp(one))
    return found


def promised_under(moment: Moment, version: str, books: Books) -> Book | None:
    """Return the book a fact was to follow by; None when the one it names is not adopted here.

    That is the book the ticket is promised under, whichever the fact names.
    """
    named = books(version)
    if named is None or moment.before is None or moment.before.imported:
        return named
    return books(moment.before.policy) or named


def context_of(moment: Moment, book: Book) -> Context:
    """Return the context in which a fact followed, for the functions it followed by."""
    record = moment.record
    return Context(
        now=record.at,
        actor=record.actor,
        book=book,
        ticket=record.subject,
        keep=_keep_nothing,
        order=moment.order,
    )


def _stamp(record: Record) -> Stamp:
    return Stamp(record.subject, record.version, record.at, record.actor, record.imported)


def _changed(before: Matter | None, after: Matter) -> list[str]:
    if before is None:
        defaults = msgspec.structs.fields(Matter)
        return [one.name for one in defaults if getattr(after, one.name) != one.default]
    names = Matter.__struct_fields__
    return [name for name in names if getattr(before, name) != getattr(after, name)]


def _keep_nothing(_content: bytes, _media_type: str) -> Attachment:
    raise AssertionError("what is only worked out again keeps no content")
