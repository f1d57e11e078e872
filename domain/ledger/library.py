"""The eventsourcing library's recorders of events on our record; tracking has a module of its own.

A stream is what the library calls an aggregate, a position what it calls a notification id. Its
`insert_events` passes through the same append as every command. What it keeps besides events
(snapshots, tracking) are read models here and live in the views' schema.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    IntegrityError,
    Notification,
    StoredEvent,
    Subscription,
)
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger.batch import GENESIS, Attempt, Line, Link, VerdictKind
from domain.ledger.connections import AppendUnknown, Connections
from domain.ledger.hints import Listener, send_hint
from domain.ledger.migrations import placeholders
from domain.ledger.recorder import Recorder

OriginatorIdType = Literal["uuid", "text"]

_POLL_S_MAX: Final = 0.5


class LedgerAggregateRecorder(AggregateRecorder):
    """Versioned states beside the record, such as snapshots; a ticket's truth is never here."""

    def __init__(
        self, recorder: Recorder, *, purpose: str, originator_id_type: OriginatorIdType = "text"
    ) -> None:
        """Keep states for a purpose, which names the table."""
        self._recorder = recorder
        self._to_id = _originator_id(originator_id_type)
        self._names = {**placeholders(recorder.names), "table": _quoted(f"stored_{purpose}")}

    def create_table(self) -> None:
        """Make the table unless it is there."""
        create_table_by(
            self._recorder.connections,
            "create table if not exists {view}.{table}(stream text not null, version int not null,"
            " topic text not null, state bytea not null, primary key (stream, version))",
            self._names,
        )

    def insert_events(self, stored_events: Sequence[StoredEvent], **_kwargs: Any) -> None:
        """Keep states, all or none; a version that is there already is an IntegrityError."""
        statement = (
            "insert into {view}.{table}(stream, version, topic, state) select * from unnest("
            "%s::text[], %s::int[], %s::text[], %s::bytea[]) on conflict do nothing"
        ).format_map(self._names)
        rows = _columns(stored_events)

        def work(cursor: Cursor) -> None:
            with transaction(cursor):
                cursor.execute(statement, rows)
                if cursor.rowcount != len(stored_events):
                    raise IntegrityError("a version is there already")

        if stored_events:
            self._recorder.connections.write(None, work)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return a stream's states between two versions."""
        return _select_events(
            self._recorder, "{view}.{table} where true", self._names, self._to_id,
            originator_id, gt=gt, lte=lte, desc=desc, limit=limit,
        )  # fmt: skip


class LedgerApplicationRecorder(ApplicationRecorder):
    """One lane of the record as the library reads and writes it."""

    def __init__(
        self, recorder: Recorder, *, lane: int = 0, originator_id_type: OriginatorIdType = "text"
    ) -> None:
        """Show one lane; ids come back as the given type."""
        self._recorder = recorder
        self._lane = lane
        self._to_id = _originator_id(originator_id_type)
        self._names = {**placeholders(recorder.names), "lane": str(lane)}
        self.channel = f"{recorder.names.ledger}_lane_{lane}"

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Record events as one command, all or none, and return their positions."""
        if not stored_events:
            return self._insert_nothing(**kwargs)
        attempt = self._attempt(stored_events)
        try:
            last = self._append(attempt, **kwargs)
        except AppendUnknown:
            found = self._recorder.outcome(self._lane, [attempt.command])
            # Not recorded: this second time the reply decides.
            last = (
                found[attempt.command].lines[-1].position
                if found
                else self._append(attempt, **kwargs)
            )
        send_hint(self._recorder.connections, self.channel)
        return list(range(last - len(stored_events) + 1, last + 1))

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return a stream's events between two versions."""
        return _select_events(
            self._recorder, "{ledger}.event where lane = {lane}", self._names, self._to_id,
            originator_id, gt=gt, lte=lte, desc=desc, limit=limit,
        )  # fmt: skip

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return the lane's events between two positions in order, of some topics or of all."""
        after = 0 if start is None else max(0, start - int(inclusive_of_start))
        if not topics:
            rows = self._recorder.read(self._lane, after, limit, stop)
            return [
                Notification(
                    self._to_id(row.stream), row.version, row.topic, row.state, row.position
                )
                for row in rows
            ]
        statement = (
            "select position, stream, version, topic, state from {ledger}.event"
            " where lane = {lane} and position > %(after)s"
            + (" and position <= %(stop)s" if stop is not None else "")
            + " and topic = any(%(topics)s) order by position limit %(limit)s"
        ).format_map(self._names)
        values = {"after": after, "stop": stop, "topics": list(topics), "limit": limit}
        return [
            Notification(self._to_id(stream), version, topic, bytes(state), position)
            for position, stream, version, topic, state in fetch(
                self._recorder.connections, statement, values
            )
        ]

    def max_notification_id(self) -> int | None:
        """Return the lane's last position, None while it is empty."""
        return self._recorder.position(self._lane) or None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Return the lane's events after a position, and then each new one as it is recorded."""
        return LedgerSubscription(
            self, Listener(self._recorder.connections, self.channel), gt, topics
        )

    def _insert_nothing(self, **_kwargs: Any) -> Sequence[int] | None:
        return None

    def _append(self, attempt: Attempt, **_kwargs: Any) -> int:
        (verdict,) = self._recorder.append(self._lane, [attempt])
        return recorded_position(verdict.kind, verdict.position)

    def _attempt(self, stored_events: Sequence[StoredEvent]) -> Attempt:
        """Return the events as a command on the heads they follow, its id made of what they say."""
        firsts: dict[str, int] = {}
        nexts: dict[str, int] = {}
        said = hashlib.sha256()
        for event in stored_events:
            stream = str(event.originator_id)
            firsts.setdefault(stream, event.originator_version)
            if nexts.get(stream, event.originator_version) != event.originator_version:
                raise IntegrityError(f"the versions of {stream} do not follow one another")
            nexts[stream] = event.originator_version + 1
            said.update(repr((stream, event.originator_version, event.topic)).encode())
            said.update(hashlib.sha256(event.state).digest())
        heads, at = self._heads(list(firsts))
        for stream, first in firsts.items():
            if heads[stream].version != first - 1:
                raise IntegrityError(
                    f"{stream} is at version {heads[stream].version}, not at {first - 1}"
                )
        lines = tuple(
            Line(str(event.originator_id), event.originator_version, event.topic, at, event.state)
            for event in stored_events
        )
        return Attempt(said.hexdigest(), said.digest(), tuple(heads.values()), lines)

    def _heads(self, streams: Sequence[str]) -> tuple[dict[str, Link], datetime]:
        """Return the heads and an instant that is not before any of them."""
        statement = (
            "select x.stream, v.version, v.leaf_hash, greatest(now(), v.recorded_at)"
            " from unnest(%(streams)s::text[]) as x(stream) left join lateral"
            " (select version, leaf_hash, recorded_at from {ledger}.event e where lane = {lane}"
            " and e.stream = x.stream order by version desc limit 1) v on true"
        ).format_map(self._names)
        rows = fetch(self._recorder.connections, statement, {"streams": list(streams)})
        heads = {
            stream: Link(stream, version or 0, bytes(leaf_hash) if leaf_hash else GENESIS)
            for stream, version, leaf_hash, _ in rows
        }
        return heads, max(at for *_, at in rows)


