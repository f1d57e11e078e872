"""Appends by UmaDB's client, each with the condition that its stream has not moved on."""

from collections.abc import Callable
from contextlib import ExitStack
from uuid import uuid4

from umadb import (  # type: ignore[import-not-found]  # of another environment
    AppendCondition,
    Client,
    Event,
    Query,
    QueryItem,
)

from tests.benchmarks.measuring import Order, Write, answer_orders, payload, places, writing


def setup(order: Order, _stack: ExitStack) -> Callable[[Order], Order]:
    """Connect each writer when it is first needed."""

    def new_writer(writer: int) -> Write:
        client = Client(order["url"])
        place = places(writer)
        last: int | None = None

        def write() -> None:
            nonlocal last
            stream, version = next(place)
            event = Event(
                event_type="MessagePosted",
                data=payload(stream, version),
                tags=[stream],
                uuid=uuid4(),
            )
            unmoved = AppendCondition(
                fail_if_events_match=Query(items=[QueryItem(tags=[stream])]),
                after=last if version > 1 else None,
            )
            last = client.append([event], condition=unmoved)

        return write

    return writing(new_writer)


if __name__ == "__main__":
    answer_orders(setup)
