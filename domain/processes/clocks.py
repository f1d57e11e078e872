"""What an instant of a clock means, and an order's fact to the promises on its tickets."""

from collections.abc import Callable, Sequence
from typing import Final

from domain.commands import FollowOrder, PassClock
from domain.events import LiveSessionEnded, OrderSigned
from domain.processes.keys import key_of
from domain.record import Record
from domain.values import Instant

PROCESS: Final = "clocks"
"""Part of every key; a new name would do everything a second time."""
_TELLING: Final = (LiveSessionEnded, OrderSigned)
"""Facts of an order that a promise may wait for."""


def on_clock(ticket: str, clock: str, at: Instant) -> tuple[PassClock, str]:
    """Return the command for a clock on which something is due, and its key: it acts once."""
    command = PassClock(ticket=ticket, clock=clock, at=at)
    return command, key_of(PROCESS, f"{ticket}\x1f{clock}\x1f{at}", 0)


def tells(record: Record) -> bool:
    """Return whether a record tells something that a promise may wait for."""
    return isinstance(record.event, _TELLING) and not record.imported


def follow_order(
    record: Record, tickets: Callable[[str], Sequence[str]]
) -> tuple[tuple[FollowOrder, str], ...]:
    """Return the commands, each with its key, by which an order's tickets look at its new fact.

    `tickets` finds the live tickets of an order by its id.
    """
    if not tells(record):
        return ()
    return tuple(
        (FollowOrder(ticket=ticket), key_of(PROCESS, record.envelope.id, number))
        for number, ticket in enumerate(tickets(record.subject))
    )
