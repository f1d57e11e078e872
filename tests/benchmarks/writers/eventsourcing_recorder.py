"""Appends by the library's own PostgreSQL recorder; runs in an environment with psycopg 3."""

from collections.abc import Callable
from contextlib import ExitStack

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from tests.benchmarks.measuring import Order, Write, answer_orders, payload, places, writing


def setup(order: Order, _stack: ExitStack) -> Callable[[Order], Order]:
    """Make the recorder's tables and one connection for each writer."""
    datastore = PostgresDatastore(
        dbname=order["dbname"],
        host=order["host"],
        port=order["port"],
        user=order["user"],
        password=order["password"],
        pool_size=order["writers_max"],
        connect_timeout=30.0,
        originator_id_type="text",
        enable_db_functions=order["database_functions"],
    )
    datastore.pool.open(wait=True)
    recorder = PostgresApplicationRecorder(datastore, events_table_name="benchmark_events")
    recorder.create_table()

    def new_writer(writer: int) -> Write:
        place = places(writer)

        def write() -> None:
            stream, version = next(place)
            stored = StoredEvent(stream, version, "message.posted.v1", payload(stream, version))
            recorder.insert_events([stored])

        return write

    return writing(new_writer)


if __name__ == "__main__":
    answer_orders(setup)
