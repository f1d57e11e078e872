"""Tiles: the tree as files that anybody can fetch, and everything read back from them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proof.chain import leaf_hash
from domain.proof.checkpoint import open_checkpoint
from domain.proof.errors import MalformedTile, NotInTree, ProofError
from domain.proof.keys import VerifierKey, parse_vkey
from domain.proof.merkle import (
    consistency_proof,
    inclusion_proof,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from domain.proof.tiles import (
    Bundle,
    Edge,
    Tile,
    TileHashes,
    bundles_between,
    decode_bundle,
    encode_bundle,
    parse_path,
    tile_hashes,
    tiles_between,
)
from tests.proof.trees import flipped, leaves_of, root_by_definition

BIG = 66_000
"""More than 256 full tiles, so that three levels of tiles take part."""
LEAVES = leaves_of(BIG)


def _grown(*sizes: int) -> tuple[Edge, dict[Tile, bytes]]:
    """A log that grew in these steps: its edge and all of its tiles at the end."""
    edge, tiles = Edge(), dict[Tile, bytes]()
    for size in sizes:
        edge, completed = edge.grow(LEAVES[edge.size : size])
        assert not tiles.keys() & dict(completed).keys(), "a full tile is written once"
        tiles |= dict(completed)
    return edge, tiles | dict(edge.tiles)


EDGE, TILES = _grown(BIG)
PARTIAL = {tile.level: hashes for tile, hashes in EDGE.tiles}


def stored(tile: Tile) -> bytes:
    """The tiles as the big log keeps them: for an old partial one there is a wider one now."""
    return TILES.get(tile) or TILES.get(Tile(tile.level, tile.index)) or PARTIAL[tile.level]


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(0, 0, 1), "tile/0/000.p/1"),
        (Tile(3, 999, 255), "tile/3/999.p/255"),
        (Tile(1, 1000), "tile/1/x001/000"),
        (Bundle(1_234_067), "tile/entries/x001/x234/067"),
        (Bundle(273, 112), "tile/entries/273.p/112"),
    ],
)
def test_a_tile_is_served_where_the_format_says(tile: Tile | Bundle, path: str) -> None:
    """Other people's programs look for it there and nowhere else."""
    assert tile.path == path
    assert parse_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/-1/000",
        "tile/entries/x001",
        "tile/entry/000",
        "tile/0/000\n",
        "/tile/0/000",
        "tile/0/../000",
        "tile/0/٠٠٠",
        "tile/8/001",
        "tile/63/999",
        "tile/0/" + "x999/" * 6 + "999",
        "tile/0/" + "x001/" * 10_000 + "000",
    ],
)
def test_what_is_no_path_of_a_tile_is_refused(path: str) -> None:
    """A path has one spelling, and none leads out of the log."""
    with pytest.raises(MalformedTile):
        parse_path(path)


