"""The worker's share of notices: what the record says is put on the list, and the list is sent.

A notice reaches its channel at least once, always under the same id, and its end is put on record
once, however many workers there are and wherever one of them falls. What is over before it goes, or
before it is tried again, is not sent, and that is its end.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from secrets import token_hex
from typing import Final, NamedTuple

import psycopg2

from api.notifying import outbox
from api.notifying.letters import Undeliverable, letter, notice_of
from api.notifying.ports import Addresses, FilePort, NotDelivered, Port
from api.notifying.routes import addresses_of, port_of
from api.wiring import Services
from domain import errors
from domain.commands import RecordNotice
from domain.events import Event
from domain.ledger.connections import AppendUnknown, DatabaseUnavailable
from domain.ledger.requests import Request
from domain.policies.book import Book
from domain.policies.notices import Notification
from domain.processes.notices import NoticeDue, moot, notices_of
from domain.record import Record
from domain.values import SYSTEM, Instant, NoticeFailure, later
from projections import positions
from projections.projection import where
from projections.session import Session, connect

PAGE_MAX: Final = 1_000
BATCH: Final = 20
"""Notices a round; each of them takes no longer than a channel's own time limit."""
POLL_S: Final = 0.5
_AGAIN: Final = (errors.Contended, errors.Overloaded)
log = logging.getLogger(__name__)

Route = Callable[[str, str], Port | None]
"""(to, channel) → what carries it; None for a channel that is not theirs."""


class _Broken(Exception):  # noqa: N818 - a state of a record, named as one
    """What a record means can not be worked out; where it failed, without the record's data."""


class _Rule(NamedTuple):
    """Under what a notice is sent."""

    record: Record
    book: Book
    notification: Notification


