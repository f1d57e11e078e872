"""Whole commands in process, handed in as routes do: load, decide, seal, stamp, append."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Final

from api.settings import Settings
from api.wiring import Dsns, joined
from tests.benchmarks.measuring import Order, Write, answer_orders, writing
from tests.benchmarks.tickets import open_tickets

TICKETS_PER_WRITER: Final = 4


def setup(order: Order, stack: ExitStack) -> Callable[[Order], Order]:
    """Join the program's parts over the database and open each writer's tickets."""
    settings = Settings(data_dir=Path(order["data_dir"]), origin="ledger.benchmark")
    parts = stack.enter_context(joined(settings, Dsns(app=order["dsn"], views=order["dsn"])))
    run = os.urandom(4).hex()
    tickets = open_tickets(parts.ledger, TICKETS_PER_WRITER * order["writers_max"], run=run)

    def new_writer(writer: int) -> Write:
        own = tickets[writer * TICKETS_PER_WRITER : (writer + 1) * TICKETS_PER_WRITER]
        numbers = count()

        def write() -> None:
            number = next(numbers)
            request = own[number % len(own)].message(key=f"{run}-{writer}-{number}")
            outcome = parts.ledger.handle(request)
            assert outcome.events, "the message was not recorded"

        return write

    return writing(new_writer)


if __name__ == "__main__":
    answer_orders(setup)
