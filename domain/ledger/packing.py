"""Batches as the text of one SQL call; literals are written here because adapting lists is slow.

A list adapted by the driver becomes an ARRAY[...] constructor that the server parses value by
value; an array literal is one constant. Records travel as hex: as plain text they are half as long,
and in batches of 1 to 128 that made no measurable difference.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.ledger.batch import Attempt


def integers(values: Iterable[int]) -> str:
    """Return an SQL literal for an array of integers."""
    return "'{" + ",".join(map(str, values)) + "}'"


def texts(values: Sequence[str]) -> str:
    """Return an SQL literal for an array of texts."""
    if not values:
        return "'{}'"
    joined = '","'.join(values)
    # Only the separators may hold a quote; anything else is escaped value by value.
    if joined.count('"') == 2 * (len(values) - 1) and _plain(joined):
        return "'{\"" + joined + "\"}'"
    return "'{\"" + '","'.join(_escaped(value) for value in values) + "\"}'"


def byte_strings(values: Sequence[bytes]) -> str:
    """Return an SQL literal for an array of byte strings."""
    if not values:
        return "'{}'"
    return "'{\"\\\\x" + '","\\\\x'.join([value.hex() for value in values]) + "\"}'"


def instants(values: Iterable[datetime]) -> str:
    """Return an SQL literal for an array of instants; one without an offset is refused."""
    written: list[str] = []
    before: datetime | None = None
    for value in values:
        if value is before:  # as in a batch, which is judged at one instant
            written.append(written[-1])
            continue
        if value.tzinfo is None:
            raise ValueError("an instant has an offset")
        written.append(value.isoformat())
        before = value
    if not written:
        return "'{}'"
    return "'{\"" + '","'.join(written) + "\"}'"


def _plain(joined: str) -> bool:
    return "'" not in joined and "\\" not in joined and "\x00" not in joined


def _escaped(value: str) -> str:
    if "\x00" in value:
        raise ValueError("a text holds no U+0000")
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("'", "''")


def append_call(function: str, lane: int, batch: Sequence[Attempt]) -> str:
    """Return the one statement that appends a batch; `function` is its name, quoted for SQL."""
    slots: dict[str, int] = {}
    for attempt in batch:
        versions = {}
        for link in attempt.links:
            slots.setdefault(link.stream, len(slots) + 1)
            versions[link.stream] = link.version
        for line in attempt.lines:
            assert line.stream in versions, "a command writes only where it was judged"
            versions[line.stream] += 1
            # The database counts for itself: what the bytes say must be what it will count.
            assert line.version == versions[line.stream], "versions follow their link without gaps"
    links = [(number, link) for number, attempt in enumerate(batch, 1) for link in attempt.links]
    lines = [(number, line) for number, attempt in enumerate(batch, 1) for line in attempt.lines]
    takes = [(number, *take) for number, attempt in enumerate(batch, 1) for take in attempt.take]
    frees = [(number, name) for number, attempt in enumerate(batch, 1) for name in attempt.free]
    keys = [(number, key) for number, attempt in enumerate(batch, 1) for key in attempt.keys]
    sealed = [(number, value) for number, a in enumerate(batch, 1) for value in a.disclosures]
    arguments = (
        str(lane),
        texts([attempt.command for attempt in batch]),
        byte_strings([attempt.body_hmac for attempt in batch]),
        texts(list(slots)),
        integers([number for number, _ in links]),
        integers([slots[link.stream] for _, link in links]),
        integers([link.version for _, link in links]),
        byte_strings([link.leaf_hash for _, link in links]),
        integers([number for number, _ in lines]),
        integers([slots[line.stream] for _, line in lines]),
        texts([line.topic for _, line in lines]),
        instants([line.at for _, line in lines]),
        byte_strings([line.state for _, line in lines]),
        integers(number for number, _, _ in takes),
        texts([name for _, name, _ in takes]),
        integers(slots[stream] for _, _, stream in takes),
        integers(number for number, _ in frees),
        texts([name for _, name in frees]),
        integers(number for number, _ in keys),
        integers(slots[key.stream] for _, key in keys),
        texts([key.subject for _, key in keys]),
        byte_strings([key.wrapped for _, key in keys]),
        integers([number for number, _ in sealed]),
        integers([slots[value.stream] for _, value in sealed]),
        integers([value.version for _, value in sealed]),
        texts([value.pointer for _, value in sealed]),
        texts([value.subject for _, value in sealed]),
        byte_strings([value.sealed for _, value in sealed]),
    )
    return "".join(("select verdicts, lasts from ", function, "(", ",".join(arguments), ")"))
