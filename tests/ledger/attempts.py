"""Attempts for tests of the append: short to write, chained as a real writer would chain them."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count

from domain.ledger.batch import GENESIS, Attempt, Line, Link, SealedValue, WrappedKey

BEGIN = datetime(2026, 11, 22, 3, 4, 5, 123456, tzinfo=UTC)
_NUMBERS = count(1)


def leaf_hash(state: bytes) -> bytes:
    """Return the hash the database computes for an event's bytes."""
    return hashlib.sha256(b"\x00" + state).digest()


def new(stream: str) -> Link:
    """Return the head of a stream that is not there yet."""
    return Link(stream, 0, GENESIS)


def line(link: Link, nth: int = 1, *, at: datetime = BEGIN) -> Line:
    """Return an event that follows a head, with bytes that are its own."""
    version = link.version + nth
    state = f'{{"number":{next(_NUMBERS)},"stream":"{link.stream}"}}'.encode()
    return Line(link.stream, version, "ticket.noted.v1", at + timedelta(seconds=version), state)


def attempt(
    *written: Link,
    command: str | None = None,
    body: bytes = b"body",
    judged: tuple[Link, ...] = (),
    events: int = 1,
    take: tuple[tuple[str, str], ...] = (),
    free: tuple[str, ...] = (),
    keys: tuple[WrappedKey, ...] = (),
    disclosures: tuple[SealedValue, ...] = (),
) -> Attempt:
    """Return a command that writes some streams and only looks at others."""
    return Attempt(
        command or f"command-{next(_NUMBERS)}",
        hashlib.sha256(body).digest(),
        (*written, *judged),
        tuple(line(link, nth) for link in written for nth in range(1, events + 1)),
        take,
        free,
        keys,
        disclosures,
    )


def heads_after(done: Attempt) -> Mapping[str, Link]:
    """Return the heads a recorded attempt leaves behind."""
    heads = {link.stream: link for link in done.links}
    for written in done.lines:
        heads[written.stream] = Link(written.stream, written.version, leaf_hash(written.state))
    return heads
