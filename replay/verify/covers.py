"""The checkpoints that records name: published before them, and at a time that fits; pure."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from replay.verify.report import Finding
from replay.verify.rows import microseconds
from replay.verify.span import SKEW_US, Covers


def check_covers(
    lane: int,
    named: Mapping[tuple[int, str], Covers],
    published: Mapping[tuple[int, str], int],
    stamps: Sequence[tuple[int, int, int]] = (),
) -> Iterator[Finding]:
    """Yield where records name a checkpoint that was not, or not yet, published.

    `published` is size and root → when; the stamps are position of the fact, size and time, in the
    order of the record.
    """
    facts = [position for position, _, _ in stamps]
    for (size, root), covers in named.items():
        place = (lane, covers.position, covers.stream, covers.version)
        since = published.get((size, root))
        if since is None or size >= covers.first:
            what = f"no checkpoint of size {size} with this root was published before it"
            yield Finding("E18", *place, what)
            continue
        at = microseconds(covers.at)
        if at < since - SKEW_US:
            what = f"recorded before the checkpoint of size {size} that it names"
            yield Finding("E19", *place, what)
        earlier = bisect_left(facts, size + 1)
        if earlier and at < stamps[earlier - 1][2] - SKEW_US:
            what = "recorded before the stamp that the checkpoint it names covers"
            yield Finding("E19", *place, what)
