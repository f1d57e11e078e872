"""Pilots as they are shown: which there are, and their arms side by side."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from threading import Lock
from typing import Any, Final
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

import msgspec

from api.models.moments import AsOf
from api.models.moments import as_of as told_as_of
from api.models.outcomes import Moment
from api.moments import last_before, resolved, told
from api.packed import in_address, pack, unpack
from api.pagination import Cursor, filters_digest, read_cursor, write_cursor
from api.problems import Problem
from api.wiring import Services
from domain import errors
from domain.ledger.application import TicketLedger
from domain.streams import parse_moment
from domain.ticket.pilots import Pilot
from domain.values import Arm, Instant
from replay.as_of import At, NoSuchMoment, Upto, heads
from replay.pilots import Compared, Comparison, Day, Figure, TooManyTickets, laid_out

TICKETS_MAX: Final = 1_000
"""So many tickets are compared in one request; the command line has no such bound."""
LATELY_MAX: Final = 4
"""So many comparisons are kept of a ledger, for the pages of their lists."""


class PilotState(StrEnum):
    """How far a pilot has come."""

    ANNOUNCED = "announced"
    RUNNING = "running"
    OVER = "over"


class PilotItem(msgspec.Struct, frozen=True):
    """A pilot that was announced."""

    pilot: str
    policy: str
    category: str | None
    """None where it is for all tickets."""
    share_bp: int
    begins_at: Instant
    ends_at: Instant
    why: str
    state: PilotState
    ended_early: bool


class PilotList(msgspec.Struct, frozen=True):
    """Every pilot, in the order of their announcement."""

    items: tuple[PilotItem, ...]


class FiguresLinks(msgspec.Struct, frozen=True):
    """The tickets behind what became of one arm in a day."""

    opened: str
    kept: str
    broken: str


class OtherwiseLinks(msgspec.Struct, frozen=True):
    """The tickets on which something would be otherwise."""

    count: str


class DayLinks(msgspec.Struct, frozen=True):
    """The tickets behind the numbers of one day."""

    piloted: FiguresLinks
    control: FiguresLinks
    otherwise: tuple[OtherwiseLinks, ...]


class TriedLinks(msgspec.Struct, frozen=True):
    """The tickets that were lived again."""

    tickets: str
    changed: str


class ComparisonLinks(msgspec.Struct, frozen=True):
    """The lists behind the numbers, each in the place of its number."""

    piloted: str
    control: str
    days: tuple[DayLinks, ...]
    tried: tuple[TriedLinks, ...]


class PilotComparison(Comparison, frozen=True, kw_only=True):
    """A pilot's two arms side by side, with the tickets behind each number."""

    links: ComparisonLinks
    """A ticket stands in a list as often as it is counted: a promise is broken, not a ticket."""
    as_of: AsOf | None = None
    """The moment of the past that was asked for."""


class CountedTicket(msgspec.Struct, frozen=True):
    """A ticket that is counted."""

    ticket: str


class CountedList(msgspec.Struct, frozen=True):
    """A page of the tickets behind a number of a comparison, by their ids."""

    items: tuple[CountedTicket, ...]
    next_cursor: str | None
    until: Instant
    """The last record that counts."""
    position: Moment


