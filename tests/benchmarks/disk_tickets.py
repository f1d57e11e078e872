"""Tickets with three changes each, written by commands while the platform does its part.

What the platform does of its own accord is done by its worker and its notary, in turn with the
commands, under a held `now`. How much room all of it takes is asked elsewhere.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final

from api.settings import Settings
from api.wiring import Dsns, Services, joined
from api.worker import Worker, notary_of
from domain.commands import AcceptTicket, Command, GiveAnswer
from domain.ledger.notary import Notary
from domain.ledger.requests import Request
from domain.values import Actor, ActorKind, Instant, instant
from tests.benchmarks.processes import BenchmarkError
from tests.benchmarks.tickets import TEXT, Opened, open_tickets

CHANGES: Final = 3
"""Commands on each ticket after the one that opened it."""
_AGENT: Final = Actor(ActorKind.AGENT, "agent-1")
_BEGAN: Final = datetime(2026, 11, 23, 2, tzinfo=UTC)
_TICK: Final = timedelta(milliseconds=1)
_SHARES: Final = 50
_SHARE_MIN: Final = 20
_TELL_EVERY: Final = 10
"""Shares."""
_ROUNDS_MAX: Final = 1_000


def write(
    dsns: Dsns, notary_dsn: str, directory: Path, tickets: int, tidy: Callable[[], None]
) -> None:
    """Write so many tickets, a share at a time, and tidy up after each share.

    A share's tickets live at the same time, so a view reads a ticket's changes on several pages
    and writes its row several times, as it does in life.
    """
    settings = Settings(data_dir=directory, origin="ledger.benchmark")
    share = max(_SHARE_MIN, tickets // _SHARES)
    with ExitStack() as stack:
        parts = stack.enter_context(joined(settings, dsns, now=_now()))
        platform = _Platform(parts, stack.enter_context(notary_of(parts, notary_dsn)))
        for first in range(0, tickets, share):
            _live(platform, min(share, tickets - first), run=str(first))
            tidy()
            if (written := first + share) % (_TELL_EVERY * share) == 0:
                words = f"{written:,} of {tickets:,} tickets are written"
                print(words, file=sys.stderr)  # noqa: T201 - words go to stderr


def _live(platform: "_Platform", tickets: int, *, run: str) -> None:
    """Open some tickets and change each three times; the platform does its part after each."""
    opened = open_tickets(platform.parts.ledger, tickets, run=run)
    platform.work()
    changes = (_accepted(opened), (one.message() for one in opened), _answered(opened))
    assert len(changes) == CHANGES
    for change in changes:
        answers = [platform.parts.ledger.submit(request) for request in change]
        for answer in answers:
            assert answer.result().events, "every change is on record"
        platform.work()


def _accepted(opened: Iterable[Opened]) -> Iterator[Request]:
    return (_by_agent(AcceptTicket(ticket=one.ticket)) for one in opened)


def _answered(opened: Iterable[Opened]) -> Iterator[Request]:
    return (_by_agent(GiveAnswer(ticket=one.ticket, text=TEXT, resolves=True)) for one in opened)


def _by_agent(command: Command) -> Request:
    return Request(command=command, actor=_AGENT)


class _Platform:
    """The views, the worker and the notary of one ledger, which work when they are told."""

    def __init__(self, parts: Services, notary: Notary) -> None:
        self.parts = parts
        self._notary = notary
        self._worker = Worker(parts)

    def work(self) -> None:
        """Do all there is to do: facts carried on, views level, everything taken in and signed."""
        for _ in range(_ROUNDS_MAX):
            if not self.parts.views.catch_up():
                raise BenchmarkError("the views are not level")
            if not self._worker.step():
                self._notary.step(0)
                return
        raise BenchmarkError("the worker comes to no end")


def _now() -> Callable[[], Instant]:
    """Return a `now` that goes on a little whenever it is asked: no promise falls due."""
    ticks = count()
    return lambda: instant(_BEGAN + next(ticks) * _TICK)
