"""A notary in a process of its own, as in production, that works or rests as it is told."""

from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Final

from domain.ledger.connections import Connections
from domain.ledger.notary import Notary
from domain.ledger.signing import Signer
from domain.values import Instant, instant
from tests.benchmarks.history import OwnSigner
from tests.benchmarks.measuring import Order, answer_orders

STOP_SECONDS_MAX: Final = 30.0


def setup(order: Order, stack: ExitStack) -> Callable[[Order], Order]:
    """Make a notary that rests."""
    connections = stack.enter_context(closing(Connections(order["dsn"], readers_max=2)))
    signers: list[Signer] = [OwnSigner()]
    notary = Notary(connections, signers=lambda: signers, now=_now)
    running: list[tuple[Thread, Event]] = []

    def obey(order: Order) -> Order:
        """Work or rest; before it works it has taken in what was recorded while it rested."""
        if running:
            thread, stop = running.pop()
            stop.set()
            thread.join(STOP_SECONDS_MAX)
            assert not thread.is_alive(), "the notary did not stop"
        if order["works"]:
            notary.step(0)
            stop = Event()
            thread = Thread(target=notary.run, args=(stop,), daemon=True)
            thread.start()
            running.append((thread, stop))
        assert not notary.alarms, notary.alarms
        signed = notary.log.checkpoint(0)
        return {"signed": signed.size if signed is not None else 0}

    return obey


def _now() -> Instant:
    return instant(datetime.now(UTC))


if __name__ == "__main__":
    answer_orders(setup)
