"""How far a reader has come, for the eventsourcing library, alone or together with events."""

from collections.abc import Callable, Mapping, Sequence
from threading import Event
from time import monotonic, sleep
from typing import Any, Final

from eventsourcing.persistence import (
    IntegrityError,
    ProcessRecorder,
    Tracking,
    TrackingRecorder,
    WaitInterruptedError,
)
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger.batch import Attempt
from domain.ledger.connections import Connections
from domain.ledger.library import (
    LedgerApplicationRecorder,
    OriginatorIdType,
    create_table_by,
    fetch,
    recorded_position,
    transaction,
)
from domain.ledger.migrations import Names, placeholders
from domain.ledger.recorder import Recorder

_POLL_S_MIN: Final = 0.002
_POLL_S_MAX: Final = 0.5


class LedgerTrackingRecorder(TrackingRecorder):
    """How far a reader of somebody's notification log has come, kept beside its views."""

    def __init__(self, recorder: Recorder) -> None:
        """Keep tracking in the views' schema."""
        self._recorder = recorder
        self._names = {**placeholders(recorder.names), "lane": "0"}

    @property
    def connections(self) -> Connections:
        """Return where a subclass reads and writes its view."""
        return self._recorder.connections

    @property
    def names(self) -> Names:
        """Return the schemas, of which `view` is where a subclass keeps its tables."""
        return self._recorder.names

    def create_table(self) -> None:
        """Make the table unless it is there."""
        create_table_by(
            self._recorder.connections,
            "create table if not exists {view}.tracking("
            "application text primary key, notification_id bigint not null)",
            self._names,
        )

    def insert_tracking(self, tracking: Tracking) -> None:
        """Move on to a notification; one that is not ahead is an IntegrityError."""
        self.insert_with_tracking(tracking, lambda cursor: None)

    def insert_with_tracking(self, tracking: Tracking, work: Callable[[Cursor], None]) -> None:
        """Do a view's work and move on to a notification, both or neither."""

        def tracked(cursor: Cursor) -> None:
            with transaction(cursor):
                _track(cursor, tracking, self._names)
                work(cursor)

        self._recorder.connections.write(None, tracked)

    def max_tracking_id(self, application_name: str) -> int | None:
        """Return how far the reader has come in the named application's log."""
        rows = fetch(
            self._recorder.connections,
            "select notification_id from {view}.tracking where application = %(name)s".format_map(
                self._names
            ),
            {"name": application_name},
        )
        return rows[0][0] if rows else None

    def wait(
        self,
        application_name: str,
        notification_id: int | None,
        timeout: float = 1.0,
        interrupt: Event | None = None,
    ) -> None:
        """Block until the reader has come so far; unlike the library's, look often at first."""
        deadline = monotonic() + timeout
        pause_s = _POLL_S_MIN
        while not self.has_tracking_id(application_name, notification_id):
            remaining_s = deadline - monotonic()
            if remaining_s <= 0:
                raise TimeoutError(
                    f"{application_name} was not followed to {notification_id} in {timeout} s"
                )
            if interrupt is None:
                sleep(min(pause_s, remaining_s))
            elif interrupt.wait(min(pause_s, remaining_s)):
                raise WaitInterruptedError
            pause_s = min(pause_s * 2, _POLL_S_MAX)


class LedgerProcessRecorder(LedgerTrackingRecorder, LedgerApplicationRecorder, ProcessRecorder):
    """Events and the tracking of what caused them, recorded together."""

    def __init__(
        self, recorder: Recorder, *, lane: int = 0, originator_id_type: OriginatorIdType = "text"
    ) -> None:
        """Show one lane; ids come back as the given type."""
        LedgerApplicationRecorder.__init__(
            self, recorder, lane=lane, originator_id_type=originator_id_type
        )

    def _insert_nothing(self, **kwargs: Any) -> Sequence[int] | None:
        tracking: Tracking | None = kwargs.get("tracking")
        if tracking is not None:
            self.insert_tracking(tracking)
        return None

    def _append(self, attempt: Attempt, **kwargs: Any) -> int:
        tracking: Tracking | None = kwargs.get("tracking")
        if tracking is None:
            return super()._append(attempt)

        def work(cursor: Cursor) -> int:
            with transaction(cursor):
                _track(cursor, tracking, self._names)
                (verdict,) = self._recorder.append_with(cursor, self._lane, [attempt])
                return recorded_position(verdict.kind, verdict.position)

        return self._recorder.connections.write(self._lane, work)


def _track(cursor: Cursor, tracking: Tracking, names: Mapping[str, str]) -> None:
    cursor.execute(
        (
            "insert into {view}.tracking as t (application, notification_id)"
            " values (%(name)s, %(id)s) on conflict (application)"
            " do update set notification_id = excluded.notification_id"
            " where t.notification_id < excluded.notification_id"
        ).format_map(names),
        {"name": tracking.application_name, "id": tracking.notification_id},
    )
    if cursor.rowcount != 1:
        raise IntegrityError(
            f"{tracking.application_name} was followed to {tracking.notification_id} before"
        )
