"""Facts about evidence: asked for, staged, sealed, late, shown; contents lie in the vault."""

from typing import ClassVar

from domain.events.base import AccessEvent, TicketEvent
from domain.values import (
    Attachment,
    AuthorText,
    BuyerText,
    EvidenceKind,
    ExportPurpose,
    Instant,
    Party,
    Recipient,
    Sha256,
)


class EvidenceGathered(TicketEvent, frozen=True):
    """The platform put something on the record by itself; both sides see it unless it says not."""

    TOPIC: ClassVar[str] = "evidence.gathered.v1"

    item: str
    kind: EvidenceKind
    attachment: Attachment
    obtained: str
    """How it was come by: snapshot_at_opening, posted_by_inspector, posted_by_carrier ..."""
    shown_to: tuple[Party, ...]
    descriptor: BuyerText | None = None
    """Of a personal file, {name, sha256, size, type} in clear; the attachment is then the encrypted
    object as it lies in the vault."""
    content_key: BuyerText | None = None
    """What opens the encrypted object; shown to nobody."""


class EvidenceRequested(TicketEvent, frozen=True):
    """A party was asked for evidence by a deadline."""

    TOPIC: ClassVar[str] = "evidence.requested.v1"

    party: Party
    kinds: tuple[EvidenceKind, ...]
    due_at: Instant
    policy: str


class EvidenceStaged(TicketEvent, frozen=True):
    """A party laid an item ready; the other side does not see it before it is sealed."""

    TOPIC: ClassVar[str] = "evidence.staged.v1"

    item: str
    party: Party
    kind: EvidenceKind
    attachment: Attachment
    obtained: str
    confidential: bool
    """Asked to be kept from the other side; nothing is decided on it until it is disclosed."""
    caption: AuthorText | None = None
    descriptor: AuthorText | None = None
    content_key: AuthorText | None = None


class EvidenceReplaced(TicketEvent, frozen=True):
    """A staged item gave way to a better one; both stay on record."""

    TOPIC: ClassVar[str] = "evidence.replaced.v1"

    item: str
    """The new item."""
    replaces: str
    party: Party
    kind: EvidenceKind
    attachment: Attachment
    obtained: str
    confidential: bool
    caption: AuthorText | None = None
    descriptor: AuthorText | None = None
    content_key: AuthorText | None = None


class EvidenceWithdrawn(TicketEvent, frozen=True):
    """A party took a staged item back; that it was there stays on record."""

    TOPIC: ClassVar[str] = "evidence.withdrawn.v1"

    item: str
    party: Party


class EvidenceSealed(TicketEvent, frozen=True):
    """A party's set is final, and the other side is shown what is not confidential."""

    TOPIC: ClassVar[str] = "evidence.sealed.v1"

    party: Party
    items: tuple[str, ...]
    set_digest: Sha256
    """SHA-256 over the sorted lines "<item> <sha256>\\n" of the set."""
    shown: tuple[str, ...]
    """The items the other side sees from now on."""


class EvidenceSupplemented(TicketEvent, frozen=True):
    """A party added an item after its set was sealed, or after its deadline."""

    TOPIC: ClassVar[str] = "evidence.supplemented.v1"

    item: str
    party: Party
    kind: EvidenceKind
    attachment: Attachment
    obtained: str
    late: bool
    confidential: bool
    caption: AuthorText | None = None
    descriptor: AuthorText | None = None
    content_key: AuthorText | None = None


class EvidenceDisclosed(TicketEvent, frozen=True):
    """An item was shown to a side that had not seen it."""

    TOPIC: ClassVar[str] = "evidence.disclosed.v1"

    item: str
    to: Party


class EvidenceContested(TicketEvent, frozen=True):
    """A side disputes an item."""

    TOPIC: ClassVar[str] = "evidence.contested.v1"

    item: str
    by: Party
    why: AuthorText


class EvidenceViewed(AccessEvent, frozen=True):
    """Somebody looked at a ticket's evidence or personal data (once per person and 15 minutes)."""

    TOPIC: ClassVar[str] = "access.viewed.v1"

    what: str
    """case_file, personal, evidence:<item>."""
    until: Instant
    """Further looks by the same person until then are part of this one."""


class ContentDamaged(AccessEvent, frozen=True):
    """An alarm: a content was asked for and is not what was kept; nothing was handed out."""

    TOPIC: ClassVar[str] = "access.content_damaged.v1"

    sha256: Sha256
    """What was kept."""
    found: Sha256
    """What lies there now."""


class EvidenceExported(AccessEvent, frozen=True):
    """A bundle of a ticket's evidence was made, for somebody and to some purpose.

    It says how far the ticket had come, so no bundle can leave out the end unnoticed.
    """

    TOPIC: ClassVar[str] = "evidence.exported.v1"

    upto_version: int
    head: Sha256
    """The leaf hash of that version."""
    recipient: Recipient
    purpose: ExportPurpose
