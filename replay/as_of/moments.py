"""Which records count at a moment that somebody asks for; what they add up to is elsewhere.

There are two kinds of time. By what the ledger knew: a version, a position of each lane, or an
instant, which stands for the longest beginning of each lane with nothing recorded after it. And by
what was true: everything that had occurred by an instant, whenever it was recorded.
"""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import msgspec

from domain.ledger.recorder import Recorder
from domain.streams import position_text
from domain.values import Instant
from replay.as_of.reading import LOOK, place_by

LastBefore = Callable[[int, Instant], int]
"""(lane, instant) → a position up to which everything was recorded by then; 0 is always true.

Where None can stand in its place, that means: the view of instants lies in the record's own
database, and is read in one statement with it.
"""
HasOccurred = Callable[[Instant], bool]
"""(instant) → whether anything that another system told had occurred by then."""


class Recorded(Protocol):
    """A ledger whose record is read: a TicketLedger is one."""

    @property
    def origins(self) -> tuple[str, ...]:
        """Return the name of every lane's log."""
        ...

    @property
    def lanes(self) -> int:
        """Return the number of lanes."""
        ...

    @property
    def record(self) -> Recorder:
        """Return the record."""
        ...

    def position(self, lane: int) -> int:
        """Return a lane's last position."""
        ...


class At(msgspec.Struct, frozen=True, omit_defaults=True):
    """A moment as it is asked for: exactly one of these."""

    version: int | None = None
    position: Mapping[int, int] | None = None
    time: Instant | None = None
    """By what was recorded."""
    occurred: Instant | None = None
    """By what had occurred."""


class Upto(msgspec.Struct, frozen=True):
    """The records that count: of each lane those up to a position, and of those what occurred."""

    places: Mapping[int, int]
    occurred: Instant | None = None

    @property
    def moment(self) -> str:
        """Return the places as the world outside writes them."""
        return ",".join(position_text(lane, at) for lane, at in sorted(self.places.items()))


class NoSuchMoment(Exception):  # noqa: N818 - an answer, named as one
    """There is nothing to be seen at the moment that was asked for; `code` says why."""

    def __init__(self, code: str) -> None:
        """Keep the code, one of MEANINGS."""
        super().__init__(MEANINGS[code])
        self.code = code


MEANINGS: Final[Mapping[str, str]] = {
    "position_unknown": "The record has not come to this position: no answer ever named it.",
    "lane_missing": "A moment of everything names a place of every lane.",
    "before_the_beginning": "Nothing is on record of this instant: all of it is later.",
    "instant_ahead": "This instant lies ahead; what will have happened by then is not known.",
    "version_unknown": "The ticket has not come to this version.",
    "not_yet_opened": "The ticket was opened after this moment.",
    "not_by_occurred": "What was decided follows from the order of the record, so ask by at_time; "
    "the ticket, its progress-board, its case-file and the queue tell what had occurred.",
    "not_in_this_order": "The view can not be folded in the order in which things occurred.",
    "too_many_tickets": "So many tickets have to be read one by one that this takes too long here, "
    "as those of which something was recorded in another order than it occurred in; the command "
    "line (ticketledger replay, ticketledger stats --as-of) has no such bound.",
}
"""What each code says to a person."""


def heads(ledger: Recorded) -> dict[int, int]:
    """Return the last position of every lane."""
    return {lane: ledger.position(lane) for lane in range(ledger.lanes)}


def resolve(
    ledger: Recorded,
    at: At,
    now: Instant,
    last_before: LastBefore | None,
    has_occurred: HasOccurred,
) -> Upto:
    """Return what counts over all lanes at a moment; raise NoSuchMoment.

    Whatever was not told by another system occurred when it was recorded.
    """
    if at.position is not None:
        if len(at.position) < ledger.lanes:
            raise NoSuchMoment("lane_missing")
        return Upto(_known(ledger, at.position))
    asked = at.time or at.occurred
    assert asked is not None, "a version is of one stream, not of everything"
    if asked > now:
        raise NoSuchMoment("instant_ahead")
    found = {lane: last_recorded(ledger, lane, asked, last_before) for lane in range(ledger.lanes)}
    if not any(found.values()) and (at.occurred is None or not has_occurred(at.occurred)):
        raise NoSuchMoment("before_the_beginning")
    return Upto(found) if at.occurred is None else Upto(heads(ledger), at.occurred)


def last_recorded(ledger: Recorded, lane: int, at: Instant, last_before: LastBefore | None) -> int:
    """Return the end of a lane's longest beginning with nothing recorded after an instant."""
    return recorded_by(ledger.record, lane, at, begin(lane, at, last_before))


def recorded_by(record: Recorder, lane: int, at: Instant, after: int | None) -> int:
    """Return the same, looked for behind a position, or behind what the view beside it says."""
    while True:
        place = place_by(record, lane, at, after)
        if place.reached is not None:
            return place.reached
        after = place.after + LOOK


def begin(lane: int, at: Instant, last_before: LastBefore | None) -> int | None:
    """Return behind which position is looked; None when the view beside the record says it."""
    return None if last_before is None else last_before(lane, at)


def _known(ledger: Recorded, places: Mapping[int, int]) -> Mapping[int, int]:
    for lane, position in places.items():
        if lane >= ledger.lanes or position > ledger.position(lane):
            raise NoSuchMoment("position_unknown")
    return places
