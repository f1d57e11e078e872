"""Putting looks at evidence and personal data on record, and what was found wrong at one."""

from domain.commands.base import Command
from domain.values import ExportPurpose, Recipient, Sha256


class RecordLook(Command, frozen=True, kw_only=True):
    """Put on record that the caller looks at a ticket's evidence or personal data."""

    ticket: str
    what: str


class RecordDamage(Command, frozen=True, kw_only=True):
    """Put on record that a content of a ticket has changed since it was kept."""

    ticket: str
    sha256: Sha256
    found: Sha256


class RecordExport(Command, frozen=True, kw_only=True):
    """Put on record that a bundle of a ticket's evidence is made, and how far it goes."""

    ticket: str
    upto_version: int
    head: Sha256
    recipient: Recipient
    purpose: ExportPurpose
