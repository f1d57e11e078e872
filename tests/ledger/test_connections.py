"""Connections and hints: limits on every wait, plain answers when the database is away."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import psycopg2
import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name
from psycopg2.extensions import make_dsn

from domain.ledger.connections import Connections, DatabaseUnavailable
from domain.ledger.hints import HintSender, Listener, send_hint
from tests.conftest import Database


@pytest.fixture
def connections(database: Database) -> Iterator[Connections]:
    """Connections of the application role, two of them for reads."""
    connections = Connections(database.app_dsn, readers_max=2, acquire_timeout_s=0.05)
    yield connections
    connections.close()


def answer(cursor: Cursor, question: str) -> object:
    """Return the one value a question is answered with."""
    cursor.execute(question)
    (value,) = cursor.fetchone() or (None,)
    return value


def test_sessions_are_in_utc_and_have_a_time_limit(connections: Connections) -> None:
    """Whatever the server's settings are."""
    assert connections.read(lambda cursor: answer(cursor, "show timezone")) == "UTC"
    assert connections.read(lambda cursor: answer(cursor, "show statement_timeout")) == "30s"
    isolation = "show transaction_isolation"
    assert connections.write(0, lambda cursor: answer(cursor, isolation)) == "read committed"


def test_a_reader_waits_for_a_connection_only_so_long(connections: Connections) -> None:
    """A full house is said to be full instead of keeping people in the rain."""
    inside, done = [Event(), Event()], Event()

    def occupy(number: int) -> None:
        def work(_cursor: Cursor) -> None:
            inside[number].set()
            assert done.wait(30)

        connections.read(work)

    with ThreadPoolExecutor(2) as pool:
        occupied = [pool.submit(occupy, number) for number in range(2)]
        assert all(event.wait(30) for event in inside)
        with pytest.raises(DatabaseUnavailable, match="in use"):
            connections.read(lambda cursor: answer(cursor, "select 1"))
        done.set()
        for one in occupied:
            one.result(timeout=30)
    assert connections.read(lambda cursor: answer(cursor, "select 1")) == 1


def test_a_slow_read_is_unavailable_and_gives_its_connection_back(database: Database) -> None:
    """One slow question must not take the pool with it."""
    hasty = Connections(database.app_dsn, readers_max=1, statement_timeout_ms=20)
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable, match="in time"):
            hasty.read(lambda cursor: answer(cursor, "select pg_sleep(10)"))
    assert hasty.read(lambda cursor: answer(cursor, "select 1")) == 1
    hasty.close()


def test_a_wrong_question_is_not_an_unavailable_database(connections: Connections) -> None:
    """An error of ours must not be retried as if it were the weather."""
    with pytest.raises(psycopg2.errors.UndefinedColumn):
        connections.read(lambda cursor: answer(cursor, "select nonsense"))
    assert connections.read(lambda cursor: answer(cursor, "select 1")) == 1


def test_nobody_there_is_unavailable(database: Database) -> None:
    """Nothing was sent, so nothing can have been written."""
    nowhere = Connections(make_dsn(database.app_dsn, host="/nowhere"))
    with pytest.raises(DatabaseUnavailable):
        nowhere.read(lambda cursor: answer(cursor, "select 1"))
    with pytest.raises(DatabaseUnavailable):
        nowhere.write(0, lambda cursor: answer(cursor, "select 1"))


def test_what_is_closed_stays_closed(connections: Connections) -> None:
    """A thread that comes late must not open a connection nobody will close."""
    connections.read(lambda cursor: answer(cursor, "select 1"))
    connections.write(0, lambda cursor: answer(cursor, "select 1"))
    connections.close()
    with pytest.raises(DatabaseUnavailable):
        connections.read(lambda cursor: answer(cursor, "select 1"))
    with pytest.raises(DatabaseUnavailable):
        connections.write(0, lambda cursor: answer(cursor, "select 1"))


def test_a_hint_wakes_who_waits(connections: Connections) -> None:
    """Pages move at once, not at the next poll."""
    listener = Listener(connections, "moved")
    assert listener.wait(0)  # what came before listening gave no hint
    assert not listener.wait(0)
    send_hint(connections, "another")
    assert not listener.wait(0)
    send_hint(connections, "moved")
    assert listener.wait(30)
    assert not listener.wait(0)
    listener.close()


def test_a_listener_that_lost_its_connection_listens_again(
    connections: Connections, database: Database
) -> None:
    """And looks at the record at once, for it cannot know what it missed."""
    listener = Listener(connections, "moved")
    assert listener.wait(0)
    admin = psycopg2.connect(database.superuser_dsn)
    with admin.cursor() as cursor:
        cursor.execute(
            "select count(pg_terminate_backend(pid, 10000)) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    admin.close()
    while listener.wait(0):
        pass  # until it has heard of the end, listened again and found nothing new
    send_hint(connections, "moved")
    assert listener.wait(30)
    listener.close()


def test_a_listener_may_be_closed_while_it_waits(connections: Connections) -> None:
    """Who stops a reader is seldom the one who reads."""
    listener = Listener(connections, "moved")
    assert listener.wait(0)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(listener.wait, 0.2)
        listener.close()
        assert waiting.result(timeout=30) is False
    assert not listener.wait(30)


def test_a_sender_makes_many_commits_one_hint(connections: Connections) -> None:
    """A hint costs a round trip; a thousand commits a second must not."""
    listener = Listener(connections, "moved")
    assert listener.wait(0)
    sender = HintSender(connections, "moved", pause_s=30)
    sender.send()
    assert listener.wait(30)
    for _ in range(1000):
        sender.send()
    assert not listener.wait(0.05)
    sender.close()
    assert listener.wait(30)
    listener.close()


def test_a_hint_to_a_database_that_is_away_is_dropped(database: Database) -> None:
    """A hint is never a reason to fail."""
    nowhere = Connections(make_dsn(database.app_dsn, host="/nowhere"))
    send_hint(nowhere, "moved")
    listener = Listener(nowhere, "moved")
    assert not listener.wait(0)
