"""Which contents of evidence are personal, whose they are, and the text the record commits to.

How such a content is encrypted, and where its key lies, is `domain.ledger`'s to know.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from domain import errors
from domain.commands import GatherEvidence, PersonalFile, ReplaceEvidence, StageEvidence
from domain.proof.canonical import canonical
from domain.ticket.context import Context
from domain.ticket.state import Evidence, Ticket
from domain.values import EvidenceKind, Instant, Party, Personal, Sha256

SEALED_TYPE: Final = "application/octet-stream"
"""What the record calls an encrypted content; what is in it only its descriptor says."""
DESCRIPTOR: Final = "descriptor"
CONTENT_KEY: Final = "content_key"
"""The fields of an event that commit to a personal file: what it is, and what opens it."""
PERSONAL_BY_NATURE: Final[Mapping[EvidenceKind, bool]] = {
    EvidenceKind.ORDER_SNAPSHOT: False,
    EvidenceKind.LOGISTICS_PROOF: False,
    EvidenceKind.CHAT_RECORD: True,
    EvidenceKind.INSPECTION_REPORT: False,
    EvidenceKind.REPAIR_RECORD: False,
    EvidenceKind.REPAIR_VIDEO: False,
    EvidenceKind.DELIVERY_SIGNATURE: True,
    EvidenceKind.IDENTITY_DOCUMENT: True,
    EvidenceKind.SENSOR_LOG: False,
    EvidenceKind.BATCH_REPORT: False,
    EvidenceKind.KEY_STEP_CERTIFICATE: False,
    EvidenceKind.PHOTO: False,
    EvidenceKind.VIDEO: False,
    EvidenceKind.STATEMENT: False,
}
"""Kinds that are personal whatever is in them; of the others the uploader says it."""
SIDES: Final = (Party.BUYER, Party.MERCHANT)
"""Those between whom a matter is decided."""
Bringing = StageEvidence | ReplaceEvidence | GatherEvidence


class Descriptor(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a personal file is in clear; the record holds a commitment to this text alone."""

    sha256: Sha256
    """Of the clear bytes."""
    size: int
    type: str
    name: str | None = None

    @property
    def text(self) -> str:
        """Return the one spelling of the descriptor, canonical JSON."""
        return canonical(self).decode()

    def __repr__(self) -> str:
        """Return a text that tells nothing of the file: it may reach a log."""
        return "Descriptor()"


def read_descriptor(text: str) -> Descriptor:
    """Return the descriptor of a text; raise ValueError for one that is none."""
    try:
        return _DECODER.decode(text)
    except msgspec.DecodeError as error:
        raise ValueError("it describes no file") from error


def require_fit_content(command: Bringing, context: Context) -> None:
    """Refuse a content whose upload is too old, or that should have come in as personal."""
    require_kept(command.kept_until, context)
    if PERSONAL_BY_NATURE[command.kind] and command.personal is None:
        raise errors.PersonalByNature


def require_kept(kept_until: Instant | None, context: Context) -> None:
    """Refuse to name a content so long after its upload that the vault may have let go of it."""
    if kept_until is not None and context.now >= kept_until:
        raise errors.WindowPassed("The upload is too old: upload the content again.")


def committed(command: Bringing, subject: str) -> dict[str, Personal]:
    """Return the fields that commit to a command's personal file; none for any other."""
    file = command.personal
    if file is None:
        return {}
    return {
        DESCRIPTOR: Personal(file.descriptor, subject=subject),
        CONTENT_KEY: Personal(file.key, subject=subject),
    }


def clear_size(command: Bringing) -> int:
    """Return how large the content is that a command brings, encrypted or not."""
    file: PersonalFile | None = command.personal
    return command.attachment.size if file is None else read_descriptor(file.descriptor).size


def side_of_file(item: Evidence) -> Party:
    """Return whom a content speaks of: who brought it, or the buyer where no side did.

    What the platform, a carrier or an inspection gathers of a person it gathers of the buyer:
    whose parcel it was, who signed, who wrote in the chat.
    """
    return Party.BUYER if item.personal and item.party not in SIDES else item.party


def gathered_subject(ticket: Ticket) -> str:
    """Return under whose key a gathered personal file is encrypted."""
    return f"buyer:{ticket.buyer}"


_DECODER: Final = msgspec.json.Decoder(Descriptor)
