"""The eventsourcing library's published suites, run on our recorders over the ordinary append.

Where a suite numbers a stream from 0 the numbers are moved up by one on their way in: a stream of
ours begins at version 1, the table refuses anything else. Nothing else is changed.
"""

import secrets
from collections.abc import Iterator, Sequence
from threading import Event
from typing import Any
from unittest import TestCase

import psycopg2
import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    ProcessRecorder,
    StoredEvent,
    Tracking,
    TrackingRecorder,
)
from eventsourcing.tests.application import ApplicationTestCase, ExampleApplicationTestCase
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    InfrastructureFactoryTestCase,
    NonInterleavingNotificationIDsBaseCase,
    ProcessRecorderTestCase,
    TrackingRecorderTestCase,
)
from eventsourcing.tests.projection import (
    AggregateEventCountersProjectionTestCase,
    EventCountersView,
    EventCountersViewTestCase,
    EventSourcedProjectionTestCase,
)
from eventsourcing.utils import Environment, get_topic
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger.connections import AppendUnknown, Connections
from domain.ledger.factory import LedgerFactory
from domain.ledger.library import (
    LedgerAggregateRecorder,
    LedgerApplicationRecorder,
)
from domain.ledger.migrations import Names, migrate, placeholders
from domain.ledger.recorder import Recorder
from domain.ledger.tracking import LedgerProcessRecorder, LedgerTrackingRecorder
from tests.conftest import Database
from tests.ledger.attempts import attempt, new


class OwnSchema(TestCase):
    """A test with a record of its own, made by the same SQL files under other names."""

    database: Database
    recorder: Recorder

    @pytest.fixture(autouse=True)
    def _own_schema(self, database: Database) -> Iterator[None]:
        self.database = database
        self.schema = f"suite_{secrets.token_hex(4)}"
        names = Names.beside(self.schema)
        migrate(database.owner_dsn, names=names)
        self.recorder = Recorder(Connections(database.app_dsn), names=names)
        yield
        self.recorder.close()

    def environment(self) -> dict[str, str]:
        """Return what the factory needs to find this record."""
        return {
            "PERSISTENCE_MODULE": "domain.ledger.factory",
            LedgerFactory.LEDGER_DSN: self.database.app_dsn,
            LedgerFactory.LEDGER_SCHEMA: self.schema,
            LedgerFactory.ORIGINATOR_ID_TYPE: "uuid",
        }


class FromOne(LedgerProcessRecorder):
    """Our recorder for the suites' tests that number a stream from 0."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Record the events one version higher."""
        moved = [
            StoredEvent(event.originator_id, event.originator_version + 1, event.topic, event.state)
            for event in stored_events
        ]
        return super().insert_events(moved, **kwargs)


class TestAggregateRecorder(OwnSchema, AggregateRecorderTestCase):
    """States beside the record."""

    def create_recorder(self) -> AggregateRecorder:
        """Return the recorder under test."""
        recorder = LedgerAggregateRecorder(
            self.recorder, purpose="snapshots", originator_id_type="uuid"
        )
        recorder.create_table()
        return recorder


class TestApplicationRecorder(OwnSchema, ApplicationRecorderTestCase[ApplicationRecorder]):
    """Events of a lane."""

    recorder_class: type[LedgerApplicationRecorder] = LedgerApplicationRecorder

    def create_recorder(self) -> ApplicationRecorder:
        """Return the recorder under test."""
        return self.recorder_class(self.recorder, originator_id_type="uuid")

    def test_concurrent_no_conflicts(self, initial_position: int = 0) -> None:  # noqa: PT028 - theirs
        """Numbers its streams from 0."""
        self.recorder_class = FromOne
        super().test_concurrent_no_conflicts(initial_position)

    def test_concurrent_throughput(self) -> None:
        """Numbers its streams from 0."""
        self.recorder_class = FromOne
        super().test_concurrent_throughput()

    def test_insert_subscribe(self) -> None:
        """The suite leaves it to recorders that can be subscribed to."""
        self.optional_test_insert_subscribe()


class TestNonInterleavingNotificationIDs(OwnSchema, NonInterleavingNotificationIDsBaseCase):
    """Positions of one command stand together; this suite's helper numbers from 0."""

    def create_recorder(self) -> ApplicationRecorder:
        """Return the recorder under test."""
        return FromOne(self.recorder, originator_id_type="uuid")


class TestTrackingRecorder(OwnSchema, TrackingRecorderTestCase):
    """How far a reader has come."""

    def create_recorder(self) -> TrackingRecorder:
        """Return the recorder under test."""
        recorder = LedgerTrackingRecorder(self.recorder)
        recorder.create_table()
        return recorder


