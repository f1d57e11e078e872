"""Receipts: a signed word that an event was recorded, before the log has taken it in."""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from domain.proof.errors import MalformedKey, MalformedReceipt
from domain.proof.keys import KeyType, SigningKey, VerifierKey
from domain.proof.note import Note, parse_note, sign_note, verify_note

SUFFIX: Final = "/receipt"
"""What follows the origin of a lane in the name of its receipt key."""


class Receipt(msgspec.Struct, frozen=True):
    """An event was recorded: in this stream, as this version, with this leaf hash, at this time."""

    stream: str
    version: int
    leaf: bytes
    at: str
    """When it was recorded, as the record spells it (27 characters)."""

    def __post_init__(self) -> None:
        """Refuse what no record can be: the lines would not read back as they were written."""
        if _BODY.fullmatch(self.body) is None:
            raise MalformedReceipt("no record has such a stream, version, hash or instant")

    @property
    def body(self) -> str:
        """The four lines that are signed."""
        return f"{self.stream}\n{self.version}\n{self.leaf.hex()}\n{self.at}\n"


def key_name(origin: str) -> str:
    """Return the name that the receipts of a lane are signed under."""
    return origin + SUFFIX


def sign_receipt(receipt: Receipt, key: SigningKey) -> Note:
    """Return the receipt signed by a receipt key, and by no other."""
    require_receipt_key(key.verifier)
    return sign_note(receipt.body, key)


def parse_receipt(text: str) -> Receipt:
    """Return the receipt that the text of a note is."""
    match = _BODY.fullmatch(text)
    if match is None:
        raise MalformedReceipt("a receipt has four lines: stream, version, leaf hash and instant")
    return Receipt(
        match["stream"], int(match["version"]), bytes.fromhex(match["leaf"]), match["at"]
    )


def open_receipt(note: bytes | str, keys: Iterable[VerifierKey]) -> Receipt:
    """Return the receipt of a note that one of these receipt keys signed."""
    given = tuple(keys)
    for key in given:
        require_receipt_key(key)
    signed = parse_note(note)
    verify_note(signed, given)
    return parse_receipt(signed.text)


def require_receipt_key(key: VerifierKey) -> None:
    """Refuse a key that is for something else: a log's word is worth more than a receipt's."""
    if key.type is not KeyType.NOTE or not key.name.endswith(SUFFIX):
        raise MalformedKey(f"the name of a receipt key ends in {SUFFIX}")


_BODY: Final = re.compile(
    r"(?P<stream>[a-z]+:[^\x00-\x1f]+)\n"
    r"(?P<version>[1-9][0-9]{0,15})\n"
    r"(?P<leaf>[0-9a-f]{64})\n"
    r"(?P<at>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z)\n"
)