class LedgerSubscription(Subscription[ApplicationRecorder]):
    """Reads on from a position; hints shorten the wait and nothing depends on them."""

    def __init__(
        self,
        recorder: ApplicationRecorder,
        listener: Listener,
        gt: int | None = None,
        topics: Sequence[str] = (),
    ) -> None:
        """Begin after the given position."""
        super().__init__(recorder, gt, topics)
        self._listener = listener
        self._page: list[Notification] = []

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        """Stop, and stop listening."""
        super().__exit__(*args, **kwargs)
        self._listener.close()

    def __next__(self) -> Notification:
        """Return the next event, waiting for it as long as nobody stops the subscription."""
        while not self._has_been_stopped:
            if not self._page:
                self._page = list(
                    self._recorder.select_notifications(
                        self._last_notification_id, 500, None, self._topics,
                        inclusive_of_start=False,
                    )
                )  # fmt: skip
                self._page.reverse()
            if self._page:
                notification = self._page.pop()
                self._last_notification_id = notification.id
                return notification
            self._listener.wait(_POLL_S_MAX)
        raise StopIteration


def _originator_id(id_type: OriginatorIdType) -> Callable[[str], UUID | str]:
    return UUID if id_type == "uuid" else str


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def recorded_position(kind: VerdictKind, position: int | None) -> int:
    """Return the position of what was recorded now; anything else was there before us."""
    if kind is not VerdictKind.ACCEPTED or position is None:
        raise IntegrityError(f"the events were not recorded: {kind}")
    return position


@contextmanager
def transaction(cursor: Cursor) -> Iterator[None]:
    """Commit what the block does, or take all of it back."""
    cursor.execute("begin")
    try:
        yield
    except BaseException:
        if not cursor.connection.closed:
            cursor.execute("rollback")
        raise
    cursor.execute("commit")


def create_table_by(connections: Connections, statement: str, names: Mapping[str, str]) -> None:
    """Make a table in the schemas of the given names."""
    text = statement.format_map(names)
    connections.write(None, lambda cursor: cursor.execute(text))


def fetch(
    connections: Connections, statement: str, values: Mapping[str, object]
) -> list[tuple[Any, ...]]:
    """Return the rows of a statement."""

    def work(cursor: Cursor) -> list[tuple[Any, ...]]:
        cursor.execute(statement, values)
        return cursor.fetchall()

    return connections.read(work)


def _columns(stored_events: Sequence[StoredEvent]) -> tuple[list[Any], ...]:
    return (
        [str(event.originator_id) for event in stored_events],
        [event.originator_version for event in stored_events],
        [event.topic for event in stored_events],
        [event.state for event in stored_events],
    )


def _select_events(
    recorder: Recorder,
    source: str,
    names: Mapping[str, str],
    to_id: Callable[[str], UUID | str],
    originator_id: UUID | str,
    *,
    gt: int | None,
    lte: int | None,
    desc: bool,
    limit: int | None,
) -> list[StoredEvent]:
    statement = "".join(
        (
            "select stream, version, topic, state from ",
            source,
            " and stream = %(stream)s",
            " and version > %(gt)s" if gt is not None else "",
            " and version <= %(lte)s" if lte is not None else "",
            " order by version",
            " desc" if desc else "",
            " limit %(limit)s" if limit is not None else "",
        )
    ).format_map(names)
    values = {"stream": str(originator_id), "gt": gt, "lte": lte, "limit": limit}
    return [
        StoredEvent(to_id(stream), version, topic, bytes(state))
        for stream, version, topic, state in fetch(recorder.connections, statement, values)
    ]