class _Lately:
    """The last few comparisons of each ledger: a list is read page by page, and lived again once.

    One of a pilot and an end of the record is always the same.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._of: WeakKeyDictionary[TicketLedger, dict[tuple[Pilot, str], Compared]] = (
            WeakKeyDictionary()
        )
        self._lock = Lock()

    def find(
        self, ledger: TicketLedger, pilot: Pilot, moment: str, work: Callable[[], Compared]
    ) -> Compared:
        """Return a comparison, worked out unless it was asked for lately."""
        key = (pilot, moment)
        with self._lock:
            found = self._of.get(ledger, {}).get(key)
        if found is None:
            found = work()
        with self._lock:
            lately = self._of.setdefault(ledger, {})
            lately.pop(key, None)
            lately[key] = found
            if len(lately) > LATELY_MAX:
                del lately[next(iter(lately))]
        return found


_LATELY: Final = _Lately()


def pilot_list(services: Services) -> PilotList:
    """Return every pilot. Blocks."""
    now = services.now()
    return PilotList(tuple(_item(one, now) for one in services.ledger.pilots()))


def pilot_item(services: Services, pilot: str) -> PilotItem:
    """Return a pilot; raise UnknownPilot. Blocks."""
    return _item(known_pilot(services, pilot), services.now())


def compared(services: Services, pilot: str, at: At | None = None) -> PilotComparison:
    """Return a pilot's arms side by side, now or as they were at a moment.

    Raises UnknownPilot, or the problem of too many tickets or of a moment. Blocks.
    """
    ends: Mapping[int, int] = heads(services.ledger)
    if at is not None:
        with told():
            ends = _ends(services, at)
    found = _laid_out(services, pilot, ends).comparison
    plain: dict[str, Any] = {name: getattr(found, name) for name in Comparison.__struct_fields__}
    links = ComparisonLinks(
        piloted=_href(found, Figure(figure="tickets", arm=Arm.PILOTED)),
        control=_href(found, Figure(figure="tickets", arm=Arm.CONTROL)),
        days=tuple(_links(found, day) for day in found.days),
        tried=tuple(
            TriedLinks(
                _href(found, Figure(figure="tried", arm=one.arm, under=one.under)),
                _href(found, Figure(figure="changed", arm=one.arm, under=one.under)),
            )
            for one in found.tried
        ),
    )
    return PilotComparison(**plain, links=links, as_of=None if at is None else told_as_of(at))


def _ends(services: Services, at: At) -> Mapping[int, int]:
    """Return the end of the record at a moment; what is compared follows from its order."""
    if at.occurred is not None:
        raise NoSuchMoment("not_by_occurred")
    return resolved(services, at).places


def counted_page(
    services: Services,
    pilot: str,
    figure: Figure,
    *,
    ends: Mapping[int, int],
    cursor: str | None,
    limit: int,
) -> CountedList:
    """Return a page of the tickets behind a number, as far as the record had come, or has now.

    The pages behind the first one are of the end that the first one was of. Raises as `compared`,
    or the problem of a cursor or of a moment. Blocks.
    """
    key = services.keys.cursor_key
    asked = {"pilot": pilot, "at": Upto(ends).moment, **msgspec.structs.asdict(figure)}
    digest = filters_digest("pilot", asked)
    after: tuple[Any, ...] = ()
    if cursor is not None:
        read = read_cursor(key, cursor, digest)
        after, ends = read.after, dict(enumerate(unpack(read.places)))
    found = _laid_out(services, pilot, ends or heads(services.ledger))
    rows = sorted(_numbered(found.behind.get(figure, ())))
    first = bisect_right(rows, after)
    page = rows[first : first + limit]
    following = None
    if len(rows) > first + limit:
        places = parse_moment(found.comparison.position)
        packed = pack([places[lane] for lane in range(len(places))])
        following = write_cursor(key, Cursor(digest, page[-1], packed))
    return CountedList(
        tuple(CountedTicket(ticket) for ticket, _ in page),
        following,
        found.comparison.until,
        found.comparison.position,
    )


def _numbered(tickets: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Yield tickets, each with the how manyeth time it is counted."""
    times: Counter[str] = Counter()
    for ticket in tickets:
        times[ticket] += 1
        yield ticket, times[ticket]


def _laid_out(services: Services, pilot: str, ends: Mapping[int, int]) -> Compared:
    known, ledger = known_pilot(services, pilot), services.ledger
    with told():
        upto = resolved(services, At(position=ends))

    def work() -> Compared:
        return laid_out(
            ledger,
            known,
            last_before=last_before(services),
            ends=upto.places,
            tickets_max=TICKETS_MAX,
        )

    try:
        with told():
            return _LATELY.find(ledger, known, upto.moment, work)
    except TooManyTickets:
        raise Problem("too_many_tickets") from None


def known_pilot(services: Services, pilot: str) -> Pilot:
    """Return a pilot that was announced; raise UnknownPilot."""
    found = next((one for one in services.ledger.pilots() if one.pilot == pilot), None)
    if found is None:
        raise errors.UnknownPilot
    return found


def _links(found: Comparison, day: Day) -> DayLinks:
    def figures(arm: Arm) -> FiguresLinks:
        names = FiguresLinks.__struct_fields__
        hrefs = [_href(found, Figure(figure=name, arm=arm, day=day.day)) for name in names]
        return FiguresLinks(*hrefs)

    return DayLinks(
        piloted=figures(Arm.PILOTED),
        control=figures(Arm.CONTROL),
        otherwise=tuple(
            OtherwiseLinks(
                _href(
                    found,
                    Figure(
                        figure="otherwise",
                        arm=one.arm,
                        day=day.day,
                        kind=one.kind,
                        subject=one.subject,
                        row=one.row,
                        change=one.change,
                    ),
                )
            )
            for one in day.otherwise
        ),
    )


def _href(found: Comparison, figure: Figure) -> str:
    """Return the address of the tickets behind a number, of the end up to which it counts."""
    query = {name: one for name, one in msgspec.structs.asdict(figure).items() if one}
    query["at_position"] = in_address(found.position)
    return f"/v1/pilots/{found.pilot}/tickets?{urlencode(query)}"


def _item(one: Pilot, now: Instant) -> PilotItem:
    state = PilotState.RUNNING if one.runs_at(now) else PilotState.OVER
    if now < min(one.begins_at, one.ends_at):
        state = PilotState.ANNOUNCED
    return PilotItem(
        pilot=one.pilot,
        policy=one.policy,
        category=one.category,
        share_bp=one.share_bp,
        begins_at=one.begins_at,
        ends_at=one.ends_at,
        why=one.why,
        state=state,
        ended_early=one.ended,
    )
