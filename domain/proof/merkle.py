"""The Merkle tree of RFC 6962 §2.1: roots, inclusion and consistency proofs; no storage, no keys.

A node is named by its level (0 for leaves) and its index within the level: it is the root over the
leaves `index << level` up to, not including, `(index + 1) << level`. Only such perfect subtrees are
ever read; whatever else a proof needs is made from them.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from domain.proof.errors import InvalidProof, MalformedProof, NotInTree

HASH_SIZE: Final = 32
SIZE_MAX: Final = 2**63 - 1
"""No tree is larger (C2SP: what a signed 64-bit integer holds), so no proof is longer than 63."""
PROOF_MAX: Final = 63

ReadHash: TypeAlias = Callable[[int, int], bytes]
"""Gives the hash of a node by level and index; whoever asks names only nodes within the tree."""


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 ‖ left ‖ right): the hash of an inner node of RFC 6962 §2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


EMPTY_ROOT: Final = hashlib.sha256().digest()
"""The root of the tree without leaves."""


def perfect_root(hashes: bytes) -> bytes:
    """Return the root over concatenated hashes whose number is a power of two."""
    assert (len(hashes) // HASH_SIZE).bit_count() == 1, "a perfect subtree has 1, 2, 4, 8… hashes"
    sha256 = hashlib.sha256
    while len(hashes) > HASH_SIZE:
        pairs = range(0, len(hashes), 2 * HASH_SIZE)
        hashes = b"".join([sha256(b"\x01" + hashes[at : at + 64]).digest() for at in pairs])
    return hashes


class CompactRange:
    """The roots of the perfect subtrees that make up a tree, largest first: enough to grow it.

    There is one for every bit that is set in the size, so a tree of 100 million leaves fits into
    less than a kilobyte.
    """

    __slots__ = ("_nodes", "_size")

    def __init__(self, size: int = 0, nodes: Iterable[bytes] = ()) -> None:
        """Continue a tree of this size from its right edge; MalformedProof if the two differ."""
        self._size = _checked_size(size)
        self._nodes = [checked_hash(node) for node in nodes]
        if len(self._nodes) != size.bit_count():
            raise MalformedProof(f"a tree of {size} leaves has {size.bit_count()} perfect subtrees")

    @classmethod
    def read(cls, size: int, read: ReadHash) -> "CompactRange":
        """Return the range of the tree of this size, from its stored nodes."""
        return cls(size, [read(level, index) for level, index in _perfect(0, _checked_size(size))])

    @classmethod
    def restore(cls, state: bytes) -> "CompactRange":
        """Return the range that `state` was taken of."""
        if len(state) < 8 or (len(state) - 8) % HASH_SIZE:
            raise MalformedProof("the state of a range is its size and whole hashes")
        return cls(int.from_bytes(state[:8], "big"), split_hashes(state[8:]))

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._size

    @property
    def nodes(self) -> tuple[bytes, ...]:
        """The right edge: the roots of the perfect subtrees, largest first."""
        return tuple(self._nodes)

    @property
    def state(self) -> bytes:
        """The size in eight bytes and the right edge; `restore` takes it back."""
        return self._size.to_bytes(8, "big") + b"".join(self._nodes)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at the right."""
        self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaf hashes at the right, in order; nothing is added when one is not 32 bytes."""
        added = tuple(leaves)
        for leaf in added:
            checked_hash(leaf)
        sha256, nodes, size = hashlib.sha256, self._nodes, self._size
        for leaf in added:
            node, carry = leaf, size
            while carry & 1:
                node = sha256(b"\x01" + nodes.pop() + node).digest()
                carry >>= 1
            nodes.append(node)
            size += 1
        self._size = size

    def root(self) -> bytes:
        """Return the root of the tree."""
        return _fold(self._nodes)


def root_of(size: int, read: ReadHash) -> bytes:
    """Return the root of the tree of this size."""
    return _subtree(0, _checked_size(size), read)


def inclusion_proof(index: int, size: int, read: ReadHash) -> tuple[bytes, ...]:
    """Return what leads from a leaf to the root of the tree of this size, lowest hash first.

    Raises NotInTree when the tree is not that large (yet).
    """
    steps = _steps_to_leaf(index, size)
    return tuple(_subtree(step.start, step.end, read) for step in reversed(steps))


def consistency_proof(old: int, new: int, read: ReadHash) -> tuple[bytes, ...]:
    """Return what shows that the tree of size `new` begins with the tree of size `old`.

    Raises NotInTree for `old` 0, from which anything grows, and when `new` is smaller.
    """
    steps, start = _steps_to_size(old, new)
    siblings = tuple(_subtree(step.start, step.end, read) for step in reversed(steps))
    # When the old tree is itself a node of the new one, the verifier has its root already.
    return (_subtree(start, old, read), *siblings) if start else siblings


def verify_inclusion(
    *, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Return if the proof shows the leaf hash at this index of the tree of this size and root.

    Raises NotInTree, MalformedProof (form, length) or InvalidProof (another root).
    """
    steps = _steps_to_leaf(index, size)
    _check_hashes(proof, len(steps))
    found = checked_hash(leaf)
    for step, sibling in zip(reversed(steps), proof, strict=True):
        found = node_hash(sibling, found) if step.on_left else node_hash(found, sibling)
    if found != checked_hash(root):
        raise InvalidProof(f"leaf {index} is not in the tree of size {size} with this root")