def test_a_log_of_70_000_has_the_tiles_that_the_format_counts() -> None:
    """273 full tiles and one of 112; one full tile above them and one of 17; one of 1 on top."""
    tiles = list(tiles_between(0, 70_000))
    assert [tile for tile in tiles if tile.level == 0] == [
        *(Tile(0, index) for index in range(273)),
        Tile(0, 273, 112),
    ]
    assert [tile for tile in tiles if tile.level > 0] == [Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert list(bundles_between(69_888, 70_000)) == [Bundle(273, 112)]


def test_a_log_of_256_has_one_full_tile_and_one_above_it_of_width_1() -> None:
    """The edge between partial and full is where a log loses its head."""
    assert list(tiles_between(255, 256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles_between(256, 256)) == []


@pytest.mark.parametrize("steps", [(BIG,), (1, 255, 256, 257, 65_535, 65_536, 65_537, BIG)])
def test_a_log_makes_the_same_tiles_in_whatever_steps_it_grows(steps: tuple[int, ...]) -> None:
    """A tile depends on the leaves alone, so two notaries write the same bytes."""
    edge, tiles = _grown(*steps)
    assert set(tiles) == set(tiles_between(0, BIG))
    assert tiles == _grown(30_000, BIG)[1]
    assert edge.root() == root_by_definition(LEAVES)


@given(st.integers(0, 700), st.integers(0, 700))
def test_an_edge_goes_on_from_its_state(one: int, other: int) -> None:
    """Size and partial tiles are all the notary stores, and all it needs."""
    first, second = sorted((one, other))
    edge, _ = _grown(first)
    restored = Edge.restore(first, edge.state)
    assert restored == edge
    assert restored.root() == root_by_definition(LEAVES[:first])
    grown, _ = restored.grow(LEAVES[first:second])
    assert grown.compact_range().root() == root_by_definition(LEAVES[:second])


def test_an_edge_that_is_not_of_its_size_is_refused() -> None:
    """A state of another moment would sign a tree that nobody has."""
    edge, _ = _grown(300)
    for size, state in [(301, edge.state), (299, edge.state), (300, edge.state[:-1]), (-1, b"")]:
        with pytest.raises(MalformedTile):
            Edge.restore(size, state)
    with pytest.raises(MalformedTile):
        edge.grow([bytes(31)])


@given(st.integers(1, BIG), st.integers(1, BIG), st.data())
def test_every_proof_can_be_made_from_tiles(one: int, other: int, data: st.DataObject) -> None:
    """Whoever has the files needs nobody's service to prove a thing."""
    old, new = sorted((one, other))
    index = data.draw(st.integers(0, new - 1))
    read = TileHashes(new, stored)
    root = root_of(new, read)
    proof = inclusion_proof(index, new, read)
    verify_inclusion(index=index, size=new, leaf=LEAVES[index], proof=proof, root=root)
    verify_consistency(
        old=old,
        new=new,
        old_root=root_of(old, read),
        new_root=root,
        proof=consistency_proof(old, new, read),
    )


def test_a_node_beyond_the_size_is_not_read() -> None:
    """A checkpoint answers for its own size only."""
    read = TileHashes(300, stored)
    for level, index in [(0, 300), (8, 1), (9, 0), (-1, 0), (0, -1)]:
        with pytest.raises(NotInTree):
            read(level, index)


@pytest.mark.parametrize(
    "hashes", [b"", bytes(31), bytes(32 * 43), bytes(32 * 44 + 1), bytes(32 * 257)]
)
def test_a_tile_that_is_cut_or_too_wide_is_refused(hashes: bytes) -> None:
    """A damaged file is named as such, and no proof is made of it."""
    with pytest.raises(MalformedTile):
        TileHashes(300, lambda _: hashes)(0, 299)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_gives_back_its_entries(entries: list[bytes]) -> None:
    """What an auditor reads is what was recorded, byte for byte."""
    assert list(decode_bundle(encode_bundle(entries), len(entries))) == entries


@pytest.mark.parametrize(
    ("bundle", "width"),
    [(b"", 1), (b"\0", 1), (b"\0\x02a", 1), (b"\0\x01ab", 1), (b"\0\x01a", 2), (b"\0\0", 0)],
)
def test_a_bundle_that_is_cut_or_goes_on_is_refused(bundle: bytes, width: int) -> None:
    """Nothing is left over, and nothing made up."""
    with pytest.raises(MalformedTile):
        decode_bundle(bundle, width)


def test_the_longest_entry_has_65_535_bytes() -> None:
    """Its length is written in two bytes."""
    assert decode_bundle(encode_bundle([bytes(65_535)]), 1) == (bytes(65_535),)
    with pytest.raises(MalformedTile):
        encode_bundle([bytes(65_536)])


def _tessera_key(shared: Path) -> VerifierKey:
    """The key of the published log."""
    examples = json.loads((shared / "vectors/c2sp/c2sp-examples.json").read_bytes())
    return parse_vkey(examples["tessera_testdata"]["vkey"])


def test_the_published_log_of_another_program_is_read_and_rebuilt(shared: Path) -> None:
    """Sixteen checkpoints, their tiles and entries, made by Tessera: ours come out the same."""
    log = shared / "vectors/tlog-tiles-tessera/testdata/log"
    key = _tessera_key(shared)
    entries = decode_bundle((log / Bundle(0, 15).path).read_bytes(), 15)
    for size in range(16):
        opened = open_checkpoint((log / f"checkpoint.{size}").read_bytes(), [key])
        edge, completed = Edge().grow([leaf_hash(entry) for entry in entries[:size]])
        assert (opened.checkpoint.size, completed) == (size, ())
        assert opened.checkpoint.root == edge.root()
        for tile, hashes in edge.tiles:
            assert (log / tile.path).read_bytes() == hashes
        for bundle in bundles_between(0, size):
            assert (log / bundle.path).read_bytes() == encode_bundle(entries[:size])


def test_published_tiles_prove_every_entry_and_every_growth(shared: Path) -> None:
    """From the files alone, for every size that has a checkpoint."""
    log = shared / "vectors/tlog-tiles-tessera/testdata/log"
    key = _tessera_key(shared)
    roots = [
        open_checkpoint((log / f"checkpoint.{size}").read_bytes(), [key]).checkpoint.root
        for size in range(16)
    ]
    for size in range(1, 16):
        read = TileHashes(size, lambda tile: (log / tile.path).read_bytes())
        leaves = tile_hashes((log / Tile(0, 0, size).path).read_bytes(), size)
        for index, leaf in enumerate(leaves):
            proof = inclusion_proof(index, size, read)
            verify_inclusion(index=index, size=size, leaf=leaf, proof=proof, root=roots[size])
        for old in range(1, size):
            proof = consistency_proof(old, size, read)
            verify_consistency(
                old=old, new=size, old_root=roots[old], new_root=roots[size], proof=proof
            )


def test_the_published_log_is_refused_when_a_bit_of_it_is_turned(shared: Path) -> None:
    """Any byte of a checkpoint's text, and every hash of a tile."""
    log = shared / "vectors/tlog-tiles-tessera/testdata/log"
    key = _tessera_key(shared)
    note = (log / "checkpoint.15").read_bytes()
    opened = open_checkpoint(note, [key]).checkpoint
    for place in range(note.index(b"\n\n")):
        with pytest.raises(ProofError):
            open_checkpoint(flipped(note, 8 * place), [key])
    tile = (log / Tile(0, 0, 15).path).read_bytes()
    for place in range(15):
        forged = flipped(tile, 8 * 32 * place)
        assert root_of(15, TileHashes(15, lambda _tile, forged=forged: forged)) != opened.root
