"""One promise on a ticket as the fold knows it; when it is due is worked out elsewhere."""

import msgspec

from domain.policies.clocks import ClockRule
from domain.policies.elapsed import Transition, Turn
from domain.values import Instant


class Clock(msgspec.Struct, frozen=True):
    """One promise that runs, or rests, on the ticket."""

    target_s: int
    calendar: str
    since: Instant
    due_at: Instant
    transitions: tuple[Transition, ...]
    """Every start, rest and running on, in the order of the record; elapsed time is theirs."""
    paused: bool = False
    warned: tuple[int, ...] = ()
    """The shares of its time, in basis points, that were warned of."""
    breached: bool = False
    rung: int = 0
    """How far up its ladder it was brought."""
    round: int = 1
    """Of the ticket when it began; what it costs is owed once a round."""

    @classmethod
    def new(cls, rule: ClockRule, since: Instant, due_at: Instant) -> "Clock":
        """Return the clock of a promise that begins to run."""
        return cls(rule.target_s, rule.calendar, since, due_at, (Transition(Turn.STARTED, since),))

    def turned(self, turn: Turn, at: Instant, due_at: Instant | None = None) -> "Clock":
        """Return the clock after it was made to rest, or to run on until another due time."""
        return msgspec.structs.replace(
            self,
            transitions=(*self.transitions, Transition(turn, at)),
            due_at=due_at or self.due_at,
            paused=turn is Turn.PAUSED,
        )
