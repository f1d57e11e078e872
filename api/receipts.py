"""Receipts of uploads: only who uploaded a content for a ticket may refer to it there.

Without them, whoever learns a digest could have the other side's confidential content shown to him
as evidence of his own.
"""

import base64
import hmac
from typing import Any

from api.problems import malformed
from domain.values import Actor


def write_receipt(key: bytes, *, ticket: str, actor: Actor, attachment: dict[str, Any]) -> str:
    """Return the receipt of a content that an actor uploaded for a ticket."""
    parts = (
        "upload",
        ticket,
        actor.kind.value,
        actor.ref,
        str(attachment["sha256"]),
        str(attachment["size"]),
        str(attachment["media_type"]),
    )
    digest = hmac.digest(key, "\x00".join(parts).encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def check_receipt(key: bytes, *, ticket: str, actor: Actor, attachment: dict[str, Any]) -> None:
    """Raise the problem of an attachment that its actor did not upload for this ticket."""
    expected = write_receipt(key, ticket=ticket, actor=actor, attachment=attachment)
    if not hmac.compare_digest(expected, str(attachment["receipt"])):
        raise malformed(
            "/body/attachment", "receipt", "This content was not uploaded by you for this ticket."
        )
