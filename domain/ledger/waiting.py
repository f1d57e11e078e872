"""A request on its way through a lane, from the queue to its answer; no step of the way is here."""

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass, field

from domain import errors
from domain.ledger.folding import Head
from domain.ledger.judging import Facts
from domain.ledger.requests import Outcome, Request
from domain.ledger.stamping import Stamped
from domain.ticket.state import Ticket


@dataclass(slots=True, eq=False)
class Waiting:
    """A request that waits for its answer."""

    request: Request
    command: str
    """The command's id: derived from actor and key, or drawn."""
    hmac: bytes
    ticket: str
    """The id drawn for an opening."""
    future: "Future[Outcome] | asyncio.Future[Outcome]"
    loop: asyncio.AbstractEventLoop | None = None
    """Where the future is settled; None for one that a thread waits for."""
    tries: int = 0
    wanted: str | None = None
    """A name this command wanted and another stream holds."""
    holder: str | None = None
    """The stream that holds it."""
    streams: frozenset[str] = frozenset()
    """What of its streams, and its key, was known when the writer took it up."""

    def settle(self, answer: Outcome | BaseException) -> None:
        """Give the answer to whoever still waits for it."""
        given_up = (
            not self.future.set_running_or_notify_cancel()
            if isinstance(self.future, Future)
            else self.future.done()
        )
        if given_up:
            return
        if isinstance(answer, BaseException):
            self.future.set_exception(answer)
        else:
            self.future.set_result(answer)


@dataclass(slots=True)
class Judged:
    """A request with the heads it was judged on and what came of it."""

    waiting: Waiting
    main: Head
    heads: dict[str, Head]
    facts: Facts = field(default_factory=list)
    ticket: Ticket | None = None
    """What the facts make of the ticket, where judging them has folded it."""
    refusal: errors.Refusal | None = None
    stamped: Stamped | None = None


@dataclass(slots=True)
class Answers:
    """What a batch brought: answers, and commands that must be judged again."""

    settled: list[tuple[Waiting, Outcome | BaseException]] = field(default_factory=list)
    again: list[Waiting] = field(default_factory=list)

    def add(self, waiting: Waiting, answer: Outcome | BaseException) -> None:
        """Answer a request."""
        self.settled.append((waiting, answer))

    def extend(self, others: "Answers") -> None:
        """Take in what another step brought."""
        self.settled += others.settled
        self.again += others.again
