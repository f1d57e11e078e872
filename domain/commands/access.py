"""Putting looks at evidence and personal data on record."""

from domain.commands.base import Command


class RecordLook(Command, frozen=True, kw_only=True):
    """Put on record that the caller looks at a ticket's evidence or personal data."""

    ticket: str
    what: str
