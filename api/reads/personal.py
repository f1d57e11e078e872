"""Opening personal values for a reader: the look goes on record first, then the values are read."""

from collections.abc import Sequence
from typing import Final

from api.wiring import Services
from domain.record import Record
from domain.streams import ticket_stream
from domain.values import Actor

_PAGE: Final = 1_000
RECORDS_MAX: Final = 20_000
"""No ticket has more records than this opened at once."""

Texts = dict[tuple[int, str], str | None]
"""(version, field) → the clear text, None when it was erased."""


def ticket_records(services: Services, ticket: str) -> list[Record]:
    """Return a ticket's records from the first one on. Blocks."""
    stream = ticket_stream(ticket)
    records: list[Record] = []
    while len(records) < RECORDS_MAX:
        page = services.ledger.stream(stream, len(records), _PAGE)
        records += page
        if len(page) < _PAGE:
            break
    return records


def opened(
    services: Services, actor: Actor, ticket: str, records: Sequence[Record], *, what: str
) -> Texts:
    """Return the personal values of records of a ticket, after the look is on record. Blocks."""
    services.ledger.look(actor, ticket, what)
    values = services.ledger.open_values(records)
    return {(version, field): text for (_, version, field), text in values.items()}
