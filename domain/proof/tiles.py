"""C2SP tlog-tiles of height 8: paths, full and partial tiles, bundles of entries; no storage."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from domain.proof.errors import MalformedTile, NotInTree
from domain.proof.merkle import HASH_SIZE, SIZE_MAX, CompactRange, perfect_root, split_hashes

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
"""How many hashes a full tile has, and how many entries a full bundle."""
TILE_SIZE: Final = WIDTH * HASH_SIZE
LEVEL_MAX: Final = 63
ENTRY_SIZE_MAX: Final = 65_535
"""What a length of two bytes can say; a record is never longer."""


class Tile(msgspec.Struct, frozen=True, gc=False):
    """The name of a tile: `width` consecutive nodes of one level, each over 256 of the level below.

    Node `i` of the tile is the root over `256 ** level` leaves.
    """

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it is served: `tile/<L>/<N>`, and `.p/<W>` when it is not full."""
        return f"tile/{self.level}/{_number(self.index)}{_partial(self.width)}"


class Bundle(msgspec.Struct, frozen=True, gc=False):
    """The name of an entry bundle: the entries of the tile of level 0 with the same index."""

    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it is served: `tile/entries/<N>`, and `.p/<W>` when it is not full."""
        return f"tile/entries/{_number(self.index)}{_partial(self.width)}"


ReadTile: TypeAlias = Callable[[Tile], bytes]
"""Gives the hashes of a tile; for a partial one the full tile may be given as well."""


def parse_path(path: str) -> Tile | Bundle:
    """Return the tile or bundle that a path names; every one has one path only."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise MalformedTile("this is not the path of a tile")
    index = int(match["number"].replace("x", "").replace("/", ""))
    width = int(match["width"] or WIDTH)
    level = match["level"]
    name = Bundle(index, width) if level == "entries" else Tile(int(level), index, width)
    if name.path != path or not _exists(name):
        raise MalformedTile("no tree has a tile of this path")
    return name


