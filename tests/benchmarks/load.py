"""The load on one API process: a fixed number of requests in flight, each on its own connection.

It writes prepared bytes to sockets and reads answers no further than it must, so that the machine
is spent on the server. Latency counts from the first byte sent to the last byte received.
"""

import asyncio
import itertools
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from time import perf_counter
from typing import Any, Final, cast

import uvloop

from tests.benchmarks.measuring import Order, answer_orders

_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"
_SECONDS_MAX: Final = 30.0


class Caller(asyncio.Protocol):
    """One connection that sends its next request when the last one is answered."""

    def __init__(self, requests: Iterator[bytes], expected: bytes) -> None:
        self.times: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._expected = expected
        self._buffer = b""
        self._end = 0.0
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to the server."""
        self._transport = cast("asyncio.Transport", transport)

    def hang_up(self) -> None:
        """Close the connection."""
        assert self._transport is not None
        self._transport.close()

    def begin(self, end: float) -> None:
        """Send requests one after another until this moment."""
        self._end = end
        self._send()

    def data_received(self, data: bytes) -> None:
        """Take an answer in; when it is whole and as expected, send the next request."""
        self._buffer += data
        head_end = self._buffer.find(_HEAD_END)
        if head_end < 0:
            return
        head = self._buffer[:head_end].lower()
        start = head.find(_LENGTH)
        if start < 0:
            self._fail(f"an answer without a length: {head[:200]!r}")
            return
        length = int(head[start + len(_LENGTH) :].split(b"\r\n", 1)[0])
        if len(self._buffer) < head_end + len(_HEAD_END) + length:
            return
        if self._buffer[9:12] != self._expected:
            self._fail(f"unexpected answer: {self._buffer[:600]!r}")
            return
        self._buffer = b""
        now = perf_counter()
        self.times.append(now - self._sent)
        if now < self._end:
            self._send()
        elif not self.done.done():
            self.done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail, unless everything was done."""
        self._fail(f"the server closed the connection: {exc}")

    def _send(self) -> None:
        assert self._transport is not None
        self._sent = perf_counter()
        self._transport.write(next(self._requests))

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError(why))


def requests_of(method: str, calls: list[list[str]], body: bytes | None) -> Iterator[bytes]:
    """Yield the requests of one connection: its calls in turn, each command with its own key."""
    own_key = os.urandom(8).hex()
    heads = [
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        for path, token in calls
    ]
    content = b"" if body is None else b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    for number, head in enumerate(itertools.cycle(heads)):
        if body is None:
            yield f"{head}\r\n".encode()
        else:
            keyed = f"{head}Idempotency-Key: {own_key}-{number}\r\n"
            yield f"{keyed}Content-Type: application/json\r\n".encode() + content


async def _press(order: Order) -> Order:
    loop = asyncio.get_running_loop()
    body = json.dumps(order["body"]).encode() if "body" in order else None
    callers: list[Caller] = []
    for calls in order["connections"]:
        requests = requests_of(order["method"], calls, body)

        def caller(requests: Iterator[bytes] = requests) -> Caller:
            return Caller(requests, str(order["status"]).encode())

        callers.append((await loop.create_connection(caller, "127.0.0.1", order["port"]))[1])
    began = perf_counter()
    for one in callers:
        one.begin(began + order["seconds"])
    async with asyncio.timeout(order["seconds"] + _SECONDS_MAX):
        await asyncio.gather(*(one.done for one in callers))
    elapsed = perf_counter() - began
    for one in callers:
        one.hang_up()
    times = sorted(time for one in callers for time in one.times)
    return {
        "count": len(times),
        "elapsed": elapsed,
        "p50_ms": times[len(times) // 2] * 1e3,
        "p99_ms": times[len(times) * 99 // 100] * 1e3,
    }


def setup(_order: Order, _stack: ExitStack) -> Callable[[Order], Order]:
    """Each order brings its own paths, so there is nothing to prepare."""

    def obey(order: Order) -> Any:
        return uvloop.run(_press(order))

    return obey


if __name__ == "__main__":
    answer_orders(setup)
