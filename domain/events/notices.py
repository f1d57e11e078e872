"""Facts about notices: how each ended; what is being tried is not on record.

They lie on a stream of their own beside the ticket's, or the queue's, so that its own facts stay
readable.
"""

from typing import ClassVar

from domain.events.base import NoticeEvent
from domain.values import Instant, NoticeFailure


class NoticeSent(NoticeEvent, frozen=True):
    """A channel took a notice; that is all the platform knows of its arrival."""

    TOPIC: ClassVar[str] = "notice.sent.v1"

    notice: str
    """Its id, the same at every try; the channel was given it too."""
    rule: str
    """The book's row."""
    to: str
    """buyer, merchant, desk:<name> or department:<name>; never an address."""
    channel: str
    """By which it went; `file` where none is set up for the one the book names."""
    port: str
    """What carried it: file, apprise …"""
    tries: int
    due_at: Instant
    policy: str


class NoticeFailed(NoticeEvent, frozen=True):
    """No channel took a notice, or it was moot; after a try it may have arrived all the same."""

    TOPIC: ClassVar[str] = "notice.failed.v1"

    notice: str
    rule: str
    to: str
    channel: str
    why: NoticeFailure
    tries: int
    due_at: Instant
    policy: str
