"""The contents of evidence: who may read which, with the look on record before anything is read."""

import logging
from typing import IO, NamedTuple

from api.auth import may_see
from api.problems import Problem
from api.reads.tickets import sees_item, side_of
from api.wiring import Services
from domain import errors
from domain.commands import RecordDamage
from domain.ledger.requests import Request
from domain.ledger.vault_errors import Damaged
from domain.values import SYSTEM, Actor, Sha256

log = logging.getLogger(__name__)


class Opened(NamedTuple):
    """A content that may be handed out: every byte of the copy is checked."""

    file: IO[bytes]
    size: int
    media_type: str


def content_of(services: Services, actor: Actor, ticket: str, sha256: str) -> Opened:
    """Return a content to an actor who was shown an item with it. Blocks.

    One that has changed is put on record as an alarm, and nothing of it is handed out.
    """
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
    seen = [name for name in seen if not found.evidence[name].erased]
    if not seen:
        raise Problem("content_erased")
    services.ledger.look(actor, ticket, f"evidence:{seen[0]}")
    attachment = found.evidence[seen[0]].attachment
    try:
        file = services.ledger.vault.open(Sha256(sha256))
    except KeyError:
        raise Problem("unknown_content") from None
    except Damaged as damage:
        sound_alarm(services, ticket, damage)
        raise Problem("content_damaged") from None
    return Opened(file, attachment.size, attachment.media_type)


def sound_alarm(services: Services, ticket: str, damage: Damaged) -> None:
    """Put on record, once for each state it is found in, that a content has changed."""
    log.critical("content %s of %s has changed; it is not handed out", damage.sha256, ticket)
    command = RecordDamage(ticket=ticket, sha256=Sha256(damage.sha256), found=Sha256(damage.found))
    key = f"damage/{ticket}/{damage.sha256}/{damage.found}"
    services.ledger.handle(Request(command=command, actor=SYSTEM, key=key))
