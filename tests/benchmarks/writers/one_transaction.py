"""Appends by our function with one command a call, each writer on a connection of its own."""

from collections.abc import Callable
from contextlib import ExitStack

from domain.ledger.batch import VerdictKind
from domain.ledger.recorder import Recorder
from tests.benchmarks.measuring import Order, Write, answer_orders, writing
from tests.benchmarks.writers.attempts import Attempts


def setup(order: Order, _stack: ExitStack) -> Callable[[Order], Order]:
    """Open a connection for each writer when it is first needed."""

    def new_writer(writer: int) -> Write:
        recorder = Recorder.connect(order["dsn"])
        attempts = Attempts(writer)

        def write() -> None:
            (verdict,) = recorder.append(0, [attempts.next()])
            assert verdict.kind is VerdictKind.ACCEPTED, verdict

        return write

    return writing(new_writer)


if __name__ == "__main__":
    answer_orders(setup)
