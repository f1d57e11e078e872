"""The eventsourcing library is the spine: it loads our tickets and reads our record."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import Tracking
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import EnvType
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import TicketOpened
from domain.ledger.application import TicketLedger
from domain.ledger.factory import LedgerFactory
from domain.ledger.folding import Head
from domain.ledger.mapper import RecordMapper
from domain.ledger.reading import project
from domain.ledger.tracking import LedgerTrackingRecorder
from domain.record import Record
from domain.streams import stream_lane
from tests.conftest import Database
from tests.ledger.conftest import MakeLedger
from tests.ledger.matters import accept, fresh_in, grounds, open_ticket, place, query, say

LANES = (1, 4)


class TopicCounts(LedgerTrackingRecorder):
    """A view of how many events of each topic there are, beside its tracking."""

    def create_table(self) -> None:
        """Make the tables unless they are there."""
        super().create_table()
        self.connections.write(
            None,
            lambda cursor: cursor.execute(
                f"create table if not exists {self.names.view}.topic_count"
                "(topic text primary key, count int not null)"
            ),
        )

    def count(self, topic: str, tracking: Tracking) -> None:
        """Count an event once."""

        def work(cursor: Cursor) -> None:
            cursor.execute(
                f"insert into {self.names.view}.topic_count as c values (%s, 1)"
                " on conflict (topic) do update set count = c.count + 1",
                (topic,),
            )

        self.insert_with_tracking(tracking, work)


class CountsTopics(Projection[TopicCounts]):
    """A projection as the library's own documentation has it; it knows records and no more."""

    name = "topic_counts"

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Count the event."""
        assert isinstance(domain_event, Record)
        self.view.count(domain_event.envelope.topic, tracking)


def test_the_ledger_is_an_application_of_the_library(ledger: TicketLedger) -> None:
    """Its event store, its mapper and its recorder are the ones commands are read back with."""
    assert isinstance(ledger, Application)
    assert isinstance(ledger.events.mapper, RecordMapper)
    assert ledger.recorder is ledger.events.recorder
    with pytest.raises(TypeError, match=r"TicketLedger\.handle"):
        ledger.events.mapper.to_stored_event(object())


def test_its_repository_loads_a_ticket_with_our_fold(
    ledger: TicketLedger, make_ledger: MakeLedger, lanes: int
) -> None:
    """What the library folds is what a judgement finds; from whichever lane."""
    for lane in range(lanes):
        order = place(ledger, fresh_in(lane, lanes))
        ticket = open_ticket(ledger, order)
        accept(ledger, ticket)
        for reader in (ledger, make_ledger()):
            head: Any = reader.repository.get(f"ticket:{ticket}", projector_func=project)
            assert isinstance(head, Head)
            case = reader.case(ticket)
            assert head.state == reader.ticket(ticket) == case.ticket
            assert (head.version, head.leaf_hash.hex()) == (case.ticket.version, case.leaf_hash)
            records = reader.stream(f"ticket:{ticket}")
            assert len(records) == head.version
            stored = list(reader.events.get(f"ticket:{ticket}"))
            assert [(one.stream, one.version, one.leaf_hash, one.event) for one in stored] == [
                (one.stream, one.version, one.leaf_hash, one.event) for one in records
            ]


def test_its_repository_loads_a_ticket_as_it_was(ledger: TicketLedger) -> None:
    """Any version, by the library's own means."""
    ticket = open_ticket(ledger)
    opened = ledger.ticket(ticket)
    say(ledger, ticket)
    head: Any = ledger.repository.get(
        f"ticket:{ticket}", version=opened.version, projector_func=project
    )
    assert head.state == opened


def test_its_notification_log_is_our_record(ledger: TicketLedger, database: Database) -> None:
    """The same bytes at the same positions, whole, in pages or by topic."""
    place(ledger, fresh_in(0, ledger.lanes))
    open_ticket(ledger, place(ledger, fresh_in(0, ledger.lanes)))
    last = ledger.position(0)
    records = ledger.records(0, 0, last)
    log = ledger.notification_log
    told = [one for start in range(1, last + 1, 3) for one in log.select(start, 3)]
    assert [one.id for one in told] == list(range(1, last + 1))
    stored = query(
        database.superuser_dsn,
        "select stream, version, topic, state from ledger.event where lane = 0 order by position",
    )
    assert [(one.originator_id, one.originator_version, one.topic, one.state) for one in told] == [
        (stream, version, topic, bytes(state)) for stream, version, topic, state in stored
    ]
    assert [ledger.mapper.to_domain_event(one).leaf_hash for one in told] == [
        record.leaf_hash for record in records
    ]
    opened = log.select(1, 10, topics=[TicketOpened.TOPIC])
    positions = [record.position for record in records if isinstance(record.event, TicketOpened)]
    assert [one.id for one in opened] == positions[:10]
    assert positions
    assert ledger.recorder.max_notification_id() == last


def test_a_stock_projection_follows_our_record(
    ledger: TicketLedger, database: Database, secrets_dir: Path
) -> None:
    """The library's runner counts topics live, exactly once, and goes on where it stopped."""

    class Followed(TicketLedger):
        """The ledger as the library's runner makes it: from an environment."""

        def __init__(self, env: EnvType | None = None) -> None:
            super().__init__(database.app_dsn, grounds(secrets_dir))

    def run() -> ProjectionRunner[Followed, TopicCounts]:
        return ProjectionRunner(
            application_class=Followed,
            projection_class=CountsTopics,
            view_class=TopicCounts,
            env={
                "PERSISTENCE_MODULE": "domain.ledger.factory",
                LedgerFactory.LEDGER_DSN: database.app_dsn,
            },
        )

    def level(runner: ProjectionRunner[Followed, TopicCounts]) -> None:
        runner.wait(ledger.position(0), timeout=30)
        counted = query(database.app_dsn, "select topic, count from view.topic_count")
        records = ledger.records(0, 0, ledger.position(0))
        assert dict(counted) == Counter(record.envelope.topic for record in records)

    ticket = open_ticket(ledger, place(ledger, fresh_in(0, ledger.lanes)))
    assert stream_lane(f"ticket:{ticket}", ledger.lanes) == 0
    for _ in range(2):
        with run() as runner:
            level(runner)
            say(ledger, ticket)  # while it follows
            level(runner)
        runner.app.close()
        say(ledger, ticket)  # while nobody follows
    with run() as runner:
        level(runner)
    runner.app.close()