class TestProcessRecorder(OwnSchema, ProcessRecorderTestCase):
    """Events together with the tracking of what caused them."""

    recorder_class: type[LedgerProcessRecorder] = LedgerProcessRecorder

    def create_recorder(self) -> ProcessRecorder:
        """Return the recorder under test."""
        recorder = self.recorder_class(self.recorder, originator_id_type="uuid")
        recorder.create_table()
        return recorder

    def test_performance(self) -> None:
        """Numbers its streams from 0."""
        self.recorder_class = FromOne
        super().test_performance()


class OwnTracking(LedgerTrackingRecorder):
    """A subclass, as an application with views of its own has one."""


class TestInfrastructureFactory(OwnSchema, InfrastructureFactoryTestCase[LedgerFactory]):
    """What the factory makes of an environment."""

    def setUp(self) -> None:
        """Point the environment at this test's record."""
        self.env = Environment(name="TestCase", env=self.environment())
        super().setUp()

    def expected_factory_class(self) -> type[LedgerFactory]:
        """Return our factory."""
        return LedgerFactory

    def expected_aggregate_recorder_class(self) -> type[AggregateRecorder]:
        """Return our recorder of states."""
        return LedgerAggregateRecorder

    def expected_application_recorder_class(self) -> type[ApplicationRecorder]:
        """Return our recorder of events."""
        return LedgerApplicationRecorder

    def expected_tracking_recorder_class(self) -> type[TrackingRecorder]:
        """Return our recorder of tracking."""
        return LedgerTrackingRecorder

    def tracking_recorder_subclass(self) -> type[TrackingRecorder]:
        """Return a subclass of it."""
        return OwnTracking

    def expected_process_recorder_class(self) -> type[ProcessRecorder]:
        """Return our recorder of both."""
        return LedgerProcessRecorder


