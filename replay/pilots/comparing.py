"""A pilot's arms compared: each as it was, and under the book of the other one."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from msgspec.structs import replace

from domain.events import PilotAnnounced
from domain.ledger.application import TicketLedger
from domain.streams import order_stream, stream_lane
from domain.ticket.pilots import PILOTS_STREAM, Pilot
from domain.values import Arm, Instant
from replay.as_of.moments import LastBefore, NoSuchMoment
from replay.pilots.figures import Compared, Comparison, Figure, Tried
from replay.pilots.members import BATCH, Member, drawn_in, members
from replay.pilots.tally import Tally
from replay.what_if import Found, History, Totals, Trial, Trying, Window, merge, over_ledger
from replay.what_if.lives import books_under

Progress = Callable[[int, int], None]
Group = tuple[Arm, str]
"""An arm, and the version of the other arm's book."""
Matter = tuple[int, tuple[str, ...]]
"""A lane, and the streams of a matter in it."""


class TooManyTickets(Exception):  # noqa: N818 - an answer, named as one
    """A pilot has more tickets than are compared here."""


def laid_out(
    ledger: TicketLedger,
    pilot: Pilot,
    *,
    last_before: LastBefore,
    ends: Mapping[int, int] | None = None,
    tickets_max: int | None = None,
    progress: Progress = lambda _done, _all: None,
) -> Compared:
    """Return a pilot's arms side by side with the tickets behind each number; of one end of the
    record always the same.

    `last_before` says where the record stood before the pilot: what lies earlier is not read.
    Without `ends`, a position of each lane, all that is on record counts. Raises NoSuchMoment where
    the pilot was announced behind them.
    """
    history = History(ledger, ends)
    if ends is not None and not _is_announced(ledger, history, pilot):
        raise NoSuchMoment("before_the_beginning")
    until = history.until()
    tally = Tally(pilot)
    groups: dict[Group, list[Member]] = {}
    named: dict[Group, set[str]] = {}
    drawn = drawn_in(ledger, history, pilot, last_before)
    counted = list(drawn if tickets_max is None else islice(drawn, tickets_max + 1))
    if tickets_max is not None and len(counted) > tickets_max:
        raise TooManyTickets
    for member in members(history, counted):
        tally.take(member)
        kept, group = replace(member, records=()), (member.drawn.arm, member.drawn.other)
        groups.setdefault(group, []).append(kept)
        named.setdefault(group, set()).update(books_under(member.records))
    trials = _Trials(ledger, history, until, tally, progress)
    tried = tuple(trials.of_all(groups, named))
    for (arm, _), those in groups.items():
        tally.behind[Figure(figure="tickets", arm=arm)] += [one.ticket for one in those]
    comparison = Comparison(
        pilot=pilot.pilot,
        policy=pilot.policy,
        until=until,
        position=history.moment,
        piloted=len(tally.behind[Figure(figure="tickets", arm=Arm.PILOTED)]),
        control=len(tally.behind[Figure(figure="tickets", arm=Arm.CONTROL)]),
        days=tuple(tally.days(until)),
        tried=tried,
    )
    return Compared(comparison, dict(tally.behind))


class _Trials(NamedTuple):
    """Lives tickets again under the book of the other arm, and adds the differences up by day."""

    ledger: TicketLedger
    history: History
    until: Instant
    tally: Tally
    progress: Progress

    def of_all(
        self, groups: Mapping[Group, Sequence[Member]], named: Mapping[Group, Collection[str]]
    ) -> Iterator[Tried]:
        """Yield what would be otherwise on tickets of each group, in the order of the groups.

        `named` are the books that tickets of a group were under.
        """
        trials = {
            group: self._trying(group[1], those, named[group]) for group, those in groups.items()
        }
        matters = {
            group: [] if trials[group].uncovered else _matters(those)
            for group, those in groups.items()
        }
        done, total = 0, sum(map(len, matters.values()))
        for group, those in sorted(groups.items()):
            yield self._of(group, those, trials[group], self._batches(matters[group], done, total))
            done += len(matters[group])

    def _of(
        self,
        group: Group,
        those: Sequence[Member],
        trying: Trying,
        batches: Iterable[Sequence[Matter]],
    ) -> Tried:
        arm, under = group
        if trying.uncovered:
            return Tried(arm=arm, under=under, tickets=0, uncovered=trying.uncovered)
        totals = Totals()
        changed: set[str] = set()
        for batch in batches:
            found = over_ledger(self.ledger, self.history, trying, matters=batch)
            self.tally.differ(arm, found.differences)
            changed |= {one.ticket for one in found.differences}
            totals = merge(Found(totals), Found(found.totals)).totals
        behind = self.tally.behind
        tried = [one.ticket for one in those]
        behind[Figure(figure="tried", arm=arm, under=under)] += tried
        behind[Figure(figure="changed", arm=arm, under=under)] += sorted(changed)
        return Tried(
            arm=arm,
            under=under,
            tickets=len(those),
            changed=totals.changed,
            owed_minor_before=totals.owed_before,
            owed_minor_after=totals.owed_after,
        )

    def _batches(
        self, matters: Sequence[Matter], before: int, total: int
    ) -> Iterator[Sequence[Matter]]:
        """Yield some matters at once; after each tell how many there were, of those of all groups.

        `before` are done when the first are asked for.
        """
        for start in range(0, len(matters), BATCH):
            batch = matters[start : start + BATCH]
            yield batch
            self.progress(before + start + len(batch), total)

    def _trying(self, under: str, those: Sequence[Member], named: Collection[str]) -> Trying:
        books = self.history.adopted()
        trial = Trial(
            adopted=books.content,
            begins=books.begins,
            other=books.content[under],
            until=self.until,
            named=frozenset(named),
            window=Window(tickets=frozenset(one.ticket for one in those)),
            beside=True,
        )
        return Trying(trial)


def _is_announced(ledger: TicketLedger, history: History, pilot: Pilot) -> bool:
    """Return whether a pilot was announced by the end of what is seen."""
    lane = stream_lane(PILOTS_STREAM, ledger.lanes)
    events = (one.event for one in history.read(lane, [PILOTS_STREAM]))
    return any(isinstance(one, PilotAnnounced) and one.pilot == pilot.pilot for one in events)


def _matters(those: Sequence[Member]) -> list[Matter]:
    """Return the streams of the matters of tickets; other tickets of an order stay as they were."""
    found: dict[tuple[int, str], tuple[str, ...]] = {}
    for one in those:
        stream = f"ticket:{one.ticket}"
        matter = stream if one.order is None else order_stream(one.order)
        first = () if one.order is None else (matter,)
        found[one.lane, matter] = (*found.get((one.lane, matter), first), stream)
    return [(lane, streams) for (lane, _), streams in found.items()]
