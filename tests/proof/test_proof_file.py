"""Proof files: self-contained, checked with a policy alone, and worthless once changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proof.checkpoint import Checkpoint, sign_checkpoint
from domain.proof.errors import (
    InvalidProof,
    Malformed,
    MalformedProof,
    NotInTree,
    NoTrustedSignature,
    ProofError,
)
from domain.proof.merkle import EMPTY_ROOT, inclusion_proof, root_of
from domain.proof.policy import Log, Policy
from domain.proof.proof_file import HEADER, ProofFile, parse_proof_file
from tests.proof.trees import ORIGIN, a_key, hashes_of, leaves_of

LOG = a_key()
POLICY = Policy((Log(LOG.verifier),))
LEAVES = leaves_of(40)
READ = hashes_of(LEAVES)


def _proof(index: int, size: int, extra: bytes = b"") -> ProofFile:
    """The proof file of a leaf."""
    checkpoint = Checkpoint(ORIGIN, size, root_of(size, READ))
    hashes = inclusion_proof(index, size, READ)
    return ProofFile(index, hashes, sign_checkpoint(checkpoint, LOG), extra)


GOOD = _proof(5, 13)
TEXT = str(GOOD)
HEAD, NOTE = TEXT.split("\n\n", 1)
HASHES = HEAD.split("\n")[2:]


@given(st.integers(1, 40), st.data(), st.binary(max_size=50))
def test_every_proof_file_reads_back_and_proves_its_leaf(
    size: int, data: st.DataObject, extra: bytes
) -> None:
    """One file, one policy, no network."""
    index = data.draw(st.integers(0, size - 1))
    proof = _proof(index, size, extra)
    read = parse_proof_file(str(proof).encode())
    assert read == proof == parse_proof_file(str(proof))
    assert read.verify(LEAVES[index], POLICY).checkpoint.size == size


def test_a_proof_file_has_the_lines_of_the_format() -> None:
    """Header, index, hashes from the leaf up, an empty line, the checkpoint as published."""
    assert TEXT.startswith(f"{HEADER}\nindex 5\n")
    assert [len(line) for line in HASHES] == [44] * 4
    assert str(GOOD.checkpoint) == NOTE
    assert str(_proof(0, 1, b"words")).startswith(
        f"{HEADER}\nextra d29yZHM=\nindex 0\n\n{ORIGIN}\n1\n"
    )


def test_another_leaf_is_not_proven() -> None:
    """Nor is one that is not a hash."""
    with pytest.raises(InvalidProof):
        GOOD.verify(LEAVES[6], POLICY)
    with pytest.raises(MalformedProof):
        GOOD.verify(LEAVES[5][:31], POLICY)


def test_a_proof_under_a_checkpoint_nobody_trusts_proves_nothing() -> None:
    """Anybody can make a tree; the policy says whose counts."""
    with pytest.raises(NoTrustedSignature):
        GOOD.verify(LEAVES[5], Policy((Log(a_key(seed=9).verifier),)))


def test_a_leaf_beyond_the_checkpoint_is_not_proven() -> None:
    """Not by the empty log either."""
    empty = sign_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), LOG)
    for proof in (ProofFile(13, GOOD.hashes, GOOD.checkpoint), ProofFile(0, (), empty)):
        with pytest.raises(NotInTree):
            proof.verify(LEAVES[5], POLICY)


@given(st.integers(0, len(TEXT) - 1), st.sampled_from("Aa0+/=\n— x"))
def test_no_changed_character_leaves_a_proof_that_verifies(at: int, character: str) -> None:
    """Wherever it is: in the header, the index, a hash, the checkpoint or its signature."""
    changed = TEXT[:at] + character + TEXT[at + 1 :]
    if changed == TEXT:
        return
    with pytest.raises(ProofError):
        parse_proof_file(changed).verify(LEAVES[5], POLICY)


@pytest.mark.parametrize(
    "content",
    [
        "",
        b"\xff",
        HEADER,
        HEAD,
        f"{HEAD}\n\n",
        f"{HEAD}\n{NOTE}",
        f"c2sp.org/tlog-proof@v2{TEXT.removeprefix(HEADER)}",
        f"{TEXT}x",
        TEXT.replace("\n", "\r\n"),
        f"{HEADER}\n\n{NOTE}",
        f"{HEADER}\nindex\n\n{NOTE}",
        f"{HEADER}\nindex \n\n{NOTE}",
        f"{HEADER}\nindex 05\n\n{NOTE}",
        f"{HEADER}\nindex -5\n\n{NOTE}",
        f"{HEADER}\nindex 5 \n\n{NOTE}",
        f"{HEADER}\nindex ٥\n\n{NOTE}",
        f"{HEADER}\nindex {2**63}\n\n{NOTE}",
        f"{HEADER}\nindex {'9' * 10_000}\n\n{NOTE}",
        f"{HEADER}\nindex 5\nextra d29yZHM=\n\n{NOTE}",
        f"{HEADER}\nextra \nindex 5\n\n{NOTE}",
        f"{HEADER}\nextra ?\nindex 5\n\n{NOTE}",
        f"{HEADER}\nextra d29yZHM=\nextra d29yZHM=\nindex 5\n\n{NOTE}",
        f"{HEADER}\nindex 5\nAAAA\n\n{NOTE}",
        f"{HEADER}\nindex 5\n{HASHES[0][:-1]}\n\n{NOTE}",
        f"{HEADER}\nindex 5\n\ntext\n\n— {ORIGIN} AAAAAAA=\n",
        "x" * 1_000_000,
    ],
)
def test_what_is_no_proof_file_is_refused(content: str | bytes) -> None:
    """Before any of it is believed, or any signature looked at."""
    with pytest.raises(Malformed):
        parse_proof_file(content)


def test_a_proof_of_more_than_63_hashes_is_refused() -> None:
    """No tree needs more, so more is an attempt to keep the verifier busy."""
    lines = "\n".join([HASHES[0]] * 64)
    with pytest.raises(MalformedProof):
        parse_proof_file(f"{HEADER}\nindex 5\n{lines}\n\n{NOTE}")
    with pytest.raises(MalformedProof):
        ProofFile(5, GOOD.hashes * 16, GOOD.checkpoint)
