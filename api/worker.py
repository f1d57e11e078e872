"""The worker: keeps the views level, lets deadlines fire, carries facts to other streams.

It is one more client: it reads views and records, asks `domain.processes` what they mean, and
sends ordinary commands that may be refused. Two workers are harmless, and so is a crash: every
command has a key of its own.
"""

import logging
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Final

from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name

from api import keys
from api.anchoring.running import anchoring_of
from api.settings import Settings
from api.wiring import MOVED, Services, services
from domain import errors
from domain.ledger.connections import AppendUnknown, Connections, DatabaseUnavailable
from domain.ledger.hints import Listener
from domain.ledger.notary import Notary
from domain.ledger.requests import Outcome, Request
from domain.ledger.signing import KeyMissing, Signer, signers_in_use
from domain.processes import react
from domain.processes.deadlines import on_due
from domain.values import SYSTEM, KeyPurpose
from projections import deadlines

POLL_S: Final = 0.5
"""How late a deadline may fire when nothing else happens."""
DUE_MAX: Final = 200
PAGE_MAX: Final = 1_000
FOLLOWER: Final = "process:parties"
"""The name under which the position of the reactions is kept beside those of the views."""
NOT_NOW: Final = (errors.Contended, errors.Overloaded, errors.NotYetDue)
"""Refusals that say nothing about the matter: the command is sent again later."""
log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Work until told to stop by a signal, or until the process that started us is gone."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    parent = os.getppid()  # before anything that takes time: it may end meanwhile
    with services(settings) as parts:
        work(parts, stop, parent=parent)


def work(parts: Services, stop: threading.Event, *, parent: int | None = None) -> None:
    """Work with the given parts until `stop` is set or the parent process is another one."""
    wake = threading.Event()
    threads = [
        threading.Thread(target=parts.views.run, args=(stop,), name="views"),
        threading.Thread(target=_listen, args=(parts, stop, wake), name="listener"),
    ]
    with ExitStack() as ending:
        if parts.dsns.notary is None:
            log.warning("no DSN of the notary's role is set: this worker signs nothing")
        else:
            notary = ending.enter_context(notary_of(parts, parts.dsns.notary))
            working = threading.Thread(target=_notarise, args=(notary, stop, wake), name="notary")
            threads.append(working)
            threads += [
                threading.Thread(target=loop.run, args=(stop,), name=loop.name)
                for loop in ending.enter_context(anchoring_of(parts, parts.dsns.notary))
            ]
        _work(parts, stop, wake, threads, parent=parent)


@contextmanager
def notary_of(parts: Services, dsn: str) -> Iterator[Notary]:
    """Give a notary over connections of its own role; its keys are on record before it signs."""

    def signers() -> list[Signer]:
        try:
            record = keys.introduce(parts.ledger, parts.key_store, *KeyPurpose)
        except errors.Refusal as refusal:
            raise KeyMissing(f"the first keys could not be put on record: {refusal}") from refusal
        return signers_in_use(KeyPurpose.LOG, record, parts.key_store, parts.now())

    with closing(Connections(dsn, readers_max=2)) as connections:
        yield Notary(connections, signers=signers, now=parts.now)


def _notarise(notary: Notary, stop: threading.Event, wake: threading.Event) -> None:
    """Run a notary; when it breaks the worker ends, so that it is started again and seen."""
    try:
        notary.run(stop)
    except Exception:
        log.exception("the notary broke: this worker ends")
        stop.set()
        wake.set()


def _work(
    parts: Services,
    stop: threading.Event,
    wake: threading.Event,
    threads: Sequence[threading.Thread],
    *,
    parent: int | None,
) -> None:
    """Run the threads and take rounds until it is time to stop; all have ended afterwards."""
    for thread in threads:
        thread.start()
    worker = Worker(parts)
    try:
        while not stop.is_set():
            if parent is not None and os.getppid() != parent:
                log.warning("the process that started this worker is gone; ending")
                break
            try:
                busy = worker.step()
            except (DatabaseUnavailable, AppendUnknown) as error:
                log.warning("waiting for the database: %s", error)
                busy = False
            if not busy:
                wake.wait(POLL_S)
                wake.clear()
    finally:
        stop.set()
        parts.views.stop(stop)
        for thread in threads:
            thread.join()


