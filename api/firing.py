"""What is due now: deadlines that pass and clocks on which something comes, each said once.

Both are found in views and sent as ordinary commands with keys of their own; two workers, a crash
and a view that is behind change nothing of what is on record.
"""

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import timedelta
from typing import Final, NamedTuple

from api.wiring import Services
from domain import errors
from domain.commands import AskSurvey, LapseAssignment, PassClock, PassDeadline
from domain.ledger.connections import AppendUnknown, DatabaseUnavailable
from domain.ledger.requests import Outcome, Request
from domain.processes.assignment import on_lease
from domain.processes.clocks import on_clock
from domain.processes.deadlines import on_due
from domain.processes.surveys import on_survey
from domain.values import SYSTEM, Instant, later
from projections import agents, clocks, deadlines, surveys

DUE_MAX: Final = 200
"""How many of each are fired a round."""
NOT_NOW: Final = (errors.Contended, errors.Overloaded, errors.NotYetDue)
"""Refusals that say nothing about the matter: the command is sent again later."""
FIRST_WAIT: Final = timedelta(seconds=1)
"""After the first time something could not be judged; it doubles with each."""
LONGEST_WAIT: Final = timedelta(minutes=5)
log = logging.getLogger(__name__)


class Due(NamedTuple):
    """One command that is due, with its key and what to call it in a log."""

    command: PassDeadline | PassClock | LapseAssignment | AskSurvey
    key: str
    what: str


class Failed(NamedTuple):
    """How often something could not be judged, and from when it is tried again."""

    times: int
    again_at: Instant


class Firing:
    """Fires what is due; what needs no command any more is remembered while a view lists it.

    What fails is tried again, later each time, for as long as it is due: it is never lost, and it
    holds up nothing else.
    """

    def __init__(self, parts: Services, send: Callable[[Request], "Future[Outcome]"]) -> None:
        """Read the views of the given parts, and send through the given function."""
        self._parts = parts
        self._send = send
        self._done: set[str] = set()
        self._failed: dict[str, Failed] = {}

    def step(self) -> int:
        """Send the command for everything that is due; return how many were sent."""
        now = self._parts.now()
        found = list(self._due(now))
        listed = {one.key for one in found}
        self._done &= listed
        self._failed = {key: one for key, one in self._failed.items() if key in listed}
        sent = [(one, self._sent(one)) for one in found if not self._rests(one.key, now)]
        return sum(self._answered(one, answer) for one, answer in sent)

    def _rests(self, key: str, now: Instant) -> bool:
        """Return whether nothing is sent: it is done with, or failed a moment ago."""
        failed = self._failed.get(key)
        return key in self._done or (failed is not None and now < failed.again_at)

    def _sent(self, one: Due) -> "Future[Outcome]":
        """Return the answer to a command; one that could not even be sent is an answer, too."""
        try:
            return self._send(Request(command=one.command, actor=SYSTEM, key=one.key))
        except Exception as error:
            answer: Future[Outcome] = Future()
            answer.set_exception(error)
            return answer

    def _due(self, now: Instant) -> Iterable[Due]:
        # What is done with, or waits to be tried again, hides nothing that is due.
        limit = DUE_MAX + len(self._done) + len(self._failed)
        for row in self._parts.read_now(lambda db: deadlines.due(db.cursor(), now, limit).due):
            command, key = on_due(row.ticket, row.deadline, row.due_at)
            yield Due(command, key, f"{row.deadline} of {row.ticket}")
        for clock in self._parts.read_now(lambda db: clocks.due(db.cursor(), now, limit)):
            passed, key = on_clock(clock.ticket, clock.clock, clock.at)
            yield Due(passed, key, f"{clock.clock} of {clock.ticket}")
        for lease in self._parts.read_now(lambda db: agents.leases_due(db.cursor(), now, limit)):
            lapsed, key = on_lease(lease.ticket, lease.due_at)
            yield Due(lapsed, key, f"the lease on {lease.ticket}")
        for survey in self._parts.read_now(lambda db: surveys.due(db.cursor(), now, limit)):
            asked, key = on_survey(survey.ticket, survey.due_at)
            yield Due(asked, key, f"the survey of {survey.ticket}")

    def _answered(self, one: Due, answer: "Future[Outcome]") -> int:
        """Return 1 for a command that was answered, 0 for one that is sent again."""
        try:
            outcome = answer.result()
        except NOT_NOW as refusal:
            log.info("%s is asked again: %s", one.what, refusal.code)
            return 0
        except errors.Refusal as refusal:
            log.info("%s was refused: %s", one.what, refusal.code)
            self._done.add(one.key)
        except (DatabaseUnavailable, AppendUnknown):
            raise
        except Exception:
            self._put_off(one)
            return 0
        else:
            if outcome.replayed or not outcome.events:
                self._done.add(one.key)  # on record already: the view has yet to hear of it
        self._failed.pop(one.key, None)
        return 1

    def _put_off(self, one: Due) -> None:
        """Try something again later, which could not be judged for a reason nobody foresaw."""
        known = self._failed.get(one.key)
        times = 1 if known is None else known.times + 1
        wait = min(FIRST_WAIT * 2 ** min(times - 1, 32), LONGEST_WAIT)
        self._failed[one.key] = Failed(times, later(self._parts.now(), wait))
        log.exception("%s could not be judged, %d times by now", one.what, times)
