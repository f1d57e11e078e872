"""Judging pilots: what may be tried when, and under which book a ticket in a pilot is opened."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from domain import errors
from domain.commands import AnnouncePilot, EndPilot, OpenTicket
from domain.events import ArmDrawn, PilotAnnounced, PilotEnded
from domain.policies.book import Book
from domain.ticket.adoption import NOTICE
from domain.ticket.context import Context
from domain.ticket.diagnosing import by_words
from domain.ticket.guards import require_role
from domain.ticket.pilots import Pilot, arm_of, drawn_bp, pilot_of
from domain.ticket.state import Order
from domain.values import BASIS_POINTS, ActorKind, Arm, Instant, instant, later, moment_of

Pilots = tuple[Pilot, ...]
LASTS_MAX: Final = timedelta(days=366)
"""A book that is good for longer is adopted for all."""


def decide_pilot(
    command: AnnouncePilot | EndPilot,
    pilots: Pilots | None,
    context: Context,
    in_force: Callable[[Instant], Book],
) -> tuple[PilotAnnounced | PilotEnded, ...]:
    """Return that a pilot will run or ends; nothing for what is on record already."""
    require_role(context, ActorKind.ADMIN)
    known = {one.pilot: one for one in pilots or ()}
    if isinstance(command, EndPilot):
        return _ended(command, known.get(command.pilot), context.now)
    asked = Pilot(
        pilot=command.pilot,
        policy=command.policy,
        begins_at=command.begins_at,
        ends_at=command.ends_at,
        share_bp=command.share_bp,
        why=command.why,
        category=command.category,
    )
    if asked.pilot in known:
        if known[asked.pilot] != asked:
            raise errors.PilotKnownOtherwise
        return ()
    _require_figures(asked, context.now)
    _require_another_book(asked, context, in_force)
    for one in known.values():
        if one.meets(asked):
            raise errors.PilotOverlaps(pilot=one.pilot)
    return (
        PilotAnnounced(
            pilot=asked.pilot,
            policy=asked.policy,
            begins_at=asked.begins_at,
            ends_at=asked.ends_at,
            share_bp=asked.share_bp,
            why=asked.why,
            category=asked.category,
        ),
    )


def _ended(command: EndPilot, pilot: Pilot | None, now: Instant) -> tuple[PilotEnded, ...]:
    """Return that a pilot ends as soon as every process can know it; what is over is over."""
    if pilot is None:
        raise errors.UnknownPilot
    ends_at = later(now, NOTICE)
    if pilot.ended or pilot.ends_at <= ends_at:
        return ()
    return (PilotEnded(pilot=command.pilot, ends_at=ends_at, why=command.why),)


def _require_figures(asked: Pilot, now: Instant) -> None:
    """Let pass what can be: a share of the whole, a time to come that is not endless."""
    if not 0 <= asked.share_bp <= BASIS_POINTS:
        raise errors.Unreasonable("A share is from 0 to 10,000 basis points.")
    earliest = later(now, NOTICE)
    if asked.begins_at < earliest:
        raise errors.PilotNotAhead(earliest=earliest)
    if asked.ends_at <= asked.begins_at:
        raise errors.Unreasonable("A pilot ends after it begins.")
    if moment_of(asked.ends_at) - moment_of(asked.begins_at) > LASTS_MAX:
        raise errors.Unreasonable("A pilot lasts at most 366 days.")


def _require_another_book(
    asked: Pilot, context: Context, in_force: Callable[[Instant], Book]
) -> None:
    """Let an adopted book pass that is not what all tickets of that time are opened under."""
    book = context.books(asked.policy)
    if book is None:
        raise errors.UnknownBook
    begins = instant(book.in_force_from)
    inside = asked.begins_at < begins < asked.ends_at
    if inside or in_force(asked.begins_at).version == asked.policy:
        raise errors.BookInForce(in_force_from=begins)


def evolve_pilots(pilots: Pilots | None, event: PilotAnnounced | PilotEnded) -> Pilots:
    """Return the pilots after one more fact, in the order of their announcement."""
    known = pilots or ()
    if isinstance(event, PilotEnded):
        return tuple(
            replace(one, ends_at=event.ends_at, ended=True) if one.pilot == event.pilot else one
            for one in known
        )
    said = Pilot(
        pilot=event.pilot,
        policy=event.policy,
        begins_at=event.begins_at,
        ends_at=event.ends_at,
        share_bp=event.share_bp,
        why=event.why,
        category=event.category,
    )
    return (*known, said)


def in_pilot(command: OpenTicket, context: Context) -> Context:
    """Return the context in which a ticket is opened: of its arm, where it falls in a pilot."""
    if context.imported:
        return context
    pilot = pilot_of(context.pilots, context.now, _category(command, context.order))
    book = None if pilot is None else context.books(pilot.policy)
    if pilot is None or book is None:
        return context
    drawn = drawn_bp(pilot.pilot, context.ticket)
    arm = arm_of(pilot, drawn)
    control = context.book
    own, other = (book, control) if arm is Arm.PILOTED else (control, book)
    told = ArmDrawn(
        pilot=pilot.pilot,
        arm=arm,
        drawn_bp=drawn,
        share_bp=pilot.share_bp,
        policy=own.version,
        other=other.version,
    )
    if own is control:
        return replace(context, arm=told)
    return replace(context, book=own, diagnose=by_words(own), arm=told)


def _category(command: OpenTicket, order: Order | None) -> str | None:
    """Return the category of the goods; None where the opening will be refused, or has no order."""
    if order is None or command.order is None:
        return None
    if command.line is not None:
        line = order.lines.get(command.line)
    else:
        line = next(iter(order.lines.values())) if len(order.lines) == 1 else None
    return None if line is None else line.category
