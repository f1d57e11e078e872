"""What is due now: deadlines that pass and clocks on which something comes, each said once.

Both are found in views and sent as ordinary commands with keys of their own; two workers, a crash
and a view that is behind change nothing of what is on record.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import timedelta
from typing import Final, NamedTuple

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from api.lateness import Lateness
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
    kind: str
    """clock, deadline, lease or survey."""
    due_at: Instant


class Failed(NamedTuple):
    """How often something could not be judged, and from when it is tried again."""

    times: int
    again_at: Instant


class Found(NamedTuple):
    """Everything that is due, as the views list it."""

    deadlines: Sequence[deadlines.Due]
    clocks: Sequence[clocks.DueClock]
    leases: Sequence[agents.Lease]
    surveys: Sequence[surveys.DueSurvey]


def find(db: Cursor, now: Instant, limit: int) -> Found:
    """Return what is due, up to so many of each kind, the longest overdue first."""
    return Found(
        deadlines.due(db, now, limit).due,
        clocks.due(db, now, limit),
        agents.leases_due(db, now, limit),
        surveys.due(db, now, limit),
    )


def _meaning(found: Found) -> Iterable[Due]:
    """Yield the command for everything that is due."""
    for row in found.deadlines:
        command, key = on_due(row.ticket, row.deadline, row.due_at)
        yield Due(command, key, f"{row.deadline} of {row.ticket}", "deadline", row.due_at)
    for clock in found.clocks:
        passed, key = on_clock(clock.ticket, clock.clock, clock.at)
        yield Due(passed, key, f"{clock.clock} of {clock.ticket}", "clock", clock.at)
    for lease in found.leases:
        lapsed, key = on_lease(lease.ticket, lease.due_at)
        yield Due(lapsed, key, f"the lease on {lease.ticket}", "lease", lease.due_at)
    for survey in found.surveys:
        asked, key = on_survey(survey.ticket, survey.due_at)
        yield Due(asked, key, f"the survey of {survey.ticket}", "survey", survey.due_at)


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
        self._lateness = Lateness(parts.dsns.views)

    def step(self) -> int:
        """Send the command for everything that is due; return how many were sent."""
        now = self._parts.now()
        # What is done with, or waits to be tried again, hides nothing that is due.
        limit = DUE_MAX + len(self._done) + len(self._failed)
        found = list(_meaning(self._parts.read_now(lambda db: find(db.cursor(), now, limit))))
        listed = {one.key for one in found}
        self._done &= listed
        self._failed = {key: one for key, one in self._failed.items() if key in listed}
        sent = [(one, self._sent(one)) for one in found if not self._rests(one.key, now)]
        fired = sum(self._answered(one, answer) for one, answer in sent)
        self._lateness.write(self._parts.now())
        return fired

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
            else:
                fired_at = self._parts.now()
                self._lateness.add(one.kind, due_at=one.due_at, fired_at=fired_at)
        self._failed.pop(one.key, None)
        return 1

    def _put_off(self, one: Due) -> None:
        """Try something again later, which could not be judged for a reason nobody foresaw."""
        known = self._failed.get(one.key)
        times = 1 if known is None else known.times + 1
        wait = min(FIRST_WAIT * 2 ** min(times - 1, 32), LONGEST_WAIT)
        self._failed[one.key] = Failed(times, later(self._parts.now(), wait))
        log.exception("%s could not be judged, %d times by now", one.what, times)
