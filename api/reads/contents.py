"""The contents of evidence: who may read which, with the look on record before anything is read."""

from api.auth import may_see
from api.problems import Problem
from api.reads.tickets import sees_item, side_of
from api.wiring import Services
from domain import errors
from domain.values import Actor, Sha256


def content_of(services: Services, actor: Actor, ticket: str, sha256: str) -> tuple[bytes, str]:
    """Return a content and its media type to an actor who was shown an item with it. Blocks."""
    found = services.ledger.ticket(ticket)
    if not may_see(actor, found):
        raise errors.UnknownTicket
    party = side_of(actor)
    seen = [
        name
        for name, one in found.evidence.items()
        if one.attachment.sha256 == sha256 and sees_item(found, name, party)
    ]
    if not seen:
        raise Problem("unknown_content")
    if party is None:
        services.ledger.look(actor, ticket, f"evidence:{seen[0]}")
    try:
        content = services.ledger.vault.get(Sha256(sha256))
    except KeyError:
        raise Problem("unknown_content") from None
    return content, found.evidence[seen[0]].attachment.media_type
