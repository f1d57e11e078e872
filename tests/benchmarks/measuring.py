"""The measured side: a process that does what its starter orders and answers with figures.

Only the standard library is used here, because references run in environments of their own.
"""

import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from time import perf_counter
from typing import Any, Final

PAYLOAD_BYTES: Final = 700
"""About what a record of a posted message takes; the same for everybody."""
EVENTS_PER_STREAM: Final = 10
WAIT_SECONDS_MAX: Final = 60.0

Write = Callable[[], None]
"""One durable append; it returns when the append is on disk."""
Order = dict[str, Any]


def answer_orders(setup: Callable[[Order, ExitStack], Callable[[Order], Order]]) -> None:
    """Answer the starter's orders, one JSON line each, until it closes the pipe.

    What `setup` enters on the stack stays open for as long as there may be orders.
    """
    stack = ExitStack()
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    orders = map(json.loads, sys.stdin)
    try:
        obey = setup(next(orders), stack)
        print(json.dumps({"ready": True}), file=replies)
        for order in orders:
            print(json.dumps(obey(order)), file=replies)
    except Exception as error:  # whatever it was, the starter is told
        traceback.print_exc()
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=replies)
    # Threads and pools of the libraries under test may wait for ever; the process does not.
    os._exit(0)


def writing(new_writer: Callable[[int], Write]) -> Callable[[Order], Order]:
    """Return how to obey orders to write with many threads; each thread keeps its writer."""
    writers: list[Write] = []

    def obey(order: Order) -> Order:
        while len(writers) < order["writers"]:
            writers.append(new_writer(len(writers)))
        return write_for(writers[: order["writers"]], order["seconds"])

    return obey


def write_for(writers: list[Write], seconds: float) -> Order:
    """Return how many appends these writers made side by side, and the time of each."""
    start = threading.Barrier(len(writers) + 1)
    took: list[list[float]] = [[] for _ in writers]
    failures: list[Exception] = []

    def run(write: Write, times: list[float]) -> None:
        start.wait(WAIT_SECONDS_MAX)
        now = perf_counter()
        end = now + seconds
        try:
            while now < end:
                write()
                after = perf_counter()
                times.append(after - now)
                now = after
        except Exception as error:  # told below, to the starter
            failures.append(error)

    threads = [
        threading.Thread(target=run, args=pair, daemon=True)
        for pair in zip(writers, took, strict=True)
    ]
    for thread in threads:
        thread.start()
    start.wait(WAIT_SECONDS_MAX)
    began = perf_counter()
    for thread in threads:
        thread.join(seconds + WAIT_SECONDS_MAX)
    elapsed = perf_counter() - began
    if failures:
        raise failures[0]
    if any(thread.is_alive() for thread in threads):
        raise TimeoutError("a writer did not come back")
    times = sorted(time for own in took for time in own)
    return {
        "count": len(times),
        "elapsed": elapsed,
        "p50_ms": times[len(times) // 2] * 1e3,
        "p99_ms": times[len(times) * 99 // 100] * 1e3,
    }


def places(writer: int, kind: str = "ticket") -> Iterator[tuple[str, int]]:
    """Yield the streams and versions one writer appends to: its own, a few events in each."""
    run = os.urandom(4).hex()
    number = 0
    while True:
        for version in range(1, EVENTS_PER_STREAM + 1):
            yield f"{kind}:T0-{run}-{writer}-{number}", version
        number += 1


def payload(stream: str, version: int) -> bytes:
    """Return the bytes to store, valid JSON and of the same length for everybody."""
    head = f'{{"stream":"{stream}","version":{version},"text":"'
    return (head + "x" * (PAYLOAD_BYTES - len(head) - 2) + '"}').encode()
