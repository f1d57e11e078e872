"""The switch over the commands about holds and erasure: which judge decides; no rule lives here."""

from typing import assert_never

from domain.commands import ErasePersonalData, PlaceLegalHold, ReleaseLegalHold
from domain.events import Event
from domain.ticket import privacy
from domain.ticket.context import Context
from domain.ticket.state import Ticket

PrivacyCommand = PlaceLegalHold | ReleaseLegalHold | ErasePersonalData


def decide_privacy(command: PrivacyCommand, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Return the facts that follow on a ticket from one of these commands."""
    match command:
        case PlaceLegalHold():
            return privacy.place_legal_hold(command, ticket, context)
        case ReleaseLegalHold():
            return privacy.release_legal_hold(command, ticket, context)
        case ErasePersonalData():
            return privacy.erase_personal_data(command, ticket, context)
        case _:
            assert_never(command)
