"""A worker in a process of its own, as in production; an order to begin is all it is told."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from typing import Final

from api.settings import Settings
from api.wiring import Dsns, joined
from api.worker import work
from tests.benchmarks.measuring import Order, answer_orders

STOP_SECONDS_MAX: Final = 30.0


def setup(order: Order, stack: ExitStack) -> Callable[[Order], Order]:
    """Work until there are no more orders."""
    settings = Settings(data_dir=Path(order["data_dir"]), origin="ledger.benchmark")
    parts = stack.enter_context(joined(settings, Dsns(app=order["dsn"], views=order["dsn"])))
    stop = Event()
    working = Thread(target=work, args=(parts, stop), daemon=True)
    working.start()

    def obey(_order: Order) -> Order:
        """Stop working; say whether it worked until now."""
        worked = working.is_alive()
        stop.set()
        working.join(STOP_SECONDS_MAX)
        return {"worked": worked}

    return obey


if __name__ == "__main__":
    answer_orders(setup)
