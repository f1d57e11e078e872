"""Trees of other people: the published vectors of RFC 6962 logs."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.proof.chain import leaf_hash
from domain.proof.errors import ProofError
from domain.proof.merkle import (
    CompactRange,
    consistency_proof,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from tests.proof.trees import hash_of, hashes_of

DEGENERATE = {"sizes are equal (one) and proof is empty"}
"""Vectors others accept with roots of 12 bytes; ours refuses every hash that is not 32 bytes."""


def _vectors(shared: Path, kind: str) -> list[dict[str, Any]]:
    """Every vector of a kind, with the number of them checked so that none is lost on the way."""
    place = shared / "vectors/rfc6962-merkle/testdata" / kind
    return [json.loads(path.read_bytes()) for path in sorted(place.rglob("*.json"))]


def _proof(vector: dict[str, Any]) -> list[bytes]:
    """The proof of a vector."""
    return [hash_of(text) for text in vector["proof"] or []]


def _accepts_inclusion(vector: dict[str, Any]) -> bool:
    """Whether we take the proof of a vector."""
    try:
        verify_inclusion(
            index=vector["leafIdx"],
            size=vector["treeSize"],
            leaf=hash_of(vector["leafHash"]),
            proof=_proof(vector),
            root=hash_of(vector["root"]),
        )
    except ProofError:
        return False
    return True


def _accepts_consistency(vector: dict[str, Any]) -> bool:
    """Whether we take the proof of a vector."""
    try:
        verify_consistency(
            old=vector["size1"],
            new=vector["size2"],
            old_root=hash_of(vector["root1"]),
            new_root=hash_of(vector["root2"]),
            proof=_proof(vector),
        )
    except ProofError:
        return False
    return True


def test_every_published_proof_of_inclusion_is_judged_as_published(shared: Path) -> None:
    """98 proofs, most of them wrong in one place."""
    vectors = _vectors(shared, "inclusion")
    assert len(vectors) == 98
    for vector in vectors:
        assert _accepts_inclusion(vector) is not vector["wantErr"], vector["desc"]


def test_every_published_proof_of_consistency_is_judged_as_published(shared: Path) -> None:
    """98 proofs, most of them wrong in one place; the degenerate one is refused."""
    vectors = _vectors(shared, "consistency")
    assert len(vectors) == 98
    for vector in vectors:
        refused = vector["wantErr"] or vector["desc"] in DEGENERATE
        assert _accepts_consistency(vector) is not refused, vector["desc"]


def test_the_reference_tree_of_certificate_transparency_has_its_roots(shared: Path) -> None:
    """Eight entries whose roots and proofs every implementation agrees on."""
    reference = json.loads((shared / "vectors/rfc6962-merkle/ct-reference-tree.json").read_bytes())
    leaves = [leaf_hash(bytes.fromhex(entry)) for entry in reference["leaves_hex"]]
    roots = [bytes.fromhex(root) for root in reference["root_hex_by_size"]]
    growing = CompactRange()
    assert growing.root() == roots[0]
    for size, leaf in enumerate(leaves, 1):
        growing.append(leaf)
        assert growing.root() == roots[size]


@pytest.mark.parametrize("size", range(1, 9))
def test_our_proofs_of_the_reference_tree_lead_to_its_published_roots(
    shared: Path, size: int
) -> None:
    """What we make is held against roots we did not make."""
    reference = json.loads((shared / "vectors/rfc6962-merkle/ct-reference-tree.json").read_bytes())
    leaves = [leaf_hash(bytes.fromhex(entry)) for entry in reference["leaves_hex"]]
    roots = [bytes.fromhex(root) for root in reference["root_hex_by_size"]]
    read = hashes_of(leaves)
    for index in range(size):
        proof = inclusion_proof(index, size, read)
        verify_inclusion(index=index, size=size, leaf=leaves[index], proof=proof, root=roots[size])
    for old in range(1, size + 1):
        verify_consistency(
            old=old,
            new=size,
            old_root=roots[old],
            new_root=roots[size],
            proof=consistency_proof(old, size, read),
        )


def test_our_proofs_are_those_of_the_published_right_ones(shared: Path) -> None:
    """The same hashes in the same order, not only ones that verify."""
    reference = json.loads((shared / "vectors/rfc6962-merkle/ct-reference-tree.json").read_bytes())
    leaves = [leaf_hash(bytes.fromhex(entry)) for entry in reference["leaves_hex"]]
    roots = [bytes.fromhex(root) for root in reference["root_hex_by_size"]]
    read = hashes_of(leaves)
    compared = 0
    for vector in _vectors(shared, "inclusion"):
        size = vector["treeSize"]
        if not vector["wantErr"] and size <= 8 and hash_of(vector["root"]) == roots[size]:
            assert list(inclusion_proof(vector["leafIdx"], size, read)) == _proof(vector)
            compared += 1
    for vector in _vectors(shared, "consistency"):
        old, new = vector["size1"], vector["size2"]
        if not vector["wantErr"] and new <= 8 and hash_of(vector["root2"]) == roots[new]:
            assert list(consistency_proof(old, new, read)) == _proof(vector)
            compared += 1
    assert compared >= 8
