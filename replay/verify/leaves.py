"""Leaf hashes in their places: gaps in a lane, and tiles of the log that are not the events'."""

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from domain.proof.merkle import HASH_SIZE, perfect_root
from domain.proof.tiles import WIDTH
from replay.verify.report import Finding
from replay.verify.rows import Rows

NO_LEAF: Final = bytes(HASH_SIZE)
"""Stands where neither record nor log has a leaf: no event hashes to it."""


def in_place(
    lane: int, rows: Rows, leaves: Sequence[bytes | None], *, first: int, last: int
) -> tuple[list[bytes | None], list[Finding]]:
    """Return the leaf hash of every position whose event can be one, and the gaps.

    The positions are those after `first` up to `last`.
    """
    if rows.positions == list(range(first + 1, last + 1)):
        return list(leaves), []
    found: list[Finding] = []
    placed: list[bytes | None] = []
    expected = first + 1
    for at, (position, leaf) in enumerate(zip(rows.positions, leaves, strict=True)):
        if position < expected:
            found.append(Finding("E09", lane, *rows.place(at), "the position is there twice"))
            continue
        if position > expected:
            found.append(hole(lane, expected, position - 1))
            placed += [None] * (position - expected)
        placed.append(leaf)
        expected = position + 1
    if expected <= last:
        found.append(hole(lane, expected, last))
        placed += [None] * (last - expected + 1)
    return placed, found


def hole(lane: int, first: int, last: int) -> Finding:
    """Return the finding of positions without events."""
    until = "" if first == last else f", nor at any up to {last}"
    return Finding("E09", lane, first, None, None, f"there is no event at this position{until}")


def differences(
    lane: int,
    begins: int,
    tile: Sequence[bytes | None],
    stored: bytes,
    rows: Rows,
) -> list[Finding]:
    """Return where a tile of the log is not what the events hash to."""
    if len(stored) < len(tile) * HASH_SIZE:
        what = f"tile 0/{begins // WIDTH} of the log is lost or cut"
        return [Finding("E11", lane, begins + 1, None, None, what)]
    found = []
    for at, leaf in enumerate(tile):
        logged = stored[at * HASH_SIZE : (at + 1) * HASH_SIZE]
        if leaf == logged:
            continue
        position = begins + at + 1
        if leaf is None:
            what = f"the log holds {logged.hex()} here"
            found.append(Finding("E10", lane, position, None, None, what))
        else:
            place = rows.place(bisect_left(rows.positions, position))
            what = f"the log holds {logged.hex()}, the event hashes to {leaf.hex()}"
            found.append(Finding("E11", lane, *place, what))
    return found


def perfect_subtrees(hashes: bytes) -> tuple[bytes, ...]:
    """Return the roots of the perfect subtrees over some hashes, largest first."""
    nodes, at, width = [], 0, len(hashes) // HASH_SIZE
    while width:
        part = 1 << (width.bit_length() - 1)
        nodes.append(perfect_root(hashes[at : at + part * HASH_SIZE]))
        at, width = at + part * HASH_SIZE, width - part
    return tuple(nodes)
