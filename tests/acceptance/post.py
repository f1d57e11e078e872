"""A post office: it takes what the platform sends to people, and does not when it is told so."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from api.notifying.ports import Addressee, Message, NotDelivered, Port
from api.notifying.sender import Sender
from api.wiring import Services
from domain.events import NoticeFailed, NoticeSent
from domain.streams import notice_stream
from tests.acceptance.platform import Platform


class Fallen(BaseException):
    """The worker is gone at this very step: nothing after it happens."""


@dataclass
class Post:
    """Everything that was handed over, in order; each time it was."""

    name: str = "post"
    taken: list[Message] = field(default_factory=list)
    refuses: int = 0
    """How many more it does not take."""
    on_send: Callable[[Message], None] = lambda _message: None

    def send(self, message: Message) -> None:
        """Take a message, unless told not to."""
        self.on_send(message)
        if self.refuses:
            self.refuses -= 1
            raise NotDelivered("the post is closed")
        self.taken.append(message)

    def route(self, _to: str, _channel: str) -> Port:
        """Return this post for everybody."""
        return self

    def rules(self, ticket: str) -> list[str]:
        """Return to whom and by what a ticket's messages went, in order."""
        return [f"{one.to} {one.channel}" for one in self.taken if one.ticket == ticket]


class Directory:
    """Knows where everybody is reached."""

    def __init__(self, locale: str | None = None) -> None:
        """Know one language for all."""
        self._locale = locale

    def find(self, kind: str, reference: str, channel: str) -> Addressee | None:
        """Return a place that names whom and by what."""
        return Addressee(f"{kind}.{reference}@{channel}.test", self._locale)


def sender_of(parts: Services, post: Post, **how: Any) -> Sender:
    """Return a sender that hands everything to the post."""
    return Sender(parts, addresses=how.get("addresses", Directory()), route=post.route)


def sent(platform: Platform, sender: Sender) -> None:
    """Let what is due be fired and sent, until nothing is left to do."""
    platform.settle()
    while sender.step():
        pass


def ends(parts: Services, ticket: str) -> list[NoticeSent | NoticeFailed]:
    """Return how a ticket's notices ended, in order, as it is on record."""
    return [
        record.event
        for record in parts.ledger.stream(notice_stream(ticket))
        if isinstance(record.event, NoticeSent | NoticeFailed)
    ]
