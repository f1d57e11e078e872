"""Receipts: our word that an event was recorded, which we cannot take back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proof.checkpoint import Checkpoint
from domain.proof.errors import (
    BadSignature,
    MalformedKey,
    MalformedNote,
    MalformedReceipt,
    NoTrustedSignature,
)
from domain.proof.note import Note, sign_note
from domain.proof.receipt import Receipt, key_name, open_receipt, parse_receipt, sign_receipt
from tests.proof.trees import ORIGIN, a_key, a_witness

KEY = a_key(key_name(ORIGIN))
AT = "2026-11-22T03:04:05.123456Z"
RECEIPT = Receipt("ticket:T3-261122-7ZK4M2Q", 7, bytes(range(32)), AT)
LEAF = RECEIPT.leaf.hex()


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40),
    st.integers(1, 2**53 - 1),
    st.binary(min_size=32, max_size=32),
)
def test_every_receipt_is_opened_as_it_was_signed(name: str, version: int, leaf: bytes) -> None:
    """Whatever the stream is called."""
    receipt = Receipt(f"order:{name}", version, leaf, AT)
    assert open_receipt(str(sign_receipt(receipt, KEY)), [KEY.verifier]) == receipt


def test_a_receipt_has_four_lines() -> None:
    """Stream, version, leaf hash and instant, in this order."""
    assert RECEIPT.body == f"ticket:T3-261122-7ZK4M2Q\n7\n{LEAF}\n{AT}\n"


def test_a_changed_receipt_is_refused() -> None:
    """The party keeps it, so it must be worth something without us."""
    signed = sign_receipt(RECEIPT, KEY)
    for change in ("version", "instant"):
        body = RECEIPT.body
        text = body.replace("\n7\n", "\n8\n") if change == "version" else body.replace("05.", "06.")
        with pytest.raises(BadSignature):
            open_receipt(str(Note(text, signed.signatures)), [KEY.verifier])
    with pytest.raises(NoTrustedSignature):
        open_receipt(str(signed), [a_key(key_name(ORIGIN), seed=2).verifier])
    with pytest.raises(MalformedNote):
        open_receipt(b"", [KEY.verifier])


def test_receipts_and_checkpoints_have_keys_of_their_own() -> None:
    """The notary alone holds the log key; a receipt key can be taken from any server."""
    for key in (a_key(), a_witness(key_name(ORIGIN), seed=1)):
        with pytest.raises(MalformedKey):
            sign_receipt(RECEIPT, key)
        with pytest.raises(MalformedKey):
            open_receipt(str(sign_receipt(RECEIPT, KEY)), [key.verifier])
    checkpoint = sign_note(Checkpoint(ORIGIN, 1, bytes(32)).body, KEY)
    with pytest.raises(MalformedReceipt):
        open_receipt(str(checkpoint), [KEY.verifier])


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"ticket:a\n7\n{LEAF}\n",
        f"ticket:a\n7\n{LEAF}\n{AT}",
        f"ticket:a\n7\n{LEAF}\n{AT}\n\n",
        f"ticket:a\n07\n{LEAF}\n{AT}\n",
        f"ticket:a\n0\n{LEAF}\n{AT}\n",
        f"ticket:a\n{'9' * 10_000}\n{LEAF}\n{AT}\n",
        f"ticket:a\n7\n{LEAF.upper()}\n{AT}\n",
        f"ticket:a\n7\n{LEAF[:-2]}\n{AT}\n",
        f"ticket:a\n7\n{LEAF}\n2026-11-22T03:04:05Z\n",
        f"ticket\n7\n{LEAF}\n{AT}\n",
        f"ticket:\n7\n{LEAF}\n{AT}\n",
    ],
)
def test_what_is_no_receipt_is_refused(text: str) -> None:
    """One receipt has one spelling."""
    with pytest.raises(MalformedReceipt):
        parse_receipt(text)


@pytest.mark.parametrize(
    ("stream", "version", "leaf", "at"),
    [
        ("ticket:a\nb", 7, bytes(32), AT),
        ("ticket:a", 0, bytes(32), AT),
        ("ticket:a", 7, bytes(31), AT),
        ("ticket:a", 7, bytes(32), "now"),
    ],
)
def test_a_receipt_that_would_not_read_back_is_not_made(
    stream: str, version: int, leaf: bytes, at: str
) -> None:
    """A line break in a name must not become a line of the receipt."""
    with pytest.raises(MalformedReceipt):
        Receipt(stream, version, leaf, at)
