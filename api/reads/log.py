"""The log as it is served: notes with their cosignatures, tiles, keys, policy and proofs."""

from datetime import timedelta
from math import ceil
from typing import Final

from api.auth import may_see
from api.models.log import ConsistencyProof
from api.problems import Problem, malformed
from api.reads.telling import told_to
from api.reads.tickets import side_of
from api.wiring import Services
from domain import errors
from domain.ledger.anchors import cosigned
from domain.ledger.log import NotIntegrated, Signed
from domain.ledger.notary import INTEGRATE_S, SIGN_S
from domain.ledger.signing import verifier
from domain.proof import base64text
from domain.proof.errors import MalformedTile, NotInTree
from domain.proof.keys import VerifierKey, parse_vkey
from domain.proof.note import Note
from domain.proof.policy import Group, Log, Policy, Witness
from domain.proof.proof_file import ProofFile
from domain.proof.tiles import Bundle, Tile, parse_path
from domain.streams import ticket_lane, ticket_stream
from domain.values import Actor, KeyPurpose, later

QUORUM: Final = "quorum"
"""What the policy calls its group of witnesses."""
_SOON: Final = timedelta(seconds=SIGN_S + INTEGRATE_S)


def require_lane(services: Services, lane: int) -> int:
    """Return a lane this ledger has; raise the 404 problem."""
    if lane >= services.ledger.lanes:
        raise Problem("no_such_resource", detail="This ledger has no such lane.")
    return lane


def checkpoint_note(services: Services, lane: int) -> Note:
    """Return a lane's newest checkpoint with whatever cosignatures it has by now. Blocks."""
    newest = services.ledger.merkle_log.checkpoint(require_lane(services, lane))
    if newest is None:
        raise Problem("no_such_resource", detail="Nothing has been signed yet.")
    return noted(services, newest)


def witnessed_note(services: Services, lane: int) -> Note:
    """Return a lane's newest checkpoint that has its quorum. Blocks."""
    found = newest_witnessed(services, require_lane(services, lane), from_size=1)
    if found is None:
        raise Problem("no_such_resource", detail="No checkpoint has its quorum of witnesses.")
    return noted(services, found)


def tile(services: Services, lane: int, path: str) -> bytes:
    """Return the bytes of a tile or an entry bundle by its path. Blocks."""
    require_lane(services, lane)
    log = services.ledger.merkle_log
    try:
        match parse_path(path):
            case Tile() as one:
                return log.tile(lane, one.level, one.index, one.width)
            case Bundle() as one:
                return log.entries(lane, one.index, one.width)
    except (MalformedTile, NotInTree):
        raise Problem("no_such_resource", detail="The log has no such tile (yet).") from None


def keys_in_use(services: Services, lane: int, purpose: KeyPurpose) -> list[VerifierKey]:
    """Return the keys a lane is signed with now, the newest first. Blocks."""
    origin = services.ledger.origins[require_lane(services, lane)]
    in_use = services.ledger.keys_on_record().in_use.get(purpose)
    if in_use is None:
        raise Problem("no_such_resource", detail="No key is on record yet.")
    keys = [in_use.key]
    if in_use.former and in_use.former_until and services.now() < in_use.former_until:
        keys.append(in_use.former)
    return [verifier(origin, purpose, key) for key in keys]


def policy(services: Services, lane: int) -> Policy:
    """Return whom to trust for a lane: its log, and the quorum of its witnesses. Blocks."""
    logs = tuple(Log(key) for key in keys_in_use(services, lane, KeyPurpose.LOG))
    settings = services.settings
    witnesses = tuple(Witness(one.name, parse_vkey(one.vkey)) for one in settings.witnesses)
    if not settings.witness_quorum:
        return Policy(logs, witnesses)
    names = tuple(one.name for one in witnesses)
    group = Group(QUORUM, settings.witness_quorum, names)
    return Policy(logs, (*witnesses, group), QUORUM)


def event_proof(services: Services, actor: Actor, ticket: str, version: int) -> ProofFile:
    """Return the proof that an event of a ticket is in the log. Blocks.

    The checkpoint in it is the newest that has its quorum, or the newest of all while no witnessed
    one covers the event.
    """
    ledger = services.ledger
    found = ledger.ticket(ticket)
    if not may_see(actor, found):
        raise errors.UnknownTicket
    records = ledger.stream(ticket_stream(ticket), version - 1, 1)
    if not records or not told_to(records[0], side_of(actor)):
        raise Problem("no_such_resource", detail="The ticket has no such version.")
    lane, position = ticket_lane(ticket), records[0].position
    covering = newest_witnessed(services, lane, from_size=position)
    if covering is None:
        newest = ledger.merkle_log.checkpoint(lane)
        if newest is None or newest.size < position:
            raise not_yet(services, published=newest.size if newest else 0, wanted=position)
        covering = newest
    hashes = ledger.merkle_log.inclusion(lane, position, covering.size)
    return ProofFile(position - 1, hashes, noted(services, covering))


def consistency(services: Services, lane: int, old: int, new: int) -> ConsistencyProof:
    """Return the proof that a lane's log of one size begins with that of another. Blocks."""
    ledger = services.ledger
    require_lane(services, lane)
    if old > new:
        raise malformed("/query/old", "value_error", "The old size is not larger than the new.")
    try:
        hashes = ledger.merkle_log.consistency(lane, old, new)
    except NotIntegrated:
        newest = ledger.merkle_log.checkpoint(lane)
        published = newest.size if newest else 0
        raise not_yet(services, published=published, wanted=new) from None
    return ConsistencyProof(
        ledger.origins[lane], old, new, tuple(base64text.encode(one) for one in hashes)
    )


def newest_witnessed(services: Services, lane: int, *, from_size: int) -> Signed | None:
    """Return the newest checkpoint with its quorum; None when none is asked for."""
    settings = services.settings
    if not settings.witness_quorum:
        return None
    names = [witness.name for witness in settings.witnesses]
    size = services.anchors.witnessed(lane, names, settings.witness_quorum, from_size=from_size)
    return None if size is None else services.ledger.merkle_log.checkpoint_at(lane, size)


def noted(services: Services, signed: Signed) -> Note:
    """Return a checkpoint with whatever cosignatures it has by now. Blocks."""
    return cosigned(signed, services.ledger.merkle_log.anchors(signed.lane, signed.size))


def not_yet(services: Services, *, published: int, wanted: int) -> Problem:
    """Return the problem of a position that no checkpoint covers, with when one should."""
    if services.ledger.keys_on_record().frozen:
        return Problem(
            "not_integrated",
            detail="The keys are frozen: no later checkpoint will be signed.",
            published=published,
            wanted=wanted,
        )
    return Problem(
        "not_integrated",
        headers={"Retry-After": str(ceil(_SOON.total_seconds()))},
        published=published,
        wanted=wanted,
        expected_at=later(services.now(), _SOON),
    )
