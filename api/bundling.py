"""Making a bundle: the export goes on record, a checkpoint covers it, then all is gathered.

What a recipient may see is decided here, by the rules of the reads; how it is packed is
`replay.bundle`'s to know.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import IO, Any, Final, NamedTuple

import msgspec

from api.auth import may_see
from api.problems import Problem
from api.reads import log as log_reads
from api.reads.contents import open_checked, personal_content
from api.reads.custody import custody_answer
from api.reads.messages import fields_told
from api.reads.personal import ticket_records, withheld_places
from api.reads.telling import told_to
from api.reads.tickets import sees_item, side_of
from api.wiring import Services
from domain import errors
from domain.commands import RecordExport
from domain.events import PolicyAdopted
from domain.ledger.anchors import AnchorKind
from domain.ledger.log import Signed
from domain.ledger.requests import Request
from domain.proof import base64text
from domain.proof.merkle import consistency_proof, inclusion_proof
from domain.proof.tiles import TileHashes
from domain.record import Record
from domain.streams import ticket_stream
from domain.ticket.files import DESCRIPTOR
from domain.ticket.state import EvidenceState, Ticket
from domain.values import (
    Actor,
    ActorKind,
    ExportPurpose,
    KeyPurpose,
    Recipient,
    Sha256,
    moment_of,
)
from replay import bundle
from replay.bundle.parts import Bundle, Disclosure, Entry, Kept, Stamped

STAMPS_MAX: Final = 100
"""So many stamps prove the time of one ticket's events; a bundle takes no more."""
WITNESS_WAIT: Final = timedelta(seconds=3)
"""How long a bundle waits for its checkpoint to be cosigned; less than anybody waits for it."""
USUAL_PURPOSE: Final[Mapping[Recipient, ExportPurpose]] = {
    Recipient.BUYER: ExportPurpose.OWN_COPY,
    Recipient.MERCHANT: ExportPurpose.OWN_COPY,
    Recipient.ARBITRATOR: ExportPurpose.ARBITRATION,
    Recipient.COURT: ExportPurpose.LITIGATION,
}
"""What a bundle is for unless somebody says otherwise."""
_EXTENSIONS: Final[Mapping[str, str]] = {
    "image/jpeg": "jpg",
    "text/plain": "txt",
    "text/csv": "csv",
    "audio/mpeg": "mp3",
    "video/quicktime": "mov",
}
"""Where the second half of a media type is not what files are called."""


class Begun(NamedTuple):
    """An export on record, which a checkpoint has to cover before anything is handed out."""

    ticket: str
    recipient: Recipient
    purpose: ExportPurpose
    export: Record
    upto_version: int


def begin(
    services: Services,
    actor: Actor,
    ticket: str,
    recipient: Recipient,
    purpose: ExportPurpose | None,
) -> Begun:
    """Put on record that a bundle is made, and how far the ticket has come. Blocks."""
    ledger = services.ledger
    found = ledger.case(ticket)
    if actor.kind is not ActorKind.SYSTEM and not may_see(actor, found.ticket):
        raise errors.UnknownTicket
    if recipient is Recipient.MERCHANT and found.ticket.merchant is None:
        raise errors.WrongState("The ticket has no merchant.")
    command = RecordExport(
        ticket=ticket,
        upto_version=found.ticket.version,
        head=Sha256(found.leaf_hash),
        recipient=recipient,
        purpose=purpose or USUAL_PURPOSE[recipient],
    )
    outcome = ledger.handle(Request(command=command, actor=actor))
    (export,) = ledger.stream(outcome.stream, outcome.version - 1, 1)
    return Begun(ticket, recipient, command.purpose, export, command.upto_version)


def covering(services: Services, begun: Begun) -> Signed | None:
    """Return a checkpoint that covers the export, None until there is one. Blocks.

    One that its quorum of witnesses has cosigned is waited for, but not for long.
    """
    log, lane, position = services.ledger.merkle_log, begun.export.lane, begun.export.position
    witnessed = log_reads.newest_witnessed(services, lane, from_size=position)
    if witnessed is not None:
        return witnessed
    first = log.covering(lane, position)
    if first is None or not services.settings.witness_quorum:
        return log.checkpoint(lane) if first is not None else None
    waited = moment_of(services.now()) - first.published_at
    return log.checkpoint(lane) if waited > WITNESS_WAIT else None


def not_covered(services: Services, begun: Begun) -> Problem:
    """Return the problem of an export that no checkpoint covers, with when one should. Blocks."""
    newest = services.ledger.merkle_log.checkpoint(begun.export.lane)
    published = newest.size if newest else 0
    return log_reads.not_yet(services, published=published, wanted=begun.export.position)


