"""Promises counted a second time, from the facts alone: what every record of a clock must keep to.

Nothing here asks the engine; each due time and each time used is worked out again from what
happened to a clock before. No test is here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from domain.events import (
    ClockBreached,
    ClockCancelled,
    ClockMoved,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    ClockWarned,
    Event,
    PayoutOwed,
    TicketEscalated,
    TicketMovedToBook,
    TicketOpened,
    TicketReopened,
)
from domain.events.clocks import CORRECTED, NOT_IN_BOOK, WITHDRAWN
from domain.policies.book import Book
from domain.policies.clocks import ClockRule
from domain.policies.elapsed import Transition, Turn, due, elapsed
from domain.values import BASIS_POINTS, Instant, later


@dataclass
class Run:
    """One run of a promise, from its start on."""

    clock: str
    round: int
    target_s: int
    calendar: str
    due_at: Instant
    turns: list[Transition]
    paused: bool = False
    breached: bool = False
    warned: set[int] = field(default_factory=set)
    rungs: int = 0


class Promises:
    """The promises on one ticket, as its facts tell them."""

    def __init__(self, books: Sequence[Book]) -> None:
        """Begin with no facts; a ticket may move between these books."""
        self._books: Mapping[str, Book] = {book.version: book for book in books}
        self._book = books[0]
        self._round = 1
        self.running: dict[str, Run] = {}
        self._ended: set[str] = set()
        self._owed: set[tuple[str, int]] = set()

    def see(self, event: Event, at: Instant) -> None:
        """Take one more fact, and say what about it can not be."""
        match event:
            case TicketOpened():
                self._book = self._books[event.policy]
            case TicketReopened():
                self._round, self._ended = event.round, set()
            case TicketMovedToBook():
                self._book = self._books[event.policy]
            case ClockStarted():
                self._start(event)
            case ClockPaused() | ClockResumed():
                self._turn(event, at)
            case ClockMoved():
                self._move(event)
            case ClockWarned() | ClockBreached() | TicketEscalated() | PayoutOwed():
                self._tell(event, at)
            case ClockStopped():
                self._stop(event, at)
            case ClockCancelled():
                run = self.running.pop(event.clock)
                if run.round == self._round and (
                    event.why not in {NOT_IN_BOOK, WITHDRAWN, CORRECTED} or run.breached
                ):
                    self._ended.add(event.clock)

    def _rule(self, clock: str) -> ClockRule:
        rule = self._book.clock_rule(clock.partition(":")[0])
        assert rule is not None, f"{clock} is no promise of the ticket's book"
        return rule

    def _due(self, run: Run, share_bp: int = BASIS_POINTS) -> Instant | None:
        """When a share of the time is used up, by what happened to the clock so far."""
        target = timedelta(seconds=run.target_s * share_bp / BASIS_POINTS)
        return due(self._book.calendar_of(run.calendar), run.turns, target)

    def _start(self, event: ClockStarted) -> None:
        rule = self._rule(event.clock)
        assert event.clock not in self.running, f"{event.clock} runs already"
        assert event.clock not in self._ended or rule.repeats, f"{event.clock} starts again"
        assert (event.target_s, event.calendar) == (rule.target_s, rule.calendar)
        assert event.policy == self._book.version
        turns = [Transition(Turn.STARTED, event.since)]
        run = Run(event.clock, self._round, event.target_s, event.calendar, event.due_at, turns)
        assert event.due_at == self._due(run)
        self.running[event.clock] = run

    def _turn(self, event: ClockPaused | ClockResumed, at: Instant) -> None:
        run = self.running[event.clock]
        resumes = isinstance(event, ClockResumed)
        assert run.paused is resumes, f"{event.clock} turns to what it is"
        if not resumes:
            assert self._rule(event.clock).pauses
            assert not run.breached, "what is broken does not rest"
            assert at < run.due_at or self._rule(event.clock).metric_only, "rests when it is late"
        run.turns.append(Transition(Turn.RESUMED if resumes else Turn.PAUSED, at))
        run.paused = not resumes
        if isinstance(event, ClockResumed):
            assert event.due_at == self._due(run)
            run.due_at = event.due_at

    def _move(self, event: ClockMoved) -> None:
        run = self.running[event.clock]
        assert event.why, "a due time does not change for no reason"
        assert event.policy == self._book.version
        if run.breached:
            assert event.due_at == run.due_at, "what is broken was broken when it was"
        run.target_s, run.calendar, run.due_at = event.target_s, event.calendar, event.due_at
        if not run.breached:
            assert event.due_at == (self._due(run) or event.due_at)

    def _tell(
        self, event: ClockWarned | ClockBreached | TicketEscalated | PayoutOwed, at: Instant
    ) -> None:
        run, rule = self.running[event.clock], self._rule(event.clock)
        assert not rule.metric_only, "what is only measured leads to nothing"
        match event:
            case ClockWarned():
                assert event.share_bp in rule.warn_bp
                assert event.share_bp not in run.warned, "a share is warned of once"
                assert not run.breached
                assert event.due_at == self._due(run, event.share_bp)
                assert event.due_at <= at
                run.warned.add(event.share_bp)
            case ClockBreached():
                assert not run.breached, "a promise is broken once"
                assert not run.paused, "what rests is not broken"
                assert event.due_at == run.due_at == self._due(run)
                assert event.due_at <= at
                run.breached = True
            case TicketEscalated():
                assert run.breached
                assert event.rung == run.rungs + 1, "a ladder is climbed rung by rung"
                assert event.to == rule.ladder[run.rungs].to
                assert event.due_at == later(run.due_at, rule.ladder[run.rungs].after)
                assert event.due_at <= at
                run.rungs += 1
            case PayoutOwed():
                assert run.breached
                assert rule.payout is not None
                assert (run.clock, run.round) not in self._owed, "a breach is paid for once"
                self._owed.add((run.clock, run.round))

    def _stop(self, event: ClockStopped, at: Instant) -> None:
        run = self.running.pop(event.clock)
        assert event.at <= at
        until = max(event.at, run.turns[0].at)
        used = elapsed(self._book.calendar_of(run.calendar), run.turns, until)
        target = timedelta(seconds=run.target_s)
        assert event.elapsed_s == int(used.total_seconds())
        if event.kept:
            assert not run.breached, "what was broken was not kept"
            assert used < target or (run.paused and used == target)
            assert run.paused or event.at < run.due_at
        else:
            assert run.breached or self._rule(event.clock).metric_only, "broken, and nobody said so"
        assert run.round == self._round, "a round ends its own promises only"
        self._ended.add(event.clock)