class Worker:
    """What one round of the worker does; a test takes the rounds itself."""

    def __init__(self, parts: Services) -> None:
        """Work with the given parts."""
        self._parts = parts
        self._done: set[str] = set()
        """Keys of deadlines that need no command any more though the view still lists them."""
        self._positions: dict[int, int] = {}

    def step(self) -> bool:
        """Do what is due now and return whether there may be more."""
        fired = self.fire_deadlines()
        # Every lane each time: a busy one keeps nobody waiting.
        reacted = [self.react(lane) for lane in range(self._parts.ledger.lanes)]
        return fired > 0 or any(reacted)

    def fire_deadlines(self) -> int:
        """Send the ordinary command for every deadline that is due; return how many were sent."""
        now = self._parts.now()
        limit = DUE_MAX + len(self._done)  # what is done with hides nothing that is due
        due = self._parts.read_now(lambda db: deadlines.due(db.cursor(), now, limit).due)
        found = [(row, *on_due(row.ticket, row.deadline, row.due_at)) for row in due]
        self._done &= {key for _, _, key in found}
        sent = [
            (row, key, self._send(Request(command=command, actor=SYSTEM, key=key)))
            for row, command, key in found
            if key not in self._done
        ]
        fired = 0
        for row, key, answer in sent:
            try:
                outcome = answer.result()
            except NOT_NOW as refusal:
                log.info("%s of %s is asked again: %s", row.deadline, row.ticket, refusal.code)
                continue
            except errors.Refusal as refusal:
                log.info("%s of %s was refused: %s", row.deadline, row.ticket, refusal.code)
                self._done.add(key)
            except (DatabaseUnavailable, AppendUnknown):
                raise
            except Exception:
                # One broken matter holds up no other; it is tried again by the next worker.
                log.exception("%s of %s could not be judged", row.deadline, row.ticket)
                self._done.add(key)
            else:
                if outcome.replayed or not outcome.events:
                    self._done.add(key)  # on record already: the view has yet to hear of it
            fired += 1
        return fired

    def react(self, lane: int) -> bool:
        """Carry the facts of one page of a lane to other streams; return whether it got on."""
        ledger = self._parts.ledger
        after = self._position(lane)
        records = ledger.records(lane, after, PAGE_MAX)
        sent = [
            (
                record.position,
                self._send(
                    Request(
                        command=command,
                        actor=SYSTEM,
                        key=key,
                        by=record.envelope.id,
                        correlation=record.envelope.cause.correlation,
                    )
                ),
            )
            for record in records
            for command, key in react(record, ledger.case)
        ]
        to = records[-1].position if records else after
        for position, answer in sent:
            try:
                answer.result()
            except NOT_NOW as refusal:
                log.info("a reaction is tried again: %s", refusal.code)
                to = min(to, position - 1)
            except errors.Refusal as refusal:
                log.info("a reaction was refused: %s", refusal.code)
        if to > after:
            self._move(lane, after, to)
        return to > after

    def _send(self, request: Request) -> Future[Outcome]:
        """Return the future answer to a command, so that many share one append."""
        try:
            return self._parts.ledger.submit(request)
        except errors.Refusal as refusal:
            answer: Future[Outcome] = Future()
            answer.set_exception(refusal)
            return answer

    def _position(self, lane: int) -> int:
        """Return how far a lane was read, from the place where the views keep theirs."""
        if lane not in self._positions:
            self._parts.write_view(
                "insert into view.position (lane, view) values (%s, %s) on conflict do nothing",
                (lane, FOLLOWER),
            )
        rows = self._parts.read_now(
            lambda db: _rows(
                db,
                "select position from view.position where lane = %s and view = %s",
                (lane, FOLLOWER),
            )
        )
        self._positions[lane] = int(rows[0][0])
        return self._positions[lane]

    def _move(self, lane: int, after: int, to: int) -> None:
        """Remember how far we read; a rival that is further on is left there."""
        self._parts.write_view(
            "update view.position set position = %s"
            " where lane = %s and view = %s and position = %s",
            (to, lane, FOLLOWER, after),
        )


def _rows(db: Connection, statement: str, values: tuple[object, ...]) -> list[tuple[int]]:
    with db.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def _listen(parts: Services, stop: threading.Event, wake: threading.Event) -> None:
    """Pass on what other processes say of their commits."""
    listener = Listener(parts.connections, MOVED)
    try:
        while not stop.is_set():
            if listener.wait(POLL_S):
                parts.views.hint()
                wake.set()
    finally:
        with suppress(DatabaseUnavailable):
            listener.close()
