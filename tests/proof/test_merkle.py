"""Trees: what belongs is proven, and nothing that was changed is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proof.errors import InvalidProof, MalformedProof, NotInTree, ProofError
from domain.proof.merkle import (
    EMPTY_ROOT,
    SIZE_MAX,
    CompactRange,
    consistency_proof,
    inclusion_proof,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from tests.proof.trees import flipped, hashes_of, leaves_of, root_by_definition

LEAVES = leaves_of(300)
ROOTS = [root_by_definition(LEAVES[:size]) for size in range(len(LEAVES) + 1)]
READ = hashes_of(LEAVES)
SIZES = st.integers(1, len(LEAVES))
BITS = st.integers(0, 255)


@st.composite
def leaf_and_size(draw: st.DrawFn) -> tuple[int, int]:
    """The index of a leaf and the size of a tree that has it."""
    size = draw(SIZES)
    return draw(st.integers(0, size - 1)), size


@st.composite
def two_sizes(draw: st.DrawFn) -> tuple[int, int]:
    """Two sizes of a growing tree, the smaller first."""
    new = draw(SIZES)
    return draw(st.integers(1, new)), new


def test_a_tree_grows_leaf_by_leaf_to_the_root_of_the_definition() -> None:
    """The fast way to a root and RFC 6962's recursion are the same function."""
    growing = CompactRange()
    for leaf, root in zip(LEAVES, ROOTS, strict=False):
        assert growing.root() == root
        growing.append(leaf)
    assert growing.root() == ROOTS[-1]


def test_the_empty_tree_has_the_hash_of_nothing_for_a_root() -> None:
    """Size 0 is a size like any other, with a root of its own."""
    assert CompactRange().root() == EMPTY_ROOT == root_of(0, READ) == ROOTS[0]


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_range_continues_from_its_state_or_from_stored_nodes(one: int, other: int) -> None:
    """The notary restarts from what it stored and goes on to the same roots."""
    first, second = sorted((one, other))
    growing = CompactRange()
    growing.extend(LEAVES[:first])
    for continued in (CompactRange.restore(growing.state), CompactRange.read(first, READ)):
        assert (continued.size, continued.nodes) == (growing.size, growing.nodes)
        continued.extend(LEAVES[first:second])
        assert continued.root() == ROOTS[second] == root_of(second, READ)


@pytest.mark.parametrize("state", [b"", bytes(7), bytes(9), bytes(8 + 32), b"\x80" + bytes(39)])
def test_a_state_that_is_none_is_refused(state: bytes) -> None:
    """Whatever a damaged row holds, no tree is continued from it."""
    with pytest.raises(MalformedProof):
        CompactRange.restore(state)


@pytest.mark.parametrize("leaf", [b"", bytes(31), bytes(33), "0" * 32])
def test_a_leaf_hash_of_another_size_is_refused_and_nothing_appended(leaf: bytes) -> None:
    """A hash of 31 or 33 bytes would make two different trees look alike."""
    growing = CompactRange()
    with pytest.raises(MalformedProof):
        growing.extend([LEAVES[0], leaf])
    assert (growing.size, growing.root()) == (0, EMPTY_ROOT)


@given(leaf_and_size())
def test_every_leaf_of_every_tree_is_proven_included(place: tuple[int, int]) -> None:
    """Whoever holds one record can be shown that the log holds it."""
    index, size = place
    proof = inclusion_proof(index, size, READ)
    verify_inclusion(index=index, size=size, leaf=LEAVES[index], proof=proof, root=ROOTS[size])


@given(two_sizes())
def test_every_tree_is_proven_to_begin_with_every_earlier_one(sizes: tuple[int, int]) -> None:
    """A log that only grew can always show it."""
    old, new = sizes
    proof = consistency_proof(old, new, READ)
    verify_consistency(old=old, new=new, old_root=ROOTS[old], new_root=ROOTS[new], proof=proof)