def tiles_between(old: int, new: int) -> Iterator[Tile]:
    """Yield the tiles to publish when a log grows: those completed since, and its partial ones."""
    for level in range(LEVEL_MAX + 1):
        before, now = old >> (HEIGHT * level), new >> (HEIGHT * level)
        if now == before:
            return
        for index in range(before // WIDTH, now // WIDTH):
            yield Tile(level, index)
        if now % WIDTH:
            yield Tile(level, now // WIDTH, now % WIDTH)


def bundles_between(old: int, new: int) -> Iterator[Bundle]:
    """Yield the entry bundles to publish when a log grows."""
    for tile in tiles_between(old, new):
        if tile.level > 0:
            return
        yield Bundle(tile.index, tile.width)


class Edge(msgspec.Struct, frozen=True):
    """The partial tiles at the right of a log: all it takes to grow it by whole tiles.

    `partials` has the hashes of the partial tile of every level, lowest first; level L has
    `(size // 256 ** L) % 256` of them. Full tiles are never needed again to append.
    """

    size: int = 0
    partials: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Refuse partial tiles that are not those of a log of this size."""
        if [len(partial) for partial in self.partials] != _partial_sizes(self.size):
            raise MalformedTile(f"these are not the partial tiles of a log of size {self.size}")

    @classmethod
    def restore(cls, size: int, state: bytes) -> "Edge":
        """Return the edge that `state` was taken of, for the size that was kept beside it."""
        partials, at = [], 0
        for length in _partial_sizes(size):
            partials.append(state[at : at + length])
            at += length
        if at != len(state):
            raise MalformedTile(f"this is not the edge of a log of size {size}")
        return cls(size, tuple(partials))

    @property
    def state(self) -> bytes:
        """The hashes of all partial tiles, lowest level first; `restore` takes them back."""
        return b"".join(self.partials)

    @property
    def tiles(self) -> tuple[tuple[Tile, bytes], ...]:
        """The partial tiles of the log, with their hashes."""
        return tuple(
            (Tile(level, self.size >> (HEIGHT * (level + 1)), len(hashes) // HASH_SIZE), hashes)
            for level, hashes in enumerate(self.partials)
            if hashes
        )

    def grow(self, leaves: Sequence[bytes]) -> tuple["Edge", tuple[tuple[Tile, bytes], ...]]:
        """Return the edge after these leaf hashes, and the full tiles they completed."""
        if not all(isinstance(leaf, bytes) and len(leaf) == HASH_SIZE for leaf in leaves):
            raise MalformedTile("a leaf hash has 32 bytes")
        size = self.size + len(leaves)
        sizes = _partial_sizes(size)
        partials: list[bytes] = []
        completed: list[tuple[Tile, bytes]] = []
        incoming = b"".join(leaves)
        for level in range(len(sizes)):
            hashes = (self.partials[level] if level < len(self.partials) else b"") + incoming
            first = self.size >> (HEIGHT * (level + 1))
            full = len(hashes) // TILE_SIZE
            tiles = [hashes[at * TILE_SIZE : (at + 1) * TILE_SIZE] for at in range(full)]
            completed += [(Tile(level, first + at), tile) for at, tile in enumerate(tiles)]
            partials.append(hashes[full * TILE_SIZE :])
            incoming = b"".join([perfect_root(tile) for tile in tiles])
        return Edge(size, tuple(partials)), tuple(completed)

    def compact_range(self) -> CompactRange:
        """Return the same right edge as the roots of perfect subtrees."""
        nodes: list[bytes] = []
        for hashes in reversed(self.partials):
            at, width = 0, len(hashes) // HASH_SIZE
            while width:
                part = HASH_SIZE << (width.bit_length() - 1)
                nodes.append(perfect_root(hashes[at : at + part]))
                at, width = at + part, width - part // HASH_SIZE
        return CompactRange(self.size, nodes)

    def root(self) -> bytes:
        """Return the root of the log."""
        return self.compact_range().root()


class TileHashes:
    """Reads any node of a log of one size from its tiles; it is what the proofs of `merkle` take.

    It keeps the tiles it has read, so use one for a few proofs and drop it.
    """

    def __init__(self, size: int, read: ReadTile) -> None:
        """Read tiles of the log of this size with `read`."""
        self._size = size
        self._read = read
        self._tiles: dict[Tile, bytes] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """Return the hash of a node; NotInTree beyond the size, MalformedTile for a bad tile."""
        if level < 0 or index < 0 or (index + 1) << level > self._size:
            raise NotInTree(f"the tree of size {self._size} has no node {index} at level {level}")
        tile_level, below = divmod(level, HEIGHT)
        number, offset = divmod(index << below, WIDTH)
        width = min(WIDTH, (self._size >> (HEIGHT * tile_level)) - number * WIDTH)
        hashes = self._tile(Tile(tile_level, number, width))
        return perfect_root(hashes[offset * HASH_SIZE : (offset + (1 << below)) * HASH_SIZE])

    def _tile(self, tile: Tile) -> bytes:
        """Return the hashes of a tile, read once."""
        hashes = self._tiles.get(tile)
        if hashes is None:
            hashes = self._tiles[tile] = checked_tile(self._read(tile), tile.width)
        return hashes


def checked_tile(hashes: bytes, width: int) -> bytes:
    """Return the first `width` hashes of a tile; MalformedTile if it has not as many."""
    if len(hashes) % HASH_SIZE or not width * HASH_SIZE <= len(hashes) <= TILE_SIZE:
        raise MalformedTile(f"this is not a tile of {width} hashes")
    return hashes[: width * HASH_SIZE]


def tile_hashes(hashes: bytes, width: int) -> tuple[bytes, ...]:
    """Return the single hashes of a tile."""
    return split_hashes(checked_tile(hashes, width))


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Return entries as a bundle: each after its length in two bytes."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > ENTRY_SIZE_MAX:
            raise MalformedTile(f"an entry has at most {ENTRY_SIZE_MAX} bytes")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def decode_bundle(bundle: bytes, width: int) -> tuple[bytes, ...]:
    """Return the entries of a bundle that has exactly this many."""
    entries, at = [], 0
    for _ in range(width):
        start = at + 2
        at = start + int.from_bytes(bundle[at:start], "big")
        if start > len(bundle) or at > len(bundle):
            raise MalformedTile(f"the bundle ends before its {width} entries do")
        entries.append(bundle[start:at])
    if at != len(bundle):
        raise MalformedTile(f"the bundle goes on after its {width} entries")
    return tuple(entries)


_PATH: Final = re.compile(
    r"tile/(?P<level>entries|[0-9]{1,2})/"
    r"(?P<number>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[0-9]{1,3}))?"
)


def _number(index: int) -> str:
    """Return an index as path elements of three digits: 1234067 is `x001/x234/067`."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    *above, last = (digits[at : at + 3] for at in range(0, len(digits), 3))
    return "".join(f"x{element}/" for element in above) + last


def _partial(width: int) -> str:
    """Return the end of a path that says how wide a partial tile is."""
    return "" if width == WIDTH else f".p/{width}"


def _exists(name: Tile | Bundle) -> bool:
    """Return whether some tree, of any size there may be, has this tile."""
    level = name.level if isinstance(name, Tile) else 0
    ends = (name.index * WIDTH + name.width) << (HEIGHT * level)
    return level <= LEVEL_MAX and 1 <= name.width <= WIDTH and ends <= SIZE_MAX


def _partial_sizes(size: int) -> list[int]:
    """Return how many bytes the partial tile of each level has, lowest first."""
    if not 0 <= size <= SIZE_MAX:
        raise MalformedTile("the size of a log is from 0 to 2^63-1")
    sizes = []
    while size:
        sizes.append(size % WIDTH * HASH_SIZE)
        size //= WIDTH
    return sizes
