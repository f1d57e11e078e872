"""The contents of evidence: who may read which, with the look on record before anything is read."""

import logging
from typing import IO, NamedTuple

from api.auth import may_see
from api.problems import Problem
from api.reads.personal import ticket_records, withheld_places
from api.reads.tickets import sees_item, side_of
from api.wiring import Services
from domain import errors
from domain.commands import RecordDamage
from domain.ledger.requests import Request
from domain.ledger.sealing import Unopenable
from domain.ledger.vault_errors import Damaged
from domain.ledger.vault_sealing import open_sealed
from domain.ticket.files import DESCRIPTOR, Descriptor
from domain.values import SYSTEM, Actor, Sha256

log = logging.getLogger(__name__)


class Opened(NamedTuple):
    """A content that may be handed out: every byte of the copy is checked."""

    file: IO[bytes]
    size: int
    media_type: str


class PersonalContent(NamedTuple):
    """A personal content that was not erased: what it is, and what opens it."""

    version: int
    descriptor: Descriptor
    key: bytes


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
    item = found.evidence[seen[0]]
    personal = personal_content(services, ticket, seen[0]) if item.personal else None
    if item.personal:
        if personal is None:
            raise Problem("content_erased")
        if (personal.version, DESCRIPTOR) in withheld_places(services, actor, ticket):
            raise Problem("unknown_content")
    services.ledger.look(actor, ticket, f"evidence:{seen[0]}")
    file = open_checked(services, ticket, item.attachment.sha256, personal)
    if personal is None:
        return Opened(file, item.attachment.size, item.attachment.media_type)
    return Opened(file, personal.descriptor.size, personal.descriptor.type)


def personal_content(services: Services, ticket: str, item: str) -> PersonalContent | None:
    """Return what the personal content of an item is; None when it was erased. Blocks."""
    for record in ticket_records(services, ticket):
        if getattr(record.event, "item", None) == item and hasattr(record.event, DESCRIPTOR):
            opened = services.ledger.open_content(record)
            return None if opened is None else PersonalContent(record.version, *opened)
    return None


def open_checked(
    services: Services, ticket: str, sha256: Sha256, personal: PersonalContent | None
) -> IO[bytes]:
    """Return a checked copy of a content in clear; raise the problem of one that is not whole.

    Blocks. What lies in the vault is checked, and of a personal content what it opens to as well.
    """
    vault = services.ledger.vault
    try:
        if personal is None:
            return vault.open(sha256)
        return open_sealed(vault, sha256, personal.key, personal.descriptor.sha256)
    except KeyError:
        raise Problem("unknown_content") from None
    except Damaged as damage:
        sound_alarm(services, ticket, damage)
        raise Problem("content_damaged") from None
    except Unopenable:
        log.critical("content %s of %s does not open; it is not handed out", sha256, ticket)
        raise Problem("content_damaged") from None


def sound_alarm(services: Services, ticket: str, damage: Damaged) -> None:
    """Put on record, once for each state it is found in, that a content has changed."""
    log.critical("content %s of %s has changed; it is not handed out", damage.sha256, ticket)
    command = RecordDamage(ticket=ticket, sha256=Sha256(damage.sha256), found=Sha256(damage.found))
    key = f"damage/{ticket}/{damage.sha256}/{damage.found}"
    services.ledger.handle(Request(command=command, actor=SYSTEM, key=key))
