"""What a witness is asked, and what it must see before it cosigns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proof.checkpoint import Checkpoint, sign_checkpoint
from domain.proof.errors import InvalidProof, Malformed, MalformedProof, NotInTree, ProofError
from domain.proof.growth import REQUEST_SIZE_MAX, Growth, parse_growth, verify_growth
from domain.proof.merkle import EMPTY_ROOT, consistency_proof, root_of
from tests.proof.trees import ORIGIN, a_key, hashes_of, leaves_of

LOG = a_key()
READ = hashes_of(leaves_of(40))


def _checkpoint(size: int) -> Checkpoint:
    """The checkpoint of the tree of this size."""
    return Checkpoint(ORIGIN, size, root_of(size, READ))


@given(st.integers(0, 40), st.integers(0, 40))
def test_every_growth_is_asked_for_read_and_verified(one: int, other: int) -> None:
    """From nothing, from the same size, and from every size between."""
    old, new = sorted((one, other))
    proof = consistency_proof(old, new, READ) if old else ()
    asked = Growth(old, proof, sign_checkpoint(_checkpoint(new), LOG))
    assert parse_growth(str(asked).encode()) == asked
    verify_growth(old=old, old_root=root_of(old, READ), new=_checkpoint(new), proof=proof)


def test_growing_from_nothing_takes_no_proof() -> None:
    """And nothing has one root: whoever claims another is not at size 0."""
    with pytest.raises(MalformedProof):
        verify_growth(old=0, old_root=EMPTY_ROOT, new=_checkpoint(3), proof=(bytes(32),))
    with pytest.raises(InvalidProof):
        verify_growth(old=0, old_root=bytes(32), new=_checkpoint(3), proof=())


def test_a_log_that_shrank_or_was_rewritten_is_not_verified() -> None:
    """This is the whole use of a witness."""
    root = root_of(5, READ)
    with pytest.raises(NotInTree):
        verify_growth(old=5, old_root=root, new=_checkpoint(4), proof=())
    proof = consistency_proof(5, 9, READ)
    with pytest.raises(InvalidProof):
        verify_growth(old=5, old_root=bytes(32), new=_checkpoint(9), proof=proof)
    with pytest.raises(InvalidProof):
        verify_growth(old=5, old_root=root, new=Checkpoint(ORIGIN, 9, bytes(32)), proof=proof)


GOOD = str(Growth(5, consistency_proof(5, 9, READ), sign_checkpoint(_checkpoint(9), LOG)))
HEAD, NOTE = GOOD.split("\n\n", 1)
HASH = HEAD.split("\n")[1]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "old 5",
        HEAD,
        f"{HEAD}\n\n",
        f"{HEAD}\n{NOTE}",
        f"new 5\n\n{NOTE}",
        f"old\n\n{NOTE}",
        f"old 05\n\n{NOTE}",
        f"old {2**63}\n\n{NOTE}",
        f"old -1\n\n{NOTE}",
        f"old 5\n{HASH[:-1]}\n\n{NOTE}",
        f"old 5\nAAAA\n\n{NOTE}",
        "old 5\n" + f"{HASH}\n" * 64 + f"\n{NOTE}",
        f"{HEAD}\n\ntext\n\n— {ORIGIN} AAAAAAA=\n",
        GOOD.replace("\n", "\r\n"),
        "x" * (REQUEST_SIZE_MAX + 1),
    ],
)
def test_what_is_no_request_is_refused(body: str) -> None:
    """A witness answers strangers, so it reads strictly."""
    with pytest.raises(Malformed):
        parse_growth(body.encode())


@given(st.binary(max_size=200))
def test_no_bytes_make_the_parser_crash(content: bytes) -> None:
    """The answer is a request or a reason."""
    for body in (content, b"old 5\n" + content, HEAD.encode() + b"\n\n" + content):
        try:
            parse_growth(body)
        except ProofError:
            continue
