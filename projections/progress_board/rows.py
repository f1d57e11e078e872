"""The board of a ticket as it is stored, and how it is written; what moves it is elsewhere."""

from enum import StrEnum
from typing import ClassVar, Final

import msgspec
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.values import Awaiting, EvidenceKind, Instant, Money, Party, RemedyKind, Stage
from projections.documents import Documents
from projections.projection import Row, TicketPage, TicketView

BOARDS: Final = Documents("view.progress_board")
TABLES: Final = {BOARDS.table: (BOARDS.create,)}


class NodeKey(StrEnum):
    """The steps of a ticket, in the order it passes them; the service track skips the middle."""

    ACCEPTED = "accepted"
    UNDER_REVIEW = "under_review"
    NEGOTIATING = "negotiating"
    WITH_PLATFORM = "with_platform"
    RULED = "ruled"
    REMEDY_UNDER_WAY = "remedy_under_way"
    COMPLETED = "completed"


class Audience(StrEnum):
    """For whom the board is drawn."""

    BUYER = "buyer"
    MERCHANT = "merchant"
    STAFF = "staff"


class Reached(msgspec.Struct, omit_defaults=True, gc=False):
    """A step the ticket has come to."""

    at: Instant
    by: str
    """The actor in public words."""
    caused_by: list[str]
    staff: str | None = None
    """Which member of staff it was; for staff only."""


class Running(msgspec.Struct, omit_defaults=True, gc=False):
    """A deadline, or a promise of the book, that runs."""

    due_at: Instant
    awaits: Awaiting
    caused_by: str
    missed: bool = False
    paused: bool = False
    """Whether it rests: nothing is expected of it meanwhile."""


class Voucher(msgspec.Struct, omit_defaults=True, gc=False):
    """Something that shows a step was done: a tracking number, a refund receipt, a coupon."""

    kind: str
    reference: str
    at: Instant
    caused_by: str
    carrier: str | None = None


class RemedyStepTaken(msgspec.Struct, gc=False):
    """One step of a remedy."""

    step: str
    at: Instant
    by: str
    caused_by: str


class RemedyShown(msgspec.Struct, omit_defaults=True, gc=False):
    """One remedy and how far it has come."""

    remedy: str
    kind: RemedyKind
    source: str
    steps: list[RemedyStepTaken]
    amount: Money | None = None
    vouchers: list[Voucher] = []


class EvidenceShown(msgspec.Struct, omit_defaults=True, gc=False):
    """That an evidence item is there; its content is in the case file."""

    item: str
    kind: EvidenceKind
    party: Party
    state: str
    at: Instant
    caused_by: str
    shown_to: list[Party]
    confidential: bool = False


class Inside(msgspec.Struct, gc=False):
    """Something that only staff see: an assignment or a note."""

    what: str
    at: Instant
    by: str
    caused_by: str


class BoardRow(Row, gc=False):
    """The board of one ticket as it is stored, for every audience at once."""

    stage: Stage
    buyer: str
    merchant: str | None
    imported: bool
    opened_at: Instant
    policy: str
    """The book whose promises are made on the ticket."""
    round: int = 1
    outcome: str | None = None
    nodes: dict[str, Reached] = msgspec.field(default_factory=dict)
    deadlines: dict[str, Running] = msgspec.field(default_factory=dict)
    remedies: dict[str, RemedyShown] = msgspec.field(default_factory=dict)
    evidence: dict[str, EvidenceShown] = msgspec.field(default_factory=dict)
    inside: list[Inside] = msgspec.field(default_factory=list)


_DECODER: Final = msgspec.json.Decoder(BoardRow)


def decode_row(item: str) -> BoardRow:
    """Return the board that a stored text holds."""
    return _DECODER.decode(item)


class BoardPage(TicketPage[BoardRow]):
    """The boards one page of records touches."""

    select: ClassVar[str] = BOARDS.select
    keeps: ClassVar[bool] = True

    def decode(self, item: str) -> BoardRow:
        """Return the board that a stored text holds."""
        return decode_row(item)

    def write(self, db: Cursor) -> None:
        """Write the boards that were touched."""
        BOARDS.write(db, self.rows.values())

    def add(self, db: Cursor) -> None:
        """Write the boards of new tickets."""
        BOARDS.add(db, self.rows.values())


VIEW: Final[TicketView[BoardRow]] = TicketView(
    "progress_board", version=3, tables=TABLES, page=BoardPage
)