class UnderOurFactory(OwnSchema):
    """A suite that builds its applications from the process's environment."""

    @pytest.fixture(autouse=True)
    def _environment(self, _own_schema: None, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in self.environment().items():
            monkeypatch.setenv(name, value)


class TestExampleApplication(UnderOurFactory, ExampleApplicationTestCase):
    """The library's example, snapshots included."""

    expected_factory_topic = get_topic(LedgerFactory)


@pytest.mark.filterwarnings("always:'log' is deprecated:DeprecationWarning")
class TestApplication(UnderOurFactory, ApplicationTestCase):
    """The library's application on our record: saving, caching, fast-forwarding, the log."""


class CountersView(LedgerTrackingRecorder, EventCountersView):
    """A view of the library's kind: rows and tracking commit together."""

    def create_table(self) -> None:
        """Make the view's table and the one for tracking."""
        super().create_table()
        self.run(
            "create table if not exists {view}.counter(name text primary key, number int not null)"
        )

    def run(self, statement: str, **values: object) -> None:
        """Run a statement on the view."""
        text = statement.format_map(placeholders(self.names))
        self.connections.write(None, lambda cursor: cursor.execute(text, values))

    def count(self, name: str, tracking: Tracking) -> None:
        """Count an event of a kind once."""
        statement = (
            "insert into {view}.counter as c values (%(name)s, 1)"
            " on conflict (name) do update set number = c.number + 1"
        ).format_map(placeholders(self.names))
        self.insert_with_tracking(
            tracking, lambda cursor: cursor.execute(statement, {"name": name})
        )

    def counted(self, name: str) -> int:
        """Return how many events of a kind were counted."""
        statement = "select number from {view}.counter where name = %(name)s"

        def work(cursor: Cursor) -> int:
            cursor.execute(statement.format_map(placeholders(self.names)), {"name": name})
            (number,) = cursor.fetchone() or (0,)
            return int(number)

        return self.connections.read(work)

    def get_created_event_counter(self) -> int:
        """Return how many aggregates were created."""
        return self.counted("created")

    def get_subsequent_event_counter(self) -> int:
        """Return how many events followed."""
        return self.counted("subsequent")

    def incr_created_event_counter(self, tracking: Tracking) -> None:
        """Count a creation."""
        self.count("created", tracking)

    def incr_subsequent_event_counter(self, tracking: Tracking) -> None:
        """Count an event that followed."""
        self.count("subsequent", tracking)


class TestEventCountersView(OwnSchema, EventCountersViewTestCase):
    """A view on our tracking."""

    def construct_event_counters_view(self) -> EventCountersView:
        """Return the view under test."""
        view = CountersView(self.recorder)
        view.create_table()
        return view


class TestProjection(UnderOurFactory, AggregateEventCountersProjectionTestCase):
    """A stock projection and its runner follow our record through our subscription."""

    view_class = CountersView


class TestEventSourcedProjection(UnderOurFactory, EventSourcedProjectionTestCase):
    """A projection that records events of its own, with the tracking of what caused them."""

    @pytest.fixture(autouse=True)
    def _a_record_for_each(self, _environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
        """What the projection records is not in the log it follows."""
        other = f"{self.schema}_counters"
        migrate(self.database.owner_dsn, names=Names.beside(other))
        monkeypatch.setenv(f"COUNTERS_{LedgerFactory.LEDGER_SCHEMA}", other)


def test_a_reader_is_waited_for_without_a_first_sleep(database: Database) -> None:
    """Reading one's own write is on the path of a request; the library sleeps 100 ms first."""
    names = Names.beside(f"suite_{secrets.token_hex(4)}")
    migrate(database.owner_dsn, names=names)
    recorder = Recorder(Connections(database.app_dsn), names=names)
    tracking = LedgerTrackingRecorder(recorder)
    tracking.create_table()
    pauses: list[float] = []

    class Interrupt(Event):
        """Never set; the reader arrives during the first pause."""

        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout or 0.0)
            if len(pauses) == 1:
                tracking.insert_tracking(Tracking("upstream", 1))
            return False

    tracking.wait("upstream", 1, timeout=10.0, interrupt=Interrupt())
    assert len(pauses) == 1
    assert pauses[0] < 0.01
    recorder.close()


def test_events_whose_reply_was_lost_are_recorded_once(database: Database) -> None:
    """The library's callers know no command id, so the recorder asks for them."""
    names = Names.beside(f"suite_{secrets.token_hex(4)}")
    migrate(database.owner_dsn, names=names)
    recorder = Recorder(Connections(database.app_dsn), names=names)

    class LosesReplies(Recorder):
        lost = 0

        def append(self, lane: int, batch: Any) -> Any:
            verdicts = super().append(lane, batch)
            if self.lost == 0:
                self.lost += 1
                raise AppendUnknown
            return verdicts

    losing = LosesReplies(recorder.connections, names=names)
    events = [StoredEvent("a", version, "topic", b"{}") for version in (1, 2)]
    assert list(LedgerApplicationRecorder(losing).insert_events(events) or ()) == [1, 2]
    assert losing.lost == 1
    assert recorder.position(0) == 2
    recorder.close()


def test_an_application_of_the_library_reads_our_record(database: Database) -> None:
    """Its repository and notification log are the ones we use; commands are written by batch."""
    recorder = Recorder.connect(database.app_dsn)
    done = attempt(new("ticket:read-by-the-library"), events=3)
    (verdict,) = recorder.append(0, [done])
    assert verdict.position is not None
    app = Application[str](
        env={
            "PERSISTENCE_MODULE": "domain.ledger.factory",
            LedgerFactory.LEDGER_DSN: database.app_dsn,
        }
    )
    last = verdict.position
    section = app.notification_log[f"{last - 2},{last}"]
    assert [item.id for item in section.items] == [last - 2, last - 1, last]
    assert [item.originator_version for item in section.items] == [1, 2, 3]
    stored = app.recorder.select_events("ticket:read-by-the-library")
    assert [event.state for event in stored] == [line.state for line in done.lines]
    app.close()
    recorder.close()


def test_the_suites_write_through_the_append(database: Database) -> None:
    """The application role of the suites cannot insert an event any other way."""
    names = Names.beside(f"suite_{secrets.token_hex(4)}")
    migrate(database.owner_dsn, names=names)
    recorder = Recorder(Connections(database.app_dsn), names=names)
    LedgerApplicationRecorder(recorder).insert_events([StoredEvent("a", 1, "topic", b"{}")])
    connection = psycopg2.connect(database.app_dsn)
    with connection.cursor() as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute(f"delete from {names.ledger}.event")
    connection.close()
    recorder.close()


# The base classes are suites too, and would be collected as tests of nothing.
del (
    AggregateEventCountersProjectionTestCase,
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    ApplicationTestCase,
    EventCountersViewTestCase,
    EventSourcedProjectionTestCase,
    ExampleApplicationTestCase,
    InfrastructureFactoryTestCase,
    NonInterleavingNotificationIDsBaseCase,
    OwnSchema,
    ProcessRecorderTestCase,
    TrackingRecorderTestCase,
    UnderOurFactory,
)
