"""What goes into the ledger and what comes out: a request with its command, and its outcome."""

import hashlib
import hmac

import msgspec
from msgspec.structs import replace

from domain import errors
from domain.commands import Command
from domain.proof.canonical import holds_null
from domain.record import Source
from domain.ticket.state import Order, Ticket
from domain.values import Actor


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A command, with who asks and how."""

    command: Command
    actor: Actor
    key: str | None = None
    """The idempotency key, scoped by actor; a process brings its own."""
    expected_version: int | None = None
    """The version of the ticket the caller saw (If-Match)."""
    correlation: str | None = None
    by: str | None = None
    """The id of the event a process reacts to."""
    source: Source | None = None


class Written(msgspec.Struct, frozen=True):
    """One event that is on record."""

    stream: str
    version: int
    topic: str
    position: str
    """As the world outside writes it: "<lane>-<position>"."""
    leaf_hash: str
    """64 hexadecimal digits."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of a request that was not refused."""

    stream: str
    """The command's main stream."""
    version: int
    """The main stream's version afterwards."""
    position: str
    """Of the command's last event; of the main stream's when there was nothing to record."""
    leaf_hash: str
    """Of the main stream's last event."""
    events: tuple[Written, ...]
    """Empty for a harmless repetition."""
    replayed: bool
    """Whether this is the stored answer of an earlier request with the same key."""


class Case(msgspec.Struct, frozen=True):
    """A ticket with its order, as the next judgement would find them."""

    ticket: Ticket
    order: Order | None
    leaf_hash: str


def command_id(actor: Actor, key: str) -> str:
    """Return the id of the command that an actor's idempotency key stands for."""
    scoped = f"{actor.kind}\x1f{actor.ref}\x1f{key}"
    return hashlib.sha256(scoped.encode()).hexdigest()[:32]


class BodyHmac:
    """The keyed digest (HMAC-SHA-256) by which a repeated command is told from another one.

    Keyed, because the body may hold personal data and a plain digest could be guessed at.
    """

    def __init__(self, secret: bytes) -> None:
        """Digest under a secret of the installation."""
        # A copy of a prepared state keeps the interpreter lock, which hmac.digest would let go.
        self._prepared = hmac.new(secret, digestmod="sha256")

    def of(self, command: Command) -> bytes:
        """Return the digest of what the caller says in a command.

        Refuses U+0000, so that it can not fail the commands which share a batch with it.
        """
        if command.GROUNDS:
            command = replace(command, **dict.fromkeys(command.GROUNDS))
        encoded = msgspec.json.encode(command)
        if holds_null(encoded):
            raise errors.Unreasonable("No text holds U+0000.")
        digest = self._prepared.copy()
        digest.update(type(command).__name__.encode() + b"\x00" + encoded)
        return digest.digest()
