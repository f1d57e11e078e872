"""Our words about uploads, sealed or signed: who uploaded a content, and who may upload one.

Without receipts, whoever learns a digest could have the other side's confidential content shown to
him as evidence of his own.
"""

import base64
import binascii
import hmac
from datetime import timedelta
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from api.problems import Problem, malformed
from domain.commands import PersonalFile
from domain.values import Actor, Attachment, Instant, Sha256

ADDRESS: Final = r"^[A-Za-z0-9_-]{40,2000}\.[A-Za-z0-9_-]{43}$"
"""What the address of a staged upload ends with."""
GOOD_FOR: Final = timedelta(hours=24)
"""How long after its upload a content may be named for the first time; the sweep waits far longer.
"""
_STAGED: Final = b"staged\x00"
"""What is signed for an address is signed for nothing else."""


class StagedUpload(msgspec.Struct, frozen=True, array_like=True):
    """What one may upload without a token, once somebody with a token asked for it."""

    subject: str
    """What it is for: "ticket:<id>" or "order:<id>"."""
    actor: Actor
    media_type: str
    size: int
    sha256: Sha256 | None
    until: Instant
    personal: bool = False
    name: str | None = None


class Receipt(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """That a content was uploaded, and what its uploader names it by."""

    attachment: Attachment
    kept_until: Instant
    personal: PersonalFile | None = None


def write_receipt(key: bytes, *, subject: str, actor: Actor, said: Receipt) -> str:
    """Return the receipt of a content that an actor uploaded for a ticket or an order.

    It is sealed, for it holds what opens a personal file; the same words are the same receipt.
    """
    content = AESSIV(_sealing(key)).encrypt(msgspec.json.encode(said), _bound(subject, actor))
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def own_attachment(
    key: bytes, *, subject: str, actor: Actor, attachment: dict[str, Any]
) -> dict[str, Any]:
    """Return what a command says of a content; raise the problem of one its actor did not upload.

    Whether it may still be named is the judge's to say: a retry of what is on record may.
    """
    receipt = str(attachment["receipt"])
    told = {name: attachment[name] for name in ("sha256", "size", "media_type")}
    try:
        sealed = base64.urlsafe_b64decode(receipt + "=" * (-len(receipt) % 4))
        content = AESSIV(_sealing(key)).decrypt(sealed, _bound(subject, actor))
        said = msgspec.json.decode(content, type=Receipt)
    except (InvalidTag, ValueError):  # msgspec's errors and binascii's are ValueErrors
        raise _not_yours() from None
    if msgspec.to_builtins(said.attachment) != told:
        raise _not_yours()
    fields: dict[str, Any] = {"attachment": told, "kept_until": said.kept_until}
    if said.personal is not None:
        fields["personal"] = msgspec.to_builtins(said.personal)
    return fields


def _not_yours() -> Problem:
    return malformed("/body/attachment", "receipt", "This content was not uploaded by you here.")


def _sealing(key: bytes) -> bytes:
    return hmac.digest(key, b"receipts of uploads", "sha512")


def _bound(subject: str, actor: Actor) -> list[bytes]:
    return [b"upload", subject.encode(), actor.kind.value.encode(), actor.ref.encode()]


def write_address(key: bytes, staged: StagedUpload) -> str:
    """Return the last step of the address where a content may be uploaded."""
    text = base64.urlsafe_b64encode(msgspec.json.encode(staged)).rstrip(b"=")
    signature = _signature(key, _STAGED + text)
    return f"{text.decode()}.{signature}"


def read_address(key: bytes, address: str, now: Instant) -> StagedUpload:
    """Return what an address allows; raise the problem of one we never gave or that is over."""
    text, _, signature = address.partition(".")
    expected = _signature(key, _STAGED + text.encode())
    if not hmac.compare_digest(expected, signature):
        raise Problem("no_such_resource")
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise Problem("no_such_resource") from None
    staged = msgspec.json.decode(content, type=StagedUpload)
    if now >= staged.until:
        raise Problem("upload_expired")
    return staged


def _signature(key: bytes, message: bytes) -> str:
    digest = hmac.digest(key, message, "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
