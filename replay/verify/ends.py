"""What can be judged of a lane only when all of it was read: ends, reservations, tiles above."""

from collections.abc import Callable, Iterator, Mapping

from domain.proof.merkle import HASH_SIZE, perfect_root
from domain.proof.tiles import HEIGHT, TILE_SIZE, WIDTH
from replay.verify.joining import Whole
from replay.verify.leaves import hole
from replay.verify.reading import LaneState
from replay.verify.report import Finding
from replay.verify.span import LATE_US


def end_findings(state: LaneState, now_us: int, oldest_us: int | None) -> Iterator[Finding]:
    """Yield where record, head, log and checkpoints do not end at the same place.

    `oldest_us` is when the first event was recorded that is not in the log yet.
    """
    lane = state.number
    if state.head > state.last:
        yield hole(lane, state.last + 1, state.head)
    if state.head < state.last:
        what = f"the lane's head says {state.head}, and there are events up to {state.last}"
        yield Finding("E09", lane, state.head + 1, None, None, what)
    if state.edge.size > state.last:
        what = f"the log holds leaves up to {state.edge.size}"
        yield Finding("E10", lane, state.last + 1, None, None, what)
    if state.newest > min(state.edge.size, state.last):
        ends = min(state.edge.size, state.last)
        what = f"size {state.newest} was signed, and only {ends} are there"
        yield Finding("E15", lane, ends + 1, None, None, what)
    if oldest_us is not None and oldest_us < now_us - LATE_US:
        what = "recorded more than three days ago, and not in the log yet"
        yield Finding("E24", lane, state.edge.size + 1, None, None, what)


def reservation_findings(lane: int, reserved: Mapping[str, str], whole: Whole) -> Iterator[Finding]:
    """Yield names whose reservation is not what the tickets' own facts come to."""
    held = {name: stream for stream, names in whole.holds.items() for name in names}
    for name in sorted(held.keys() | reserved.keys()):
        should, does = held.get(name), reserved.get(name)
        if should == does or (should is None and whole.begins and does not in whole.holds):
            continue  # an audit of the end of a lane knows the tickets it has seen
        if does is None:
            what = f"it holds {name!r} by its own facts, and the name is free"
        elif should is None:
            what = f"the name {name!r} is reserved, and no fact of this ticket says so"
        else:
            what = f"it holds {name!r} by its own facts, and the name is reserved for {does}"
        yield Finding("E04", lane, None, should or does, None, what)


def tile_findings(
    level_of: Callable[[int], dict[int, bytes]], state: LaneState, whole: Whole
) -> Iterator[Finding]:
    """Yield tiles above the leaves that are not made of the tiles below them."""
    level, hashes = 1, b"".join(whole.tile_roots)
    while (entries := state.edge.size >> (HEIGHT * level)) > 0:
        stored = level_of(level)
        if entries % WIDTH:
            stored[entries // WIDTH] = state.edge.partials[level]
        made = hashes[: entries * HASH_SIZE]
        for number in range(-(-entries // WIDTH)):
            if stored.get(number, b"") != made[number * TILE_SIZE : (number + 1) * TILE_SIZE]:
                first = (number * WIDTH << (HEIGHT * level)) + 1
                what = f"tile {level}/{number} of the log is not made of the tiles below it"
                yield Finding("E11", state.number, first, None, None, what)
        full = range(0, len(hashes) // TILE_SIZE * TILE_SIZE, TILE_SIZE)
        hashes = b"".join([perfect_root(hashes[at : at + TILE_SIZE]) for at in full])
        level += 1
