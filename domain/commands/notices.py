"""Putting on record how a notice ended."""

from domain.commands.base import Command
from domain.values import Instant, NoticeFailure


class RecordNotice(Command, frozen=True, kw_only=True):
    """Put on record that a notice was taken by a channel, or will not be sent any more."""

    about: str
    """The stream of the fact that it tells."""
    notice: str
    rule: str
    to: str
    channel: str
    tries: int
    due_at: Instant
    policy: str
    port: str | None = None
    """What carried it; None when nothing did."""
    failure: NoticeFailure | None = None
