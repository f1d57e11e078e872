"""The record of adopted books and pilots, for whoever works out which book a ticket is under."""

from api.wiring import Services
from domain.record import Record
from domain.streams import stream_lane
from domain.ticket.adoption import BOOKS_STREAM
from domain.ticket.pilots import PILOTS_STREAM
from replay.as_of import streams_of


def policy_records(services: Services) -> list[Record]:
    """Return the records of adopted books, and behind them those of pilots. Blocks."""
    ledger = services.ledger
    read = streams_of(ledger)
    return [
        record
        for stream in (BOOKS_STREAM, PILOTS_STREAM)
        for record in read(stream_lane(stream, ledger.lanes), [stream])
    ]
