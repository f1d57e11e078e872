"""Signed words about uploads: who uploaded a content for what, and who may upload one there.

Without receipts, whoever learns a digest could have the other side's confidential content shown to
him as evidence of his own.
"""

import base64
import binascii
import hmac
from typing import Any, Final

import msgspec

from api.problems import Problem, malformed
from domain.values import Actor, Instant, Sha256

ADDRESS: Final = r"^[A-Za-z0-9_-]{40,1000}\.[A-Za-z0-9_-]{43}$"
"""What the address of a staged upload ends with."""
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


def write_receipt(key: bytes, *, subject: str, actor: Actor, attachment: dict[str, Any]) -> str:
    """Return the receipt of a content that an actor uploaded for a ticket or an order."""
    parts = (
        "upload",
        subject,
        actor.kind.value,
        actor.ref,
        str(attachment["sha256"]),
        str(attachment["size"]),
        str(attachment["media_type"]),
    )
    return _signature(key, "\x00".join(parts).encode())


def own_attachment(
    key: bytes, *, subject: str, actor: Actor, attachment: dict[str, Any]
) -> dict[str, Any]:
    """Return an attachment for the record; raise the problem of one its actor did not upload."""
    expected = write_receipt(key, subject=subject, actor=actor, attachment=attachment)
    if not hmac.compare_digest(expected, str(attachment["receipt"])):
        raise malformed("/body/attachment", "receipt", "This content was not uploaded by you here.")
    return {name: attachment[name] for name in ("sha256", "size", "media_type")}


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