def write(services: Services, begun: Begun, signed: Signed, out: IO[bytes]) -> None:
    """Write the bundle of an export that a checkpoint covers to a file that can seek. Blocks."""
    bundle.write(_Gathering(services, begun, signed).bundle(), out)


class _Gathering:
    """Everything of one bundle, as its recipient may see it."""

    def __init__(self, services: Services, begun: Begun, signed: Signed) -> None:
        self._services = services
        self._begun = begun
        self._signed = signed
        self._ticket = services.ledger.ticket(begun.ticket)
        self._viewer = _viewer(begun.recipient, self._ticket)
        self._side = side_of(self._viewer)
        self._records = [
            record
            for record in ticket_records(services, begun.ticket)
            if record.version <= begun.upto_version
        ]
        self._withheld = withheld_places(services, self._viewer, begun.ticket)
        self._seen = set(self._items())
        self._tree: TileHashes = services.ledger.merkle_log.hashes(signed.lane, signed.size)

    def bundle(self) -> Bundle:
        """Return the bundle."""
        services, begun, lane = self._services, self._begun, self._signed.lane
        states = self._states([ticket_stream(begun.ticket), begun.export.stream])
        note = log_reads.noted(services, self._signed)
        keys = log_reads.keys_in_use(services, lane, KeyPurpose.LOG)
        signers = {(one.name, one.key_id) for one in note.signatures}
        key = next((one for one in keys if (one.name, one.id) in signers), None)
        if key is None:
            raise log_reads.not_yet(services, published=0, wanted=begun.export.position)
        custody = {name: self._custody(name) for name in self._items()}
        known = {name: one for name, one in custody.items() if one["steps"]}
        stamped = self._stamps()
        roots = services.settings.stamp_roots
        return Bundle(
            ticket=begun.ticket,
            origin=services.ledger.origins[lane],
            recipient=begun.recipient,
            purpose=begun.purpose,
            exported_at=begun.export.at,
            entries=tuple(
                self._entry(record, states, shown=self._is_told(record)) for record in self._records
            ),
            export=self._entry(begun.export, states, shown=True),
            note=note,
            key=key,
            trust_policy=str(log_reads.policy(services, lane)),
            disclosures=tuple(self._disclosures()),
            attachments=tuple(self._attachments(known)),
            custody=tuple(known.values()),
            stamps=tuple(stamped.values()),
            tsa_chain=roots.read_bytes() if roots is not None else None,
            anchors=tuple(self._anchors([*stamped, self._signed.size])),
            books=self._books(),
        )

    def _states(self, streams: Sequence[str]) -> dict[int, bytes]:
        """Return the exact bytes of streams' records by position."""
        rows = self._services.ledger.record.read_streams(self._signed.lane, list(streams))
        return {row.position: row.state for row in rows}

    def _entry(self, record: Record, states: Mapping[int, bytes], *, shown: bool) -> Entry:
        return Entry(
            version=record.version,
            position=record.position,
            leaf=bytes.fromhex(record.leaf_hash),
            state=states[record.position] if shown else None,
            hashes=inclusion_proof(record.position - 1, self._signed.size, self._tree),
        )

    # --- what the recipient may see -----------------------------------------------------------

    def _disclosures(self) -> list[Disclosure]:
        """Return the personal values the recipient may read and nobody has erased."""
        told = [record for record in self._records if self._is_told(record)]
        by_version = {record.version: record for record in told}
        return [
            Disclosure(version, f"/data/{field}", one.disclosure.decode(), one.value)
            for (_, version, field), one in self._services.ledger.open_disclosures(told).items()
            if one is not None
            and (version, field) not in self._withheld
            and self._may_read(by_version[version], field)
        ]

    def _is_told(self, record: Record) -> bool:
        """Return whether a record is shown: what a side may know of, and what proves a file."""
        if told_to(record, self._side):
            return True
        is_personal = getattr(record.event, DESCRIPTOR, None) is not None
        return is_personal and getattr(record.event, "item", None) in self._seen

    def _may_read(self, record: Record, field: str) -> bool:
        """Return whether a text is shown: to a side what was said to it, and what is its own.

        What a personal file is, is shown with the file.
        """
        if field == DESCRIPTOR:
            return getattr(record.event, "item", None) in self._seen
        if self._side is None or record.actor == self._viewer:
            return True
        told = fields_told(record, self._records, self._side)
        return any(field == name for _, name in told)

    def _items(self) -> list[str]:
        """Return the evidence the recipient was shown; who judges sees what is on record."""
        return [
            name
            for name, one in self._ticket.evidence.items()
            if sees_item(self._ticket, name, self._side)
            and (self._side is not None or one.state is EvidenceState.ON_RECORD)
        ]

    def _attachments(self, items: Iterable[str]) -> list[Kept]:
        """Return the contents of items in clear, each once."""
        found: dict[Sha256, Kept] = {}
        for name in items:
            one = self._ticket.evidence[name]
            if one.erased:
                continue
            digest, media_type, personal = one.attachment.sha256, one.attachment.media_type, None
            if one.personal:
                personal = personal_content(self._services, self._begun.ticket, name)
                if personal is None or (personal.version, DESCRIPTOR) in self._withheld:
                    continue
                digest, media_type = personal.descriptor.sha256, personal.descriptor.type
            opening = partial(
                open_checked, self._services, self._begun.ticket, one.attachment.sha256, personal
            )
            found.setdefault(digest, Kept(digest, _extension(media_type), opening))
        return list(found.values())

    def _custody(self, item: str) -> dict[str, Any]:
        """Return what happened to an item up to where the bundle goes; later steps are for later.

        One that came later has no steps here, and is left out.
        """
        answer = custody_answer(self._services, self._viewer, self._begun.ticket, item)
        told: dict[str, Any] = msgspec.to_builtins(answer)
        del told["position"]
        own, upto = ticket_stream(self._begun.ticket), self._begun.upto_version
        steps = [step for step in told["steps"] if step["stream"] != own or step["version"] <= upto]
        if all(step["stream"] != own for step in steps):
            steps = []
        is_withheld = any(
            (record.version, DESCRIPTOR) in self._withheld
            for record in self._records
            if getattr(record.event, "item", None) == item
        )
        erased = self._ticket.evidence[item].erased
        return {**told, "steps": steps, "erased": erased, "withheld": is_withheld}

    # --- what others say ----------------------------------------------------------------------

    def _stamps(self) -> dict[int, Stamped]:
        """Return by size the first stamp that covers each event, and how the log went on since."""
        log, lane = self._services.ledger.merkle_log, self._signed.lane
        first = self._records[0].position
        sizes = [
            stamp.size
            for stamp in self._services.stamps.stamps(lane)
            if first <= stamp.size <= self._signed.size
        ]
        found: dict[int, Stamped] = {}
        for record in (*self._records, self._begun.export):
            size = next((size for size in sizes if size >= record.position), None)
            if size is None or size in found or len(found) == STAMPS_MAX:
                continue
            signed = log.checkpoint_at(lane, size)
            answer = next(
                (one.content for one in log.anchors(lane, size) if one.kind == AnchorKind.STAMP),
                None,
            )
            if signed is not None and answer is not None:
                hashes = consistency_proof(size, self._signed.size, self._tree)
                found[size] = Stamped(answer, log_reads.noted(self._services, signed), hashes)
        return found

    def _anchors(self, sizes: Sequence[int]) -> list[dict[str, Any]]:
        log, lane = self._services.ledger.merkle_log, self._signed.lane
        return [
            {
                "origin": self._services.ledger.origins[lane],
                "size": one.size,
                "kind": one.kind,
                "name": one.name,
                "obtained_at": one.obtained_at.isoformat(),
                "content": base64text.encode(one.content),
            }
            for size in dict.fromkeys(sizes)
            for one in log.anchors(lane, size)
        ]

    def _books(self) -> dict[str, bytes]:
        """Return the books of rules the ticket's facts name, by digest."""
        ledger = self._services.ledger
        named = {getattr(record.event, "policy", None) for record in self._records}
        named.add(self._ticket.policy)
        adopted = [
            (record.lane, record.event.digest)
            for record in ledger.stream("policy:book")
            if isinstance(record.event, PolicyAdopted) and record.event.version in named
        ]
        contents = {
            digest: ledger.record.book(lane, bytes.fromhex(digest)) for lane, digest in adopted
        }
        return {digest: content for digest, content in contents.items() if content is not None}


def _viewer(recipient: Recipient, ticket: Ticket) -> Actor:
    """Return the recipient as somebody who reads: whoever makes the bundle, it shows their view."""
    match recipient:
        case Recipient.BUYER:
            return Actor(ActorKind.BUYER, ticket.buyer)
        case Recipient.MERCHANT:
            assert ticket.merchant is not None, "it was asked for when the export was recorded"
            return Actor(ActorKind.MERCHANT, ticket.merchant)
        case Recipient.ARBITRATOR | Recipient.COURT:
            return Actor(ActorKind.ARBITRATOR, recipient.value)


def _extension(media_type: str) -> str:
    return _EXTENSIONS.get(media_type) or media_type.rpartition("/")[2].rpartition("-")[2]
