"""The context of one judgement: all it may know beside the ticket; who gathers it is not here."""

from collections.abc import Callable

import msgspec

from domain.events import ArmDrawn
from domain.policies.book import Book
from domain.ticket.diagnosis import Diagnoser
from domain.ticket.pilots import Pilot
from domain.ticket.state import Agent, Order, Ticket
from domain.values import Actor, Attachment, Candidate, Instant


class Context(msgspec.Struct, frozen=True):
    """Everything a judgement may know beside the ticket itself."""

    now: Instant
    actor: Actor
    book: Book
    ticket: str
    """The id of the ticket that is judged; for an opening, the one drawn for it."""
    keep: Callable[[bytes, str], Attachment]
    """Hands content (and its media type) to the vault with this command; returns its place."""
    order: Order | None = None
    """The order of the ticket, judged at the version it is written on."""
    diagnose: Diagnoser | None = None
    """Judges a text of the buyer's; None under a book that knows no words."""
    books: Callable[[str], Book | None] = lambda _version: None
    """Finds an adopted book by its version."""
    pilots: tuple[Pilot, ...] = ()
    """Those in which a ticket may be opened now."""
    arm: ArmDrawn | None = None
    """What the ticket drew that is opened, where it is in a pilot; `book` is the arm's."""
    agents: Callable[[str], Agent | None] = lambda _ref: None
    """Finds what is on record of an agent: where they work, what they can do and have passed."""
    released: frozenset[str] | None = None
    """Who lets go of a matter that comes to another queue, where the record says so already; None
    where it is judged by what they can do and have passed."""
    candidate: Callable[[], Candidate | None] = lambda: None
    """Tells what views say of the actor as one who takes the ticket; None where none was asked."""
    imported: bool = False
    """Whether the command brings another system's history, which starts nothing."""
    holder: Ticket | None = None
    """The live ticket that already holds the name a correction would reserve."""