def verify_consistency(
    *, old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Return if the proof shows that the new tree begins with exactly the old one.

    Raises NotInTree (`old` 0 proves nothing), MalformedProof (form, length) or InvalidProof.
    """
    steps, start = _steps_to_size(old, new)
    _check_hashes(proof, len(steps) + (1 if start else 0))
    checked_hash(old_root)
    checked_hash(new_root)
    seed, siblings = (proof[0], proof[1:]) if start else (old_root, proof)
    was = now = seed
    for step, sibling in zip(reversed(steps), siblings, strict=True):
        if step.on_left:
            was, now = node_hash(sibling, was), node_hash(sibling, now)
        else:
            now = node_hash(now, sibling)
    if was != old_root:
        raise InvalidProof(f"the proof does not lead to the root of size {old}")
    if now != new_root:
        raise InvalidProof(f"the tree of size {new} does not begin with the tree of size {old}")


def checked_hash(value: bytes) -> bytes:
    """Return the hash, which has 32 bytes; MalformedProof for anything else."""
    if not isinstance(value, bytes) or len(value) != HASH_SIZE:
        raise MalformedProof("a hash has 32 bytes")
    return value


def split_hashes(hashes: bytes) -> tuple[bytes, ...]:
    """Return the single hashes of a concatenation; MalformedProof if one is cut."""
    if len(hashes) % HASH_SIZE:
        raise MalformedProof("the last hash is cut")
    return tuple(hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE))


class _Step(NamedTuple):
    """One turn on the way down from the root: the subtree that was left beside, and its side."""

    start: int
    end: int
    on_left: bool


def _steps_to_leaf(index: int, size: int) -> list[_Step]:
    """Return the turns from the root down to a leaf."""
    if not 0 <= index < _checked_size(size):
        raise NotInTree(f"the tree of size {size} has no leaf {index}")
    steps, start, end = [], 0, size
    while end - start > 1:
        middle = start + _left_width(end - start)
        if index < middle:
            steps.append(_Step(middle, end, on_left=False))
            end = middle
        else:
            steps.append(_Step(start, middle, on_left=True))
            start = middle
    return steps


def _steps_to_size(old: int, new: int) -> tuple[list[_Step], int]:
    """Return the turns from the new root to the node that ends the old tree, and its start."""
    if not 0 < old <= _checked_size(new):
        raise NotInTree(f"no tree of size {new} is shown to grow from one of size {old}")
    steps, start, end = [], 0, new
    while end != old:
        middle = start + _left_width(end - start)
        if old <= middle:
            steps.append(_Step(middle, end, on_left=False))
            end = middle
        else:
            steps.append(_Step(start, middle, on_left=True))
            start = middle
    return steps, start


def _left_width(width: int) -> int:
    """Return the largest power of two below the width: where RFC 6962 splits a tree."""
    return 1 << ((width - 1).bit_length() - 1)


def _subtree(start: int, end: int, read: ReadHash) -> bytes:
    """Return the root over leaves `start` to `end` of a subtree that RFC 6962 names."""
    return _fold([checked_hash(read(level, index)) for level, index in _perfect(start, end)])


def _perfect(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield level and index of the perfect subtrees that make up a subtree, largest first."""
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _fold(nodes: Sequence[bytes]) -> bytes:
    """Return the root over perfect subtrees, which RFC 6962 joins from the right."""
    if not nodes:
        return EMPTY_ROOT
    root = nodes[-1]
    for node in reversed(nodes[:-1]):
        root = node_hash(node, root)
    return root


def _check_hashes(proof: Sequence[bytes], length: int) -> None:
    """Refuse a proof of another length, before any of it is hashed."""
    if len(proof) != length:
        raise MalformedProof(f"the proof has {length} hashes, not {len(proof)}")
    for value in proof:
        checked_hash(value)


def _checked_size(size: int) -> int:
    """Return the size, which no tree exceeds; MalformedProof otherwise."""
    if not 0 <= size <= SIZE_MAX:
        raise MalformedProof("the size of a tree is from 0 to 2^63-1")
    return size
