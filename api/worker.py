"""The worker: keeps views level, lets deadlines fire, carries facts on, erases what has waited.

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

from api import keys, sweeping
from api.anchoring.running import anchoring_of
from api.dispatching import Dispatching
from api.firing import NOT_NOW, Firing
from api.notifying import sender
from api.retention import Retention
from api.settings import Settings
from api.wiring import MOVED, Services, services
from domain import errors
from domain.ledger.connections import AppendUnknown, Connections, DatabaseUnavailable
from domain.ledger.hints import Listener
from domain.ledger.notary import Notary
from domain.ledger.requests import Outcome, Request
from domain.ledger.signing import KeyMissing, Signer, signers_in_use
from domain.processes import react
from domain.processes.clocks import follow_order, tells
from domain.record import Record
from domain.values import SYSTEM, KeyPurpose
from projections import queue

POLL_S: Final = 0.5
"""How late a deadline may fire when nothing else happens."""
PAGE_MAX: Final = 1_000
FOLLOWER: Final = "process:parties"
"""The name under which the position of the reactions is kept beside those of the views."""
log = logging.getLogger(__name__)


def run(settings: Settings, *, parent: int | None = None) -> None:
    """Work until told to stop by a signal, or until this process is the child of another one."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    with services(settings, makes=True) as parts:
        work(parts, stop, parent=parent)


def work(parts: Services, stop: threading.Event, *, parent: int | None = None) -> None:
    """Work with the given parts until `stop` is set or the parent process is another one."""
    wake = threading.Event()
    threads = [
        threading.Thread(target=parts.views.run, args=(stop,), name="views"),
        threading.Thread(target=_listen, args=(parts, stop, wake), name="listener"),
        threading.Thread(target=sweeping.run, args=(parts, stop), name="sweeper"),
        threading.Thread(target=sender.run, args=(parts, stop), name="sender"),
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
        self._firing = Firing(parts, self._send)
        self._dispatching = Dispatching(parts, self._send)
        self._retention = Retention(parts)

    def step(self) -> bool:
        """Do what is due now and return whether there may be more."""
        fired = self.fire()
        given_out = self._dispatching.step()
        # Every lane each time: a busy one keeps nobody waiting.
        reacted = [self.react(lane) for lane in range(self._parts.ledger.lanes)]
        erasing = self._retention.step()
        return fired > 0 or given_out > 0 or any(reacted) or erasing

    def fire(self) -> int:
        """Send the ordinary command for everything that is due; return how many were sent."""
        return self._firing.step()

    def react(self, lane: int) -> bool:
        """Carry the facts of one page of a lane to other streams; return whether it got on."""
        ledger = self._parts.ledger
        after = self._position(lane)
        records = self._heard(lane, ledger.records(lane, after, PAGE_MAX))
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
            for command, key in (
                *react(record, ledger.case),
                *follow_order(record, self._live_tickets),
            )
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
            except (DatabaseUnavailable, AppendUnknown):
                raise
            except Exception:
                # One broken matter holds up no other.
                log.exception("a reaction to %d could not be judged", position)
        if to > after:
            self._move(lane, after, to)
        return to > after

    def _live_tickets(self, order: str) -> list[str]:
        """Return the live tickets of an order."""
        return self._parts.read_now(lambda db: queue.live_of_order(db.cursor(), order))

    def _heard(self, lane: int, records: Sequence[Record]) -> Sequence[Record]:
        """Return the records before the first fact of an order that the queue has yet to hear of.

        The order's tickets are looked up there, so it has to know every one opened before.
        """
        telling = [one.position for one in records if tells(one)]
        heard = (self._read_position(lane, queue.VIEW.name) or 0) if telling else 0
        unheard = next((position for position in telling if position > heard), None)
        return [one for one in records if unheard is None or one.position < unheard]

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
        position = self._read_position(lane, FOLLOWER)
        if position is None:
            self._parts.write_view(
                "insert into view.position (lane, view) values (%s, %s) on conflict do nothing",
                (lane, FOLLOWER),
            )
        return position or 0

    def _read_position(self, lane: int, name: str) -> int | None:
        """Return how far a view of a lane, or what is kept like one, has come."""
        statement = "select position from view.position where lane = %s and view = %s"
        rows = self._parts.read_now(lambda db: _rows(db, statement, (lane, name)))
        return int(rows[0][0]) if rows else None

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
