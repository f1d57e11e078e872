"""Appends by Message DB's write_message, one call and one transaction each."""

from collections.abc import Callable
from contextlib import ExitStack
from uuid import uuid4

import psycopg2

from tests.benchmarks.measuring import Order, Write, answer_orders, payload, places, writing


def setup(order: Order, _stack: ExitStack) -> Callable[[Order], Order]:
    """Open a connection for each writer when it is first needed."""

    def new_writer(writer: int) -> Write:
        connection = psycopg2.connect(order["dsn"])
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("set search_path to message_store, public")
        # Prepared once: the server parses nothing again, which is the best it can do.
        cursor.execute(
            "prepare writing(varchar, varchar, varchar, jsonb, bigint) as"
            " select write_message($1, $2, $3, $4, null, $5)"
        )
        place = places(writer)

        def write() -> None:
            stream, version = next(place)
            # The part before the first hyphen is the category, which the server locks.
            cursor.execute(
                "execute writing(%s, %s, %s, %s, %s)",
                (
                    str(uuid4()),
                    stream.replace(":", "-"),
                    "MessagePosted",
                    payload(stream, version).decode(),
                    version - 2,
                ),
            )
            cursor.fetchone()

        return write

    return writing(new_writer)


if __name__ == "__main__":
    answer_orders(setup)