@given(leaf_and_size(), BITS, st.data())
def test_no_changed_proof_of_inclusion_is_accepted(
    place: tuple[int, int], bit: int, data: st.DataObject
) -> None:
    """One bit anywhere, one hash more or less, another leaf or place: the answer is no."""
    index, size = place
    proof = inclusion_proof(index, size, READ)
    right = {
        "index": index, "size": size, "leaf": LEAVES[index], "proof": proof, "root": ROOTS[size]
    }  # fmt: skip
    changes: list[dict[str, object]] = [
        {"leaf": flipped(LEAVES[index], bit)},
        {"root": flipped(ROOTS[size], bit)},
        {"root": ROOTS[size - 1]},
        {"proof": (*proof, LEAVES[0])},
        {"proof": (LEAVES[0], *proof)},
        {"index": data.draw(st.integers(-1, size).filter(lambda other: other != index))},
        {"leaf": LEAVES[index][:-1]},
        {"root": ROOTS[size] + b"\0"},
    ]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        changes += [
            {"proof": proof[:-1]},
            {"proof": proof[1:]},
            {"proof": (*proof[:at], flipped(proof[at], bit), *proof[at + 1 :])},
            {"proof": (*proof[:at], proof[at] + b"\0", *proof[at + 1 :])},
        ]
    for change in changes:
        with pytest.raises(ProofError):
            verify_inclusion(**{**right, **change})  # type: ignore[arg-type]  # mixed on purpose


@given(two_sizes(), BITS, st.data())
def test_no_changed_proof_of_consistency_is_accepted(
    sizes: tuple[int, int], bit: int, data: st.DataObject
) -> None:
    """A log that rewrote anything cannot borrow the proof of one that did not."""
    old, new = sizes
    proof = consistency_proof(old, new, READ)
    right = {
        "old": old, "new": new, "old_root": ROOTS[old], "new_root": ROOTS[new], "proof": proof
    }  # fmt: skip
    changes: list[dict[str, object]] = [
        {"old_root": flipped(ROOTS[old], bit)},
        {"new_root": flipped(ROOTS[new], bit)},
        {"old": 0},
        {"old": new + 1},
        {"proof": (*proof, LEAVES[0])},
        {"proof": (LEAVES[0], *proof)},
        {"old_root": ROOTS[old][:-1]},
        {"new_root": ROOTS[new] + b"\0"},
    ]
    if old != new:
        changes.append({"old_root": ROOTS[new], "new_root": ROOTS[old]})
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        changes += [
            {"proof": proof[:-1]},
            {"proof": proof[1:]},
            {"proof": (*proof[:at], flipped(proof[at], bit), *proof[at + 1 :])},
            {"proof": (*proof[:at], proof[at][:31], *proof[at + 1 :])},
        ]
    for change in changes:
        with pytest.raises(ProofError):
            verify_consistency(**{**right, **change})  # type: ignore[arg-type]  # mixed on purpose


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (5, 4), (-1, 3)])
def test_a_leaf_the_tree_does_not_have_yet_has_no_proof(index: int, size: int) -> None:
    """The log says so instead of making something up."""
    with pytest.raises(NotInTree):
        inclusion_proof(index, size, READ)


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 1), (2, 1), (-1, 3)])
def test_a_tree_that_is_empty_or_larger_has_no_proof_of_consistency(old: int, new: int) -> None:
    """From the empty tree everything grows, so a proof of that would prove nothing."""
    with pytest.raises(NotInTree):
        consistency_proof(old, new, READ)
    with pytest.raises(NotInTree):
        verify_consistency(old=old, new=new, old_root=ROOTS[0], new_root=ROOTS[1], proof=())


def test_trees_of_the_same_size_and_different_roots_are_a_split_view() -> None:
    """The empty proof is right for equal trees only."""
    with pytest.raises(InvalidProof):
        verify_consistency(old=5, new=5, old_root=ROOTS[5], new_root=ROOTS[6], proof=())


@pytest.mark.parametrize("size", [SIZE_MAX + 1, 10**100, -1])
def test_sizes_no_log_can_have_are_refused(size: int) -> None:
    """A number out of a hostile file costs no time."""
    with pytest.raises(MalformedProof):
        verify_inclusion(index=0, size=size, leaf=LEAVES[0], proof=(), root=ROOTS[1])


def test_an_oversized_proof_is_refused_before_it_is_hashed() -> None:
    """Its length is known from the sizes, so a million hashes are not even looked at."""
    with pytest.raises(MalformedProof, match="has 2 hashes"):
        verify_inclusion(
            index=2, size=3 + 1, leaf=LEAVES[2], proof=[b""] * 1_000_000, root=ROOTS[4]
        )


def test_the_largest_tree_has_proofs_of_63_hashes() -> None:
    """The bound on every proof is reached, and not passed."""
    with pytest.raises(InvalidProof):
        verify_inclusion(index=0, size=SIZE_MAX, leaf=LEAVES[0], proof=LEAVES[:63], root=ROOTS[1])