class Sender:
    """What one round of sending does; a test takes the rounds itself."""

    def __init__(
        self, parts: Services, *, addresses: Addresses | None = None, route: Route | None = None
    ) -> None:
        """Send with what the settings name, unless a directory or ports are given."""
        settings = parts.settings
        self._parts = parts
        self._addresses = addresses or addresses_of(settings)
        self._route = route or (lambda to, channel: port_of(settings, to, channel))
        self._owner = token_hex(8)
        self._session = Session(parts.dsns.views, connect)
        with self._session.connection() as connection:
            positions.prepare(connection, [outbox.OUTBOX], parts.ledger.lanes)
        for lane in range(parts.ledger.lanes):
            self._list_again(lane)

    def step(self) -> bool:
        """List what was recorded, send what is due, and return whether there may be more."""
        try:
            # Every lane each time: a busy one keeps nobody waiting.
            listed = [self._list(lane) for lane in range(self._parts.ledger.lanes)]
            with self._session.connection() as connection:
                taken = outbox.take(connection, self._owner, self._parts.now(), BATCH)
            for waiting in taken:
                self._try(waiting)
        except psycopg2.OperationalError as error:
            raise DatabaseUnavailable("the list of notices did not answer") from error
        return any(listed) or bool(taken)

    def close(self) -> None:
        """Close the connection; what was taken and not sent is free when its lease is over."""
        self._session.close()

    def _list(self, lane: int) -> bool:
        """Put what one page of a lane means on the list; return whether it got on."""
        ledger = self._parts.ledger
        with self._session.connection() as connection:
            with connection, connection.cursor() as db:
                after = outbox.position(db, lane)
            records = ledger.records(lane, after, PAGE_MAX)
            if not records:
                return False
            due: list[NoticeDue] = []
            broken: list[tuple[Record, str]] = []
            for record in records:
                try:
                    due += self._due(record)
                except _Broken as error:
                    broken.append((record, str(error)))
            outbox.put(connection, lane, after, records[-1].position, due, broken)
            return True

    def _list_again(self, lane: int) -> None:
        """List what a record means that was put aside; at each start, for it takes a mended one."""
        with self._session.connection() as connection:
            for position in outbox.put_aside(connection, lane):
                (record,) = self._parts.ledger.records(lane, position - 1, 1)
                with suppress(_Broken):
                    outbox.put_after_all(connection, lane, position, self._due(record))

    def _due(self, record: Record) -> Sequence[NoticeDue]:
        """Return the notices a record means; raise _Broken where that can not be worked out."""
        ledger = self._parts.ledger
        try:
            return notices_of(record, ledger.book_at, ledger.book_named)
        except (DatabaseUnavailable, AppendUnknown, psycopg2.Error):
            raise
        except Exception as error:
            told = f"the notices of {record.stream} {record.version} are unknown: {where(error)}"
            log.error(told)  # noqa: TRY400 - no trace: its words may be personal
            raise _Broken(where(error)) from None

    def _try(self, waiting: outbox.Waiting) -> None:
        """Send one notice; a broken one holds up no other and comes again after its lease."""
        try:
            self._send(waiting)
        except (DatabaseUnavailable, AppendUnknown, psycopg2.Error):
            raise
        except Exception as error:
            # Its words may hold what is personal, and its trace too.
            told = f"notice {waiting.notice[:12]} could not be sent: {where(error)}"
            log.error(told)  # noqa: TRY400 - no trace

    def _send(self, waiting: outbox.Waiting) -> None:
        """Send one notice, or find out why it will not be sent, or when it is tried again."""
        parts = self._parts
        rule = self._rule(waiting)
        calendar = rule.book.calendar_of(notice_of(rule.book, waiting.rule).calendar)
        now = parts.now()
        if waiting.notice in parts.ledger.notices_ended(waiting.about):
            self._take_off(waiting)
            return
        if not calendar.is_open(now):
            self._put_back(waiting, calendar.next_open(now))
            return
        if moot(rule.record.event, self._since(waiting)):
            self._overtaken(waiting, rule)
            return
        if waiting.tries >= rule.notification.tries:
            # Its last try was begun by a worker that fell before it could say how it ended.
            self._fail(waiting, rule, NoticeFailure.GAVE_UP)
            return
        tries = waiting.tries + 1
        again = calendar.next_open(later(now, rule.notification.wait(tries)))
        with self._session.connection() as connection:
            if not outbox.begin(connection, self._owner, waiting.notice, again):
                return
        tried = waiting._replace(tries=tries)
        try:
            message = letter(parts, self._addresses, tried, rule.record, rule.book)
            port = self._port(waiting)
            port.send(message)
        except Undeliverable as error:
            self._fail(tried, rule, error.why)
        except NotDelivered as error:
            log.warning("notice %s was not delivered: %s", waiting.notice[:12], error)
            if error.for_good or tries >= rule.notification.tries:
                refused = NoticeFailure.REFUSED if error.for_good else NoticeFailure.GAVE_UP
                self._fail(tried, rule, refused)
            else:
                self._put_back(waiting, again)
        else:
            if self._on_record(tried, rule, port=port.name):
                self._take_off(waiting)

    def _port(self, waiting: outbox.Waiting) -> Port:
        """Return what carries a notice; raise Undeliverable where nothing does."""
        port = self._route(waiting.to, waiting.channel)
        if port is None:
            raise Undeliverable(NoticeFailure.NO_ROUTE)
        return port

    def _rule(self, waiting: outbox.Waiting) -> _Rule:
        ledger = self._parts.ledger
        (record,) = ledger.stream(waiting.about, waiting.version - 1, 1)
        book = ledger.book_named(waiting.policy)
        assert book is not None, "the book of a notice was adopted"
        assert book.notification is not None, "a book with notices says how they are sent"
        return _Rule(record, book, book.notification)

    def _since(self, waiting: outbox.Waiting) -> Iterator[Event]:
        """Yield what was recorded on the stream after the fact that a notice tells."""
        version = waiting.version
        while records := self._parts.ledger.stream(waiting.about, version, PAGE_MAX):
            yield from (record.event for record in records)
            version = records[-1].version

    def _overtaken(self, waiting: outbox.Waiting, rule: _Rule) -> None:
        """Put on record that there is nothing to tell any more; nobody has to look after that."""
        with self._session.connection() as connection:
            # Who has it instead may be sending it: only they can say how often it was tried.
            if not outbox.hold(connection, self._owner, waiting.notice):
                return
        log.info("notice %s is moot", waiting.notice[:12])
        if self._on_record(waiting, rule, failure=NoticeFailure.MOOT):
            self._take_off(waiting)

    def _fail(self, waiting: outbox.Waiting, rule: _Rule, why: NoticeFailure) -> None:
        """Put on record that a notice will not be sent any more."""
        log.warning("notice %s is given up: %s", waiting.notice[:12], why)
        if self._on_record(waiting, rule, failure=why):
            with self._session.connection() as connection:
                outbox.end(connection, waiting.notice, why)

    def _on_record(
        self,
        waiting: outbox.Waiting,
        rule: _Rule,
        *,
        port: str | None = None,
        failure: NoticeFailure | None = None,
    ) -> bool:
        """Put on record how a notice ended; False when that has to be said another time."""
        envelope = rule.record.envelope
        command = RecordNotice(
            about=waiting.about,
            notice=waiting.notice,
            rule=waiting.rule,
            to=waiting.to,
            # What was only written down was not sent by the channel it was meant for.
            channel=FilePort.name if port == FilePort.name else waiting.channel,
            tries=waiting.tries,
            due_at=waiting.due_at,
            policy=waiting.policy,
            port=port,
            failure=failure,
        )
        try:
            # No key: a notice ends once by its id, and a rival may have tried it more often.
            self._parts.ledger.handle(
                Request(
                    command=command,
                    actor=SYSTEM,
                    by=envelope.id,
                    correlation=envelope.cause.correlation,
                )
            )
        except _AGAIN as refusal:
            log.info("the end of notice %s is told later: %s", waiting.notice[:12], refusal.code)
            return False
        return True

    def _take_off(self, waiting: outbox.Waiting) -> None:
        with self._session.connection() as connection:
            outbox.end(connection, waiting.notice)

    def _put_back(self, waiting: outbox.Waiting, next_at: Instant) -> None:
        with self._session.connection() as connection:
            outbox.put_back(connection, self._owner, waiting.notice, next_at)


def run(parts: Services, stop: threading.Event) -> None:
    """Send until told to stop; in a thread of its own, for a slow channel keeps no promise back."""
    sender: Sender | None = None
    while not stop.is_set():
        busy = False
        try:
            sender = sender or Sender(parts)
            busy = sender.step()
        except (DatabaseUnavailable, AppendUnknown, psycopg2.Error) as error:
            log.warning("notices wait for the database: %s", type(error).__name__)
        except Exception as error:
            # It is no worker that stops because of its post: the next round begins anew.
            log.error("notices could not be sent: %s", where(error))  # noqa: TRY400 - no trace
        if not busy:
            stop.wait(POLL_S)
    if sender is not None:
        sender.close()
